"""One process that records usage: batches made beforehand, keys at random, some of them sent before."""

import gc
import time
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.stand.crew import await_go, cpu_s, orders, peak_rss_mb, report
from perennia.config import wiring
from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.domain.metering import Outcome, UsageEvent

WARM_UP = 3


def main() -> None:
    told = orders()
    tenant = Id.parse(told["tenant"], prefix="ten")
    with wiring.database():
        from perennia.operations import usage

        batches = _batches(told)
        for batch in _batches(told | {"events": WARM_UP * told["batch"], "seed": told["seed"] + 500, "duplicates": 0}):
            usage.record(tenant=tenant, events=batch, now=machine_now())
        gc.freeze()  # the sender's events are not the operation's to walk
        await_go()
        used, took = cpu_s(), []
        accepted = duplicates = 0
        for batch in batches:
            began = time.monotonic()
            counts = usage.record(tenant=tenant, events=batch, now=machine_now()).counts
            took.append((time.monotonic() - began) * 1000)
            accepted += counts[Outcome.ACCEPTED]
            duplicates += counts[Outcome.DUPLICATE]
        report(
            ended=time.monotonic(),
            cpu_s=cpu_s() - used,
            accepted=accepted,
            duplicates=duplicates,
            batch_ms=took,
            peak_rss_mb=peak_rss_mb(),
        )


def _batches(told: dict[str, Any]) -> list[list[UsageEvent]]:
    """All events of the process; a duplicate is one of its own earlier ones, word for word."""
    random, now = Random(told["seed"]), machine_now()  # noqa: S311
    subscriptions = [Id(bytes.fromhex(key)) for key in told["subscriptions"]]
    made: list[UsageEvent] = []
    for _ in range(told["events"]):
        if made and random.randrange(100) < told["duplicates"]:
            made.append(random.choice(made))
            continue
        event = UsageEvent(
            key=f"evt_{random.getrandbits(128):032x}",
            meter=random.choice(told["meters"]),
            at=now - timedelta(microseconds=random.randrange(3_600_000_000)),
            value=Decimal(random.randrange(1, 100_000)).scaleb(-2),
            subscription=random.choice(subscriptions),
        )
        made.append(event)
    return [made[first : first + told["batch"]] for first in range(0, len(made), told["batch"])]


if __name__ == "__main__":
    main()
