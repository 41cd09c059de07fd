"""Who pays for whom: a customer pays for itself, or a parent pays for its children."""

from datetime import datetime

from perennia.domain.errors import NotFound, PayerChain, PayerUnsettled
from perennia.domain.facts import Payer
from perennia.domain.ids import Id
from perennia.operations.agreements import settle
from perennia.operations.books import Books, open_books
from perennia.operations.preferences import told
from perennia.operations.settlement import bill_before, difference
from perennia.store.reads import customers, payers
from perennia.store.reads.customers import Customer
from perennia.store.writes import locks
from perennia.store.writes import payers as write
from perennia.store.writes.history import insert_change


def set_payer(*, tenant: Id, actor: str, customer_id: Id, now: datetime, payer_id: Id | None = None) -> None:
    """Let a parent pay for a customer from now on, or (`payer_id` None) the customer itself.

    Its subscriptions move with what falls due from now on; what fell due before is billed to the old payer, and what
    is issued stays there, as does its credit balance. A credit for time that the old payer paid goes to the new one.
    Raises NotFound; PayerChain where a payer would be paid for by another; PayerUnsettled while something that the old
    payer owes for these subscriptions is open.
    """
    while not _moved(tenant=tenant, actor=actor, customer_id=customer_id, payer_id=payer_id or customer_id, now=now):
        pass  # another act gave the customer another payer while this one waited for its locks


def check_may_pay(books: Books, *, customer_id: Id | None, payer: Customer) -> None:
    """Under the locks of both. Raises PayerChain where the payer has one itself, or the customer pays for others."""
    chained = payer.payer_id != payer.id
    if customer_id is not None and customer_id != payer.id:
        chained = chained or payers.pays_for_others(books.cursor, payer_id=customer_id)
    if chained:
        raise PayerChain(payer=payer.id.text("cus"))


def _moved(*, tenant: Id, actor: str, customer_id: Id, payer_id: Id, now: datetime) -> bool:
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        before = customers.customer(books.cursor, customer_id=customer_id)
        customers.customer(books.cursor, customer_id=payer_id)
        locked = locks.lock_payers(books.cursor, tenant=tenant, ids=sorted({before.payer_id, payer_id, customer_id}))
        customer = customers.customer(books.cursor, customer_id=customer_id)
        if customer.payer_id != before.payer_id:
            return False
        parent = customers.customer(books.cursor, customer_id=payer_id)
        if payer_id != customer_id:
            check_may_pay(books, customer_id=customer_id, payer=parent)
        if customer.payer_id != payer_id:
            facts = {payer.id: payer for payer in books.facts(locked)}
            _move(books, customer, facts[customer.payer_id], facts[payer_id], actor=actor, now=now)
    return True


def _move(books: Books, customer: Customer, old: Payer, new: Payer, *, actor: str, now: datetime) -> None:
    cursor, tenant = books.cursor, books.tenant.id
    old = bill_before(books, old, actor=actor, now=now)
    new = bill_before(books, new, actor=actor, now=now)
    moving = [one for one in old.subscriptions if one.customer_id == customer.id]
    unsettled = payers.open_documents(
        cursor, tenant=tenant, payer_id=old.id, subscription_ids=[one.id for one in moving]
    )
    if unsettled:
        raise PayerUnsettled(payer=old.id.text("cus"), documents=unsettled)
    write.set_payer(cursor, tenant=tenant, customer_id=customer.id, before=old.id, after=new.id)
    insert_change(
        cursor, tenant=tenant, subject_id=customer.id, payer_id=new.id, change="customer.payer", actor=actor, at=now,
        before=old.id.text("cus"), after=new.id.text("cus"),
    )  # fmt: skip
    told(books, customer.id, ["payer"], actor=actor, now=now)
    after = {one.id: one for one in books.lock(new.id).subscriptions}
    movements = [found for one in moving for found in difference(books, one, after[one.id], payers=(old, new), now=now)]
    for payer, moved in ((old, []), (new, movements)):
        settle(books, payer.id, actor=actor, now=now, moved=moved)


def paid_for(*, tenant: Id, payer_id: Id) -> list[Id]:
    """The customers, but for itself, that a customer pays for. Raises NotFound."""
    with open_books(tenant=tenant) as books:
        if customers.customer(books.cursor, customer_id=payer_id).payer_id != payer_id:
            raise NotFound(kind="payer", id=payer_id.text("cus"))
        return payers.paid_for(books.cursor, payer_id=payer_id)
