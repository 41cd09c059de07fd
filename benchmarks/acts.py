"""One act at a time, as a person clicks: preview of a plan change, the change, a cancel; beside a bare transaction.

Every subscription has been billed once, so that each act gives back and charges. The acts of a round are of different
subscriptions taken at random, one after the other, the control among them: what disturbs the machine disturbs all.
"""

import argparse
import json
import time
from typing import Any

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse

_SHOWN = ("act", "p50_ms", "p95_ms", "max_ms", "cpu_ms", "statements", "server_ms", "server_cpu_ms", "wal_bytes")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument(
        "--subscriptions", type=int, default=100_000, metavar="N", help="in the database (default 100000)"
    )
    parser.add_argument("--rounds", type=int, default=300, metavar="R", help="acts of each kind (default 300)")
    parser.add_argument("--statements", action="store_true", help="also list what each statement of an act took")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    if args.rounds < 20 or args.subscriptions < 4 * args.rounds + 400:
        raise WrongUse("at least 20 rounds, and four subscriptions a round and 400 more")
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.acts import KINDS, order
        from benchmarks.stand.crew import Crew
        from benchmarks.stand.population import due_at, make_population, make_shop
        from benchmarks.stand.runs import measure_run

        say(f"making {args.subscriptions:,} subscriptions and billing them once")
        began = time.monotonic()
        shop = make_shop()
        population = make_population(shop, size=args.subscriptions, months=1)
        meters = Meters(server)
        billed = measure_run(meters, tenant=population.tenant_text, due_at=due_at(0), workers=2)
        made_in_s = time.monotonic() - began
        told = order(shop, meters.connection, dsn=server.dsn("superuser"), rounds=args.rounds)
        say(f"{args.rounds} of each act")
        with Crew("acts", [told]) as crew:
            meters.checkpoint()
            crew.go()
            (found,) = crew.reports()
            acts = [{"act": kind, **found[kind], **_by_server(meters, crew, args, kind)} for kind in KINDS]
            crew.await_end()
        result: dict[str, Any] = {
            "subscriptions": args.subscriptions,
            "rounds": args.rounds,
            "acts": acts,
            "peak_rss_mb": round(found["peak_rss_mb"], 1),
            "load_average": round(found["load_average"], 2),
            "billing_invoices_per_s": round(billed.invoices_per_s, 1),
            "setup_seconds": round(made_in_s, 1),
            "server": describe(server, meters.connection),
        }
        meters.close()
    print(json.dumps(result) if args.json else _readable(result))
    return 0


def _by_server(meters: Meters, crew: Any, args: argparse.Namespace, kind: str) -> dict[str, float]:
    """What the server did for one act of a kind, while nothing else was done."""
    crew.await_ready()
    meters.forget_statements()
    before = meters.read()
    crew.go()
    (done,) = crew.reports()
    cost, acts = meters.read().since(before), done["acts"]
    statements = meters.statements()
    if args.statements:
        for statement in statements:
            text = " ".join(statement.text.split())[:140]
            say(f"{kind} {statement.total_ms / acts:8.3f} ms {statement.calls / acts:5.1f} x  {text}")
    return {
        "statements": round(sum(statement.calls for statement in statements) / acts, 1),
        "server_ms": round(sum(statement.total_ms for statement in statements) / acts, 2),
        "server_cpu_ms": round(cost.cpu_s * 1000 / acts, 2),
        "wal_bytes": cost.wal_bytes // acts,
    }


def _readable(result: dict[str, Any]) -> str:
    return (
        f"{result['subscriptions']:,} subscriptions, {result['rounds']} rounds, load {result['load_average']}\n"
        + table(_SHOWN, result["acts"])
    )
