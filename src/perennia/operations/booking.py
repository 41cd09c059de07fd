"""Bookings of payments, written under the payers' locks: shared by answers of gateways and by recovery."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg

from perennia.domain.collection import Booking, payer_decision, subscription_moves
from perennia.domain.decision import Decision, SubscriptionMove
from perennia.domain.facts import Payer, Status
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.operations.books import Books, open_books
from perennia.store.reads import payments as read
from perennia.store.reads.facts import LockedPayer
from perennia.store.writes import locks
from perennia.store.writes import payments as write

CULPRIT_ERRORS = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException)


@contextmanager
def open_payers(*, tenant: Id, payer_ids: Collection[Id]) -> Iterator[tuple[Books, dict[Id, LockedPayer]]]:
    """The books with these payers locked, waiting for whoever holds one."""
    with open_books(tenant=tenant) as books:
        locked = locks.lock_payers(books.cursor, tenant=tenant, ids=list(payer_ids))
        yield books, {payer.id: payer for payer in locked}


def write_bookings(
    books: Books,
    bookings: Sequence[Booking],
    *,
    locked: dict[Id, LockedPayer],
    recovered: Collection[Id],
    now: datetime,
    actor: str,
) -> None:
    """Write what was decided. `recovered` are the documents paid after a decline: their subscriptions may be well again."""
    cursor, tenant = books.cursor, books.tenant.id
    moving = [b for b in bookings if b.declined or b.document_id in recovered]
    moves = []
    if moving:
        on_document = read.subscriptions_on(cursor, document_ids=[b.document_id for b in moving])
        failing = read.failing(cursor, payer_ids=sorted({b.payer_id for b in moving}))
        moves = subscription_moves(moving, on_document=on_document, failing=failing, now=now)
        payer_of = {subscription: b.payer_id for b in moving for subscription, _ in on_document.get(b.document_id, ())}
    write.move_attempts(cursor, [b.attempt for b in bookings if b.attempt])
    write.insert_payments(cursor, [b.payment for b in bookings if b.payment], tenant=tenant)
    changes = [b.debt for b in bookings if b.debt]
    write.move_receivables(cursor, changes, tenant=tenant, actor=actor, now=now)
    of_payer: dict[Id, list[Booking]] = defaultdict(list)
    for booking in bookings:
        if booking.events:
            of_payer[booking.payer_id].append(booking)
    moves_of = defaultdict(list)
    for move in moves:
        moves_of[payer_of[move.subscription_id]].append(move)
    made = [
        payer_decision(payer_id, of_payer[payer_id], moves_of[payer_id], next_due_at=payer.next_due_at)
        for payer_id, payer in locked.items()
        if payer_id in of_payer
    ]
    books.write(made, actor=actor)
    again = [decision.payer_id for decision in made if is_paid_again(decision)]
    if again:
        due_again(books, again, actor=actor)


def well_again(books: Books, payer: Payer, *, now: datetime, actor: str) -> None:
    """Move subscriptions of which nothing fails any more back to active: what failed was credited and not paid."""
    ill = [one for one in payer.subscriptions if one.status in (Status.PAST_DUE, Status.UNPAID)]
    failing = {subscription for _, subscription in read.failing(books.cursor, payer_ids=[payer.id])} if ill else set()
    standing = read.statuses(books.cursor, subscription_ids=[one.id for one in ill if one.id not in failing])
    moves = [
        SubscriptionMove(key, status, Status.ACTIVE, now)
        for key, status in standing
        if status in (Status.PAST_DUE, Status.UNPAID)
    ]
    if moves:
        books.write([payer_decision(payer.id, (), moves, next_due_at=None)], actor=actor)
        due_again(books, [payer.id], actor=actor)


def is_paid_again(decision: Decision) -> bool:
    """Whether a subscription was unpaid until now, so that what fell due meanwhile can be invoiced."""
    return any(move.before is Status.UNPAID for move in decision.moves)


def due_again(books: Books, payer_ids: Sequence[Id], *, actor: str) -> None:
    """When these payers fall due next by their facts as they are now: the run takes it from there."""
    payers = books.facts(locks.lock_payers(books.cursor, tenant=books.tenant.id, ids=list(payer_ids)))
    made = [Decision(payer.id, next_due_at(payer, seller=books.seller())) for payer in payers]
    books.write(made, actor=actor)
