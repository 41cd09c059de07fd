"""What every act on an agreement shares: its books, its subscription, its policies, and the bill that follows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from perennia.domain.calendar import start_of_day
from perennia.domain.decision import Decision, Movement, Source
from perennia.domain.errors import CatchUpHeld, ChangePending, NotFound, SubscriptionEnded
from perennia.domain.events import Event
from perennia.domain.facts import ChangeKind, OpenDraft, Payer, Subscription
from perennia.domain.gating import Gates
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.domain.lifecycle import OVER
from perennia.domain.policies import Policies, changed, over
from perennia.domain.pricing import Price
from perennia.operations.booking import well_again
from perennia.operations.books import Books, open_books
from perennia.store import session
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import customers
from perennia.store.reads import subscriptions as read
from perennia.store.reads.customers import Customer
from perennia.store.writes import agreements as write
from perennia.store.writes import locks
from perennia.store.writes.agreements import NewChange

Policy = Mapping[str, Any]
"""Policies of one act, by key; the others are the subscription's."""

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Act:
    """One subscription under its payer's lock, at a business time, with the policies of the act."""

    books: Books
    payer: Payer
    subscription: Subscription
    policies: Policies
    actor: str
    now: datetime

    def under(self, price: Price) -> Policies:
        """The policies of the act for what has this price."""
        return over(self.policies, price.own_policies)

    def change(self, kind: ChangeKind, at: datetime, **what: Any) -> NewChange:
        """A change of the subscription as it is asked for."""
        return NewChange(new_id(), self.subscription.id, kind.value, at, self.policies, **what)

    def insert(self, change: NewChange, *, is_gated: bool = False) -> None:
        """Write a change down, for the rules to make at its instant; a gated one only once it is paid for."""
        write.insert_change(
            self.books.cursor, change, tenant=self.books.tenant.id, actor=self.actor, now=self.now, is_gated=is_gated
        )

    def settle(self, *told: Event, since: datetime | None = None) -> None:
        """Bill what follows from what was written; an act that reaches back puts all of it on one document."""
        together = False
        if since is not None and since < start_of_day(self.now, self.subscription.zone):
            together = self.policies.backdated_start == "one_invoice"
        settle(self.books, self.payer.id, actor=self.actor, now=self.now, told=told, together=together)


@contextmanager
def act_on(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    policy: Policy | None = None,
    gives_up: bool = False,
    may_end: bool = False,
) -> Iterator[Act]:
    """Open the books, lock the payer and find the subscription.

    While something asked for before waits for its payment nothing else is done, except that an act that `gives_up`
    discards what waits. What is owed up to now is billed; if the subscription ends by that, only an act that says it
    `may_end` goes on, with what the subscription was. Raises NotFound, SubscriptionEnded, ChangePending, InvalidValue.
    """
    with open_books(tenant=tenant, of_few=True) as books:
        now = books.business_time(now)
        payer = payer_of(books, subscription_id)
        subscription = _running(books, payer, subscription_id)
        settled = up_to_date(books, payer, actor=actor, now=now)
        if settled is not payer:
            payer = settled
            if not may_end or subscription_id in {one.id for one in payer.subscriptions}:
                subscription = _running(books, payer, subscription_id)
        if payer.drafts and _let_go(books, payer, subscription_id, gives_up=gives_up, actor=actor, now=now):
            payer = books.lock(payer.id)
            subscription = _running(books, payer, subscription_id)
        yield Act(books, payer, subscription, changed(subscription.policies, policy), actor, now)


def payer_of(books: Books, subscription_id: Id) -> Payer:
    """The subscription's payer, locked: who pays now, where a change of payer had to be waited for. Raises NotFound."""
    payer = books.lock(read.payer_of(books.cursor, subscription_id=subscription_id))
    while all(one.id != subscription_id for one in payer.subscriptions):
        payer_id = read.payer_of(books.cursor, subscription_id=subscription_id)
        if payer_id == payer.id:  # it has ended
            break
        payer = books.lock(payer_id)
    return payer


