"""Attempts, and the receivables they are to settle, with what decides on the next attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.collection import Attempt, AttemptState, Debt, DebtState, Method
from perennia.domain.dunning import NETWORK_WINDOW, Decline, Tries
from perennia.domain.facts import Status
from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class UnknownPayment:
    """An attempt whose end nobody knows or asks for any more: a person has the gateway asked by its key."""

    attempt_id: Id
    document_id: Id
    payer_id: Id
    gateway: str
    idempotency_key: str
    currency: str
    amount_minor: int
    created_at: datetime
    look_ups: int


def attempts(cursor: Cursor, *, ids: Sequence[Id]) -> dict[Id, Attempt]:
    """The attempts with these keys."""
    rows = cursor.execute(
        """SELECT a.id, a.document_id, a.payer_id, a.method_id, a.gateway, a.currency, a.amount_minor, a.state,
            a.created_at, a.look_ups
        FROM unnest(%s::uuid[]) AS k (id), LATERAL (SELECT * FROM attempts a WHERE a.id = k.id OFFSET 0) AS a""",
        (keys(ids),),
    )
    return {
        key: Attempt(key, document, payer, method, gateway, currency, amount_minor, AttemptState(state), at, look_ups)
        for key, document, payer, method, gateway, currency, amount_minor, state, at, look_ups in rows
    }


def amounts_due(cursor: Cursor, *, document_ids: Sequence[Id]) -> dict[Id, Debt]:
    """The receivables of these documents, without method and earlier attempts: enough to book money on them."""
    rows = cursor.execute(
        """SELECT r.document_id, r.payer_id, d.entity_id, r.currency, r.state, r.open_minor, r.attempts,
            r.first_failed_at
        FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM receivables r WHERE r.document_id = k.id OFFSET 0) AS r,
        LATERAL (SELECT entity_id FROM documents d WHERE d.id = k.id OFFSET 0) AS d""",
        (keys(document_ids),),
    )
    none = Tries()
    return {
        key: Debt(key, payer, entity, currency, DebtState(state), open_minor, attempts, first_failed_at, None, none)
        for key, payer, entity, currency, state, open_minor, attempts, first_failed_at in rows
    }


def debts(cursor: Cursor, *, document_ids: Sequence[Id], now: datetime) -> dict[Id, Debt]:
    """The receivables of these documents, with the payer's method and the earlier attempts, as known at `now`."""
    rows = cursor.execute(
        """SELECT r.document_id, r.payer_id, d.entity_id, r.currency, r.state, r.open_minor, r.attempts,
            r.first_failed_at, m.id, m.gateway, m.token, t.under_way, t.declined::int, t.outages::int,
            t.last_class, t.last_method, t.last_at
        FROM unnest(%(documents)s::uuid[]) WITH ORDINALITY AS k (id, n),
        LATERAL (SELECT * FROM receivables r WHERE r.document_id = k.id OFFSET 0) AS r,
        LATERAL (SELECT entity_id FROM documents d WHERE d.id = k.id OFFSET 0) AS d
        LEFT JOIN LATERAL (
            SELECT id, gateway, token FROM payment_methods m
            WHERE m.customer_id = r.payer_id AND m.is_default AND m.valid OFFSET 0
        ) AS m ON true,
        LATERAL (
            SELECT coalesce(bool_or(a.state IN ('created', 'processing', 'requires_action', 'unknown')), false)
                    AS under_way,
                count(*) FILTER (WHERE a.is_payers AND a.created_at > %(month)s AND a.method_id = m.id
                    AND a.amount_minor = r.open_minor) AS declined,
                count(*) FILTER (WHERE (a.state = 'not_sent' OR a.state = 'failed' AND NOT a.is_payers)
                    AND a.created_at > %(now)s - interval '1 day') AS outages,
                (array_agg(a.decline_class ORDER BY a.created_at DESC, a.id DESC) FILTER (WHERE a.is_payers))[1]
                    AS last_class,
                (array_agg(a.method_id ORDER BY a.created_at DESC, a.id DESC) FILTER (WHERE a.is_payers))[1]
                    AS last_method,
                max(a.finished_at) FILTER (WHERE a.is_payers) AS last_at
            FROM (
                SELECT *, state = 'failed' AND decline_class = ANY(%(payers)s) AS is_payers
                FROM attempts WHERE document_id = k.id OFFSET 0
            ) AS a
        ) AS t
        ORDER BY k.n""",
        {
            "documents": keys(document_ids),
            "now": now,
            "month": now - NETWORK_WINDOW,
            "payers": [decline.value for decline in Decline if decline.is_payers],
        },
    )
    return {row[0]: _debt(*row) for row in rows}


