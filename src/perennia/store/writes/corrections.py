"""What people correct by hand: refunds, write-offs, granted credit, charges that wait. Nothing of it is in a plain run."""

from collections import Counter
from collections.abc import Sequence

from perennia.domain.decision import Decision, Source
from perennia.domain.documents import LineKind
from perennia.domain.ids import Id
from perennia.domain.ledger import write_off
from perennia.store.arrays import instants, keys
from perennia.store.identity import new_ids
from perennia.store.session import Cursor, affected
from perennia.store.writes import additions, payments, rows
from perennia.store.writes.changes import Recovered, flat


def insert_payments(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """Before what is allocated of them."""
    payments.insert_payments(cursor, flat(decisions, "payments"), tenant=tenant)


def by_hand(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """All other parts of a decision that only a person or an expiry makes."""
    _refund(cursor, decisions, tenant=tenant)
    _grant(cursor, decisions, tenant=tenant)
    _write_off(cursor, decisions, tenant=tenant)
    _wait(cursor, decisions, tenant=tenant)
    _take(cursor, decisions)


def take_back_write_offs(
    cursor: Cursor, recovered: Sequence[Recovered], decisions: Sequence[Decision], *, tenant: Id
) -> None:
    """What was settled on documents taken for lost is no loss after all, whatever settled it."""
    if not recovered:
        return
    at = {one.document_id: one.at for one in flat(decisions, "allocations")}
    for key, one in zip(new_ids(len(recovered)), recovered, strict=True):
        when = at[one.document_id]
        rows.insert(
            cursor, "write_offs", id=key, tenant_id=tenant, document_id=one.document_id, payer_id=one.payer_id,
            currency=one.currency, amount_minor=-one.amount_minor, at=when,
        )  # fmt: skip
        postings = write_off(transaction_id=key, currency=one.currency, amount_minor=-one.amount_minor, at=when)
        additions.insert_postings(cursor, postings, tenant=tenant)


def _refund(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    for decision in decisions:
        for one in decision.refunds:
            rows.insert(
                cursor, "refunds", id=one.id, tenant_id=tenant, payment_id=one.payment_id, payer_id=decision.payer_id,
                gateway=one.gateway, currency=one.currency, amount_minor=one.amount_minor,
                from_balance_minor=one.from_balance_minor, state=one.state.value, idempotency_key=one.key,
                reason=one.reason, created_at=one.at, finished_at=None if one.is_underway else one.at,
                next_step_at=one.at if one.is_underway else None,
            )  # fmt: skip
        for end in decision.refund_ends:
            cursor.execute(
                """UPDATE refunds SET state = %s, finished_at = %s, gateway_reference = %s, decline_code = %s,
                    next_step_at = NULL, leased_until = NULL WHERE id = %s""",
                (end.state.value, end.at, end.reference, end.code, end.refund_id),
            )
    refunded: Counter[Id] = Counter()
    for payment_id, amount in flat(decisions, "refunded"):
        refunded[payment_id] += amount
    if refunded:
        cursor.execute(
            """UPDATE payments p SET refunded_minor = p.refunded_minor + r.amount
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::bigint[])) AS r (id, amount) WHERE p.id = r.id""",
            (keys(refunded), list(refunded.values())),
        )


def _grant(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """New grants, and what entries of the balance take from those there are."""
    for decision in decisions:
        for new in decision.grants:
            one = new.grant
            rows.insert(
                cursor, "credit_grants", id=one.id, tenant_id=tenant, payer_id=decision.payer_id,
                entity_id=one.entity_id, currency=one.currency, kind=one.kind.value, amount_minor=one.left_minor,
                left_minor=one.left_minor, reason=new.reason, granted_at=one.granted_at, expires_at=one.expires_at,
            )  # fmt: skip
    _flag(cursor, "has_grants", [decision.payer_id for decision in decisions if decision.grants])
    spent: Counter[Id] = Counter()
    for entry in flat(decisions, "balance"):
        if entry.grant_id is not None and entry.source is not Source.GRANT:
            spent[entry.grant_id] -= entry.amount_minor
    if spent:
        cursor.execute(
            """UPDATE credit_grants g SET left_minor = g.left_minor - s.amount
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::bigint[])) AS s (id, amount) WHERE g.id = s.id""",
            (keys(spent), list(spent.values())),
        )


def _write_off(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    for decision in decisions:
        for one in decision.write_offs:
            rows.insert(
                cursor, "write_offs", id=one.id, tenant_id=tenant, document_id=one.document_id,
                payer_id=decision.payer_id, currency=one.currency, amount_minor=one.amount_minor, reason=one.reason,
                at=one.at,
            )  # fmt: skip
    found = flat(decisions, "write_offs")
    if found:
        cursor.execute(
            """UPDATE receivables r SET state = 'written_off', written_off_at = w.at, next_attempt_at = NULL
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS w (id, at) WHERE r.document_id = w.id""",
            (keys(one.document_id for one in found), instants(one.at for one in found)),
        )


def _wait(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    for decision in decisions:
        for one in decision.pending:
            rows.insert(
                cursor, "pending_lines", id=one.id, tenant_id=tenant, payer_id=decision.payer_id,
                customer_id=one.customer_id, entity_id=one.entity_id, subscription_id=one.subscription_id,
                kind=int(LineKind.SETUP if one.is_setup else LineKind.ONE_OFF), currency=one.currency,
                description=one.description, quantity=one.quantity, unit_amount=one.unit_amount,
                tax_class=one.tax_class, tax_inclusive=one.tax_inclusive, discountable=one.is_discountable, at=one.at,
            )  # fmt: skip
    _flag(cursor, "has_pending", [decision.payer_id for decision in decisions if decision.pending])


def _take(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    taken = flat(decisions, "taken")
    if not taken:
        return
    cursor.execute(
        """UPDATE pending_lines l SET document_id = t.document_id, position = t.position
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::uuid[]), (SELECT %s::int[])) AS t (id, document_id, position)
        WHERE l.id = t.id AND l.document_id IS NULL""",
        (
            keys(one.pending_id for one in taken),
            keys(one.document_id for one in taken),
            [one.position for one in taken],
        ),
    )
    waiting = affected(cursor)
    if waiting != len(taken):
        raise RuntimeError(f"{len(taken)} pending charges drafted, {waiting} of them were still waiting")
    forget_pending(cursor, payer_ids=[decision.payer_id for decision in decisions if decision.taken])


def remove_pending(cursor: Cursor, *, pending_id: Id, payer_id: Id) -> bool:
    """Take a charge back that is on no document yet; False where there is none."""
    cursor.execute("DELETE FROM pending_lines WHERE id = %s AND document_id IS NULL", (pending_id,))
    removed = cursor.rowcount == 1
    forget_pending(cursor, payer_ids=[payer_id])
    return removed


def forget_pending(cursor: Cursor, *, payer_ids: Sequence[Id]) -> None:
    """Nothing is read any more for payers of whom no charge waits."""
    cursor.execute(
        """UPDATE payers p SET has_pending = false FROM unnest((SELECT %s::uuid[])) AS k (id)
        WHERE p.id = k.id AND p.has_pending
        AND NOT EXISTS (SELECT 1 FROM pending_lines l WHERE l.payer_id = k.id AND l.document_id IS NULL)""",
        (keys(payer_ids),),
    )


def _flag(cursor: Cursor, column: str, payer_ids: Sequence[Id]) -> None:
    if payer_ids:
        cursor.execute(f"UPDATE payers SET {column} = true WHERE id = ANY(%s)".encode(), (list(payer_ids),))
