"""Money by hand: what arrived, what is given back, credit that is granted."""

from datetime import datetime

from perennia.domain.decision import Decision, Payment, RefundEnd, RefundState
from perennia.domain.errors import AlreadyExists, CurrencyMismatch, InvalidValue
from perennia.domain.grants import Grant, GrantKind, without_grant
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.domain.receipts import OpenDocument, check_received, receive
from perennia.domain.refunds import BY_HAND, Captured, end_refund, give_back, with_refunds
from perennia.domain.wallet import give
from perennia.operations.catalog import checked
from perennia.operations.desk import Desk, open_desk
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import customers, invoices
from perennia.store.reads import receipts as read
from perennia.store.session import Cursor


def record_payment(
    *,
    tenant: Id,
    actor: str,
    amount_minor: int,
    currency: str,
    reference: str,
    now: datetime,
    customer_id: Id | None = None,
    document_id: Id | None = None,
    entity_id: Id | None = None,
    at: datetime | None = None,
) -> Id:
    """Book money that a person saw arriving; answers the payment.

    It settles the invoice named, or the customer's open ones in its currency, the oldest first; the rest is credit
    balance. `at` is when it arrived, `entity_id` the legal entity that got it (an invoice's own). The same reference
    again is the same payment. Raises NotFound, InvalidValue, CurrencyMismatch, AlreadyExists.
    """
    checked(reference, field="reference")
    exponent(currency)

    def whose(cursor: Cursor) -> Id:
        if document_id is not None and customer_id is None:
            return invoices.payer_of(cursor, document_id=document_id)
        if customer_id is not None and document_id is None:
            return customers.payer_of(cursor, customer_id=customer_id)
        raise InvalidValue(field="document", value=document_id, reason="money is booked on a customer or on an invoice")

    with open_desk(tenant=tenant, whose=whose, now=now, actor=actor) as desk:
        check_received(amount_minor=amount_minor, at=at or desk.now, now=desk.now)
        entity, documents = _to_settle(desk, document_id, entity_id=entity_id, currency=currency)
        received = Payment(
            id=new_id(),
            payer_id=desk.payer.id,
            attempt_id=None,
            gateway=BY_HAND,
            reference=reference,
            currency=currency,
            captured_minor=amount_minor,
            at=at or desk.now,
            entity_id=entity,
        )
        before = read.by_reference(desk.cursor, tenant=tenant, gateway=BY_HAND, reference=reference)
        if before is not None:
            return same(before, received)
        desk.write(
            receive(
                received,
                entity_id=entity,
                documents=documents,
                now=desk.now,
                next_due_at=desk.payer.next_due_at,
                new_ids=new_ids,
            )
        )
    return received.id


def _to_settle(
    desk: Desk, document_id: Id | None, *, entity_id: Id | None, currency: str
) -> tuple[Id, list[OpenDocument]]:
    """Which legal entity got the money, and the invoices it is for."""
    if document_id is None:
        entity = desk.entity(entity_id)
        found = invoices.open_documents(desk.cursor, payer_id=desk.payer.id, entity_id=entity, currency=currency)
        return entity, found
    document = invoices.charged(desk.cursor, document_id=document_id)
    if document.currency != currency:
        raise CurrencyMismatch(expected=document.currency, given=currency)
    return document.entity_id, [invoices.receivable(desk.cursor, document_id=document_id)]


def same(before: Captured, received: Payment) -> Id:
    """The payment that is there under the reference, if it is this one. Raises AlreadyExists."""
    said = (before.payer_id, before.currency, before.captured_minor)
    if said != (received.payer_id, received.currency, received.captured_minor):
        raise AlreadyExists(kind="payments", key="payments_reference")
    return before.id


