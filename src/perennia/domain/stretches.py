"""Stretches of usage: what of a period one version prices, and until when late events for it are taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from perennia.domain.calendar import Series, Slot, days_between, slot_at, start_of_day
from perennia.domain.facts import Item, Subscription, Version, policies_of
from perennia.domain.fractions import Measure
from perennia.domain.ids import Id
from perennia.domain.metering import closes_at
from perennia.domain.policies import Policies

INSTANT = timedelta(microseconds=1)
_A_SECOND = timedelta(seconds=1)
_A_DAY = timedelta(days=1)

Key = tuple[Id, datetime]
"""By what the charges of a stretch are known: its version, and the start of its period."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) of a slot in which one version prices what its meter counted; it ends there by itself if `ends`.

    `counted_from` is where the period's counting began: at an earlier stretch of the same meter, where there is one.
    `taken_in` are the keys of earlier stretches that this one stands for, too.
    """

    version: Version
    meter_id: Id
    start: datetime
    end: datetime
    ends: bool
    slot: Slot
    counted_from: datetime
    policies: Policies
    taken_in: tuple[Key, ...] = ()

    @property
    def key(self) -> Key:
        """By what its charges are known: a version has one stretch in a period."""
        return self.version.id, self.slot.start


def stretches(subscription: Subscription, item: Item, *, since: datetime, through: datetime) -> list[Stretch]:
    """The stretches of an item that end after `since`, in order; one that is still running ends at `through`.

    Versions that begin after `through` are not in force yet and price nothing.
    """
    found: list[Stretch] = []
    for version in metered(item):
        if version.price.meter_id is None or version.starts_at > through:
            continue
        for made in _of_version(subscription, version, version.price.meter_id, since=since, through=through):
            stretch = made
            if found and _go_on(found[-1], stretch):
                stretch = replace(stretch, counted_from=found[-1].counted_from)
                if stretch.policies.usage_cut == "at_invoice":
                    before = found.pop()
                    stretch = replace(stretch, start=before.start, taken_in=(*before.taken_in, before.key))
            found.append(stretch)
    return [
        stretch if stretch.end <= through else replace(stretch, end=through, ends=False)
        for stretch in found
        if stretch.end > since and stretch.start < through
    ]


def _of_version(
    subscription: Subscription, version: Version, meter_id: Id, *, since: datetime, through: datetime
) -> Iterator[Stretch]:
    begins, ends = service(subscription, version)
    slot = slot_at(version.series, max(begins, since))
    while slot.start <= through and (ends is None or slot.start < ends):
        start, end = max(begins, slot.start), slot.end if ends is None else min(ends, slot.end)
        if start < end:
            policies = policies_of(version, subscription)
            yield Stretch(version, meter_id, start, end, True, slot, start, policies)
        slot = slot_at(version.series, slot.end)


def service(subscription: Subscription, version: Version) -> tuple[datetime, datetime | None]:
    """From when to when a version prices usage: not in the trial, and not after the end.

    A trial that was given to a running subscription is behind the versions that ended before it.
    """
    begins, trial = version.bills_from or version.starts_at, subscription.trial_ends_at
    if trial is not None and (version.ends_at is None or version.ends_at > trial):
        begins = max(begins, trial)
    ends = [at for at in (version.ends_at, subscription.used_until or subscription.ends_at) if at is not None]
    return begins, min(ends, default=None)


def _go_on(before: Stretch, after: Stretch) -> bool:
    """Whether a stretch takes another one's count over: the same meter, in the same period."""
    return (before.end, before.meter_id, before.slot) == (after.start, after.meter_id, after.slot)


def considered(
    subscription: Subscription, item: Item, *, through: datetime, since: datetime | None = None
) -> list[Stretch]:
    """From the oldest stretch of an item that may have been open when it was last settled, or that was `since` then."""
    versions = metered(item)
    if not versions:
        return []
    settled = min(_settled(subscription, version) for version in versions)
    open_since = settled - _window(subscription) - _A_DAY
    return stretches(subscription, item, since=min(open_since, since or open_since), through=through)


