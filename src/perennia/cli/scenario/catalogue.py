"""Reading what is sold: plans and add-ons with their prices, coupons, meters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perennia.cli.scenario.script import Coupon, Meter, Price, Product, Sold
from perennia.cli.scenario.tree import Node
from perennia.cli.scenario.values import Fields, day, interval, mapping_of, number, one_of, policy, text, whole, yes_no
from perennia.domain.calendar import Interval, Unit
from perennia.domain.metering import Aggregation
from perennia.domain.pricing import Model
from perennia.domain.schemes import ZERO, Scheme, Tier


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a price has where it does not say: the scenario's currency and tax, and who is sold by the piece."""

    currency: str
    tax_inclusive: bool
    counted: frozenset[str]
    """Codes of which some entry of the timeline sells a quantity."""


def sold(node: Node | None, *, is_plan: bool, defaults: Defaults) -> list[Sold]:
    """Plans or add-ons: a mapping from code to plan, or a list of plans with `code`."""
    kind = "a plan" if is_plan else "an add-on"
    return [_sold(code, child, is_plan=is_plan, kind=kind, defaults=defaults) for code, child in _coded(node)]


def products(node: Node | None) -> list[Product]:
    """Products that say something of themselves: a mapping from code to product."""
    found = []
    for code, child in _coded(node):
        fields = Fields(child)
        fields.node_of("code")
        made = Product(code, fields.get("name", text) or code, fields.get("one_per_customer", yes_no) or False)
        fields.done(kind="a product")
        found.append(made)
    return found


def _coded(node: Node | None) -> list[tuple[str, Node]]:
    """Things by their code, from a mapping or a list."""
    if node is None:
        return []
    if isinstance(node.value, list):
        return [(Fields(child).need("code", text), child) for child in node.value]
    return list(mapping_of(node))


def _sold(code: str, node: Node, *, is_plan: bool, kind: str, defaults: Defaults) -> Sold:
    if isinstance(node.value, str):  # the amount alone
        bare = Node({"amount": node}, node.place, node.line)
        return _sold(code, bare, is_plan=is_plan, kind=kind, defaults=defaults)
    fields = Fields(node)
    fields.node_of("code")
    product = fields.get("product", text) or "main"
    name = fields.get("name", text) or code
    listed = fields.node_of("prices")
    one = (_price(fields, code, owner=code, defaults=defaults),) if listed is None else ()
    prices = one if listed is None else _prices(listed, owner=code, defaults=defaults)
    fields.done(kind=kind if listed is None else f"{kind} with a list of prices")
    return Sold(code, name, product, is_plan, prices)


def _prices(node: Node, *, owner: str, defaults: Defaults) -> tuple[Price, ...]:
    if not isinstance(node.value, list) or not node.value:
        raise node.refuse("a list of prices is expected here")
    found: list[Price] = []
    for child in node.value:
        fields = Fields(child)
        own = fields.get("code", text)
        price = _price(fields, own, owner=owner, defaults=defaults)
        fields.done(kind="a price")
        if price.code in {other.code for other in found}:
            raise child.refuse(f"two prices are called {price.code}; give each a code")
        found.append(price)
    return tuple(found)


def _price(fields: Fields, code: str | None, *, owner: str, defaults: Defaults) -> Price:
    currency = fields.get("currency", text) or defaults.currency
    every = fields.get("interval", interval) or Interval(Unit.MONTH)
    model = fields.get("model", one_of(*Model))
    code = code or f"{owner}-{currency.lower()}-{str(every).replace(' ', '-')}"
    if model is None:
        counted = {owner, code} & defaults.counted or fields.node_of("meter") is not None
        model = "per_unit" if counted else "flat"
    inclusive = fields.get("tax_inclusive", yes_no)
    return Price(
        code=code,
        currency=currency,
        amount=fields.get("amount", number),
        interval=every,
        model=model,
        timing=fields.get("timing", one_of("advance", "arrears")),
        tax_inclusive=defaults.tax_inclusive if inclusive is None else inclusive,
        tax_class=fields.get("tax_class", text) or "standard",
        scheme=_scheme(fields),
        more=_more(fields, _PRICE_KEYS),
    )


