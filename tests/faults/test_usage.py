"""Recording is killed, doubled and raced; each event is counted once or not at all, and a retry settles it."""

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import pytest
from django.db import connections

from perennia.config.clock import now as machine_now
from perennia.domain.metering import LimitKind, Outcome, UsageEvent
from perennia.operations import usage
from perennia.store import session
from tests.faults.victims import in_the_midst_of, run_and_die_at, side_by_side
from tests.operations.metered import MeteredShop, metered_shop
from tests.store.statements import recording

pytestmark = pytest.mark.usefixtures("database")


def batch(bo: MeteredShop, name: str, size: int = 20) -> list[UsageEvent]:
    at = bo.shop.now - timedelta(hours=1)
    return [
        UsageEvent(f"{name} {n}", "megabytes", at + timedelta(seconds=n), Decimal(n), subscription=bo.subscription)
        for n in range(size)
    ]


def test_killed_before_any_of_its_statements_nothing_is_half_counted():
    bo = metered_shop(progressive_threshold="1000")
    told = 0
    for step in count(1):
        events = batch(bo, f"step {step}")
        died = run_and_die_at(step, lambda events=events: bo.record(*events))
        rows, keys = bo.counts()
        assert rows == keys == told if died else told + 20
        again = Counter(bo.record(*events))
        assert again == ({Outcome.ACCEPTED: 20} if died else {Outcome.DUPLICATE: 20})
        told += 20
        assert bo.counts() == (told, told)
        ((signals,),) = bo.shop.rows("SELECT count(*) FROM usage_signals")
        assert signals == step
        if not died:
            break
    assert step > 6, "recording has more steps than that"


def test_four_senders_of_the_same_keys_count_each_once(tmp_path: Path):
    bo = metered_shop()
    events = batch(bo, "shared", 200)
    bo.record(*events[:20])

    def send() -> None:
        random = Random(os.getpid())
        mine = [*events, *batch(bo, f"own {os.getpid()}", 10)]
        random.shuffle(mine)
        outcomes = Counter()
        for first in range(0, len(mine), 30):
            outcomes += Counter(bo.record(*mine[first : first + 30]))
        (tmp_path / str(os.getpid())).write_text(" ".join(f"{what}={n}" for what, n in outcomes.items()))

    side_by_side(4, send)
    told = Counter()
    for line in tmp_path.iterdir():
        told += Counter({name: int(n) for name, n in (word.split("=") for word in line.read_text().split())})
    assert told == {"accepted": 180 + 40, "duplicate": 800 - 180}
    assert bo.counts() == (240, 240)
    total = sum(range(200)) + 4 * sum(range(10))
    assert bo.measured().quantity == total


def test_of_two_different_events_with_one_key_the_first_to_write_is_counted():
    bo = metered_shop()
    mine, theirs = batch(bo, "raced", 50), [replaced(event) for event in batch(bo, "raced", 50)]

    def written_but_not_committed(pause: Callable[[], None]) -> None:
        with session.transaction(bo.tenant):
            assert set(bo.record(*mine)) == {Outcome.ACCEPTED}
            pause()

    with ThreadPoolExecutor(1) as pool:
        with in_the_midst_of(written_but_not_committed):
            waiting = pool.submit(record_alone, bo, theirs)
            time.sleep(0.5)
            assert not waiting.done(), "it waits to see whether the other one stays"
        assert set(waiting.result(timeout=120)) == {Outcome.KEY_REUSED}
    assert bo.counts() == (50, 50)
    assert bo.measured().quantity == sum(range(50))


def record_alone(bo: MeteredShop, events: list[UsageEvent]) -> list[Outcome]:
    try:
        return bo.record(*events)
    finally:
        connections.close_all()


def test_two_batches_do_not_pass_a_cap_together():
    bo = metered_shop()
    usage.set_limit(
        tenant=bo.tenant, subscription_id=bo.subscription, meter="megabytes", kind=LimitKind.REFUSE, now=machine_now(),
        quantity=Decimal(100),
    )  # fmt: skip
    side_by_side(4, lambda: [bo.record(*batch(bo, f"{os.getpid()} {turn}", 6)) for turn in range(5)])
    assert 95 < bo.measured().quantity <= 100


def test_a_batch_is_recorded_in_one_transaction_with_one_write():
    bo = metered_shop()
    with recording() as asked:
        bo.record(*batch(bo, "one"))
    assert sum("INSERT INTO" in str(statement) for statement in asked.executed) == 1


def replaced(event: UsageEvent) -> UsageEvent:
    return UsageEvent(event.key, event.meter, event.at, Decimal(7777), subscription=event.subscription)
