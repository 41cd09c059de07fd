"""Issued documents whole: lines with their calculations, the frozen parties, and what decided the tax."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.documents import DocumentKind, Line, LineKind, TaxEvidence
from perennia.domain.errors import NotFound
from perennia.domain.explanation import evidence_of, from_row
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line with the time zone of its subscription, if it is of one, and what it credits as (kind, number, position)."""

    line: Line
    zone: str | None
    credits: tuple[str, int, int] | None


@dataclass(frozen=True, slots=True)
class ExplainedDocument:
    """`buyer` and `seller` are the parties frozen on it; `series_year` is 0 for a series that goes on for ever."""

    id: Id
    kind: DocumentKind
    number: int
    series_year: int
    payer_id: Id
    currency: str
    issued_at: datetime
    net_minor: int
    tax_minor: int
    from_balance_minor: int
    buyer: dict[str, Any]
    seller: dict[str, Any]
    evidence: TaxEvidence | None
    lines: tuple[ExplainedLine, ...]


def named(cursor: Cursor, *, tenant: Id, kind: DocumentKind, number: int, year: int | None = None) -> list[Id]:
    """The documents of that kind and number: one for each legal entity, and where those number by the year each year."""
    rows = cursor.execute(
        """SELECT id FROM documents WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND number = %(number)s
            AND (%(year)s::int IS NULL OR series_year = %(year)s::int) ORDER BY issued_at, id""",
        {"tenant": tenant, "kind": kind.value, "number": number, "year": year},
    )
    return [key for (key,) in rows.fetchall()]


def document(cursor: Cursor, *, document_id: Id) -> ExplainedDocument:
    """Raises NotFound; a document of another tenant is not found either."""
    row = cursor.execute(
        """SELECT d.id, d.kind, d.number, d.series_year, d.payer_id, d.currency, d.issued_at, d.net_minor, d.tax_minor,
            d.from_balance_minor, b.content, s.content, d.tax_evidence
        FROM documents d JOIN parties b ON b.id = d.buyer_party_id JOIN parties s ON s.id = d.seller_party_id
        WHERE d.id = %s""",
        (document_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="document", id=document_id.text("inv"))
    key, kind, *values, evidence = row
    lines = tuple(_lines(cursor, document_id=document_id, currency=values[3]))
    found = None if evidence is None else evidence_of(evidence)
    return ExplainedDocument(*(key, DocumentKind(kind), *values, found, lines))


def _lines(cursor: Cursor, *, document_id: Id, currency: str) -> list[ExplainedLine]:
    rows = cursor.execute(
        """SELECT coalesce(v.zone, s.zone), c.kind, c.number, l.calculation, l.credits_document_id, l.credits_position,
            l.kind, l.subscription_id, l.version_id, l.description, l.period_start, l.period_end, l.model, l.quantity,
            l.unit_amount, l.net_minor, l.tax_minor, l.tax_percent, l.tax_inclusive, l.discount_minor
        FROM lines l LEFT JOIN subscriptions s ON s.id = l.subscription_id
            LEFT JOIN item_versions v ON v.id = l.version_id LEFT JOIN documents c ON c.id = l.credits_document_id
        WHERE l.document_id = %s ORDER BY l.position""",
        (document_id,),
    )
    return [_line(row, currency=currency) for row in rows.fetchall()]


def _line(row: tuple[Any, ...], *, currency: str) -> ExplainedLine:
    zone, credited_kind, credited_number, stored, credited, position, kind, *columns = row
    calculation = from_row(
        kind=kind,
        model=columns[5],
        unit_amount=columns[7],
        quantity=columns[6],
        exponent=exponent(currency),
        stored=None if stored is None else json.loads(stored),
    )
    credits = None if credited is None else (credited, position)
    line = Line(*(LineKind(kind), *columns, calculation, credits))
    return ExplainedLine(line, zone, None if credited is None else (credited_kind, credited_number, position))
