"""Collection: intents in one transaction, the gateway's answers in another, and no call inside either.

A worker may die at any point. What it intended is in the books with its key before the gateway hears of it, and
whoever comes next asks the gateway what became of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from perennia.domain.collection import Answer, Attempt, Booking, Debt, DebtState, Verdict, book_answer, next_step
from perennia.domain.dunning import Decline, Step
from perennia.domain.errors import DomainError
from perennia.domain.ids import Id
from perennia.domain.policies import policies as policies_from
from perennia.gateways.port import ChargeRequest, ChargeResult, Outcome
from perennia.operations import draft_payments
from perennia.operations.booking import CULPRIT_ERRORS, open_payers, write_bookings
from perennia.operations.books import Books, open_books
from perennia.operations.recovery import Settled, settle_without_call
from perennia.store.identity import new_ids
from perennia.store.reads import payments as read
from perennia.store.writes import locks
from perennia.store.writes import payments as write
from perennia.store.writes.payments import Intent, Underway

CHUNK = 500
_ANSWERS = {
    Outcome.SUCCEEDED: Answer.SUCCEEDED,
    Outcome.FAILED: Answer.DECLINED,
    Outcome.REQUIRES_ACTION: Answer.DECLINED,
    Outcome.PROCESSING: Answer.UNDECIDED,
    Outcome.UNKNOWN: Answer.UNDECIDED,
    Outcome.NOT_SENT: Answer.NOT_SENT,
    Outcome.NOT_FOUND: Answer.NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: a charge, of a receivable or of a draft, or a look-up of what became of it."""

    attempt_id: Id
    payer_id: Id
    gateway: str
    request: ChargeRequest
    is_look_up: bool = False
    draft_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What to call now. `without_method` receivables had nothing to charge, `ended` recoveries were over, for which
    `invoices` were issued; `all_due` says that what is left due, look-ups too, is held by somebody else.
    """

    charges: list[Call] = field(default_factory=list)
    look_ups: list[Call] = field(default_factory=list)
    without_method: int = 0
    ended: int = 0
    invoices: int = 0
    all_due: bool = True


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of answers. `failed` charges were declined, `found_failed` is what look-ups told of earlier ones.

    `repeat` are charges to send again with their key; `due_again` receivables are due now.
    """

    succeeded: int = 0
    failed: int = 0
    found_failed: int = 0
    unknown: int = 0
    not_sent: int = 0
    repeat: tuple[Call, ...] = ()
    due_again: int = 0

    def __add__(self, other: "Booked") -> "Booked":
        return Booked(
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.found_failed + other.found_failed,
            self.unknown + other.unknown,
            self.not_sent + other.not_sent,
            self.repeat + other.repeat,
            self.due_again + other.due_again,
        )


