"""Watched usage: what was recorded since somebody last looked is invoiced at a threshold, and alerts are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.domain.metering import known_until
from perennia.domain.watching import watch
from perennia.operations.books import Books, open_books
from perennia.store.identity import new_ids
from perennia.store.reads import payers
from perennia.store.reads import usage as read
from perennia.store.reads.subscriptions import payer_of
from perennia.store.writes import locks
from perennia.store.writes import usage as write

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a subscription's usage brought: invoices, and how many alerts."""

    documents: int = 0
    lines: int = 0
    alerts: int = 0


def waiting(*, tenant: Id, after: int, limit: int = 500) -> Mapping[Id, int]:
    """Watched subscriptions that used something, oldest first, with the last signal of each; `after` a signal."""
    with open_books(tenant=tenant) as books:
        return read.signals(books.cursor, tenant=tenant, after=after, limit=limit)


def look(*, tenant: Id, subscription_id: Id, signal: int, now: datetime, actor: str = "billing") -> Looked:
    """Bill the subscription's payer through now, invoice what reached its threshold, give alerts.

    A payer that a person has to look at is left alone; one whose usage no rule can take is set aside with the reason.
    """
    try:
        return _look(tenant=tenant, subscription_id=subscription_id, signal=signal, now=now, actor=actor)
    except Exception as error:  # one payer's poison must not stop the tenant; kept with the payer, shown by doctor
        with open_books(tenant=tenant) as books:
            books.set_aside(payer_of(books.cursor, subscription_id=subscription_id), error)
        return Looked()


def _look(*, tenant: Id, subscription_id: Id, signal: int, now: datetime, actor: str) -> Looked:
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer_id = payer_of(books.cursor, subscription_id=subscription_id)
        if payers.payers(books.cursor, ids=[payer_id])[0].set_aside_code is not None:
            return Looked()
        _bill(books, payer_id, now=now, actor=actor)
        locked = locks.lock_payer(books.cursor, tenant=tenant, payer_id=payer_id)
        (payer,) = books.facts([locked], through=known_until(now), running=True)
        found = read.answered(
            books.cursor, payer, lambda one: watch(one, seller=books.seller(), now=now, new_ids=new_ids), tenant=tenant
        )
        if not found.is_nothing:
            books.write([found.decision], actor=actor)
            write.tell(books.cursor, found.alerts, tenant=tenant)
        write.forget_signals(books.cursor, subscription_id=subscription_id, through=signal, tenant=tenant)
    documents = found.decision.documents
    return Looked(len(documents), sum(len(document.lines) for document in documents), len(found.alerts))


def _bill(books: Books, payer_id: Id, *, now: datetime, actor: str) -> None:
    """What fell due by now, as the run would; held where the run would hold it."""
    for _ in range(_ROUNDS):
        locked = locks.lock_payer(books.cursor, tenant=books.tenant.id, payer_id=payer_id)
        if locked.next_due_at is None or locked.next_due_at > now:
            return
        (payer,) = books.facts([locked], through=now)
        books.write([books.bill(payer, through=now, now=now, new_ids=new_ids)], actor=actor)
    raise RuntimeError(f"what is due for {payer_id.text('cus')} at {now.isoformat()} stays due")
