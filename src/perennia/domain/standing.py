"""A subscription as it stands while it is taken forward, and everything that became of it so far.

The base of a course: it knows states, versions, recurring revenue and discounts, and keeps what is to be written;
what happens when is the course's.
"""

from collections.abc import Iterable
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
from perennia.domain.events import Event, EventType
from perennia.domain.facts import (
    Cause,
    Change,
    ChangeKind,
    Item,
    ItemKind,
    Pause,
    Payer,
    Seller,
    Status,
    Subscription,
    Version,
    waits_for_rest,
)
from perennia.domain.ids import Id, NewIds
from perennia.domain.lifecycle import check_move
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
        self.pause = facts.running_pause if facts.pauses else None
        self.changes = sorted(facts.changes, key=in_order) if facts.changes else []
        plan_first = sorted(facts.items, key=lambda item: item.kind is not ItemKind.PLAN)
        self.progress = [self._progress(item, version) for item in plan_first for version in item.versions]
        discounts = facts.discounts_so_far or facts.discounts
        self.discounts = {one.id: one.periods_left for one in discounts} if discounts else {}
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
        if self._is_paused():
            paid = [progress.settled for progress in self.progress if progress.item.kind is ItemKind.PLAN]
            return (
                None if waits_for_rest(self.cancel_at, self.facts.cancel_policies, self.pause, paid) else self.cancel_at
            )
        if self.term is None or self.term.then != "end":
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

    def _moved_at(self, before: Subscription, instants: Iterable[datetime]) -> None:
        """The movements of a change that reaches back over later versions: at each instant what it differs by there."""
        begins, edges, told = live_from(self.facts), self._edges(), 0
        counted = {max(at, begins) for at in instants}
        for at in sorted(counted | {edge for edge in edges if edge > min(counted)}):
            difference = self._recurring(at) - self._recurring(at, of=before) - told
            self._moved(before=0, after=difference, at=at, kind=edges.get(at))
            told += difference

    def _moved_to_nothing(self, at: datetime) -> None:
        """The movements of an end that reaches back over later versions: what they and their ends moved is taken back."""
        told, edges = self._recurring(at), self._edges()
        self._moved(before=told, after=0, at=at, live_after=False)
        instants = {progress.version.starts_at for progress in self.progress} | set(edges)
        instants |= {ended for progress in self.progress if (ended := progress.version.ends_at) is not None}
        for later in sorted(one for one in instants if one > at):
            difference = told - self._recurring(later)
            self._moved(before=0, after=difference, at=later, kind=edges.get(later))
            told -= difference

    def _recurring(self, at: datetime, *, of: Subscription | None = None) -> int:
        """Recurring revenue as it was counted at an instant: none in a pause."""
        paused = any(one.starts_at <= at and (one.ends_at is None or at < one.ends_at) for one in self._stood_still())
        return 0 if paused else self._mrr(at, of=of)

    def _stood_still(self) -> list[Pause]:
        """The pauses that took recurring revenue away: all that have begun since it counts as a subscriber."""
        begun = [one for one in self.pauses if one.is_over or self._is_paused()]
        return [one for one in begun if one.starts_at >= live_from(self.facts)]

    def _edges(self) -> dict[datetime, MovementKind]:
        """Where pauses took recurring revenue away, and where it came back."""
        pauses = self._stood_still()
        edges = {one.ends_at: MovementKind.RESUME for one in pauses if one.is_over and one.ends_at is not None}
        return edges | {one.starts_at: MovementKind.PAUSE for one in pauses}

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
