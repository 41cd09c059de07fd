"""Tax: one dated table of rates, exact per line, rounded once per rate on the document and shared back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from perennia.domain.errors import InvalidValue
from perennia.domain.money import apportion, round_ratio

NO_TAX = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxRate:
    """`percent` of the net amount in one country and product class, from a date until before another."""

    country: str
    tax_class: str
    percent: Decimal
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 <= self.percent < 100 or -int(self.percent.as_tuple().exponent) > 4:
            raise InvalidValue(field="percent", value=str(self.percent), reason="0 up to 100, at most 4 decimals")


class TaxTable:
    """The rates of one seller. A place or class without a row is not taxed."""

    __slots__ = ("_rates",)

    def __init__(self, rates: Iterable[TaxRate]) -> None:
        self._rates: dict[tuple[str, str], list[TaxRate]] = {}
        for rate in sorted(rates, key=lambda rate: rate.valid_from, reverse=True):
            self._rates.setdefault((rate.country, rate.tax_class), []).append(rate)

    def percent(self, *, country: str, tax_class: str, on: date) -> Decimal:
        """The rate in force at a tax point; the latest row that has begun and not ended."""
        for rate in self._rates.get((country, tax_class), ()):
            if rate.valid_from <= on and (rate.valid_to is None or on < rate.valid_to):
                return rate.percent
        return NO_TAX


def tax_on(amounts: Sequence[int], *, percent: Decimal, inclusive: bool) -> list[int]:
    """The tax of each amount of one rate on one document, in minor units; rounded once, on their sum.

    Exclusive: amounts are net. Inclusive: amounts hold the tax already, which is percent / (100 + percent)
    of them. The parts add up to the rounded tax of the sum.
    """
    if not percent:
        return [0] * len(amounts)
    numerator, denominator = percent.as_integer_ratio()
    denominator = denominator * 100 + (numerator if inclusive else 0)
    total = round_ratio(sum(amounts) * numerator, denominator)
    if len(amounts) == 1:
        return [total]
    return apportion(total, [amount * numerator for amount in amounts], denominator)


def credited_tax(*, line_net: int, line_tax: int, credited_net: int) -> int:
    """The tax credited so far once `credited_net` of a line's net is credited; cumulative, so it ends at line_tax."""
    if line_net == 0:
        return 0
    numerator = line_tax * credited_net
    return round_ratio(numerator, line_net) if line_net > 0 else round_ratio(-numerator, -line_net)
