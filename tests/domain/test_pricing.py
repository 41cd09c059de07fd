"""What a whole period costs, exactly."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.errors import InvalidValue, UnknownCurrency
from perennia.domain.pricing import Model, check_quantity, check_unit_amount, period_amount
from tests.domain.world import price


def exact(amount: str, quantity: str, **more) -> Fraction:
    return Fraction(*period_amount(price(amount, **more), Decimal(quantity)))


@pytest.mark.parametrize(
    ("amount", "quantity", "more", "minor"),
    [
        ("29.00", "1", {}, Fraction(2900)),
        ("29.00", "7", {}, Fraction(2900)),
        ("29.00", "7", {"model": Model.PER_UNIT}, Fraction(20300)),
        ("29.00", "0", {"model": Model.PER_UNIT}, Fraction(0)),
        ("500", "3", {"model": Model.PER_UNIT, "currency": "JPY"}, Fraction(1500)),
        ("0.125", "3", {"model": Model.PER_UNIT, "currency": "KWD"}, Fraction(375)),
        ("0.000000000001", "1000000000", {"model": Model.PER_UNIT}, Fraction(1, 10)),
        ("0.333333333333", "1.5", {"model": Model.PER_UNIT}, Fraction(499999999999, 10**10) + Fraction(1, 2 * 10**10)),
        ("-10.00", "1", {}, Fraction(-1000)),
        ("1.5", "1", {"currency": "JPY"}, Fraction(3, 2)),
    ],
)
def test_amounts_are_exact_until_the_line_rounds_them(amount, quantity, more, minor) -> None:
    assert exact(amount, quantity, **more) == minor


@given(st.integers(-(10**24), 10**24), st.integers(0, 10**15))
def test_twelve_decimals_times_six_lose_nothing(units: int, millionths: int) -> None:
    amount, quantity = Decimal(units).scaleb(-12), Decimal(millionths).scaleb(-6)
    with localcontext() as narrow:
        narrow.prec = 5
        found = exact(str(amount), str(quantity), model=Model.PER_UNIT)
    assert found == Fraction(units, 10**12) * Fraction(millionths, 10**6) * 100


def test_a_price_in_no_currency_costs_nothing_anybody_could_invoice() -> None:
    with pytest.raises(UnknownCurrency):
        exact("1.00", "1", currency="XXX")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1000000000000", "-1000000000000", "0.0000000000001"])
def test_what_cannot_be_a_unit_price(amount: str) -> None:
    with pytest.raises(InvalidValue):
        check_unit_amount(Decimal(amount))


@pytest.mark.parametrize("quantity", ["NaN", "-1", "Infinity", "1000000001", "0.0000001"])
def test_what_cannot_be_a_quantity(quantity: str) -> None:
    with pytest.raises(InvalidValue):
        check_quantity(Decimal(quantity))


@pytest.mark.parametrize("value", ["0", "1", "0.000001", "999999999.999999"])
def test_what_can_be_both(value: str) -> None:
    assert check_quantity(Decimal(value)) == check_unit_amount(Decimal(value)) == Decimal(value)