def customer_and_payer(books: Books, customer_id: Id) -> tuple[Customer, Payer]:
    """The customer, and its payer locked: who pays now, where a change of payer had to be waited for. Raises NotFound."""
    customer = customers.customer(books.cursor, customer_id=customer_id)
    while True:
        payer = books.lock(customer.payer_id)
        customer = customers.customer(books.cursor, customer_id=customer_id)
        if customer.payer_id == payer.id:
            return customer, payer


def _running(books: Books, payer: Payer, subscription_id: Id) -> Subscription:
    """The subscription among the facts read under the lock, where an ended one is not.

    Raises SubscriptionEnded, and ChangePending for one that waits for its first payment.
    """
    with suppress(NotFound):
        return of(payer, subscription_id)
    if read.standing(books.cursor, subscription_id=subscription_id).status in OVER:
        raise SubscriptionEnded(subscription=subscription_id.text("sub"))
    for draft in payer.drafts:
        if draft.subscription_id == subscription_id:
            raise ChangePending(subscription=subscription_id.text("sub"), until=draft.expires_at.isoformat())
    raise NotFound(kind="subscription", id=subscription_id.text("sub"))


def _let_go(books: Books, payer: Payer, subscription_id: Id, *, gives_up: bool, actor: str, now: datetime) -> bool:
    """Discard what waits where the act gives it up. Raises ChangePending, but not in a preview, which is without it."""
    for draft in payer.drafts:
        if draft.subscription_id == subscription_id:
            if gives_up:
                give_up(books, payer, draft, reason="given_up", actor=actor, now=now)
                return True
            if not session.is_preview():
                raise ChangePending(subscription=subscription_id.text("sub"), until=draft.expires_at.isoformat())
    return False


def give_up(books: Books, payer: Payer, draft: OpenDraft, *, reason: str, actor: str, now: datetime) -> None:
    """Drop a draft that waits for its payment, with the change or the start that it is of."""
    left = replace(payer, drafts=tuple(one for one in payer.drafts if one.id != draft.id))
    gates = Gates(payer)
    gates.give_up(draft, now, reason)
    due = next_due_at(left, seller=books.seller())
    books.write(
        [Decision(payer.id, due, moves=tuple(gates.moves), events=tuple(gates.events), dropped=tuple(gates.dropped))],
        actor=actor,
    )


def up_to_date(books: Books, payer: Payer, *, actor: str, now: datetime) -> Payer:
    """The payer once what fell due before an act is billed, as if the act were not known.

    That is all of it, also where the run had held the payer for missing so much: then there is no reason left to.
    """
    due = next_due_at(payer, seller=books.seller())
    if due is None or due > now:
        return payer
    settle(books, payer.id, actor=actor, now=now)
    locks.release(books.cursor, payer_id=payer.id, code=CatchUpHeld.code)
    return books.lock(payer.id)


def of(payer: Payer, subscription_id: Id) -> Subscription:
    """The payer's subscription with that key. Raises NotFound."""
    for subscription in payer.subscriptions:
        if subscription.id == subscription_id:
            return subscription
    raise NotFound(kind="subscription", id=subscription_id.text("sub"))


def settle(
    books: Books,
    payer_id: Id,
    *,
    actor: str,
    now: datetime,
    told: tuple[Event, ...] = (),
    moved: Sequence[Movement] = (),
    together: bool = False,
    through: datetime | None = None,
) -> None:
    """Bill one payer through `now` by the rule of the run, and write it with what is `told` and `moved` by the cause.

    What follows from lines just written (the end of a pause) is billed from the facts read again. `through` is an
    earlier instant to bill up to.
    """
    through = through or now
    for _ in range(_ROUNDS):
        payer = books.lock(payer_id, through=through)
        decision = books.bill(payer, through=through, now=now, new_ids=new_ids, catch_up=True, together=together)
        events, movements = told + decision.events, (*moved, *decision.movements)
        books.write([replace(decision, events=events, movements=movements)], actor=actor)
        if any(one.source is Source.CREDIT_NOTE for one in decision.allocations):
            well_again(books, payer, now=now, actor=actor)
        if decision.next_due_at is None or decision.next_due_at > through:
            return
        told, moved = (), ()
    raise RuntimeError(f"what is due for {payer_id.text('cus')} at {now.isoformat()} stays due")
