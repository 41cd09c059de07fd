"""What came of a scenario for people: documents as small tables."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from perennia.cli import language, told
from perennia.cli.scenario.playing import Moment, Outcome, Refusal
from perennia.cli.scenario.telling import document, local
from perennia.cli.scenario.tree import Unreadable
from perennia.domain.errors import DomainError
from perennia.domain.money import decimal_text
from perennia.store.reads.issued import IssuedDocument

_ID = re.compile(r"\b(?:sub|cus|inv)_[0-9a-f]{32}\b")


def as_text(outcome: Outcome, *, sentences: bool = True) -> str:
    """Everything in order; refusals with a sentence or only with their code. The checks are named that found something."""
    blocks = []
    for one in outcome.happened:
        when = local(one.at, outcome.script.zone)
        if isinstance(one, Moment):
            blocks += _moment(one, when, home=outcome.script.currency)
        else:
            blocks.append(_refusal(one, when, outcome.names if sentences else None))
    for finding in outcome.findings:
        if finding.failed:
            name = finding.name.replace("_", " ")
            blocks += [f"WRONG {name}", *(f"  {example}" for example in finding.examples)]
    return "\n".join(blocks)


def wording(error: DomainError | Unreadable) -> str:
    """A refusal in the language of PERENNIA_LANGUAGE."""
    return told(error) if isinstance(error, DomainError) else error.told(language())


def _refusal(refusal: Refusal, when: str, names: Mapping[str, str] | None) -> str:
    """With a sentence, in which things are called what the file calls them, or, without `names`, the code alone."""
    if names is None or refusal.error is None:
        return f"{when} refused: {refusal.code}"
    sentence = _ID.sub(lambda found: names.get(found[0], found[0]), wording(refusal.error))
    return f"{when} refused: {refusal.code} ({sentence})"


def _moment(moment: Moment, when: str, *, home: str) -> list[str]:
    """Its documents and its balance; the currency where it is not the scenario's."""
    balance = f"balance {decimal_text(moment.balance_minor, moment.currency)}"
    if moment.currency != home:
        balance += f" {moment.currency}"
    rows = []
    for notice in moment.notices:
        alert = notice.alert
        much = alert.quantity or f"{alert.amount} {moment.currency}"
        rows.append(f"{when} {moment.customer} alert: {alert.meter} of {alert.subscription} reached {much}")
    if not moment.documents:
        return [*rows, f"{when} {moment.customer} {balance}"] if moment.balance_moved else rows
    for found in moment.documents:
        currency = "" if found.currency == home else f", {found.currency}"
        rows += [f"{when} {moment.customer} {found.kind.replace('_', ' ')} {found.number}{currency}", *_document(found)]
    return [*rows, f"  {balance}"] if moment.balance_moved else rows


def _document(found: IssuedDocument) -> list[str]:
    values = document(found)
    sums = [("net", "net"), ("tax", "tax")] if found.tax_minor else []
    if Decimal(values["discount"]):
        sums = [("discount", "discount"), ("net", "net"), *sums[1:]]
    sums.append(("total", "total"))
    if found.from_balance_minor:
        sums += [("from balance", "paid_from_balance"), ("due", "due")]
    rows = aligned([_row(line) for line in values["lines"]])
    return [*rows, "  " + "  ".join(f"{name} {values[key]}" for name, key in sums)]


def _row(line: Mapping[str, Any]) -> Sequence[str]:
    """What a line says; what goes without saying is left out: that it is recurring, that it is one."""
    return (
        line["item"],
        "" if line["kind"] == "recurring" else line["kind"],
        f"{line['start']}..{line['end']}",
        "" if line["quantity"] == "1" else f"x{line['quantity']}",
        line["amount"],
        "" if line["credits"] is None else f"of {line['credits']}",
    )


_AMOUNT = 4


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their columns under each other, amounts by their end; a column that all leave empty is left out."""
    columns = [n for n in range(len(rows[0])) if any(row[n] for row in rows)]
    width = {n: max(len(row[n]) for row in rows) for n in columns}
    lines = []
    for row in rows:
        cells = [row[n].rjust(width[n]) if n == _AMOUNT else row[n].ljust(width[n]) for n in columns]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines
