"""Discounts: percent before amounts, each on what is left, never below zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import allocate


@dataclass(frozen=True, slots=True)
class Discount:
    """A coupon at work on one subscription: percent or amount off, for so many more renewal periods.

    `amount_minor` is per document. `periods_left` is None for one that never ends; `periods` is how many it
    was given for, so that a `once` coupon can be told from the last period of a longer one.
    """

    id: Id
    percent: Decimal | None = None
    amount_minor: int | None = None
    periods: int | None = None
    periods_left: int | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.amount_minor is None):
            raise InvalidValue(
                field="coupon", value=str(self.percent), reason="a coupon takes off a percent or an amount"
            )
        if self.percent is not None and not (self.percent.is_finite() and 0 < self.percent <= 100):
            raise InvalidValue(field="percent_off", value=str(self.percent), reason="above 0, up to 100")
        if self.amount_minor is not None and self.amount_minor <= 0:
            raise InvalidValue(field="amount_off", value=self.amount_minor, reason="above 0")

    @property
    def lasting(self) -> bool:
        """Counts in recurring revenue: given for more than one period."""
        return self.periods != 1

    @property
    def used_up(self) -> bool:
        return self.periods_left == 0


def after_percents(amount: tuple[int, int], discounts: Sequence[Discount]) -> tuple[int, int]:
    """An exact amount (numerator, denominator) after every percent in turn; still exact."""
    numerator, denominator = amount
    for discount in discounts:
        if discount.percent is not None:
            part, whole = (100 - discount.percent).as_integer_ratio()
            numerator, denominator = numerator * part, denominator * whole * 100
    return numerator, denominator


def amounts_off(nets: Sequence[int], discounts: Sequence[Discount]) -> list[int]:
    """What the amount discounts take off each of a document's lines, in minor units.

    Only lines above zero are eligible; all lines together never go below zero by it, the rest is lost.
    """
    eligible = [max(net, 0) for net in nets]
    wanted = sum(discount.amount_minor or 0 for discount in discounts)
    total = min(wanted, max(sum(nets), 0))
    return allocate(total, eligible) if total else [0] * len(nets)
