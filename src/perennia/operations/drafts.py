"""Documents that are to be paid before they are issued: of a change, or of a subscription that only begins then.

What is asked for is done once for the price of it and taken back; what it would have been billed is the draft. When
its money is there, all of it is done again, for good, and the document issued and paid in the same transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from perennia.domain.collection import DebtState
from perennia.domain.decision import Decision, Payment, SubscriptionMove
from perennia.domain.documents import Document
from perennia.domain.errors import CurrencyMismatch
from perennia.domain.events import Event, EventType
from perennia.domain.facts import CollectionMode, Status
from perennia.domain.gating import WAITS_FOR
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.domain.receipts import OpenDocument, check_received, receive
from perennia.domain.refunds import BY_HAND
from perennia.domain.starting import trial_from_now
from perennia.operations.agreements import Act, give_up, of, settle
from perennia.operations.books import Books, open_books, written
from perennia.operations.catalog import checked
from perennia.operations.payments import same
from perennia.operations.terms import move_trial
from perennia.store import session
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import drafts as read
from perennia.store.reads import receipts
from perennia.store.reads.drafts import StoredDraft
from perennia.store.writes import drafts as write
from perennia.store.writes import locks
from perennia.store.writes.agreements import NewChange
from perennia.store.writes.drafts import NewDraft


class _Differs(Exception):
    """What was drafted is no longer what it would come to."""


def ask_for_change(act: Act, made: NewChange) -> Id | None:
    """Write a change that waits for its payment, and its draft; None where nothing is to be paid: nothing is written."""
    books = act.books
    with session.preview(books.tenant.id), written() as decisions:
        act.insert(made)
        settle(books, act.payer.id, actor=act.actor, now=act.now)
    documents = _documents(decisions)
    if not _due(documents):
        return None
    act.insert(made, is_gated=True)
    key = _insert(
        books, documents, payer_id=act.payer.id, subscription_id=act.subscription.id, change_id=made.id,
        collection=act.subscription.collection, together=False, now=act.now,
    )  # fmt: skip
    told = Event(EventType.SUBSCRIPTION_CHANGE_AWAITS_PAYMENT, act.subscription.id, act.now)
    _waits(books, act.payer.id, (told,), actor=act.actor)
    return key


def ask_for_start(
    books: Books, *, payer_id: Id, subscription_id: Id, collection: CollectionMode, together: bool,
    trial_days: int | None, actor: str, now: datetime,
) -> Id | None:  # fmt: skip
    """Make a subscription that was just inserted wait for its first payment; None where there is nothing to pay.

    A trial of `trial_days` local days is counted from that payment.
    """
    with session.preview(books.tenant.id), written() as decisions:
        settle(books, payer_id, actor=actor, now=now, together=together)
    documents = _documents(decisions)
    if not _due(documents):
        return None
    key = _insert(
        books, documents, payer_id=payer_id, subscription_id=subscription_id, change_id=None, collection=collection,
        together=together, trial_days=trial_days, now=now,
    )  # fmt: skip
    move = SubscriptionMove(subscription_id, Status.SCHEDULED, Status.INCOMPLETE, now)
    books.write([Decision(payer_id, None, moves=(move,))], actor=actor)
    created = Event(EventType.SUBSCRIPTION_CREATED, subscription_id, now)
    told = Event(EventType.SUBSCRIPTION_INCOMPLETE, subscription_id, now)
    _waits(books, payer_id, (created, told), actor=actor)
    return key


def withdraw(
    *, tenant: Id, actor: str, subscription_id: Id, now: datetime, change_id: Id | None = None
) -> datetime | None:
    """Take back what a subscription waits for, or that change of it alone; None where it waits for nothing such.

    A payment of it that is under way and still arrives is the payer's balance.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        found = read.of_subscription(books.cursor, subscription_id=subscription_id)
        if found is None or (change_id is not None and found.change_id != change_id):
            return None
        payer = books.lock(found.payer_id)
        for draft in payer.drafts:
            if draft.id == found.id:
                give_up(books, payer, draft, reason="withdrawn", actor=actor, now=now)
                return now
    return None


def record_payment(
    *, tenant: Id, actor: str, draft_id: Id, amount_minor: int, currency: str, reference: str, now: datetime
) -> Id:
    """Book money for a draft that a person saw arriving; answers the payment.

    Does it cover the draft, its document is issued and paid; else it is the payer's balance, and the draft goes on
    waiting. The same reference again is the same payment. Raises NotFound, InvalidValue, CurrencyMismatch, AlreadyExists.
    """
    checked(reference, field="reference")
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        draft = read.draft(books.cursor, draft_id=draft_id)
        if draft.currency != currency:
            raise CurrencyMismatch(expected=draft.currency, given=currency)
        check_received(amount_minor=amount_minor, at=now, now=now)
        books.lock(draft.payer_id)
        payment = Payment(
            new_id(), draft.payer_id, None, BY_HAND, reference, currency, amount_minor, now, draft.entity_id
        )  # fmt: skip
        before = receipts.by_reference(books.cursor, tenant=tenant, gateway=BY_HAND, reference=reference)
        if before is not None:
            return same(before, payment)
        book_money(books, draft, payment, actor=actor, now=now)
    return payment.id


