"""Percent before amounts, never below zero, counted in periods of the plan."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.discounts import Charged, Discount, after_discounts, after_percents
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import ItemKind
from perennia.domain.pricing import Timing
from tests.domain.world import WEEKLY, Account, item, key, off, payer, price, rate, seller, simple, subscription, utc


def nets(*discounts: Discount, months: int = 4, amount: str = "100.00", **more) -> list[int]:
    account = Account(payer(simple(amount, start=date(2025, 1, 1), discounts=discounts, **more)), seller())
    account.bill(utc(2025, months, 1))
    return [document.net_minor for document in account.documents]


@pytest.mark.parametrize(
    ("discounts", "amounts"),
    [
        ([off(percent="20", periods=1)], [8000, 10000, 10000, 10000]),
        ([off(percent="20", periods=3)], [8000, 8000, 8000, 10000]),
        ([off(percent="20")], [8000, 8000, 8000, 8000]),
        ([off(amount=1500, periods=2)], [8500, 8500, 10000, 10000]),
        ([off(percent="20", periods=2), off(amount=1000)], [7000, 7000, 9000, 9000]),
        ([off(amount=1000), off(percent="20")], [7000, 7000, 7000, 7000]),  # percent first, however they are listed
        ([off(percent="50"), off(percent="50")], [2500, 2500, 2500, 2500]),  # each on what is left
        ([off(percent="100")], [0, 0, 0, 0]),
        ([off(amount=15000)], [0, 0, 0, 0]),
    ],
)
def test_what_a_year_of_coupons_leaves(discounts, amounts) -> None:
    assert nets(*discounts) == amounts


def test_arrears_count_the_periods_that_ended() -> None:
    assert nets(off(percent="20", periods=2), timing=Timing.ARREARS, months=5) == [8000, 8000, 10000, 10000]


@pytest.mark.parametrize("timing", list(Timing))
def test_a_first_part_inside_a_period_is_discounted_and_consumes_none(timing) -> None:
    one = simple(
        "100.00", start=date(2025, 4, 16), anchor=date(2025, 4, 1), timing=timing,
        discounts=(off(percent="20", periods=2),),
    )  # fmt: skip
    account = Account(payer(one), seller())
    account.bill(utc(2025, 9, 1))
    assert [document.net_minor for document in account.documents][:4] == [4000, 8000, 8000, 10000]
    assert [f"{m.effective_at:%m-%d} {m.kind} {m.mrr_minor}" for m in account.movements] == [
        "04-16 new 8000", "07-01 expansion 2000",
    ]  # fmt: skip


@pytest.mark.parametrize("timing", list(Timing))
def test_one_taken_over_used_up_takes_nothing_off(timing) -> None:
    used_up = replace(off(percent="20", periods=2), periods_left=0)
    assert nets(used_up, timing=timing, months=3)[:2] == [10000, 10000]


def test_three_decimals_and_none() -> None:
    assert nets(off(percent="33.333"), amount="10.001", currency="KWD", months=1) == [6667]
    assert nets(off(percent="33.333"), amount="1001", currency="JPY", months=1) == [667]


def test_a_gross_price_is_discounted_gross() -> None:
    of = simple("99.99", start=date(2025, 1, 1), inclusive=True, discounts=(off(percent="10"), off(amount=500)))
    account = Account(payer(of), seller(rate("25")))
    account.bill(utc(2025, 1, 1))
    line = account.documents[0].lines[0]
    assert (line.net_minor + line.tax_minor, line.tax_minor, line.discount_minor) == (8499, 1700, 1500)


def test_an_amount_never_takes_a_document_below_zero() -> None:
    start = date(2025, 1, 1)
    plan, less = item(price("100.00"), start=start), item(price("-90.00"), start=start, kind=ItemKind.ADJUSTMENT)
    account = Account(payer(subscription(plan, less, start=start, discounts=(off(amount=5000),))), seller())
    account.bill(utc(2025, 1, 1))
    assert [line.net_minor for line in account.documents[0].lines] == [9000, -9000]


def test_an_amount_off_once_is_not_taken_off_again_by_an_add_on_between() -> None:
    start = date(2025, 1, 1)
    add_on = item(price("7.00", interval=WEEKLY), start=start, kind=ItemKind.ADD_ON, name="Extra")
    one = subscription(item(price("20.00"), start=start), add_on, start=start, discounts=(off(amount=500, periods=1),))
    account = Account(payer(one), seller())
    account.bill(utc(2025, 2, 1))
    assert [document.net_minor for document in account.documents] == [2200, 700, 700, 700, 700, 2000]


def test_the_order_of_items_does_not_matter_to_a_coupon() -> None:
    start = date(2025, 1, 1)
    items = [item(price("20.00"), start=start), item(price("10.00"), start=start, kind=ItemKind.ADD_ON)]
    for listed in (items, items[::-1]):
        one = subscription(*listed, start=start, discounts=(off(percent="50", periods=1),))
        account = Account(payer(one), seller())
        account.bill(utc(2025, 2, 1))
        assert [document.net_minor for document in account.documents] == [1500, 3000]


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=8),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
)
def test_amounts_off_are_shared_by_lines_above_zero(amounts: list[int], taken: list[int]) -> None:
    discounts = [off(amount=one) for one in taken]
    left = after_discounts([Charged(Fraction(amount), discounts) for amount in amounts])
    shares = [amount - one.minor for amount, one in zip(amounts, left, strict=True)]
    assert sum(shares) == min(sum(taken), max(sum(amounts), 0))
    assert all(0 <= share <= max(amount, 0) for share, amount in zip(shares, amounts, strict=True))


@given(st.lists(st.decimals("0.0001", "100", places=4), max_size=4), st.integers(-(10**9), 10**9))
def test_percents_stay_exact(percents: list[Decimal], amount: int) -> None:
    expected = Fraction(amount)
    for percent in percents:
        expected *= 1 - Fraction(percent) / 100
    assert Fraction(*after_percents((amount, 1), [off(percent=str(one)) for one in percents])) == expected


@pytest.mark.parametrize(
    ("percent", "amount"), [(None, None), ("10", 5), ("0", None), ("101", None), ("NaN", None), (None, 0), (None, -5)]
)
def test_what_is_no_coupon(percent: str | None, amount: int | None) -> None:
    with pytest.raises(InvalidValue):
        Discount(key(), percent and Decimal(percent), amount)
