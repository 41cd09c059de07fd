"""Tax: one dated table of rates, who is taxed where, exact per line, rounded once per rate on the document.

What is sold counts as a service throughout: that decides where a sale to another country is taxed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from perennia.domain.errors import InvalidValue
from perennia.domain.money import ROUNDINGS, apportion, round_ratio
from perennia.domain.vat_area import OUTSIDE, in_eu, tax_country
from perennia.domain.vat_numbers import vat_number

NO_TAX = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxRate:
    """`percent` of the net amount in one place and product class, from a date until before another.

    The place is a country (ISO 3166-1), or a part of one with a rate of its own (ISO 3166-2, PT-20).
    """

    country: str
    tax_class: str
    percent: Decimal
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 <= self.percent < 100 or -int(self.percent.as_tuple().exponent) > 4:
            raise InvalidValue(field="percent", value=str(self.percent), reason="0 up to 100, at most 4 decimals")


class TaxKind(StrEnum):
    """What a customer is to the tax law."""

    TAXABLE = "taxable"
    REVERSE_CHARGE = "reverse_charge"
    """A business with a valid tax number: abroad, it accounts for the tax itself."""
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class TaxStatus:
    """A customer's standing beside its country: `region` is ISO 3166-2 text. Raises InvalidValue where it proves nothing."""

    kind: TaxKind = TaxKind.TAXABLE
    tax_id: str | None = None
    region: str | None = None
    exempt_reason: str | None = None

    def __post_init__(self) -> None:
        if self.kind is TaxKind.REVERSE_CHARGE and not self.tax_id:
            raise InvalidValue(field="tax_id", value=self.tax_id, reason="reverse charge needs the buyer's tax number")
        if (self.kind is TaxKind.EXEMPT) != bool(self.exempt_reason):
            reason = "an exempt customer has a reason, and nobody else has one"
            raise InvalidValue(field="exempt_reason", value=self.exempt_reason, reason=reason)


TAXABLE = TaxStatus()


def tax_status(
    kind: str, *, country: str, tax_id: str | None = None, region: str | None = None, exempt_reason: str | None = None
) -> TaxStatus:
    """A status as a person gives it, for a customer in `country`. Raises InvalidValue for what proves nothing."""
    if kind not in {word.value for word in TaxKind}:
        reason = f"one of {', '.join(TaxKind)}"
        raise InvalidValue(field="tax_status", value=kind, reason=reason)
    if region is not None and not re.fullmatch(rf"{country}-[A-Z0-9]{{1,3}}", region):
        reason = f"a region of the customer's country is written like {country}-01 (ISO 3166-2)"
        raise InvalidValue(field="region", value=region, reason=reason)
    number = None if tax_id is None else vat_number(tax_id, country=country)
    return TaxStatus(TaxKind(kind), number, region, exempt_reason)


