"""From a file to a script. Liberal in form, strict in meaning: what has none is refused with its place."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perennia.cli.scenario import catalogue, grammar
from perennia.cli.scenario.grammar import Verb
from perennia.cli.scenario.script import FIRST_DAY, Act, Rate, Script, Unread
from perennia.cli.scenario.tree import Node, Unreadable, looks_like_json, parse
from perennia.cli.scenario.values import (
    MISSING,
    UNKNOWN,
    Fields,
    Reader,
    T,
    by_rule,
    day,
    moment,
    moment_of_any_year,
    number,
    policy,
    policy_of_act,
    text,
    unknown,
    yes_no,
)
from perennia.domain.calendar import zone_info
from perennia.domain.errors import ClockGoesForward
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
        raise Unreadable("this is not UTF-8 text; save it as UTF-8") from None
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
    defaults = catalogue.Defaults(
        currency, inclusive, _counted([entry for entry in timeline if isinstance(entry, Act)])
    )
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


def _timeline(node: Node, *, zone: str) -> list[Act | Unread]:
    if not isinstance(node.value, list):
        raise node.refuse("a list of entries is expected here, each {at, verb, …}")
    verbs = grammar.verbs(zone)
    return [_entry(child, verbs=verbs, zone=zone) for child in node.value]


def _entry(node: Node, *, verbs: Mapping[str, Verb], zone: str) -> Act | Unread:
    """An entry that makes no sense keeps no other from being read."""
    try:
        return _act(node, verbs=verbs, zone=zone)
    except Unreadable as error:
        told_at = _written(node, "at", moment_of_any_year(zone))
        return Unread(_written(node, "at", moment(zone)), told_at, error, _creates(node, verbs))


def _creates(node: Node, verbs: Mapping[str, Verb]) -> str | None:
    """The customer whom an entry without a meaning would have made."""
    try:
        name, inner = _verb(Fields(node), verbs)
    except Unreadable:
        return None
    own = [node] if inner is None else [node, inner.node]
    given = [who for one in own if (who := _written(one, "customer", text)) is not None]
    return given[0] if given and name == "create_customer" else None


def _written(node: Node, key: str, read: Reader[T]) -> T | None:
    """One value of an entry without a meaning, if that much can be read of it."""
    try:
        return Fields(node).get(key, read)
    except Unreadable:
        return None


def _act(node: Node, *, verbs: Mapping[str, Verb], zone: str) -> Act:
    if not isinstance(node.value, dict):
        raise node.refuse("an entry is expected here, as in {at: 2024-01-31, subscribe: basic}")
    fields = Fields(node)
    at = fields.need("at", moment(zone))
    name, inner = _verb(fields, verbs)
    verb = verbs[name]
    own = [fields] if inner is None else [fields, inner]
    customer, subscription = _either(own, "customer", text), _either(own, "subscription", text)
    act_policy = _either(own, "policy", policy_of_act) or {}
    given = {key: value for key, read in verb.takes.items() if (value := _either(own, key, read)) is not None}
    for some in own:
        some.done(kind=f"{name}")
    if verb.needs and not any(key in given for key in verb.needs):
        raise node.refuse(f"{' or '.join(verb.needs)} is missing", code=MISSING)
    for one, other in verb.either:
        if one in given and other in given:
            raise node.refuse(f"{one} and {other} cannot both be given; leave one out")
    if given.get("to", at) < at:
        raise node.refuse("a clock does not go back: `to` is earlier than `at`", code=ClockGoesForward.code)
    return Act(at, name, verb.of, customer, subscription, act_policy, given)


def _verb(fields: Fields, verbs: Mapping[str, Verb]) -> tuple[str, Fields | None]:
    """The verb, and its own arguments where they stand inside: `{at, subscribe: {…}}`."""
    found = fields.node_of("verb")
    if found is not None:
        name = text(found)
        if name not in verbs:
            raise found.refuse(unknown(name, list(verbs), kind="verb", kinds="the verbs are"), code=UNKNOWN)
        return name, None
    names = [name for name in verbs if fields.has(name)]
    if len(names) != 1:
        values = fields.node.value
        others = [key for key in values if key not in _ENTRY] if isinstance(values, dict) else []
        if not names and others:
            reason = unknown(others[0], list(verbs), kind="verb", kinds="the verbs are")
            raise fields.node.refuse(reason, code=UNKNOWN)
        code = UNKNOWN if names else MISSING
        raise fields.node.refuse(f"an entry has one verb; here are {', '.join(names) or 'none'}", code=code)
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


def _counted(acts: Sequence[Act]) -> frozenset[str]:
    """The codes of what is sold by the piece: some entry gives a quantity, of it or of a subscription that may have it."""
    counted: set[str] = set()
    by_the_piece: list[Act] = []
    for act in acts:
        steps = act.given.get("ramp", act.given.get("steps", ()))
        item = act.given.get("item") or act.given.get("add_on")
        if "quantity" in act.given and item is not None:
            counted.add(item)
        elif "quantity" in act.given or any(step["quantity"] is not None for step in steps):
            by_the_piece.append(act)
        counted |= {item["code"] for item in act.given.get("items", ()) if item["quantity"] is not None}
    selling = [act for act in acts if "plan" in act.given]
    return frozenset(counted | {one.given["plan"] for one in selling if any(_may_be_one(one, x) for x in by_the_piece)})


def _may_be_one(act: Act, other: Act) -> bool:
    """Whether two entries may be about one subscription, by the names that they give."""
    names = (act.customer, other.customer), (act.subscription, other.subscription)
    return all(None in pair or pair[0] == pair[1] for pair in names)
