"""Moving a sandbox's clock: everything that falls due before the goal happens, in order, by the live code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.jobs import billing, collection
from perennia.operations import clock, feed, ledger


@dataclass(frozen=True, slots=True)
class Advanced:
    """What happened on the way: invoices issued, charges made and how many of them failed, where the clock stands."""

    invoices: int
    charges: int
    failed: int
    clock: datetime


_ROUNDS_AT_ONE_INSTANT = 100
Progress = Callable[[Advanced], None]


def advance(
    *,
    tenant: Id,
    to: datetime,
    calls: Mapping[str, Calls] | None,
    machine_now: Callable[[], datetime],
    progress: Progress | None = None,
) -> Advanced:
    """Move the sandbox's clock to `to`, stopping at each instant at which anything is due.

    `calls` are the gateways' open callers by name; None collects nothing. Raises what `clock.moving` raises.
    Stopped half-way the clock stands where it got to, and the rest is done by calling again.
    """
    with clock.moving(tenant=tenant, to=to) as found:
        assert found.clock is not None
        done = walk(tenant=tenant, start=found.clock, to=to, calls=calls, machine_now=machine_now, progress=progress)
    while feed.sequence(tenant=tenant):
        pass
    return done


def walk(
    *,
    tenant: Id,
    start: datetime,
    to: datetime,
    calls: Mapping[str, Calls] | None,
    machine_now: Callable[[], datetime],
    progress: Progress | None = None,
) -> Advanced:
    """The way of `advance` alone, for books that nobody else can write to: from instant to instant, then on to `to`."""
    journey = _Journey(tenant, start, calls, machine_now)
    journey.look_at_usage()
    if progress is not None:
        progress(journey.done)
    while journey.step(to):
        if progress is not None:
            progress(journey.done)
    clock.set_clock(tenant=tenant, to=to)
    return replace(journey.done, clock=to)


class _Journey:
    """The way of one clock, from instant to instant; each asks for as little as can have changed."""

    def __init__(
        self,
        tenant: Id,
        start: datetime,
        calls: Mapping[str, Calls] | None,
        machine_now: Callable[[], datetime],
    ) -> None:
        self._tenant, self._calls, self._machine_now = tenant, calls, machine_now
        self._month_end = ledger.next_recognition_at(tenant=tenant)
        self._stood_still = 0
        self._has_begun = False
        self.done = Advanced(0, 0, 0, start)

    def step(self, to: datetime) -> bool:
        """Go to the next instant and let everything due at it happen; False when nothing is due up to `to`."""
        billing_at = clock.next_billing_at(tenant=self._tenant)
        collection_at = self._collection_at()
        at = min((due for due in (billing_at, collection_at, self._month_end) if due is not None), default=None)
        if at is None or at > to:
            return False
        self._move_to(max(at, self.done.clock))
        at = self.done.clock
        if self._month_end is not None and self._month_end <= at:
            ledger.recognise(tenant=self._tenant, now=at)
            self._month_end = ledger.next_recognition_at(tenant=self._tenant)
        if billing_at is not None and billing_at <= at:
            self._bill()
        if self._calls is not None:
            self._collect(self._calls)
        return True

    def _collection_at(self) -> datetime | None:
        """At once to begin with: a journey that was cut off may have left charges that nobody asked after."""
        if self._calls is None:
            return None
        if not self._has_begun:
            self._has_begun = True
            return self.done.clock
        return collection.next_collection_at(tenant=self._tenant)

    def _move_to(self, at: datetime) -> None:
        """Set the clock; an instant that does not get done in many rounds is a bug and must not turn for ever."""
        self._stood_still = self._stood_still + 1 if at == self.done.clock else 0
        if self._stood_still > _ROUNDS_AT_ONE_INSTANT:
            raise RuntimeError(f"what is due at {at.isoformat()} stays due")
        if at > self.done.clock:
            clock.set_clock(tenant=self._tenant, to=at)
            self.done = replace(self.done, clock=at)

    def look_at_usage(self) -> None:
        """What was used before the journey; nobody records anything on the way."""
        looked = billing.look_at_usage(tenant=self._tenant, now=self.done.clock)
        self.done = replace(self.done, invoices=self.done.invoices + looked.invoices)

    def _bill(self) -> None:
        at = self.done.clock
        billed = billing.run_until_done(tenant=self._tenant, as_of=at, now=at, catch_up=True)
        self.done = replace(self.done, invoices=self.done.invoices + billed.invoices)
        if self._month_end is None:
            self._month_end = ledger.next_recognition_at(tenant=self._tenant)

    def _collect(self, calls: Mapping[str, Calls]) -> None:
        at = self.done.clock
        collected = collection.collect_due(
            tenant=self._tenant, as_of=at, now=at, calls=calls, machine_now=self._machine_now, alone=True
        )
        self.done = replace(
            self.done,
            invoices=self.done.invoices + collected.invoices,
            charges=self.done.charges + collected.charges,
            failed=self.done.failed + collected.failed,
        )
