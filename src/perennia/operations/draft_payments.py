"""Charging for drafts: the intent, and what the gateway's answer makes of the draft."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from perennia.domain.collection import Attempt, Booking, Debt, DebtState, Verdict
from perennia.domain.collection import book_answer as answered
from perennia.domain.decision import Decision
from perennia.domain.dunning import Decline, Tries
from perennia.domain.ids import Id
from perennia.domain.policies import policies as policies_from
from perennia.operations.agreements import give_up
from perennia.operations.books import Books, open_books
from perennia.operations.drafts import book_money
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import drafts as read
from perennia.store.reads.drafts import StoredDraft
from perennia.store.writes import drafts as write
from perennia.store.writes import locks, payments
from perennia.store.writes.payments import Underway


def intend(books: Books, *, as_of: datetime, limit: int, now: datetime) -> Sequence[Underway]:
    """Take up to `limit` drafts due at `as_of` and write the intent to charge each.

    One whose payer has nothing to charge waits until there is something, or until it expires.
    """
    found = []
    for due in write.claim_due(books.cursor, tenant=books.tenant.id, as_of=as_of, limit=limit):
        write.postpone(books.cursor, draft_id=due.id, at=None)
        if due.gateway is None or due.token is None:
            continue
        key = new_id()
        write.insert_attempt(books.cursor, due, attempt_id=key, tenant=books.tenant.id, now=now)
        found.append(
            Underway(
                key, due.payer_id, None, due.gateway, key.text("att"), due.amount_minor, due.currency, due.token, due.id
            )
        )
    return found


def book_answer(
    *, tenant: Id, draft_id: Id, attempt_id: Id, verdict: Verdict, is_look_up: bool, now: datetime, actor: str
) -> Booking:
    """Book what a gateway answered to an attempt at a draft; an answer that came twice is booked once.

    Money does what the draft is of (`drafts.book_money`). A decline drops a change; where the customer has to
    authenticate, and for the start of a subscription, the draft waits for another method until it expires.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        draft = read.draft(books.cursor, draft_id=draft_id)
        locks.lock_payer(books.cursor, tenant=tenant, payer_id=draft.payer_id)
        draft = read.draft(books.cursor, draft_id=draft_id)
        attempt = read.attempt(books.cursor, attempt_id=attempt_id, draft_id=draft_id)
        if is_look_up:
            attempt = replace(attempt, look_ups=attempt.look_ups + 1)
        booking = _decide(books, draft, attempt, verdict, now=now)
        if booking.attempt is not None:
            payments.move_attempts(books.cursor, [booking.attempt])
        if booking.payment is not None:
            paid = replace(booking.payment, entity_id=draft.entity_id)
            book_money(books, draft, paid, actor=actor, now=now)
        elif booking.attempt is not None:
            _not_paid(books, draft, booking, verdict, actor=actor, now=now)
    return booking


def _decide(books: Books, draft: StoredDraft, attempt: Attempt, verdict: Verdict, *, now: datetime) -> Booking:
    """By the rule of every receivable: a draft is one that nobody owes."""
    debt = Debt(
        document_id=draft.id,
        payer_id=draft.payer_id,
        entity_id=draft.entity_id,
        currency=draft.currency,
        state=DebtState.OPEN if draft.is_open else DebtState.GIVEN_UP,
        open_minor=draft.amount_minor if draft.is_open else 0,
        attempts=0,
        first_failed_at=None,
        method=None,
        tries=Tries(outages=read.outages(books.cursor, draft_id=draft.id, now=now)),
    )
    return answered(attempt, debt, verdict, policies=policies_from(books.tenant.policies), now=now, new_ids=new_ids)


def _not_paid(
    books: Books, draft: StoredDraft, booking: Booking, verdict: Verdict, *, actor: str, now: datetime
) -> None:
    """A fault on the gateway's side or ours is tried again; a decline ends a change."""
    if booking.debt is not None and not booking.declined:
        write.postpone(books.cursor, draft_id=draft.id, at=booking.debt.next_attempt_at)
    locked = locks.lock_payer(books.cursor, tenant=books.tenant.id, payer_id=draft.payer_id)
    if booking.events:
        books.write([Decision(draft.payer_id, locked.next_due_at, events=booking.events)], actor=actor)
    if booking.declined and draft.change_id is not None and verdict.decline is not Decline.AUTHENTICATION:
        payer = books.facts([locked])[0]
        give_up(books, payer, draft.as_fact(), reason="declined", actor=actor, now=now)
