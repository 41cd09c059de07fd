"""From a file to a script. Liberal in form, strict in meaning: what has none is refused with its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from perennia.cli.scenario import catalogue, grammar
from perennia.cli.scenario.grammar import Verb
from perennia.cli.scenario.script import FIRST_DAY, Act, Rate, Script
from perennia.cli.scenario.tree import Node, Unreadable, looks_like_json, parse
from perennia.cli.scenario.values import (
    Fields,
    by_rule,
    day,
    moment,
    number,
    policy,
    text,
    unknown,
    yes_no,
)
from perennia.domain.calendar import zone_info
from perennia.domain.money import exponent

_LARGEST = 10 << 20
_ENTRY = ("at", "verb", "customer", "subscription", "policy")


def read_file(path: Path) -> Script:
    """The scenario in a file. Raises Unreadable."""
    try:
        if path.stat().st_size > _LARGEST:
            raise Unreadable(f"a scenario has at most {_LARGEST >> 20} MB")
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("this is not UTF-8 text") from None
    except OSError as error:
        raise Unreadable(f"{error.strerror}") from None
    return read(content, is_json=looks_like_json(path, content))


def read(content: str, *, is_json: bool = False) -> Script:
    """The scenario in a text. Raises Unreadable."""
    fields = Fields(parse(content, is_json=is_json))
    name = fields.get("name", text) or ""
    zone = fields.get("timezone", _zone) or "UTC"
    currency = fields.get("currency", _currency) or "EUR"
    country = fields.get("country", text) or "DK"
    taxes, inclusive = _taxes(fields.node_of("tax"), country=country)
    shop = fields.node_of("catalogue")
    own_policy = fields.get("policy", policy) or {}
    timeline = _timeline(fields.need("timeline", lambda node: node), zone=zone)
    fields.done(kind="a scenario")
    defaults = catalogue.Defaults(currency, inclusive, _counted(timeline))
    goods = Fields(shop or Node({}, "catalogue"))
    script = Script(
        name=name,
        policy=own_policy,
        zone=zone,
        currency=currency,
        country=country,
        taxes=taxes,
        tax_inclusive=inclusive,
        products=catalogue.products(goods.node_of("products")),
        sold=[
            *catalogue.sold(goods.node_of("plans"), is_plan=True, defaults=defaults),
            *catalogue.sold(goods.node_of("add_ons"), is_plan=False, defaults=defaults),
        ],
        coupons=catalogue.coupons(goods.node_of("coupons"), defaults=defaults),
        meters=catalogue.meters(goods.node_of("meters")),
        timeline=timeline,
    )
    goods.done(kind="a catalogue")
    return script


def _zone(node: Node) -> str:
    found = text(node)
    by_rule(node, lambda: zone_info(found))
    return found


def _currency(node: Node) -> str:
    found = text(node)
    by_rule(node, lambda: exponent(found))
    return found


def _taxes(node: Node | None, *, country: str) -> tuple[list[Rate], bool]:
    """The rates, and whether prices include tax where they do not say."""
    if node is None:
        return [], False
    if isinstance(node.value, str):
        return [Rate(country, "standard", number(node))], False
    found, inclusive = [], False
    for child in node.value if isinstance(node.value, list) else [node]:
        fields = Fields(child)
        inclusive = fields.get("inclusive", yes_no) or inclusive
        rate = Rate(
            country=fields.get("country", text) or country,
            tax_class=fields.get("class", text) or "standard",
            percent=fields.need("percent", number),
            valid_from=fields.get("from", day) or FIRST_DAY,
            valid_to=fields.get("to", day),
        )
        fields.done(kind="a tax rate")
        found.append(rate)
    return found, inclusive


@dataclass(slots=True)
class _Cast:
    """The names met so far: who is there, whose each subscription is, and each customer's latest."""

    customers: list[str] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)

    def customer(self, node: Node, given: str | None, subscription: str | None) -> str:
        if given is None and subscription in self.owner:
            return self.owner[subscription]
        if given is None and len(self.customers) > 1:
            raise node.refuse(f"customer is missing; there are {', '.join(self.customers)}")
        found = given or (self.customers[0] if self.customers else "c1")
        if found not in self.customers:
            self.customers.append(found)
        return found

    def starts(self, customer: str, given: str | None) -> str:
        """The name of a subscription that starts: the customer's own where it has none."""
        name, n = given or customer, 2
        while given is None and name in self.owner:
            name, n = f"{customer}-{n}", n + 1
        self.owner.setdefault(name, customer)
        self.latest[customer] = name
        return name

    def subscription(self, node: Node, given: str | None, customer: str | None) -> str:
        if given is None:
            owner = self.customer(node, customer, None)
            if owner not in self.latest:
                raise node.refuse(f"{owner} has no subscription yet; a subscribe comes first")
            return self.latest[owner]
        whose = self.owner.get(given)
        if customer is not None and whose not in (None, customer):
            raise node.refuse(f"{given} is a subscription of {whose}")
        return given


