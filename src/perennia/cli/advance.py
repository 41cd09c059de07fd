"""`perennia advance`: move a sandbox's clock; everything that falls due on the way happens, in order."""

import argparse
import json
from contextlib import nullcontext

from perennia.cli.common import Progress, find_tenant, read_instant
from perennia.config import clock, wiring


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="the sandbox")
    parser.add_argument("--to", required=True, metavar="INSTANT", help="2026-01-31, or with a time; the sandbox's zone")
    parser.add_argument("--no-collect", action="store_true", help="bill, but charge nobody")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when the clock stands at the goal."""
    with wiring.database():
        from perennia.config.test_gateway import open_test_calls
        from perennia.jobs.advancing import advance

        tenant = find_tenant(args.tenant)
        progress = Progress()
        with nullcontext() if args.no_collect else open_test_calls() as calls:
            done = advance(
                tenant=tenant.id,
                to=read_instant(args.to, zone=tenant.zone),
                calls=calls,
                machine_now=clock.now,
                progress=lambda so_far: progress.show(
                    lambda: f"{so_far.clock:%Y-%m-%d %H:%M}  {so_far.invoices:,} invoices, {so_far.charges:,} charges"
                ),
            )
        progress.done()
    if args.json:
        clock_text = done.clock.isoformat()
        found = {"invoices": done.invoices, "charges": done.charges, "failed": done.failed, "clock": clock_text}
        print(json.dumps(found))
    else:
        print(
            f"{done.invoices:,} invoices, {done.charges:,} charges, {done.failed:,} of them failed; "
            f"the clock stands at {done.clock:%Y-%m-%d %H:%M:%S} UTC"
        )
    return 0
