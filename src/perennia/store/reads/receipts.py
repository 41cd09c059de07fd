"""Payments and refunds one by one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from perennia.domain.decision import RefundState
from perennia.domain.errors import NotFound
from perennia.domain.facts import Paid
from perennia.domain.ids import Id
from perennia.domain.refunding import Sending
from perennia.domain.refunds import Captured, UnderWay
from perennia.domain.taken_in import TakenIn
from perennia.store.arrays import keys
from perennia.store.session import Cursor

# A gateway's payment is of the legal entity whose document it was to settle.
_PAYMENT = """SELECT p.id, p.payer_id, coalesce(p.entity_id, d.entity_id), p.gateway, p.currency, p.captured_minor,
        p.refunded_minor
    FROM payments p LEFT JOIN attempts a ON a.id = p.attempt_id LEFT JOIN documents d ON d.id = a.document_id"""


@dataclass(frozen=True, slots=True)
class MadeRefund:
    """A refund that a key was used for."""

    id: Id
    payment_id: Id
    amount_minor: int


def payment(cursor: Cursor, *, payment_id: Id) -> Captured:
    """Raises NotFound."""
    row = cursor.execute(f"{_PAYMENT} WHERE p.id = %s".encode(), (payment_id,)).fetchone()
    if row is None:
        raise NotFound(kind="payment", id=payment_id.text("pay"))
    return Captured(*row)


def paid(cursor: Cursor, *, documents: Sequence[tuple[Id, Id]]) -> dict[Id, tuple[Paid, ...]]:
    """By payer, what its own payments settled of these documents (payer, document), the oldest first."""
    rows = cursor.execute(
        """SELECT k.payer_id, a.document_id, p.id, p.gateway, a.amount_minor, p.captured_minor - p.refunded_minor
        FROM unnest(%s::uuid[], %s::uuid[]) AS k (payer_id, document_id),
        LATERAL (
            SELECT * FROM allocations a WHERE a.document_id = k.document_id AND a.source = 'payment' OFFSET 0
        ) AS a,
        LATERAL (SELECT * FROM payments p WHERE p.id = a.source_id AND p.payer_id = k.payer_id OFFSET 0) AS p
        ORDER BY k.payer_id, p.at, p.id, a.document_id""",
        (keys(payer for payer, _ in documents), keys(document for _, document in documents)),
    )
    found: dict[Id, tuple[Paid, ...]] = defaultdict(tuple)
    for payer_id, *values in rows:
        found[payer_id] += (Paid(*values),)
    return found


def taken_in(cursor: Cursor, *, documents: Sequence[tuple[Id, Id]]) -> dict[Id, tuple[TakenIn, ...]]:
    """By payer, what these documents (payer, document) took in as credits of its others that are open, the oldest first.

    What went there since, with a credit note that is one of them or that credits one of them, is left out.
    """
    rows = cursor.execute(
        """SELECT k.payer_id, k.document_id, r.document_id, (t.taken - own.minor - passed.minor)::bigint, r.open_minor
        FROM unnest(%s::uuid[], %s::uuid[]) AS k (payer_id, document_id),
        LATERAL (
            SELECT l.credits_document_id AS other_id, -sum(l.net_minor + l.tax_minor) AS taken FROM lines l
            WHERE l.document_id = k.document_id AND l.credits_document_id IS NOT NULL GROUP BY 1
        ) AS t,
        LATERAL (
            SELECT * FROM receivables r WHERE r.document_id = t.other_id AND r.payer_id = k.payer_id
            AND r.open_minor > 0 AND r.state <> 'written_off' OFFSET 0
        ) AS r,
        LATERAL (
            SELECT coalesce(sum(a.amount_minor), 0) AS minor FROM allocations a
            WHERE a.document_id = r.document_id AND a.source_id = k.document_id
        ) AS own,
        LATERAL (
            SELECT coalesce(sum(greatest(a.amount_minor - of_itself.minor, 0)), 0) AS minor
            FROM (
                SELECT * FROM allocations a WHERE a.document_id = r.document_id AND a.source = 'credit_note' OFFSET 0
            ) AS a,
            LATERAL (
                SELECT coalesce(-sum(l.net_minor + l.tax_minor) FILTER (WHERE l.credits_document_id = r.document_id), 0)
                    AS minor
                FROM lines l WHERE l.document_id = a.source_id
                HAVING bool_or(l.credits_document_id = k.document_id)
            ) AS of_itself
        ) AS passed
        ORDER BY k.payer_id, k.document_id, r.document_id""",
        (keys(payer for payer, _ in documents), keys(document for _, document in documents)),
    )
    found: dict[Id, tuple[TakenIn, ...]] = defaultdict(tuple)
    for payer_id, *values in rows:
        found[payer_id] += (TakenIn(*values),)
    return found


def by_reference(cursor: Cursor, *, tenant: Id, gateway: str, reference: str) -> Captured | None:
    """The payment booked by hand under a reference."""
    row = cursor.execute(
        f"""{_PAYMENT} WHERE p.tenant_id = %s AND p.gateway = %s AND p.gateway_reference = %s
        AND p.attempt_id IS NULL""".encode(),
        (tenant, gateway, reference),
    ).fetchone()
    return None if row is None else Captured(*row)


def refund_by_key(cursor: Cursor, *, tenant: Id, key: str) -> MadeRefund | None:
    row = cursor.execute(
        "SELECT id, payment_id, amount_minor FROM refunds WHERE tenant_id = %s AND idempotency_key = %s", (tenant, key)
    ).fetchone()
    return None if row is None else MadeRefund(*row)


def sending(cursor: Cursor, *, refund_id: Id) -> Sending:
    """Where a refund stands on its way to its gateway. Raises NotFound."""
    row = cursor.execute(
        "SELECT id, sent_at, tries, outages, look_ups FROM refunds WHERE id = %s", (refund_id,)
    ).fetchone()
    if row is None:
        raise NotFound(kind="refund", id=refund_id.text("ref"))
    return Sending(*row)


def refunds_unknown(cursor: Cursor, *, tenant: Id) -> list[Id]:
    """Refunds by a gateway that only a person can decide: nobody asks after them any more."""
    rows = cursor.execute(
        """SELECT id FROM refunds WHERE tenant_id = %s AND state = 'created' AND next_step_at IS NULL
        ORDER BY created_at, id""",
        (tenant,),
    )
    return [row[0] for row in rows]


def refund(cursor: Cursor, *, refund_id: Id) -> UnderWay:
    """Raises NotFound."""
    row = cursor.execute(
        """SELECT r.id, r.payment_id, r.payer_id, coalesce(p.entity_id, d.entity_id), r.gateway, r.currency,
            r.amount_minor, r.from_balance_minor, r.state
        FROM refunds r JOIN payments p ON p.id = r.payment_id
            LEFT JOIN attempts a ON a.id = p.attempt_id LEFT JOIN documents d ON d.id = a.document_id
        WHERE r.id = %s""",
        (refund_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="refund", id=refund_id.text("ref"))
    key, payment, payer, entity, gateway, currency, amount, from_balance, state = row
    return UnderWay(key, payment, payer, entity, gateway, currency, amount, from_balance, RefundState(state))