def claim(
    *,
    tenant: Id,
    as_of: datetime,
    now: datetime,
    limit: int = CHUNK,
    alone: bool = False,
    given_up: bool = False,
    besides: Collection[Id] = (),
    actor: str = "collection",
) -> Claimed:
    """Take up to `limit` receivables due at `as_of`, write the intent to charge each, and say what to call.

    Recoveries that are over, and receivables with nothing to charge, are settled on the way. Up to `limit` look-ups
    that are due come with it; `alone` takes up attempts under way too: nobody else collects for this tenant, so they
    were left, except those in `besides`, which the caller has under way. `given_up` takes those left to a person.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        look_ups = write.claim_look_ups(
            books.cursor, tenant=tenant, as_of=as_of, limit=limit, alone=alone, given_up=given_up, besides=besides
        )
        due = write.claim_due(books.cursor, tenant=tenant, as_of=as_of, limit=limit)
        intents, without_call = _intend(books, due, now=now) if due else ([], [])
        drafted = draft_payments.intend(books, as_of=as_of, limit=limit, now=now)
    settled = Settled()
    if without_call:
        settled = settle_without_call(tenant=tenant, debts=without_call, now=now, actor=actor)
    return Claimed(
        [_call(one) for one in (*(intent.underway for intent in intents), *drafted)],
        [_call(one, is_look_up=True) for one in look_ups],
        settled.without_method,
        settled.ended,
        settled.invoices,
        all_due=len(due) < limit and len(look_ups) < limit and len(drafted) < limit,
    )


def book(
    *, tenant: Id, answers: Sequence[tuple[Call, ChargeResult]], now: datetime, actor: str = "collection"
) -> Booked:
    """Book what the gateways answered, in one transaction and a fixed number of statements.

    An answer that came twice is booked once. Where the database refuses the batch it is halved until the culprit is
    alone: its payer is set aside, and a person decides on the attempt.
    """
    if not answers:
        return Booked()
    drafted = [answer for answer in answers if answer[0].draft_id is not None]
    if drafted:
        booked = sum((_book_drafted(*one, tenant=tenant, now=now, actor=actor) for one in drafted), Booked())
        others = [answer for answer in answers if answer[0].draft_id is None]
        return booked + book(tenant=tenant, answers=others, now=now, actor=actor)
    first, rest = _one_per_payment(answers)
    try:
        booked = _book(first, tenant=tenant, now=now, actor=actor)
    except CULPRIT_ERRORS as error:
        if len(first) == 1:
            booked = _leave_to_a_person(first[0][0], tenant=tenant, error=error)
        else:
            half = len(first) // 2
            booked = book(tenant=tenant, answers=first[:half], now=now, actor=actor)
            booked += book(tenant=tenant, answers=first[half:], now=now, actor=actor)
    return booked + book(tenant=tenant, answers=rest, now=now, actor=actor)


def _book_drafted(call: Call, result: ChargeResult, *, tenant: Id, now: datetime, actor: str) -> Booked:
    """One answer about a draft, in a transaction of its own."""
    assert call.draft_id is not None
    try:
        booking = draft_payments.book_answer(
            tenant=tenant, draft_id=call.draft_id, attempt_id=call.attempt_id, verdict=verdict_of(result),
            is_look_up=call.is_look_up, now=now, actor=actor,
        )  # fmt: skip
    except (*CULPRIT_ERRORS, DomainError) as error:
        return _leave_to_a_person(call, tenant=tenant, error=error)
    return _summary([(call, result)], [booking], now=now)


def _intend(books: Books, due: Sequence[Id], *, now: datetime) -> tuple[list[Intent], list[Debt]]:
    """The attempts to make, and the debts to settle without a call. The receivables are locked, so nothing changes."""
    policies = policies_from(books.tenant.policies)
    debts = read.debts(books.cursor, document_ids=due, now=now)
    waiting: list[tuple[Id, datetime | None]] = []
    to_charge: list[Debt] = []
    without_call: list[Debt] = []
    for document_id in due:
        debt = debts[document_id]
        step = next_step(debt, policies=policies, now=now)
        if debt.state is DebtState.GIVEN_UP:
            waiting.append((document_id, None))
        elif step.step is Step.WAIT:
            waiting.append((document_id, step.at))
        elif step.step is Step.CHARGE:
            to_charge.append(debt)
            waiting.append((document_id, None))
        else:
            without_call.append(debt)
    intents = [Intent(key, debt) for key, debt in zip(new_ids(len(to_charge)), to_charge, strict=True)]
    write.insert_intents(books.cursor, intents, tenant=books.tenant.id, now=now)
    write.postpone(books.cursor, waiting)
    return intents, without_call


def _call(one: Underway, *, is_look_up: bool = False) -> Call:
    if one.draft_id is not None:
        reference = one.draft_id.text("drf")
    else:
        assert one.document_id is not None
        reference = one.document_id.text("inv")
    request = ChargeRequest(
        key=one.key, amount_minor=one.amount_minor, currency=one.currency, method=one.token, reference=reference
    )
    return Call(one.id, one.payer_id, one.gateway, request, is_look_up, one.draft_id)


def _one_per_payment(
    answers: Sequence[tuple[Call, ChargeResult]],
) -> tuple[list[tuple[Call, ChargeResult]], list[tuple[Call, ChargeResult]]]:
    """The first answer of each document, and the others: one booking must see what the one before it changed."""
    first: dict[str, tuple[Call, ChargeResult]] = {}
    rest = []
    for answer in answers:
        if first.setdefault(answer[0].request.reference, answer) is not answer:
            rest.append(answer)
    return list(first.values()), rest


def _book(answers: list[tuple[Call, ChargeResult]], *, tenant: Id, now: datetime, actor: str) -> Booked:
    with open_payers(tenant=tenant, payer_ids={call.payer_id for call, _ in answers}) as (books, locked):
        now = books.business_time(now)
        policies = policies_from(books.tenant.policies)
        attempts = read.attempts(books.cursor, ids=[call.attempt_id for call, _ in answers])
        debts = _debts(books, answers, attempts, now=now)
        bookings = []
        for call, result in answers:
            attempt = attempts[call.attempt_id]
            if call.is_look_up:
                attempt = replace(attempt, look_ups=attempt.look_ups + 1)
            debt = debts[attempt.document_id]
            booking = book_answer(attempt, debt, verdict_of(result), policies=policies, now=now, new_ids=new_ids)
            bookings.append(booking)
        recovered = {b.document_id for b in bookings if b.paid and debts[b.document_id].state is DebtState.RECOVERING}
        write_bookings(books, bookings, locked=locked, recovered=recovered, now=now, actor=actor)
    return _summary(answers, bookings, now=now)


def _debts(
    books: Books, answers: Sequence[tuple[Call, ChargeResult]], attempts: dict[Id, Attempt], *, now: datetime
) -> dict[Id, Debt]:
    """Money is booked whatever went before; only the other answers need the method and the earlier attempts."""
    captured: list[Id] = []
    others: list[Id] = []
    for call, result in answers:
        found = captured if result.outcome is Outcome.SUCCEEDED else others
        found.append(attempts[call.attempt_id].document_id)
    due = read.amounts_due(books.cursor, document_ids=captured) if captured else {}
    return due | (read.debts(books.cursor, document_ids=others, now=now) if others else {})


def verdict_of(result: ChargeResult) -> Verdict:
    """What a gateway's answer means for the books."""
    decline = None if result.decline_class is None else Decline(result.decline_class.value)
    if result.outcome is Outcome.REQUIRES_ACTION:
        decline = Decline.AUTHENTICATION
    elif result.outcome is Outcome.FAILED and decline is None:
        decline = Decline.SOFT
    code = result.decline_code or (decline and decline.value)
    return Verdict(_ANSWERS[result.outcome], decline, code, result.gateway_reference)