def _debt(
    document_id: Id, payer_id: Id, entity_id: Id, currency: str, state: str, open_minor: int, attempts: int,
    first_failed_at: datetime | None, method_id: Id | None, gateway: str, token: str, under_way: bool, declined: int,
    outages: int, last_class: str | None, last_method_id: Id | None, last_at: datetime | None,
) -> Debt:  # fmt: skip
    last = None if last_class is None else Decline(last_class)
    return Debt(
        document_id=document_id,
        payer_id=payer_id,
        entity_id=entity_id,
        currency=currency,
        state=DebtState(state),
        open_minor=open_minor,
        attempts=attempts,
        first_failed_at=first_failed_at,
        method=None if method_id is None else Method(method_id, gateway, token),
        tries=Tries(under_way, declined, outages, last, last_method_id, last_at),
    )


def subscriptions_on(cursor: Cursor, *, document_ids: Sequence[Id]) -> dict[Id, list[tuple[Id, Status]]]:
    """The subscriptions charged on each document, with their states."""
    rows = cursor.execute(
        """SELECT k.id, s.id, s.status FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT DISTINCT l.subscription_id AS id FROM lines l WHERE l.document_id = k.id OFFSET 0) AS l,
        LATERAL (SELECT s.id, s.status FROM subscriptions s WHERE s.id = l.id OFFSET 0) AS s
        ORDER BY k.id, s.id""",
        (keys(document_ids),),
    )
    found: dict[Id, list[tuple[Id, Status]]] = {}
    for document_id, subscription_id, status in rows:
        found.setdefault(document_id, []).append((subscription_id, Status(status)))
    return found


def statuses(cursor: Cursor, *, subscription_ids: Sequence[Id]) -> list[tuple[Id, Status]]:
    """The states of these subscriptions."""
    rows = cursor.execute(
        """SELECT k.id, s.status FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT status FROM subscriptions s WHERE s.id = k.id OFFSET 0) AS s ORDER BY 1""",
        (keys(subscription_ids),),
    )
    return [(key, Status(status)) for key, status in rows]


def failing(cursor: Cursor, *, payer_ids: Sequence[Id]) -> set[tuple[Id, Id]]:
    """(document, subscription) of everything of these payers that is in recovery."""
    rows = cursor.execute(
        """SELECT r.document_id, l.id FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (
            SELECT r.document_id FROM receivables r
            WHERE r.payer_id = k.id AND r.first_failed_at IS NOT NULL AND r.state = 'recovering' OFFSET 0
        ) AS r,
        LATERAL (SELECT DISTINCT l.subscription_id AS id FROM lines l WHERE l.document_id = r.document_id OFFSET 0) AS l""",
        (keys(payer_ids),),
    )
    return set(rows.fetchall())


def payments_unknown(cursor: Cursor, *, tenant: Id) -> list[UnknownPayment]:
    """Attempts that only a person can decide: all look-ups are done and the gateway has not said what became of them."""
    rows = cursor.execute(
        """SELECT id, document_id, payer_id, gateway, idempotency_key, currency, amount_minor, created_at, look_ups
        FROM attempts WHERE tenant_id = %s AND state = 'unknown' AND next_look_up_at IS NULL ORDER BY created_at, id""",
        (tenant,),
    )
    return [UnknownPayment(*row) for row in rows]


def payments_left(cursor: Cursor, *, tenant: Id, for_days: int) -> list[UnknownPayment]:
    """Attempts left under way, whose lease has been over for so many days of machine time: nobody took them up."""
    rows = cursor.execute(
        """SELECT id, document_id, payer_id, gateway, idempotency_key, currency, amount_minor, created_at, look_ups
        FROM attempts WHERE tenant_id = %s AND state = 'processing'
            AND (leased_until IS NULL OR leased_until < now() - %s * interval '1 day') ORDER BY created_at, id""",
        (tenant, for_days),
    )
    return [UnknownPayment(*row) for row in rows]


def next_collection_at(cursor: Cursor, *, tenant: Id) -> datetime | None:
    """The earliest instant at which collection has something to do for a tenant: an attempt or a look-up.

    An attempt that a dead worker left behind counts from when it was made; one that is being called does not count.
    """
    row = cursor.execute(
        """SELECT least(
            (SELECT next_attempt_at FROM receivables WHERE tenant_id = %(tenant)s AND next_attempt_at IS NOT NULL
                ORDER BY next_attempt_at LIMIT 1),
            (SELECT next_attempt_at FROM drafts WHERE tenant_id = %(tenant)s AND next_attempt_at IS NOT NULL
                ORDER BY next_attempt_at LIMIT 1),
            (SELECT next_step_at FROM refunds WHERE tenant_id = %(tenant)s AND next_step_at IS NOT NULL
                AND (leased_until IS NULL OR leased_until < now()) ORDER BY next_step_at LIMIT 1),
            (SELECT next_look_up_at FROM attempts WHERE tenant_id = %(tenant)s AND next_look_up_at IS NOT NULL
                AND state IN ('created', 'processing', 'requires_action', 'unknown') ORDER BY next_look_up_at LIMIT 1),
            (SELECT min(created_at) FROM attempts WHERE tenant_id = %(tenant)s AND next_look_up_at IS NULL
                AND state IN ('created', 'processing', 'requires_action', 'unknown')
                AND state = 'processing' AND leased_until < now()))""",
        {"tenant": tenant},
    ).fetchone()
    return row[0] if row else None
