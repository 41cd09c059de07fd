"""The billing run, beside the limit of the same rows by COPY and the control of one transaction an invoice.

All subscriptions fall due on one day; each run bills the next month. Prints rates, processor time, disk, log, memory.
"""

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse

FEWEST = 20
_SHOWN = (
    "workers", "invoices", "seconds", "invoices_per_s", "copy_limit_per_s", "ratio", "control_per_s",
    "statements_per_1000", "peak_rss_mb", "rate_last_tenth_over_first", "cpu_us_per_invoice", "python_us_per_invoice",
    "server_us_per_invoice", "disk_bytes_per_invoice", "wal_bytes_per_invoice", "chunk_seconds_median",
    "chunk_seconds_max", "repeat_seconds", "empty_claim_ms", "load_average", "pace_ms",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument(
        "--subscriptions", type=int, default=50_000, metavar="N", help="due in each run (default 50000)"
    )
    parser.add_argument("--workers", default="1,2", metavar="1,2", help="worker processes of each run in turn")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="do all runs so many times, in turn")
    parser.add_argument("--mixed", action="store_true", help="three price models and discounts among the subscriptions")
    parser.add_argument("--statements", action="store_true", help="also list what each statement took, on stderr")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    crews = [int(word) for word in args.workers.split(",") if word.isdecimal() and int(word)] * args.repeat
    if not crews or args.subscriptions < FEWEST:
        raise WrongUse(f"at least one worker, one repetition and {FEWEST} subscriptions")
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.population import due_at, end_leavers, make_population, make_shop

        say(f"making {args.subscriptions:,} subscriptions")
        began = time.monotonic()
        population = make_population(make_shop(mixed=args.mixed), size=args.subscriptions, months=len(crews))
        made_in_s = time.monotonic() - began
        meters = Meters(server)
        runs = []
        for month, workers in enumerate(crews):
            say(f"run {month + 1} of {len(crews)}, {workers} worker{'s' * (workers > 1)}")
            end_leavers(population, month=month)
            runs.append(_measure(meters, server.dsn("superuser"), population.tenant_text, due_at(month), workers, args))
        result = {
            "subscriptions": args.subscriptions,
            "mixed": args.mixed,
            "runs": runs,
            "server": describe(server, meters.connection),
            "setup_seconds": round(made_in_s, 1),
        }
        meters.close()
    print(json.dumps(result) if args.json else _readable(result))
    return 0


def _measure(
    meters: Meters, dsn: str, tenant: str, due_at: Any, workers: int, args: argparse.Namespace
) -> dict[str, Any]:
    from benchmarks.stand.limits import measure_limits
    from benchmarks.stand.runs import measure_run

    run = measure_run(meters, tenant=tenant, due_at=due_at, workers=workers)
    if run.invoices != args.subscriptions:
        raise RuntimeError(f"{args.subscriptions} were due, {run.invoices} invoiced")
    if args.statements:
        for statement in run.statements:
            us = statement.total_ms * 1000 / run.invoices
            print(f"{us:8.1f} us {statement.calls:6} x  {' '.join(statement.text.split())[:150]}", file=sys.stderr)
    return run.figures() | measure_limits(meters, run, dsn=dsn)


def _readable(result: dict[str, Any]) -> str:
    server = result["server"]
    return "\n".join(
        [
            f"{result['subscriptions']:,} subscriptions, PostgreSQL {server['version']}, {server['cores']} cores, "
            + ", ".join(f"{name} {server[name]}" for name in ("fsync", "synchronous_commit", "shared_buffers")),
            table(_SHOWN, result["runs"]),
        ]
    )
