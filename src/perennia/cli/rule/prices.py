"""`price`: what a quantity costs for a period, by every model."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perennia.cli.rule.given import Given, listed, number, whole
from perennia.domain.calendar import Interval, Unit
from perennia.domain.catalog import check_price
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS, decimal_text
from perennia.domain.pricing import Model, Price, check_quantity, period_amount, true_up
from perennia.domain.schemes import ZERO, Basis, Scheme, Tier

_WORDS: Mapping[str, Model] = {
    **{model.value: model for model in Model},
    "tiered": Model.GRADUATED,
    "stair_step": Model.STAIRSTEP,
}
_QUANTITY = ("quantity", "units")
_UNIT = ("unit_amount", "unit_price", "price", "amount")
_TIER_UNIT: tuple[str, ...] = (*_UNIT, "unit", "per_unit", "block_price")
_TIER_FLAT: tuple[str, ...] = ("flat_amount", "flat", "flat_price")
_STEP_UNIT: tuple[str, ...] = ("unit_amount", "unit_price", "unit", "per_unit")
_STEP_FLAT: tuple[str, ...] = (*_TIER_FLAT, "amount", "price")
_OPEN = frozenset({"inf", "infinity", "open", "*"})
_NOTHING = Id(bytes(16))
_MOST_EVENTS = 10**9


def price(given: Given) -> dict[str, Any]:
    """The amount of a whole period, or of a `fraction` of it; with `period_minimum` what is missing to that."""
    currency = given.currency()
    model = _model(given)
    policies = given.policies(tier_mode=(), first_flat_at_zero=(), package=(), rounding_mode=("rounding", "mode"))
    quantity = _quantity(given, model)
    of = check_price(_price(given, model, currency))
    basis = Basis.of(
        policies,
        events=_count(given, "events", "transactions"),
        before=_decimal(given, "before") or ZERO,
        events_before=_count(given, "events_before") or 0,
        share=_ratio("share", given.take("share")),
    )
    part = _ratio("fraction", given.take("fraction", "part"))
    given.done()
    numerator, denominator = period_amount(of, quantity, basis)
    rounded = ROUNDINGS[policies.rounding_mode]
    minor = rounded(numerator * part[0], denominator * part[1])
    answer = {"amount": decimal_text(minor, currency), "currency": currency}
    if of.period_minimum is not None:
        missing = true_up(of.period_minimum, currency=currency, fees=[minor], part=part, rounded=rounded)
        answer["true_up"] = decimal_text(missing, currency)
    return answer


def _model(given: Given) -> Model:
    word = str(given.need("model", "kind", "charge_model")).strip().lower().replace("-", "_").replace(" ", "_")
    if word not in _WORDS:
        raise InvalidValue(
            field="model",
            value=word,
            reason="flat, per_unit, graduated, volume, stairstep, package, percentage or block",
        )
    return _WORDS[word]


def _quantity(given: Given, model: Model) -> Decimal:
    """One unit of a flat price; of a percentage the amount that it is of."""
    if model is Model.PERCENTAGE:
        return number("quantity", given.need(*_QUANTITY, "amount", "base_amount"))
    if model is Model.FLAT:
        found = given.take(*_QUANTITY)
        return Decimal(1) if found is None else check_quantity(number("quantity", found))
    return check_quantity(number("quantity", given.need(*_QUANTITY)))


def _price(given: Given, model: Model, currency: str) -> Price:
    own = (*_UNIT, "package_price") if model is Model.PACKAGE else _UNIT
    has_own = model in (Model.FLAT, Model.PER_UNIT, Model.PACKAGE)
    unit_amount = number("unit_amount", given.need(*own)) if has_own else ZERO
    tiers = given.take("tiers", "blocks")
    scheme = Scheme(
        tiers=tuple([_tier(one, model) for one in ([] if tiers is None else listed("tiers", tiers))]),
        package_size=_decimal(given, "package_size"),
        free_units=_decimal(given, "free_units", "free") or ZERO,
        percent=_decimal(given, "percent", "rate"),
        fixed_amount=_decimal(given, "fixed_amount", "fixed", "per_event") or ZERO,
        minimum=_decimal(given, "minimum", "min"),
        maximum=_decimal(given, "maximum", "max"),
    )
    least = _decimal(given, "period_minimum")
    return Price(
        _NOTHING, model, currency, Interval(Unit.MONTH), unit_amount,
        scheme=None if scheme == Scheme() else scheme, period_minimum=least,
    )  # fmt: skip


def _tier(value: Any, model: Model) -> Tier:
    """One tier; the single amount of a stairstep's is its flat amount."""
    if not isinstance(value, dict):
        raise InvalidValue(field="tiers", value=value, reason="a list of objects with up_to and unit_amount")
    of = Given("tiers", value)
    flat, unit = (_STEP_FLAT, _STEP_UNIT) if model is Model.STAIRSTEP else (_TIER_FLAT, _TIER_UNIT)
    up_to, size = of.take("up_to", "to"), of.take("block_size", "size")
    blocks = of.take("blocks", "count")
    found = Tier(
        up_to=None if up_to is None or str(up_to).lower() in _OPEN else number("up_to", up_to),
        unit_amount=_decimal(of, *unit) or ZERO,
        flat_amount=_decimal(of, *flat) or ZERO,
        block_size=None if size is None else number("block_size", size),
        blocks=None if blocks is None else whole("blocks", blocks, most=_MOST_EVENTS),
    )
    of.done()
    return found


def _decimal(given: Given, *names: str) -> Decimal | None:
    found = given.take(*names)
    return None if found is None else number(names[0], found)


def _count(given: Given, *names: str) -> int | None:
    found = given.take(*names)
    return None if found is None else whole(names[0], found, most=_MOST_EVENTS)


def _ratio(field: str, value: Any) -> tuple[int, int]:
    """A share from 0 to 1, as `18/28`, `[18, 28]` or a decimal; 1 where none is given. Raises InvalidValue."""
    if value is None:
        return 1, 1
    pair = value.split("/") if isinstance(value, str) else value
    parts = [number(field, one).as_integer_ratio() for one in listed(field, pair)]
    if len(parts) == 1:
        parts.append((1, 1))
    if len(parts) == 2 and parts[1][0] > 0:
        numerator, denominator = parts[0][0] * parts[1][1], parts[0][1] * parts[1][0]
        if 0 <= numerator <= denominator:
            return numerator, denominator
    raise InvalidValue(field=field, value=value, reason="a share from 0 to 1, as 18/28")
