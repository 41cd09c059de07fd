"""One subscription on its way through time: what happens to it next, and what that charges.

The order of effects at one instant is the order of the methods here: ends and pause starts with their
credits, arrears of periods ending, changes, trial ends, starts and resumes, advance charges. A course is the working
copy of a `bill` call; the facts it was made from stay as they are.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from perennia.domain.calendar import boundary, slot_at
from perennia.domain.changes import Begun, applied, goes_back_to
from perennia.domain.charges import Charge, GivenBack, Owed, as_returned, of_minimum, of_part, of_setup, of_trial
from perennia.domain.decision import (
    ChangeDone,
    MovementKind,
    SpanCut,
    SpanStretch,
)
from perennia.domain.discounts import Discount
from perennia.domain.errors import NotFound
from perennia.domain.events import Event, EventType
from perennia.domain.facts import (
    Change,
    ChangeKind,
    ItemKind,
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
from perennia.domain.owing import owed_from, pauses_of
from perennia.domain.pausing import around, last_used
from perennia.domain.policies import Policies, changed, over
from perennia.domain.pricing import Timing
from perennia.domain.progress import NEVER, Progress, earliest
from perennia.domain.proration import credit
from perennia.domain.standing import live_from
from perennia.domain.standstill import Standstill


class Course(Standstill):
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
            due = progress.due
            if due is not None and progress.ready is not due:
                due = self._due_or_ready(due, progress.ready)
            if due is not None and (found is None or due < found):
                found = due
        for owed in self._owed:
            found = earliest(found, self._due_or_ready(owed.due, self._ready(owed)))
        if self.usage is not None:
            found = earliest(found, self.usage.next_due_at(self._with_usage(), self.progress))
        return found

    def _due_or_ready(self, due: datetime | None, ready: datetime | None) -> datetime | None:
        """When a draft is looked at: as of its own instant once it may be issued; None where nobody knows when."""
        if ready is None or ready <= self.through:
            return due
        return None if ready == NEVER else ready

    def _ready(self, owed: Owed) -> datetime | None:
        """What is given back with the next period waits with its draft; while invoices are held all of it waits."""
        if self._is_held:
            return NEVER
        hours, due = self.facts.policies.draft_hours, owed.due
        if not hours or due is None or due <= owed.since or owed.under.difference_invoiced != "next_invoice":
            return due
        ready, asked = due + timedelta(hours=hours), self.facts.issue_asked_at
        if asked is not None and due <= asked:
            ready = min(ready, asked)
        return ready if self.ends_at is None else min(ready, max(due, self.ends_at))

    def next_change(self) -> datetime | None:
        """The earliest instant at which its state changes."""
        if self.status is Status.CANCELED:
            return None
        found = self.ends_at
        if self.status in NOT_BEGUN:
            return earliest(found, self.facts.started_at)
        if self.status is Status.TRIALING:
            found = earliest(found, self.trial_end)
        if self.pause is not None and self.status is not Status.UNPAID:
            found = earliest(found, self.pause.ends_at if self._is_paused() else self.pause.starts_at)
        if self.term is not None and not self._is_paused():
            found = earliest(found, self.term.ends_at)
        if self.changes:
            found = earliest(found, self._effective(self.changes[0]))
        return found

    def only_renews(self, at: datetime) -> bool:
        """Whether nothing happens to it by then but that parts of it fall due, as to most at most instants."""
        change = self.next_change()
        return (change is None or change > at) and not self._owed and not self.waits

    def needs_rereading(self, at: datetime) -> bool:
        """Whether what happens next needs lines that were only charged in this very call.

        The caller then stops before it; asked again, with these lines among the facts, it goes on.
        """
        if not self.changes and self.pause is None:
            return False
        changes = bool(self.changes) and self._effective(self.changes[0]) == at
        if not any(progress.parts for progress in self.progress):
            return False
        resumes = self._is_paused() and self.pause is not None and self.pause.ends_at == at
        return resumes or (changes and any(progress.parts and progress.settled > at for progress in self.progress))

    def end(self, at: datetime) -> Iterator[GivenBack]:
        """(1) The end, if it is due; pause starts; and the credits for what was charged beyond the end of a version."""
        ends_at = self.ends_at
        if self.status is not Status.CANCELED and ends_at is not None and ends_at <= at:
            self._end_service(ends_at, at)
        elif self.begins_pause(at):
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
                self.told.events.append(Event(EventType.SUBSCRIPTION_TRIAL_STARTED, facts.id, at))
                self._priced_trial = self.progress[0] if self.progress[0].policies.trial_price else None
            else:
                self._activated(at)
        if self._is_paused() and self.pause is not None and self.pause.ends_at is not None and self.pause.ends_at <= at:
            yield from self._resume(self.pause, self.pause.ends_at)
            yield from self.change(at)
        if self.status is Status.TRIALING and self.trial_end is not None and self.trial_end <= at:
            self._become(Status.ACTIVE, at)
            self._activated(at)

    def charges(self, at: datetime, timing: Timing) -> list[Charge]:
        """(2) Arrears, or (5) advance with what is charged once: the parts due at this instant, priced."""
        found: list[Charge] = []
        if (self._set_up or self._priced_trial is not None) and timing is Timing.ADVANCE:
            found += self._setups(at)
        plan_closed = False
        taken: dict[Id, tuple[Discount, ...]] = {}
        standing = self._with_usage() if self.usage is not None and timing is Timing.ARREARS else None
        for progress in self.progress:
            while progress.timing is timing and progress.due is not None and progress.due <= at:
                if progress.ready is not progress.due and self._is_draft(progress.ready):
                    break
                discounts = self._discounts_for(progress, at) if self.discounts else ()
                if progress.version.price.meter_id is None:
                    found += self._part(progress, discounts)
                else:
                    progress.take()
                    taken[progress.item.id] = discounts
                if timing is Timing.ARREARS and progress.item.kind is ItemKind.PLAN:
                    plan_closed |= progress.begins_a_period()
        if self.usage is not None and standing is not None:  # as it stood before the parts were taken
            active = tuple(one for one in self.facts.discounts if one.id not in self.ended_discounts)
            found += self.usage.charges(standing, self.progress, at=at, taken=taken, discounts=active)
        if plan_closed:
            self._end_used_up(at, at)
        return found

    def _is_draft(self, ready: datetime | None) -> bool:
        return ready is not None and ready > self.through

    def catching_up(self, at: datetime) -> Iterator[Charge]:
        """What a change charges and waits for an invoice of the subscription, once there is one after the change."""
        for progress in self.progress:
            if progress.waits and progress.settled < at:
                yield from self._part(progress, self._discounts_for(progress, at) if self.discounts else ())

    def _part(self, progress: Progress, discounts: tuple[Discount, ...]) -> tuple[Charge, ...]:
        """The fee of the next part, and what a minimum adds to it."""
        version, policies, returned, part = progress.version, progress.policies, progress.returned, progress.take()
        if returned is not None and (part.start, part.end) == (returned.at, returned.until):
            tax = returned.tax_minor if version.price.tax_inclusive else 0
            part = as_returned(part, version, policies, discounts, minor=returned.net_minor + tax)
        fee = of_part(self.facts, progress.item, version, part, policies, discounts)
        if version.price.period_minimum is None or (lacks := of_minimum(fee)) is None:
            return (fee,)
        return fee, lacks

    def _setups(self, at: datetime) -> Iterator[Charge]:
        """The set-up fees of what began just now, also in a trial, and the price of one."""
        for progress in self._set_up:
            discounts = self._discounts_for(progress, at, setup=True) if self.discounts else ()
            yield of_setup(self.facts, progress.item, progress.version, progress.policies, discounts)
        self._set_up = ()
        if self._priced_trial is not None and self.trial_end is not None:
            progress, self._priced_trial = self._priced_trial, None
            yield of_trial(self.facts, progress.item, progress.version, progress.policies, self.trial_end)

    def _effective(self, change: Change) -> datetime | None:
        """When a change takes effect: one inside a pause, or asked for in one, at its end; None where nobody knows that."""
        if self._is_paused() and self.pause is not None and change.at <= self.pause.starts_at:
            return self.pause.ends_at
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
            if not self._is_held
            if owed.since < at and (owed.due is None or owed.under.difference_invoiced == "next_invoice")
        ]
        self._owed = [owed for owed in self._owed if owed not in due]
        yield from self._given(due)

    def _credits(self, at: datetime) -> Iterator[GivenBack]:
        if not self._owed:
            return
        due = [
            owed
            for owed in self._owed
            if owed.due is not None and owed.due <= at and not self._is_draft(self._ready(owed))
        ]
        self._owed = [owed for owed in self._owed if owed not in due]
        yield from self._given(due)

    def _given(self, due: list[Owed]) -> Iterator[GivenBack]:
        for owed in due:
            given = credit(
                owed.settled, new_end=owed.new_end, series=owed.version.series, policies=owed.under,
                pauses=pauses_of(owed, self.pauses),
            )  # fmt: skip
            if owed.settled.start < owed.settled.end:
                self._cut(owed.settled, owed.new_end)
            if owed.settled.document_id is not None and not owed.settled.is_spent:
                yield GivenBack(self.facts, owed.settled, owed.new_end, given, owed.under)

    def _cut(self, settled: Settled, end: datetime) -> None:
        """A settled part ends there; one that a pause made longer just now is so long and no longer."""
        key = settled.version_id, settled.start
        stretched = [one for one in self.told.stretches if (one.version_id, one.start) == key]
        self.told.stretches = [one for one in self.told.stretches if one not in stretched]
        if stretched and end > settled.start:
            self.told.stretches.append(SpanStretch(*key, end))
        else:
            self.told.cuts.append(SpanCut(*key, end))

    def _end_service(self, ends_at: datetime, at: datetime) -> None:
        facts = self.facts
        if self.status in LIVE or (self._is_paused() and facts.activated_at is not None):
            self._moved_to_nothing(max(ends_at, live_from(facts)))
        elif facts.activated_at is not None:  # in a trial that was given later
            self._moved(before=0, after=0, at=ends_at, live_after=False)
        self._become(Status.CANCELED, at)
        self.told.events.append(Event(EventType.SUBSCRIPTION_CANCELED, facts.id, at))
        under = facts.end_policies
        if under.cancel_credit == "none":
            under = changed(under, {"credit_becomes": "none"})
        self._release()
        versions = {progress.version.id: progress.version for progress in self.progress}
        owed, used_until = {one.settled for one in self._owed}, last_used(self.pause, ends_at)
        for settled in facts.overcharged:
            if under.known_last_part == "full" and settled.start < ends_at:
                continue  # the last part is charged whole, whenever the end became known
            if under.open_debt_at_cancel != "credit_unused" and settled.open_minor > 0:
                continue  # collected whole
            if settled not in owed and settled.version_id in versions and settled.end > used_until:
                version = versions[settled.version_id]
                new_end = settled.start if under.proration == "full" else used_until
                self._owed += self._owe(settled, version, new_end, changed(under, {"difference_invoiced": "now"}))
            elif settled.start == settled.end and settled.version_id in versions:  # a single fee that goes back
                self._owed.append(Owed(at, ends_at, settled, versions[settled.version_id], settled.end, under))
        self._owed = [replace(one, due=at) for one in self._owed]

    def _renew(self, term: Term, at: datetime) -> None:
        plan = next((p for p in self.progress if p.item.kind is ItemKind.PLAN and not p.is_over), None)
        if term.then == "renew" and plan is not None:
            series = plan.version.series
            self.term = replace(term, ends_at=boundary(series, slot_at(series, term.ends_at).n + term.periods))
            self.told.events.append(Event(EventType.SUBSCRIPTION_TERM_RENEWED, self.facts.id, at))
        else:
            self.term = None
        self._tell_dates()

    def _apply(self, change: Change) -> None:
        """Take a change into the versions, with what it moves in recurring revenue."""
        before = self._as_it_stands()
        try:
            outcome = applied(
                change, before.items, trial_ends_at=self.trial_end, pauses=self.pauses, new_ids=self._new_ids
            )
        except NotFound:  # what it was about is gone by now
            self.told.changes_done.append(ChangeDone(change.id, self.facts.id, change.at, "discarded"))
            return
        restarted = {begun.item.id for begun in outcome.begun if _begins_a_period(begun.version)}
        for ended in outcome.ended:
            progress = next(p for p in self.progress if p.version.id == ended.version.id)
            self._end_version(progress, ended.at, ended.under)
            for settled in self.overcharged:
                if settled.version_id == ended.version.id and settled.end > ended.at:
                    self._owed = [one for one in self._owed if one.settled is not settled]
                    at_once = progress.item.id in restarted
                    under = replace(ended.under, difference_invoiced="now") if at_once else ended.under
                    self._owed += self._owe(settled, ended.version, ended.at, under)
        for begun in [one for whole in outcome.begun for one in around(whole, self.pauses, self._new_ids)]:
            self._begin(begun.item, begun.version, is_new_item=begun.is_new_item)
            self._goes_back(begun)
        if restarted:
            self._invoiced_with(restarted, change.at)
        zone = self._goes_over_to(change)
        self.told.changes_done.append(ChangeDone(change.id, self.facts.id, change.at, zone=zone))
        self.told.events.append(Event(EventType.SUBSCRIPTION_CHANGED, self.facts.id, change.at))
        if change.until is not None:
            self._begin_trial(change.until, change.at)
        elif self.status in LIVE:
            instants = {ended.at for ended in outcome.ended} | {begun.version.starts_at for begun in outcome.begun}
            instants |= {end for begun in outcome.begun if (end := begun.version.ends_at) is not None}
            self._moved_at(before, instants)

    def _goes_back(self, begun: Begun) -> None:
        """Whether a version begins again that ended on that day: it costs what was given back for it."""
        if not self.facts.returned:
            return
        before = goes_back_to(begun.version, begun.item.versions)
        for returned in self.facts.returned:
            if before is not None and (returned.version_id, returned.at) == (before.id, begun.version.starts_at):
                self.progress[-1].returned = returned

    def _goes_over_to(self, change: Change) -> str | None:
        """The zone that is the subscription's once its plan has it."""
        if change.kind is not ChangeKind.ZONE or change.item_id != self.progress[0].item.id:
            return None
        self.facts = replace(self.facts, zone=change.name)
        return change.name

    def _invoiced_with(self, restarted: set[Id], at: datetime) -> None:
        """What items whose periods begin anew still wait to give back comes with the charge for these periods."""
        versions = {progress.version.id for progress in self.progress if progress.item.id in restarted}
        self._owed = [
            replace(one, due=at) if one.due is not None and one.due > at and one.version.id in versions else one
            for one in self._owed
        ]

    def _begin_trial(self, until: datetime, at: datetime) -> None:
        if self.status in LIVE:
            self._moved(before=self._mrr(at), after=0, at=at, kind=MovementKind.PAUSE)
        self.trial_end = until
        self._become(Status.TRIALING, at)
        self.told.events.append(Event(EventType.SUBSCRIPTION_TRIAL_STARTED, self.facts.id, at))
        self._tell_dates()


def _begins_a_period(version: Version) -> bool:
    return slot_at(version.series, version.starts_at).start == version.starts_at
