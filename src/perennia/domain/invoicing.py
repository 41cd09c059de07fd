"""What is due: what should have been billed, minus what was, by identity.

`bill` takes one payer from where its subscriptions stand to an instant, one instant after the other in the
order of effects, and answers with everything that is to be written. Asked again it finds nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from perennia.domain.charges import Charge, GivenBack
from perennia.domain.course import Course
from perennia.domain.decision import Decision, PauseBegun, SpanFree, SubscriptionMove
from perennia.domain.drafting import (
    Draft,
    Funds,
    GroupKey,
    Issued,
    free_spans,
    group_key,
    is_skipped,
    issue_draft,
)
from perennia.domain.errors import BillingStuck, CatchUpHeld
from perennia.domain.facts import Payer, Seller, Status
from perennia.domain.gating import Gates
from perennia.domain.ids import Id, NewIds
from perennia.domain.intake import Waiting
from perennia.domain.pricing import Timing
from perennia.domain.progress import earliest
from perennia.domain.refunds import with_refunds
from perennia.domain.wallet import Moved

MOST_ROUNDS = 1000
"""So often one instant may be due again; each round does all that is due then."""


class Turns:
    """The instants at which something is due, as `find` tells them, one after the other."""

    __slots__ = ("_find", "_payer_id", "_rounds", "due")

    def __init__(self, find: Callable[[], datetime | None], *, payer_id: Id) -> None:
        self._find, self._payer_id, self._rounds = find, payer_id, 0
        self.due = find()

    def go_on(self) -> None:
        """What is due next, once all of an instant was done. Raises BillingStuck where that one never is."""
        last, self.due = self.due, self._find()
        self._rounds = self._rounds + 1 if self.due is not None and self.due == last else 0
        if self.due is not None and self._rounds > MOST_ROUNDS:
            raise BillingStuck(payer=self._payer_id.text("cus"), at=self.due.isoformat())


def next_due_at(payer: Payer, *, seller: Seller) -> datetime | None:
    """The earliest instant at which anything of this payer happens; None where nothing ever will."""
    found = earliest(_next_due_at(_courses(payer, seller, _no_ids)), Funds.of(payer).next_expiry_at())
    return earliest(found, Gates(payer).next_expiry_at()) if payer.drafts else found


def bill(
    payer: Payer,
    *,
    seller: Seller,
    through: datetime,
    now: datetime,
    new_ids: NewIds,
    catch_up: bool = False,
    together: bool = False,
) -> Decision:
    """Everything that falls due up to and at `through`, issued at `now`.

    One document per due instant and group, in order, or with `together` one per group for all that one act brings
    about. The decision's `next_due_at` may lie before `through` where what happens then needs lines of this very
    decision: written and read again, the rest follows. What is a draft still is left out. Raises CatchUpHeld where more
    periods of one item are missing than its policy lets pass, unless `catch_up` says that a person wants just that;
    BillingStuck where what is due at an instant never is done.
    """
    courses = _courses(payer, seller, new_ids)
    for course in courses:
        course.together, course.through = together, through
    funds, waiting, gates = Funds.of(payer), Waiting(payer, seller), Gates(payer)
    issued: list[Issued] = []
    free: list[SpanFree] = []
    expired: list[Moved] = []
    gathered: dict[GroupKey, Draft] = {}
    turns = Turns(lambda: _next_of_all(courses, funds, gates), payer_id=payer.id)
    while (due := turns.due) is not None and due <= through and not any(c.needs_rereading(due) for c in courses):
        if gates.open:
            gates.drop(due, courses)
        drafts = _drafts(courses, due, gathered if together else {})
        if funds.grants:
            expired.append(funds.expire(due, new_ids=new_ids))
        if not together or (following := _next_due_at(courses)) is None or following > through:
            for key, draft in drafts.items():
                if payer.pending:
                    waiting.join(draft, key=key, until=draft.issued_from(due))
                if is_skipped(draft):
                    free += free_spans(draft)
                    continue
                issued.append(
                    issue_draft(
                        draft, key=key, payer=payer, seller=seller, due_at=due, now=now, funds=funds, new_ids=new_ids
                    )
                )  # fmt: skip
            gathered = {}
        turns.go_on()
    if not catch_up:
        _refuse_long_catch_up(courses)
    decision = _decision(payer, courses, issued, expired, next_due_at=due)
    if free:
        decision = replace(decision, free=tuple(free))
    if made := [refund for one in issued for refund in one.refunds]:
        decision = with_refunds(decision, made)
    return _with_dropped(decision, gates) if gates.dropped else decision


def _with_dropped(decision: Decision, gates: Gates) -> Decision:
    return replace(
        decision,
        dropped=tuple(gates.dropped),
        moves=(*decision.moves, *gates.moves),
        events=(*decision.events, *gates.events),
    )


def take_over(payer: Payer, *, seller: Seller, now: datetime) -> Decision:
    """Bring subscriptions of another system to where they stand at `now`: started, out of trial. Nothing is charged."""
    courses = _courses(payer, seller, _no_ids)
    for course in courses:
        while (at := course.next_change()) is not None and at <= now:
            list(course.end(at))
            list(course.change(at))
            list(course.start(at))
    return _decision(payer, courses, [], [], next_due_at=_next_due_at(courses))


def _courses(payer: Payer, seller: Seller, new_ids: NewIds) -> list[Course]:
    standing = payer.subscriptions + payer.closing if payer.closing else payer.subscriptions
    return [Course(facts, seller=seller, payer=payer, new_ids=new_ids) for facts in standing]


def _no_ids(count: int) -> list[Id]:
    """For a look ahead: what would be new needs no key of its own."""
    return [Id(bytes(16))] * count


def _next_due_at(courses: list[Course]) -> datetime | None:
    found = None
    for course in courses:
        due = course.next_due_at()
        if due is not None and (found is None or due < found):
            found = due
    return found


def _next_of_all(courses: list[Course], funds: Funds, gates: Gates) -> datetime | None:
    """When anything of the payer happens next: to a subscription, to its credit, to what waits to be paid."""
    found = _next_due_at(courses)
    if funds.grants:
        found = earliest(found, funds.next_expiry_at())
    return earliest(found, gates.next_expiry_at()) if gates.open else found


def _drafts(courses: list[Course], at: datetime, drafts: dict[GroupKey, Draft]) -> dict[GroupKey, Draft]:
    """All that happens at one instant, in the order of effects; the lines by the document they go on."""
    moving = [course for course in courses if not course.only_renews(at)]
    for course in moving:
        if course.waits and course.begins_pause(at):  # it moves what is charged alone
            _catch_up(course, list(course.catching_up(at)), at, drafts)
    for course in moving:
        _give_back(course, course.end(at), drafts)
    for course in courses:
        _arrears(course, at, drafts)
    for course in moving:
        _give_back(course, course.change(at), drafts)
        if course.has_told() and course.told.ended:  # what a change ended is charged with what follows it
            _arrears(course, at, drafts)
    for course in moving:
        _give_back(course, course.start(at), drafts)
    for course in courses:
        _charge(course, course.charges(at, Timing.ADVANCE), drafts)
    waiting = [course for course in moving if course.waits]
    if waiting:
        charged = {charge.subscription.id for draft in drafts.values() for charge in draft.charges}
        for course in waiting:
            if course.facts.id in charged:
                drafts[group_key(course.facts)].charges.extend(course.catching_up(at))
                _give_back(course, course.waiting(at), drafts)
    return drafts


def _catch_up(course: Course, charges: list[Charge], at: datetime, drafts: dict[GroupKey, Draft]) -> None:
    if charges:
        _charge(course, charges, drafts)
        _give_back(course, course.waiting(at), drafts)


def _arrears(course: Course, at: datetime, drafts: dict[GroupKey, Draft]) -> None:
    """What falls due at the end of a period, and what earlier lines charged too much for usage."""
    _charge(course, course.charges(at, Timing.ARREARS), drafts)
    if course.usage is not None:
        _give_back(course, course.usage.overused(), drafts)


def _charge(course: Course, charges: list[Charge], drafts: dict[GroupKey, Draft]) -> None:
    if charges:
        _draft(course, drafts).charges += charges


def _give_back(course: Course, given: Iterable[GivenBack], drafts: dict[GroupKey, Draft]) -> None:
    found = list(given)
    if found:
        _draft(course, drafts).credits += found


def _draft(course: Course, drafts: dict[GroupKey, Draft]) -> Draft:
    key = group_key(course.facts)
    found = drafts.get(key)
    if found is None:
        found = drafts[key] = Draft()
    return found


def _refuse_long_catch_up(courses: list[Course]) -> None:
    for course in courses:
        limit = course.facts.policies.catch_up_limit
        for progress in course.progress:
            if progress.parts > limit and progress.policies.arrears_close != "on_request":
                raise CatchUpHeld(subscription=course.facts.id.text("sub"), periods=progress.parts, limit=limit)


def _decision(
    payer: Payer, courses: list[Course], issued: list[Issued], expired: list[Moved], *, next_due_at: datetime | None
) -> Decision:
    told = [course for course in courses if course.has_told()]
    using = [course.usage for course in courses if course.usage is not None]
    became = [course.told for course in told]
    return Decision(
        payer_id=payer.id,
        next_due_at=next_due_at,
        documents=tuple([one.document for one in issued]),
        settled=tuple([(p.version.id, p.settled) for course in courses for p in course.progress if p.parts]),
        cuts=_all("cuts", [*became, *using]) if became or using else (),
        closed=_all("closed", using) if using else (),
        events=_all("events", [*became, *issued, *expired]),
        postings=_all("postings", [*issued, *expired]),
        allocations=_all("allocations", issued),
        balance=_all("balance", [*issued, *expired]),
        taken=_all("taken", issued),
        usage=_all("usage", issued),
        discounts=tuple([use for course in courses if course.uses for use in course.uses.values()]),
        **(_changes(told) if told else {}),
    )


def _changes(told: list[Course]) -> dict[str, Any]:
    """What became of subscriptions, as parts of a decision; a renewal has none of it."""
    became = [course.told for course in told]
    return {
        "stretches": _all("stretches", became),
        "begun": _all("begun", became),
        "ended": _all("ended", became),
        "changes": _all("changes_done", became),
        "moved_changes": _all("changes_moved", became),
        "pauses": _all("pauses_done", became),
        "pauses_begun": tuple(begun for course in told if course.told.moves for begun in _foreseen(course)),
        "dates": _all("dates", became),
        "moves": _all("moves", became),
        "let_go": tuple(move for course in told if course.told.moves for move in _let_go(course)),
        "movements": _all("movements", became),
    }


def _let_go(course: Course) -> list[SubscriptionMove]:
    """The end of a subscription that nobody is to be reminded of afterwards."""
    if course.facts.end_policies.open_debt_at_cancel != "stop_reminders":
        return []
    return [move for move in course.told.moves if move.after is Status.CANCELED]


def _foreseen(course: Course) -> list[PauseBegun]:
    """The pause that a trial ended in, for want of something to charge."""
    if all(move.after is not Status.PAUSED for move in course.told.moves):
        return []
    return [PauseBegun(course.facts.id, pause) for pause in course.facts.pauses if pause.is_foreseen]


def _all(name: str, things: Sequence[Any]) -> tuple[Any, ...]:
    """What each thing has under a name, as one tuple."""
    if len(things) == 1:
        return tuple(getattr(things[0], name))
    return tuple(chain.from_iterable([getattr(one, name) for one in things]))
