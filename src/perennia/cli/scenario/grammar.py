"""The verbs of a timeline with the arguments that each takes.

`verbs.py` says what each does; a test holds both tables together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennia.cli.scenario.script import Of
from perennia.cli.scenario.tree import Node
from perennia.cli.scenario.values import (
    Fields,
    Reader,
    day,
    list_of,
    moment,
    number,
    one_of,
    text,
    text_unless_no,
    whole,
    word_or_time,
    yes_no,
)


@dataclass(frozen=True, slots=True)
class Verb:
    """Whom it is done to, what it takes, and which of these a bare value stands for (`advance_to: 2024-05-01`)."""

    of: Of
    takes: Mapping[str, Reader[Any]]
    bare: str | None = None
    needs: tuple[str, ...] = ()
    """Of these one must be there."""
    either: tuple[tuple[str, str], ...] = ()
    """Pairs of which only one can be there."""


def item(node: Node) -> Mapping[str, Any]:
    """One item of a subscription: a plan or an add-on, by its code or that of a price."""
    if isinstance(node.value, str):
        return {"code": text(node), "quantity": None, "amount": None}
    fields = Fields(node)
    codes = [code for name in ("add_on", "plan", "price", "item") if (code := fields.get(name, text)) is not None]
    if len(codes) != 1:
        raise node.refuse("an item names one add_on, plan or price")
    made = {"code": codes[0], "quantity": fields.get("quantity", number), "amount": fields.get("amount", number)}
    fields.done(kind="an item")
    return made


def term(node: Node) -> Mapping[str, Any]:
    """So many periods, and what then; a number alone renews."""
    if isinstance(node.value, str):
        return {"periods": whole(node), "then": None}
    fields = Fields(node)
    made = {"periods": fields.need("periods", whole), "then": fields.get("then", one_of("renew", "go_on", "end"))}
    fields.done(kind="a term")
    return made


def step(node: Node) -> Mapping[str, Any]:
    """One step of a ramp: a date, or so many periods, and what the plan is or costs from then on."""
    fields = Fields(node)
    made = {
        "at": fields.get("at", day),
        "after_periods": fields.get("after_periods", whole),
        "price": fields.get("plan", text) or fields.get("price", text),
        "quantity": fields.get("quantity", number),
        "amount": fields.get("amount", number),
    }
    fields.done(kind="a step")
    return made


def usage_event(zone: str) -> Reader[Mapping[str, Any]]:
    """A reader of one usage event, its time local in `zone` where it has no offset."""

    def read(node: Node) -> Mapping[str, Any]:
        fields = Fields(node)
        made = {
            "key": fields.get("key", text),
            "at": fields.get("at", moment(zone)),
            "value": fields.get("value", number),
            "who": fields.get("who", text),
        }
        fields.done(kind="a usage event")
        return made

    return read


def credited_line(node: Node) -> Mapping[str, Any]:
    """One line to credit, by its place on the document; all of it where neither amount nor quantity says less."""
    fields = Fields(node)
    made = {
        "line": fields.need("line", whole),
        "amount": fields.get("amount", number),
        "quantity": fields.get("quantity", number),
    }
    fields.done(kind="a line")
    return made


def verbs(zone: str) -> Mapping[str, Verb]:
    """The table, for times without an offset in `zone`."""
    return {**_beginning(), **_changing(zone), **_going_on_and_ending(zone), **_money(zone), **_running(zone)}


def _each(names: str, read: Reader[Any]) -> dict[str, Reader[Any]]:
    return dict.fromkeys(names.split(), read)


def _beginning() -> dict[str, Verb]:
    customer = _each("timezone country region tax_id parent email language", text)
    customer |= {"billing_day": whole, "exempt": text_unless_no}
    subscription = (
        _each("plan coupon alignment addon_of po_number currency", text)
        | _each("quantity amount", number)
        | _each("anchor start_date end_date trial_end", day)
        | _each("trial_days net_days", whole)
        | {"items": list_of(item), "term": term, "collection": one_of("automatic", "send"), "apart": yes_no}
        | {"payment_behavior": one_of("allow", "incomplete"), "ramp": list_of(step)}
    )
    return {
        "create_customer": Verb("customer", customer),
        "set_time_zone": Verb("customer", {"timezone": text}, "timezone"),
        "subscribe": Verb("new_subscription", subscription, "plan", either=(("trial_days", "trial_end"),)),
    }


def _changing(zone: str) -> dict[str, Verb]:
    when = {"when": word_or_time(zone, "now", "period_end")}
    gated = {**when, "payment_gated": yes_no}
    agreed = _each("quantity amount", number)
    return {
        "change_plan": Verb("subscription", {"plan": text, **agreed, **gated}, "plan", ("plan",)),
        "set_quantity": Verb("subscription", {"item": text, "quantity": number, **gated}, "quantity", ("quantity",)),
        "ramp": Verb("subscription", {"steps": list_of(step)}, "steps", ("steps",)),
        "add_item": Verb("subscription", {"add_on": text, **agreed, **gated}, "add_on", ("add_on",)),
        "remove_item": Verb("subscription", {"item": text, **when}, "item", ("item",)),
        "set_anchor_day": Verb("subscription", {"day": whole, "anchor": day}, "day", ("day", "anchor")),
        "unchange": Verb("subscription", {"change": text}, "change"),
    }


def _going_on_and_ending(zone: str) -> dict[str, Verb]:
    until = {"term_end": word_or_time(zone), "periods": whole, "then": one_of("renew", "go_on", "end")}
    pause = {
        "until": word_or_time(zone),
        "periods": whole,
        "when": word_or_time(zone, "now", "period_end"),
    }
    return {
        "cancel": Verb("subscription", {"when": word_or_time(zone, "now", "period_end", "period_start")}, "when"),
        "uncancel": Verb("subscription", {}),
        "reactivate": Verb("subscription", {"start_date": day}, "start_date"),
        "withdraw": Verb("subscription", {"immediate_start": yes_no}),
        "pause": Verb("subscription", pause, "until", either=(("until", "periods"),)),
        "resume": Verb("subscription", {"when": word_or_time(zone, "now")}, "when"),
        "skip": Verb("subscription", {"periods": whole}, "periods"),
        "set_trial_end": Verb("subscription", {"trial_end": word_or_time(zone)}, "trial_end", ("trial_end",)),
        "end_trial": Verb("subscription", {}),
        "set_term_end": Verb("subscription", until, "term_end", either=(("term_end", "periods"),)),
        "hold_invoicing": Verb("subscription", {}),
        "release_invoicing": Verb("subscription", {}),
        "issue_drafts": Verb("subscription", {}),
    }


def _money(zone: str) -> dict[str, Verb]:
    document = {"document": text}
    credit = {**document, "lines": list_of(credited_line), "amount": number, "becomes": one_of("balance", "refund")}
    charge = (
        _each("name tax_class currency", text)
        | _each("amount quantity", number)
        | {"when": one_of("now", "next_invoice"), "tax_inclusive": yes_no}
    )
    used = {"events": list_of(usage_event(zone)), "value": number, **_each("meter key who", text)}
    cap = {"quantity": number, "meter": text, "beyond": one_of("refuse", "free")}
    alert = _each("quantity amount", number) | {"meter": text}
    granted = {"amount": number, "currency": text, "expires": day, "kind": one_of("promotional", "paid")}
    return {
        "apply_coupon": Verb("customer", {"coupon": text}, "coupon", ("coupon",)),
        "usage": Verb("subscription", used, "value", either=(("value", "events"),)),
        "set_cap": Verb("subscription", cap, "quantity", ("quantity",)),
        "end_cap": Verb("subscription", {"meter": text}, "meter"),
        "set_alert": Verb("subscription", alert, "quantity", ("quantity", "amount")),
        "one_off": Verb("customer", charge, "amount", ("amount",)),
        "credit_note": Verb("customer", credit, "document", either=(("lines", "amount"),)),
        "adjust_line": Verb("customer", {**document, "line": whole, "amount": number}, "amount", ("amount",)),
        "void": Verb("customer", document, "document"),
        "write_off": Verb("customer", document, "document"),
        "record_payment": Verb("customer", {**document, "amount": number, "currency": text}, "document"),
        "refund": Verb("customer", {"amount": number}, "amount"),
        "grant_credit": Verb("customer", granted, "amount", ("amount",)),
    }


def _running(zone: str) -> dict[str, Verb]:
    return {
        "bill_run": Verb("nobody", {}),
        "advance_to": Verb("nobody", {"to": moment(zone)}, "to"),
    }
