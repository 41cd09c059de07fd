"""A scenario read: the catalogue and the accepted acts, in order, with exact numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported
from tests.oracle.calendar import interval, moment
from tests.oracle.policies import DEFAULTS, Policy, policy, word
from tests.oracle.prices import MODELS, Price, Tier, number

PRICE_FIELDS = {one.name for one in fields(Price)} - {"owner", "sells_quantity"} | {"name", "prices"}
SUBSCRIBE = "plan quantity items coupon anchor start_date end_date alignment addon_of trial_days trial_end amount term "
VERBS: dict[str, set[str]] = {
    "create_customer": {
        "timezone",
        "billing_day",
        "country",
        "parent",
        "tax_id",
        "exempt",
        "email",
        "language",
        "name",
    },
    "subscribe": set((SUBSCRIBE + "collection net_days po_number currency apart payment_behavior").split()),
    "change_plan": {"plan", "quantity", "amount", "when", "payment_gated"},
    "ramp": {"steps"},
    "set_quantity": {"item", "quantity", "when", "payment_gated"},
    "add_item": {"add_on", "price", "quantity", "amount", "when", "payment_gated"},
    "remove_item": {"item", "when"},
    "unchange": {"change"},
    "withdraw": set(),
    "reactivate": set(),
    "cancel": {"when", "reason"},
    "uncancel": set(),
    "pause": {"until", "periods", "when"},
    "resume": set(),
    "skip": set(),
    "set_anchor_day": {"day", "anchor"},
    "set_trial_end": {"trial_end"},
    "end_trial": set(),
    "set_term_end": {"term_end", "periods", "then"},
    "apply_coupon": {"coupon"},
    "usage": {"meter", "events", "value", "who", "key"},
    "one_off": {"name", "amount", "quantity", "tax_class", "tax_inclusive", "when"},
    "grant_credit": {"amount", "currency", "expires", "kind"},
    "record_payment": {"document", "amount"},
    "refund": {"amount"},
    "adjust_line": {"document", "line", "amount"},
    "credit_note": {"document", "lines", "amount", "becomes"},
    "void": {"document"},
    "write_off": {"document"},
    "hold_invoicing": set(),
    "release_invoicing": set(),
    "bill_run": set(),
    "advance_to": {"to"},
}


@dataclass(frozen=True)
class Coupon:
    code: str
    percent: Fraction | None
    amount: Fraction | None
    periods: int | None
    plans: tuple[str, ...]
    products: tuple[str, ...]


@dataclass(frozen=True)
class Rate:
    country: str | None
    tax_class: str | None
    percent: Fraction
    since: date | None
    until: date | None


@dataclass(frozen=True)
class Act:
    at: datetime
    verb: str
    customer: str
    subscription: str
    args: Mapping[str, Any]
    overrides: Mapping[str, Any]
    issued: datetime | None = None
    """When it was done for good, where that was later: as of `at`, what it comes to issued then."""

    def get(self, name: str, default: Any = None) -> Any:
        return self.args.get(name, default)


@dataclass(frozen=True)
class Scenario:
    zone: ZoneInfo
    currency: str
    country: str | None
    rates: tuple[Rate, ...]
    inclusive: bool
    prices: tuple[Price, ...]
    coupons: Mapping[str, Coupon]
    meters: Mapping[str, str]
    negative: frozenset[str]
    policy: Policy
    acts: tuple[Act, ...]

    def price(self, name: str, currency: str) -> Price:
        """A plan or add-on by its code (in the currency), or one price by its own."""
        exact = [price for price in self.prices if price.code == name and price.owner != name]
        named = exact or [price for price in self.prices if price.owner == name and price.currency == currency]
        if not named or named[0].currency != currency:
            raise NotSupported(f"no price {name} in {currency}")
        return named[0]


def read(raw: Mapping[str, Any]) -> Scenario:
    zone, currency = ZoneInfo(str(raw.get("timezone", "UTC"))), str(raw.get("currency", "EUR"))
    catalogue = raw.get("catalogue") or {}
    if set(catalogue) - {"plans", "add_ons", "coupons", "meters", "products"}:
        raise NotSupported(f"catalogue {set(catalogue)}")
    country = str(raw["country"]) if raw.get("country") else None
    rates, inclusive = tax(raw.get("tax"), country)
    prices: list[Price] = []
    for group in ("plans", "add_ons"):
        for code, own in _named(catalogue.get(group)):
            prices += _prices(code, own, currency, inclusive)
    return Scenario(
        zone=zone,
        currency=currency,
        country=country,
        rates=rates,
        inclusive=inclusive,
        prices=tuple(prices),
        coupons={code: coupon(code, own) for code, own in _named(catalogue.get("coupons"))},
        meters={code: str(own.get("aggregation", "sum")) for code, own in _named(catalogue.get("meters"))},
        negative=frozenset(
            code for code, own in _named(catalogue.get("meters")) if word(own.get("negative", "no")) in ("yes", "true")
        ),
        policy=policy(DEFAULTS, raw.get("policy")),
        acts=tuple(_acts(raw.get("timeline") or (), zone)),
    )


def _named(group: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(group, Mapping):
        return [(str(code), own or {}) for code, own in group.items()]
    return [(str(own["code"]), own) for own in group or ()]


def _prices(owner: str, plan: Mapping[str, Any], currency: str, inclusive: bool) -> Iterable[Price]:
    shared = {key: value for key, value in plan.items() if key not in ("prices", "code")}
    for place, own in enumerate(plan.get("prices") or [{}]):
        yield _price(owner, place, {**shared, **own}, currency, inclusive)


def _price(owner: str, place: int, own: Mapping[str, Any], currency: str, inclusive: bool) -> Price:
    if set(own) - PRICE_FIELDS:
        raise NotSupported(f"price field {sorted(set(own) - PRICE_FIELDS)}")
    metered = own.get("meter") is not None
    model = str(own.get("model") or "per_unit")
    if model not in MODELS or (model == "percentage" and not metered):
        raise NotSupported(f"price model {model}")
    return Price(
        code=str(own.get("code") or (owner if place == 0 else f"{owner}#{place}")),
        owner=owner,
        product=str(own.get("product") or "main"),
        currency=str(own.get("currency") or currency),
        interval=interval(own.get("interval") or "month"),
        amount=number(own.get("amount") or 0),
        model=model,
        timing="usage" if metered else str(own.get("timing") or "advance"),
        tiers=tuple(_tier(tier) for tier in own.get("tiers") or ()),
        package_size=number(own.get("package_size") or 1),
        free_units=number(own.get("free_units") or 0),
        percent=number(own.get("percent") or 0),
        fixed=number(own.get("fixed") or 0),
        period_minimum=number(own["period_minimum"]) if own.get("period_minimum") is not None else None,
        setup_fee=number(own.get("setup_fee") or 0),
        tax_inclusive=word(own.get("tax_inclusive", inclusive)) in ("yes", "true"),
        tax_class=str(own["tax_class"]) if own.get("tax_class") else None,
        trial_days=int(str(own.get("trial_days") or 0)),
        meter=str(own["meter"]) if metered else None,
        sells_quantity=own.get("model") != "flat",
    )


def _tier(raw: Mapping[str, Any]) -> Tier:
    if set(raw) - {"up_to", "unit", "flat"}:
        raise NotSupported(f"tier {sorted(raw)}")
    top = raw.get("up_to")
    return Tier(
        None if word(top) in ("none", "") else number(top), number(raw.get("unit") or 0), number(raw.get("flat") or 0)
    )


def coupon(code: str, raw: Mapping[str, Any]) -> Coupon:
    for key in ("plans", "products"):
        if isinstance(raw.get(key), str):
            raise NotSupported(f"coupon {key} as text")
    duration = word(raw.get("duration", "once"))
    return Coupon(
        code=code,
        percent=number(raw["percent"]) if raw.get("percent") is not None else None,
        amount=number(raw["amount"]) if raw.get("amount") is not None else None,
        periods={"once": 1, "forever": None}[duration] if duration in ("once", "forever") else int(duration.split()[0]),
        plans=tuple(map(str, raw.get("plans") or ())),
        products=tuple(map(str, raw.get("products") or ())),
    )


def tax(raw: Any, country: str | None) -> tuple[tuple[Rate, ...], bool]:
    """The rates, and whether prices are gross unless they say otherwise."""
    if raw is None:
        return (), False
    if isinstance(raw, Mapping):
        inclusive = word(raw.get("inclusive", "no")) in ("yes", "true")
        return tax(raw.get("rates", raw.get("percent")), country)[0], inclusive
    if not isinstance(raw, (list, tuple)):
        return (Rate(country, None, number(raw), None, None),), False

    def day(value: Any) -> date | None:
        return date.fromisoformat(str(value)) if value else None

    return tuple(
        Rate(one.get("country"), one.get("class"), number(one["percent"]), day(one.get("from")), day(one.get("to")))
        for one in raw
    ), False


def _acts(timeline: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> Iterable[Act]:
    last: datetime | None = None
    for raw in timeline:
        entry = dict(raw)
        at = moment(entry.pop("at"), zone)
        if "verb" not in entry:
            ((verb, args),) = [
                (key, value) for key, value in entry.items() if key in VERBS or isinstance(value, Mapping)
            ]
            entry = {**entry, **(args or {}), "verb": verb}
            del entry[verb]
        verb, overrides = str(entry.pop("verb")), entry.pop("policy", None) or {}
        if verb not in VERBS:
            raise NotSupported(f"verb {verb}")
        customer, subscription = entry.pop("customer", None), entry.pop("subscription", None)
        if set(entry) - VERBS[verb]:
            raise NotSupported(f"{verb}: {sorted(set(entry) - VERBS[verb])}")
        if last is not None and at < last:
            raise NotSupported("a timeline out of order")
        last = at
        yield Act(at, verb, str(customer or ""), str(subscription or ""), entry, overrides)
