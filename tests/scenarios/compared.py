"""A scenario played by the product and worked out by the oracle, compared day by day."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported
from tests.oracle.billing import billed

NOW = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a customer was billed on one local day in one currency."""

    lines: tuple[str, ...]
    total: Decimal
    balance: Decimal

    def __str__(self) -> str:
        return "\n      ".join([f"total {self.total}  balance {self.balance}", *self.lines])


Days = dict[tuple[str, str, str], Seen]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`agreed`, `differs`, `unverified`, or `not supported` by the oracle, and what there is to say about it."""

    word: str
    told: str = ""

    @property
    def is_good(self) -> bool:
        return self.word in ("agreed", "not supported")


def compare(scenario: dict[str, Any]) -> Verdict:
    """Play the scenario, take the acts that were accepted to the oracle, and compare what each says per day."""
    from perennia.cli.scenario.playing import play
    from perennia.cli.scenario.reading import read

    return judge(play(read(json.dumps(scenario)), now=NOW), scenario)


def judge(outcome: Any, scenario: dict[str, Any]) -> Verdict:
    """What the oracle says to a scenario that was played."""
    if not outcome.was_played:
        return Verdict("not supported", f"refused: {outcome.refusals[0].code}")
    if not outcome.verify_ok:
        return Verdict("unverified", str([(one.name, one.examples) for one in outcome.findings if one.failed]))
    if any(refusal.code == "catch_up" for refusal in outcome.refusals):
        return Verdict("not supported", "more periods than may be billed unseen")
    refused = {refusal.place for refusal in outcome.refusals}
    accepted = [act for place, act in enumerate(scenario["timeline"]) if place not in refused]
    try:
        told = billed({**scenario, "timeline": accepted}, in_time=False)
    except NotSupported as reason:
        return Verdict("not supported", str(reason))
    pauses = any(act.get("verb") in ("pause", "skip") for act in accepted)
    product, oracle = _by_product(outcome, scenario, open_ended=pauses), _by_oracle(told, open_ended=pauses)
    if product == oracle:
        return Verdict("agreed")
    days = [day for day in sorted({*product, *oracle}) if product.get(day) != oracle.get(day)]
    return Verdict(
        "differs",
        "\n".join(f"{' '.join(day)}\n  product {product.get(day)}\n  oracle  {oracle.get(day)}" for day in days[:3]),
    )


def _by_product(outcome: Any, scenario: dict[str, Any], *, open_ended: bool) -> Days:
    zones = {
        act["customer"]: ZoneInfo(act["timezone"])
        for act in scenario["timeline"]
        if act.get("verb") == "create_customer" and "timezone" in act
    }
    home = ZoneInfo(scenario.get("timezone", "UTC"))
    of_days: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for moment in outcome.moments:
        day = moment.at.astimezone(zones.get(moment.customer, home)).date()
        of_days[day.isoformat(), moment.customer, moment.currency].append(moment)
    found: Days = {}
    for key, moments in of_days.items():
        documents = [document for moment in moments for document in moment.documents]
        if documents:
            lines = [_issued(line, key[2]) for document in documents for line in document.lines]
            total = sum(document.net_minor + document.tax_minor for document in documents)
            balance = moments[-1].balance_minor
            seen = Seen(_lines(lines, open_ended=open_ended), _amount(total, key[2]), _amount(balance, key[2]))
            found[key] = seen
    return found


def _issued(line: Any, currency: str) -> dict[str, Any]:
    """A line without tax and after discounts, as the oracle tells it."""
    from perennia.cli.scenario.telling import kind_of, local

    zone = line.zone or "UTC"
    return {
        "item": line.item or line.description,
        "kind": kind_of(line),
        "start": local(line.start, zone),
        "end": local(line.end, zone),
        "amount": _amount(line.net_minor, currency),
    }


def _amount(minor: int, currency: str) -> Decimal:
    from perennia.domain.money import decimal_text

    return Decimal(decimal_text(minor, currency))


def _by_oracle(days: list[Any], *, open_ended: bool) -> Days:
    told = [day.as_json() for day in days]
    return {
        (day["day"], day["customer"], day["currency"]): Seen(
            _lines(day["lines"], open_ended=open_ended), Decimal(day["total"]), Decimal(day["balance_after"])
        )
        for day in told
    }


def _lines(lines: list[dict[str, Any]], *, open_ended: bool) -> tuple[str, ...]:
    """In one order; a fee of an instant has no end, a single sum is of its document's day.

    With `open_ended` a charge is told without its end: the product tells a part that a pause will make longer as it
    was charged, the oracle with the pause in it.
    """
    told = []
    for line in lines:
        kind = "credit" if Decimal(line["amount"]) < 0 else line["kind"]
        has_end = kind not in ("setup", "one_off") and (kind == "credit" or not open_ended)
        end = line["end"] if has_end and line["end"] not in (None, line["start"]) else ""
        start = "" if kind == "one_off" else line["start"]
        told.append(f"{line['item']} {kind} {start}..{end} {Decimal(line['amount'])}")
    return tuple(sorted(told))
