"""Recurring revenue: normalised to a month, and equal to the sum of its movements on any day."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings

from perennia.domain.calendar import Interval, Unit, midnight, slot_at
from perennia.domain.decision import MovementKind
from perennia.domain.discounts import Discount
from perennia.domain.facts import ItemKind, Seller, Subscription
from perennia.domain.metrics import movement, subscription_mrr, version_mrr
from perennia.domain.policies import policies
from perennia.domain.pricing import Model, Timing
from tests.domain.agreements import Agreements, agreements
from tests.domain.prices import tiered
from tests.domain.world import Account, item, key, off, payer, price, rate, seller, simple, subscription, utc


@pytest.mark.parametrize(
    ("amount", "interval", "minor"),
    [
        ("10.00", Interval(Unit.MONTH), 1000),
        ("10.00", Interval(Unit.MONTH, 3), 333),
        ("120.00", Interval(Unit.YEAR), 1000),
        ("100.00", Interval(Unit.YEAR, 2), 417),
        ("1.00", Interval(Unit.DAY), 3042),  # x 365 / 12
        ("1.00", Interval(Unit.DAY, 14), 217),
        ("10.00", Interval(Unit.WEEK), 4333),  # x 52 / 12
        ("10.00", Interval(Unit.WEEK, 4), 1083),
        ("-10.00", Interval(Unit.MONTH, 3), -333),
        ("0.06", Interval(Unit.YEAR), 1),  # half a cent goes up
    ],
)
def test_an_amount_a_month(amount: str, interval: Interval, minor: int) -> None:
    version = item(price(amount, interval=interval), start=date(2025, 1, 1)).versions[0]
    assert version_mrr(version) == minor


@pytest.mark.parametrize(
    ("discounts", "minor"),
    [
        ([], 10000),
        ([off(percent="20", periods=1)], 10000),  # once does not last
        ([off(percent="20", periods=3)], 8000),
        ([off(percent="20"), off(amount=1000, periods=2)], 7000),
        ([off(amount=50000)], 0),
    ],
)
def test_lasting_discounts_count(discounts: list[Discount], minor: int) -> None:
    one = simple("100.00", start=date(2025, 1, 1), discounts=tuple(discounts))
    assert subscription_mrr(one, at=utc(2025, 1, 1), seller=seller(), payer=payer(one)) == minor


def test_tax_is_no_revenue() -> None:
    version = item(price("99.00", inclusive=True), start=date(2025, 1, 1)).versions[0]
    assert version_mrr(version, inclusive_percent=Decimal(25)) == 7920


def test_a_scheme_counts_by_the_policies_in_force_and_what_is_metered_never() -> None:
    graduated = tiered(Model.GRADUATED, "10: 5.00", "*: 3.00")
    version = item(graduated, start=date(2025, 1, 1), quantity="11").versions[0]
    assert version_mrr(version) == 5300
    one = subscription(item(graduated, start=date(2025, 1, 1), quantity="11"), start=date(2025, 1, 1))
    for found, minor in ((one, 5300), (replace(one, policies=policies({"tier_mode": "top"})), 3300)):
        assert subscription_mrr(found, at=utc(2025, 1, 1), seller=seller(), payer=payer(found)) == minor
    metered = replace(
        graduated, meter_id=key(), timing=Timing.ARREARS, period_minimum=Decimal(50), setup_fee=Decimal(9)
    )
    assert version_mrr(replace(version, price=metered)) == 0
    fee = replace(price("10.00"), period_minimum=Decimal(50), setup_fee=Decimal(9))
    assert version_mrr(replace(version, price=fee)) == 1000


def story(account: Account) -> list[str]:
    return [f"{m.effective_at:%m-%d} {m.kind} {m.mrr_minor}" for m in account.movements]


def test_the_end_of_a_lasting_coupon_is_an_expansion() -> None:
    one = simple("100.00", start=date(2025, 1, 1), discounts=(off(percent="20", periods=2),), cancel=date(2025, 4, 11))
    account = Account(payer(one), seller())
    account.bill(utc(2025, 6, 1))
    assert story(account) == ["01-01 new 8000", "03-01 expansion 2000", "04-11 churn -10000"]


def test_in_arrears_it_ends_with_the_last_period_it_covers() -> None:
    one = simple("100.00", start=date(2025, 1, 1), discounts=(off(percent="20", periods=2),), timing=Timing.ARREARS)
    account = Account(payer(one), seller())
    account.bill(utc(2025, 6, 1))
    assert story(account) == ["01-01 new 8000", "03-01 expansion 2000"]
    ended = simple(
        "100.00", start=date(2025, 1, 1), discounts=(off(percent="20", periods=2),), timing=Timing.ARREARS,
        cancel=date(2025, 3, 1),
    )  # fmt: skip
    account = Account(payer(ended), seller())
    account.bill(utc(2025, 6, 1))
    assert story(account) == ["01-01 new 8000", "03-01 churn -8000"]


def test_a_trial_counts_from_its_end_and_one_ended_in_it_never() -> None:
    start, trial_ends = date(2025, 1, 1), date(2025, 1, 15)
    account = Account(payer(simple("10.00", start=start, trial_ends=trial_ends)), seller())
    account.bill(utc(2025, 2, 1))
    assert story(account) == ["01-15 new 1000"]
    account = Account(payer(simple("10.00", start=start, trial_ends=trial_ends, cancel=date(2025, 1, 10))), seller())
    account.bill(utc(2025, 2, 1))
    assert story(account) == []


def test_a_new_tax_rate_is_no_movement_and_leaves_nothing_behind() -> None:
    rates = rate("25", until=date(2025, 7, 1)), rate("20", since=date(2025, 7, 1))
    one = simple("99.00", start=date(2025, 1, 1), inclusive=True, cancel=date(2025, 9, 1))
    account = Account(payer(one), seller(*rates))
    account.bill(utc(2025, 10, 1))
    assert story(account) == ["01-01 new 7920", "09-01 churn -7920"]


def test_an_end_dated_into_the_trial_takes_nothing_away_before_it_counted() -> None:
    one = simple("10.00", start=date(2025, 1, 1), trial_ends=date(2025, 1, 15))
    account = Account(payer(one), seller())
    account.bill(utc(2025, 1, 20))
    account.cancel(utc(2025, 1, 10))
    account.bill(utc(2025, 1, 20))
    assert story(account) == ["01-15 new 1000", "01-15 churn -1000"]


def test_equal_revenue_is_no_movement() -> None:
    one = simple("10.00", start=date(2025, 1, 1))
    assert movement(one, before=5, after=5, at=utc(2025, 1, 1)) is None
    less = movement(one, before=5, after=3, at=utc(2025, 1, 1))
    assert less is not None and (less.kind, less.mrr_minor) == (MovementKind.CONTRACTION, -2)


def recomputed(one: Subscription, at: datetime, seller: Seller) -> int:
    """From the agreement alone: no decision and no movement is looked at."""
    begins = max(one.started_at, one.trial_ends_at or one.started_at)
    if not begins <= at or (one.cancel_at is not None and at >= one.cancel_at):
        return 0
    plan = next(item for item in one.items if item.kind is ItemKind.PLAN)
    over = [
        d.id for d in one.discounts if d.periods and at >= end_of_period(plan.versions[0].series, begins, d.periods)
    ]
    return subscription_mrr(one, at=at, seller=seller, payer=payer(one), ended=over)


def end_of_period(series, begins: datetime, periods: int) -> datetime:
    """The end of so many periods that begin at or after `begins`."""
    first = slot_at(series, begins)
    at = begins if first.start == begins else first.end
    for _ in range(periods):
        at = slot_at(series, at).end
    return at


@settings(max_examples=20, deadline=None)
@given(agreements())
def test_movements_add_up_to_revenue_recomputed_on_any_day(drawn: Agreements) -> None:
    begin = midnight(drawn.start, "UTC") - timedelta(days=10)
    account = Account(drawn.payer, drawn.seller).run(begin, begin + timedelta(days=140), every=timedelta(days=20))
    for day in range(0, 140, 3):
        at = begin + timedelta(days=day, hours=11)
        for one in drawn.payer.subscriptions:
            moved = [m for m in account.movements if m.subscription_id == one.id and m.effective_at <= at]
            assert sum(m.mrr_minor for m in moved) == recomputed(one, at, drawn.seller)
