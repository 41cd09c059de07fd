"""What can be put into the catalogue: prices that mean something, and that no document is too small for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from perennia.domain.errors import InvalidValue
from perennia.domain.money import exponent
from perennia.domain.policies import policies
from perennia.domain.pricing import QUANTITY_DECIMALS, Model, Price, Timing, check_unit_amount
from perennia.domain.schemes import Scheme, Tier

MOST_TIERS = 100
MOST_TRIAL_DAYS = 3660
LARGEST_BOUND = Decimal(10**15)

_NEEDED: Mapping[Model, frozenset[str]] = {
    Model.GRADUATED: frozenset({"tiers"}),
    Model.VOLUME: frozenset({"tiers"}),
    Model.STAIRSTEP: frozenset({"tiers"}),
    Model.BLOCK: frozenset({"tiers"}),
    Model.PACKAGE: frozenset({"package_size"}),
    Model.PERCENTAGE: frozenset({"percent"}),
}
_ALLOWED: Mapping[Model, frozenset[str]] = {
    **_NEEDED,
    Model.PACKAGE: frozenset({"package_size", "free_units"}),
    Model.PERCENTAGE: frozenset({"percent", "free_units", "fixed_amount", "minimum", "maximum"}),
}
_NOTHING = frozenset[str]()


def check_price(price: Price) -> Price:
    """The price itself, if it can be sold. Raises InvalidValue, UnknownCurrency, PolicyConflict."""
    exponent(price.currency)
    _not_negative("unit_amount", price.unit_amount)
    if price.unit_amount and not price.has_unit_amount:
        raise InvalidValue(
            field="unit_amount", value=str(price.unit_amount), reason=f"a {price.model} price has no unit amount"
        )
    _check_scheme(price.model, price.scheme or Scheme())
    if not 0 <= price.scale <= QUANTITY_DECIMALS:
        raise InvalidValue(field="scale", value=price.scale, reason=f"a whole number from 0 to {QUANTITY_DECIMALS}")
    for name, amount in (("period_minimum", price.period_minimum), ("setup_fee", price.setup_fee)):
        if amount is not None:
            _not_negative(name, amount)
    if not 0 <= price.trial_days <= MOST_TRIAL_DAYS:
        raise InvalidValue(
            field="trial_days", value=price.trial_days, reason=f"a whole number from 0 to {MOST_TRIAL_DAYS}"
        )
    if price.meter_id is not None:
        _check_metered(price)
    policies(dict(price.own_policies))
    return price


def _check_metered(price: Price) -> None:
    if price.timing is Timing.ADVANCE:
        raise InvalidValue(field="timing", value=price.timing.value, reason="what is metered is charged in arrears")
    if price.model is Model.FLAT:
        raise InvalidValue(field="model", value=price.model.value, reason="a flat price does not depend on a meter")


def _check_scheme(model: Model, scheme: Scheme) -> None:
    given = {name for name in Scheme.__dataclass_fields__ if getattr(scheme, name) != getattr(Scheme(), name)}
    for name in sorted(_NEEDED.get(model, _NOTHING) - given):
        raise InvalidValue(field=name, value="none", reason=f"a {model} price needs it")
    for name in sorted(given - _ALLOWED.get(model, _NOTHING)):
        raise InvalidValue(field=name, value=_shown(getattr(scheme, name)), reason=f"a {model} price has none")
    if scheme.tiers:
        _check_tiers(model, scheme.tiers)
    if scheme.package_size is not None:
        _size("package_size", scheme.package_size)
    if scheme.free_units:
        _size("free_units", scheme.free_units)
    if scheme.percent is not None:
        _check_percentage(scheme, scheme.percent)


def _check_percentage(scheme: Scheme, percent: Decimal) -> None:
    _not_negative("percent", percent)
    if percent > 100:
        raise InvalidValue(field="percent", value=str(percent), reason="a rate is from 0 to 100 percent")
    bounds = (("fixed_amount", scheme.fixed_amount), ("minimum", scheme.minimum), ("maximum", scheme.maximum))
    for name, amount in bounds:
        if amount is not None:
            _not_negative(name, amount)
    if scheme.minimum is not None and scheme.maximum is not None and scheme.minimum > scheme.maximum:
        raise InvalidValue(field="maximum", value=str(scheme.maximum), reason="not below the minimum")


def _check_tiers(model: Model, tiers: Sequence[Tier]) -> None:
    if len(tiers) > MOST_TIERS:
        raise InvalidValue(field="tiers", value=len(tiers), reason=f"at most {MOST_TIERS} tiers")
    check: Callable[[Sequence[Tier]], None] = _check_blocks if model is Model.BLOCK else _check_bounds
    check(tiers)
    for tier in tiers:
        _not_negative("tiers", tier.unit_amount)
        _not_negative("tiers", tier.flat_amount)
        if model is Model.STAIRSTEP and tier.unit_amount:
            reason = "a tier of a stairstep price has a flat amount and none per unit"
            raise InvalidValue(field="tiers", value=str(tier.unit_amount), reason=reason)


def _check_bounds(tiers: Sequence[Tier]) -> None:
    below = Decimal(0)
    for tier, last in _with_last(tiers):
        if tier.block_size is not None or tier.blocks is not None:
            raise InvalidValue(field="tiers", value=_shown(tier.block_size), reason="only a block price has blocks")
        if tier.up_to is None:
            _only_last_open(last)
            continue
        _size("tiers", tier.up_to)
        if tier.up_to <= below:
            raise InvalidValue(
                field="tiers", value=str(tier.up_to), reason="each tier reaches further than the one before it"
            )
        below = tier.up_to


def _check_blocks(tiers: Sequence[Tier]) -> None:
    for tier, last in _with_last(tiers):
        if tier.up_to is not None:
            reason = "a tier of a block price ends after so many blocks, not at a quantity"
            raise InvalidValue(field="tiers", value=str(tier.up_to), reason=reason)
        if tier.block_size is None:
            raise InvalidValue(field="tiers", value="none", reason="each tier of a block price has a block size")
        _size("tiers", tier.block_size)
        if tier.blocks is None:
            _only_last_open(last)
        elif not 1 <= tier.blocks <= LARGEST_BOUND:
            raise InvalidValue(field="tiers", value=tier.blocks, reason="a tier holds at least one block")


def _with_last(tiers: Sequence[Tier]) -> Iterator[tuple[Tier, bool]]:
    return ((tier, index == len(tiers)) for index, tier in enumerate(tiers, start=1))


def _only_last_open(last: bool) -> None:
    if not last:
        raise InvalidValue(field="tiers", value="none", reason="only the last tier is open")


def _size(field: str, size: Decimal) -> None:
    """A stretch of quantities. Raises InvalidValue."""
    if not size.is_finite() or not 0 < size <= LARGEST_BOUND:
        raise InvalidValue(field=field, value=str(size), reason="above 0, at most 10 to the 15th")
    if -int(size.as_tuple().exponent) > QUANTITY_DECIMALS:
        raise InvalidValue(field=field, value=str(size), reason="a quantity has at most 6 decimals")


def _not_negative(field: str, amount: Decimal) -> None:
    try:
        negative = check_unit_amount(amount) < 0
    except InvalidValue as refused:
        raise InvalidValue(field=field, value=str(amount), reason=str(refused.facts["reason"])) from None
    if negative:
        raise InvalidValue(field=field, value=str(amount), reason="a price in the catalogue is not negative")


def _shown(value: object) -> str:
    return str(len(value)) if isinstance(value, tuple) else str(value)