class Category(StrEnum):
    """How a line is taxed; all but `standard` mean that no tax is due."""

    STANDARD = "standard"
    """At the rate of the table for the place and the product class, also where that is 0."""
    REVERSE_CHARGE = "reverse_charge"
    EXEMPT = "exempt"
    OUTSIDE_SCOPE = "outside_scope"
    NONE = "none"
    """The place is within reach, but the table has no rate for it."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """The answer for one line. `reason` is a code for the invoice's wording, empty where tax is charged.

    `home_percent` is, where no tax is due, what the seller's own place would have charged.
    """

    percent: Decimal
    category: Category
    reason: str = ""
    home_percent: Decimal = NO_TAX

    def held_in_gross(self, policy: str) -> Decimal:
        """The percent that comes out of an inclusive price under `gross_without_tax`."""
        if self.category is Category.STANDARD:
            return self.percent
        return self.home_percent if policy == "strip_tax" else NO_TAX


class TaxTable:
    """The rates of one seller. A place or class without a row is not taxed."""

    __slots__ = ("_rates", "_treatments")

    def __init__(self, rates: Iterable[TaxRate]) -> None:
        self._rates: dict[tuple[str, str], list[TaxRate]] = {}
        self._treatments: dict[tuple[str, str, str, date], Treatment] = {}
        for rate in sorted(rates, key=lambda rate: rate.valid_from, reverse=True):
            self._rates.setdefault((rate.country, rate.tax_class), []).append(rate)

    def percent(self, *, country: str, tax_class: str, on: date) -> Decimal:
        """The rate in force at a tax point; the latest row that has begun and not ended."""
        found = self._rate(country, tax_class, on)
        return NO_TAX if found is None else found

    def treatment(self, *, home: str, country: str, tax_class: str, on: date, status: TaxStatus = TAXABLE) -> Treatment:
        """How a seller in `home` taxes a buyer of that country and status at a tax point.

        Directive 2006/112/EC, articles 44, 58 and 196: a business abroad accounts for the tax itself; within the
        common area that is called reverse charge, beyond it the sale is outside the scope. A consumer is taxed at
        the rate of its own place where the table has one (the seller is registered there, or files by the One Stop
        Shop), and otherwise not at all.
        """
        if status is not TAXABLE:
            return self._treatment(home, country, tax_class, on, status)
        key = home, country, tax_class, on
        found = self._treatments.get(key)
        if found is None:
            found = self._treatments[key] = self._treatment(home, country, tax_class, on, status)
        return found

    def _treatment(self, home: str, country: str, tax_class: str, on: date, status: TaxStatus) -> Treatment:
        place, seller_place = tax_country(country), tax_country(home)
        home_percent = self.percent(country=seller_place, tax_class=tax_class, on=on)
        if status.kind is TaxKind.EXEMPT:
            return Treatment(NO_TAX, Category.EXEMPT, "exempt", home_percent)
        both_in_eu = in_eu(seller_place, on=on) and in_eu(place, on=on, region=status.region)
        if status.kind is TaxKind.REVERSE_CHARGE and place != seller_place:
            if both_in_eu:
                return Treatment(NO_TAX, Category.REVERSE_CHARGE, "reverse_charge_eu", home_percent)
            return Treatment(NO_TAX, Category.OUTSIDE_SCOPE, "business_abroad", home_percent)
        percent = self._local_rate(place, status.region, tax_class, on)
        if percent is not None:
            return Treatment(percent, Category.STANDARD)
        if status.region in OUTSIDE or (place != seller_place and not both_in_eu):
            return Treatment(NO_TAX, Category.OUTSIDE_SCOPE, "buyer_outside_tax_area", home_percent)
        return Treatment(NO_TAX, Category.NONE, "no_rate", home_percent)

    def _local_rate(self, place: str, region: str | None, tax_class: str, on: date) -> Decimal | None:
        """The region's own rate, else its country's, unless the region lies outside the country's tax area."""
        own = self._rate(region, tax_class, on) if region else None
        return own if own is not None or region in OUTSIDE else self._rate(place, tax_class, on)

    def _rate(self, place: str, tax_class: str, on: date) -> Decimal | None:
        for rate in self._rates.get((place, tax_class), ()):
            if rate.valid_from <= on and (rate.valid_to is None or on < rate.valid_to):
                return rate.percent
        return None


def tax_on(
    amounts: Sequence[int], *, percent: Decimal, inclusive: bool, by_line: bool = False, mode: str = "half_away"
) -> list[int]:
    """The tax of each amount of one rate on one document, in minor units; rounded once, on their sum.

    Exclusive: amounts are net. Inclusive: amounts hold the tax already, which is percent / (100 + percent)
    of them. The parts add up to the rounded tax of the sum; `by_line` rounds each alone instead. `mode` is the
    policy `rounding_mode`.
    """
    if not percent:
        return [0] * len(amounts)
    rounded = ROUNDINGS[mode]
    numerator, denominator = percent.as_integer_ratio()
    denominator = denominator * 100 + (numerator if inclusive else 0)
    if by_line or len(amounts) == 1:
        return [rounded(amount * numerator, denominator) for amount in amounts]
    total = rounded(sum(amounts) * numerator, denominator)
    return apportion(total, [amount * numerator for amount in amounts], denominator)


def without_tax(gross: int, *, percent: Decimal, mode: str = "half_away") -> int:
    """The net that a buyer at the seller's own place has within `gross`: what is left once its tax is taken out."""
    return gross - tax_on([gross], percent=percent, inclusive=True, mode=mode)[0]


def credited_tax(
    *, line_net: int, line_tax: int, credited_net: int, rounded: Callable[[int, int], int] = round_ratio
) -> int:
    """The tax credited so far once `credited_net` of a line's net is credited; cumulative, so it ends at line_tax."""
    if line_net == 0:
        return 0
    numerator = line_tax * credited_net
    return rounded(numerator, line_net) if line_net > 0 else rounded(-numerator, -line_net)
