"""One moves a sandbox's clock, everybody else waits; it never goes back, and live books have none to move."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import ClockGoesForward, ClockMoving, LiveClock
from perennia.jobs.advancing import Advanced, advance
from perennia.operations import tenants
from tests.faults.books import told, wrong
from tests.faults.victims import in_the_midst_of, side_by_side
from tests.operations.shop import Shop, open_shop

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


def test_many_who_move_it_at_once_only_ever_move_it_forward():
    """Whoever is let through reads the clock after whoever was before."""
    shop = open_shop()
    shop.start(shop.customer(), "basic")
    begun = shop.now

    def push() -> None:
        dice = random.Random()
        for _ in range(30):
            goal = begun + timedelta(minutes=dice.randrange(60 * 24 * 90))
            try:
                move(shop, goal)
            except (ClockMoving, ClockGoesForward):
                continue
            assert shop.now >= goal

    side_by_side(4, push)
    assert shop.now > begun and wrong(shop) == []
