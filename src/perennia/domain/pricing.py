"""What a quantity costs for one whole period, exactly.

Every model is a function from (price, quantity) to an exact amount in currency units; nothing is rounded
here. A new model is one function and one entry in `MODELS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from perennia.domain.calendar import Interval
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import exponent


class Model(StrEnum):
    FLAT = "flat"
    PER_UNIT = "per_unit"


class Timing(StrEnum):
    """When a period is charged: at its start, or at its end."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan or an add-on costs; never changed once made.

    `unit_amount` is in currency units with up to 12 decimals (below zero only for an adjustment of one
    subscription); `tax_inclusive` says that it holds the tax already.
    """

    id: Id
    model: Model
    currency: str
    interval: Interval
    unit_amount: Decimal
    timing: Timing = Timing.ADVANCE
    tax_inclusive: bool = False
    tax_class: str = "standard"

    def __hash__(self) -> int:
        return hash((self.id, self.unit_amount))  # many subscribers' own amounts share one price's key


def _flat(price: Price, quantity: Decimal) -> Fraction:
    return Fraction(price.unit_amount)


def _per_unit(price: Price, quantity: Decimal) -> Fraction:
    return Fraction(price.unit_amount) * Fraction(quantity)


MODELS: Mapping[Model, Callable[[Price, Decimal], Fraction]] = {
    Model.FLAT: _flat,
    Model.PER_UNIT: _per_unit,
}


@lru_cache(maxsize=65536)
def period_amount(price: Price, quantity: Decimal) -> tuple[int, int]:
    """The price of one whole period in minor units, as an exact ratio (numerator, denominator > 0)."""
    amount = MODELS[price.model](price, quantity) * 10 ** exponent(price.currency)
    return amount.numerator, amount.denominator


def check_unit_amount(amount: Decimal) -> Decimal:
    """The amount itself, if it can be a unit price. Raises InvalidValue."""
    if not amount.is_finite() or abs(amount) >= 10**12:
        raise InvalidValue(field="unit_amount", value=str(amount), reason="a unit price is below a million million")
    if -int(amount.as_tuple().exponent) > 12:
        raise InvalidValue(field="unit_amount", value=str(amount), reason="a unit price has at most 12 decimals")
    return amount


def check_quantity(quantity: Decimal) -> Decimal:
    """The quantity itself, if one can be sold. Raises InvalidValue."""
    if not quantity.is_finite() or not 0 <= quantity <= 10**9:
        raise InvalidValue(field="quantity", value=str(quantity), reason="a quantity is from 0 to 1,000,000,000")
    if -int(quantity.as_tuple().exponent) > 6:
        raise InvalidValue(field="quantity", value=str(quantity), reason="a quantity has at most 6 decimals")
    return quantity