def _summary(answers: list[tuple[Call, ChargeResult]], bookings: list[Booking], *, now: datetime) -> Booked:
    moved = [
        (call, booking.attempt.state.value)
        for (call, _), booking in zip(answers, bookings, strict=True)
        if booking.attempt
    ]
    states = [state for _, state in moved]
    found_failed = sum(call.is_look_up and state == "failed" for call, state in moved)
    due = [b.debt.next_attempt_at for b in bookings if b.debt and b.debt.next_attempt_at]
    return Booked(
        succeeded=states.count("succeeded"),
        failed=states.count("failed") - found_failed,
        found_failed=found_failed,
        unknown=states.count("unknown"),
        not_sent=states.count("not_sent"),
        repeat=tuple(
            replace(call, is_look_up=False)
            for (call, _), booking in zip(answers, bookings, strict=True)
            if booking.repeat
        ),
        due_again=sum(at <= now for at in due),
    )


def _leave_to_a_person(call: Call, *, tenant: Id, error: Exception) -> Booked:
    with open_books(tenant=tenant) as books:
        locks.lock_payer(books.cursor, tenant=tenant, payer_id=call.payer_id)
        locks.set_aside(books.cursor, payer_id=call.payer_id, code="payment_not_booked", reason=f"{call}: {error}")
        write.leave_to_a_person(books.cursor, attempt_id=call.attempt_id)
    return Booked(unknown=1)
