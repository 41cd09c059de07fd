"""When what was asked for takes effect: now, at a period's end or start, or on a date."""

from datetime import date, datetime
from fractions import Fraction

from perennia.domain.calendar import Unit, midnight, slot_at, start_of_day
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Item, ItemKind, Status, Subscription, Version, keeps_rest
from perennia.domain.lengthened import lengthened
from perennia.domain.policies import Policies
from perennia.domain.pricing import Price, period_amount

NOW, PERIOD_END, PERIOD_START = "now", "period_end", "period_start"

When = str | date | datetime
"""`now`, `period_end`, `period_start`, or a date or an instant, also one that has passed."""

_A_YEAR = {Unit.DAY: 365, Unit.WEEK: 52, Unit.MONTH: 12, Unit.YEAR: 1}


def effective_at(
    subscription: Subscription, version: Version, *, when: When, now: datetime, policies: Policies,
    to_the_instant: bool = False,
) -> datetime:  # fmt: skip
    """The instant at which a change takes effect; under day proration the start of a local day.

    What is metered is cut `to_the_instant`. The end of a trial is the end of its period. Raises InvalidValue for one before
    the start.
    """
    found = _asked_for(subscription, version, when, now)
    if policies.proration_unit != "second" and not to_the_instant:
        found = start_of_day(found, subscription.zone)
    if found < start_of_day(subscription.started_at, subscription.zone):
        raise InvalidValue(field="at", value=found.isoformat(), reason="before the subscription's start")
    return max(found, subscription.started_at)


def _asked_for(subscription: Subscription, version: Version, when: When, now: datetime) -> datetime:
    if isinstance(when, datetime):
        return when
    if isinstance(when, date):
        return midnight(when, subscription.zone)
    if when == NOW:
        return now
    trial_end = subscription.trial_ends_at
    if trial_end is not None and trial_end > now:
        return trial_end if when == PERIOD_END else subscription.started_at
    if when == PERIOD_END:
        slot = slot_at(version.series, max(now, subscription.started_at))
        through, pause = version.billed_through, subscription.running_pause
        if through is not None and pause is not None and pause.starts_at <= now and keeps_rest(pause, through):
            return through  # it moves on when the pause is over
        if through is not None and now < through and (through < slot.end or through == version.ends_at):
            return through  # charged up to a known end, or made longer by a pause
        return slot.end
    if when == PERIOD_START:
        longer = lengthened(version, subscription.pauses)
        begins = slot_at(version.series, now).start if longer is None else longer.slot.start
        return max(begins, subscription.started_at)
    raise InvalidValue(field="when", value=when, reason="now, period_end, period_start, or a date")


def yearly_amount(price: Price, version: Version) -> Fraction:
    """What a price comes to in a year at the quantity of a version, before discounts."""
    numerator, denominator = period_amount(price, version.quantity)
    per_year = Fraction(_A_YEAR[price.interval.unit], price.interval.count)
    return Fraction(numerator, denominator) * per_year


def is_up(version: Version, price: Price) -> bool:
    """Whether another price is worth as much or more a year at the same quantity; equal counts as up."""
    return yearly_amount(price, version) >= yearly_amount(version.price, version)


def timing(version: Version, *, when: When | None, price: Price | None, policies: Policies) -> When:
    """When a change is to be made where nobody said: by policy, which may look at its direction."""
    if when is not None:
        return when
    if policies.change_timing == "by_direction":
        return NOW if price is None or is_up(version, price) else PERIOD_END
    return policies.change_timing


def is_trialing(subscription: Subscription) -> bool:
    return subscription.status is Status.TRIALING


def plan_of(subscription: Subscription) -> Item:
    """The plan among the items."""
    return next(item for item in subscription.items if item.kind is ItemKind.PLAN)


def version_at(item: Item, at: datetime) -> Version:
    """The version of an item in force at an instant, else its last."""
    for version in item.versions:
        if version.starts_at <= at and (version.ends_at is None or at < version.ends_at):
            return version
    return item.versions[-1]
