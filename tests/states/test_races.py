"""Several at the same moment, each on a connection of its own: one consistent outcome, whoever comes first."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import local_date
from perennia.domain.errors import ClockMoving
from perennia.domain.ids import Id
from perennia.jobs import advancing
from perennia.jobs.billing import run_until_done
from perennia.operations import changes, coupons, pauses, redemptions, subscriptions
from tests.defects.crowd import agrees, at_once, codes, one
from tests.faults.books import Told, differences, told
from tests.faults.victims import side_by_side
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

RENEWAL = date(2025, 5, 1)
HALF_WAY = date(2025, 4, 16)


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1), tax=False)


def act(what: Callable[..., Any], shop: Shop, subscription: Id, **more: Any) -> Callable[[], Any]:
    """Something to do to the subscription."""
    return lambda: what(tenant=shop.tenant, actor="bo", subscription_id=subscription, now=machine_now(), **more)


def run(shop: Shop) -> Callable[[], Any]:
    """A worker's round of the business."""
    return lambda: run_until_done(tenant=shop.tenant, as_of=shop.now, now=shop.now).documents


def lines(shop: Shop) -> list[str]:
    """What is charged and given back under which price, by days of the calendar, in an order of their own."""
    rows = shop.rows(
        """SELECT p.code, l.period_start, l.period_end, l.net_minor FROM lines l
            JOIN item_versions v ON v.id = l.version_id JOIN prices p ON p.id = v.price_id"""
    )
    days = [(code, local_date(start, shop.zone), local_date(end, shop.zone), net) for code, start, end, net in rows]
    return [f"{code} {start}..{end} {net}" for code, start, end, net in sorted(days)]