def _timeline(node: Node, *, zone: str) -> list[Act]:
    if not isinstance(node.value, list):
        raise node.refuse("a list of entries is expected here, each {at, verb, …}")
    verbs, cast = grammar.verbs(zone), _Cast()
    acts: list[Act] = []
    reached: datetime | None = None
    for child in node.value:
        act = _act(child, verbs=verbs, cast=cast, zone=zone)
        until = act.given.get("to") or act.at
        if reached is not None and act.at < reached:
            raise child.refuse("entries stand in the order of time; this one is earlier than what is before it")
        if until < act.at:
            raise child.refuse("a clock does not go back: `to` is earlier than `at`")
        reached = until
        acts.append(act)
    return acts


def _act(node: Node, *, verbs: Mapping[str, Verb], cast: _Cast, zone: str) -> Act:
    fields = Fields(node)
    at = fields.need("at", moment(zone))
    name, inner = _verb(fields, verbs)
    verb = verbs[name]
    own = [fields] if inner is None else [fields, inner]
    customer, subscription = _either(own, "customer", text), _either(own, "subscription", text)
    act_policy = _either(own, "policy", policy) or {}
    given = {key: value for key, read in verb.takes.items() if (value := _either(own, key, read)) is not None}
    for some in own:
        some.done(kind=f"{name}")
    if verb.needs and not any(key in given for key in verb.needs):
        raise node.refuse(f"{' or '.join(verb.needs)} is missing")
    if verb.of != "nobody" and (verb.of != "subscription" or customer is not None):
        customer = cast.customer(node, customer, subscription)
    if verb.of == "new_subscription":
        assert customer is not None
        subscription = cast.starts(customer, subscription)
    elif verb.of == "subscription" or subscription is not None:
        subscription = cast.subscription(node, subscription, customer)
        customer = cast.owner.get(subscription) or customer
    return Act(at, name, customer, subscription, act_policy, given)


def _verb(fields: Fields, verbs: Mapping[str, Verb]) -> tuple[str, Fields | None]:
    """The verb, and its own arguments where they stand inside: `{at, subscribe: {…}}`."""
    found = fields.node_of("verb")
    if found is not None:
        name = text(found)
        if name not in verbs:
            raise found.refuse(unknown(name, list(verbs), kind="verb", kinds="the verbs are"))
        return name, None
    names = [name for name in verbs if fields.has(name)]
    if len(names) != 1:
        values = fields.node.value
        others = [key for key in values if key not in _ENTRY] if isinstance(values, dict) else []
        if not names and others:
            raise fields.node.refuse(unknown(others[0], list(verbs), kind="verb", kinds="the verbs are"))
        raise fields.node.refuse(f"an entry has one verb; here are {', '.join(names) or 'none'}")
    (name,) = names
    inner = fields.node_of(name)
    if inner is None or isinstance(inner.value, dict):
        return name, Fields(inner or Node({}, fields.node.place, fields.node.line))
    bare = verbs[name].bare
    if bare is None:
        raise inner.refuse(f"{name} takes keys with values, as in {{{', '.join(verbs[name].takes)}}}")
    return name, Fields(Node({bare: inner}, inner.place, inner.line))


def _either(own: list[Fields], key: str, read: Any) -> Any:
    """A value from the entry or from inside its verb; not from both."""
    found = [value for fields in own if (value := fields.get(key, read)) is not None]
    if len(found) > 1:
        raise own[0].node.refuse(f"{key} stands here twice")
    return found[0] if found else None


def _counted(timeline: list[Act]) -> frozenset[str]:
    """The codes of what is sold by the piece: some entry gives a quantity."""
    plans: dict[str, set[str]] = {}
    counted: set[str] = set()
    sold_by_the_piece: set[str] = set()
    for act in timeline:
        name, plan = act.subscription or "", act.given.get("plan")
        if plan is not None:
            plans.setdefault(name, set()).add(plan)
        if "quantity" in act.given:
            item = act.given.get("item") or act.given.get("add_on")
            counted |= {item} if item else set()
            sold_by_the_piece |= set() if item else {name}
        if any(step["quantity"] is not None for step in act.given.get("ramp", act.given.get("steps", ()))):
            sold_by_the_piece.add(name)
        counted |= {item["code"] for item in act.given.get("items", ()) if item["quantity"] is not None}
    return frozenset(counted.union(*(plans.get(name, set()) for name in sold_by_the_piece)))
