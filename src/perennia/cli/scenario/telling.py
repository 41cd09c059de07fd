"""What came of a scenario as data, for `--json`: the shape that docs/scenario-format.md promises."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from perennia.cli.scenario.limits import Notice
from perennia.cli.scenario.playing import Moment, Outcome
from perennia.domain.calendar import local_time, midnight, zone_info
from perennia.domain.documents import Document, Line, LineKind
from perennia.domain.money import decimal_text, round_ratio
from perennia.operations.previews import Drafted
from perennia.store.reads.issued import IssuedDocument, IssuedLine

_NOT_SAVED = ("number",)
_NOT_IN_A_LINE = ("plan", "credits")


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Amounts are decimal text in the currency's digits, instants ISO 8601 in the scenario's zone."""
    return {
        "moments": [_moment(moment, outcome) for moment in outcome.moments],
        "errors": [{"at": iso(refusal.at, outcome.script.zone), "code": refusal.code} for refusal in outcome.refusals],
        **({"drafts": [_drafted(*one, outcome.script.zone) for one in outcome.drafts]} if outcome.drafts else {}),
        "verify_ok": outcome.verify_ok,
    }


def _drafted(customer: str, found: Drafted, zone: str) -> dict[str, Any]:
    return {
        "customer": customer,
        "issued_at": None if found.issued_at is None else iso(found.issued_at, zone),
        "documents": [unsaved(one, zone) for one in found.documents],
    }


def _moment(moment: Moment, outcome: Outcome) -> dict[str, Any]:
    other = {} if moment.currency == outcome.script.currency else {"currency": moment.currency}
    return {
        "at": iso(moment.at, outcome.script.zone),
        "customer": moment.customer,
        **other,
        "documents": [document(found) for found in moment.documents],
        "balance_after": decimal_text(moment.balance_minor, moment.currency),
        **({"notices": [_notice(one, outcome.script.zone) for one in moment.notices]} if moment.notices else {}),
    }


def _notice(found: Notice, zone: str) -> dict[str, Any]:
    alert = found.alert
    reached = {"quantity": alert.quantity, "amount": alert.amount}
    return {
        "kind": "usage_alert",
        "subscription": alert.subscription,
        "meter": alert.meter,
        **{name: value for name, value in reached.items() if value is not None},
        "period_start": local(found.period_start, zone),
    }


def document(found: IssuedDocument) -> dict[str, Any]:
    """One document; its lines less `discount` are `net`, with `tax` they are `total`, less what was paid they are `due`."""

    def text(minor: int) -> str:
        return decimal_text(minor, found.currency)

    lines = [line_minor(line) for line in found.lines]
    total = found.net_minor + found.tax_minor
    return {
        "kind": found.kind,
        "number": found.number,
        "lines": [_line(line, text(minor)) for line, minor in zip(found.lines, lines, strict=True)],
        "discount": text(sum(lines) - found.net_minor),
        "net": text(found.net_minor),
        "tax": text(found.tax_minor),
        "total": text(total),
        "paid_from_balance": text(found.from_balance_minor),
        "due": text(max(total, 0) - found.from_balance_minor),
    }


def _line(line: IssuedLine, amount: str) -> dict[str, Any]:
    zone = line.zone or "UTC"
    return {
        "item": line.item or line.description,
        "plan": line.plan,
        "kind": kind_of(line),
        "start": local(line.start, zone),
        "end": local(line.end, zone),
        "quantity": plain(line.quantity),
        "amount": amount,
        "credits": credited(line),
    }


def line_minor(line: IssuedLine) -> int:
    """A line's amount without tax, before discounts; a credit gives back what was really charged."""
    discount = line.discount_minor
    if line.tax_inclusive and discount:
        with_tax = (100 + line.tax_percent).as_integer_ratio()
        discount = round_ratio(discount * 100 * with_tax[1], with_tax[0])
    return line.net_minor + discount


def kind_of(line: IssuedLine) -> str:
    """The word for it; whatever gives back a charge is a credit: by a change, for a pause, or by hand."""
    return LineKind.CREDIT.name.lower() if line.credits else LineKind(line.kind).name.lower()


def credited(line: IssuedLine) -> str | None:
    """The charge line that is given back, as number/line; the kind stands before it where that is no invoice."""
    if line.credits is None:
        return None
    kind, number, position = line.credits
    return f"{number}/{position}" if kind == "invoice" else f"{kind} {number}/{position}"


def plain(number: Decimal) -> str:
    """A number without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def local(at: datetime, zone: str) -> str:
    """The local date, with the time where that is not the day's first instant."""
    found = local_time(at, zone)
    return found.date().isoformat() if at == midnight(found.date(), zone) else found.isoformat()


def iso(at: datetime, zone: str) -> str:
    return at.astimezone(zone_info(zone)).isoformat()


def unsaved(found: Document, zone: str) -> dict[str, Any]:
    """In the shape of a scenario's documents, without what only a saved one has."""
    data = document(_as_issued(found, zone))
    lines = [{name: value for name, value in line.items() if name not in _NOT_IN_A_LINE} for line in data["lines"]]
    kept = {name: value for name, value in data.items() if name not in _NOT_SAVED}
    return {"currency": found.currency, **kept, "lines": lines}


def _as_issued(document: Document, zone: str) -> IssuedDocument:
    return IssuedDocument(
        id=document.id,
        kind=document.kind.value,
        number=0,
        payer_id=document.payer_id,
        currency=document.currency,
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        from_balance_minor=document.from_balance_minor,
        lines=tuple(_lines(document.lines, zone)),
    )


def _lines(lines: Iterable[Line], zone: str) -> Iterable[IssuedLine]:
    for line in lines:
        yield IssuedLine(
            kind=line.kind,
            item=None,
            plan=None,
            description=line.description,
            zone=zone,
            start=line.period_start,
            end=line.period_end,
            quantity=line.quantity,
            net_minor=line.net_minor,
            discount_minor=line.discount_minor,
            tax_percent=line.tax_percent,
            tax_inclusive=line.tax_inclusive,
        )
