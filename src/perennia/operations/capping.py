"""Caps that refuse: the events of a batch that would bring a period's usage beyond so much."""

from collections.abc import Sequence
from decimal import Decimal

from perennia.domain.calendar import slot_at
from perennia.domain.metering import LimitKind, Meter, Metered, Question, exceeds, grown
from perennia.store.arrays import instant_of
from perennia.store.reads import metering as read
from perennia.store.reads import usage as read_usage
from perennia.store.session import Cursor
from perennia.store.writes import locks
from perennia.store.writes.usage import NewUsage


def beyond(cursor: Cursor, events: Sequence[tuple[Meter, NewUsage]]) -> set[int]:
    """The places of the events that are one too many, taken in order; what was counted before counts.

    Others who record for the same caps wait meanwhile, so that two batches never pass one together.
    """
    limits = read_usage.limits_of(cursor, {row.subscription_id for meter, row in events if meter.capped})
    caps = {
        (subscription_id, limit.meter_id): limit.quantity
        for subscription_id, some in limits.items()
        for limit in some
        if limit.kind is LimitKind.REFUSE and limit.quantity is not None
    }
    capped = [(meter, row) for meter, row in events if (row.subscription_id, meter.id) in caps]
    if not capped:
        return set()
    locks.lock_caps(cursor, {row.subscription_id for _, row in capped})
    known = read.contents(cursor, {row.id for _, row in capped})
    versions = read.metered(cursor, {row.subscription_id for _, row in capped})
    asked = {row.place: _period(meter, row, versions.get((row.subscription_id, meter.id), ())) for meter, row in capped}
    periods = list(dict.fromkeys(question for question in asked.values() if question is not None))
    used = {question: found.quantity for question, found in read_usage.quantities(cursor, periods).items()}
    refused, seen = set(), set(known)
    for meter, row in capped:
        question, value = asked[row.place], Decimal(row.value or 0)
        if question is None or row.id in seen:
            continue
        together = grown(used[question], value, meter.aggregation)
        if exceeds(together, caps[row.subscription_id, meter.id], before=used[question]):
            refused.add(row.place)
        else:
            used[question] = together
            seen.add(row.id)
    return refused


def _period(meter: Meter, row: NewUsage, versions: Sequence[Metered]) -> Question | None:
    """The whole period in which an event lies; None where no price charges it."""
    at = instant_of(row.at)
    for version in versions:
        if version.starts_at <= at and (version.ends_at is None or at < version.ends_at):
            slot = slot_at(version.series, at)
            return Question(row.subscription_id, meter, slot.start, slot.end)
    return None
