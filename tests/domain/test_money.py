"""Minor units, the one rounding, splits that add up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.errors import CurrencyMismatch, InvalidValue, UnknownCurrency
from perennia.domain.money import (
    ROUNDINGS,
    Money,
    allocate,
    apportion,
    decimal_text,
    exponent,
    minor_units,
    round_half_even,
    round_ratio,
    step_minor,
    to_step,
)

AMOUNTS = st.integers(-(10**15), 10**15)
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD", "ISK", "USD", "TND"])


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("JPY", 0), ("ISK", 0), ("CLP", 0), ("EUR", 2), ("DKK", 2), ("HUF", 2), ("KWD", 3), ("TND", 3), ("IQD", 3)],
)
def test_exponents_are_those_of_the_standard(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XAU", "DEM"])
def test_what_cannot_be_invoiced_is_no_currency(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(currency)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (5, 2, 3), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 7, 0),
     (499, 1000, 0), (-500, 1000, -1), (10**30 + 1, 2, 10**30 // 2 + 1)],
)  # fmt: skip
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_ratio(numerator, denominator) == rounded


@given(AMOUNTS, st.integers(1, 10**9))
def test_rounding_is_nearest_and_mirrored(numerator: int, denominator: int) -> None:
    rounded = round_ratio(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    assert round_ratio(-numerator, denominator) == -rounded


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-33, -33, -34]),
        (2, [1, 1, 1], [1, 1, 0]),
        (1, [3, -1], [2, -1]),
        (10, [-1, -3], [3, 7]),
        (5, [0, 0], [3, 2]),
        (0, [4, 5], [0, 0]),
        (7, [0, 1, 0], [0, 7, 0]),
        (0, [], []),
    ],
)
def test_what_is_left_goes_to_the_largest_remainder_then_by_order(total, weights, parts) -> None:
    assert allocate(total, weights) == parts


@pytest.mark.parametrize("weights", [[1, -1], []])
def test_nothing_can_be_split_over_nothing(weights: list[int]) -> None:
    with pytest.raises(InvalidValue):
        allocate(5, weights)


@given(AMOUNTS, st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12))
def test_shares_add_up_and_lie_next_to_the_exact_ones(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    if whole == 0:
        weights, whole = [*weights, 1], 1
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1


@given(st.lists(AMOUNTS, min_size=1, max_size=12), st.integers(1, 10**6))
def test_apportioned_shares_add_up_to_the_rounded_sum(numerators: list[int], denominator: int) -> None:
    total = round_ratio(sum(numerators), denominator)
    parts = apportion(total, numerators, denominator)
    assert sum(parts) == total
    assert all(abs(p - Fraction(n, denominator)) <= 1 for p, n in zip(parts, numerators, strict=True))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1999, "EUR", "19.99"), (-5, "JPY", "-5"), (0, "EUR", "0.00"), (5, "KWD", "0.005"), (-1, "EUR", "-0.01"),
     (10**17, "EUR", "1000000000000000.00")],
)  # fmt: skip
def test_decimal_text(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text


@given(st.integers(-(10**14), 10**14), CURRENCIES)
def test_decimal_text_reads_back_as_the_same_amount(minor: int, currency: str) -> None:
    assert minor_units(Decimal(decimal_text(minor, currency)), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "EUR"), ("1.5", "JPY"), ("1.0005", "KWD"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1E+900000", "EUR"),
     ("1E-900000", "EUR"), ("1." + "0" * 40 + "1", "EUR"), ("1000000000000000", "EUR")],
)  # fmt: skip
def test_an_amount_that_would_lose_something_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidValue):
        minor_units(Decimal(amount), currency)


@pytest.mark.parametrize(("amount", "minor"), [("1." + "0" * 40, 100), ("1E+2", 10000), ("-0.10", -10), ("-0", 0)])
def test_the_same_amount_written_otherwise_is_the_same(amount: str, minor: int) -> None:
    assert minor_units(Decimal(amount), "EUR") == minor


def test_money_adds_only_its_own_currency() -> None:
    assert str(Money(1999, "EUR") + Money(1, "EUR") - Money(500, "EUR")) == "15.00 EUR"
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "DKK")


@pytest.mark.parametrize(
    ("numerator", "denominator", "even", "away"),
    [
        (5, 10, 0, 1), (15, 10, 2, 2), (25, 10, 2, 3), (-5, 10, 0, -1), (-15, 10, -2, -2), (-25, 10, -2, -3),
        (26, 10, 3, 3), (24, 10, 2, 2), (-26, 10, -3, -3), (1, 3, 0, 0), (2, 3, 1, 1), (7, 1, 7, 7), (0, 4, 0, 0),
    ],
)  # fmt: skip
def test_a_half_goes_to_the_even_neighbour_or_away_from_zero(numerator, denominator, even, away) -> None:
    assert ROUNDINGS["half_even"](numerator, denominator) == even
    assert ROUNDINGS["half_away"](numerator, denominator) == away


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_half_even_rounds_as_python_rounds_a_fraction(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("minor", "step", "mode", "expected"),
    [
        (1012, 5, "half_away", 1010), (1013, 5, "half_away", 1015), (1025, 50, "half_away", 1050),
        (1025, 50, "half_even", 1000), (1075, 50, "half_even", 1100), (-1025, 50, "half_away", -1050),
        (1012, 1, "half_away", 1012),
    ],
)  # fmt: skip
def test_cash_is_rounded_to_the_coins_there_are(minor: int, step: int, mode: str, expected: int) -> None:
    assert to_step(minor, step=step, rounding=ROUNDINGS[mode]) == expected


@pytest.mark.parametrize(
    ("step", "currency", "minor"), [("0.05", "CHF", 5), ("0.50", "DKK", 50), ("5", "JPY", 5), ("0.01", "EUR", 1)]
)
def test_a_cash_step_is_a_number_of_minor_units(step: str, currency: str, minor: int) -> None:
    assert step_minor(Decimal(step), currency) == minor


@pytest.mark.parametrize(("step", "currency"), [("0", "CHF"), ("-0.05", "CHF"), ("0.005", "CHF"), ("0.5", "JPY")])
def test_no_coin_is_nothing_or_less_than_the_minor_unit(step: str, currency: str) -> None:
    with pytest.raises(InvalidValue):
        step_minor(Decimal(step), currency)
