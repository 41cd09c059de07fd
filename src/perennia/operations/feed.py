"""Numbering of events for those who follow the feed."""

from perennia.domain.ids import Id
from perennia.store import session
from perennia.store.writes import feed as write

BATCH = 5_000


def sequence(*, tenant: Id, limit: int = BATCH) -> int:
    """Move up to `limit` committed events into the tenant's feed; 0 where none wait or another sequencer works.

    It follows what is committed and changes no business row, so it also runs while a sandbox's clock moves.
    """
    with session.transaction(tenant) as cursor:
        if not write.take_sequencer(cursor, tenant=tenant):
            return 0
        return write.move_to_feed(cursor, tenant=tenant, limit=limit)