def refund(
    *,
    tenant: Id,
    actor: str,
    payment_id: Id,
    now: datetime,
    amount_minor: int | None = None,
    key: str | None = None,
    reason: str | None = None,
) -> Id:
    """Give back part of a payment, or all that is left of it; answers the refund.

    What lies on the payer's balance (without granted credit) covers it first; the rest is given back without a credit
    note. A payment by hand counts as given back at once; for a gateway's an intent is left, which the collection
    sends. The same `key` again is the same refund. Raises NotFound, InvalidValue, MoreThanLeft, NothingLeft,
    AlreadyExists.
    """
    for text, field in ((key, "key"), (reason, "reason")):
        if text is not None:
            checked(text, field=field)
    with open_desk(
        tenant=tenant,
        whose=lambda cursor: read.payment(cursor, payment_id=payment_id).payer_id,
        now=now,
        actor=actor,
    ) as desk:
        payment = read.payment(desk.cursor, payment_id=payment_id)
        before = None if key is None else read.refund_by_key(desk.cursor, tenant=tenant, key=key)
        if before is not None:
            if before.payment_id != payment_id or amount_minor not in (None, before.amount_minor):
                raise AlreadyExists(kind="refunds", key="refunds_key")
            return before.id
        made = give_back(
            payment,
            amount_minor=payment.left_minor if amount_minor is None else amount_minor,
            loose_minor=loose_balance(desk, payment.entity_id, payment.currency),
            key=key,
            reason=reason,
            now=desk.now,
            new_ids=new_ids,
        )
        desk.write(with_refunds(Decision(desk.payer.id, desk.payer.next_due_at), [made]))
    return made.refund.id


def end_of_refund(
    *, tenant: Id, actor: str, refund_id: Id, succeeded: bool, now: datetime, reference: str | None = None
) -> None:
    """Book that a gateway made a refund, or did not: then the money is the payer's balance again.

    Raises NotFound, MoveNotPermitted for one that has ended.
    """
    if reference is not None:
        checked(reference, field="reference")
    with open_desk(
        tenant=tenant, whose=lambda cursor: read.refund(cursor, refund_id=refund_id).payer_id, now=now, actor=actor
    ) as desk:
        book_end(desk, refund_id, succeeded=succeeded, reference=reference)


def book_end(desk: Desk, refund_id: Id, *, succeeded: bool, reference: str | None, code: str | None = None) -> None:
    """Book the end of a refund under its payer's lock. Raises NotFound, MoveNotPermitted for one that has ended."""
    underway = read.refund(desk.cursor, refund_id=refund_id)
    ended = end_refund(underway, succeeded=succeeded, now=desk.now, new_ids=new_ids)
    state = RefundState.SUCCEEDED if succeeded else RefundState.FAILED
    desk.write(
        Decision(
            payer_id=desk.payer.id,
            next_due_at=desk.payer.next_due_at,
            refund_ends=(RefundEnd(refund_id, state, desk.now, reference, code),),
            refunded=((underway.payment_id, -ended.released_minor),) if ended.released_minor else (),
            balance=ended.balance,
            postings=ended.postings,
            events=ended.events,
            states=ended.states,
        )
    )


def loose_balance(desk: Desk, entity_id: Id, currency: str) -> int:
    """What of the payer's balance is its own money, and not granted."""
    payer, account = desk.buyer(), (entity_id, currency)
    own = [grant for grant in payer.grants if grant.account == account]
    return without_grant(own, balance_minor=payer.balances.get(account, 0))


def grant_credit(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    amount_minor: int,
    currency: str,
    now: datetime,
    reason: str | None = None,
    kind: GrantKind = GrantKind.PROMOTIONAL,
    expires_at: datetime | None = None,
    entity_id: Id | None = None,
) -> Id:
    """Give a customer's payer credit with a legal entity (the first where none is named); answers the grant.

    Its next documents are paid from it, what expires first first. `paid` is credit that the customer paid for outside
    these books. Raises NotFound, InvalidValue, UnknownCurrency.
    """
    exponent(currency)
    if reason is not None:
        checked(reason, field="reason")
    with open_desk(
        tenant=tenant,
        whose=lambda cursor: customers.payer_of(cursor, customer_id=customer_id),
        now=now,
        actor=actor,
    ) as desk:
        check_received(amount_minor=amount_minor, at=desk.now, now=desk.now)
        if expires_at is not None and expires_at <= desk.now:
            raise InvalidValue(field="expires_at", value=expires_at.isoformat(), reason="credit ends later than now")
        given = Grant(new_id(), desk.entity(entity_id), currency, kind, amount_minor, desk.now, expires_at)
        moved = give(given, reason=reason, new_ids=new_ids)
        desk.write(
            Decision(
                payer_id=desk.payer.id,
                next_due_at=desk.payer.next_due_at,
                balance=moved.balance,
                postings=moved.postings,
                events=moved.events,
                grants=moved.grants,
            )
        )
    return given.id
