"""Refunds on their way to a gateway."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.domain.refunding import NextStep, Sending
from perennia.store.arrays import keys
from perennia.store.session import Cursor

LEASE_S = 120


@dataclass(frozen=True, slots=True)
class Claimed:
    """A refund to send, or where `may_be_there` to ask after first. `charge` is the gateway's reference of what was paid."""

    sending: Sending
    payer_id: Id
    gateway: str
    currency: str
    amount_minor: int
    charge: str | None
    may_be_there: bool


def claim(
    cursor: Cursor,
    *,
    tenant: Id,
    as_of: datetime,
    now: datetime,
    limit: int,
    alone: bool = False,
    given_up: bool = False,
    besides: Collection[Id] = (),
) -> list[Claimed]:
    """Lease the refunds that are due to be sent or asked after; from now on the gateway may have them.

    `alone` says that nobody else sends for this tenant, so that no lease needs to be waited for; `given_up` takes those
    left to a person too, those `besides` excepted.
    """
    rows = cursor.execute(
        """WITH due AS (
            SELECT id, sent_at FROM refunds
            WHERE tenant_id = %(tenant)s AND state = 'created'
            AND (next_step_at <= %(as_of)s
                OR %(given_up)s AND next_step_at IS NULL AND id <> ALL (%(besides)s::uuid[]))
            AND (%(alone)s OR leased_until IS NULL OR leased_until < now())
            ORDER BY next_step_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        UPDATE refunds r SET leased_until = now() + %(lease)s * interval '1 second',
            sent_at = coalesce(r.sent_at, %(now)s)
        FROM due, payments p WHERE r.id = due.id AND p.id = r.payment_id
        RETURNING r.id, r.sent_at, r.tries, r.outages, r.look_ups, r.payer_id, r.gateway, r.currency, r.amount_minor,
            p.gateway_reference, due.sent_at IS NOT NULL""",
        {
            "tenant": tenant,
            "as_of": as_of,
            "now": now,
            "given_up": given_up,
            "besides": keys(besides),
            "alone": alone,
            "limit": limit,
            "lease": LEASE_S,
        },
    )
    return [Claimed(Sending(*row[:5]), *row[5:]) for row in rows]


def move(cursor: Cursor, step: NextStep) -> None:
    """Where a refund stands that has not ended; nobody holds a lease on it any more."""
    one = step.sending
    cursor.execute(
        """UPDATE refunds SET sent_at = %s, tries = %s, outages = %s, look_ups = %s, next_step_at = %s, leased_until = NULL
        WHERE id = %s AND state = 'created'""",
        (one.sent_at, one.tries, one.outages, one.look_ups, step.at, one.id),
    )
