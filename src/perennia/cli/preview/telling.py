"""Previews as data for `--json`, and as text: (data, text) of each."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from perennia.cli.scenario.tables import aligned
from perennia.cli.scenario.telling import iso, local, unsaved
from perennia.domain.decision import Movement, SubscriptionMove
from perennia.domain.documents import Document
from perennia.domain.money import decimal_text
from perennia.operations.previews import Calendar, Drafted, Preview, Upcoming
from perennia.operations.what_if import WhatIf

Told = tuple[dict[str, Any], str]


def next_invoice(found: Upcoming | None, *, zone: str) -> Told:
    """The next documents."""
    if found is None:
        return {"next": None}, "nothing is known to come"
    return {"next": _upcoming(found, zone)}, "\n".join(_upcoming_text(found, zone))


def drafts(found: Drafted, *, zone: str) -> Told:
    """What fell due and is not issued yet, as it would be now."""
    issued = "when it is asked for, released or paid" if found.issued_at is None else local(found.issued_at, zone)
    data = {
        "issued_at": None if found.issued_at is None else iso(found.issued_at, zone),
        "drafts": [unsaved(document, zone) for document in found.documents],
    }
    text = [
        line for one in found.documents for line in _document_text(one, f"draft of {local(one.due_at, zone)}:", zone)
    ]
    return data, "\n".join([*text, f"to be issued: {issued}"] if text else ["no drafts"])


def calendar(found: Calendar) -> Told:
    """All that is known to come, with what it adds up to by currency."""
    documents = [document for upcoming in found.upcoming for document in upcoming.documents]
    totals = {
        currency: sum(document.total_minor for document in documents if document.currency == currency)
        for currency in sorted({document.currency for document in documents})
    }
    data = {
        "payer": found.payer_id.text("cus"),
        "now": iso(found.now, found.zone),
        "until": iso(found.until, found.zone),
        "set_aside": found.set_aside,
        "upcoming": [_upcoming(upcoming, found.zone) for upcoming in found.upcoming],
        "totals": [
            {"currency": currency, "total": decimal_text(total, currency)} for currency, total in totals.items()
        ],
    }
    lines = [line for upcoming in found.upcoming for line in _upcoming_text(upcoming, found.zone)]
    if found.set_aside is not None:
        lines.insert(0, f"set aside ({found.set_aside}): nothing is billed until it is released, see `perennia doctor`")
    sums = ", ".join(f"{decimal_text(total, currency)} {currency}" for currency, total in totals.items()) or "nothing"
    lines.append(f"until {local(found.until, found.zone)}: {len(documents)} documents, {sums}")
    return data, "\n".join(lines)


def preview(found: Preview, *, zone: str) -> Told:
    """What an act would do."""
    data = {
        "documents": [unsaved(document, zone) for document in found.documents],
        "states": [_move(move, zone) for move in found.moves],
        "recurring": [_movement(movement, zone) for movement in found.movements],
        "balances": [
            {
                "currency": currency,
                "before": decimal_text(found.balances_before.get((payer, entity, currency), 0), currency),
                "after": decimal_text(after, currency),
            }
            for (payer, entity, currency), after in found.balances.items()
        ],
        "next_due_at": None if found.next_due_at is None else iso(found.next_due_at, zone),
        "next": None if found.upcoming is None else _upcoming(found.upcoming, zone),
    }
    return data, "\n".join(_preview_text(data, found, zone))


def _preview_text(data: dict[str, Any], found: Preview, zone: str) -> list[str]:
    lines = [line for document in found.documents for line in _document_text(document, "now", zone)]
    lines = lines or ["no document now"]
    lines += [f"{move['at'][:10]} from {move['before']} to {move['after']}" for move in data["states"]]
    lines += [
        f"{one['at'][:10]} recurring revenue {one['kind']} {one['amount']} {one['currency']} a month"
        for one in data["recurring"]
    ]
    lines += [
        f"credit balance {one['after']} {one['currency']}" + (f", was {one['before']}" if _moved(one) else "")
        for one in data["balances"]
        if _moved(one) or Decimal(one["after"])
    ]
    if found.upcoming is None:
        return [*lines, "nothing more is known to come"]
    return [*lines, "then", *_upcoming_text(found.upcoming, zone)]


def _moved(balance: dict[str, str]) -> bool:
    return balance["before"] != balance["after"]


def _move(move: SubscriptionMove, zone: str) -> dict[str, Any]:
    return {"at": iso(move.at, zone), "before": move.before.value, "after": move.after.value}


def _movement(movement: Movement, zone: str) -> dict[str, Any]:
    return {
        "at": iso(movement.effective_at, zone),
        "kind": movement.kind.value,
        "currency": movement.currency,
        "amount": decimal_text(movement.mrr_minor, movement.currency),
    }


def _upcoming(found: Upcoming, zone: str) -> dict[str, Any]:
    return {
        "at": iso(found.at, zone),
        "documents": [unsaved(document, zone) for document in found.documents],
        "usage_unknown": [
            {"item": usage.name, "start": local(usage.start, zone), "end": local(usage.end, zone)}
            for usage in found.usage
        ],
    }


def _upcoming_text(found: Upcoming, zone: str) -> list[str]:
    when = local(found.at, zone)
    lines = [line for document in found.documents for line in _document_text(document, when, zone)]
    return lines + [
        f"{when} {usage.name}  {local(usage.start, zone)}..{local(usage.end, zone)}  as much as is used"
        for usage in found.usage
    ]


def _document_text(document: Document, when: str, zone: str) -> list[str]:
    data = unsaved(document, zone)
    rows = [_row(line) for line in data["lines"]]
    names = ["net", "tax"] if document.tax_minor else []
    if Decimal(data["discount"]):
        names = ["discount", "net", *names[1:]]
    sums = [f"{name} {data[name]}" for name in (*names, "total")]
    if document.from_balance_minor:
        sums += [f"from balance {data['paid_from_balance']}", f"due {data['due']}"]
    kind = document.kind.value.replace("_", " ")
    return [f"{when} {kind}, {document.currency}", *aligned(rows), "  " + "  ".join(sums)]


def _row(line: dict[str, Any]) -> Sequence[str]:
    kind = "" if line["kind"] == "recurring" else line["kind"].replace("_", " ")
    quantity = "" if line["quantity"] == "1" else f"x{line['quantity']}"
    return line["item"], kind, f"{line['start']}..{line['end']}", quantity, line["amount"], ""


def what_if(found: WhatIf) -> Told:
    """Money a month, before and after."""
    rows = [
        {
            "month": f"{one.month:%Y-%m}",
            **{
                f"{name}_{when}": decimal_text(getattr(month, f"{name}_minor"), found.currency)
                for when, month in (("before", one.before), ("after", one.after))
                for name in ("mrr", "net", "tax", "total")
            },
        }
        for one in found.months
    ]
    data = {
        "currency": found.currency,
        "price": f"{found.price.unit_amount.normalize():f}",
        "from": found.start_on.isoformat(),
        "subscriptions": found.subscriptions,
        "kept_own_amount": found.kept,
        "payers": found.payers,
        "distinct_terms": found.distinct,
        "months": rows,
    }
    return data, "\n".join(_what_if_text(found))


def _what_if_text(found: WhatIf) -> list[str]:
    table: list[tuple[str, ...]] = [("month", "MRR before", "after", "more", "invoiced before", "after", "more")]
    for one in found.months:
        amounts = [one.before.mrr_minor, one.after.mrr_minor, one.after.mrr_minor - one.before.mrr_minor]
        amounts += [one.before.net_minor, one.after.net_minor, one.after.net_minor - one.before.net_minor]
        table.append((f"{one.month:%Y-%m}", *(_grouped(amount, found.currency) for amount in amounts)))
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    kept = f", {found.kept:,} more keep an amount of their own" if found.kept else ""
    head = f"{found.subscriptions:,} subscriptions of {found.payers:,} payers{kept}; {found.currency}, without tax"
    return [head, *lines]


def _grouped(minor: int, currency: str) -> str:
    return f"{Decimal(decimal_text(minor, currency)):,}"
