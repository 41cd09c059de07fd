"""What usage comes to: stretches of one price, what was used in each, and the amount that is not charged yet.

Usage alone is settled by amount: what the events come to, minus what lines have charged for the same version and
period. So a late event, a correction or an invoice in the middle of a period needs no rule of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from perennia.domain.calendar import slot_at
from perennia.domain.facts import Item, Subscription, Version, policies_of
from perennia.domain.ids import Id
from perennia.domain.metering import NOTHING, Limit, LimitKind, Meter, Question, Usage, UsageLine
from perennia.domain.money import exponent
from perennia.domain.rating import Lacking, Rated, lacking, questions, rate
from perennia.domain.schemes import Basis
from perennia.domain.stretches import (
    INSTANT,
    Key,
    Stretch,
    closes,
    closes_for_good,
    considered,
    metered,
    running,
    settled_beyond,
    standing_for,
)


class NotMeasured(Exception):
    """A rule lacks answers: the caller adds them to the facts, and asks again.

    `questions` are to be measured, and of the periods `charged` the lines are wanted that charged them.
    """

    def __init__(self, questions: Sequence[Question] = (), *, charged: Sequence[Key] = ()) -> None:
        super().__init__(f"{len(questions)} quantities are not measured, {len(charged)} periods' lines not read")
        self.questions, self.charged = tuple(questions), tuple(charged)


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """What is due for a stretch: all it comes to, minus what was charged. Below zero it is given back."""

    stretch: Stretch
    rated: Rated
    charged: int

    @property
    def amount(self) -> int:
        return self.rated.amount - self.charged

    @property
    def exact(self) -> tuple[int, int]:
        """The amount before it is rounded; what was charged before has been, and so is what it is taken from."""
        return (self.amount, 1) if self.charged else self.rated.exact


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What the fees of a stretch lack to the minimum of its part of the period, minus what was added before."""

    stretch: Stretch
    lacking: Lacking
    charged: int

    @property
    def amount(self) -> int:
        return self.lacking.amount - self.charged

    @property
    def exact(self) -> tuple[int, int]:
        """The amount before it is rounded."""
        return (self.amount, 1) if self.charged else self.lacking.exact


