"""The one writer: whatever a rule decided, for one payer or two thousand, in a fixed number of statements.

Children first, documents last: the number series, the only row that all payers of a tenant share, is locked
just before the documents are inserted and the transaction ends.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from perennia.domain.decision import Decision
from perennia.domain.documents import Document, DocumentKind, Line, LineKind
from perennia.domain.explanation import extras
from perennia.domain.facts import CollectionMode, Status
from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.arrays import instants, keys
from perennia.store.identity import new_ids
from perennia.store.session import Cursor

_DOCUMENT = (
    "id", "tenant_id", "kind", "entity_id", "number", "payer_id", "buyer_party_id", "seller_party_id", "currency",
    "issued_at", "due_at", "pay_by", "collection", "net_minor", "tax_minor", "from_balance_minor",
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
_BALANCE = ("id", "tenant_id", "payer_id", "entity_id", "amount_minor", "source_id", "at", "currency", "source")
_POSTING = ("transaction_id", "account", "amount_minor", "at", "tenant_id", "currency")
_MOVEMENT = ("tenant_id", "subscription_id", "mrr_minor", "effective_at", "cause", "kind", "currency")
_OUTBOX = ("id", "tenant_id", "subject_id", "occurred_at", "payer_id", "type")
_HISTORY = ("tenant_id", "subject_id", "at", "payer_id", "before", "after", "reason", "change", "actor")


def apply(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    """Write everything that was decided. The payers' locks are held; the caller's transaction commits it."""
    if not decisions:
        return
    _change_subscriptions(cursor, decisions)
    _move_settled(cursor, decisions)
    _cut_spans(cursor, decisions)
    _use_discounts(cursor, decisions)
    _lower_receivables(cursor, decisions)
    _move_payers(cursor, decisions)
    _insert_children(cursor, decisions, tenant=tenant, actor=actor)
    _insert_documents(cursor, decisions, tenant=tenant)


def _flat(decisions: Sequence[Decision], name: str) -> list[Any]:
    return list(chain.from_iterable(getattr(decision, name) for decision in decisions))


def _change_subscriptions(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    moves = _flat(decisions, "moves")
    if moves:
        last = {move.subscription_id: move for move in moves}
        cursor.execute(
            """UPDATE subscriptions s SET status = m.status, ended_at = m.ended_at
            FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS m (id, status, ended_at) WHERE s.id = m.id""",
            (
                list(last),
                [move.after.value for move in last.values()],
                [move.at if move.after is Status.CANCELED else None for move in last.values()],
            ),
        )


def _move_settled(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    settled = _flat(decisions, "settled")
    if settled:
        cursor.execute(
            """UPDATE item_versions v SET billed_through = n.through
            FROM unnest(%s::uuid[], %s::timestamptz[]) AS n (id, through) WHERE v.id = n.id""",
            (keys(version for version, _ in settled), instants(through for _, through in settled)),
        )


def _cut_spans(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    cuts = _flat(decisions, "cuts")
    if cuts:
        keys = ([cut.version_id for cut in cuts], [cut.start for cut in cuts], [cut.end for cut in cuts])
        cursor.execute(
            """UPDATE billed_spans b SET span_end = c.span_end
            FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS c (version_id, span_start, span_end)
            WHERE b.version_id = c.version_id AND b.span_start = c.span_start AND c.span_end > c.span_start""",
            keys,
        )
        cursor.execute(
            """DELETE FROM billed_spans b USING unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[])
            AS c (version_id, span_start, span_end)
            WHERE b.version_id = c.version_id AND b.span_start = c.span_start AND c.span_end = c.span_start""",
            keys,
        )
        cursor.execute(
            """UPDATE item_versions v SET billed_through = least(v.billed_through, c.span_end)
            FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS c (version_id, span_start, span_end)
            WHERE v.id = c.version_id""",
            keys,
        )


def _use_discounts(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    uses = _flat(decisions, "discounts")
    if uses:
        cursor.execute(
            """UPDATE subscription_discounts d SET periods_left = u.periods_left, ended_at = u.ended_at
            FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[]) AS u (id, periods_left, ended_at)
            WHERE d.id = u.id""",
            (
                [use.discount_id for use in uses],
                [use.periods_left for use in uses],
                [use.ended_at for use in uses],
            ),
        )


def _lower_receivables(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    """Allocations to documents issued earlier; those of this decision are born with what is left open."""
    new = {document.id for decision in decisions for document in decision.documents}
    lowered: Counter[Id] = Counter()
    for allocation in _flat(decisions, "allocations"):
        if allocation.document_id not in new:
            lowered[allocation.document_id] += allocation.amount_minor
    if lowered:
        cursor.execute(
            """UPDATE receivables r SET open_minor = r.open_minor - a.amount,
                state = CASE WHEN r.open_minor = a.amount THEN 'paid' ELSE r.state END,
                next_attempt_at = CASE WHEN r.open_minor = a.amount THEN NULL ELSE r.next_attempt_at END
            FROM unnest(%s::uuid[], %s::bigint[]) AS a (id, amount) WHERE r.document_id = a.id""",
            (list(lowered), list(lowered.values())),
        )


def _move_payers(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    cursor.execute(
        """UPDATE payers p SET next_due_at = n.next_due_at, has_credit = p.has_credit OR n.has_credit
        FROM unnest(%s::uuid[], %s::timestamptz[], %s::bool[]) AS n (id, next_due_at, has_credit)
        WHERE p.id = n.id AND (p.next_due_at IS DISTINCT FROM n.next_due_at OR n.has_credit AND NOT p.has_credit)""",
        (
            keys(decision.payer_id for decision in decisions),
            instants(decision.next_due_at for decision in decisions),
            [any(entry.amount_minor > 0 for entry in decision.balance) for decision in decisions],
        ),
    )


def _insert_children(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    documents = _flat(decisions, "documents")
    lines = [
        (document, position, line) for document in documents for position, line in enumerate(document.lines, start=1)
    ]
    bulk.insert(cursor, tables.Line, _LINE, [_line_row(*line, tenant) for line in lines])
    bulk.insert(
        cursor,
        tables.BilledSpan,
        _SPAN,
        [
            (tenant, line.period_start, line.version_id, line.kind, line.period_end, document.id, position)
            for document, position, line in lines
            if line.kind is LineKind.RECURRING
        ],
    )
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
        [(a.source_id, a.document_id, tenant, a.amount_minor, a.at, a.source) for a in _flat(decisions, "allocations")],
    )
    _insert_balance(cursor, decisions, tenant=tenant)
    bulk.insert(
        cursor,
        tables.Posting,
        _POSTING,
        [(p.transaction_id, p.account, p.amount_minor, p.at, tenant, p.currency) for p in _flat(decisions, "postings")],
    )
    _insert_story(cursor, decisions, tenant=tenant, actor=actor)


def _insert_balance(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    rows = [
        (b.id, tenant, decision.payer_id, b.entity_id, b.amount_minor, b.source_id, b.at, b.currency, b.source)
        for decision in decisions
        for b in decision.balance
    ]
    bulk.insert(cursor, tables.BalanceEntry, _BALANCE, rows)


def _insert_story(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    """Movements, history and outbox: what is told of the change."""
    movements = [
        (tenant, m.subscription_id, m.mrr_minor, m.effective_at, m.cause, m.kind, m.currency)
        for m in _flat(decisions, "movements")
    ]
    bulk.insert(cursor, tables.Movement, _MOVEMENT, movements, recorded_at=True)
    history = [
        (tenant, m.subscription_id, m.at, decision.payer_id, m.before, m.after, m.cause, "subscription.status", actor)
        for decision in decisions
        for m in decision.moves
    ]
    bulk.insert(cursor, tables.History, _HISTORY, history, recorded_at=True)
    events = [(decision.payer_id, event) for decision in decisions for event in decision.events]
    outbox = [
        (key, tenant, event.subject_id, event.at, payer_id, event.type)
        for key, (payer_id, event) in zip(new_ids(len(events)), events, strict=True)
    ]
    bulk.insert(cursor, tables.Outbox, _OUTBOX, outbox, recorded_at=True)


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


def _insert_documents(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """Lock the series, take one block of numbers each, and insert the documents with them in order."""
    documents = _flat(decisions, "documents")
    if not documents:
        return
    taken: Counter[tuple[Id, str]] = Counter()
    rows = []  # their number is for now the place in their series' block
    for d in documents:
        series = (d.entity_id, d.kind)
        rows.append(
            (
                d.id,
                tenant,
                d.kind,
                d.entity_id,
                taken[series],
                d.payer_id,
                d.buyer_party_id,
                d.seller_party_id,
                d.currency,
                d.issued_at,
                d.due_at,
                d.pay_by,
                d.collection,
                d.net_minor,
                d.tax_minor,
                d.from_balance_minor,
            )
        )
        taken[series] += 1
    offered = bulk.offer(cursor, tables.Document, _DOCUMENT, rows)
    names = ", ".join(name for name in _DOCUMENT if name not in ("number", "issued_at"))
    values = ", ".join(f"d.{name}" for name in _DOCUMENT if name not in ("number", "issued_at"))
    cursor.execute(
        f"""WITH wanted AS (
            SELECT * FROM unnest(%(entities)s::uuid[], %(kinds)s::text[], %(counts)s::bigint[]) AS w (entity_id, kind, n)
        ), locked AS (
            SELECT s.id, w.n FROM number_series s JOIN wanted w USING (entity_id, kind)
            WHERE s.tenant_id = %(tenant)s ORDER BY s.id FOR NO KEY UPDATE OF s
        ), taken AS (
            UPDATE number_series s SET next_number = s.next_number + locked.n,
                last_issued_at = greatest(s.last_issued_at, %(now)s)
            FROM locked WHERE s.id = locked.id
            RETURNING s.entity_id, s.kind, s.next_number - locked.n AS first, s.last_issued_at
        )
        INSERT INTO documents ({names}, number, issued_at)
        SELECT {values}, taken.first + d.number, taken.last_issued_at
        FROM {offered.source} AS d JOIN taken USING (entity_id, kind)""".encode(),
        {
            "entities": [entity for entity, _ in taken],
            "kinds": [str(kind) for _, kind in taken],
            "counts": list(taken.values()),
            "tenant": tenant,
            "now": max(document.issued_at for document in documents),
            **offered.values,
        },
    )
    if cursor.rowcount != len(documents):
        raise RuntimeError(
            f"{len(documents)} documents drafted, {cursor.rowcount} numbered: a number series is missing"
        )
