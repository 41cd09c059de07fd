"""Usage events recorded a second, with random keys and duplicates, beside the control of a plain COPY of the same rows.

Batches go through the operation: meter and subscription looked up, each event judged, its key looked for among all that
were ever given. The control is the rows that came of it, from buffers made beforehand, into tables with the same columns
and indexes, in batches of the same size over as many connections; it finds no duplicate, it breaks off at one.
"""

import argparse
import json
from typing import Any

from benchmarks.stand.installation import describe, throw_away_installation
from benchmarks.stand.meters import Meters
from benchmarks.stand.report import say, table
from perennia.cli import WrongUse


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--events", type=int, default=400_000, metavar="N", help="in each run (default 400000)")
    parser.add_argument("--batch", type=int, default=1_000, metavar="B", help="events in a batch (default 1000)")
    parser.add_argument("--workers", default="1,2", metavar="W,…", help="processes of each run (default 1,2)")
    parser.add_argument("--duplicates", type=int, default=5, metavar="P", help="percent sent again (default 5)")
    parser.add_argument("--subscriptions", type=int, default=10_000, metavar="S", help="that use (default 10000)")
    parser.add_argument("--kept", type=int, default=0, metavar="K", help="keys of earlier events (default 0)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="runs of each kind (default 1)")


def run(args: argparse.Namespace) -> int:
    """Raises WrongUse."""
    try:
        workers = [int(word) for word in args.workers.split(",")]
    except ValueError:
        workers = []
    if not workers or min(*workers, args.events, args.batch, args.subscriptions, args.repeat, 1) < 1:
        raise WrongUse("at least one worker, one event, one in a batch, one subscription, one run")
    with throw_away_installation(folder=args.folder) as server:
        from benchmarks.stand.usage import Trial, make_users, measure

        say(f"making {args.subscriptions:,} subscriptions and {args.kept:,} old keys")
        meters = Meters(server)
        users = make_users(args.subscriptions)
        _keep(meters, users.tenant_text, args.kept)
        runs: list[dict[str, Any]] = []
        for number in range(args.repeat):
            for count in workers:
                trial = Trial(args.events, args.batch, count, args.duplicates, seed=len(runs))
                say(f"run {number + 1}, {count} at once")
                runs.append(measure(meters, server, users, trial))
        result: dict[str, Any] = {"runs": runs, "kept": args.kept, "server": describe(server, meters.connection)}
        meters.close()
    print(json.dumps(result) if args.json else table(list(runs[0]), runs))
    return 0


def _keep(meters: Meters, tenant_text: str, count: int) -> None:
    """Keys of events long gone, at random, so that the index is as large as it would be."""
    from perennia.domain.ids import Id

    tenant = Id.parse(tenant_text, prefix="ten").hex()
    meters.connection.execute(
        """INSERT INTO usage_keys (id, tenant_id, content, subscription_id, at)
        SELECT gen_random_uuid(), %s, 0, %s, '2020-01-01' FROM generate_series(1, %s)""",
        (tenant, tenant, count),
    )
