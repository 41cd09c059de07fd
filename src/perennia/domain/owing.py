"""What was charged beyond the end of a version: whether it is given back, and when."""

from collections.abc import Sequence
from datetime import datetime

from perennia.domain.calendar import slot_at
from perennia.domain.charges import Owed
from perennia.domain.facts import Pause, Settled, Version
from perennia.domain.policies import Policies


def owed_from(
    settled: Settled, version: Version, *, ends_at: datetime, under: Policies, subscription_ends_at: datetime | None
) -> list[Owed]:
    """What a settled part owes once its version ends at `ends_at`; nothing where the policies waive it.

    It is given back at once, on the next invoice of the subscription (`credit_becomes`), or with the next period
    (`difference_invoiced`), and no later than the subscription's end.
    """
    new_end = max(ends_at, settled.start)
    if new_end >= settled.end or under.credit_becomes == "none" or under.proration == "none":
        return []
    due: datetime | None = ends_at
    if under.credit_becomes == "next_invoice":
        due = None
    elif under.difference_invoiced == "next_invoice":
        due = _next_period(version, ends_at, subscription_ends_at)
    return [Owed(due, ends_at, settled, version, new_end, under)]


def pauses_of(owed: Owed, pauses: Sequence[Pause]) -> Sequence[Pause]:
    """The pauses that the settled part knew: one that began after its version ended neither moved nor credited it."""
    settled = owed.settled
    untouched = settled.credited_net == 0 and settled.end == settled.line_end
    if not pauses or not untouched or slot_at(owed.version.series, settled.start).end != settled.end:
        return pauses
    return [pause for pause in pauses if pause.starts_at < owed.new_end]


def _next_period(version: Version, at: datetime, last: datetime | None) -> datetime:
    slot = slot_at(version.series, at)
    due = at if slot.start == at else slot.end
    return due if last is None else max(min(due, last), at)
