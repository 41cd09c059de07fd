"""Attempts from intent to end, payments, and where a receivable stands.

Claims wait for nobody; whoever changes a receivable's state or books money holds the payer's lock. Arrays stand in a
sub-select for the reason given in `changes`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.collection import AttemptChange, Debt, DebtChange
from perennia.domain.decision import Decision, Payment
from perennia.domain.events import EventType
from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.arrays import instants, keys
from perennia.store.session import Cursor
from perennia.store.writes import history

LEASE_S = 120
_ATTEMPT = (
    "id", "tenant_id", "document_id", "payer_id", "method_id", "amount_minor", "created_at", "look_ups", "gateway",
    "idempotency_key", "token", "currency", "state",
)  # fmt: skip
_PAYMENT = (
    "id", "tenant_id", "payer_id", "attempt_id", "captured_minor", "refunded_minor", "at", "gateway",
    "gateway_reference", "currency", "entity_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt about to be made: how much of which debt is charged to which method."""

    id: Id
    debt: Debt

    @property
    def key(self) -> str:
        """Our own reference at the gateway."""
        return self.id.text("att")

    @property
    def underway(self) -> "Underway":
        debt, method = self.debt, self.debt.method
        assert method is not None
        return Underway(
            self.id, debt.payer_id, debt.document_id, method.gateway, self.key, debt.open_minor, debt.currency,
            method.token,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Underway:
    """An attempt at a receivable or a draft, with everything that it takes to send it, or to ask after it."""

    id: Id
    payer_id: Id
    document_id: Id | None
    gateway: str
    key: str
    amount_minor: int
    currency: str
    token: str
    draft_id: Id | None = None


def claim_due(cursor: Cursor, *, tenant: Id, as_of: datetime, limit: int) -> list[Id]:
    """Lock up to `limit` receivables due for an attempt that nobody else has locked, longest due first."""
    rows = cursor.execute(
        """SELECT document_id FROM receivables
        WHERE tenant_id = %s AND next_attempt_at <= %s AND open_minor > 0
        ORDER BY next_attempt_at, document_id LIMIT %s FOR UPDATE SKIP LOCKED""",
        (tenant, as_of, limit),
    )
    return [row[0] for row in rows]


def still_due(cursor: Cursor, *, document_ids: Sequence[Id], now: datetime) -> list[Id]:
    """Those of these receivables that are open and due at `now`, locked until the transaction ends."""
    rows = cursor.execute(
        """SELECT r.document_id FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM receivables r WHERE r.document_id = k.id AND r.open_minor > 0 OFFSET 0 FOR UPDATE) AS r
        WHERE r.next_attempt_at <= %s ORDER BY r.document_id""",
        (keys(sorted(document_ids)), now),
    )
    return [row[0] for row in rows]


def claim_look_ups(
    cursor: Cursor,
    *,
    tenant: Id,
    as_of: datetime,
    limit: int,
    alone: bool = False,
    given_up: bool = False,
    besides: Collection[Id] = (),
) -> list[Underway]:
    """Lease the attempts to ask after: unknown ones that are due, and those left behind by a worker that died.

    `alone` says that nobody else collects for this tenant, so that no lease needs to be waited for; `given_up` takes
    the attempts left to a person too. Those in `besides` are the claimer's already and are passed over.
    """
    rows = cursor.execute(
        """UPDATE attempts a SET leased_until = now() + %(lease)s * interval '1 second'
        WHERE a.id = ANY (ARRAY (
            SELECT id FROM attempts o WHERE tenant_id = %(tenant)s
            AND state IN ('created', 'processing', 'requires_action', 'unknown')
            AND (state = 'processing' OR next_look_up_at <= %(as_of)s
                OR %(given_up)s AND state = 'unknown' AND next_look_up_at IS NULL)
            AND (%(alone)s OR leased_until IS NULL OR leased_until < now())
            AND id <> ALL (%(besides)s::uuid[])
            ORDER BY next_look_up_at, id LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
        ))
        RETURNING a.id, a.payer_id, a.document_id, a.gateway, a.idempotency_key, a.amount_minor, a.currency,
            a.token, a.draft_id""",
        {
            "lease": LEASE_S,
            "tenant": tenant,
            "as_of": as_of,
            "alone": alone,
            "limit": limit,
            "given_up": given_up,
            "besides": keys(besides),
        },
    )
    return [Underway(*row) for row in rows]


def insert_intents(cursor: Cursor, intents: Sequence[Intent], *, tenant: Id, now: datetime) -> None:
    """Attempts in the making, leased to this worker; their receivables are due no more until they have ended."""
    rows = []
    for intent in intents:
        debt, method = intent.debt, intent.debt.method
        assert method is not None
        rows.append(
            (intent.id, tenant, debt.document_id, debt.payer_id, method.id, debt.open_minor, now, 0, method.gateway,
             intent.key, method.token, debt.currency, "processing")
        )  # fmt: skip
    _insert_attempts(cursor, rows, leased=True)


def insert_without_call(cursor: Cursor, intents: Sequence[Intent], *, tenant: Id, now: datetime) -> None:
    """Attempts that failed before any call, since there was nothing to charge."""
    rows = [
        (i.id, tenant, i.debt.document_id, i.debt.payer_id, None, i.debt.open_minor, now, 0, "none", i.key, "",
         i.debt.currency, "processing")
        for i in intents
    ]  # fmt: skip
    _insert_attempts(cursor, rows, leased=False)


def _insert_attempts(cursor: Cursor, rows: Sequence[tuple[object, ...]], *, leased: bool) -> None:
    if rows:
        offered = bulk.offer(cursor, tables.Attempt, _ATTEMPT, rows)
        names = ", ".join(_ATTEMPT)
        cursor.execute(
            f"""INSERT INTO attempts ({names}, leased_until)
            SELECT {names}, CASE WHEN %(leased)s THEN now() + %(lease_s)s * interval '1 second' END
            FROM {offered.source}""".encode(),
            {"leased": leased, "lease_s": LEASE_S, **offered.values},
        )


def postpone(cursor: Cursor, waiting: Sequence[tuple[Id, datetime | None]]) -> None:
    """When each receivable is due again; None takes it out until its attempt under way has ended."""
    if waiting:
        cursor.execute(
            """UPDATE receivables r SET next_attempt_at = w.at
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS w (id, at) WHERE r.document_id = w.id""",
            (keys(document_id for document_id, _ in waiting), instants(at for _, at in waiting)),
        )


def move_attempts(cursor: Cursor, changes: Sequence[AttemptChange]) -> None:
    """Where each attempt stands now; nobody holds a lease on it any more."""
    if changes:
        cursor.execute(
            """UPDATE attempts a SET state = c.state, decline_code = c.code, decline_class = c.class,
                gateway_reference = coalesce(c.reference, a.gateway_reference), finished_at = c.finished_at,
                next_look_up_at = c.next_look_up_at, leased_until = NULL, look_ups = greatest(a.look_ups, c.look_ups)
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::text[]), (SELECT %s::text[]), (SELECT %s::text[]),
                (SELECT %s::text[]), (SELECT %s::timestamptz[]), (SELECT %s::timestamptz[]), (SELECT %s::int[]))
                AS c (id, state, code, class, reference, finished_at, next_look_up_at, look_ups)
            WHERE a.id = c.id""",
            (
                keys(change.attempt_id for change in changes),
                [change.state.value for change in changes],
                [change.verdict.code for change in changes],
                [change.verdict.decline and change.verdict.decline.value for change in changes],
                [change.verdict.reference for change in changes],
                instants(change.finished_at for change in changes),
                instants(change.next_look_up_at for change in changes),
                [change.look_ups for change in changes],
            ),
        )


def leave_to_a_person(cursor: Cursor, *, attempt_id: Id) -> None:
    """No more look-ups: what became of this attempt is decided by hand."""
    cursor.execute(
        "UPDATE attempts SET state = 'unknown', next_look_up_at = NULL, leased_until = NULL WHERE id = %s",
        (attempt_id,),
    )


def insert_payments(cursor: Cursor, payments: Sequence[Payment], *, tenant: Id) -> None:
    """Money that arrived, once for each attempt."""
    bulk.insert(
        cursor,
        tables.Payment,
        _PAYMENT,
        [
            (
                p.id,
                tenant,
                p.payer_id,
                p.attempt_id,
                p.captured_minor,
                0,
                p.at,
                p.gateway,
                p.reference,
                p.currency,
                p.entity_id,
            )
            for p in payments
        ],
    )


def move_receivables(cursor: Cursor, changes: Sequence[DebtChange], *, tenant: Id, actor: str, now: datetime) -> None:
    """Where each receivable stands now; a change of its state leaves a row in the history."""
    if not changes:
        return
    cursor.execute(
        """UPDATE receivables r SET state = c.state, attempts = c.attempts, first_failed_at = c.first_failed_at,
            next_attempt_at = c.next_attempt_at
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::text[]), (SELECT %s::int[]), (SELECT %s::timestamptz[]),
                (SELECT %s::timestamptz[]))
            AS c (id, state, attempts, first_failed_at, next_attempt_at)
        WHERE r.document_id = c.id AND r.open_minor > 0""",
        (
            keys(change.document_id for change in changes),
            [change.state.value for change in changes],
            [change.attempts for change in changes],
            instants(change.first_failed_at for change in changes),
            instants(change.next_attempt_at for change in changes),
        ),
    )
    moved = [change for change in changes if change.state is not change.before]
    if moved:
        cursor.execute(
            """INSERT INTO history (tenant_id, subject_id, payer_id, change, before, after, reason, actor, at, recorded_at)
            SELECT %s, m.id, m.payer_id, 'receivable.state', m.before, m.after, m.reason, %s, %s, now()
            FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[])
                AS m (id, payer_id, before, after, reason)""",
            (
                tenant,
                actor,
                now,
                keys(change.document_id for change in moved),
                keys(change.payer_id for change in moved),
                [change.before.value for change in moved],
                [change.state.value for change in moved],
                [change.reason for change in moved],
            ),
        )


def let_go(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    """What is owed for subscriptions that ended so is asked for no more, where nothing else on its document goes on.

    It stays owed, and an attempt under way is booked as ever.
    """
    for decision in decisions:
        for end in decision.let_go:
            rows = cursor.execute(
                """UPDATE receivables r SET state = 'given_up', next_attempt_at = NULL
                FROM (
                    SELECT document_id, state FROM receivables
                    WHERE payer_id = %(payer)s AND open_minor > 0 AND state IN ('open', 'recovering') FOR UPDATE
                ) AS b
                WHERE r.document_id = b.document_id AND EXISTS (
                    SELECT 1 FROM lines l WHERE l.document_id = r.document_id AND l.subscription_id = %(ended)s
                ) AND NOT EXISTS (
                    SELECT 1 FROM lines l JOIN subscriptions s ON s.id = l.subscription_id
                    WHERE l.document_id = r.document_id AND s.status <> 'canceled'
                )
                RETURNING r.document_id, b.state""",
                {"payer": decision.payer_id, "ended": end.subscription_id},
            ).fetchall()
            for document_id, before in rows:
                history.insert_change(
                    cursor, tenant=tenant, subject_id=document_id, change="receivable.state", actor=actor, at=end.at,
                    payer_id=decision.payer_id, before=before, after="given_up", reason="stop_reminders",
                )  # fmt: skip
                history.insert_event(
                    cursor, tenant=tenant, type=EventType.INVOICE_UNCOLLECTIBLE, subject_id=document_id,
                    payer_id=decision.payer_id, at=end.at,
                )  # fmt: skip


def try_at_once(cursor: Cursor, *, payer_ids: Sequence[Id], now: datetime) -> None:
    """Everything of these payers that is in recovery is due now: there is another method to try."""
    cursor.execute(
        """UPDATE receivables SET next_attempt_at = %s
        WHERE payer_id = ANY(%s) AND first_failed_at IS NOT NULL AND state = 'recovering'""",
        (now, list(payer_ids)),
    )
