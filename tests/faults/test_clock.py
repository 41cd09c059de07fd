"""One moves a sandbox's clock, everybody else waits; it never goes back, and live books have none to move."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import local_date, midnight
from perennia.domain.errors import ClockGoesForward, ClockMoving, LiveClock
from perennia.jobs.advancing import Advanced, advance
from perennia.operations import tenants
from tests.faults.books import told, wrong
from tests.faults.victims import in_the_midst_of, paused_before
from tests.operations.shop import ZONE, Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def move(shop: Shop, to: datetime, progress: Callable[[Advanced], None] | None = None) -> Advanced:
    return advance(tenant=shop.tenant, to=to, calls=None, machine_now=machine_now, progress=progress)


def moving(shop: Shop, *, months: int) -> Callable[[Callable[[], None]], None]:
    """An advance that pauses where the first thing that fell due has been done."""

    def act(pause: Callable[[], None]) -> None:
        stops = iter([pause])
        move(shop, shop.now + timedelta(days=31 * months), lambda _: next(stops, lambda: None)())

    return act


def test_a_second_advance_at_the_same_time_is_refused():
    shop = open_shop()
    shop.start(shop.customer(), "basic")
    goal = shop.now + timedelta(days=62)
    with in_the_midst_of(moving(shop, months=2)):
        with pytest.raises(ClockMoving):
            move(shop, goal)
        with pytest.raises(ClockMoving):
            move(shop, goal + timedelta(days=300))
    assert shop.now == goal
    assert len(told(shop)["documents"]) == 3 and wrong(shop) == []
    assert move(shop, goal + timedelta(days=31)).invoices == 1


def test_other_writes_wait_while_the_clock_moves_and_leave_nothing():
    shop = open_shop()
    bo = shop.customer("Bo")
    running = shop.start(bo, "basic")
    with in_the_midst_of(moving(shop, months=1)):
        before, people = told(shop), shop.rows("SELECT count(*) FROM customers")
        for refused in (
            lambda: shop.start(bo, "plus"),
            lambda: shop.start(bo, "plus", start_on=date(2024, 1, 1)),
            lambda: shop.cancel(running),
            lambda: shop.customer("Eva"),
            lambda: shop.pays_with(bo, "ok"),
            shop.bill,
        ):
            with pytest.raises(ClockMoving) as refusal:
                refused()
            assert refusal.value.code == "clock_moving" and refusal.value.facts == {"tenant": shop.slug}
        assert told(shop) == before
        assert shop.rows("SELECT count(*) FROM subscriptions WHERE cancel_at IS NOT NULL") == [(0,)]
        assert shop.rows("SELECT count(*) FROM customers") == people
    shop.cancel(running)
    assert wrong(shop) == []


def test_a_clock_never_goes_back():
    shop = open_shop()
    at = shop.now
    with pytest.raises(ClockGoesForward):
        move(shop, at - timedelta(microseconds=1))
    assert shop.now == at
    move(shop, at)
    assert shop.now == at


def test_live_books_have_no_clock_to_move():
    live = tenants.create_tenant(
        business_id=tenants.find(open_shop().slug).business_id,
        slug=f"live-{random.randrange(16**8):x}",
        name="Nordlys",
        country="DK",
        currency="DKK",
        zone="Europe/Copenhagen",
        clock=None,
        now=machine_now(),
    )
    with pytest.raises(LiveClock):
        advance(tenant=live, to=datetime(2030, 1, 1, tzinfo=UTC), calls=None, machine_now=machine_now)


def test_who_starts_while_another_moves_the_clock_is_refused_or_sees_where_it_stands():
    outcomes = []
    for step in range(1, 9):
        shop = open_shop()
        bo, before = shop.customer("Bo"), shop.now
        with paused_before(step, lambda shop=shop, bo=bo: shop.start(bo, "basic")):
            outcomes.append(_moves(shop, before + timedelta(days=10)))
        assert shop.now - before == timedelta(days=10 if outcomes[-1] else 0)
        assert shop.rows("SELECT started_at, created_at FROM subscriptions") == [
            (midnight(local_date(shop.now, ZONE), ZONE), shop.now)
        ]
    assert outcomes == sorted(outcomes, reverse=True), "who has joined the writers keeps others from moving the clock"
    assert True in outcomes and False in outcomes


def test_two_who_move_the_clock_take_turns_and_it_never_goes_back():
    outcomes = []
    for step in range(1, 9):
        shop = open_shop()
        near, far = shop.now + timedelta(days=10), shop.now + timedelta(days=20)

        def follow(shop: Shop = shop, near: datetime = near) -> None:
            with suppress(ClockGoesForward):
                move(shop, near)

        with paused_before(step, follow):
            outcomes.append(_moves(shop, far))
            moved_to = shop.now
        assert shop.now == (far if outcomes[-1] else near) >= moved_to
    assert True in outcomes and False in outcomes


def _moves(shop: Shop, to: datetime) -> bool:
    try:
        return move(shop, to).clock == to
    except ClockMoving:
        return False
