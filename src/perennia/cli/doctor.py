"""`perennia doctor`: look for faults in the installation and say what to do."""

import argparse
import json
from dataclasses import asdict

from perennia.config.doctor import examine
from perennia.config.examination import Check

_MARKS = {"ok": "ok", "warning": "WARN", "error": "ERROR"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """1 when something is wrong, 0 when nothing is, warnings apart."""
    checks = examine()
    if args.json:
        print(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
    else:
        print("\n".join(_lines(checks)))
    return 1 if any(check.state == "error" for check in checks) else 0


def _lines(checks: list[Check]) -> list[str]:
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.state]:<6} {check.name:<{width}}  {check.detail}")
        if check.remedy:
            lines.append(f"{'':<6} {'':<{width}}  -> {check.remedy}")
    return lines
