"""What usage comes to: stretches of one price, what was used in each, and the amount that is not charged yet.

Usage alone is settled by amount: what the events come to, minus what lines have charged for the same version and
start. So a late event, a correction or an invoice in the middle of a period needs no rule of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from perennia.domain.calendar import Slot, days_between, slot_at, start_of_day
from perennia.domain.facts import Item, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.metering import (
    NOTHING,
    Aggregation,
    Limit,
    LimitKind,
    Measured,
    Meter,
    Question,
    Usage,
    closes_at,
)
from perennia.domain.money import exponent, round_ratio
from perennia.domain.pricing import Model, period_amount
from perennia.domain.schemes import Basis

_LEVELS = (Aggregation.MAX, Aggregation.LAST)
"""What is held, and not used up: two stretches of a period do not add up to it."""
_WHOLE = (1, 1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) of a slot in which one version prices what its meter counted.

    `counted_from` is where the period's counting began: at an earlier stretch of the same meter, where there is one.
    """

    item: Item
    version: Version
    meter_id: Id
    start: datetime
    end: datetime
    slot: Slot
    counted_from: datetime

    @property
    def key(self) -> tuple[Id, datetime]:
        """By what its charges are known."""
        return self.version.id, self.start


@dataclass(frozen=True, slots=True)
class Rated:
    """A quantity, and what it comes to in minor units: by the price on this basis, for `part` of it."""

    quantity: Decimal
    basis: Basis
    part: tuple[int, int]
    amount: int


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """What is due for a stretch: all it comes to, minus what was charged. Below zero it is given back."""

    stretch: Stretch
    rated: Rated
    charged: int

    @property
    def amount(self) -> int:
        return self.rated.amount - self.charged


@dataclass(frozen=True, slots=True)
class AlertReached:
    """A limit that the usage of a period has reached, to be told once."""

    limit: Limit
    subscription_id: Id
    period_start: datetime
    at: datetime


def stretches(subscription: Subscription, item: Item, *, since: datetime, through: datetime) -> list[Stretch]:
    """The stretches of an item that end after `since`, in order; one that is still running ends at `through`."""
    found: list[Stretch] = []
    slot = slot_at(item.series, since)
    while slot.start < through:
        found += [one for one in _in_slot(subscription, item, slot, through) if one.end > since]
        slot = slot_at(item.series, slot.end)
    return found


def _in_slot(subscription: Subscription, item: Item, slot: Slot, through: datetime) -> Iterator[Stretch]:
    """The stretches of one slot. Versions that begin after `through` are not in force yet and price nothing."""
    merged = subscription.policies.usage_cut == "at_invoice"
    found: list[Stretch] = []
    for version in item.versions:
        meter_id = version.price.meter_id
        start, end = _covered(subscription, version, slot)
        if meter_id is None or start >= end or start > through:
            continue
        made = Stretch(item, version, meter_id, start, end, slot, start)
        if found and (found[-1].end, found[-1].meter_id) == (start, meter_id):
            made = replace(made, counted_from=found[-1].counted_from)
            if merged:
                made = replace(made, start=found.pop().start)
        found.append(made)
    for stretch in found:
        if stretch.start < through:
            yield replace(stretch, end=min(stretch.end, through))


def _covered(subscription: Subscription, version: Version, slot: Slot) -> tuple[datetime, datetime]:
    """What of a slot a version prices: not the trial, and nothing after the end."""
    starts = [slot.start, version.starts_at, version.bills_from, subscription.trial_ends_at]
    ends = [slot.end, version.ends_at, subscription.cancel_at]
    return max(at for at in starts if at is not None), min(at for at in ends if at is not None)


def questions(stretch: Stretch, *, subscription: Subscription, meter: Meter) -> tuple[Question, ...]:
    """What must be measured to rate a stretch: it alone, and, where that matters, what came before it in the period."""
    alone = Question(subscription.id, meter, stretch.start, stretch.end)
    if stretch.counted_from == stretch.start:
        return (alone,)
    before = Question(subscription.id, meter, stretch.counted_from, stretch.start)
    return alone, before, Question(subscription.id, meter, stretch.counted_from, stretch.end)