def book_money(books: Books, draft: StoredDraft, payment: Payment, *, actor: str, now: datetime) -> None:
    """Book money that arrived for a draft, under its payer's lock; the caller's transaction commits it all.

    What fell due before is billed first, and may have overtaken the draft. Then what the draft is of is done as of the
    instant at which it was asked for, and the money settles its document. Where that is not to be, or would no longer
    come to the same, the money is the payer's balance and the draft is dropped.
    """
    payer = books.lock(draft.payer_id)
    due = next_due_at(payer, seller=books.seller())
    if due is not None and due <= now:
        settle(books, payer.id, actor=actor, now=now)
        draft = read.draft(books.cursor, draft_id=draft.id)
    documents: Sequence[OpenDocument] = ()
    if draft.is_open and payment.captured_minor >= draft.amount_minor:
        try:
            documents = _complete(books, draft, actor=actor, now=now)
        except _Differs:
            payer = books.lock(draft.payer_id)
            give_up(books, payer, draft.as_fact(), reason="differs", actor=actor, now=now)
    locked = locks.lock_payer(books.cursor, tenant=books.tenant.id, payer_id=draft.payer_id)
    books.write(
        [
            receive(
                payment,
                entity_id=draft.entity_id,
                documents=documents,
                now=now,
                next_due_at=locked.next_due_at,
                new_ids=new_ids,
            )
        ],
        actor=actor,
    )


def _complete(books: Books, draft: StoredDraft, *, actor: str, now: datetime) -> Sequence[OpenDocument]:
    """Do what the draft is of, and answer its documents. Raises _Differs, having done nothing."""
    with session.transaction(books.tenant.id), written() as decisions:
        write.take_up(books.cursor, draft)
        if draft.trial_days is not None:
            _count_trial(books, draft, draft.trial_days, actor=actor, now=now)
        settle(books, draft.payer_id, actor=actor, now=now, together=draft.together)
        documents = _documents(decisions)
        if digest(content(documents)) != draft.digest:
            raise _Differs
        open_documents = [OpenDocument(one.id, DebtState.OPEN, one.open_minor) for one in documents if one.open_minor]
        write.close_paid(books.cursor, draft_id=draft.id, document_id=open_documents[0].id, now=now)
    return open_documents


def _count_trial(books: Books, draft: StoredDraft, days: int, *, actor: str, now: datetime) -> None:
    """The trial of what begins with this payment is counted from today."""
    payer = books.lock(draft.payer_id)
    subscription = of(payer, draft.subscription_id)
    until = trial_from_now(now=now, days=days, zone=subscription.zone, policies=subscription.policies)
    if subscription.trial_ends_at is not None and until > subscription.trial_ends_at:
        move_trial(Act(books, payer, subscription, subscription.policies, actor, now), until)


def content(documents: Iterable[Document]) -> list[dict[str, Any]]:
    """What documents say of money and time, without keys and numbers: the same for a draft and for what it becomes."""
    return [
        {
            "kind": one.kind.value,
            "currency": one.currency,
            "net_minor": one.net_minor,
            "tax_minor": one.tax_minor,
            "from_balance_minor": one.from_balance_minor,
            "open_minor": one.open_minor,
            "lines": [
                {
                    "kind": int(line.kind),
                    "description": line.description,
                    "start": line.period_start.isoformat(),
                    "end": line.period_end.isoformat(),
                    "quantity": str(line.quantity),
                    "unit_amount": None if line.unit_amount is None else str(line.unit_amount),
                    "net_minor": line.net_minor,
                    "tax_minor": line.tax_minor,
                    "tax_percent": str(line.tax_percent),
                    "discount_minor": line.discount_minor,
                }
                for line in one.lines
            ],
        }
        for one in documents
    ]


def digest(said: Sequence[dict[str, Any]]) -> str:
    """A fingerprint of what documents say."""
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _documents(decisions: Iterable[Decision]) -> list[Document]:
    return [document for decision in decisions for document in decision.documents]


def _due(documents: Iterable[Document]) -> int:
    return sum(document.open_minor for document in documents)


def _insert(
    books: Books, documents: Sequence[Document], *, payer_id: Id, subscription_id: Id, change_id: Id | None,
    collection: CollectionMode, together: bool, now: datetime, trial_days: int | None = None,
) -> Id:  # fmt: skip
    first, said = next(one for one in documents if one.open_minor), content(documents)
    draft = NewDraft(
        id=new_id(),
        payer_id=payer_id,
        subscription_id=subscription_id,
        change_id=change_id,
        entity_id=first.entity_id,
        currency=first.currency,
        amount_minor=_due(documents),
        content={"documents": said} if trial_days is None else {"documents": said, "trial_days": trial_days},
        digest=digest(said),
        together=together,
        created_at=now,
        expires_at=now + WAITS_FOR,
        next_attempt_at=now if collection is CollectionMode.AUTOMATIC else None,
    )
    write.insert_draft(books.cursor, draft, tenant=books.tenant.id)
    return draft.id


def _waits(books: Books, payer_id: Id, told: tuple[Event, ...], *, actor: str) -> None:
    due = next_due_at(books.lock(payer_id), seller=books.seller())
    books.write([Decision(payer_id, due, events=told)], actor=actor)
