"""What a quantity costs for one whole period, exactly.

Every model is a function from (price, quantity, basis) to an exact amount in currency units; nothing is rounded
here but the true-up of a minimum, which is a line by itself. A new model is one function and one entry in `MODELS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from perennia.domain.calendar import Interval
from perennia.domain.errors import InvalidValue, QuantityAboveTiers
from perennia.domain.ids import Id
from perennia.domain.money import exponent, round_ratio
from perennia.domain.policies import Policies
from perennia.domain.schemes import AS_AGREED, Basis, Scheme, Tier, basis_under

QUANTITY_DECIMALS = 6


class Model(StrEnum):
    """How a quantity becomes an amount.

    Graduated: each unit in its own tier. Volume: all units at the tier of the total. Stairstep: that tier's flat
    amount. Package: started packages, free units first. Percentage: a rate of an amount and a sum per event. Block:
    started blocks, tier by tier.
    """

    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    STAIRSTEP = "stairstep"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    BLOCK = "block"


class Timing(StrEnum):
    """When a period is charged: at its start, or at its end."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan or an add-on costs; never changed once made.

    `unit_amount` is in currency units with up to 12 decimals (below zero only for an adjustment of one
    subscription): of a period, a unit or a package; the other models have their amounts in `scheme`, which is None
    for flat and per unit. `tax_inclusive` says that amounts hold the tax already. A quantity has at most `scale`
    decimals. A metered price (`meter_id`) charges what was used, always in arrears. `period_minimum` is what a
    period comes to at least, `setup_fee` is due once, at the start. `own_policies` stand over the tenant's.
    """

    id: Id
    model: Model
    currency: str
    interval: Interval
    unit_amount: Decimal
    timing: Timing = Timing.ADVANCE
    tax_inclusive: bool = False
    tax_class: str = "standard"
    scheme: Scheme | None = None
    scale: int = QUANTITY_DECIMALS
    meter_id: Id | None = None
    period_minimum: Decimal | None = None
    setup_fee: Decimal | None = None
    trial_days: int = 0
    own_policies: tuple[tuple[str, Any], ...] = ()
    sold: frozenset[Id] = frozenset()
    """What it prices: the plan or add-on, and its product."""

    def __hash__(self) -> int:
        return hash((self.id, self.unit_amount))  # many subscribers' own amounts share one price's key

    @property
    def has_unit_amount(self) -> bool:
        """The unit amount is what it charges, so that a subscriber may have another."""
        return self.model in (Model.FLAT, Model.PER_UNIT, Model.PACKAGE)


def own_price(price: Price, unit_amount: Decimal) -> Price:
    """The price at the amount agreed with one subscriber. Raises InvalidValue where it has no unit amount."""
    if not price.has_unit_amount:
        reason = "only a price that is flat, per unit or by package can have an amount of its own"
        raise InvalidValue(field="unit_amount", value=str(unit_amount), reason=reason)
    return replace(price, unit_amount=unit_amount)


def adjustment_price(price: Price, amount: Decimal) -> Price:
    """A fixed amount for each period of the plan that `price` is of, whatever the plan's model."""
    return Price(
        price.id,
        Model.FLAT,
        price.currency,
        price.interval,
        amount,
        price.timing,
        price.tax_inclusive,
        price.tax_class,
        own_policies=price.own_policies,
        sold=price.sold,
    )


@lru_cache(maxsize=65536)
def period_amount(price: Price, quantity: Decimal, basis: Basis = AS_AGREED) -> tuple[int, int]:
    """The price of one whole period in minor units, as an exact ratio (numerator, denominator > 0).

    Flat prices and prices per unit need no `basis`. Raises QuantityAboveTiers; InvalidValue for a quantity that no
    scheme can price.
    """
    if price.scheme is None:
        amount = MODELS[price.model](price, Fraction(quantity), basis)
    else:
        amount = _by_scheme(price, quantity, basis)
    amount *= 10 ** exponent(price.currency)
    return amount.numerator, amount.denominator


def amount_under(price: Price, quantity: Decimal, policies: Policies) -> tuple[int, int]:
    """`period_amount` of a whole period by the policies in force, which flat and per unit do not depend on."""
    if price.scheme is None:
        return period_amount(price, quantity)
    return period_amount(price, quantity, basis_under(policies))


def _by_scheme(price: Price, quantity: Decimal, basis: Basis) -> Fraction:
    if not quantity.is_finite() or quantity < 0:
        raise InvalidValue(field="quantity", value=str(quantity), reason="a quantity is not negative")
    model, units = MODELS[price.model], Fraction(quantity)
    if not basis.before and not basis.events_before:
        return model(price, units, basis)
    earlier, events = Fraction(basis.before), _events(units, basis)
    together = model(price, earlier + units, replace(basis, events=basis.events_before + events))
    return together - model(price, earlier, replace(basis, events=basis.events_before))