def rate(stretch: Stretch, usage: Usage, *, subscription: Subscription) -> Rated:
    """What a stretch comes to. Raises QuantityAboveTiers.

    After a cut, by `tiers_after_cut`: `own` measures and prices the stretch as if it were a period; `prorated` scales
    the tiers to its part of the period; `whole_period` prices what it added to the period's quantity where that falls
    in the tiers. A level, the highest or last value, is held for a time: under the last two it costs that part of it.
    """
    policies, meter = subscription.policies, usage.meters[stretch.meter_id]
    counted, before = _counted(stretch, usage, subscription=subscription, meter=meter)
    by_event = stretch.version.price.model is Model.PERCENTAGE
    events = counted.events if by_event else None
    part, basis = _WHOLE, Basis.of(policies, events=events)
    if policies.tiers_after_cut != "own" and meter.aggregation in _LEVELS:
        part = _share(stretch)
    elif policies.tiers_after_cut == "prorated":
        basis = Basis.of(policies, events=events, share=_share(stretch))
    elif policies.tiers_after_cut == "whole_period":
        earlier = before.events if by_event else 0
        basis = Basis.of(policies, events=events, before=before.quantity, events_before=earlier)
    if stretch.version.price.scheme is None:
        basis = Basis()
    numerator, denominator = period_amount(stretch.version.price, counted.quantity, basis)
    amount = round_ratio(numerator * part[0], denominator * part[1])
    return Rated(counted.quantity, basis, part, amount)


def _counted(stretch: Stretch, usage: Usage, *, subscription: Subscription, meter: Meter) -> tuple[Measured, Measured]:
    """What counts in the stretch, and what counted in its period before; below zero is none, beyond a cap is none."""
    alone, *cut = (usage.answers[one] for one in questions(stretch, subscription=subscription, meter=meter))
    cap = _cap(usage, stretch.meter_id)
    if meter.aggregation in _LEVELS or not cut:
        return _within(alone, cap), NOTHING
    before, together = (_within(one, cap) for one in cut)
    if cap is None and subscription.policies.tiers_after_cut != "whole_period":
        return _within(alone, None), before
    added = Measured(max(together.quantity - before.quantity, NOTHING.quantity), together.events - before.events)
    return added, before


def _within(measured: Measured, cap: Decimal | None) -> Measured:
    quantity = max(measured.quantity, NOTHING.quantity)
    return replace(measured, quantity=quantity if cap is None else min(quantity, cap))


def _cap(usage: Usage, meter_id: Id) -> Decimal | None:
    caps = [
        limit.quantity
        for limit in usage.limits
        if limit.meter_id == meter_id and limit.kind is not LimitKind.ALERT and limit.quantity is not None
    ]
    return min(caps, default=None)


def _share(stretch: Stretch) -> tuple[int, int]:
    """The part of the slot that a stretch is: in local days where it begins and ends with one, else in time."""
    zone, slot = stretch.item.series.zone, stretch.slot
    if all(start_of_day(at, zone) == at for at in (stretch.start, stretch.end, slot.start, slot.end)):
        return days_between(stretch.start, stretch.end, zone), days_between(slot.start, slot.end, zone)
    return (stretch.end - stretch.start) // _INSTANT, (slot.end - slot.start) // _INSTANT


def wanted(subscription: Subscription, meters: dict[Id, Meter], *, through: datetime, running: bool) -> list[Question]:
    """All that must be measured to bill a subscription through an instant.

    The stretches that end by then and are not settled or still open for late events; with `running` also those
    that go on, up to that instant.
    """
    found: dict[Question, None] = {}
    for item in subscription.items:
        for stretch in _considered(subscription, item, through=through):
            if running or stretch.end < through or _ends(subscription, stretch):
                asked = questions(stretch, subscription=subscription, meter=meters[stretch.meter_id])
                found.update(dict.fromkeys(asked))
    return list(found)


def _considered(subscription: Subscription, item: Item, *, through: datetime) -> list[Stretch]:
    """From the oldest stretch of an item that may have been open when it was last settled."""
    metered = [version for version in item.versions if version.price.meter_id is not None]
    if not metered:
        return []
    settled = min(version.billed_through or version.bills_from or version.starts_at for version in metered)
    since = settled - timedelta(days=subscription.policies.late_window_days + 1)
    begins = min(version.bills_from or version.starts_at for version in metered)
    return stretches(subscription, item, since=max(since, begins), through=through)


def closes_for_good(subscription: Subscription, item: Item, version: Version) -> datetime | None:
    """Until when late events of a version that ends are taken; None where it goes on."""
    end = min((at for at in (version.ends_at, subscription.cancel_at) if at is not None), default=None)
    if end is None:
        return None
    return closes_at(end, zone=item.series.zone, days=subscription.policies.late_window_days)


def _ends(subscription: Subscription, stretch: Stretch) -> bool:
    """Whether a stretch that ends at the instant it is looked at ends there by itself."""
    _, end = _covered(subscription, stretch.version, stretch.slot)
    return stretch.end == end