def _scheme(fields: Fields) -> Scheme | None:
    """What the models with more than one number have; None where there is nothing of it."""
    given = {
        "tiers": fields.get("tiers", _tiers),
        "package_size": fields.get("package_size", number),
        "free_units": fields.get("free_units", number),
        "percent": fields.get("percent", number),
        "fixed_amount": fields.get("fixed", number),
        "minimum": fields.get("minimum", number),
        "maximum": fields.get("maximum", number),
    }
    found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Scheme(**found) if found else None


def _tiers(node: Node) -> tuple[Tier, ...]:
    """Tiers as [{up_to, unit, flat}], those of blocks with `block_size` and `blocks`; the last without `up_to` is open."""
    if not isinstance(node.value, list):
        raise node.refuse("a list of tiers is expected here, each {up_to, unit, flat}")
    found = []
    for child in node.value:
        fields = Fields(child)
        tier = Tier(
            up_to=fields.get("up_to", number),
            unit_amount=fields.get("unit", number) or ZERO,
            flat_amount=fields.get("flat", number) or ZERO,
            block_size=fields.get("block_size", number),
            blocks=fields.get("blocks", whole),
        )
        fields.done(kind="a tier")
        found.append(tier)
    return tuple(found)


_PRICE_KEYS: Mapping[str, Callable[[Node], Any]] = {
    "period_minimum": number,
    "setup_fee": number,
    "trial_days": whole,
    "meter": text,
    "scale": whole,
    "policy": policy,
}


def _words(node: Node) -> list[str]:
    return [text(child) for child in node.value] if isinstance(node.value, list) else [text(node)]


_COUPON_KEYS: Mapping[str, Callable[[Node], Any]] = {
    "max_redemptions": whole,
    "per_customer": whole,
    "from": day,
    "to": day,
    "plans": _words,
    "products": _words,
    "first_time": yes_no,
}


def _more(fields: Fields, keys: Mapping[str, Callable[[Node], Any]]) -> dict[str, Any]:
    """What is given of these keys."""
    return {name: value for name, read in keys.items() if (value := fields.get(name, read)) is not None}


def coupons(node: Node | None, *, defaults: Defaults) -> list[Coupon]:
    return [_coupon(code, child, defaults=defaults) for code, child in _coded(node)]


def _coupon(code: str, node: Node, *, defaults: Defaults) -> Coupon:
    fields = Fields(node)
    fields.node_of("code")
    duration = fields.node_of("duration")
    made = Coupon(
        code=code,
        percent=fields.get("percent", number),
        amount=fields.get("amount", number),
        currency=fields.get("currency", text) or defaults.currency,
        periods=1 if duration is None else _periods(duration),
        more=_more(fields, _COUPON_KEYS),
    )
    fields.done(kind="a coupon")
    if (made.percent is None) == (made.amount is None):
        raise node.refuse("a coupon takes off a percent or an amount")
    return made


def _periods(node: Node) -> int | None:
    """once, forever, or so many periods."""
    words = text(node).strip().split()
    if words in (["once"], ["forever"]):
        return 1 if words == ["once"] else None
    if len(words) == 2 and words[1] in ("period", "periods"):
        words = words[:1]
    if len(words) != 1 or not words[0].isdecimal():
        raise node.refuse(f"{text(node)[:50]!r} is no duration; write once, forever, 3 or 3 periods")
    return whole(Node(words[0], node.place, node.line))


def meters(node: Node | None) -> list[Meter]:
    return [_meter(code, child) for code, child in _coded(node)]


def _meter(code: str, node: Node) -> Meter:
    fields = Fields(node)
    fields.node_of("code")
    made = Meter(
        code=code,
        name=fields.get("name", text) or code,
        aggregation=fields.get("aggregation", one_of(*Aggregation)) or "sum",
        negative=fields.get("negative", yes_no) or False,
    )
    fields.done(kind="a meter")
    return made
