"""Moving a sandbox's clock: everything that falls due before the goal happens, in order, by the live code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.jobs import billing, collection
from perennia.operations import clock, feed, ledger


@dataclass(frozen=True, slots=True)
class Advanced:
    """What happened on the way: documents issued, charges made and how many of them failed, where the clock stands."""

    invoices: int
    charges: int
    failed: int
    clock: datetime


Progress = Callable[[Advanced], None]


def advance(
    *, tenant: Id, to: datetime, calls: Mapping[str, Calls] | None, machine_now: Callable[[], datetime],
    progress: Progress | None = None,
) -> Advanced:  # fmt: skip
    """Move the sandbox's clock to `to`, stopping at each instant at which anything is due.

    `calls` are the gateways' open callers by name; None collects nothing. Raises what `clock.moving` raises.
    Stopped half-way the clock stands where it got to, and the rest is done by calling again.
    """
    with clock.moving(tenant=tenant, to=to) as found:
        assert found.clock is not None
        done = Advanced(0, 0, 0, found.clock)
        while (at := _next_instant(tenant=tenant, collecting=calls is not None)) is not None and at <= to:
            done = _live_through(done, tenant=tenant, at=max(at, done.clock), calls=calls, machine_now=machine_now)
            if progress is not None:
                progress(done)
        clock.set_clock(tenant=tenant, to=to)
    while feed.sequence(tenant=tenant):
        pass
    return Advanced(done.invoices, done.charges, done.failed, to)


def _next_instant(*, tenant: Id, collecting: bool) -> datetime | None:
    instants = [clock.next_billing_at(tenant=tenant), ledger.next_recognition_at(tenant=tenant)]
    if collecting:
        instants.append(collection.next_collection_at(tenant=tenant))
    return min((at for at in instants if at is not None), default=None)


def _live_through(
    done: Advanced, *, tenant: Id, at: datetime, calls: Mapping[str, Calls] | None, machine_now: Callable[[], datetime]
) -> Advanced:
    """One instant: recognition of the month that has ended, then billing, then collection."""
    if at > done.clock:
        clock.set_clock(tenant=tenant, to=at)
    ledger.recognise(tenant=tenant, now=at)
    billed = billing.run_until_done(tenant=tenant, as_of=at, now=at, catch_up=True)
    charges, failed = 0, 0
    if calls is not None:
        collected = collection.collect_due(tenant=tenant, as_of=at, now=at, calls=calls, machine_now=machine_now)
        charges, failed = collected.charges, collected.failed
    return Advanced(done.invoices + billed.documents, done.charges + charges, done.failed + failed, at)
