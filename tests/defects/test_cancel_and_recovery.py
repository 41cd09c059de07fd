"""What ends stays ended, and what is owed is asked for as often as was agreed: defects D101 to D114."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import Interval, Unit
from perennia.domain.errors import SubscriptionEnded
from perennia.domain.ids import Id
from perennia.operations import catalog, subscriptions
from tests.defects.crowd import agrees, at_once, codes, one
from tests.defects.tale import documents
from tests.faults.victims import paused_before
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import document, pays
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


def status(till: Till, subscription: Id) -> str:
    return str(one(till.shop, "SELECT status FROM subscriptions WHERE id = %s", subscription))


def test_d101_who_cancelled_is_not_charged_in_the_three_months_after(till: Till) -> None:
    _, subscription = till.subscriber("ok")
    till.collect()
    subscriptions.cancel(
        tenant=till.shop.tenant, actor="bo", subscription_id=subscription, now=machine_now(), when="period_end"
    )
    till.live_days(95)
    assert len(till.attempts()) == 1 and till.effects() == [1]
    assert status(till, subscription) == "canceled" and till.balance() == 0


@pytest.mark.parametrize("_time", range(6))
def test_d101_a_cancel_that_races_the_renewal_comes_before_it_or_after(_time: int) -> None:
    shop = open_shop(tax=False)
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 2, 28))
    answers = at_once(lambda: shop.cancel(subscription), shop.bill, shop.bill)
    assert codes(answers) == []
    shop.bill()
    charged = one(shop, "SELECT sum(net_minor)::int FROM documents")
    assert charged == 10000, "whatever came first, the new month is not kept"
    assert one(shop, "SELECT status FROM subscriptions") == "canceled"
    agrees(shop)


def test_d105_a_cancel_for_the_next_period_leaves_the_month_that_is_paid(till: Till) -> None:
    _, subscription = till.subscriber("ok")
    till.live_days(2)
    ends = subscriptions.cancel(
        tenant=till.shop.tenant, actor="bo", subscription_id=subscription, now=machine_now(), when="period_end"
    )
    till.live_until(ends - timedelta(seconds=1))
    assert status(till, subscription) == "active"
    till.live_until(ends)
    assert status(till, subscription) == "canceled" and till.told("credit_note") == []


@pytest.mark.parametrize("schedule", [[1, 3], [2, 4, 9], [5]], ids=str)
def test_d106_a_card_is_tried_on_the_days_agreed_and_service_ends_on_the_last(
    stand: SandboxStand, schedule: list[int]
) -> None:
    with open_till(open_shop(dunning_days=schedule), stand) as till:
        _, subscription = till.subscriber("soft")
        till.live_days(schedule[-1] - 0.01)
        assert status(till, subscription) == "past_due"
        till.live_days(30)
        assert [day for day, _, _ in till.attempts()] == [0, *schedule]
        assert one(till.shop, "SELECT ended_at - started_at FROM subscriptions") == timedelta(days=schedule[-1])


def test_d107_the_last_attempt_on_what_was_cancelled_meanwhile_ends_nothing_twice(till: Till) -> None:
    _, subscription = till.subscriber("soft")
    till.live_days(8)
    till.shop.cancel(subscription)
    till.live_days(30)
    assert till.statuses() == ["active", "past_due", "canceled"]
    assert till.told("subscription.canceled") == ["subscription.canceled"]
    assert till.shop.rows("SELECT kind FROM movements WHERE kind = 'churn'") == [("churn",)]
    agrees(till.shop)


def test_d108_where_there_is_nothing_to_charge_no_gateway_is_called(till: Till) -> None:
    till.shop.start(till.shop.customer(), "basic")
    till.live_days(2)
    assert {code for _, _, code in till.attempts()} == {"no_payment_method"}
    assert till.effects() == [0] and till.told("payment.succeeded") == []


@pytest.fixture
def weekly(stand: SandboxStand) -> Iterator[Till]:
    """Bo's weekly paper at 7.00, where a debt is pursued for 28 days."""
    with open_till(open_shop(tax=False, dunning_days=[3, 21, 28]), stand) as till:
        shop = till.shop
        product = one(shop, "SELECT id FROM products LIMIT 1")
        plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code="paper", name="Paper")
        shop.prices["paper"] = catalog.create_price(
            tenant=shop.tenant, code="paper", plan_id=plan, unit_amount=Decimal(7), currency="DKK",
            interval=Interval(Unit.WEEK), now=machine_now(),
        )  # fmt: skip
        yield till


