"""What came of a scenario for people: documents as small tables."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from perennia.cli import told as wording
from perennia.cli.scenario.playing import Moment, Outcome, Refusal
from perennia.cli.scenario.telling import document, local
from perennia.domain.money import decimal_text
from perennia.store.reads.issued import IssuedDocument


def as_text(outcome: Outcome, *, sentences: bool = True) -> str:
    """Everything in order; refusals with a sentence or only with their code. The checks are named that found something."""
    blocks = []
    for one in outcome.happened:
        when = local(one.at, outcome.script.zone)
        blocks += _moment(one, when) if isinstance(one, Moment) else [_refusal(one, when, sentences=sentences)]
    for finding in outcome.findings:
        if finding.failed:
            name = finding.name.replace("_", " ")
            blocks += [f"WRONG {name}", *(f"  {example}" for example in finding.examples)]
    return "\n".join(blocks)


def _refusal(refusal: Refusal, when: str, *, sentences: bool) -> str:
    sentence = f" ({wording(refusal.error)})" if sentences and refusal.error is not None else ""
    return f"{when} refused: {refusal.code}{sentence}"


def _moment(moment: Moment, when: str) -> list[str]:
    balance = f"balance {decimal_text(moment.balance_minor, moment.currency)}"
    if not moment.documents:
        return [f"{when} {moment.customer} {balance}"]
    told = []
    for found in moment.documents:
        told += _document(found, f"{when} {moment.customer}")
    return [*told, f"  {balance}"] if moment.balance_moved else told


def _document(found: IssuedDocument, who: str) -> list[str]:
    values = document(found)
    sums = [("net", "net"), ("tax", "tax")] if found.tax_minor else []
    if Decimal(values["discount"]):
        sums = [("discount", "discount"), ("net", "net"), *sums[1:]]
    sums.append(("total", "total"))
    if found.from_balance_minor:
        sums += [("from balance", "paid_from_balance"), ("due", "due")]
    return [
        f"{who} {found.kind.replace('_', ' ')} {found.number}",
        *aligned([_row(line) for line in values["lines"]]),
        "  " + "  ".join(f"{name} {values[key]}" for name, key in sums),
    ]


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
