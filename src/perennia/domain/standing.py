"""A subscription as it stands while it is taken forward, and everything that became of it so far.

The base of a course: it knows states, versions, recurring revenue and discounts, and keeps what is to be written;
what happens when is the course's.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from perennia.domain.calendar import slot_at
from perennia.domain.decision import (
    ChangeDone,
    ChangeMoved,
    DatesMove,
    DiscountUse,
    Movement,
    MovementKind,
    PauseDone,
    SpanCut,
    SpanStretch,
    SubscriptionMove,
    VersionBegun,
    VersionEnd,
)
from perennia.domain.discounts import Discount, at_work, consumes, ends_at
from perennia.domain.events import Event, EventType
from perennia.domain.facts import (
    Cause,
    Change,
    ChangeKind,
    Item,
    ItemKind,
    Payer,
    Seller,
    Status,
    Subscription,
    Version,
)
from perennia.domain.ids import Id, NewIds
from perennia.domain.lengthened import term_after
from perennia.domain.lifecycle import LIVE, check_move
from perennia.domain.metrics import movement, subscription_mrr
from perennia.domain.policies import Policies
from perennia.domain.progress import NOTHING, Progress
from perennia.domain.using import Using


class Told:
    """What became of a subscription beside its charges."""

    __slots__ = (
        "begun", "changes_done", "changes_moved", "cuts", "dates", "ended", "events", "movements", "moves", "pauses_done",
        "stretches",
    )  # fmt: skip

    def __init__(self) -> None:
        self.moves: list[SubscriptionMove] = []
        self.movements: list[Movement] = []
        self.events: list[Event] = []
        self.cuts: list[SpanCut] = []
        self.stretches: list[SpanStretch] = []
        self.begun: list[VersionBegun] = []
        self.ended: list[VersionEnd] = []
        self.changes_done: list[ChangeDone] = []
        self.changes_moved: list[ChangeMoved] = []
        self.pauses_done: list[PauseDone] = []
        self.dates: list[DatesMove] = []


class Standing:
    """The working copy of one subscription's facts. A plain renewal has nothing `told`, and no lists for it."""

    __slots__ = (
        "_counted", "_new_ids", "_payer", "_seller", "_set_up", "_told", "cancel_at", "changes", "discounts",
        "ended_discounts", "facts", "overcharged", "pause", "pauses", "progress", "status", "term", "through", "together",
        "trial_end", "usage", "uses",
    )  # fmt: skip

    def __init__(self, facts: Subscription, *, seller: Seller, payer: Payer, new_ids: NewIds) -> None:
        self.usage: Using | None = None
        self.overcharged, self.pauses = facts.overcharged, facts.pauses
        self.facts, self.status, self.trial_end, self.term = facts, facts.status, facts.trial_ends_at, facts.term
        self.cancel_at = facts.cancel_at
        self._seller, self._payer, self._new_ids = seller, payer, new_ids
        self.pause = next((pause for pause in facts.pauses if not pause.is_over), None) if facts.pauses else None
        self.changes = sorted(facts.changes, key=in_order) if facts.changes else []
        plan_first = sorted(facts.items, key=lambda item: item.kind is not ItemKind.PLAN)
        self.progress = [self._progress(item, version) for item in plan_first for version in item.versions]
        self.discounts = {one.id: one.periods_left for one in facts.discounts} if facts.discounts else {}
        self.together = False
        self.through = NOTHING
        """What waits as a draft is issued if it is ready by then."""
        self._counted: dict[Id, datetime] = {}
        self._set_up: tuple[Progress, ...] = ()
        self._told: Told | None = None
        self.ended_discounts: frozenset[Id] = frozenset()
        self.uses: dict[Id, DiscountUse] = {}

    @property
    def told(self) -> Told:
        """What becomes of it is put here."""
        if self._told is None:
            self._told = Told()
        return self._told

    def _progress(self, item: Item, version: Version) -> Progress:
        if version.price.meter_id is not None and self.usage is None:
            self.usage = Using(self.facts)
        return Progress(item, version, self.facts, trial_end=self.trial_end, pause=self.pause, pauses=self.pauses)

    @property
    def ends_at(self) -> datetime | None:
        """Where the subscription is known to end, as it stands by now."""
        if self.term is None or self.term.then != "end" or self._is_paused():
            return self.cancel_at
        return self.term.ends_at if self.cancel_at is None else min(self.cancel_at, self.term.ends_at)

    def _cause(self) -> Cause:
        return self.facts.cancel_cause if self.ends_at == self.cancel_at else Cause.TERM

    @property
    def _is_held(self) -> bool:
        """Whether a person holds its invoices. What is unpaid charges nothing either, but gives back at once."""
        return self.facts.held and self.facts.status is not Status.UNPAID

    def _release(self) -> None:
        """What a person held is held no longer: nothing waits beyond the end."""
        if self._is_held:
            self.facts = replace(self.facts, held=False)
            for progress in self.progress:
                progress.facts = self.facts
                progress.find_due()

    def has_told(self) -> bool:
        """Whether anything became of it but charges."""
        return self._told is not None

    def has_changed(self) -> bool:
        """Whether versions of it ended or began."""
        return self._told is not None and bool(self._told.begun or self._told.ended)

    def _is_paused(self) -> bool:
        return self.status is Status.PAUSED

    def _as_it_stands(self) -> Subscription:
        """The subscription with its versions as they are by now."""
        items: dict[Id, tuple[Item, list[Version]]] = {}
        for progress in self.progress:
            items.setdefault(progress.item.id, (progress.item, []))[1].append(progress.as_it_stands())
        return replace(
            self.facts, items=tuple(replace(item, versions=tuple(versions)) for item, versions in items.values())
        )

    def _with_usage(self) -> Subscription:
        """As it stands, for what is metered: with its own dates, and the versions of which nothing more is charged."""
        closed = set() if self.usage is None else set(self.usage.closed)
        items = tuple(
            replace(item, versions=tuple(replace(v, closed=v.closed or v.id in closed) for v in item.versions))
            for item in self._as_it_stands().items
        )
        return replace(
            self.facts, items=items, status=self.status, trial_ends_at=self.trial_end, cancel_at=self.cancel_at,
            term=self.term,
        )  # fmt: skip

    def _begin(self, item: Item, version: Version, *, is_new_item: bool = False) -> None:
        if self.trial_end is not None and self.trial_end > (version.bills_from or version.starts_at):
            version = replace(version, bills_from=self.trial_end)
        self.told.begun.append(VersionBegun(self.facts.id, item, version, is_new_item))
        self.progress.append(self._progress(item, version))
        if is_new_item:
            self._begins_setup(self.progress[-1])

    def _begins_setup(self, progress: Progress) -> None:
        if progress.version.price.setup_fee:
            self._set_up += (progress,)

    def _end_version(self, progress: Progress, at: datetime, under: Policies | None) -> None:
        progress.end(at)
        progress.ends = at
        progress.find_due()
        self.told.ended.append(VersionEnd(progress.version.id, at, under))

    def _discounts_for(self, progress: Progress, at: datetime, *, setup: bool = False) -> tuple[Discount, ...]:
        """The discounts at work on a part, or on a set-up fee. A part of the plan that begins with a period consumes one
        of each (`coupon_counts` periods), or each invoice on which one works does (`invoices`).

        One that begins inside a period has that period's discount and consumes nothing; nor does one that stands in for
        a period that was charged before (a change on its first day, or back-dated). A used-up discount ends where
        the plan's next period begins, or the gap before a moved billing day: before that is charged in advance, or once
        all of the period before has been charged in arrears (one taken over used up, before its first part). So does one
        that is over by its date (`months`), which no part has that begins after it.
        """
        begins, starts = not setup and progress.begins_a_period(), progress.settled
        counts, renews = self.facts.policies.coupon_counts, begins and progress.item.kind is ItemKind.PLAN
        counted = self._counted_before(progress) if renews and counts == "periods" and self.overcharged else frozenset()
        if renews or counts == "invoices" or self._is_gap(progress):
            self._end_used_up(at, starts, but=counted)
        active = [d for d in self.facts.discounts if d.id not in self.ended_discounts]
        if counts == "months":
            active = [discount for discount in active if not self._is_over(discount, at, starts)]
        found = at_work(
            active, sold=progress.version.price.sold, proration=not begins and not setup,
            on_prorations=progress.policies.coupon_on_prorations,
        )  # fmt: skip
        if consumes(counts=counts, begins_period=renews, begins_document=True):
            self._consume([d for d in active if d.id not in counted] if counts == "periods" else found, at)
        return found

    def _counted_before(self, progress: Progress) -> frozenset[Id]:
        """The discounts that were counted for the plan's next period already: with a charge that goes back now."""
        slot = slot_at(progress.version.series, progress.settled)
        versions = {one.version.id: one.version for one in self.progress if one.item.id == progress.item.id}
        for settled in self.overcharged:
            version = versions.get(settled.version_id)
            if version is None or settled.start != progress.settled or settled.end == settled.start:
                continue
            if slot_at(version.series, settled.start) == slot:
                had_them = settled.line_discount > 0 or settled.line_net == 0
                return frozenset(
                    discount.id
                    for discount in self.facts.discounts
                    if self.discounts[discount.id] != discount.periods
                    and (had_them or not discount.covers(version.price.sold))
                )
        return frozenset()

    def _is_gap(self, progress: Progress) -> bool:
        """Whether the next part of the plan follows a whole period that was counted otherwise: a moved billing day."""
        begins = progress.settled
        if progress.item.kind is not ItemKind.PLAN or begins != progress.version.starts_at:
            return False
        return any(
            other.ends == begins
            and other.item.id == progress.item.id
            and other.version.series != progress.version.series
            and slot_at(other.version.series, begins).start == begins
            for other in self.progress
        )

    def _consume(self, discounts: Sequence[Discount], at: datetime) -> None:
        for discount in discounts:
            left, by_document = self.discounts[discount.id], self.facts.policies.coupon_counts == "invoices"
            if left is not None and not (by_document and self._is_counted(discount, at)):
                self.discounts[discount.id] = left - 1
                self.uses[discount.id] = DiscountUse(discount.id, left - 1)
            self._counted[discount.id] = at

    def _is_counted(self, discount: Discount, at: datetime) -> bool:
        """Whether a discount was counted for the document of an instant already."""
        counted = self._counted.get(discount.id)
        return counted is not None and (self.together or counted == at)

    def _is_over(self, discount: Discount, at: datetime, starts: datetime) -> bool:
        facts, counts = self.facts, self.facts.policies.coupon_counts
        if counts == "invoices" and self._is_counted(discount, at):
            return False
        if counts != "months":
            return self.discounts[discount.id] == 0
        ends = ends_at(discount, counts=counts, starts=facts.started_at, zone=facts.zone)
        for pause in facts.pauses:  # its clock stands still meanwhile
            if ends is not None and pause.ends_at is not None and pause.starts_at < ends <= starts:
                ends = term_after(ends, pause, facts.zone)
        return ends is not None and ends <= starts

    def _end_used_up(self, at: datetime, starts: datetime, *, but: frozenset[Id] = frozenset()) -> None:
        """What is over for a part that starts then is at work no more, `but` those that were counted for it."""
        used_up = [
            one for one in self.facts.discounts
            if one.id not in self.ended_discounts | but and self._is_over(one, at, starts)
        ]  # fmt: skip
        if not used_up:
            return
        before = self._mrr(at)
        for one in used_up:
            self.ended_discounts |= {one.id}
            self.uses[one.id] = DiscountUse(one.id, self.discounts[one.id] or 0, ended_at=at)
        if self.status in LIVE:
            self._moved(before=before, after=self._mrr(at), at=at)

    def _activated(self, at: datetime) -> None:
        self.told.events.append(Event(EventType.SUBSCRIPTION_ACTIVATED, self.facts.id, at))
        if self.facts.activated_at is not None:  # a trial given later is over
            self._moved(before=0, after=self._mrr(at), at=at, kind=MovementKind.RESUME)
            return
        kind = MovementKind.REACTIVATION if self.facts.reactivates is not None else None
        self._moved(before=0, after=self._mrr(at), at=at, live_before=False, kind=kind)

    def _mrr(self, at: datetime, *, of: Subscription | None = None) -> int:
        facts = of or (self._as_it_stands() if self.has_changed() else self.facts)
        return subscription_mrr(facts, at=at, seller=self._seller, payer=self._payer, ended=self.ended_discounts)

    def _moved(
        self, *, before: int, after: int, at: datetime, live_before: bool = True, live_after: bool = True,
        kind: MovementKind | None = None,
    ) -> None:  # fmt: skip
        found = movement(
            self.facts,
            before=before,
            after=after,
            at=at,
            live_before=live_before,
            live_after=live_after,
            cause=None if live_after else self._cause(),
        )
        if found is not None:
            self.told.movements.append(found if kind is None else replace(found, kind=kind))

    def _moved_at(self, before: Subscription, instants: list[datetime]) -> None:
        """The movements of a change that reaches back over later versions: at each instant what it differs by there."""
        told = 0
        for at in instants:
            counted = max(at, live_from(self.facts))
            difference = self._mrr(counted) - self._mrr(counted, of=before) - told
            self._moved(before=0, after=difference, at=counted)
            told += difference

    def _moved_to_nothing(self, at: datetime) -> None:
        """The movements of an end that reaches back over later versions: what they and their ends moved is taken back."""
        told = self._mrr(at)
        self._moved(before=told, after=0, at=at, live_after=False)
        instants = {progress.version.starts_at for progress in self.progress}
        instants |= {ended for progress in self.progress if (ended := progress.version.ends_at) is not None}
        for later in sorted(one for one in instants if one > at):
            difference = told - self._mrr(later)
            self._moved(before=0, after=difference, at=later)
            told -= difference

    def _tell_dates(self) -> None:
        term_ends_at = None if self.term is None else self.term.ends_at
        self.told.dates.append(DatesMove(self.facts.id, self.trial_end, term_ends_at, self.cancel_at))

    def _become(self, status: Status, at: datetime) -> None:
        check_move(state=self.status, to=status)
        cause = self._cause() if status is Status.CANCELED else None
        self.told.moves.append(SubscriptionMove(self.facts.id, self.status, status, at, cause))
        self.status = status


def in_order(change: Change) -> tuple[datetime, bool, Id]:
    """By when they take effect; what joins then meets the others as they are from then on."""
    return change.at, change.kind is ChangeKind.ADD, change.id


def live_from(facts: Subscription) -> datetime:
    """From when it counts in recurring revenue; an end dated before that takes nothing away earlier."""
    return facts.activated_at or max(facts.started_at, facts.trial_ends_at or facts.started_at)