def test_d109_a_weekly_plan_that_recovers_after_twenty_days_brings_no_burst_of_old_weeks(weekly: Till) -> None:
    """Its weeks went on as they fell due, so the day of the recovery makes no document at all."""
    bo, subscription = weekly.subscriber("soft", "paper")
    weekly.live_days(20)
    weekly.shop.pays_with(bo, f"ok#{weekly.shop.slug}-new")
    weekly.collect()
    weekly.live_days(0.3)
    assert status(weekly, subscription) == "active" and weekly.receivables() == [("paid", 0)] * 3
    weekly.live_days(8)
    issued = weekly.shop.rows("SELECT issued_at::date FROM documents ORDER BY number")
    assert len(issued) == 5 and len(set(issued)) == 5
    assert weekly.effects() == [1] * 5


def test_d110_after_a_cancel_only_the_days_that_were_used_are_asked_for(till: Till) -> None:
    _, subscription = till.subscriber("seq:soft,soft,ok")
    till.live_days(2)
    till.shop.cancel(subscription)
    till.live_days(30)
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(714 + 178,)]  # 2 days of 28, and their tax
    assert till.balance() == 0
    agrees(till.shop)


def test_d110_where_reminders_stop_with_the_cancel_no_attempt_follows(stand: SandboxStand) -> None:
    with open_till(open_shop(open_debt_at_cancel="stop_reminders"), stand) as till:
        _, subscription = till.subscriber("soft")
        till.live_days(2)
        before = till.attempts()
        till.shop.cancel(subscription)
        till.live_days(30)
        assert till.attempts() == before


def test_d111_who_pays_is_well_in_the_same_moment(till: Till) -> None:
    """Money and state are one transaction: nobody can look in between and find the one without the other."""
    _, subscription = till.subscriber("soft")
    till.collect()
    assert status(till, subscription) == "past_due"
    pays(till.shop, 12500, document_id=document(till.shop))
    assert (till.receivables(), status(till, subscription)) == ([("paid", 0)], "active")
    at = till.shop.rows(
        "SELECT DISTINCT at FROM history WHERE after IN ('paid', 'active') AND before IN ('recovering', 'past_due')"
    )
    assert len(at) == 1
    till.live_days(20)
    assert till.statuses() == ["active", "past_due", "active"]


@pytest.mark.parametrize("terms", ["amount: 100", "amount: 100, setup_fee: 10", "amount: 100, trial_days: 14"])
def test_d112_a_cancel_on_the_first_day_leaves_nothing_of_the_price(terms: str) -> None:
    found = documents(
        f"""
        tax: 25
        plans: {{basic: {{{terms}}}}}
        2024-04-01 subscribe basic
        2024-04-01 cancel now
        2024-06-01 bill_run
        """
    )
    kept = [
        Decimal(line["amount"]) for paper in found for line in paper["lines"] if line["kind"] in ("recurring", "credit")
    ]
    assert sum(kept) == 0


def test_d113_of_two_cancels_at_once_one_ends_it_and_the_other_is_told_so(till: Till) -> None:
    _, subscription = till.subscriber("ok")
    till.shop.clock_to(till.shop.now + timedelta(days=14))
    answers = at_once(*[lambda: till.shop.cancel(subscription)] * 2)
    assert codes(answers) == ["subscription_ended"]
    assert sorted(till.told("subscription.canceled", "credit_note")) == ["credit_note.issued", "subscription.canceled"]
    with pytest.raises(SubscriptionEnded):
        till.shop.cancel(subscription)
    agrees(till.shop)


@pytest.mark.parametrize("step", [3, 6, 9, 12])
def test_d114_a_sweep_that_stood_still_while_somebody_paid_leaves_the_invoice_paid(till: Till, step: int) -> None:
    """The last day of recovery: the sweep has looked at the debt and stops; Bo pays; it goes on."""
    bo = till.shop.customer()
    subscription = till.shop.start(bo, "basic")
    till.live_days(13)
    till.shop.clock_to(till.shop.now + timedelta(days=2))
    shop = till.shop

    def sweep() -> None:
        with open_till(shop, till.stand) as other:
            other.collect()

    paid: list[object] = []
    with paused_before(step, sweep):
        paid += _unless_it_waits(shop)
    if not paid:
        pays(shop, one(shop, "SELECT sum(open_minor)::int FROM receivables"), document_id=document(shop))
    states = {state for state, _ in till.receivables()}
    assert states == {"paid"}
    assert status(till, subscription) in ("active", "canceled")
    agrees(shop)


def _unless_it_waits(shop: Shop) -> list[object]:
    """A payment by hand, given up where the sweep holds what it needs."""
    from django.db import connection

    from perennia.store import session

    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")
    try:
        return [pays(shop, 12500, document_id=document(shop))]
    except Exception as error:
        if "lock timeout" not in str(error):
            raise
        return []
    finally:
        session.forget_connection()