def billed_once(shop: Shop) -> None:
    """No part of a period is charged twice, and the books agree."""
    assert shop.rows("SELECT version_id, span_start, kind FROM billed_spans GROUP BY 1, 2, 3 HAVING count(*) > 1") == []
    assert shop.rows("SELECT set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == []
    agrees(shop)


def test_a_double_clicked_subscribe_with_one_key_is_one_subscription(shop: Shop) -> None:
    bo = shop.customer()
    answers = at_once(*[lambda: shop.start(bo, "basic", external_id="click 1")] * 4)
    assert codes(answers) == ["already_exists"] * 3
    assert lines(shop) == ["basic 2025-04-01..2025-05-01 10000"]
    billed_once(shop)


def test_subscriptions_without_a_key_are_as_many_as_were_asked_for(shop: Shop) -> None:
    bo = shop.customer()
    answers = at_once(*[lambda: shop.start(bo, "basic")] * 4)
    assert len(set(answers)) == 4 and codes(answers) == []
    assert lines(shop) == ["basic 2025-04-01..2025-05-01 10000"] * 4
    assert shop.rows("SELECT number FROM documents ORDER BY 1") == [(1,), (2,), (3,), (4,)]
    billed_once(shop)


def test_a_double_clicked_upgrade_is_one(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(HALF_WAY)
    at_once(*[act(changes.change_plan, shop, subscription, price_id=shop.prices["plus"])] * 4)
    assert lines(shop) == [
        "basic 2025-04-01..2025-05-01 10000",
        "basic 2025-04-16..2025-05-01 -5000",
        "plus 2025-04-16..2025-05-01 12500",
    ]
    billed_once(shop)


def test_two_changes_of_one_subscription_come_to_the_same_in_either_order(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic", "seat*3")
    shop.clock_to(HALF_WAY)
    seat = one(shop, "SELECT id FROM items WHERE kind = 'add_on'")
    answers = at_once(
        act(changes.change_plan, shop, subscription, price_id=shop.prices["plus"]),
        act(changes.set_quantity, shop, subscription, item_id=seat, quantity=Decimal(5)),
    )
    assert codes(answers) == []
    assert lines(shop) == [
        "basic 2025-04-01..2025-05-01 10000",
        "basic 2025-04-16..2025-05-01 -5000",
        "plus 2025-04-16..2025-05-01 12500",
        "seat 2025-04-01..2025-05-01 3000",
        "seat 2025-04-16..2025-05-01 -1500",
        "seat 2025-04-16..2025-05-01 2500",
    ]
    billed_once(shop)


def test_of_two_plans_at_once_one_is_the_last_and_is_renewed(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(HALF_WAY)
    at_once(*[act(changes.change_plan, shop, subscription, price_id=shop.prices[code]) for code in ("plus", "later")])
    stays = one(shop, "SELECT p.code FROM item_versions v JOIN prices p ON p.id = v.price_id WHERE v.ends_at IS NULL")
    billed_once(shop)
    shop.clock_to(RENEWAL)
    run(shop)()
    charge = {"plus": "plus 2025-05-01..2025-06-01 25000", "later": "later 2025-04-16..2025-05-01 3000"}
    others = set(charge.values()) - {charge[stays]}
    assert charge[stays] in lines(shop) and not others & set(lines(shop))
    billed_once(shop)


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_a_cancel_that_races_the_renewal_comes_to_the_same_in_either_order(shop: Shop, when: str) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(RENEWAL)
    answers = at_once(act(subscriptions.cancel, shop, subscription, when=when), run(shop), run(shop))
    assert codes(answers) == []
    given_back = ["basic 2025-05-01..2025-06-01 -10000"] if when == "now" else []
    assert lines(shop) == [
        "basic 2025-04-01..2025-05-01 10000",
        *given_back,
        "basic 2025-05-01..2025-06-01 10000",
    ]
    billed_once(shop)


def test_an_end_that_falls_due_is_not_taken_back_beside_the_run(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    act(subscriptions.cancel, shop, subscription, when="period_end")()
    shop.clock_to(RENEWAL)
    answers = at_once(act(subscriptions.uncancel, shop, subscription), run(shop))
    assert codes(answers) == ["subscription_ended"]
    assert lines(shop) == ["basic 2025-04-01..2025-05-01 10000"]
    billed_once(shop)


@pytest.mark.parametrize("code", ["plus", "year"])
def test_a_change_that_races_the_run_comes_to_the_same_in_either_order(shop: Shop, code: str) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(RENEWAL)
    answers = at_once(act(changes.change_plan, shop, subscription, price_id=shop.prices[code]), run(shop), run(shop))
    assert codes(answers) == []
    charge = {"plus": "plus 2025-05-01..2025-06-01 25000", "year": "year 2025-05-01..2026-05-01 100000"}
    assert lines(shop) == sorted(
        [
            "basic 2025-04-01..2025-05-01 10000",
            "basic 2025-05-01..2025-06-01 -10000",
            "basic 2025-05-01..2025-06-01 10000",
            charge[code],
        ]
    )
    billed_once(shop)


def test_a_change_that_falls_due_is_made_or_was_never_asked_for(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    asked = act(changes.change_plan, shop, subscription, price_id=shop.prices["plus"], when="period_end")()
    shop.clock_to(RENEWAL)
    answers = at_once(act(changes.withdraw_change, shop, subscription, change_id=asked.change_id), run(shop))
    assert codes(answers) == ["not_found"]
    run(shop)()  # a worker passes by whom somebody else has in hand, and comes again
    assert lines(shop) == ["basic 2025-04-01..2025-05-01 10000", "plus 2025-05-01..2025-06-01 25000"]
    billed_once(shop)


def test_a_change_taken_back_twice_at_once_is_taken_back_once(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    asked = act(changes.change_plan, shop, subscription, price_id=shop.prices["plus"], when="period_end")()
    answers = at_once(*[act(changes.withdraw_change, shop, subscription, change_id=asked.change_id)] * 3)
    assert codes(answers) == ["not_found"] * 2
    shop.clock_to(RENEWAL)
    run(shop)()
    assert lines(shop)[-1] == "basic 2025-05-01..2025-06-01 10000"
    billed_once(shop)


def test_a_double_clicked_cancel_gives_back_once(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(HALF_WAY)
    answers = at_once(*[act(subscriptions.cancel, shop, subscription, when="now")] * 3)
    assert codes(answers) == ["subscription_ended"] * 2
    assert lines(shop) == ["basic 2025-04-01..2025-05-01 10000", "basic 2025-04-16..2025-05-01 -5000"]
    billed_once(shop)


def test_a_pause_that_races_the_run_and_a_second_click_is_one_pause(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(RENEWAL)
    pause = act(pauses.pause, shop, subscription, when="now")
    answers = at_once(pause, pause, run(shop))
    assert codes(answers) == ["already_paused"]
    shop.clock_to(date(2025, 5, 11))
    answers = at_once(*[act(pauses.resume, shop, subscription, when="now")] * 2, run(shop))
    assert codes(answers) == ["not_paused"]
    shop.clock_to(date(2025, 6, 12))
    run(shop)()
    assert lines(shop) == [
        "basic 2025-04-01..2025-05-01 10000",
        "basic 2025-05-01..2025-06-01 10000",
        "basic 2025-06-11..2025-07-11 10000",
    ]
    billed_once(shop)


def test_an_ended_subscription_is_taken_up_once_or_as_often_as_asked(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    act(subscriptions.cancel, shop, subscription, when="now")()
    answers = at_once(*[act(subscriptions.reactivate, shop, subscription)] * 2, run(shop))
    taken_up = [answer for answer in answers[:2] if isinstance(answer, Id)]
    assert len(set(taken_up)) + len(codes(answers)) == 2
    assert lines(shop).count("basic 2025-04-01..2025-05-01 10000") == 1 + len(taken_up)
    billed_once(shop)


def test_the_last_of_a_coupon_goes_to_a_start_or_to_one_that_runs(shop: Shop) -> None:
    coupons.create_coupon(
        tenant=shop.tenant, code="LAST", percent_off=Decimal(50), max_redemptions=1, now=machine_now()
    )
    running = [shop.start(shop.customer(f"C{n}"), "basic") for n in range(3)]
    new = [shop.customer(f"N{n}") for n in range(3)]
    answers = at_once(
        *[lambda it=it: redeem(shop, it) for it in running],
        *[lambda it=it: shop.start(it, "basic", coupon="LAST") for it in new],
    )
    assert codes(answers) == ["coupon_exhausted"] * 5
    assert shop.rows("SELECT count(*)::int, max(redeemed) FROM coupons") == [(1, 1)]
    assert one(shop, "SELECT count(*) FROM subscription_discounts") == 1
    billed_once(shop)


def redeem(shop: Shop, subscription: Id) -> None:
    redemptions.redeem(tenant=shop.tenant, actor="bo", code="LAST", subscription_id=subscription, now=machine_now())


def test_an_act_beside_a_clock_that_moves_is_done_or_refused(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    goal = shop.now + timedelta(days=90)
    answers = at_once(
        lambda: advance(shop, goal),
        *[act(changes.change_plan, shop, subscription, price_id=shop.prices[code]) for code in ("plus", "later")],
    )
    begun = goal - timedelta(days=90)
    assert set(codes(answers)) <= {"clock_moving"}
    assert shop.now == (begun if isinstance(answers[0], ClockMoving) else goal)
    billed_once(shop)


def advance(shop: Shop, goal: datetime) -> None:
    advancing.advance(tenant=shop.tenant, to=goal, calls=None, machine_now=machine_now)


def test_of_two_who_move_one_clock_one_moves_it(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    goal = shop.now + timedelta(days=90)
    answers = at_once(*[lambda: advance(shop, goal)] * 3)
    assert set(codes(answers)) <= {"clock_moving"} and shop.now == goal
    assert [line.split(" ")[1][:10] for line in lines(shop)] == ["2025-04-01", "2025-05-01", "2025-06-01"]
    billed_once(shop)


CROWD = 8


def crowded(shop: Shop, *, together: Callable[..., list[Any]]) -> Told:
    """Everybody is due: half of them change something while two workers bill; what the books say in the end."""
    people = [shop.start(shop.customer(f"C{n}"), "basic", "seat*2") for n in range(CROWD)]
    shop.clock_to(RENEWAL)
    acts = [
        act(changes.change_plan, shop, people[0], price_id=shop.prices["plus"]),
        act(subscriptions.cancel, shop, people[1], when="now"),
        act(pauses.pause, shop, people[2], when="now"),
        act(subscriptions.cancel, shop, people[3], when="period_end"),
    ]
    assert codes(together(*acts, run(shop), run(shop))) == []
    billed_once(shop)
    return told(shop)


def test_a_crowd_at_once_leaves_the_books_that_one_after_the_other_leaves(shop: Shop) -> None:
    in_turn = crowded(shop, together=lambda *acts: [one_act() for one_act in acts])
    at_the_same_time = crowded(open_shop(opened_on=date(2025, 4, 1), tax=False), together=at_once)
    assert differences(in_turn, at_the_same_time) == []


def test_four_workers_leave_the_books_that_one_leaves(shop: Shop) -> None:
    books = []
    for workers in (1, 4):
        business = open_shop(opened_on=date(2025, 4, 1), tax=False)
        for n in range(12):
            business.start(business.customer(f"C{n}"), "basic" if n % 3 else "later", f"seat*{n + 1}")
        business.clock_to(date(2025, 7, 2))
        side_by_side(workers, lambda it=business: [it.bill(limit=2, catch_up=True) for _ in range(8)])
        run(business)()
        billed_once(business)
        books.append(told(business))
    assert differences(*books) == []
