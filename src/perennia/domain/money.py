"""Money: integer minor units of a currency, one rounding rule, splits that add up.

Amounts are `int` minor units on their whole way; unit prices and rates are `Decimal`. Nothing here or
above ever touches binary floating point.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from perennia.domain.errors import CurrencyMismatch, InvalidValue, UnknownCurrency

# ISO 4217:2015 with amendments to 2026, table A.1, minor units. Display digits (CLDR) differ for some.
_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_EXPONENTS = {
    code: digits
    for codes, digits in ((_ZERO_DECIMALS, 0), (_TWO_DECIMALS, 2), (_THREE_DECIMALS, 3))
    for code in codes.split()
}


def exponent(currency: str) -> int:
    """How many decimals the minor unit of `currency` stands for (ISO 4217). Raises UnknownCurrency."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def round_ratio(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded half away from zero; the one rounding of a line. denominator > 0."""
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((-2 * numerator + denominator) // (2 * denominator))


def round_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded to the nearest, a half to the even neighbour. denominator > 0."""
    floor, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return floor + (twice > denominator or (twice == denominator and floor & 1))


ROUNDINGS: Mapping[str, Callable[[int, int], int]] = {"half_away": round_ratio, "half_even": round_half_even}
"""The one rounding of a line, by the policy `rounding_mode`."""


def to_step(minor: int, *, step: int, rounding: Callable[[int, int], int] = round_ratio) -> int:
    """The multiple of `step` minor units nearest to an amount, as cash is paid where small coins are gone. step > 0."""
    return rounding(minor, step) * step


def step_minor(step: Decimal, currency: str) -> int:
    """The policy `cash_step` in minor units of `currency`. Raises InvalidValue: no step above 0 in that currency."""
    minor = minor_units(step, currency)
    if minor <= 0:
        raise InvalidValue(field="cash_step", value=str(step), reason="above 0")
    return minor


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` so that the parts add up to it.

    Each exact share is floored towards minus infinity; the units left over go one each to the largest
    remainders, ties by order. Works for mixed signs as long as the weights do not sum to zero; weights
    that all are zero share evenly from the front. Raises InvalidValue where nothing can take a share.
    """
    whole = sum(weights)
    if total and not weights:
        raise InvalidValue(field="weights", value=[], reason="an amount needs at least one share to go to")
    if whole == 0:
        if any(weights):
            raise InvalidValue(field="weights", value=list(weights), reason="weights that cancel out divide nothing")
        weights, whole = [1] * len(weights), len(weights)
    if whole < 0:
        weights, whole = [-weight for weight in weights], -whole
    return apportion(total, [total * weight for weight in weights], whole)


def apportion(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """Integers near the exact shares numerator / denominator that add up to `total`, their rounded sum.

    Floors each share towards minus infinity; the units left go to the largest remainders, ties by order.
    """
    shares = [divmod(numerator, denominator) for numerator in numerators]
    parts = [floor for floor, _ in shares]
    left = total - sum(parts)
    if left:
        largest = sorted(range(len(shares)), key=lambda index: (-shares[index][1], index))
        for index in largest[:left]:
            parts[index] += 1
    return parts


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount in currency units as minor units, exactly. Raises InvalidValue: too large, or too many decimals."""
    if not amount.is_finite() or abs(amount) >= 10**15:
        raise InvalidValue(field="amount", value=str(amount), reason="an amount is below 10 to the 15th")
    if amount % Decimal(1).scaleb(-exponent(currency)):
        raise InvalidValue(field="amount", value=str(amount), reason=f"{currency} has {exponent(currency)} decimals")
    return int(amount.scaleb(exponent(currency)))


def decimal_text(minor: int, currency: str) -> str:
    """Minor units as plain decimal text: 1999 EUR is '19.99', -5 JPY is '-5'."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount for the edges of the product; rules work on the integers of one currency."""

    minor: int
    currency: str

    def __add__(self, other: Self) -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Self) -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        return f"{decimal_text(self.minor, self.currency)} {self.currency}"

    def _same(self, other: Self) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(expected=self.currency, given=other.currency)
