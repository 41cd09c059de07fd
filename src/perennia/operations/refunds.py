"""Refunds by a gateway: the intent is there, then the call with its key, then the booking of what it said."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.collection import Answer, Verdict
from perennia.domain.decision import RefundState
from perennia.domain.errors import DomainError
from perennia.domain.ids import Id
from perennia.domain.refunding import NextStep, after_answer
from perennia.gateways.port import ChargeResult, RefundRequest
from perennia.operations.booking import CULPRIT_ERRORS
from perennia.operations.books import open_books
from perennia.operations.collection import verdict_of
from perennia.operations.desk import open_desk
from perennia.operations.payments import book_end
from perennia.store.reads import receipts as read
from perennia.store.writes import locks
from perennia.store.writes import refunds as write

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: a refund, or a look-up of what became of it."""

    refund_id: Id
    payer_id: Id
    gateway: str
    request: RefundRequest
    is_look_up: bool


def claim(
    *,
    tenant: Id,
    as_of: datetime,
    now: datetime,
    limit: int = CHUNK,
    alone: bool = False,
    given_up: bool = False,
    besides: Collection[Id] = (),
) -> list[Call]:
    """Take up to `limit` refunds due at `as_of` and say what to call.

    From the moment this is committed the gateway may have them; one that it may have already is looked up first.
    `alone` takes up those that are leased too, `given_up` those left to a person, except those `besides`.
    """
    with open_books(tenant=tenant) as books:
        found = write.claim(
            books.cursor, tenant=tenant, as_of=as_of, now=books.business_time(now), limit=limit, alone=alone,
            given_up=given_up, besides=besides,
        )  # fmt: skip
        for one in found:
            if one.charge is None:  # nothing at the gateway to give back of: a person knows of what
                write.move(books.cursor, NextStep(one.sending))
        return [_call(one, one.charge) for one in found if one.charge is not None]


def _call(one: write.Claimed, charge: str) -> Call:
    request = RefundRequest(
        key=one.sending.key,
        amount_minor=one.amount_minor,
        currency=one.currency,
        charge=charge,
        reference=one.sending.id.text("ref"),
    )
    return Call(one.sending.id, one.payer_id, one.gateway, request, one.may_be_there)


def book(
    *, tenant: Id, call: Call, result: ChargeResult, now: datetime, actor: str = "collection"
) -> RefundState | None:
    """Book what a gateway answered; answers how the refund ended, None where it goes on. An answer that came twice is
    booked once. One that cannot be booked is left to a person, its payer set aside with the reason.
    """
    try:
        return _book(tenant=tenant, call=call, verdict=verdict_of(result), now=now, actor=actor)
    except (*CULPRIT_ERRORS, DomainError) as error:
        with open_books(tenant=tenant) as books:
            locks.lock_payer(books.cursor, tenant=tenant, payer_id=call.payer_id)
            locks.set_aside(books.cursor, payer_id=call.payer_id, code="refund_not_booked", reason=f"{call}: {error}")
            write.move(books.cursor, NextStep(read.sending(books.cursor, refund_id=call.refund_id)))
        return None


def _book(*, tenant: Id, call: Call, verdict: Verdict, now: datetime, actor: str) -> RefundState | None:
    with open_desk(tenant=tenant, whose=lambda _: call.payer_id, now=now, actor=actor) as desk:
        underway = read.refund(desk.cursor, refund_id=call.refund_id)
        sending = read.sending(desk.cursor, refund_id=call.refund_id)
        if underway.state is not RefundState.CREATED or sending.key != call.request.key:
            return None
        if call.is_look_up and verdict.answer is not Answer.NOT_SENT:
            sending = replace(sending, look_ups=sending.look_ups + 1)
        step = after_answer(sending, verdict, now=desk.now)
        if step.succeeded is None:
            write.move(desk.cursor, step)
            return None
        book_end(
            desk, call.refund_id, succeeded=step.succeeded, reference=verdict.reference,
            code=None if step.succeeded else verdict.code,
        )  # fmt: skip
        return RefundState.SUCCEEDED if step.succeeded else RefundState.FAILED
