"""Six years of a telephone company: its 7,043 subscribers imported, billed month by month, collected and reported."""

import argparse
import calendar
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from convert import STOP, convert

from perennia.config import clock, wiring

BEGIN = datetime(2013, 12, 31, tzinfo=UTC)
END = datetime(STOP.year, STOP.month, STOP.day, tzinfo=UTC)
_PROCESSES = Path("/proc")


def main() -> int:
    """Print what came out; 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__)
    parser.add_argument("csv", type=Path, metavar="CSV", help="Telco-Customer-Churn.csv")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-collect", action="store_true", help="bill, but charge nobody")
    args = parser.parse_args()
    if not args.csv.is_file():
        parser.error(f"{args.csv}: there is no such file")
    with wiring.database(), tempfile.TemporaryDirectory() as folder:
        found = replay(args.csv, Path(folder), collect=not args.no_collect)
    print(json.dumps(found, indent=1) if args.json else _text(found))
    return 1 if found["verify_findings"] else 0


def replay(source: Path, folder: Path, *, collect: bool) -> dict[str, Any]:
    """The whole run in a sandbox of its own; the figures are described in README.md."""
    from perennia.config.test_gateway import open_test_calls
    from perennia.operations import tenants

    slug = f"telco-{secrets.token_hex(4)}"
    tenant = tenants.open_business(
        slug=slug,
        name="Telco",
        country="DE",
        currency="EUR",
        zone="UTC",
        clock=BEGIN,
        now=clock.now(),
    )
    with open_test_calls() if collect else nullcontext() as calls:
        started = time.perf_counter()
        _import(source, folder, tenant=tenant)
        _say("imported", started)
        invoices = _advance(tenant, calls, started)
        found = _report(tenant, invoices)
        seconds = time.perf_counter() - started
        _say("reported", started)
        peak = _peak_rss_mb()
    found["verify_findings"] = _verify(slug)
    _say("verified", started)
    return {"tenant": slug, **found, "seconds": round(seconds, 1), "peak_rss_mb": peak}


def _import(source: Path, folder: Path, *, tenant: bytes) -> None:
    from perennia.operations.importing.files import Files, import_files

    files = convert(source, folder)
    done = import_files(
        tenant=tenant,
        files=Files(files.catalogue, files.customers, files.subscriptions),
        now=clock.now(),
        actor="replay",
        dry_run=False,
        refuse=lambda problem: print(problem, file=sys.stderr),
        progress=lambda step, rows: None,
    )
    if not done.written:
        sys.exit("the import was refused")


def _advance(tenant: bytes, calls: Any, started: float) -> dict[str, int]:
    """Move the clock to the last second of each month; invoices by month."""
    from perennia.jobs.advancing import advance

    invoices = {}
    for month in _months():
        done = advance(tenant=tenant, to=_last_second(month), calls=calls, machine_now=clock.now)
        invoices[f"{month:%Y-%m}"] = done.invoices
        _say(f"{month:%Y-%m} {done.invoices} invoices, {done.charges} charges", started)
    return invoices


def _report(tenant: bytes, invoices: dict[str, int]) -> dict[str, Any]:
    from perennia.analytics.revenue import revenue_report
    from perennia.analytics.volume import volume

    as_of = END - timedelta(seconds=1)
    by_month = {
        row.month: row
        for row in revenue_report(tenant=tenant, zone="UTC", currency="EUR", as_of=as_of)
        if row.month in invoices
    }
    counts = volume(tenant=tenant, through=END)
    months = [
        {
            "month": month,
            "invoices": invoices[month],
            "revenue_minor": by_month[month].revenue_minor,
            "active": by_month[month].active,
            "mrr_minor": by_month[month].mrr_minor,
        }
        for month in invoices
    ]
    return {
        "invoices": counts.invoices,
        "lines": counts.lines,
        "revenue_minor": sum(row.revenue_minor for row in by_month.values()),
        "months": months,
        "ends_due": counts.ends_due,
        "starts_due": counts.starts_due,
        "collected_minor": sum(row.collected_minor for row in by_month.values()),
        "open_minor": by_month[f"{as_of:%Y-%m}"].receivable_minor,
    }


def _verify(slug: str) -> int:
    """How much `perennia verify` finds wrong."""
    from perennia.analytics.verification import verify
    from perennia.operations import tenants

    findings = verify(tenant=tenants.find(slug), now=END - timedelta(seconds=1))
    for finding in findings:
        if finding.failed:
            print(f"{finding.name}: {finding.failed} wrong, {finding.examples}", file=sys.stderr)
    return sum(finding.failed for finding in findings)


def _months() -> Iterator[datetime]:
    month = datetime(2014, 1, 1, tzinfo=UTC)
    while month < END:
        yield month
        month = _last_second(month) + timedelta(seconds=1)


def _last_second(month: datetime) -> datetime:
    days = calendar.monthrange(month.year, month.month)[1]
    return month + timedelta(days=days) - timedelta(seconds=1)


def _peak_rss_mb() -> float:
    """The largest of this process and the Python processes it started, such as the test gateway; Linux only."""
    peaks = []
    parents: dict[int, int] = {}
    status = {}
    for folder in _PROCESSES.glob("[0-9]*"):
        try:
            lines = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        except OSError:  # it has just ended
            continue
        status[int(folder.name)] = lines
        parents[int(folder.name)] = int(lines["PPid"])
    for pid, lines in status.items():
        if "VmHWM" in lines and lines["Name"].startswith("python") and _descends(pid, parents):
            peaks.append(int(lines["VmHWM"].split()[0]))
    return round(max(peaks, default=0) / 1024, 1)


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


def _say(text: str, started: float) -> None:
    print(f"{time.perf_counter() - started:8.1f} s  {text}", file=sys.stderr)


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"{month['month']}  {month['invoices']:>6,} invoices  {month['revenue_minor'] / 100:>12,.2f} revenue  "
        f"{month['active']:>6,} active  {month['mrr_minor'] / 100:>12,.2f} MRR"
        for month in found["months"]
    ]
    lines += [f"{name}: {value:,}" for name, value in found.items() if isinstance(value, int | float)]
    return "\n".join([*lines, f"tenant: {found['tenant']}"])


if __name__ == "__main__":
    sys.exit(main())
