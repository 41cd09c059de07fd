"""What decisions add: lines, spans, receivables, postings, the story, and last of all the numbered documents."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from perennia.domain.decision import Decision, Posting, SpanFree
from perennia.domain.documents import SETTLES, Document, DocumentKind, Line, LineKind
from perennia.domain.explanation import evidence_stored, extras
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.identity import new_ids
from perennia.store.session import Cursor, affected
from perennia.store.writes.changes import flat

_DOCUMENT = (
    "id", "tenant_id", "kind", "entity_id", "number", "payer_id", "buyer_party_id", "seller_party_id", "currency",
    "issued_at", "due_at", "pay_by", "collection", "net_minor", "tax_minor", "from_balance_minor", "tax_evidence",
    "po_number",
)  # fmt: skip
_LINE = (
    "tenant_id", "document_id", "position", "kind", "subscription_id", "version_id", "period_start", "period_end",
    "net_minor", "tax_minor", "discount_minor", "tax_inclusive", "credits_document_id", "credits_position",
    "description", "model", "quantity", "unit_amount", "tax_percent", "calculation",
)  # fmt: skip
_SPAN = ("tenant_id", "span_start", "version_id", "kind", "span_end", "document_id", "position")
_RECEIVABLE = (
    "document_id", "tenant_id", "payer_id", "due_minor", "open_minor", "pay_by", "attempts", "next_attempt_at",
    "currency", "state",
)  # fmt: skip
_ALLOCATION = ("source_id", "document_id", "tenant_id", "amount_minor", "at", "source")
_BALANCE = (
    "id", "tenant_id", "payer_id", "entity_id", "amount_minor", "source_id", "at", "currency", "source", "grant_id",
)  # fmt: skip
_POSTING = ("transaction_id", "account", "amount_minor", "at", "tenant_id", "currency")
_MOVEMENT = ("tenant_id", "subscription_id", "mrr_minor", "effective_at", "cause", "kind", "currency")
_OUTBOX = ("id", "tenant_id", "subject_id", "occurred_at", "payer_id", "type")
_HISTORY = ("tenant_id", "subject_id", "at", "payer_id", "before", "after", "reason", "change", "actor")


_PLAIN = [name for name in _DOCUMENT if name not in ("number", "issued_at")]
_NUMBERED_INSERT = f"""
WITH wanted AS (
    SELECT w.*, CASE WHEN e.yearly THEN extract(year FROM %(now)s AT TIME ZONE t.zone)::smallint ELSE 0 END AS year
    FROM unnest(%(ids)s::uuid[], %(entities)s::uuid[], %(kinds)s::text[], %(counts)s::bigint[]) AS w (id, entity_id, kind, n)
    JOIN legal_entities e ON e.id = w.entity_id AND e.tenant_id = %(tenant)s JOIN tenants t ON t.id = e.tenant_id
), taken AS (
    INSERT INTO number_series AS s (id, tenant_id, entity_id, kind, year, next_number, last_issued_at)
    SELECT id, %(tenant)s, entity_id, kind, year, n + 1, %(now)s FROM wanted ORDER BY entity_id, kind
    ON CONFLICT (tenant_id, entity_id, kind, year) DO UPDATE SET
        next_number = s.next_number + excluded.next_number - 1,
        last_issued_at = greatest(s.last_issued_at, excluded.last_issued_at)
    RETURNING entity_id, kind, next_number, last_issued_at
)
INSERT INTO documents ({", ".join(_PLAIN)}, series_year, number, issued_at)
SELECT {", ".join(f"d.{name}" for name in _PLAIN)},
    wanted.year, taken.next_number - wanted.n + d.number, taken.last_issued_at
