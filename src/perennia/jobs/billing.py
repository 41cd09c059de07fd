"""The billing loop: chunk after chunk until nothing is due."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.ids import Id
from perennia.operations import billing, watching


@dataclass(frozen=True, slots=True)
class Billed:
    """What a run did so far."""

    payers: int = 0
    documents: int = 0
    invoices: int = 0
    lines: int = 0
    set_aside: int = 0
    alerts: int = 0


Progress = Callable[[Billed], None]


def run_until_done(
    *, tenant: Id, as_of: datetime, now: datetime, catch_up: bool = False, progress: Progress | None = None
) -> Billed:
    """Bill a tenant until nothing is due at `as_of`. Stopped at any point, it is simply run again.

    Each claim starts where the last one ended; the end is believed only of a claim from the very start, since a
    worker that died may have let go of payers passed by.
    """
    billed, after = Billed(), None
    while True:
        with _collector_at_rest():
            chunk = billing.run_chunk(tenant=tenant, as_of=as_of, now=now, after=after, catch_up=catch_up)
        billed = replace(
            billed,
            payers=billed.payers + chunk.payers,
            documents=billed.documents + chunk.documents,
            invoices=billed.invoices + chunk.invoices,
            lines=billed.lines + chunk.lines,
            set_aside=billed.set_aside + chunk.set_aside,
        )
        if progress is not None:
            progress(billed)
        if chunk.is_last and after is None:
            return look_at_usage(tenant=tenant, now=now, so_far=billed)
        after = None if chunk.is_last else chunk.after


def look_at_usage(*, tenant: Id, now: datetime, so_far: Billed = Billed()) -> Billed:
    """Look at watched usage that came in: invoices before the end of their period, and alerts."""
    billed, seen = so_far, 0
    while signals := watching.waiting(tenant=tenant, after=seen):
        for subscription_id, signal in signals.items():
            found = watching.look(tenant=tenant, subscription_id=subscription_id, signal=signal, now=now)
            billed = replace(
                billed,
                documents=billed.documents + found.documents,
                invoices=billed.invoices + found.documents,
                lines=billed.lines + found.lines,
                alerts=billed.alerts + found.alerts,
            )
        seen = max(signals.values())
    return billed


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A chunk makes a million objects that all die by their reference counts; looking for cycles among them costs a
    fifth of the run. What cycles there are (exceptions) go between chunks.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_on:
            gc.enable()
