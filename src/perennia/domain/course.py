"""One subscription on its way through time: what happens to it next, and what that charges.

The order of effects at one instant is the order of the methods here: ends and pause starts with their
credits, arrears of periods ending, changes, trial ends, starts and resumes, advance charges. A course is the working
copy of a `bill` call; the facts it was made from stay as they are.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from perennia.domain.calendar import anchor_at, boundary, slot_at
from perennia.domain.changes import applied, split
from perennia.domain.charges import Charge, GivenBack, Owed, of_minimum, of_part, of_setup, of_trial
from perennia.domain.decision import (
    ChangeDone,
    ChangeMoved,
    MovementKind,
    PauseDone,
    SpanCut,
)
from perennia.domain.discounts import Discount
from perennia.domain.errors import NotFound
from perennia.domain.events import Event, EventType
from perennia.domain.facts import (
    Change,
    ItemKind,
    Pause,
    Payer,
    Seller,
    Settled,
    Status,
    Subscription,
    Term,
    Version,
)
from perennia.domain.ids import Id, NewIds
from perennia.domain.lifecycle import LIVE, NOT_BEGUN
from perennia.domain.owing import owed_from
from perennia.domain.pausing import last_used, resumed, term_after
from perennia.domain.policies import Policies, changed, over
from perennia.domain.pricing import Timing
from perennia.domain.progress import Progress, earliest
from perennia.domain.proration import credit
from perennia.domain.standing import Standing, in_order, live_from


class Course(Standing):
    """A subscription on its way; each method does what falls due at an instant, in the order of effects."""

    __slots__ = ("_owed", "_priced_trial")

    def __init__(self, facts: Subscription, *, seller: Seller, payer: Payer, new_ids: NewIds) -> None:
        super().__init__(facts, seller=seller, payer=payer, new_ids=new_ids)
        self._owed = self._owed_before() if facts.overcharged else []
        self._priced_trial: Progress | None = None

    def next_due_at(self) -> datetime | None:
        """The earliest instant at which anything of this subscription happens."""
        found = self.next_change()
        for progress in self.progress:
            if progress.due is not None and (found is None or progress.due < found):
                found = progress.due
        for owed in self._owed:
            found = earliest(found, owed.due)
        if self.usage is not None:
            found = earliest(found, self.usage.next_due_at(self._with_usage(), self.progress))
        return found

    def next_change(self) -> datetime | None:
        """The earliest instant at which its state changes."""
        if self.status is Status.CANCELED:
            return None
        found = self.ends_at
        if self.status in NOT_BEGUN:
            return earliest(found, self.facts.started_at)
        if self.status is Status.TRIALING:
            found = earliest(found, self.trial_end)
        if self.pause is not None:
            found = earliest(found, self.pause.ends_at if self._is_paused() else self.pause.starts_at)
        if self.term is not None and not self._is_paused():
            found = earliest(found, self.term.ends_at)
        if self.changes:
            found = earliest(found, self._effective(self.changes[0]))
        return found

    def needs_rereading(self, at: datetime) -> bool:
        """Whether what happens next needs lines that were only charged in this very call.

        The caller then stops before it; asked again, with these lines among the facts, it goes on.
        """
        changes = bool(self.changes) and self._effective(self.changes[0]) == at
        if changes and self.pauses_done:
            return True
        if not any(progress.parts for progress in self.progress):
            return False
        resumes = self._is_paused() and self.pause is not None and self.pause.ends_at == at
        return resumes or (changes and any(progress.parts and progress.settled > at for progress in self.progress))

    def end(self, at: datetime) -> Iterator[GivenBack]:
        """(1) The end, if it is due; pause starts; and the credits for what was charged beyond the end of a version."""
        ends_at = self.ends_at
        if self.status is not Status.CANCELED and ends_at is not None and ends_at <= at:
            self._end_service(ends_at, at)
        elif self._begins_pause(at):
            self._pause(at)
        yield from self._credits(at)

    def change(self, at: datetime) -> Iterator[GivenBack]:
        """(3) The changes that are due, and what they give back; a term that renews."""
        while self.changes and self.status not in (Status.CANCELED, Status.PAUSED):
            due = self._effective(self.changes[0])
            if due is None or due > at or self.status in NOT_BEGUN:
                break
            self._apply(replace(self.changes.pop(0), at=due))
        if self.term is not None and self.term.ends_at <= at and self.status not in (Status.CANCELED, Status.PAUSED):
            self._renew(self.term, at)
        yield from self._credits(at)

    def start(self, at: datetime) -> Iterator[GivenBack]:
        """(4) The start, the end of a trial, and the end of a pause, if they are due."""
        facts = self.facts
        if self.status in NOT_BEGUN and facts.started_at <= at:
            trial = self.trial_end is not None and self.trial_end > facts.started_at
            for progress in self.progress:
                self._begins_setup(progress)
            self._become(Status.TRIALING if trial else Status.ACTIVE, at)
            if trial:
                self.events.append(Event(EventType.SUBSCRIPTION_TRIAL_STARTED, facts.id, at))
                self._priced_trial = self.progress[0] if self.progress[0].policies.trial_price else None
            else:
                self._activated(at)
        if self._is_paused() and self.pause is not None and self.pause.ends_at is not None and self.pause.ends_at <= at:
            yield from self._resume(self.pause, self.pause.ends_at)
        if self.status is Status.TRIALING and self.trial_end is not None and self.trial_end <= at:
            self._become(Status.ACTIVE, at)
            self._activated(at)

    def charges(self, at: datetime, timing: Timing) -> Iterator[Charge]:
        """(2) Arrears or (5) advance: the parts due at this instant, priced."""
        plan_closed = False
        taken: dict[Id, tuple[Discount, ...]] = {}
        standing = self._with_usage() if self.usage is not None and timing is Timing.ARREARS else None
        for progress in self.progress:
            while progress.due is not None and progress.due <= at and progress.version.price.timing is timing:
                discounts = self._discounts_for(progress, at) if self.discounts else ()
                if progress.version.price.meter_id is None:
                    yield from self._part(progress, discounts)
                else:
                    progress.take()
                    taken[progress.item.id] = discounts
                if timing is Timing.ARREARS and progress.item.kind is ItemKind.PLAN:
                    plan_closed |= progress.begins_a_period()
        if self.usage is not None and standing is not None:  # as it stood before the parts were taken
            active = tuple(one for one in self.facts.discounts if one.id not in self.ended_discounts)
            yield from self.usage.charges(standing, self.progress, at=at, taken=taken, discounts=active)
        if plan_closed:
            self._end_used_up(at, at)

    def catching_up(self, at: datetime) -> Iterator[Charge]:
        """What a change charges and waits for an invoice of the subscription, once there is one after the change."""
        for progress in self.progress:
            if progress.waits and progress.settled < at:
                yield from self._part(progress, self._discounts_for(progress, at) if self.discounts else ())

    def _part(self, progress: Progress, discounts: tuple[Discount, ...]) -> Iterator[Charge]:
        """The fee of the next part, and what a minimum adds to it."""
        version, policies = progress.version, progress.policies
        fee = of_part(self.facts, progress.item, version, progress.take(), policies, discounts)
        yield fee
        if version.price.period_minimum is not None and (lacks := of_minimum(fee)) is not None:
            yield lacks

    def setups(self, at: datetime) -> Iterator[Charge]:
        """(5) The set-up fees of what began just now, also in a trial."""
        for progress in self._set_up:
            discounts = self._discounts_for(progress, at, setup=True) if self.discounts else ()
            yield of_setup(self.facts, progress.item, progress.version, progress.policies, discounts)
        self._set_up = []
        if self._priced_trial is not None and self.trial_end is not None:
            progress, self._priced_trial = self._priced_trial, None
            yield of_trial(self.facts, progress.item, progress.version, progress.policies, self.trial_end)

    def _begins_pause(self, at: datetime) -> bool:
        running = self.status not in (Status.CANCELED, Status.PAUSED, *NOT_BEGUN)
        return running and self.pause is not None and self.pause.starts_at <= at

    def _effective(self, change: Change) -> datetime | None:
        """When a change takes effect: inside a pause, at its end; None where nobody knows that yet."""
        for pause in self.facts.pauses:
            if pause.starts_at <= change.at and (pause.ends_at is None or change.at < pause.ends_at):
                return pause.ends_at
        return change.at

    def _owed_before(self) -> list[Owed]:
        """What earlier acts left to be given back: charged beyond the end of a version, and not waived."""
        versions = {progress.version.id: progress.version for progress in self.progress}
        found = []
        for settled in self.facts.overcharged:
            version = versions.get(settled.version_id)
            if version is not None and version.ends_at is not None and settled.end > version.ends_at:
                found += self._owe(settled, version, version.ends_at, version.ended_under or self.facts.policies)
        return found

    def _owe(self, settled: Settled, version: Version, ends_at: datetime, under: Policies) -> list[Owed]:
        if self.facts.held:
            return []
        under = over(under, version.price.own_policies)
        return owed_from(settled, version, ends_at=ends_at, under=under, subscription_ends_at=self.ends_at)

    @property
    def waits(self) -> bool:
        """Whether anything waits for an invoice of the subscription."""
        return bool(self.facts.overcharged) or any(progress.waits for progress in self.progress)

    def waiting(self, at: datetime) -> Iterator[GivenBack]:
        """What waits for an invoice of the subscription, once there is one after the act that it comes from."""
        due = [
            owed
            for owed in self._owed
            if owed.since < at and (owed.due is None or owed.under.difference_invoiced == "next_invoice")
        ]
        self._owed = [owed for owed in self._owed if owed not in due]
        yield from self._given(due)

    def _credits(self, at: datetime) -> Iterator[GivenBack]:
        if not self._owed:
            return
        due = [owed for owed in self._owed if owed.due is not None and owed.due <= at]
        self._owed = [owed for owed in self._owed if owed.due is None or owed.due > at]
        yield from self._given(due)

    def _given(self, due: list[Owed]) -> Iterator[GivenBack]:
        for owed in due:
            given = credit(
                owed.settled, new_end=owed.new_end, series=owed.version.series, policies=owed.under,
                pauses=self.facts.pauses,
            )  # fmt: skip
            self.cuts.append(SpanCut(owed.settled.version_id, owed.settled.start, owed.new_end))
            if owed.settled.document_id is not None:
                yield GivenBack(self.facts, owed.settled, owed.new_end, given, owed.under)

    def _end_service(self, ends_at: datetime, at: datetime) -> None:
        facts = self.facts
        if self.status in LIVE:
            self._moved_to_nothing(max(ends_at, live_from(facts)))
        elif facts.activated_at is not None:  # paused, or in a trial that was given later
            self._moved(before=0, after=0, at=ends_at, live_after=False)
        self._become(Status.CANCELED, at)
        self.events.append(Event(EventType.SUBSCRIPTION_CANCELED, facts.id, at))
        under = facts.end_policies
        if under.cancel_credit == "none":
            under = changed(under, {"credit_becomes": "none"})
        versions = {progress.version.id: progress.version for progress in self.progress}
        owed = {one.settled for one in self._owed}
        for settled in facts.overcharged:
            if under.known_last_part == "full" and settled.start < ends_at:
                continue  # the last part is charged whole, whenever the end became known
            if under.open_debt_at_cancel != "credit_unused" and settled.open_minor > 0:
                continue  # collected whole
            if settled not in owed and settled.version_id in versions and settled.end > ends_at:
                version = versions[settled.version_id]
                new_end = settled.start if under.proration == "full" else last_used(self.pause, ends_at)
                self._owed += self._owe(settled, version, new_end, changed(under, {"difference_invoiced": "now"}))
        self._owed = [replace(one, due=at) for one in self._owed]

    def _pause(self, at: datetime) -> None:
        assert self.pause is not None
        starts_at = self.pause.starts_at
        if self.status in LIVE:
            self._moved(before=self._mrr(starts_at), after=0, at=starts_at, kind=MovementKind.PAUSE)
        self._become(Status.PAUSED, at)
        self.events.append(Event(EventType.SUBSCRIPTION_PAUSED, self.facts.id, at))
        for progress in self.progress:
            if progress.version.price.timing is Timing.ARREARS and not (
                progress.is_over or progress.runs_on(self.pause)
            ):
                self._end_version(progress, starts_at, None)

    def _resume(self, pause: Pause, at: datetime) -> Iterator[GivenBack]:
        """The end of a pause: what was paid beyond its start moves, is given back, or is lost."""
        self.pause = None
        before, dates = self.trial_end, (self.trial_end, self.term, self.cancel_at)
        self._move_dates(pause)
        for progress in list(self.progress):
            progress.pause = None
            if not self._goes_on_after(progress, pause):
                progress.find_due()
                continue
            if self.trial_end != before and self.trial_end is not None and progress.settled == before:
                self._begin_after_trial(progress, self.trial_end)
                continue
            overcharged = [s for s in self.facts.overcharged if s.version_id == progress.version.id]
            outcome = resumed(
                progress.as_it_stands(), pause, overcharged, earlier=self.facts.pauses, new_ids=self._new_ids
            )
            if outcome.stretch is not None:
                self._follow(progress.settled, outcome.stretch.end)
                self.stretches.append(outcome.stretch)
                progress.settled = outcome.stretch.end
            if outcome.ends_at is not None:
                self._end_version(progress, outcome.ends_at, None)
                progress.settled = max(progress.settled, outcome.ends_at)
            progress.find_due()
            if outcome.follower is not None:
                self._begin(progress.item, outcome.follower)
            for settled, given in outcome.credits:
                if settled.document_id is not None:
                    until = min(at, settled.end)
                    yield GivenBack(self.facts, settled, pause.starts_at, given, pause.policies, until)
        self.pauses_done.append(PauseDone(pause.id, self.facts.id))
        trialing = self.trial_end is not None and self.trial_end > at
        self._become(Status.TRIALING if trialing else Status.ACTIVE, at)
        if dates != (self.trial_end, self.term, self.cancel_at):
            self._tell_dates()
        if self.ends_at is not None:
            for progress in self.progress:
                progress.end_with(self.ends_at)
        self.events.append(Event(EventType.SUBSCRIPTION_RESUMED, self.facts.id, at))
        if not trialing and self.facts.activated_at is None:
            self._activated(at)
        elif not trialing:
            self._moved(before=0, after=self._mrr(at), at=at, kind=MovementKind.RESUME)

    def _begin_after_trial(self, progress: Progress, trial_end: datetime) -> None:
        """Nothing was charged yet: the first charge and, where it was counted from the trial's end, the anchor move on."""
        version, zone = progress.version, self.facts.zone
        series = version.series
        if version.bills_from is not None and slot_at(series, version.bills_from).start == version.bills_from:
            series = replace(series, anchor=anchor_at(trial_end, zone))
        follower = split(version, start=version.starts_at, series=series, bills_from=trial_end, new_ids=self._new_ids)
        self._end_version(progress, version.starts_at, None)
        self._begin(progress.item, follower)

    def _follow(self, before: datetime, after: datetime) -> None:
        """What was to happen at the end of the paid period happens at the end that a pause moved."""
        self.changes = sorted(
            (replace(change, at=after) if change.at == before else change for change in self.changes),
            key=in_order,
        )
        self.changes_moved += [ChangeMoved(change.id, after) for change in self.changes if change.at == after]
        if self.cancel_at == before:
            self.cancel_at = after

    def _goes_on_after(self, progress: Progress, pause: Pause) -> bool:
        """Whether a version was in force when the pause began: it was not over, or the pause itself ended it."""
        if progress.version.starts_at > pause.starts_at or progress.runs_on(pause):
            return False
        if not progress.is_over:
            return True
        followed = any(
            other.item.id == progress.item.id and other.version.starts_at >= pause.starts_at
            for other in self.progress
            if other is not progress
        )
        ended_here = progress.ends == pause.starts_at and progress.version.price.timing is Timing.ARREARS
        return ended_here and not followed

    def _move_dates(self, pause: Pause) -> None:
        """Trial and term stood still meanwhile."""
        trial, term = self.trial_end, self.term
        if trial is not None and trial > pause.starts_at:
            self.trial_end = term_after(trial, pause, self.facts.zone)
        if term is not None and term.ends_at > pause.starts_at:
            self.term = replace(term, ends_at=term_after(term.ends_at, pause, self.facts.zone))

    def _renew(self, term: Term, at: datetime) -> None:
        plan = next((p for p in self.progress if p.item.kind is ItemKind.PLAN and not p.is_over), None)
        if term.then == "renew" and plan is not None:
            series = plan.version.series
            self.term = replace(term, ends_at=boundary(series, slot_at(series, term.ends_at).n + term.periods))
            self.events.append(Event(EventType.SUBSCRIPTION_TERM_RENEWED, self.facts.id, at))
        else:
            self.term = None
        self._tell_dates()

    def _apply(self, change: Change) -> None:
        """Take a change into the versions, with what it moves in recurring revenue."""
        before = self._as_it_stands()
        try:
            outcome = applied(change, before.items, trial_ends_at=self.trial_end, new_ids=self._new_ids)
        except NotFound:  # what it was about is gone by now
            self.changes_done.append(ChangeDone(change.id, self.facts.id, change.at, "discarded"))
            return
        restarted = {begun.item.id for begun in outcome.begun if _begins_a_period(begun.version)}
        for ended in outcome.ended:
            progress = next(p for p in self.progress if p.version.id == ended.version.id)
            self._end_version(progress, ended.at, ended.under)
            for settled in self.facts.overcharged:
                if settled.version_id == ended.version.id and settled.end > ended.at:
                    self._owed = [one for one in self._owed if one.settled is not settled]
                    at_once = progress.item.id in restarted
                    under = replace(ended.under, difference_invoiced="now") if at_once else ended.under
                    self._owed += self._owe(settled, ended.version, ended.at, under)
        for begun in outcome.begun:
            self._begin(begun.item, begun.version, is_new_item=begun.is_new_item)
        self.changes_done.append(ChangeDone(change.id, self.facts.id, change.at))
        self.events.append(Event(EventType.SUBSCRIPTION_CHANGED, self.facts.id, change.at))
        if change.until is not None:
            self._begin_trial(change.until, change.at)
        elif self.status in LIVE:
            instants = {ended.at for ended in outcome.ended} | {begun.version.starts_at for begun in outcome.begun}
            self._moved_at(before, sorted(instants))

    def _begin_trial(self, until: datetime, at: datetime) -> None:
        if self.status in LIVE:
            self._moved(before=self._mrr(at), after=0, at=at, kind=MovementKind.PAUSE)
        self.trial_end = until
        self._become(Status.TRIALING, at)
        self.events.append(Event(EventType.SUBSCRIPTION_TRIAL_STARTED, self.facts.id, at))
        self._tell_dates()


def _begins_a_period(version: Version) -> bool:
    return slot_at(version.series, version.starts_at).start == version.starts_at
