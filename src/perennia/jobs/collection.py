"""The collection loop: claim, call with hundreds in flight, book what came back, until nothing is due."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.gateways.port import ChargeResult, Outcome
from perennia.gateways.sandbox import SandboxGateway
from perennia.jobs.refunds import refund_due
from perennia.operations import collection
from perennia.operations.collection import CHUNK, Booked, Call
from perennia.store import session
from perennia.store.reads import payments

IN_FLIGHT = 2_000
BATCH = 1_000
_WAIT_S = 1.0
_LINGER_S = 0.02
"""How long answers are gathered once the first is there: a few milliseconds more make one booking of many."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run did so far.

    `charges` were answered by a gateway or may have reached it, `failed` of them were declined; look-ups told of
    `found_failed` charges made earlier, and `succeeded` counts payments booked from either. `without_method`
    receivables had nothing to charge; `invoices` were issued for the recoveries `ended`. `refunded` refunds were made,
    `refunds_failed` refused, `refunds_underway` sent or asked after without an answer that decides.
    """

    charges: int = 0
    succeeded: int = 0
    failed: int = 0
    found_failed: int = 0
    without_method: int = 0
    unknown: int = 0
    not_sent: int = 0
    looked_up: int = 0
    ended: int = 0
    invoices: int = 0
    refunded: int = 0
    refunds_failed: int = 0
    refunds_underway: int = 0


Progress = Callable[[Collected], None]


def open_calls(url: str) -> dict[str, Calls]:
    """Open callers by gateway name, here the built-in test gateway's at `url`; close each when done."""
    return {SandboxGateway.name: Calls(SandboxGateway(url))}


def next_collection_at(*, tenant: Id) -> datetime | None:
    """The earliest instant at which collection has something to do for a tenant; None where it never will."""
    with session.transaction(tenant) as cursor:
        return payments.next_collection_at(cursor, tenant=tenant)


def collect_due(
    *,
    tenant: Id,
    as_of: datetime,
    now: datetime,
    calls: Mapping[str, Calls],
    machine_now: Callable[[], datetime] | None = None,
    alone: bool = False,
    given_up: bool = False,
    batch: int = CHUNK,
    progress: Progress | None = None,
) -> Collected:
    """Charge what is due at `as_of` and look up what is unknown, until nothing is left and nothing is under way; then
    the same for what is to be given back.

    In live books everything is dated by `machine_now`, or all `now` where that is not given; a sandbox has its own
    clock. What another collector holds is left to it. `alone` says that there is none: attempts found under way
    were left by one that died, and are asked after at once instead of when their lease is over.
    `given_up` asks once more after every attempt that was left to a person.
    """
    loop = _Loop(tenant, as_of, machine_now or (lambda: now), calls, batch=batch, alone=alone, given_up=given_up)
    while loop.step():
        if progress is not None:
            progress(loop.done)
    back = refund_due(
        tenant=tenant, as_of=as_of, clock=machine_now or (lambda: now), calls=calls, alone=alone, given_up=given_up
    )
    return replace(loop.done, refunded=back.made, refunds_failed=back.failed, refunds_underway=back.underway)


