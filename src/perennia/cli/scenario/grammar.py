"""The verbs of a timeline with the arguments that each takes, and what cannot be played yet.

`verbs.py` says what each does; a test holds both tables together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    whole,
    word_or_time,
    yes_no,
)

LATER_VERBS = frozenset(
    {"adjust_line", "apply_coupon", "credit_note", "grant_credit", "one_off", "record_payment", "refund", "usage"}
)  # fmt: skip
"""Verbs that are read but refused: no operation does it yet."""

LATER_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "create_customer": frozenset({"billing_day", "parent"}),
    "subscribe": frozenset({"coupon", "po_number"}),
}  # fmt: skip
"""Arguments that are read but refused, by verb."""

Of = Literal["nobody", "customer", "new_subscription", "subscription"]


@dataclass(frozen=True, slots=True)
class Verb:
    """Whom it is done to, what it takes, and which of these a bare value stands for (`advance_to: 2024-05-01`)."""

    of: Of
    takes: Mapping[str, Reader[Any]]
    bare: str | None = None
    needs: tuple[str, ...] = ()
    """Of these one must be there."""
    takes_policy: bool = True


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


def usage_event(node: Node) -> Mapping[str, Any]:
    """One usage event; `at` stays text until the scenario's zone is known."""
    fields = Fields(node)
    made = {
        "key": fields.get("key", text),
        "at": fields.node_of("at"),
        "value": fields.get("value", number),
        "who": fields.get("who", text),
    }
    fields.done(kind="a usage event")
    return made


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
    when = {"when": word_or_time(zone, "now", "period_end")}
    document = {"document": text}
    return {
        "create_customer": Verb(
            "customer",
            {
                "timezone": text,
                "billing_day": whole,
                "country": text,
                "tax_id": text,
                "exempt": text,
                "region": text,
                "parent": text,
                "email": text,
                "language": text,
            },
            takes_policy=False,
        ),
        "subscribe": Verb(
            "new_subscription",
            {
                "plan": text,
                "quantity": number,
                "items": list_of(item),
                "coupon": text,
                "anchor": day,
                "start_date": day,
                "end_date": day,
                "alignment": text,
                "addon_of": text,
                "trial_days": whole,
                "trial_end": day,
                "amount": number,
                "term": term,
                "collection": one_of("automatic", "send"),
                "net_days": whole,
                "po_number": text,
                "apart": yes_no,
                "currency": text,
            },
            bare="plan",
        ),
        "change_plan": Verb(
            "subscription", {"plan": text, "quantity": number, "amount": number, **when}, "plan", ("plan",)
        ),
        "set_quantity": Verb("subscription", {"item": text, "quantity": number, **when}, "quantity", ("quantity",)),
        "add_item": Verb(
            "subscription", {"add_on": text, "quantity": number, "amount": number, **when}, "add_on", ("add_on",)
        ),
        "remove_item": Verb("subscription", {"item": text, **when}, "item", ("item",)),
        "unchange": Verb("subscription", {"change": text}, "change", takes_policy=False),
        "cancel": Verb("subscription", {"when": word_or_time(zone, "now", "period_end", "period_start")}, bare="when"),
        "uncancel": Verb("subscription", {}, takes_policy=False),
        "pause": Verb("subscription", {"until": word_or_time(zone), "periods": whole, **when}, bare="until"),
        "resume": Verb("subscription", {"when": word_or_time(zone, "now")}, bare="when"),
        "skip": Verb("subscription", {"periods": whole}, bare="periods"),
        "reactivate": Verb("subscription", {"start_date": day}, bare="start_date"),
        "withdraw": Verb("subscription", {"immediate_start": yes_no}, takes_policy=False),
        "set_anchor_day": Verb("subscription", {"day": whole, "anchor": day}, "day", ("day", "anchor")),
        "set_trial_end": Verb("subscription", {"trial_end": word_or_time(zone)}, "trial_end", ("trial_end",)),
        "end_trial": Verb("subscription", {}),
        "set_term_end": Verb(
            "subscription",
            {"term_end": word_or_time(zone), "periods": whole, "then": one_of("renew", "go_on", "end")},
            bare="term_end",
            takes_policy=False,
        ),
        "apply_coupon": Verb("customer", {"coupon": text}, bare="coupon"),
        "usage": Verb(
            "customer",
            {"meter": text, "value": number, "key": text, "who": text, "events": list_of(usage_event)},
        ),
        "one_off": Verb(
            "customer",
            {
                "name": text,
                "amount": number,
                "quantity": number,
                "tax_class": text,
                "when": one_of("now", "next_invoice"),
            },
        ),
        "credit_note": Verb(
            "customer",
            {
                **document,
                "lines": list_of(credited_line),
                "amount": number,
                "becomes": one_of("balance", "refund"),
            },
            bare="document",
        ),
        "adjust_line": Verb("customer", {**document, "line": whole, "amount": number}),
        "refund": Verb("customer", {"payment": text, "amount": number}, bare="amount"),
        "grant_credit": Verb("customer", {"amount": number, "expires": day}, bare="amount"),
        "record_payment": Verb("customer", {**document, "amount": number}, bare="document"),
        "hold_invoicing": Verb("subscription", {}, takes_policy=False),
        "release_invoicing": Verb("subscription", {}, takes_policy=False),
        "bill_run": Verb("nobody", {}, takes_policy=False),
        "advance_to": Verb("nobody", {"to": moment(zone)}, "to", takes_policy=False),
    }