def _flat(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    return Fraction(price.unit_amount)


def _per_unit(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    return Fraction(price.unit_amount) * quantity


def _own_tiers(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    """Each tier for its own stretch; under `tier_mode` top all of it at the tier it falls in."""
    if basis.tier_mode == "top":
        return _top_tier(price, quantity, basis)
    total, below = Fraction(0), Fraction(0)
    for tier, bound in _bounded(price, basis):
        if bound is None or quantity <= bound:
            return total + _in_tier(tier, quantity - below, basis)
        total += _in_tier(tier, bound - below, basis)
        below = bound
    raise _above(quantity, below)


def _top_tier(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    most = Fraction(0)
    for tier, bound in _bounded(price, basis):
        if bound is None or quantity <= bound:
            return _in_tier(tier, quantity, basis)
        most = bound
    raise _above(quantity, most)


def _in_tier(tier: Tier, units: Fraction, basis: Basis) -> Fraction:
    count = units if tier.block_size is None else _started(units, tier.block_size)
    flat_due = units > 0 or basis.first_flat_at_zero == "yes"
    return Fraction(tier.unit_amount) * count + (Fraction(tier.flat_amount) if flat_due else 0)


def _bounded(price: Price, basis: Basis) -> list[tuple[Tier, Fraction | None]]:
    """Each tier with the last quantity in it; of blocks as many as fit into it and those before it."""
    assert price.scheme is not None
    share, below = Fraction(*basis.share), Fraction(0)
    found: list[tuple[Tier, Fraction | None]] = []
    for tier in price.scheme.tiers:
        if tier.block_size is None:
            bound = None if tier.up_to is None else Fraction(tier.up_to) * share
        elif tier.blocks is None:
            bound = None
        else:
            bound = below = below + Fraction(tier.block_size) * tier.blocks * share
        found.append((tier, bound))
    return found


def _package(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    assert price.scheme is not None and price.scheme.package_size is not None
    paid = max(quantity - Fraction(price.scheme.free_units) * Fraction(*basis.share), Fraction(0))
    full = paid // Fraction(price.scheme.package_size)
    return Fraction(price.unit_amount) * (
        full if basis.package == "down" else _started(paid, price.scheme.package_size)
    )


def _percentage(price: Price, quantity: Fraction, basis: Basis) -> Fraction:
    """Minimum and maximum bound what there is to charge; where that is nothing, so is the amount."""
    scheme = price.scheme
    assert scheme is not None and scheme.percent is not None
    rated = max(quantity - Fraction(scheme.free_units) * Fraction(*basis.share), Fraction(0))
    amount = rated * Fraction(scheme.percent) * Fraction(1, 100) + Fraction(scheme.fixed_amount) * _events(
        quantity, basis
    )
    if amount and scheme.minimum is not None:
        amount = max(amount, Fraction(scheme.minimum))
    return amount if scheme.maximum is None else min(amount, Fraction(scheme.maximum))


def _events(quantity: Fraction, basis: Basis) -> int:
    return int(quantity > 0) if basis.events is None else basis.events


def _started(units: Fraction, size: Decimal) -> int:
    return -(-units // Fraction(size))


def _above(quantity: Fraction, most: Fraction) -> QuantityAboveTiers:
    return QuantityAboveTiers(quantity=_text(quantity), most=_text(most))


def _text(units: Fraction) -> str:
    shown = Decimal(units.numerator * 10**QUANTITY_DECIMALS // units.denominator).scaleb(-QUANTITY_DECIMALS)
    return f"{shown.normalize():f}"


MODELS: Mapping[Model, Callable[[Price, Fraction, Basis], Fraction]] = {
    Model.FLAT: _flat,
    Model.PER_UNIT: _per_unit,
    Model.GRADUATED: _own_tiers,
    Model.VOLUME: _top_tier,
    Model.STAIRSTEP: _top_tier,
    Model.PACKAGE: _package,
    Model.PERCENTAGE: _percentage,
    Model.BLOCK: _own_tiers,
}


def true_up(
    minimum: Decimal,
    *,
    currency: str,
    fees: Sequence[int],
    part: tuple[int, int] = (1, 1),
    rounded: Callable[[int, int], int] = round_ratio,
) -> int:
    """What is missing to the minimum of a period, in minor units, rounded apart from the fees.

    `fees` are the period's amounts before discounts; a period without a fee has no minimum. `part` is the fraction
    of the period (numerator, denominator) that there is.
    """
    return rounded(*missing(minimum, currency=currency, fees=fees, part=part))


def missing(minimum: Decimal, *, currency: str, fees: Sequence[int], part: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    """`true_up` before it is rounded, as an exact ratio of minor units (numerator, denominator > 0)."""
    if not fees:
        return 0, 1
    found = Fraction(minimum) * 10 ** exponent(currency) * Fraction(*part) - sum(fees)
    return (found.numerator, found.denominator) if found > 0 else (0, 1)


def in_minor_units(amount: Decimal, currency: str) -> int:
    """A set-up fee or another single amount of a price in minor units, rounded as a line is."""
    return round_ratio(*exact_minor_units(amount, currency))


def exact_minor_units(amount: Decimal, currency: str) -> tuple[int, int]:
    """A single amount of a price in minor units, as an exact ratio (numerator, denominator > 0)."""
    exact = Fraction(amount) * 10 ** exponent(currency)
    return exact.numerator, exact.denominator


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
    if -int(quantity.as_tuple().exponent) > QUANTITY_DECIMALS:
        raise InvalidValue(field="quantity", value=str(quantity), reason="a quantity has at most 6 decimals")
    return quantity
