"""The billing run with years of old invoices in the tables, beside the same run on empty ones.

A checkpoint comes just before each run, so that the first touch of each page is paid for, as in every monthly run.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse

_SHOWN = (
    "documents", "invoices", "seconds", "invoices_per_s", "cpu_us_per_invoice", "python_us_per_invoice",
    "server_us_per_invoice", "wal_bytes_per_invoice", "disk_bytes_per_invoice", "load_average", "pace_ms",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument(
        "--documents", type=int, default=10_000_000, metavar="N", help="old invoices (default 10000000); 0 for none"
    )
    parser.add_argument(
        "--subscriptions", type=int, default=50_000, metavar="N", help="due in each run (default 50000)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="worker processes (default 2)")
    parser.add_argument("--runs", type=int, default=2, metavar="R", help="months to bill, one after the other")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    if min(args.subscriptions // 20, args.workers, args.runs) < 1 or args.documents < 0:
        raise WrongUse("at least 20 subscriptions, one worker and one run")
    empty = _on_empty_tables(args) if args.documents else None
    result = _measure(args)
    if empty is not None:
        result |= {
            "empty_runs": empty["runs"],
            "ratio": round(_median(result, "invoices_per_s") / _median(empty, "invoices_per_s"), 4),
            "cpu_ratio": round(_median(result, "cpu_us_per_invoice") / _median(empty, "cpu_us_per_invoice"), 4),
            "wal_ratio": round(_median(result, "wal_bytes_per_invoice") / _median(empty, "wal_bytes_per_invoice"), 4),
        }
    print(json.dumps(result) if args.json else _readable(result))
    return 0


def _on_empty_tables(args: argparse.Namespace) -> dict[str, Any]:
    """The same in a process and an installation of its own."""
    say("first the same run on empty tables")
    same = ("subscriptions", "workers", "runs")
    command = [sys.executable, "-m", "perennia", "bench", "history", "--documents=0", "--json"]
    command += [f"--{name}={getattr(args, name)}" for name in same]
    command += [f"--folder={args.folder}"] if args.folder else []
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.history import LOADED, load_history
        from benchmarks.stand.population import due_at, end_leavers, make_population, make_shop
        from benchmarks.stand.runs import measure_run

        say(f"making {args.subscriptions:,} subscriptions")
        population = make_population(make_shop(), size=args.subscriptions, months=args.runs)
        meters = Meters(server)
        before, began = meters.read(), time.monotonic()
        if args.documents:
            say(f"loading {args.documents:,} old invoices")
            load_history(meters.connection, population.shop, documents=args.documents)
        loaded_in_s, loaded = time.monotonic() - began, meters.read().since(before)
        runs = []
        for month in range(args.runs):
            say(f"run {month + 1} of {args.runs}")
            end_leavers(population, month=month)
            run = measure_run(meters, tenant=population.tenant_text, due_at=due_at(month), workers=args.workers)
            runs.append(run.figures() | {"documents": args.documents})
        result = {
            "documents": args.documents,
            "subscriptions": args.subscriptions,
            "runs": runs,
            "load_seconds": round(loaded_in_s, 1),
            "loaded_bytes": sum(loaded.sizes.get(name, 0) for name in LOADED),
            "server": describe(server, meters.connection),
        }
        meters.close()
    return result


def _median(result: dict[str, Any], name: str) -> float:
    return float(statistics.median(run[name] for run in result["runs"]))


def _readable(result: dict[str, Any]) -> str:
    shown = table(_SHOWN, [*result.get("empty_runs", []), *result["runs"]])
    if "ratio" not in result:
        return shown
    return (
        f"{shown}\nmedians, with history against empty: rate {result['ratio']:.2f}, processor time "
        f"{result['cpu_ratio']:.2f}, log {result['wal_ratio']:.2f}; loaded in {result['load_seconds']} s, "
        f"{result['loaded_bytes'] / 1e9:.1f} GB"
    )
