"""`perennia collect`: charge what is open and due, and look up what is unknown."""

import argparse
import json
from dataclasses import asdict

from perennia.cli.common import Progress, find_tenant
from perennia.config import clock, wiring


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="whose invoices")
    parser.add_argument(
        "--unknown", action="store_true", help="also ask again after payments that are unknown for good or left behind"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when all that was due was tried, whatever the gateways said."""
    with wiring.database():
        from perennia.config.test_gateway import open_test_calls
        from perennia.jobs.collection import Collected, collect_due

        tenant = find_tenant(args.tenant)
        now = tenant.clock or clock.now()
        progress = Progress()

        def show(so_far: Collected) -> None:
            progress.show(lambda: f"{so_far.charges:,} charges, {so_far.succeeded:,} paid, {so_far.failed:,} failed")

        with open_test_calls() as calls:
            done = collect_due(
                tenant=tenant.id,
                as_of=now,
                now=now,
                calls=calls,
                machine_now=clock.now,
                given_up=args.unknown,
                progress=show,
            )
        progress.done()
    counts = asdict(done)
    print(json.dumps(counts) if args.json else _sentence(counts))
    return 0


def _sentence(counts: dict[str, int]) -> str:
    text = f"{counts['charges']:,} charges, {counts['failed']:,} of them failed; {counts['succeeded']:,} paid"
    more = {
        "without anything to charge": counts["without_method"],
        "look-ups": counts["looked_up"],
        "found failed": counts["found_failed"],
        "unknown": counts["unknown"],
        "not sent": counts["not_sent"],
        "recoveries ended": counts["ended"],
        "refunds": counts["refunded"],
        "refunds refused": counts["refunds_failed"],
        "refunds under way": counts["refunds_underway"],
    }
    return text + "".join(f", {count:,} {name}" for name, count in more.items() if count)