FROM {{source}} AS d JOIN wanted USING (entity_id, kind) JOIN taken USING (entity_id, kind)
"""

_UNNUMBERED = 1 << 62
_UNNUMBERED_INSERT = f"""
INSERT INTO documents ({", ".join(_PLAIN)}, number, issued_at)
SELECT {", ".join(f"d.{name}" for name in _PLAIN)}, d.number, d.issued_at FROM {{source}} AS d
"""
"""For a preview: a number that no series ever gives and no other document has, so that nobody waits for it."""


def insert_children(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    documents = flat(decisions, "documents")
    lines = [
        (document, position, line) for document in documents for position, line in enumerate(document.lines, start=1)
    ]
    bulk.insert(cursor, tables.Line, _LINE, bulk.Rows(lambda one: _line_row(one[0], one[1], one[2], tenant), lines))
    usage = {(one.document_id, one.position) for one in flat(decisions, "usage")}
    settling = [one for one in lines if one[2].kind in SETTLES and (one[0].id, one[1]) not in usage]
    spans = bulk.Rows(lambda one: _span_row(one, tenant), [*settling, *flat(decisions, "free")])
    bulk.insert(cursor, tables.BilledSpan, _SPAN, spans)
    bulk.insert(
        cursor,
        tables.Receivable,
        _RECEIVABLE,
        [_receivable_row(document, tenant) for document in documents if document.kind is DocumentKind.INVOICE],
    )
    bulk.insert(
        cursor,
        tables.Allocation,
        _ALLOCATION,
        [(a.source_id, a.document_id, tenant, a.amount_minor, a.at, a.source) for a in flat(decisions, "allocations")],
    )
    _insert_balance(cursor, decisions, tenant=tenant)
    insert_postings(cursor, flat(decisions, "postings"), tenant=tenant)
    _insert_story(cursor, decisions, tenant=tenant, actor=actor)


def insert_postings(cursor: Cursor, postings: Sequence[Posting], *, tenant: Id) -> None:
    rows = [(p.transaction_id, p.account, p.amount_minor, p.at, tenant, p.currency) for p in postings]
    bulk.insert(cursor, tables.Posting, _POSTING, rows)


def _insert_balance(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    rows = [
        (
            b.id,
            tenant,
            decision.payer_id,
            b.entity_id,
            b.amount_minor,
            b.source_id,
            b.at,
            b.currency,
            b.source,
            b.grant_id,
        )
        for decision in decisions
        for b in decision.balance
    ]
    bulk.insert(cursor, tables.BalanceEntry, _BALANCE, rows)


def _insert_story(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    """Movements, history and outbox: what is told of the change."""
    movements = [
        (tenant, m.subscription_id, m.mrr_minor, m.effective_at, m.cause, m.kind, m.currency)
        for m in flat(decisions, "movements")
    ]
    bulk.insert(cursor, tables.Movement, _MOVEMENT, movements, recorded_at=True)
    history: list[tuple[Any, ...]] = [
        (tenant, m.subscription_id, m.at, decision.payer_id, m.before, m.after, m.cause, "subscription.status", actor)
        for decision in decisions
        for m in decision.moves
    ]
    history += [
        (tenant, one.subject_id, one.at, decision.payer_id, one.before, one.after, one.reason, one.change, actor)
        for decision in decisions
        for one in decision.states
    ]
    bulk.insert(cursor, tables.History, _HISTORY, history, recorded_at=True)
    events = [(decision.payer_id, event) for decision in decisions for event in decision.events]
    outbox = [
        (key, tenant, event.subject_id, event.at, payer_id, event.type)
        for key, (payer_id, event) in zip(new_ids(len(events)), events, strict=True)
    ]
    bulk.insert(cursor, tables.Outbox, _OUTBOX, outbox, recorded_at=True)


def _span_row(one: tuple[Document, int, Line] | SpanFree, tenant: Id) -> tuple[Any, ...]:
    if isinstance(one, SpanFree):
        return tenant, one.start, one.version_id, LineKind.RECURRING, one.end, None, None
    document, position, line = one
    return tenant, line.period_start, line.version_id, line.kind, line.period_end, document.id, position


def _line_row(document: Document, position: int, line: Line, tenant: Id) -> tuple[Any, ...]:
    credited_document, credited_position = line.credits or (None, None)
    return (
        tenant, document.id, position, line.kind, line.subscription_id, line.version_id, line.period_start,
        line.period_end, line.net_minor, line.tax_minor, line.discount_minor, line.tax_inclusive, credited_document,
        credited_position, line.description, line.model, line.quantity, line.unit_amount, line.tax_percent,
        None if line.calculation is None else orjson.dumps(extras(line.calculation)).decode(),
    )  # fmt: skip


def _receivable_row(document: Document, tenant: Id) -> tuple[Any, ...]:
    open_minor = document.open_minor
    charge_at: datetime | None = None
    if open_minor and document.collection is CollectionMode.AUTOMATIC:
        charge_at = document.issued_at
    return (
        document.id, tenant, document.payer_id, document.total_minor, open_minor, document.pay_by, 0, charge_at,
        document.currency, "open" if open_minor else "paid",
    )  # fmt: skip


def insert_documents(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """Lock the series, take one block of numbers each, and insert the documents with them in order.

    A series by year is opened by its first document.
    """
    documents = flat(decisions, "documents")
    if not documents:
        return
    if getattr(cursor.connection, "perennia_previews", False):
        _insert_unnumbered(cursor, documents, tenant=tenant)
        return
    taken: Counter[tuple[Id, str]] = Counter()
    rows = []
    for document in documents:
        series = (document.entity_id, document.kind)
        rows.append(_document_row(document, taken[series], tenant))
        taken[series] += 1
    offered = bulk.offer(cursor, tables.Document, _DOCUMENT, rows)
    cursor.execute(
        _NUMBERED_INSERT.format(source=offered.source).encode(),
        {
            "ids": new_ids(len(taken)),
            "entities": [entity for entity, _ in taken],
            "kinds": [str(kind) for _, kind in taken],
            "counts": list(taken.values()),
            "tenant": tenant,
            "now": max(document.issued_at for document in documents),
            **offered.values,
        },
    )
    numbered = affected(cursor)
    if numbered != len(documents):
        raise RuntimeError(f"{len(documents)} documents drafted, {numbered} numbered: a legal entity is missing")


def _insert_unnumbered(cursor: Cursor, documents: Sequence[Document], *, tenant: Id) -> None:
    places = (_UNNUMBERED + int.from_bytes(document.id[-7:], "big") for document in documents)
    rows = [_document_row(document, place, tenant) for document, place in zip(documents, places, strict=True)]
    offered = bulk.offer(cursor, tables.Document, _DOCUMENT, rows)
    cursor.execute(_UNNUMBERED_INSERT.format(source=offered.source).encode(), offered.values)


def _document_row(document: Document, place: int, tenant: Id) -> tuple[Any, ...]:
    """A document whose number is, for now, its place in the block that its series will give."""
    d = document
    return (
        d.id, tenant, d.kind, d.entity_id, place, d.payer_id, d.buyer_party_id, d.seller_party_id, d.currency,
        d.issued_at, d.due_at, d.pay_by, d.collection, d.net_minor, d.tax_minor, d.from_balance_minor,
        None if d.tax_evidence is None else evidence_stored(d.tax_evidence), d.po_number,
    )  # fmt: skip