def _settled(subscription: Subscription, version: Version) -> datetime:
    """How far a version is settled, and no farther than it lasts."""
    begins, ends = service(subscription, version)
    settled = version.billed_through or begins
    return settled if ends is None else min(settled, ends)


def metered(item: Item) -> list[Version]:
    """The versions of an item whose usage is not settled for good."""
    return [version for version in item.versions if version.price.meter_id is not None and not version.closed]


def settled_beyond(subscription: Subscription, item: Item) -> Iterator[Key]:
    """The keys of the periods that may be charged behind the end of a version, or behind where it is about to end."""
    bounds = [subscription.used_until or subscription.ends_at, *(change.at for change in subscription.changes)]
    for version in item.versions:
        if version.price.meter_id is None:
            continue
        begins = version.bills_from or version.starts_at
        through = version.billed_through or begins
        end = min((at for at in (*bounds, version.ends_at) if at is not None), default=None)
        if end is None or through < end:
            continue
        slot = slot_at(version.series, max(end, begins))
        while slot.start <= through:  # one that was running may have been charged before its end
            yield version.id, slot.start
            slot = slot_at(version.series, slot.end)


def _window(subscription: Subscription) -> timedelta:
    return timedelta(days=subscription.policies.late_window_days)


def closes_for_good(subscription: Subscription, item: Item, version: Version) -> datetime | None:
    """Until when a version that ends must be looked at; None where it goes on.

    Its late events may come so long; where another version follows, those of the whole period in which that begins.
    """
    _, ends = service(subscription, version)
    if ends is None:
        return None
    if any(other.starts_at == ends for other in item.versions):
        ends = max(ends, slot_at(version.series, ends - INSTANT).end)
    return closes(subscription, ends, version.series)


def closes_last(subscription: Subscription, item: Item) -> datetime | None:
    """When the late window of an item closes of which no version goes on; None where one does, or all are closed."""
    found = [closes_for_good(subscription, item, version) for version in metered(item)]
    ends = [at for at in found if at is not None]
    return max(ends) if ends and len(ends) == len(found) else None


def closes(subscription: Subscription, end: datetime, series: Series) -> datetime:
    """Until when late events are taken for a stretch of that series which ends at `end`."""
    return closes_at(end, zone=series.zone, days=subscription.policies.late_window_days)


def running(subscription: Subscription, at: datetime, *, through: datetime | None = None) -> list[Stretch]:
    """The stretches that run at an instant: up to it; or at and after it, up to `through`."""
    latest = at if through is None else at + INSTANT
    return [
        stretch
        for item in subscription.items
        for stretch in considered(subscription, item, through=through or at)
        if stretch.slot.start < latest <= stretch.slot.end
    ]


def standing_for(found: Iterable[Stretch]) -> set[Key]:
    """The keys of stretches, and of those that they took in."""
    return {key for stretch in found for key in (stretch.key, *stretch.taken_in)}


def share(stretch: Stretch) -> tuple[int, int]:
    """The part of the slot that a stretch is: in local days where it begins and ends with one, else in time."""
    zone, slot = stretch.version.series.zone, stretch.slot
    if share_counts(stretch) is Measure.DAY:
        return days_between(stretch.start, stretch.end, zone), days_between(slot.start, slot.end, zone)
    unit = INSTANT if share_counts(stretch) is Measure.SHARE else _A_SECOND
    return (stretch.end - stretch.start) // unit, (slot.end - slot.start) // unit


def share_counts(stretch: Stretch) -> Measure:
    """What the numbers of `share` count."""
    zone, slot = stretch.version.series.zone, stretch.slot
    instants = stretch.start, stretch.end, slot.start, slot.end
    if all(start_of_day(at, zone) == at for at in instants):
        return Measure.DAY
    return Measure.SHARE if any(at.microsecond for at in instants) else Measure.SECOND
