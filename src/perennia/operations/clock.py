"""The clock of a sandbox, moved by hand; and who is refused while it moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from perennia.domain.errors import ClockGoesForward, ClockMoving, LiveClock
from perennia.domain.ids import Id
from perennia.operations.books import open_books
from perennia.store import session
from perennia.store.reads import due, sellers
from perennia.store.reads.sellers import Tenant
from perennia.store.writes import clocks
from perennia.store.writes.tenants import move_clock


@contextmanager
def moving(*, tenant: Id, to: datetime) -> Iterator[Tenant]:
    """Keep everybody else from writing to a sandbox while its clock is moved towards `to`.

    Raises LiveClock for live books, ClockGoesForward for a move back, ClockMoving where another is at it.
    The lock belongs to this session: it ends with the block, or with the process.
    """
    with session.transaction(None) as cursor:
        found = sellers.tenant_by_id(cursor, tenant_id=tenant)
        if found.clock is None:
            raise LiveClock(tenant=found.slug)
        if not clocks.take_clock(cursor, tenant=tenant):
            raise ClockMoving(tenant=found.slug)
    try:
        yield _not_beyond(to, tenant=tenant)
    finally:
        with session.transaction(None) as cursor:
            clocks.give_clock(cursor, tenant=tenant)


def _not_beyond(to: datetime, *, tenant: Id) -> Tenant:
    """The tenant as it stands now that nobody else can move its clock. Raises ClockGoesForward."""
    with session.transaction(None) as cursor:
        found = sellers.tenant_by_id(cursor, tenant_id=tenant)
    if found.clock is not None and to < found.clock:
        raise ClockGoesForward(now=found.clock.isoformat(), to=to.isoformat())
    return found


def set_clock(*, tenant: Id, to: datetime) -> None:
    """Move the sandbox's clock; whoever calls has let happen what fell due before."""
    with open_books(tenant=tenant) as books:
        move_clock(books.cursor, tenant=tenant, to=to)


def next_billing_at(*, tenant: Id) -> datetime | None:
    """The earliest instant at which a payer of the tenant falls due."""
    with session.reading(tenant) as cursor:
        return due.next_billing_at(cursor, tenant=tenant)
