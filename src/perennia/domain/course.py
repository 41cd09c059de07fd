"""One subscription on its way through time: what happens to it next, and what that charges.

The order of effects at one instant is the order of the methods here: ends and their
credits, arrears of periods ending, trial ends and starts, advance charges. A course is the working copy of
a `bill` call; the facts it was made from stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.calendar import slot_at
from perennia.domain.decision import DiscountUse, Movement, SpanCut, SubscriptionMove
from perennia.domain.discounts import Discount
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Item, ItemKind, Seller, Settled, Status, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.lifecycle import LIVE, check_move
from perennia.domain.metrics import movement, subscription_mrr
from perennia.domain.pricing import Timing
from perennia.domain.proration import Credit, Part, charge, credit, next_part


@dataclass(frozen=True, slots=True)
class Charge:
    """A part that fell due, priced: `listed` before and `amount` after percent discounts, minor units."""

    subscription: Subscription
    item: Item
    version: Version
    part: Part
    listed: int
    amount: int
    discounts: tuple[Discount, ...]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A settled part that ends earlier now, and what that gives back."""

    subscription: Subscription
    settled: Settled
    new_end: datetime
    credit: Credit


class Progress:
    """How far one item version is settled, and when its next part falls due (None: nothing is left)."""

    __slots__ = ("due", "ends", "item", "parts", "prorate_last", "settled", "version")

    def __init__(self, item: Item, version: Version, subscription: Subscription) -> None:
        self.item, self.version = item, version
        self.prorate_last = subscription.policies.known_last_part == "prorate"
        self.ends = _earliest(version.ends_at, subscription.cancel_at)
        self.settled = version.billed_through or version.bills_from or version.starts_at
        if subscription.trial_ends_at is not None and subscription.trial_ends_at > self.settled:
            self.settled = subscription.trial_ends_at
        self.parts = 0
        self._find_due()

    def next_part(self) -> Part:
        return next_part(series=self.item.series, start=self.settled, ends=self.ends, prorate_last=self.prorate_last)

    def begins_a_period(self) -> bool:
        """Whether the next part begins where a slot of its series does, and not inside one."""
        return slot_at(self.item.series, self.settled).start == self.settled

    def take(self) -> Part:
        """The part that is due; afterwards it is settled."""
        part = self.next_part()
        self.settled = part.end
        self.parts += 1
        self._find_due()
        return part

    def _find_due(self) -> None:
        if self.ends is not None and self.settled >= self.ends:
            self.due = None
        elif self.version.price.timing is Timing.ADVANCE:
            self.due = self.settled
        else:
            self.due = _earliest(self.next_part().end, self.ends)


