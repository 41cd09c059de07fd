"""What the answer to an attempt changes: the attempt, the receivable, the books and the subscriptions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from perennia.domain.decision import (
    Allocation,
    BalanceEntry,
    Decision,
    Payment,
    Posting,
    Source,
    SubscriptionMove,
)
from perennia.domain.dunning import Decline, NextStep, Tries, after_decline, after_outage, next_look_up, when_due
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Status
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import cash_of, payment
from perennia.domain.lifecycle import LIVE, check_move
from perennia.domain.policies import Policies

NO_PAYMENT_METHOD = "no_payment_method"


class DebtState(StrEnum):
    """The states of a receivable."""

    OPEN = "open"
    RECOVERING = "recovering"
    PAID = "paid"
    GIVEN_UP = "given_up"
    WRITTEN_OFF = "written_off"


class AttemptState(StrEnum):
    """The states of an attempt that the rules lead to or start from."""

    PROCESSING = "processing"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method as its gateway knows it."""

    id: Id
    gateway: str
    token: str


@dataclass(frozen=True, slots=True)
class Debt:
    """A receivable with what decides on its next attempt. `method` is the payer's default; amounts in minor units."""

    document_id: Id
    payer_id: Id
    entity_id: Id
    currency: str
    state: DebtState
    open_minor: int
    attempts: int
    first_failed_at: datetime | None
    method: Method | None
    tries: Tries

    @property
    def method_id(self) -> Id | None:
        return self.method.id if self.method else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one receivable. `created_at` is the business time of the intent; `look_ups` were answered so far."""

    id: Id
    document_id: Id
    payer_id: Id
    method_id: Id | None
    gateway: str
    currency: str
    amount_minor: int
    state: AttemptState
    created_at: datetime
    look_ups: int = 0


class Answer(StrEnum):
    """What a gateway said of an attempt, as far as the books care."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    UNDECIDED = "undecided"
    """It may have taken effect, or still will: ask again."""
    NOT_SENT = "not_sent"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer with its details; `code` is the gateway's own word for a decline."""

    answer: Answer
    decline: Decline | None = None
    code: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptChange:
    """Where an attempt stands now. `finished_at` None: it is still open, and looked up again at `next_look_up_at`."""

    attempt_id: Id
    state: AttemptState
    verdict: Verdict
    finished_at: datetime | None = None
    next_look_up_at: datetime | None = None
    look_ups: int = 0


