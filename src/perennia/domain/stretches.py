"""Stretches of usage: what of a period one version prices, and until when late events for it are taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from perennia.domain.calendar import Series, Slot, days_between, slot_at, start_of_day
from perennia.domain.facts import Item, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.metering import closes_at
from perennia.domain.policies import Policies

INSTANT = timedelta(microseconds=1)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) of a slot in which one version prices what its meter counted; it ends there by itself if `ends`.

    `counted_from` is where the period's counting began: at an earlier stretch of the same meter, where there is one.
    """

    version: Version
    meter_id: Id
    start: datetime
    end: datetime
    ends: bool
    slot: Slot
    counted_from: datetime
    policies: Policies

    @property
    def key(self) -> tuple[Id, datetime]:
        """By what its charges are known: a version has one stretch in a period."""
        return self.version.id, self.slot.start


def stretches(subscription: Subscription, item: Item, *, since: datetime, through: datetime) -> list[Stretch]:
    """The stretches of an item that end after `since`, in order; one that is still running ends at `through`.

    Versions that begin after `through` are not in force yet and price nothing.
    """
    found: list[Stretch] = []
    for version in item.versions:
        if version.price.meter_id is None or version.starts_at > through:
            continue
        for made in _of_version(subscription, version, version.price.meter_id, since=since, through=through):
            stretch = made
            if found and _go_on(found[-1], stretch):
                stretch = replace(stretch, counted_from=found[-1].counted_from)
                if stretch.policies.usage_cut == "at_invoice":
                    stretch = replace(stretch, start=found.pop().start)
            found.append(stretch)
    return [
        stretch if stretch.end <= through else replace(stretch, end=through, ends=False)
        for stretch in found
        if stretch.end > since and stretch.start < through
    ]


def _of_version(
    subscription: Subscription, version: Version, meter_id: Id, *, since: datetime, through: datetime
) -> Iterator[Stretch]:
    begins, ends = _service(subscription, version)
    slot = slot_at(version.series, max(begins, since))
    while slot.start <= through and (ends is None or slot.start < ends):
        start, end = max(begins, slot.start), slot.end if ends is None else min(ends, slot.end)
        if start < end:
            policies = version.begun_under or subscription.policies
            yield Stretch(version, meter_id, start, end, True, slot, start, policies)
        slot = slot_at(version.series, slot.end)


def _service(subscription: Subscription, version: Version) -> tuple[datetime, datetime | None]:
    """From when to when a version prices usage: not in the trial, and not after the end."""
    begins = version.bills_from or version.starts_at
    if subscription.trial_ends_at is not None:
        begins = max(begins, subscription.trial_ends_at)
    ends = [at for at in (version.ends_at, subscription.ends_at) if at is not None]
    return begins, min(ends, default=None)


def _go_on(before: Stretch, after: Stretch) -> bool:
    """Whether a stretch takes another one's count over: the same meter, in the same period."""
    return (before.end, before.meter_id, before.slot) == (after.start, after.meter_id, after.slot)


def considered(subscription: Subscription, item: Item, *, through: datetime) -> list[Stretch]:
    """From the oldest stretch of an item that may have been open when it was last settled."""
    versions = metered(item)
    if not versions:
        return []
    settled = min(version.billed_through or version.bills_from or version.starts_at for version in versions)
    return stretches(subscription, item, since=settled - _window(subscription) - _A_DAY, through=through)


def metered(item: Item) -> list[Version]:
    return [version for version in item.versions if version.price.meter_id is not None]


def _window(subscription: Subscription) -> timedelta:
    return timedelta(days=subscription.policies.late_window_days)


def closes_for_good(subscription: Subscription, item: Item, version: Version) -> datetime | None:
    """Until when a version that ends must be looked at; None where it goes on.

    Its late events may come so long; where another version follows, those of the whole period in which that begins.
    """
    _, ends = _service(subscription, version)
    if ends is None:
        return None
    if any(other.starts_at == ends for other in item.versions):
        ends = max(ends, slot_at(version.series, ends - INSTANT).end)
    return closes(subscription, ends, version.series)


def closes(subscription: Subscription, end: datetime, series: Series) -> datetime:
    return closes_at(end, zone=series.zone, days=subscription.policies.late_window_days)


def running(subscription: Subscription, at: datetime) -> list[Stretch]:
    return [
        stretch
        for item in subscription.items
        for stretch in considered(subscription, item, through=at)
        if stretch.slot.start < at <= stretch.slot.end
    ]


def share(stretch: Stretch) -> tuple[int, int]:
    """The part of the slot that a stretch is: in local days where it begins and ends with one, else in time."""
    zone, slot = stretch.version.series.zone, stretch.slot
    if all(start_of_day(at, zone) == at for at in (stretch.start, stretch.end, slot.start, slot.end)):
        return days_between(stretch.start, stretch.end, zone), days_between(slot.start, slot.end, zone)
    return (stretch.end - stretch.start) // INSTANT, (slot.end - slot.start) // INSTANT