@dataclass(frozen=True, slots=True)
class AlertReached:
    """A limit that the usage of a period has reached, to be told once."""

    limit: Limit
    subscription_id: Id
    period_start: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be read to bill a subscription: quantities, and what was charged by version and start of a period.

    `closing`: some of it is asked for the last time; `unsettled`: and was never charged before.
    """

    questions: tuple[Question, ...]
    charged: tuple[Key, ...]
    closing: bool = False
    unsettled: bool = False


def wanted(subscription: Subscription, meters: Mapping[Id, Meter], *, through: datetime, running: bool) -> Wanted:
    """What must be read to bill a subscription through an instant, as its versions are now.

    The stretches that end by then and are not settled or still open for late events; with `running` also those
    that go on, up to that instant. What happens meanwhile may cut them elsewhere: then `NotMeasured` names the rest.
    """
    found = [one for item in subscription.items for one in considered(subscription, item, through=through)]
    asked = [
        question
        for stretch in found
        if running or stretch.ends
        for question in questions(stretch, subscription=subscription, meter=meters[stretch.meter_id])
    ]
    keys = standing_for(found).union(*(settled_beyond(subscription, item) for item in subscription.items))
    last = [s for s in found if s.ends and closes(subscription, s.end, s.version.series) <= through]
    unsettled = any(s.version.billed_through is None or s.version.billed_through < s.end for s in last)
    return Wanted(tuple(dict.fromkeys(asked)), tuple(sorted(keys)), bool(last), unsettled)


class Tally:
    """One subscription's usage on its way through a `bill` call: what is charged grows with each line that is due.

    Every question is put to the subscription as it stands by then. All raise NotMeasured where an answer is missing.
    """

    __slots__ = ("_charged", "_trued_up", "_usage")

    def __init__(self, usage: Usage) -> None:
        self._usage, self._charged, self._trued_up = usage, dict(usage.charged), dict(usage.trued_up)

    def lines(self, key: Key, *, is_minimum: bool) -> list[UsageLine]:
        """The lines that charged a period, the latest first."""
        if key not in self._usage.lines:
            raise NotMeasured(charged=[key])
        return [line for line in reversed(self._usage.lines[key]) if line.is_minimum is is_minimum]

    def due(self, subscription: Subscription, item: Item, at: datetime) -> list[UsageCharge]:
        """What is due of an item when one of its stretches ends, or the late window of its last one closes.

        Besides the stretch that ends here these are the earlier ones that were open for late events when the item
        was last settled, and what was charged for periods that a version does not last any more. Afterwards it counts
        as charged.
        """
        found = self._standing(subscription, item, at, self._charged)
        return self._taken([charge for charge in found if self._shown(charge, at)])

    def true_ups(self, subscription: Subscription, item: Item, at: datetime) -> list[TrueUp]:
        """What the minimum of a period adds to what is `due` of an item then, or what it added too much before.

        None without a fee. Afterwards it counts as charged.
        """
        if all(version.price.period_minimum is None for version in metered(item)):
            return []
        standing = self._standing(subscription, item, at, self._trued_up)
        found = [one for one in map(self._true_up, standing) if one.amount]
        for one in found:
            self._trued_up[one.stretch.key] = one.lacking.amount
        return found

    def _true_up(self, charge: UsageCharge) -> TrueUp:
        stretch = charge.stretch
        return TrueUp(stretch, lacking(stretch, charge.rated.amount), self._trued_up.get(stretch.key, 0))

    def _standing(
        self, subscription: Subscription, item: Item, at: datetime, charged: Mapping[Key, int]
    ) -> list[UsageCharge]:
        """What is to be rated at an instant, after what was charged where a version has no stretch any more."""
        found = considered(subscription, item, through=at)
        standing = _gone(subscription, item, at, found, charged)
        standing += self._charges(subscription, _open(subscription, item, at, found))
        return sorted(standing, key=lambda charge: (charge.stretch.start, charge.stretch.version.starts_at))

    def closed(self, subscription: Subscription, item: Item, at: datetime) -> list[Id]:
        """The versions of an item that have ended and need not be looked at again, once what is due `at` is charged."""
        return [
            version.id
            for version in metered(item)
            if (closing := closes_for_good(subscription, item, version)) is not None and closing <= at
        ]

    def unbilled(
        self, subscription: Subscription, at: datetime, *, through: datetime | None = None
    ) -> list[UsageCharge]:
        """What usage of the periods that run at an instant comes to, and no line has charged.

        With `through` what is known up to a later instant counts, too.
        """
        found = self._charges(subscription, running(subscription, at, through=through))
        return [*self._taken_in(subscription, found), *(charge for charge in found if charge.amount)]

    def progressive(
        self, subscription: Subscription, at: datetime, *, through: datetime | None = None
    ) -> list[UsageCharge]:
        """All that is unbilled, once it reaches the policy's threshold. Afterwards it counts as charged."""
        threshold = subscription.policies.progressive_threshold
        if threshold is None:
            return []
        found = self.unbilled(subscription, at, through=through)
        total = sum(charge.amount for charge in found)
        reached = total >= Fraction(threshold) * 10 ** exponent(subscription.currency)
        return self._taken(found) if reached and total > 0 else []

    def _taken_in(self, subscription: Subscription, found: Sequence[UsageCharge]) -> list[UsageCharge]:
        """What was charged for stretches that others stand for now: those come to all of it, so it is given back."""
        versions = {version.id: version for item in subscription.items for version in item.versions}
        return [
            UsageCharge(replace(_no_stretch(subscription, versions[key[0]], key[1]), ends=False), _UNUSED, charged)
            for charge in found
            for key in charge.stretch.taken_in
            if (charged := self._charged.get(key, 0))
        ]

    def alerts(
        self, subscription: Subscription, at: datetime, *, through: datetime | None = None
    ) -> list[AlertReached]:
        """The alerts of running periods that are reached and were not told."""
        periods: dict[tuple[Id, datetime], tuple[Decimal, int]] = {}
        for charge in self._charges(subscription, running(subscription, at, through=through)):
            stretch = charge.stretch
            period = stretch.meter_id, stretch.slot.start
            meter = self._usage.meters[stretch.meter_id]
            together = questions(stretch, subscription=subscription, meter=meter)[-1]
            _, amount = periods.get(period, (None, 0))
            periods[period] = self._usage.answers[together].quantity, amount + charge.rated.amount
        return [
            AlertReached(limit, subscription.id, start, at)
            for limit in self._usage.limits
            for (meter_id, start), reached in periods.items()
            if limit.kind is LimitKind.ALERT and limit.meter_id == meter_id
            if (limit.id, start) not in self._usage.told and _reached(limit, *reached)
        ]

    def _charges(self, subscription: Subscription, found: Sequence[Stretch]) -> list[UsageCharge]:
        """Each stretch rated. Raises NotMeasured with all that is missing."""
        missing = [
            question
            for stretch in found
            for question in questions(stretch, subscription=subscription, meter=self._usage.meters[stretch.meter_id])
            if question not in self._usage.answers
        ]
        if missing:
            raise NotMeasured(missing)
        return [
            UsageCharge(
                stretch, rate(stretch, self._usage, subscription=subscription), self._charged.get(stretch.key, 0)
            )
            for stretch in found
        ]

    def _shown(self, charge: UsageCharge, at: datetime) -> bool:
        """A line that changes nothing is left out, but for the first of a stretch in which something was used."""
        if charge.amount or charge.stretch.end != at or charge.stretch.key in self._charged:
            return bool(charge.amount)
        return bool(charge.rated.quantity) or charge.stretch.policies.zero_usage_line == "yes"

    def _taken(self, charges: list[UsageCharge]) -> list[UsageCharge]:
        for charge in charges:
            self._charged[charge.stretch.key] = charge.rated.amount
        return charges