@dataclass(frozen=True, slots=True)
class DebtChange:
    """Where a receivable stands now; `reason` is the decline's code where its state changed."""

    document_id: Id
    payer_id: Id
    before: DebtState
    state: DebtState
    attempts: int
    first_failed_at: datetime | None
    next_attempt_at: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """Everything one answer changes. `repeat`: the same attempt is to be sent again, with its stored key."""

    document_id: Id
    payer_id: Id
    attempt: AttemptChange | None = None
    debt: DebtChange | None = None
    payment: Payment | None = None
    paid: bool = False
    declined: bool = False
    repeat: bool = False
    events: tuple[Event, ...] = ()
    postings: tuple[Posting, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    balance: tuple[BalanceEntry, ...] = ()


def next_step(debt: Debt, *, policies: Policies, now: datetime) -> NextStep:
    """What to do with a receivable whose time has come."""
    return when_due(
        policies=policies, first_failed_at=debt.first_failed_at, now=now, method_id=debt.method_id, tries=debt.tries
    )


def book_answer(
    attempt: Attempt, debt: Debt, verdict: Verdict, *, policies: Policies, now: datetime, new_ids: NewIds
) -> Booking:
    """What an answer changes. Asked again about an attempt that is finished it changes nothing.

    Only money is booked late: a capture that comes after the attempt was taken for lost is the payer's all the same.
    """
    if attempt.state is AttemptState.SUCCEEDED:
        return Booking(attempt.document_id, attempt.payer_id)
    if verdict.answer is Answer.SUCCEEDED:
        return _captured(attempt, debt, verdict, now=now, new_ids=new_ids)
    if attempt.state in (AttemptState.FAILED, AttemptState.NOT_SENT):
        return Booking(attempt.document_id, attempt.payer_id)
    if verdict.answer is Answer.DECLINED and verdict.decline in (Decline.DUPLICATE, Decline.REVIEW):
        verdict = replace(verdict, answer=Answer.UNDECIDED)
    if verdict.answer is Answer.UNDECIDED:
        change = AttemptChange(
            attempt.id,
            AttemptState.UNKNOWN,
            verdict,
            next_look_up_at=next_look_up(created_at=attempt.created_at, now=now, look_ups=attempt.look_ups),
            look_ups=attempt.look_ups,
        )
        return Booking(attempt.document_id, attempt.payer_id, change)
    if verdict.answer is Answer.DECLINED:
        return _declined(attempt, debt, verdict, policies=policies, now=now)
    return _never_charged(attempt, debt, verdict, now=now)


def without_method(debt: Debt, *, attempt_id: Id, policies: Policies, now: datetime) -> tuple[Attempt, Booking]:
    """A receivable due for a payer who left nothing to charge: an attempt that failed before any call."""
    attempt = Attempt(
        attempt_id, debt.document_id, debt.payer_id, None, "none", debt.currency, debt.open_minor,
        AttemptState.PROCESSING, now,
    )  # fmt: skip
    verdict = Verdict(Answer.DECLINED, Decline.SOFT, NO_PAYMENT_METHOD)
    return attempt, _declined(attempt, debt, verdict, policies=policies, now=now)


def subscription_moves(
    bookings: Sequence[Booking],
    *,
    on_document: Mapping[Id, Collection[tuple[Id, Status]]],
    failing: Collection[tuple[Id, Id]],
    now: datetime,
) -> list[SubscriptionMove]:
    """Into `past_due` after a payer's decline; back to `active` when nothing of the subscription fails any more.

    One that is `unpaid` stays so until then.

    `on_document` has the subscriptions of each document with their states, `failing` the (document, subscription)
    pairs in recovery before these bookings.
    """
    paid = {booking.document_id for booking in bookings if booking.paid}
    declined = {booking.document_id for booking in bookings if booking.declined}
    still_failing = {subscription for document, subscription in failing if document not in paid}
    still_failing |= {subscription for document in declined for subscription, _ in on_document.get(document, ())}
    moves: dict[Id, SubscriptionMove] = {}
    for booking in bookings:
        for subscription, status in on_document.get(booking.document_id, ()):
            after = Status.ACTIVE
            if subscription in still_failing:
                after = Status.UNPAID if status is Status.UNPAID else Status.PAST_DUE
            if status in LIVE and status is not after:
                check_move(state=status, to=after)
                moves[subscription] = SubscriptionMove(subscription, status, after, now)
    return list(moves.values())


def payer_decision(
    payer_id: Id, bookings: Sequence[Booking], moves: Sequence[SubscriptionMove], *, next_due_at: datetime | None
) -> Decision:
    """All bookings of one payer as one decision; what it owes next by its subscriptions does not change."""
    told = {
        Status.PAST_DUE: EventType.SUBSCRIPTION_PAST_DUE,
        Status.UNPAID: EventType.SUBSCRIPTION_UNPAID,
        Status.ACTIVE: EventType.SUBSCRIPTION_RECOVERED,
    }
    return Decision(
        payer_id=payer_id,
        next_due_at=next_due_at,
        moves=tuple(moves),
        events=tuple(event for booking in bookings for event in booking.events)
        + tuple(Event(told[move.after], move.subscription_id, move.at) for move in moves),
        postings=tuple(posting for booking in bookings for posting in booking.postings),
        allocations=tuple(allocation for booking in bookings for allocation in booking.allocations),
        balance=tuple(entry for booking in bookings for entry in booking.balance),
    )


def _captured(attempt: Attempt, debt: Debt, verdict: Verdict, *, now: datetime, new_ids: NewIds) -> Booking:
    """Money settles what is open; what is over goes to the payer's balance."""
    payment_id, entry_id = new_ids(2)
    captured = attempt.amount_minor
    allocated = min(debt.open_minor, captured)
    over = captured - allocated
    paid = allocated == debt.open_minor > 0
    events = [Event(EventType.PAYMENT_SUCCEEDED, payment_id, now)]
    if paid:
        events.append(Event(EventType.INVOICE_PAID, debt.document_id, now))
    return Booking(
        document_id=debt.document_id,
        payer_id=debt.payer_id,
        attempt=AttemptChange(attempt.id, AttemptState.SUCCEEDED, verdict, finished_at=now, look_ups=attempt.look_ups),
        payment=Payment(
            payment_id, debt.payer_id, attempt.id, attempt.gateway, verdict.reference, attempt.currency, captured, now
        ),
        paid=paid,
        events=tuple(events),
        postings=tuple(
            payment(
                payment_id=payment_id,
                cash=cash_of(attempt.gateway),
                currency=attempt.currency,
                captured_minor=captured,
                allocated_minor=allocated,
                at=now,
            )
        ),
        allocations=(Allocation(debt.document_id, Source.PAYMENT, payment_id, allocated, now),) if allocated else (),
        balance=(BalanceEntry(entry_id, debt.entity_id, debt.currency, over, Source.PAYMENT, payment_id, now),)
        if over
        else (),
    )


def _declined(attempt: Attempt, debt: Debt, verdict: Verdict, *, policies: Policies, now: datetime) -> Booking:
    """A payer's decline starts or goes on with recovery. A fault on the gateway's side or ours is tried again, untold."""
    ended = AttemptChange(attempt.id, AttemptState.FAILED, verdict, finished_at=now, look_ups=attempt.look_ups)
    decline = verdict.decline or Decline.SOFT
    told = (Event(EventType.PAYMENT_FAILED, attempt.id, now),)
    if debt.state not in (DebtState.OPEN, DebtState.RECOVERING):
        return Booking(attempt.document_id, attempt.payer_id, ended, events=told)
    if not decline.is_payers:
        change = _due_again(debt, after_outage(now=now, outages=debt.tries.outages, decline=decline))
        return Booking(attempt.document_id, attempt.payer_id, ended, change)
    first_failed_at = debt.first_failed_at or now
    change = DebtChange(
        document_id=debt.document_id,
        payer_id=debt.payer_id,
        before=debt.state,
        state=DebtState.RECOVERING,
        attempts=debt.attempts + 1,
        first_failed_at=first_failed_at,
        next_attempt_at=after_decline(
            policies=policies,
            first_failed_at=first_failed_at,
            now=now,
            decline=decline,
            declined=debt.tries.declined + 1,
            has_other_method=debt.method_id not in (None, attempt.method_id),
        ),
        reason=verdict.code,
    )
    return Booking(attempt.document_id, attempt.payer_id, ended, change, declined=True, events=told)


def _never_charged(attempt: Attempt, debt: Debt, verdict: Verdict, *, now: datetime) -> Booking:
    """Surely without effect. An attempt left behind by a worker that died goes out again with its own key."""
    is_open = debt.state in (DebtState.OPEN, DebtState.RECOVERING)
    left_behind = verdict.answer is Answer.NOT_FOUND and attempt.state is AttemptState.PROCESSING
    if left_behind and is_open and debt.open_minor >= attempt.amount_minor:
        return Booking(attempt.document_id, attempt.payer_id, repeat=True)
    ended = AttemptChange(attempt.id, AttemptState.NOT_SENT, verdict, finished_at=now, look_ups=attempt.look_ups)
    if not is_open:
        return Booking(attempt.document_id, attempt.payer_id, ended)
    at_once = verdict.answer is Answer.NOT_FOUND and not debt.tries.outages
    at = now if at_once else after_outage(now=now, outages=debt.tries.outages)
    return Booking(attempt.document_id, attempt.payer_id, ended, _due_again(debt, at))


def _due_again(debt: Debt, at: datetime) -> DebtChange:
    return DebtChange(
        debt.document_id, debt.payer_id, debt.state, debt.state, debt.attempts, debt.first_failed_at, at
    )  # fmt: skip
