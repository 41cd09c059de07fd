"""Payment results booked a second, one in eight declined, beside the control of one result a transaction.

Invoices come from a billing run and intents from the real claim; the gateway's answers are made up in memory.
"""

import argparse
import json
from typing import Any

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse

ALONE = 320


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--results", type=int, default=20_000, metavar="N", help="to book in batches (default 20000)")
    parser.add_argument("--batch", type=int, metavar="B", help="results in a transaction (default: the loop's)")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    if args.results < 1 or (args.batch is not None and args.batch < 1):
        raise WrongUse("at least one result, and one in a batch")
    with throw_away_installation(folder=args.folder) as server:
        from perennia.jobs.collection import BATCH

        meters = Meters(server)
        result = _measure(meters, results=args.results, batch=args.batch or BATCH)
        result["server"] = describe(server, meters.connection)
        meters.close()
    print(json.dumps(result) if args.json else table([name for name in result if name != "server"], [result]))
    return 0


def _measure(meters: Meters, *, results: int, batch: int) -> dict[str, Any]:
    from benchmarks.stand.crew import Crew
    from benchmarks.stand.population import due_at, make_population, make_shop
    from benchmarks.stand.runs import LATE, measure_run

    say(f"making {results + ALONE:,} open invoices and the intents to charge them")
    population = make_population(make_shop(), size=results + ALONE, months=1, with_methods=True)
    billed = measure_run(meters, tenant=population.tenant_text, due_at=due_at(0), workers=2)
    order = {
        "tenant": population.tenant_text,
        "now": (due_at(0) + LATE).isoformat(),
        "batch": batch,
        "alone": ALONE,
    }
    with Crew("booking_worker", [order]) as crew:
        meters.checkpoint()
        meters.forget_statements()
        before = meters.read()
        crew.go()
        (told,) = crew.reports()
        cost = meters.read().since(before)
    if told["results"] != results or told["succeeded"] + told["failed"] != results:
        raise RuntimeError(f"{results} results were to be booked, {told} were")
    calls = sum(statement.calls for statement in meters.statements())
    return {
        "results": results,
        "batch": batch,
        "seconds": round(told["seconds"], 3),
        "results_per_s": round(results / told["seconds"], 1),
        "control_per_s": round(told["control_per_s"], 1),
        "claims_per_s": round(told["claimed"] / told["claimed_in_s"], 1),
        "statements_per_1000": round(calls * 1000 / results, 2),
        "cpu_us_per_result": round((told["cpu_s"] + cost.cpu_s) * 1e6 / results, 1),
        "python_us_per_result": round(told["cpu_s"] * 1e6 / results, 1),
        "server_us_per_result": round(cost.cpu_s * 1e6 / results, 1),
        "wal_bytes_per_result": round(cost.wal_bytes / results),
        "peak_rss_mb": round(told["peak_rss_mb"], 1),
        "load_average": round(billed.load, 2),
    }
