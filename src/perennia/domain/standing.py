"""A subscription as it stands while it is taken forward, and everything that became of it so far.

The base of a course: it knows states, versions, recurring revenue and discounts, and keeps what is to be written;
what happens when is the course's.
"""

from dataclasses import replace
from datetime import datetime

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
from perennia.domain.discounts import Discount
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Cause, Item, ItemKind, Payer, Seller, Status, Subscription, Version
from perennia.domain.ids import Id, NewIds
from perennia.domain.lifecycle import LIVE, check_move
from perennia.domain.metrics import movement, subscription_mrr
from perennia.domain.policies import Policies
from perennia.domain.progress import Progress


class Standing:
    """The working copy of one subscription's facts."""

    __slots__ = (
        "_new_ids", "_payer", "_seller", "_set_up", "begun", "cancel_at", "changes", "changes_done", "changes_moved",
        "cuts", "dates", "discounts", "ended", "ended_discounts", "events", "facts", "movements", "moves", "pause",
        "pauses_done", "progress", "status", "stretches", "term", "trial_end", "uses",
    )  # fmt: skip

    def __init__(self, facts: Subscription, *, seller: Seller, payer: Payer, new_ids: NewIds) -> None:
        self.facts, self.status, self.trial_end, self.term = facts, facts.status, facts.trial_ends_at, facts.term
        self.cancel_at = facts.cancel_at
        self._seller, self._payer, self._new_ids = seller, payer, new_ids
        self.pause = next((pause for pause in facts.pauses if not pause.is_over), None) if facts.pauses else None
        self.changes = sorted(facts.changes, key=lambda change: (change.at, change.id)) if facts.changes else []
        plan_first = sorted(facts.items, key=lambda item: item.kind is not ItemKind.PLAN)
        self.progress = [self._progress(item, version) for item in plan_first for version in item.versions]
        self.discounts = {discount.id: discount.periods_left for discount in facts.discounts}
        self._set_up: list[Progress] = []
        self.ended_discounts: set[Id] = set()
        self.moves: list[SubscriptionMove] = []
        self.movements: list[Movement] = []
        self.events: list[Event] = []
        self.cuts: list[SpanCut] = []
        self.uses: dict[Id, DiscountUse] = {}
        self.stretches: list[SpanStretch] = []
        self.begun: list[VersionBegun] = []
        self.ended: list[VersionEnd] = []
        self.changes_done: list[ChangeDone] = []
        self.changes_moved: list[ChangeMoved] = []
        self.pauses_done: list[PauseDone] = []
        self.dates: list[DatesMove] = []

    def _progress(self, item: Item, version: Version) -> Progress:
        return Progress(item, version, self.facts, trial_end=self.trial_end, pause=self.pause)

    @property
    def ends_at(self) -> datetime | None:
        """Where the subscription is known to end, as it stands by now."""
        if self.term is None or self.term.then != "end" or self._is_paused():
            return self.cancel_at
        return self.term.ends_at if self.cancel_at is None else min(self.cancel_at, self.term.ends_at)

    def _cause(self) -> Cause:
        return self.facts.cancel_cause if self.ends_at == self.cancel_at else Cause.TERM

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

    def _begin(self, item: Item, version: Version, *, is_new_item: bool = False) -> None:
        if self.trial_end is not None and self.trial_end > (version.bills_from or version.starts_at):
            version = replace(version, bills_from=self.trial_end)
        self.begun.append(VersionBegun(self.facts.id, item, version, is_new_item))
        self.progress.append(self._progress(item, version))
        if is_new_item:
            self._begins_setup(self.progress[-1])

    def _begins_setup(self, progress: Progress) -> None:
        if progress.version.price.setup_fee:
            self._set_up.append(progress)

    def _end_version(self, progress: Progress, at: datetime, under: Policies | None) -> None:
        progress.end(at)
        progress.ends = at
        progress.find_due()
        self.ended.append(VersionEnd(progress.version.id, at, under))

    def _discounts_for(self, progress: Progress, at: datetime) -> tuple[Discount, ...]:
        """The discounts at work on a part. A part of the plan that begins with a period consumes one of each.

        One that begins inside a period has that period's discount and consumes nothing. A used-up discount ends
        where the plan's next part begins: before that is charged in advance, or once all of the period before has
        been charged in arrears (one taken over used up, before its first part).
        """
        begins = progress.begins_a_period()
        if progress.item.kind is ItemKind.PLAN and begins:
            self._end_used_up(at)
        active = tuple(d for d in self.facts.discounts if d.id not in self.ended_discounts)
        if progress.item.kind is ItemKind.PLAN and begins:
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
        if self.facts.activated_at is not None:  # a trial given later is over
            self._moved(before=0, after=self._mrr(at), at=at, kind=MovementKind.RESUME)
            return
        kind = MovementKind.REACTIVATION if self.facts.reactivates is not None else None
        self._moved(before=0, after=self._mrr(at), at=at, live_before=False, kind=kind)

    def _mrr(self, at: datetime, *, of: Subscription | None = None) -> int:
        facts = of or (self._as_it_stands() if self.begun or self.ended else self.facts)
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
            self.movements.append(found if kind is None else replace(found, kind=kind))

    def _moved_at(self, before: Subscription, instants: list[datetime]) -> None:
        """The movements of a change that reaches back over later versions: at each instant what it differs by there."""
        told = 0
        for at in instants:
            counted = max(at, live_from(self.facts))
            difference = self._mrr(counted) - self._mrr(counted, of=before) - told
            self._moved(before=0, after=difference, at=counted)
            told += difference

    def _moved_to_nothing(self, at: datetime) -> None:
        """The movements of an end that reaches back over later versions: what these moved is taken back there."""
        told = self._mrr(at)
        self._moved(before=told, after=0, at=at, live_after=False)
        versions = [progress.version for progress in self.progress if progress.version.starts_at > at]
        for later in sorted({version.starts_at for version in versions}):
            difference = told - self._mrr(later)
            self._moved(before=0, after=difference, at=later)
            told -= difference

    def _tell_dates(self) -> None:
        term_ends_at = None if self.term is None else self.term.ends_at
        self.dates.append(DatesMove(self.facts.id, self.trial_end, term_ends_at, self.cancel_at))

    def _become(self, status: Status, at: datetime) -> None:
        check_move(state=self.status, to=status)
        cause = self._cause() if status is Status.CANCELED else None
        self.moves.append(SubscriptionMove(self.facts.id, self.status, status, at, cause))
        self.status = status


def live_from(facts: Subscription) -> datetime:
    """From when it counts in recurring revenue; an end dated before that takes nothing away earlier."""
    return facts.activated_at or max(facts.started_at, facts.trial_ends_at or facts.started_at)