class Course:
    """A subscription's state while it is taken forward, and what became of it so far."""

    __slots__ = (
        "_seller", "_country", "cuts", "discounts", "ended_discounts", "events", "facts", "movements", "moves",
        "progress", "status", "uses",
    )  # fmt: skip

    def __init__(self, facts: Subscription, *, seller: Seller, country: str) -> None:
        self.facts, self.status = facts, facts.status
        self._seller, self._country = seller, country
        plan_first = sorted(facts.items, key=lambda item: item.kind is not ItemKind.PLAN)
        self.progress = [Progress(item, version, facts) for item in plan_first for version in item.versions]
        self.discounts = {discount.id: discount.periods_left for discount in facts.discounts}
        self.ended_discounts: set[Id] = set()
        self.moves: list[SubscriptionMove] = []
        self.movements: list[Movement] = []
        self.events: list[Event] = []
        self.cuts: list[SpanCut] = []
        self.uses: dict[Id, DiscountUse] = {}

    def next_due_at(self) -> datetime | None:
        """The earliest instant at which anything of this subscription happens."""
        found = self.next_change()
        for progress in self.progress:
            if progress.due is not None and (found is None or progress.due < found):
                found = progress.due
        return found

    def next_change(self) -> datetime | None:
        """The earliest instant at which its state changes."""
        if self.status is Status.CANCELED:
            return None
        cancel_at = self.facts.cancel_at
        if self.status is Status.SCHEDULED:
            return _earliest(cancel_at, self.facts.started_at)
        if self.status is Status.TRIALING:
            return _earliest(cancel_at, self.facts.trial_ends_at)
        return cancel_at

    def end(self, at: datetime) -> Iterator[GivenBack]:
        """(1) The end, if it is due, and the credits for what was charged beyond it."""
        facts = self.facts
        if self.status is Status.CANCELED or facts.cancel_at is None or facts.cancel_at > at:
            return
        if self.status in LIVE:
            counted = max(facts.cancel_at, _live_from(facts))
            self._moved(before=self._mrr(counted), after=0, at=counted, live_after=False)
        self._become(Status.CANCELED, at)
        self.events.append(Event(EventType.SUBSCRIPTION_CANCELED, facts.id, at))
        for settled in facts.overcharged:
            if facts.policies.known_last_part == "full" and settled.start < facts.cancel_at:
                continue  # the last part is charged whole, whenever the end became known
            new_end = max(facts.cancel_at, settled.start)
            given = credit(settled, new_end=new_end, zone=facts.zone)
            self.cuts.append(SpanCut(settled.version_id, settled.start, new_end))
            yield GivenBack(facts, settled, new_end, given)

    def start(self, at: datetime) -> None:
        """(4) The start, and the end of a trial, if they are due."""
        facts = self.facts
        if self.status is Status.SCHEDULED and facts.started_at <= at:
            trial = facts.trial_ends_at is not None and facts.trial_ends_at > facts.started_at
            self._become(Status.TRIALING if trial else Status.ACTIVE, at)
            if trial:
                self.events.append(Event(EventType.SUBSCRIPTION_TRIAL_STARTED, facts.id, at))
            else:
                self._activated(at)
        if self.status is Status.TRIALING and facts.trial_ends_at is not None and facts.trial_ends_at <= at:
            self._become(Status.ACTIVE, at)
            self._activated(at)

    def charges(self, at: datetime, timing: Timing) -> Iterator[Charge]:
        """(2) Arrears or (5) advance: the parts due at this instant, priced."""
        plan_closed = False
        for progress in self.progress:
            if progress.due == at and progress.version.price.timing is timing:
                plan_closed |= timing is Timing.ARREARS and progress.item.kind is ItemKind.PLAN
                discounts = self._discounts_for(progress, at) if self.discounts else ()
                part = progress.take()
                listed, amount = charge(progress.version, part, discounts)
                yield Charge(self.facts, progress.item, progress.version, part, listed, amount, discounts)
        if plan_closed:
            self._end_used_up(at)

    def _discounts_for(self, progress: Progress, at: datetime) -> tuple[Discount, ...]:
        """The discounts at work on a part. A part of the plan that begins with a period consumes one of each.

        One that begins inside a period has that period's discount and consumes nothing. A used-up discount ends
        where the plan's next part begins: before that is charged in advance, or once all of the period before has
        been charged in arrears (one taken over used up, before its first part).
        """
        if progress.item.kind is ItemKind.PLAN:
            self._end_used_up(at)
        active = tuple(d for d in self.facts.discounts if d.id not in self.ended_discounts)
        if progress.item.kind is ItemKind.PLAN and progress.begins_a_period():
            for discount in active:
                left = self.discounts[discount.id]
                if left is not None:
                    self.discounts[discount.id] = left - 1
                    self.uses[discount.id] = DiscountUse(discount.id, left - 1)
        return active

    def _end_used_up(self, at: datetime) -> None:
        used_up = [id for id, left in self.discounts.items() if left == 0 and id not in self.ended_discounts]
        if not used_up:
            return
        before = self._mrr(at)
        self.ended_discounts.update(used_up)
        for id in used_up:
            self.uses[id] = DiscountUse(id, 0, ended_at=at)
        if self.status in LIVE:
            self._moved(before=before, after=self._mrr(at), at=at)

    def _activated(self, at: datetime) -> None:
        self.events.append(Event(EventType.SUBSCRIPTION_ACTIVATED, self.facts.id, at))
        self._moved(before=0, after=self._mrr(at), at=at, live_before=False)

    def _mrr(self, at: datetime) -> int:
        return subscription_mrr(
            self.facts, at=at, taxes=self._seller.taxes, country=self._country, ended=self.ended_discounts
        )

    def _moved(
        self, *, before: int, after: int, at: datetime, live_before: bool = True, live_after: bool = True
    ) -> None:
        found = movement(
            self.facts,
            before=before,
            after=after,
            at=at,
            live_before=live_before,
            live_after=live_after,
            cause=None if live_after else self.facts.cancel_cause,
        )
        if found is not None:
            self.movements.append(found)

    def _become(self, status: Status, at: datetime) -> None:
        check_move(state=self.status, to=status)
        cause = self.facts.cancel_cause if status is Status.CANCELED else None
        self.moves.append(SubscriptionMove(self.facts.id, self.status, status, at, cause))
        self.status = status


def _live_from(facts: Subscription) -> datetime:
    """From when it counts in recurring revenue; an end dated before that takes nothing away earlier."""
    return max(facts.started_at, facts.trial_ends_at or facts.started_at)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