_UNUSED = Rated(NOTHING.quantity, Basis(), (1, 1), (0, 1), 0)


def _gone(
    subscription: Subscription, item: Item, at: datetime, found: Sequence[Stretch], charged: Mapping[Key, int]
) -> list[UsageCharge]:
    """What was charged for a version in periods in which it has no stretch any more, nor another that took it in."""
    versions = {version.id: version for version in metered(item)}
    wrong = {key for key, minor in charged.items() if minor and key[0] in versions} - _priced(found)
    if wrong:
        wrong -= _priced(considered(subscription, item, through=at, since=min(start for _, start in wrong)))
    return [
        UsageCharge(_no_stretch(subscription, versions[key[0]], key[1]), _UNUSED, charged[key]) for key in sorted(wrong)
    ]


def _priced(found: Sequence[Stretch]) -> set[Key]:
    """The keys of stretches; what one of them took in keeps what it was charged until that one ends."""
    return {key for stretch in found for key in (stretch.key, *(() if stretch.ends else stretch.taken_in))}


def _open(subscription: Subscription, item: Item, at: datetime, found: Sequence[Stretch]) -> list[Stretch]:
    """The stretches of an item to be rated at an instant: the one that ends, and those that were open before it."""
    in_force = [version for version in metered(item) if version.starts_at < at]
    if not in_force:
        return []
    settled_last = slot_at(in_force[-1].series, at - INSTANT).start
    return [
        stretch
        for stretch in found
        if stretch.ends and closes(subscription, stretch.end, stretch.version.series) > settled_last
    ]


def _no_stretch(subscription: Subscription, version: Version, start: datetime) -> Stretch:
    slot = slot_at(version.series, start)
    policies = policies_of(version, subscription)
    assert version.price.meter_id is not None
    return Stretch(version, version.price.meter_id, slot.start, slot.end, True, slot, slot.start, policies)


def _reached(limit: Limit, quantity: Decimal, amount: int) -> bool:
    if limit.amount_minor is not None:
        return amount >= limit.amount_minor
    return limit.quantity is not None and quantity >= limit.quantity
