"""A worker: it goes round the live tenants and does what is due, until it is told to stop.

Any number may run beside each other, on one machine or many: whoever comes first claims, a lost or doubled
round does no harm.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event

from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.jobs import billing, collection
from perennia.operations import feed, ledger, usage
from perennia.store import session
from perennia.store.reads import due

log = logging.getLogger(__name__)
PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


def work(*, clock: Callable[[], datetime], calls: Mapping[str, Calls], stop: Event) -> None:
    """Round after round until `stop` is set. A round that fails is logged and tried again after a longer pause."""
    pause, prepared_on = PAUSE_S, None
    while not stop.wait(pause):
        try:
            if prepared_on != (today := clock().date()):
                usage.prepare_months(now=clock())
                prepared_on = today
            round_through_tenants(now=clock(), clock=clock, calls=calls)
            pause = PAUSE_S
        except Exception:  # a database that is away, a full disk: the loop outlives it and says so
            log.exception("a round failed; the next one in %.0f s", pause * 2)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            session.forget_connection()


def round_through_tenants(*, now: datetime, clock: Callable[[], datetime], calls: Mapping[str, Calls]) -> None:
    """Billing, collection, recognition and numbering of events, for each live tenant in which some is due."""
    with session.claiming() as cursor:
        billing_due = {*due.billing_due(cursor, now=now), *due.usage_waiting(cursor)}
        waiting = due.events_waiting(cursor)
        live = due.live_tenants(cursor)
    for tenant in sorted(billing_due):
        billing.run_until_done(tenant=tenant, as_of=now, now=now)
    for tenant in live:
        _collect_and_recognise(tenant, now=now, clock=clock, calls=calls)
    for tenant in {*waiting, *billing_due}:
        feed.sequence(tenant=tenant)


def _collect_and_recognise(
    tenant: Id, *, now: datetime, clock: Callable[[], datetime], calls: Mapping[str, Calls]
) -> None:
    at = collection.next_collection_at(tenant=tenant)
    if at is not None and at <= now:
        collection.collect_due(tenant=tenant, as_of=now, now=now, calls=calls, machine_now=clock)
    ledger.recognise(tenant=tenant, now=now)
