"""Locks, in the one order that everything keeps: payers by key, then number series."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.reads.facts import LOCKED_PAYER, LockedPayer
from perennia.store.session import Cursor


def claim_due_payers(
    cursor: Cursor, *, tenant: Id, as_of: datetime, after: datetime | None, limit: int
) -> list[LockedPayer]:
    """Lock up to `limit` payers due at `as_of` that nobody else has locked, earliest first.

    `after` is where the last claim ended: dead entries of the due index before it need not be walked again.
    """
    rows = cursor.execute(
        f"""SELECT {LOCKED_PAYER} FROM payers
        WHERE tenant_id = %s AND next_due_at <= %s AND next_due_at >= %s AND set_aside_at IS NULL
        ORDER BY next_due_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED""".encode(),
        (tenant, as_of, after or datetime.min.replace(tzinfo=as_of.tzinfo, year=1900), limit),
    )
    return [LockedPayer(*row) for row in rows]


def lock_payers(cursor: Cursor, *, tenant: Id, ids: Sequence[Id]) -> list[LockedPayer]:
    """Lock these payers, waiting for whoever holds one, in the order of their keys."""
    rows = cursor.execute(
        f"""SELECT {LOCKED_PAYER} FROM payers
        WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE""".encode(),
        (tenant, list(ids)),
    )
    return [LockedPayer(*row) for row in rows]


def lock_payer(cursor: Cursor, *, tenant: Id, payer_id: Id) -> LockedPayer:
    """Lock one payer, waiting for whoever holds it. Raises NotFound."""
    for locked in lock_payers(cursor, tenant=tenant, ids=[payer_id]):
        return locked
    raise NotFound(kind="payer", id=payer_id.text("cus"))


def set_aside(cursor: Cursor, *, payer_id: Id, code: str, reason: str) -> None:
    """Take a payer out of the run until a person has looked; the reason is kept with it."""
    cursor.execute(
        "UPDATE payers SET set_aside_at = now(), set_aside_code = %s, set_aside_reason = %s WHERE id = %s",
        (code, reason[:4000], payer_id),
    )


def release(cursor: Cursor, *, payer_id: Id, code: str | None = None) -> bool:
    """Let a payer that was set aside take part again; with `code` only one that was for this."""
    cursor.execute(
        """UPDATE payers SET set_aside_at = NULL, set_aside_code = NULL, set_aside_reason = NULL
        WHERE id = %(payer)s AND set_aside_at IS NOT NULL AND set_aside_code = coalesce(%(code)s, set_aside_code)""",
        {"payer": payer_id, "code": code},
    )
    return cursor.rowcount == 1


def key_of(tenant: Id, *, salt: int = 0) -> int:
    """The key of an advisory lock that a tenant has one of; `salt` tells its locks apart."""
    return int.from_bytes(tenant[8:], "big", signed=True) ^ salt


def lock_caps(cursor: Cursor, subscription_ids: Iterable[Id]) -> None:
    """Wait for others who record usage of these capped subscriptions, in the order of their keys, until they commit."""
    cursor.execute(
        """SELECT pg_advisory_xact_lock(hashtextextended(k.id::text, 1))
        FROM (SELECT id FROM unnest((SELECT %s::uuid[])) AS u (id) ORDER BY id) AS k""",
        (keys(sorted(subscription_ids)),),
    )
