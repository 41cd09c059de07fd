"""One payer with many subscriptions due at once: one document, its seconds and the worker's memory."""

import argparse
import json
import time

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument(
        "--subscriptions", type=int, default=10_000, metavar="N", help="of the one payer (default 10000)"
    )


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    if args.subscriptions < 1:
        raise WrongUse("at least one subscription")
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.population import due_at, make_large_payer, make_shop
        from benchmarks.stand.runs import measure_run

        say(f"making one payer with {args.subscriptions:,} subscriptions")
        began = time.monotonic()
        shop = make_shop()
        make_large_payer(shop, subscriptions_count=args.subscriptions)
        made_in_s = time.monotonic() - began
        meters = Meters(server)
        run = measure_run(meters, tenant=shop.tenant.text("ten"), due_at=due_at(0), workers=1)
        if run.invoices != 1:
            raise RuntimeError(f"one payer, {run.invoices} invoices")
        result = {
            "subscriptions": args.subscriptions,
            "lines": run.cost.inserted["lines"],
            "seconds": round(run.seconds, 3),
            "peak_rss_mb": round(run.peak_rss_mb, 1),
            "python_seconds": round(run.python_s, 3),
            "server_seconds": round(run.cost.cpu_s, 3),
            "wal_bytes": run.cost.wal_bytes,
            "setup_seconds": round(made_in_s, 1),
            "load_average": round(run.load, 2),
            "server": describe(server, meters.connection),
        }
        meters.close()
    print(json.dumps(result) if args.json else table([name for name in result if name != "server"], [result]))
    return 0
