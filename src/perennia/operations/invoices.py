"""Documents by hand: credited, voided, written off."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from perennia.domain.collection import DebtState
from perennia.domain.corrections import Charged, LineCredit, lowered_to
from perennia.domain.corrections import credit_note as credited
from perennia.domain.decision import Decision, StateChange, WriteOff
from perennia.domain.drafting import Issued
from perennia.domain.errors import InvalidValue, MoveNotPermitted, NothingLeft
from perennia.domain.events import Event, EventType
from perennia.domain.ids import Id
from perennia.domain.ledger import write_off as lost_postings
from perennia.domain.refunds import Refunded, give_back, with_refunds
from perennia.operations.catalog import checked
from perennia.operations.desk import Desk, open_desk
from perennia.operations.payments import loose_balance
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import invoices as read
from perennia.store.reads import receipts


def credit_note(
    *,
    tenant: Id,
    actor: str,
    document_id: Id,
    now: datetime,
    lines: Sequence[LineCredit] | None = None,
    becomes: str = "balance",
    reason: str | None = None,
) -> Id:
    """Credit some lines of an issued invoice, or all that is left of it; answers the credit note.

    It first lowers what is open on the invoice. The rest goes to the payer's balance, or (`becomes` refund) back to where
    the invoice was paid from, and to the balance what was not paid by a payment. Raises NotFound, InvalidValue,
    MoreThanLeft, NothingLeft.
    """
    if becomes not in ("balance", "refund"):
        raise InvalidValue(field="becomes", value=becomes, reason="balance or refund")
    with _on_document(tenant, document_id, now=now, actor=actor, reason=reason) as desk:
        document = read.charged(desk.cursor, document_id=document_id)
        issued = credited(document, lines, now=desk.now, new_ids=new_ids)
        decision = _credited(desk, document, issued, reason=reason)
        desk.write(_paid_back(desk, decision, document) if becomes == "refund" else decision)
    return issued.document.id


def adjust_line(
    *, tenant: Id, actor: str, document_id: Id, position: int, net_minor: int, now: datetime, reason: str | None = None
) -> Id:
    """Lower a line of an issued invoice to a net amount, by a credit note; answers it. Raises what `credit_note` raises."""
    with _on_document(tenant, document_id, now=now, actor=actor, reason=reason) as desk:
        document = read.charged(desk.cursor, document_id=document_id)
        wanted = lowered_to(document, position=position, net_minor=net_minor)
        issued = credited(document, [wanted], now=desk.now, new_ids=new_ids)
        desk.write(_credited(desk, document, issued, reason=reason))
    return issued.document.id


def void(*, tenant: Id, actor: str, document_id: Id, now: datetime, reason: str | None = None) -> Id:
    """Take back an issued invoice that no payment settled any of: a credit note over all that is left of it.

    What it charged for stays settled and is not charged again. Raises NotFound, MoveNotPermitted, NothingLeft.
    """
    with _on_document(tenant, document_id, now=now, actor=actor, reason=reason) as desk:
        document = read.charged(desk.cursor, document_id=document_id)
        state = read.receivable(desk.cursor, document_id=document_id).state
        if state is DebtState.PAID or read.paid_from_payments(desk.cursor, document_id=document_id):
            raise MoveNotPermitted(state="paid", to="void")
        issued = credited(document, None, now=desk.now, new_ids=new_ids)
        decision = _credited(desk, document, issued, reason=reason)
        told = Event(EventType.INVOICE_VOIDED, document_id, desk.now)
        desk.write(replace(decision, events=(*decision.events, told)))
    return issued.document.id


def write_off(*, tenant: Id, actor: str, document_id: Id, now: datetime, reason: str | None = None) -> None:
    """Take for lost what is open on an invoice: it is collected no more, and stands on an account of its own.

    Whatever settles it later takes the loss back. Tax stays as it was invoiced. Raises NotFound, NothingLeft.
    """
    with _on_document(tenant, document_id, now=now, actor=actor, reason=reason) as desk:
        document = read.charged(desk.cursor, document_id=document_id)
        debt = read.receivable(desk.cursor, document_id=document_id)
        if not debt.open_minor or debt.state is DebtState.WRITTEN_OFF:
            raise NothingLeft(kind="document", id=document_id.text("inv"))
        lost = WriteOff(new_id(), document_id, document.currency, debt.open_minor, desk.now, reason)
        state = DebtState.WRITTEN_OFF
        desk.write(
            Decision(
                payer_id=desk.payer.id,
                next_due_at=desk.payer.next_due_at,
                write_offs=(lost,),
                postings=tuple(
                    lost_postings(
                        transaction_id=lost.id, currency=lost.currency, amount_minor=lost.amount_minor, at=desk.now
                    )
                ),
                events=(Event(EventType.INVOICE_WRITTEN_OFF, document_id, desk.now),),
                states=(StateChange(document_id, "receivable.state", debt.state, state, desk.now, reason),),
            )
        )


def _on_document(
    tenant: Id, document_id: Id, *, now: datetime, actor: str, reason: str | None
) -> AbstractContextManager[Desk]:
    if reason is not None:
        checked(reason, field="reason")
    return open_desk(
        tenant=tenant, whose=lambda cursor: read.payer_of(cursor, document_id=document_id), now=now, actor=actor
    )


def _credited(desk: Desk, document: Charged, issued: Issued, *, reason: str | None) -> Decision:
    """A credit note written down, with what it does to the invoices that it settles."""
    changes = [StateChange(document.id, "document.credited", None, issued.document.id.text("inv"), desk.now, reason)]
    for lowered in issued.allocations:
        debt = read.receivable(desk.cursor, document_id=lowered.document_id)
        if lowered.amount_minor == debt.open_minor:
            changes.append(StateChange(debt.id, "receivable.state", debt.state, DebtState.PAID, desk.now, reason))
    return replace(desk.issuing(issued), states=tuple(changes))


def _paid_back(desk: Desk, decision: Decision, document: Charged) -> Decision:
    """What a credit note put on the balance goes back to the payments that settled the invoice, the latest first."""
    over = sum(entry.amount_minor for entry in decision.balance)
    loose = loose_balance(desk, document.entity_id, document.currency) + over
    made: list[Refunded] = []
    for payment_id, allocated in read.paid_from_payments(desk.cursor, document_id=document.id):
        payment = receipts.payment(desk.cursor, payment_id=payment_id)
        amount = min(over, allocated, payment.left_minor)
        if amount:
            refund = give_back(
                payment, amount_minor=amount, loose_minor=loose, key=None, reason=None, now=desk.now, new_ids=new_ids
            )
            made.append(refund)
            over, loose = over - amount, loose - refund.refund.from_balance_minor
    return with_refunds(decision, made)
