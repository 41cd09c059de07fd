"""From the outbox to the feed: committed events get their numbers, one sequencer a tenant at a time."""

from dataclasses import dataclass

from perennia.domain.feed import FIRST, chain_hash
from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.session import Cursor
from perennia.store.writes.locks import key_of

_FEED = ("tenant_id", "seq", "id", "subject_id", "occurred_at", "recorded_at", "payer_id", "type", "hash")
_LOCK_SALT = 0x0F_EE_D0


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """The last entry: its number and hash."""

    seq: int
    hash: bytes


def take_sequencer(cursor: Cursor, *, tenant: Id) -> bool:
    """Become the tenant's only sequencer until the transaction ends; False where another one is at work."""
    row = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (key_of(tenant, salt=_LOCK_SALT),)).fetchone()
    return bool(row and row[0])


def move_to_feed(cursor: Cursor, *, tenant: Id, limit: int) -> int:
    """Number up to `limit` committed events, oldest first; answers how many."""
    events = cursor.execute(
        """SELECT position, id, type, subject_id, payer_id, occurred_at, recorded_at FROM outbox
        WHERE tenant_id = %s ORDER BY position LIMIT %s""",
        (tenant, limit),
    ).fetchall()
    if not events:
        return 0
    end = _end(cursor, tenant=tenant)
    seq, hash = end.seq, end.hash
    rows = []
    for _, key, type, subject_id, payer_id, occurred_at, recorded_at in events:
        seq += 1
        hash = chain_hash(
            hash, seq=seq, id=key, type=type, subject_id=subject_id, payer_id=payer_id, occurred_at=occurred_at
        )
        rows.append((tenant, seq, key, subject_id, occurred_at, recorded_at, payer_id, type, hash))
    bulk.insert(cursor, tables.Feed, _FEED, rows)
    cursor.execute(
        "DELETE FROM outbox o USING unnest((SELECT %s::bigint[])) AS d (position) WHERE o.position = d.position",
        ([event[0] for event in events],),
    )
    return len(events)


def _end(cursor: Cursor, *, tenant: Id) -> FeedEnd:
    row = cursor.execute(
        "SELECT seq, hash FROM feed WHERE tenant_id = %s ORDER BY seq DESC LIMIT 1", (tenant,)
    ).fetchone()
    return FeedEnd(*row) if row else FeedEnd(0, FIRST)