class Tally:
    """One subscription's usage on its way through a `bill` call: what is charged grows with each line that is due."""

    __slots__ = ("_charged", "_subscription", "_usage")

    def __init__(self, subscription: Subscription, usage: Usage) -> None:
        self._subscription, self._usage = subscription, usage
        self._charged = dict(usage.charged)

    def due(self, item: Item, at: datetime) -> list[UsageCharge]:
        """What is due of an item when one of its stretches ends, or the late window of its last one closes.

        Besides the stretch that ends here these are the earlier ones that were open for late events when the item
        was last settled. Afterwards it counts as charged.
        """
        settled_last = slot_at(item.series, at - _INSTANT).start
        found = [
            self._charge(stretch)
            for stretch in _considered(self._subscription, item, through=at)
            if _ends(self._subscription, stretch) and self._closes_at(stretch) > settled_last
        ]
        return self._taken([charge for charge in found if self._shown(charge, at)])

    def closed(self, item: Item, at: datetime) -> list[Id]:
        """The versions of an item that have ended and need not be looked at again, once what is due `at` is charged."""
        return [
            version.id
            for version in item.versions
            if version.price.meter_id is not None
            if (closing := closes_for_good(self._subscription, item, version)) is not None and closing <= at
        ]

    def unbilled(self, at: datetime) -> list[UsageCharge]:
        """What usage up to an instant comes to and no line has charged, running stretches included."""
        found = [
            self._charge(stretch)
            for item in self._subscription.items
            for stretch in _considered(self._subscription, item, through=at)
            if stretch.slot.start < at <= stretch.slot.end
        ]
        return [charge for charge in found if charge.amount]

    def progressive(self, at: datetime) -> list[UsageCharge]:
        """All that is unbilled, once it reaches the policy's threshold. Afterwards it counts as charged."""
        threshold = self._subscription.policies.progressive_threshold
        if threshold is None:
            return []
        found = self.unbilled(at)
        reached = Fraction(threshold) * 10 ** exponent(self._subscription.currency)
        total = sum(charge.amount for charge in found)
        return self._taken(found) if total >= reached and total > 0 else []

    def alerts(self, at: datetime) -> list[AlertReached]:
        """The alerts of running periods that are reached and were not told."""
        quantities: dict[tuple[Id, datetime], Decimal] = {}
        amounts: dict[tuple[Id, datetime], int] = {}
        for item in self._subscription.items:
            for stretch in _considered(self._subscription, item, through=at):
                if stretch.slot.start < at <= stretch.slot.end:
                    period = stretch.meter_id, stretch.slot.start
                    rated = rate(stretch, self._usage, subscription=self._subscription)
                    amounts[period] = amounts.get(period, 0) + rated.amount
                    meter = self._usage.meters[stretch.meter_id]
                    asked = questions(stretch, subscription=self._subscription, meter=meter)
                    quantities[period] = self._usage.answers[asked[-1]].quantity
        return [
            AlertReached(limit, self._subscription.id, start, at)
            for limit in self._usage.limits
            for (meter_id, start), quantity in quantities.items()
            if limit.kind is LimitKind.ALERT and limit.meter_id == meter_id
            if (limit.id, start) not in self._usage.told
            if _reached(limit, quantity, amounts[meter_id, start])
        ]

    def _charge(self, stretch: Stretch) -> UsageCharge:
        rated = rate(stretch, self._usage, subscription=self._subscription)
        return UsageCharge(stretch, rated, self._charged.get(stretch.key, 0))

    def _shown(self, charge: UsageCharge, at: datetime) -> bool:
        """A line that changes nothing is left out, but for the first of a stretch in which something was used."""
        if charge.amount or charge.stretch.end != at or charge.stretch.key in self._charged:
            return bool(charge.amount)
        return bool(charge.rated.quantity) or self._subscription.policies.zero_usage_line == "yes"

    def _taken(self, charges: list[UsageCharge]) -> list[UsageCharge]:
        for charge in charges:
            self._charged[charge.stretch.key] = charge.rated.amount
        return charges

    def _closes_at(self, stretch: Stretch) -> datetime:
        days = self._subscription.policies.late_window_days
        return closes_at(stretch.end, zone=stretch.item.series.zone, days=days)


def _reached(limit: Limit, quantity: Decimal, amount: int) -> bool:
    if limit.amount_minor is not None:
        return amount >= limit.amount_minor
    return limit.quantity is not None and quantity >= limit.quantity
