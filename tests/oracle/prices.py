"""Money and the price models ("Money", "Price models")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from tests.oracle import NotSupported
from tests.oracle.calendar import Interval
from tests.oracle.policies import Policy

ZERO_DIGITS = {
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
}
THREE_DIGITS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def number(value: object) -> Fraction:
    return Fraction(str(value).strip().removesuffix("%").strip())


def digits(currency: str) -> int:
    return 0 if currency in ZERO_DIGITS else 3 if currency in THREE_DIGITS else 2


def minor(amount: Fraction, currency: str) -> Fraction:
    """Major units as (perhaps broken) minor units."""
    return amount * 10 ** digits(currency)


def text(units: int, currency: str) -> str:
    return str(Decimal(units).scaleb(-digits(currency)))


def plain(value: Fraction) -> str:
    """A quantity as decimal text without needless zeros."""
    if value.denominator == 1:
        return str(value.numerator)
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")


def rounded(exact: Fraction, mode: str = "half_away") -> int:
    """To a whole unit: half away from zero, or half to even."""
    if mode == "half_even":
        return round(exact)
    whole = floor(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def split(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Parts that add up: floor each share, the rest by largest remainder, ties by order ("Money")."""
    return share(total, [total * Fraction(weight) / sum(weights) for weight in weights])


def share(total: int, exact: Sequence[Fraction]) -> list[int]:
    parts = [floor(part) for part in exact]
    neediest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for place in neediest[: total - sum(parts)]:
        parts[place] += 1
    return parts


@dataclass(frozen=True)
class Tier:
    up_to: Fraction | None
    unit: Fraction
    flat: Fraction


@dataclass(frozen=True)
class Price:
    code: str
    owner: str
    product: str
    currency: str
    interval: Interval
    amount: Fraction
    model: str
    timing: str
    tiers: tuple[Tier, ...] = ()
    package_size: Fraction = Fraction(1)
    free_units: Fraction = Fraction(0)
    percent: Fraction = Fraction(0)
    fixed: Fraction = Fraction(0)
    period_minimum: Fraction | None = None
    setup_fee: Fraction = Fraction(0)
    tax_inclusive: bool = False
    tax_class: str | None = None
    trial_days: int = 0
    meter: str | None = None
    sells_quantity: bool = True


def worth(price: Price, quantity: Fraction, terms: Policy | None = None, events: int = 0) -> Fraction:
    """The exact price, in major units, of a quantity for a whole period; `tier_mode` top counts graduated as volume."""
    terms = terms or {}
    model = "volume" if price.model == "graduated" and terms.get("tier_mode") == "top" else price.model
    flat_at_zero = terms.get("first_flat_at_zero") == "yes"
    return MODELS[model](price, quantity, events, flat_at_zero, terms.get("package", "up"))


def _flat(price: Price, quantity: Fraction, *_: object) -> Fraction:
    return price.amount * (quantity if price.sells_quantity else 1)


def _per_unit(price: Price, quantity: Fraction, *_: object) -> Fraction:
    return price.amount * max(quantity - price.free_units, Fraction(0))


def _graduated(price: Price, quantity: Fraction, events: int, flat_at_zero: bool, package: str) -> Fraction:
    """Each unit in its own tier; a tier's flat amount once it is reached."""
    total, below = Fraction(0), Fraction(0)
    for place, tier in enumerate(price.tiers):
        inside = quantity - below if tier.up_to is None else min(quantity, tier.up_to) - below
        if inside > 0:
            total += tier.unit * inside + tier.flat
        elif place == 0 and flat_at_zero:
            total += tier.flat
        below = tier.up_to if tier.up_to is not None else quantity
    if quantity > below:
        raise NotSupported("a quantity above the last closed tier")
    return total


def _tier_of(price: Price, quantity: Fraction, flat_at_zero: bool) -> Tier | None:
    if quantity == 0 and not flat_at_zero:
        return None
    for tier in price.tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier
    raise NotSupported("a quantity above the last closed tier")


def _volume(price: Price, quantity: Fraction, events: int, flat_at_zero: bool, package: str) -> Fraction:
    tier = _tier_of(price, quantity, flat_at_zero)
    return Fraction(0) if tier is None else tier.unit * quantity + tier.flat


def _stairstep(price: Price, quantity: Fraction, events: int, flat_at_zero: bool, package: str) -> Fraction:
    tier = _tier_of(price, quantity, flat_at_zero)
    return Fraction(0) if tier is None else tier.flat


def _package(price: Price, quantity: Fraction, events: int, flat_at_zero: bool, package: str) -> Fraction:
    """Started packages after the free units; with `package: down` only full ones."""
    packages = max(quantity - price.free_units, Fraction(0)) / price.package_size
    return price.amount * (ceil(packages) if package == "up" else floor(packages))


def _percentage(price: Price, quantity: Fraction, events: int, *_: object) -> Fraction:
    """A rate of the amount above the free part, and a fixed sum for each event."""
    return max(quantity - price.free_units, Fraction(0)) * price.percent / 100 + price.fixed * events


MODELS: dict[str, Callable[..., Fraction]] = {
    "flat": _flat,
    "per_unit": _per_unit,
    "graduated": _graduated,
    "volume": _volume,
    "stairstep": _stairstep,
    "package": _package,
    "percentage": _percentage,
}
