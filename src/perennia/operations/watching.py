"""Watched usage: what was recorded since somebody last looked is invoiced at a threshold, and alerts are given."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.errors import DomainError
from perennia.domain.facts import Payer
from perennia.domain.ids import Id
from perennia.domain.usage import NotMeasured
from perennia.domain.watching import Watched, known_until, watch
from perennia.operations.books import Books, open_books
from perennia.store import bulk
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
        code = error.code if isinstance(error, DomainError) else type(error).__name__
        reason = str(error) if isinstance(error, DomainError) else "".join(traceback.format_exception(error))
        with open_books(tenant=tenant) as books:
            payer_id = payer_of(books.cursor, subscription_id=subscription_id)
            locks.set_aside(books.cursor, payer_id=payer_id, code=code, reason=reason)
        return Looked()


def _look(*, tenant: Id, subscription_id: Id, signal: int, now: datetime, actor: str) -> Looked:
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer_id = payer_of(books.cursor, subscription_id=subscription_id)
        if payers.payers(books.cursor, ids=[payer_id])[0].set_aside_code is not None:
            return Looked()
        _bill(books, payer_id, now=now, actor=actor)
        (payer,) = books.facts(
            locks.lock_payers(books.cursor, tenant=tenant, ids=[payer_id]), through=known_until(now), running=True
        )
        found = _watched(books, payer, now=now)
        if not found.is_nothing:
            books.write([found.decision], actor=actor)
            write.tell(books.cursor, found.alerts, tenant=tenant)
        write.forget_signals(books.cursor, subscription_id=subscription_id, through=signal, tenant=tenant)
    documents = found.decision.documents
    return Looked(len(documents), sum(len(document.lines) for document in documents), len(found.alerts))


def _bill(books: Books, payer_id: Id, *, now: datetime, actor: str) -> None:
    """What fell due by now, as the run would; held where the run would hold it."""
    for _ in range(_ROUNDS):
        (locked,) = locks.lock_payers(books.cursor, tenant=books.tenant.id, ids=[payer_id])
        if locked.next_due_at is None or locked.next_due_at > now:
            return
        (payer,) = books.facts([locked], through=now)
        books.write([books.bill(payer, through=now, now=now, new_ids=new_ids)], actor=actor)
        bulk.empty_stages(books.cursor)
    raise RuntimeError(f"what is due for {payer_id.text('cus')} at {now.isoformat()} stays due")


def _watched(books: Books, payer: Payer, *, now: datetime) -> Watched:
    for _ in range(_ROUNDS):
        try:
            return watch(payer, seller=books.seller(), now=now, new_ids=new_ids)
        except NotMeasured as error:
            payer = read.measured(books.cursor, payer, error, tenant=books.tenant.id)
    raise RuntimeError(f"more and more is to be measured of {payer.id.text('cus')}")