class _Loop:
    """What one run has under way, by key, and what it did so far."""

    def __init__(
        self,
        tenant: Id,
        as_of: datetime,
        clock: Callable[[], datetime],
        calls: Mapping[str, Calls],
        *,
        batch: int,
        alone: bool,
        given_up: bool,
    ) -> None:
        self.done = Collected()
        self._tenant, self._as_of, self._clock, self._calls, self._batch = tenant, as_of, clock, calls, batch
        self._alone, self._given_up = alone, given_up
        self._asked: set[Id] = set()
        self._under_way: dict[str, Call] = {}
        self._answers: list[ChargeResult] = []
        self._more_due = True

    def step(self) -> bool:
        """One round; False when nothing is left to do."""
        if self._under_way:
            nothing_comes = not self._answers and not any(calls.pending for calls in self._calls.values())
            found = self._gather()
            if nothing_comes and not found:
                raise RuntimeError(f"{len(self._under_way)} calls never answered; were their callers closed?")
            self._book(found)
        while self._more_due and IN_FLIGHT - len(self._under_way) >= self._batch:
            self._claim()
        return bool(self._under_way) or self._more_due

    def _claim(self) -> None:
        """Take up a batch. What is under way here is nobody else's; what a person left is asked after once a run."""
        claimed = collection.claim(
            tenant=self._tenant,
            as_of=self._as_of,
            now=self._clock(),
            limit=self._batch,
            alone=self._alone,
            given_up=self._given_up,
            besides=self._asked | {call.attempt_id for call in self._under_way.values()},
        )
        if self._given_up:
            self._asked |= {call.attempt_id for call in claimed.look_ups}
        self._more_due = not claimed.all_due or claimed.ended > 0
        self._count(
            looked_up=len(claimed.look_ups),
            without_method=claimed.without_method,
            ended=claimed.ended,
            invoices=claimed.invoices,
        )
        self._send(claimed.charges)
        self._ask(claimed.look_ups)

    def _send(self, charges: Iterable[Call]) -> None:
        for gateway, wanted in _by_gateway(charges).items():
            self._under_way |= {call.request.key: call for call in wanted}
            if gateway in self._calls:
                self._calls[gateway].submit([call.request for call in wanted])
            else:
                self._answers += [_nobody_there(call, Outcome.NOT_SENT) for call in wanted]

    def _ask(self, look_ups: Iterable[Call]) -> None:
        for gateway, wanted in _by_gateway(look_ups).items():
            self._under_way |= {call.request.key: call for call in wanted}
            if gateway in self._calls:
                self._calls[gateway].look_up([call.request.key for call in wanted])
            else:
                self._answers += [_nobody_there(call, Outcome.UNKNOWN) for call in wanted]

    def _gather(self) -> list[ChargeResult]:
        """The answers that are there, waiting for the first, and a little for those that come right after it."""
        busy = [calls for calls in self._calls.values() if calls.pending] or list(self._calls.values())
        patience = _WAIT_S if len(busy) == 1 else _LINGER_S
        give_up_at: float | None = None
        while len(self._answers) < min(BATCH, len(self._under_way)):
            wait_s = patience if give_up_at is None and not self._answers else _LINGER_S / 4
            for calls in busy:
                self._answers += calls.results(wait_s)
            if give_up_at is None:
                give_up_at = time.monotonic() + _LINGER_S
            elif time.monotonic() >= give_up_at:
                break
        found, self._answers = self._answers[:BATCH], self._answers[BATCH:]
        return found

    def _book(self, results: Sequence[ChargeResult]) -> None:
        answers = [(self._under_way[result.key], result) for result in results if result.key in self._under_way]
        if not answers:
            return
        booked = collection.book(tenant=self._tenant, answers=answers, now=self._clock())
        for call, _ in answers:
            del self._under_way[call.request.key]
        self._more_due = self._more_due or booked.due_again > 0
        self._count(charges=sum(not c.is_look_up and r.outcome is not Outcome.NOT_SENT for c, r in answers))
        self._tally(booked)
        self._send(booked.repeat)

    def _tally(self, booked: Booked) -> None:
        self._count(
            succeeded=booked.succeeded,
            failed=booked.failed,
            found_failed=booked.found_failed,
            unknown=booked.unknown,
            not_sent=booked.not_sent,
        )

    def _count(self, **more: int) -> None:
        self.done = replace(self.done, **{name: getattr(self.done, name) + count for name, count in more.items()})


def _by_gateway(calls: Iterable[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(call.gateway, []).append(call)
    return found


def _nobody_there(call: Call, outcome: Outcome) -> ChargeResult:
    return ChargeResult(key=call.request.key, outcome=outcome, message=f"no gateway {call.gateway!r} is connected")
