"""What ./check runs, which is what CI runs: each step under its own header, pytest's closing line last."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
LINT_IMPORTS = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
SERVER_TESTS = ["tests/store", "tests/operations", "tests/analytics", "tests/faults/test_run.py"]
"""What asks the database much. The embedded server runs all tests; the machine's own, often older, the quick of these."""

NO_TESTS = 5  # pytest's answer when -k leaves nothing, which is no fault in one of two runs


def main() -> int:
    """Run every step, also after one has failed; 0 when all passed."""
    parser = argparse.ArgumentParser(prog="./check", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave out the tests marked slow")
    options, rest = parser.parse_known_args()
    results = {
        "ruff check": _step("ruff check", *PYTHON, "ruff", "check", "--output-format=concise", "."),
        "ruff format": _step("ruff format", *PYTHON, "ruff", "format", "--check", "--output-format=concise", "."),
        "mypy": _step("mypy", *PYTHON, "mypy"),
        "lint-imports": _step("lint-imports", *LINT_IMPORTS, "--no-logo"),
    }
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pytest, quick = [*PYTHON, "pytest", "-n", str(cores)], ["-m", "not slow"]
    asking = [place for place in SERVER_TESTS if (ROOT / place).exists()]
    if asking and any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        title = "pytest, on the machine's own PostgreSQL"
        results[title] = _step(title, *pytest, *quick, *rest, *asking, server="system")
    failed = [name for name, passed in results.items() if not passed]
    title = "pytest" + (f" (failed before: {'; '.join(failed)})" if failed else "")
    passed = _step(title, *pytest, *(quick if options.fast else []), *rest)
    return 0 if passed and not failed else 1


def _step(title: str, *command: str, server: str = "") -> bool:
    print(f"\n== {title} ==", flush=True)
    environment = {**os.environ, **({"PERENNIA_TEST_SERVER": server} if server else {})}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return code == 0 or (code == NO_TESTS and bool(server))


if __name__ == "__main__":
    sys.exit(main())
