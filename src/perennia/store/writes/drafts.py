"""Drafts that are to be paid first: written, taken up by their payment, or dropped; their attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.decision import Decision
from perennia.domain.ids import Id
from perennia.store.arrays import instants, keys
from perennia.store.reads.drafts import StoredDraft
from perennia.store.session import Cursor
from perennia.store.writes.changes import flat
from perennia.store.writes.coupons import end_discounts, release_redemption
from perennia.store.writes.rows import insert

LEASE_S = 120


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A draft as it is made. `next_attempt_at` is when the payer's method is to be charged, None where it is not."""

    id: Id
    payer_id: Id
    subscription_id: Id
    change_id: Id | None
    entity_id: Id
    currency: str
    amount_minor: int
    content: Any
    digest: str
    together: bool
    created_at: datetime
    expires_at: datetime
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class DueDraft:
    """A draft that is due for an attempt, with the payer's method, where there is one."""

    id: Id
    payer_id: Id
    currency: str
    amount_minor: int
    method_id: Id | None
    gateway: str | None
    token: str | None


def insert_draft(cursor: Cursor, draft: NewDraft, *, tenant: Id) -> None:
    insert(
        cursor, "drafts", id=draft.id, tenant_id=tenant, payer_id=draft.payer_id,
        subscription_id=draft.subscription_id, change_id=draft.change_id, entity_id=draft.entity_id,
        kind="start" if draft.change_id is None else "change", currency=draft.currency,
        amount_minor=draft.amount_minor, content=draft.content, digest=draft.digest, together=draft.together,
        state="open", created_at=draft.created_at, expires_at=draft.expires_at,
        next_attempt_at=draft.next_attempt_at,
    )  # fmt: skip
    cursor.execute("UPDATE payers SET has_drafts = true WHERE id = %s", (draft.payer_id,))


def take_up(cursor: Cursor, draft: StoredDraft) -> None:
    """The money is there: what the draft is of may happen now, under the payer's lock."""
    cursor.execute("UPDATE drafts SET state = 'paying', next_attempt_at = NULL WHERE id = %s", (draft.id,))
    if draft.change_id is not None:
        cursor.execute("UPDATE changes SET state = 'pending' WHERE id = %s AND state = 'gated'", (draft.change_id,))
        cursor.execute("UPDATE subscriptions SET changing = true WHERE id = %s", (draft.subscription_id,))
    _forget(cursor, [draft.payer_id])


def close_paid(cursor: Cursor, *, draft_id: Id, document_id: Id, now: datetime) -> None:
    """It is issued; the attempts at it were attempts at the document."""
    cursor.execute(
        "UPDATE drafts SET state = 'paid', closed_at = %s, document_id = %s WHERE id = %s", (now, document_id, draft_id)
    )
    cursor.execute("UPDATE attempts SET document_id = %s WHERE draft_id = %s", (document_id, draft_id))


def drop(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    """Drafts that are not to be paid any more: their changes are discarded, what their starts redeemed is released."""
    dropped = flat(decisions, "dropped")
    if not dropped:
        return
    cursor.execute(
        """UPDATE drafts d SET state = 'dropped', reason = o.reason, closed_at = o.at, next_attempt_at = NULL
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::text[]), (SELECT %s::timestamptz[])) AS o (id, reason, at)
        WHERE d.id = o.id AND d.state = 'open'""",
        (keys(one.draft_id for one in dropped), [one.reason for one in dropped], instants(one.at for one in dropped)),
    )
    changes = [one for one in dropped if one.change_id is not None]
    cursor.execute(
        """UPDATE changes c SET state = 'discarded', done_at = o.at
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS o (id, at)
        WHERE c.id = o.id AND c.state = 'gated'""",
        (keys(one.change_id for one in changes), instants(one.at for one in changes)),
    )
    for one in dropped:
        if one.change_id is None:
            _release(cursor, subscription_id=one.subscription_id, now=one.at)
    _forget(cursor, [decision.payer_id for decision in decisions if decision.dropped])


def _release(cursor: Cursor, *, subscription_id: Id, now: datetime) -> None:
    rows = cursor.execute(
        "SELECT id FROM coupon_redemptions WHERE subscription_id = %s AND state = 'counted' ORDER BY id",
        (subscription_id,),
    ).fetchall()
    for (redemption,) in rows:
        release_redemption(cursor, redemption_id=redemption, now=now)
        end_discounts(cursor, subscription_id=subscription_id, redemption_id=redemption, now=now)


def _forget(cursor: Cursor, payer_ids: Sequence[Id]) -> None:
    """Nothing is read any more for payers of whom no draft waits."""
    cursor.execute(
        """UPDATE payers p SET has_drafts = false FROM unnest((SELECT %s::uuid[])) AS k (id)
        WHERE p.id = k.id AND p.has_drafts
        AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.payer_id = k.id AND d.state = 'open')""",
        (keys(payer_ids),),
    )


def claim_due(cursor: Cursor, *, tenant: Id, as_of: datetime, limit: int) -> list[DueDraft]:
    """Lock up to `limit` drafts due for an attempt that nobody else has locked, with their payers' methods."""
    rows = cursor.execute(
        """SELECT d.id, d.payer_id, d.currency, d.amount_minor, m.id, m.gateway, m.token FROM (
            SELECT * FROM drafts WHERE tenant_id = %s AND next_attempt_at <= %s AND state = 'open'
            ORDER BY next_attempt_at, id LIMIT %s FOR UPDATE SKIP LOCKED
        ) AS d LEFT JOIN LATERAL (
            SELECT id, gateway, token FROM payment_methods m
            WHERE m.customer_id = d.payer_id AND m.is_default AND m.valid OFFSET 0
        ) AS m ON true""",
        (tenant, as_of, limit),
    )
    return [DueDraft(*row) for row in rows]


def postpone(cursor: Cursor, *, draft_id: Id, at: datetime | None) -> None:
    """When an open draft is due for an attempt; None: not before something happens."""
    cursor.execute("UPDATE drafts SET next_attempt_at = %s WHERE id = %s AND state = 'open'", (at, draft_id))


def insert_attempt(cursor: Cursor, draft: DueDraft, *, attempt_id: Id, tenant: Id, now: datetime) -> None:
    """An attempt in the making, leased to this worker."""
    insert(
        cursor, "attempts", id=attempt_id, tenant_id=tenant, draft_id=draft.id, payer_id=draft.payer_id,
        method_id=draft.method_id, gateway=draft.gateway, idempotency_key=attempt_id.text("att"), token=draft.token,
        currency=draft.currency, amount_minor=draft.amount_minor, state="processing", created_at=now, look_ups=0,
    )  # fmt: skip
    cursor.execute(
        "UPDATE attempts SET leased_until = now() + %s * interval '1 second' WHERE id = %s", (LEASE_S, attempt_id)
    )


def try_at_once(cursor: Cursor, *, payer_ids: Sequence[Id], now: datetime) -> None:
    """There is another method to charge: the drafts of these payers that nobody is charging are due now."""
    cursor.execute(
        """UPDATE drafts d SET next_attempt_at = %s WHERE d.payer_id = ANY(%s) AND d.state = 'open' AND EXISTS (
            SELECT 1 FROM subscriptions s WHERE s.id = d.subscription_id AND s.collection = 'automatic'
        ) AND NOT EXISTS (
            SELECT 1 FROM attempts a WHERE a.draft_id = d.id
                AND a.state IN ('created', 'processing', 'requires_action', 'unknown')
        )""",
        (now, list(payer_ids)),
    )
