"""Whom a coupon is for, what several leave of a document together, and how long one lasts."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.coupons import (
    ALPHABET,
    LENGTH,
    Coupon,
    Redeemer,
    check_coupon,
    check_redemption,
    same_code,
    written_code,
)
from perennia.domain.discounts import (
    Charged,
    Discount,
    after_discounts,
    after_percents,
    at_work,
    consumes,
    ends_at,
)
from perennia.domain.errors import (
    CouponAttached,
    CouponExpired,
    CouponForNewCustomers,
    CouponNotForThis,
    CouponNotYetValid,
    CouponUsedByCustomer,
    CurrencyMismatch,
    DomainError,
    InvalidValue,
    UnknownCurrency,
)
from perennia.domain.metrics import subscription_mrr
from perennia.domain.money import allocate, round_ratio
from perennia.domain.policies import policies
from tests.domain.world import COPENHAGEN, item, key, off, payer, price, seller, subscription, utc

BASIC, PLUS, SEAT, SERVICE = key(), key(), key(), key()


def left(*lines: tuple[int, list[Discount]], order: str = "percent_first") -> list[int]:
    charged = [Charged(Fraction(minor), discounts) for minor, discounts in lines]
    return [line.minor for line in after_discounts(charged, order=order)]


@pytest.mark.parametrize(
    ("attached", "percent_first", "as_applied"),
    [
        (["20%"], 8000, 8000),
        (["1500"], 8500, 8500),
        (["20%", "1500"], 6500, 6500),
        (["1500", "20%"], 6500, 6800),
        (["1500", "20%", "500", "50%"], 2000, 3150),
        (["15000", "20%"], 0, 0),
        (["100%", "500"], 0, 0),
    ],
)
def test_percents_come_first_or_each_as_it_was_attached(attached, percent_first, as_applied) -> None:
    discounts = [off(percent=one[:-1]) if one.endswith("%") else off(amount=int(one)) for one in attached]
    assert left((10000, discounts)) == [percent_first]
    assert left((10000, discounts), order="as_applied") == [as_applied]


def test_an_amount_is_shared_by_what_it_touches_and_its_rest_is_lost() -> None:
    ten = off(amount=1000)
    assert left((2000, [ten]), (1000, [ten]), (500, [])) == [1333, 667, 500]
    assert left((600, [ten]), (5000, [])) == [0, 5000]
    assert left((600, [ten]), (-200, [ten])) == [200, -200]  # the document goes no lower than nothing
    assert left((-600, [ten])) == [-600]


def test_one_redemption_for_all_of_a_customer_takes_its_amount_off_once() -> None:
    redemption = key()
    one, other = (
        replace(off(amount=1000), redemption_id=redemption),
        replace(off(amount=1000), redemption_id=redemption),
    )
    assert left((2000, [one]), (2000, [other])) == [1500, 1500]
    assert left((2000, [off(amount=1000)]), (2000, [off(amount=1000)])) == [1000, 1000]


def test_what_was_done_to_a_line_is_told_in_turn() -> None:
    lines = [Charged(Fraction(10000), [off(amount=1500), off(percent="20")])]
    assert after_discounts(lines)[0].steps == (Decimal(20), 1500)
    assert after_discounts(lines, order="as_applied")[0].steps == (1500, Decimal(20))


DISCOUNTS = st.builds(
    lambda percent, amount: off(percent=percent, amount=None if percent else amount),
    st.sampled_from([None, "10", "33.3333", "100"]), st.integers(1, 5000),
)  # fmt: skip


@given(
    st.lists(st.fractions(-5000, 10000, max_denominator=31), min_size=1, max_size=6),
    st.lists(DISCOUNTS, max_size=4),
    st.sampled_from(["percent_first", "as_applied"]),
)
def test_nothing_above_zero_goes_below_and_nothing_is_added(amounts, discounts, order) -> None:
    lines = after_discounts([Charged(amount, discounts) for amount in amounts], order=order)
    for amount, line in zip(amounts, lines, strict=True):
        assert 0 <= line.amount <= amount if amount >= 0 else amount <= line.amount <= 0


@given(st.lists(st.fractions(-5000, 10000, max_denominator=31), min_size=1), st.lists(DISCOUNTS, max_size=4))
def test_with_percents_first_it_is_percents_rounded_and_then_amounts(amounts, discounts) -> None:
    percents = [after_percents((amount.numerator, amount.denominator), discounts) for amount in amounts]
    rounded = [round_ratio(*exact) for exact in percents]
    for discount in discounts:
        if discount.amount_minor is not None:
            eligible = [max(net, 0) for net in rounded]
            shares = allocate(min(discount.amount_minor, max(sum(rounded), 0)), eligible)
            rounded = [net - share for net, share in zip(rounded, shares, strict=True)]
    assert [line.minor for line in after_discounts([Charged(amount, discounts) for amount in amounts])] == rounded


def test_a_limited_coupon_touches_only_what_it_is_for() -> None:
    of_basic, of_service, of_all = (
        replace(off(percent="10"), scope=frozenset(scope)) for scope in ([BASIC], [SERVICE, PLUS], [])
    )
    all_three = (of_basic, of_service, of_all)
    assert at_work(all_three, sold={BASIC}) == (of_basic, of_all)
    assert at_work(all_three, sold={SEAT, SERVICE}) == (of_service, of_all)
    assert at_work(all_three, sold={SEAT}) == (of_all,)


def test_a_proration_inherits_or_has_none() -> None:
    tenth = off(percent="10")
    assert at_work([tenth], sold=(), proration=True) == (tenth,)
    assert at_work([tenth], sold=(), proration=True, on_prorations="none") == ()
    assert at_work([tenth], sold=(), on_prorations="none") == (tenth,)


@pytest.mark.parametrize(
    ("counts", "begins_period", "begins_document", "consumed"),
    [
        ("periods", True, False, True),
        ("periods", False, True, False),
        ("invoices", False, True, True),
        ("invoices", True, False, False),
        ("months", True, True, False),
    ],
)
def test_what_uses_up_a_coupon(counts, begins_period, begins_document, consumed) -> None:
    assert consumes(counts=counts, begins_period=begins_period, begins_document=begins_document) is consumed


def test_months_run_from_where_the_coupon_or_the_subscription_began() -> None:
    three = replace(off(percent="10", periods=3), since=utc(2025, 1, 31, 15))
    more = {"counts": "months", "zone": COPENHAGEN}
    assert ends_at(three, starts=utc(2024, 6, 1), **more) == datetime.fromisoformat("2025-04-30T00:00+02:00")
    assert ends_at(three, starts=utc(2025, 3, 1), **more) == datetime.fromisoformat("2025-06-01T00:00+02:00")
    assert ends_at(off(percent="10"), starts=utc(2025, 3, 1), **more) is None
    assert ends_at(three, starts=utc(2025, 3, 1), counts="periods", zone="UTC") is None


@pytest.mark.parametrize(("order", "mrr"), [("percent_first", 13500), ("as_applied", 13600)])
def test_recurring_revenue_has_the_discounts_of_each_line(order: str, mrr: int) -> None:
    start = date(2025, 1, 1)
    basic = item(replace(price("100.00"), sold=frozenset([BASIC, SERVICE])), start=start)
    seat = item(replace(price("60.00"), sold=frozenset([SEAT])), start=start)
    limited = frozenset([SERVICE])
    coupons = (replace(off(amount=500), scope=limited), replace(off(percent="20"), scope=limited))
    one = subscription(basic, seat, start=start, discounts=coupons, policies=policies({"coupon_order": order}))
    assert subscription_mrr(one, at=utc(2025, 1, 1), seller=seller(), payer=payer(one)) == mrr


NOW = utc(2025, 6, 1)


@pytest.mark.parametrize(
    ("terms", "redeemer", "error"),
    [
        ({"valid_from": utc(2025, 6, 2)}, {}, CouponNotYetValid),
        ({"valid_to": utc(2025, 6, 1)}, {}, CouponExpired),
        ({}, {"attached": True}, CouponAttached),
        ({"max_per_customer": 2}, {"redeemed": 2}, CouponUsedByCustomer),
        ({"new_customers_only": True}, {"new": False}, CouponForNewCustomers),
        ({"amount_minor": 100, "currency": "EUR"}, {"currency": "DKK"}, CurrencyMismatch),
        ({"scope": frozenset([BASIC])}, {"sold": frozenset([PLUS, SEAT])}, CouponNotForThis),
    ],
)
def test_who_may_not_redeem(terms: dict[str, Any], redeemer: dict[str, Any], error: type[DomainError]) -> None:
    coupon = Coupon(key(), **({} if "amount_minor" in terms else {"percent": Decimal(10)}) | terms)
    check_redemption(
        coupon, Redeemer(), given="SAVE", now=utc(2025, 6, 2) if "valid_from" in terms else utc(2025, 5, 1)
    )
    with pytest.raises(error):
        check_redemption(coupon, Redeemer(**redeemer), given="SAVE", now=NOW)


def test_a_percent_comes_off_any_currency_and_a_customers_coupon_asks_for_no_plan() -> None:
    check_redemption(Coupon(key(), Decimal(10)), Redeemer(currency="JPY"), given="SAVE", now=NOW)
    check_redemption(Coupon(key(), Decimal(10), scope=frozenset([BASIC])), Redeemer(), given="SAVE", now=NOW)


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({}, InvalidValue),
        ({"percent": Decimal(10), "amount_minor": 5, "currency": "EUR"}, InvalidValue),
        ({"percent": Decimal(0)}, InvalidValue),
        ({"percent": Decimal(101)}, InvalidValue),
        ({"percent": Decimal(10), "currency": "EUR"}, InvalidValue),
        ({"amount_minor": 5}, UnknownCurrency),
        ({"amount_minor": -5, "currency": "EUR"}, InvalidValue),
        ({"amount_minor": 10**16, "currency": "EUR"}, InvalidValue),
        ({"percent": Decimal(10), "periods": 0}, InvalidValue),
        ({"percent": Decimal(10), "periods": 2**31}, InvalidValue),
        ({"percent": Decimal(10), "max_redemptions": 0}, InvalidValue),
        ({"percent": Decimal(10), "max_per_customer": -1}, InvalidValue),
        ({"percent": Decimal(10), "valid_from": NOW, "valid_to": NOW}, InvalidValue),
    ],
)
def test_terms_without_a_meaning_are_refused(terms: dict[str, Any], error: type[DomainError]) -> None:
    with pytest.raises(error):
        check_coupon(Coupon(key(), **terms))


def test_codes_are_compared_without_regard_to_case_and_spaces() -> None:
    assert same_code("  summer-25 ") == same_code("SUMMER-25") == "SUMMER-25"
    for bad in ("", "   ", "a\0b", "a\nb", "x" * 201):
        with pytest.raises(InvalidValue):
            same_code(bad)


@given(st.binary(min_size=9, max_size=9), st.binary(min_size=9, max_size=9))
def test_different_bits_are_different_codes(one: bytes, other: bytes) -> None:
    codes = written_code(one), written_code(other)
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    used = [int.from_bytes(value) & (1 << 65) - 1 for value in (one, other)]
    assert (codes[0] == codes[1]) == (used[0] == used[1])
