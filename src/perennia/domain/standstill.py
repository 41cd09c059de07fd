"""A subscription that pauses and goes on: what begins to stand still, and what moves when it is over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from perennia.domain.calendar import anchor_at
from perennia.domain.changes import goes_on_in, split
from perennia.domain.charges import GivenBack
from perennia.domain.couponed import Couponed
from perennia.domain.decision import ChangeMoved, MovementKind, PauseDone, SpanStretch
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Pause, Settled, Status, Version
from perennia.domain.lengthened import term_after
from perennia.domain.lifecycle import LIVE, NOT_BEGUN
from perennia.domain.pausing import Resumed, resumed
from perennia.domain.pricing import Timing
from perennia.domain.progress import Progress
from perennia.domain.standing import in_order


class Standstill(Couponed):
    """What the start and the end of a pause do to the working copy of a subscription."""

    __slots__ = ()

    def begins_pause(self, at: datetime) -> bool:
        """Whether it begins to stand still by then."""
        running = self.status not in (Status.CANCELED, Status.PAUSED, Status.UNPAID, *NOT_BEGUN)
        return running and self.pause is not None and self.pause.starts_at <= at

    def _pause(self, at: datetime) -> None:
        assert self.pause is not None
        starts_at = self.pause.starts_at
        if self.status in LIVE:
            self._moved(before=self._mrr(starts_at), after=0, at=starts_at, kind=MovementKind.PAUSE)
        self._become(Status.PAUSED, at)
        self.told.events.append(Event(EventType.SUBSCRIPTION_PAUSED, self.facts.id, at))
        for progress in self.progress:
            if progress.timing is Timing.ARREARS and not (progress.is_over or progress.runs_on(self.pause)):
                self._end_version(progress, starts_at, None)

    def _resume(self, pause: Pause, at: datetime) -> Iterator[GivenBack]:
        """The end of a pause: what was paid beyond its start moves, is given back, or is lost."""
        self.pause = None
        before, dates = self.trial_end, (self.trial_end, self.term, self.cancel_at)
        self._move_dates(pause)
        for progress in list(self.progress):
            progress.pause = None
            followed = self._followed_by(progress, pause)
            if followed is None and not self._goes_on_after(progress, pause):
                progress.find_due()
            elif self.trial_end != before and self.trial_end is not None and progress.settled == before:
                self._begin_after_trial(progress, self.trial_end)
            else:
                yield from self._go_on(progress, followed, pause, at)
        self.pauses = tuple(replace(one, is_over=one.is_over or one.id == pause.id) for one in self.pauses)
        self.told.pauses_done.append(PauseDone(pause.id, self.facts.id))
        if dates != (self.trial_end, self.term, self.cancel_at):
            self._tell_dates()
        if self.ends_at is not None:
            for progress in self.progress:
                progress.end_with(self.ends_at)
        self._runs_again(at)

    def _runs_again(self, at: datetime) -> None:
        trialing = self.trial_end is not None and self.trial_end > at
        self._become(Status.TRIALING if trialing else Status.ACTIVE, at)
        self.told.events.append(Event(EventType.SUBSCRIPTION_RESUMED, self.facts.id, at))
        if not trialing and self.facts.activated_at is None:
            self._activated(at)
        elif not trialing:
            self._moved(before=0, after=self._mrr(at), at=at, kind=MovementKind.RESUME)

    def _go_on(self, progress: Progress, followed: Progress | None, pause: Pause, at: datetime) -> Iterator[GivenBack]:
        version = progress.as_it_stands()
        if followed is not None:
            version = replace(version, ends_at=None, series=followed.version.series)
        overcharged = [settled for settled in self.overcharged if settled.version_id == version.id]
        outcome = resumed(version, pause, overcharged, earlier=self.pauses, new_ids=self._new_ids)
        if outcome.paid_until is not None:
            self._follow(progress.settled, outcome.paid_until)
        if outcome.stretch is not None:
            self._stretch(outcome.stretch)
            progress.settled = outcome.stretch.end
        if outcome.follower is not None and followed is not None:
            self._end_version(followed, followed.version.starts_at, None)
        self._end_before(progress, outcome)
        if outcome.follower is not None:
            self._begin(progress.item, outcome.follower)
        for settled, given in outcome.credits:
            left = replace(
                settled, credited_net=settled.credited_net + given.net_minor,
                credited_tax=settled.credited_tax + given.tax_minor,
            )  # fmt: skip
            self.overcharged = tuple(left if one is settled else one for one in self.overcharged)
            if settled.document_id is not None and not settled.is_spent:
                yield GivenBack(self.facts, settled, pause.starts_at, given, pause.policies, min(at, settled.end))

    def _end_before(self, progress: Progress, outcome: Resumed) -> None:
        if outcome.ends_at is not None:
            self._end_version(progress, outcome.ends_at, None)
            progress.ends = outcome.ends_at
            if progress.timing is not Timing.ARREARS:
                progress.settled = max(progress.settled, outcome.ends_at)
        progress.find_due()

    def _stretch(self, stretch: SpanStretch) -> None:
        """The settled part lasts longer, and what it may give back with it."""
        self.told.stretches.append(stretch)
        self.overcharged = tuple(
            replace(one, end=stretch.end) if _is_of(one, stretch) else one for one in self.overcharged
        )

    def _begin_after_trial(self, progress: Progress, trial_end: datetime) -> None:
        """Nothing was charged yet: the first charge and, where it was counted from the trial's end, the anchor move on."""
        version, zone = progress.version, self.facts.zone
        series = version.series
        if version.bills_from is not None and series.anchor == anchor_at(version.bills_from, zone):
            series = replace(series, anchor=anchor_at(trial_end, zone))
        follower = split(version, start=version.starts_at, series=series, bills_from=trial_end, new_ids=self._new_ids)
        self._end_version(progress, version.starts_at, None)
        self._begin(progress.item, replace(follower, ends_at=None))

    def _follow(self, before: datetime, after: datetime) -> None:
        """What was to happen at the end of the paid period happens at the end that a pause moved."""
        self.changes = sorted(
            (replace(change, at=after) if change.at == before else change for change in self.changes), key=in_order
        )
        self.told.changes_moved += [ChangeMoved(change.id, after) for change in self.changes if change.at == after]
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
        ended_here = progress.ends == pause.starts_at and progress.timing is Timing.ARREARS
        return ended_here and not followed

    def _followed_by(self, progress: Progress, pause: Pause) -> Progress | None:
        """The same terms behind the end that an earlier pause moved, where this one began before that end."""
        ends, begins = progress.ends, progress.version.starts_at
        if not progress.is_over or ends is None or not begins <= pause.starts_at < ends or progress.runs_on(pause):
            return None
        version: Version = progress.as_it_stands()
        for other in self.progress:
            is_next = other.item.id == progress.item.id and other is not progress and not other.is_over
            if is_next and goes_on_in(version, other.as_it_stands()):
                return other
        return None

    def _move_dates(self, pause: Pause) -> None:
        """Trial and term stood still meanwhile."""
        trial, term = self.trial_end, self.term
        if trial is not None and trial > pause.starts_at:
            self.trial_end = term_after(trial, pause, self.facts.zone)
        if term is not None and term.ends_at > pause.starts_at:
            self.term = replace(term, ends_at=term_after(term.ends_at, pause, self.facts.zone))


def _is_of(settled: Settled, stretch: SpanStretch) -> bool:
    return (settled.version_id, settled.start) == (stretch.version_id, stretch.start)
