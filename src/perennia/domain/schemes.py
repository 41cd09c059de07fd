"""What a price of more than one number is made of, and what else its amount hangs on; both can be stored.

Amounts are in currency units with up to 12 decimals, bounds in units of what is sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self

from perennia.domain.policies import Policies

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """A stretch of quantities with a price of its own.

    `up_to` is inclusive, None is open. Of a price by blocks each started block of `block_size` units costs
    `unit_amount`, and the tier holds `blocks` of them, None without end. `flat_amount` is due once the tier is reached.
    """

    up_to: Decimal | None = None
    unit_amount: Decimal = ZERO
    flat_amount: Decimal = ZERO
    block_size: Decimal | None = None
    blocks: int | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """What the models need beside a unit price.

    Tiers for graduated, volume, stairstep and block. `package_size` and `free_units` for packages. For a percentage:
    `percent` of the quantity, an amount in currency units, above its free part `free_units`, and `fixed_amount` for
    each event, together at least `minimum` and at most `maximum`.
    """

    tiers: tuple[Tier, ...] = ()
    package_size: Decimal | None = None
    free_units: Decimal = ZERO
    percent: Decimal | None = None
    fixed_amount: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What an amount by a scheme hangs on beside the price and the quantity.

    The policies of the same names; `events` is how many a percentage charges its fixed sum for (None: one where
    there is any quantity). After a cut inside a period: `before` and `events_before` were priced already and the
    tiers count on from there, or `share` (numerator, denominator) of the bounds and free units is all there is.
    """

    tier_mode: str = "all"
    first_flat_at_zero: str = "no"
    package: str = "up"
    events: int | None = None
    before: Decimal = ZERO
    events_before: int = 0
    share: tuple[int, int] = (1, 1)

    @classmethod
    def of(
        cls,
        policies: Policies,
        *,
        events: int | None = None,
        before: Decimal = ZERO,
        events_before: int = 0,
        share: tuple[int, int] = (1, 1),
    ) -> Self:
        """By the policies in force."""
        knobs = policies.tier_mode, policies.first_flat_at_zero, policies.package
        return cls(*knobs, events, before, events_before, share)


AS_AGREED = Basis()
"""The default policies and a whole period."""


def basis_under(policies: Policies) -> Basis:
    """That of a whole period by the policies in force."""
    return _basis(policies.tier_mode, policies.first_flat_at_zero, policies.package)


@lru_cache(maxsize=64)
def _basis(tier_mode: str, first_flat_at_zero: str, package: str) -> Basis:
    return Basis(tier_mode, first_flat_at_zero, package)


def as_stored(found: Scheme | Basis | Tier) -> dict[str, Any]:
    """What differs from the defaults, in values of JSON: decimals as text."""
    values = {field.name: (getattr(found, field.name), field.default) for field in fields(found)}
    return {name: _plain(value) for name, (value, default) in values.items() if value != default}


def scheme_of(kept: Mapping[str, Any]) -> Scheme:
    """The scheme that `as_stored` gave."""
    values = _decimals(kept, "package_size", "free_units", "percent", "fixed_amount", "minimum", "maximum")
    return Scheme(**{**values, "tiers": tuple(_tier(tier) for tier in kept.get("tiers", ()))})


def basis_of(kept: Mapping[str, Any]) -> Basis:
    """The basis that `as_stored` gave."""
    values = _decimals(kept, "before")
    return Basis(**{**values, "share": tuple(kept["share"])} if "share" in kept else values)


def _tier(kept: Mapping[str, Any]) -> Tier:
    return Tier(**_decimals(kept, "up_to", "unit_amount", "flat_amount", "block_size"))


def _decimals(kept: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: Decimal(value) if name in names else value for name, value in kept.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [as_stored(one) if isinstance(one, Tier) else one for one in value]
    return value
