"""Another price for everyone on a plan, a year ahead, beside the bare reading of the same subscribers.

Anchors lie on all days of the month, quantities differ: as many different terms as a business of that size has.
"""

import argparse
import json
import os
import statistics
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from benchmarks.stand.crew import cpu_s, peak_rss_mb
from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--subscriptions", type=int, default=100_000, metavar="N", help="on the plan (default 100000)")
    parser.add_argument("--repeat", type=int, default=3, metavar="R", help="ask so many times (default 3)")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    if args.subscriptions < 1 or args.repeat < 1:
        raise WrongUse("at least one subscription, asked about once")
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.population import due_at, due_on, make_mixed, make_shop
        from perennia.operations.what_if import what_if

        say(f"making {args.subscriptions:,} subscriptions")
        shop = make_shop()
        make_mixed(shop, size=args.subscriptions)
        meters = Meters(server)
        now, took, read, used = due_at(0) + timedelta(hours=9), [], [], []
        for _ in range(args.repeat):
            began, before = time.monotonic(), cpu_s()
            answer = what_if(
                tenant=shop.tenant, plan="basic", amount=Decimal("89.95"), start_on=due_on(4).replace(day=17), now=now
            )
            took.append(time.monotonic() - began)
            used.append(cpu_s() - before)
            began = time.monotonic()
            _read(shop, now)
            read.append(time.monotonic() - began)
        if answer.subscriptions != args.subscriptions:
            raise RuntimeError(f"{args.subscriptions} are on the plan, {answer.subscriptions} were counted")
        result = {
            "subscriptions": args.subscriptions,
            "distinct_terms": answer.distinct,
            "seconds": round(statistics.median(took), 2),
            "seconds_max": round(max(took), 2),
            "python_seconds": round(statistics.median(used), 2),
            "control_seconds": round(statistics.median(read), 2),
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "load_average": round(os.getloadavg()[0], 2),
            "server": describe(server, meters.connection),
        }
        meters.close()
    print(json.dumps(result) if args.json else table([name for name in result if name != "server"], [result]))
    return 0


def _read(shop: Any, now: Any) -> None:
    """The control: read the facts of all the same payers, and do nothing with them."""
    from perennia.operations.what_if import CHUNK
    from perennia.store import session
    from perennia.store.reads import facts, payers, sellers

    with session.looking(shop.tenant) as cursor:
        tenant = sellers.tenant_by_id(cursor, tenant_id=shop.tenant)
        found = payers.holding(cursor, tenant=shop.tenant, price_ids=[one.plan_price for one in shop.sold], at=now)
        for begin in range(0, len(found), CHUNK):
            facts.payers(cursor, found[begin : begin + CHUNK], tenant=tenant)
