"""One payer's affairs before a person: locked, billed up to now, written as one decision."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.collection import Booking, DebtState, payer_decision, subscription_moves
from perennia.domain.decision import Decision
from perennia.domain.drafting import Issued
from perennia.domain.errors import CatchUpHeld, NotFound
from perennia.domain.facts import Payer
from perennia.domain.ids import Id
from perennia.operations.booking import due_again, is_paid_again
from perennia.operations.books import Books, open_books
from perennia.store.identity import new_ids
from perennia.store.reads import facts, payments
from perennia.store.reads.facts import LockedPayer
from perennia.store.session import Cursor
from perennia.store.writes import locks


@dataclass(frozen=True, slots=True)
class Desk:
    """An open transaction in which one payer is locked. `now` is business time."""

    books: Books
    payer: LockedPayer
    now: datetime
    actor: str

    @property
    def cursor(self) -> Cursor:
        return self.books.cursor

    def buyer(self) -> Payer:
        """The payer as a document names it, without its subscriptions."""
        return facts.buyer(self.cursor, self.payer)

    def entity(self, entity_id: Id | None) -> Id:
        """A legal entity of the seller, its first where none is named. Raises NotFound."""
        entities = self.books.seller().entities
        if entity_id is not None and entity_id not in entities:
            raise NotFound(kind="legal entity", id=entity_id.text("ent"))
        return entity_id or next(iter(entities))

    def issuing(self, issued: Issued) -> Decision:
        """A document with all that comes of it; nothing else falls due by it."""
        return Decision(
            payer_id=self.payer.id,
            next_due_at=self.payer.next_due_at,
            documents=(issued.document,),
            postings=tuple(issued.postings),
            events=tuple(issued.events),
            allocations=tuple(issued.allocations),
            balance=tuple(issued.balance),
        )

    def write(self, decision: Decision) -> None:
        """Write it; subscriptions whose last failing document is settled by it are well again."""
        settled = [
            Booking(change.subject_id, decision.payer_id, paid=True)
            for change in decision.states
            if change.change == "receivable.state" and change.before == DebtState.RECOVERING
        ]
        if settled:
            on_document = payments.subscriptions_on(self.cursor, document_ids=[one.document_id for one in settled])
            failing = payments.failing(self.cursor, payer_ids=[decision.payer_id])
            moves = subscription_moves(settled, on_document=on_document, failing=failing, now=self.now)
            told = payer_decision(decision.payer_id, (), moves, next_due_at=None)
            decision = replace(decision, moves=told.moves, events=decision.events + told.events)
        self.books.write([decision], actor=self.actor)
        if any(entry.grant_id is not None for entry in decision.balance) or is_paid_again(decision):
            due_again(self.books, [self.payer.id], actor=self.actor)


@contextmanager
def open_desk(*, tenant: Id, whose: Callable[[Cursor], Id], now: datetime, actor: str) -> Iterator[Desk]:
    """The books with the payer locked that `whose` finds, and billed for what fell due by now.

    Where more periods are missing than may be billed unseen, they stay due: money that arrived is booked all the same.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer = _locked(books, whose)
        if payer.next_due_at is not None and payer.next_due_at <= now and _billed(books, payer, now=now, actor=actor):
            payer = locks.lock_payer(books.cursor, tenant=tenant, payer_id=payer.id)
        yield Desk(books, payer, now, actor)


def _locked(books: Books, whose: Callable[[Cursor], Id]) -> LockedPayer:
    """Who pays now, where a change of payer had to be waited for."""
    payer_id = whose(books.cursor)
    while True:
        payer = locks.lock_payer(books.cursor, tenant=books.tenant.id, payer_id=payer_id)
        payer_id = whose(books.cursor)
        if payer_id == payer.id:
            return payer


def _billed(books: Books, payer: LockedPayer, *, now: datetime, actor: str) -> bool:
    try:
        (facts,) = books.facts([payer], through=now)
        decision = books.bill(facts, through=now, now=now, new_ids=new_ids)
    except CatchUpHeld:
        return False
    books.write([decision], actor=actor)
    return True
