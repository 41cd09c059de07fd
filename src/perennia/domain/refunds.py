"""Money given back of a payment: never more than it brought, first what lies on the payer's balance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.decision import (
    Account,
    BalanceEntry,
    Decision,
    Posting,
    Refund,
    RefundState,
    Source,
    StateChange,
)
from perennia.domain.errors import InvalidValue, MoreThanLeft, MoveNotPermitted, NothingLeft
from perennia.domain.events import Event, EventType
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import cash_of, refund, refund_made
from perennia.domain.money import decimal_text

BY_HAND = "manual"
"""What stands for the gateway of money that a person booked."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A payment that something may be given back of, minor units."""

    id: Id
    payer_id: Id
    entity_id: Id
    gateway: str
    currency: str
    captured_minor: int
    refunded_minor: int

    @property
    def left_minor(self) -> int:
        return self.captured_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund changes: parts of a decision."""

    refund: Refund
    balance: tuple[BalanceEntry, ...]
    postings: tuple[Posting, ...]
    events: tuple[Event, ...]
    states: tuple[StateChange, ...]


def give_back(
    payment: Captured,
    *,
    amount_minor: int,
    loose_minor: int,
    key: str | None,
    reason: str | None,
    now: datetime,
    new_ids: NewIds,
) -> Refunded:
    """A refund of part of a payment. What of `loose_minor`, the payer's balance that was not granted, covers it is taken.

    A payment by hand is given back at once; for one of a gateway an intent is left, and the money counts as on its way.
    Raises InvalidValue, NothingLeft, MoreThanLeft.
    """
    if payment.left_minor <= 0:
        raise NothingLeft(kind="payment", id=payment.id.text("pay"))
    if amount_minor <= 0:
        raise InvalidValue(field="amount", value=amount_minor, reason="above 0")
    if amount_minor > payment.left_minor:
        raise MoreThanLeft(
            kind="payment",
            id=payment.id.text("pay"),
            given=decimal_text(amount_minor, payment.currency),
            left=decimal_text(payment.left_minor, payment.currency),
        )
    by_hand = payment.gateway == BY_HAND
    refund_id, entry_id = new_ids(2)
    made = Refund(
        id=refund_id,
        payment_id=payment.id,
        gateway=payment.gateway,
        currency=payment.currency,
        amount_minor=amount_minor,
        from_balance_minor=min(amount_minor, loose_minor),
        state=RefundState.SUCCEEDED if by_hand else RefundState.CREATED,
        key=key or refund_id.text("ref"),
        at=now,
        reason=reason,
    )
    taken, account = made.from_balance_minor, (payment.entity_id, payment.currency)
    entry = BalanceEntry(entry_id, *account, -taken, Source.REFUND, refund_id, now)
    postings = refund(
        refund_id=refund_id,
        cash=cash_of(payment.gateway) if by_hand else Account.REFUNDS_UNDERWAY,
        currency=payment.currency,
        amount_minor=amount_minor,
        from_balance_minor=taken,
        at=now,
    )
    told = [EventType.REFUND_CREATED, EventType.REFUND_SUCCEEDED] if by_hand else [EventType.REFUND_CREATED]
    return Refunded(
        refund=made,
        balance=(entry,) if taken else (),
        postings=tuple(postings),
        events=tuple(Event(type, refund_id, now) for type in told),
        states=(StateChange(refund_id, "refund.state", None, made.state, now, reason),),
    )


def with_refunds(decision: Decision, made: Sequence[Refunded]) -> Decision:
    """A decision and refunds made along with it."""
    return replace(
        decision,
        refunds=decision.refunds + tuple(one.refund for one in made),
        refunded=decision.refunded + tuple((one.refund.payment_id, one.refund.amount_minor) for one in made),
        balance=decision.balance + tuple(entry for one in made for entry in one.balance),
        postings=decision.postings + tuple(posting for one in made for posting in one.postings),
        events=decision.events + tuple(event for one in made for event in one.events),
        states=decision.states + tuple(change for one in made for change in one.states),
    )


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A refund as it stands, with what taking it back needs."""

    id: Id
    payment_id: Id
    payer_id: Id
    entity_id: Id
    gateway: str
    currency: str
    amount_minor: int
    from_balance_minor: int
    state: RefundState


@dataclass(frozen=True, slots=True)
class Ended:
    """What the end of a refund changes: parts of a decision. `released_minor` of the payment may be given back again."""

    released_minor: int
    balance: tuple[BalanceEntry, ...]
    postings: tuple[Posting, ...]
    events: tuple[Event, ...]
    states: tuple[StateChange, ...]


def end_refund(underway: UnderWay, *, succeeded: bool, now: datetime, new_ids: NewIds) -> Ended:
    """What a gateway's answer to a refund changes: the money has left, or it is the payer's balance and ours again.

    Raises MoveNotPermitted for one that has ended before.
    """
    after = RefundState.SUCCEEDED if succeeded else RefundState.FAILED
    if underway.state is not RefundState.CREATED:
        raise MoveNotPermitted(state=underway.state.value, to=after.value)
    transaction_id, entry_id = new_ids(2)
    changes = (StateChange(underway.id, "refund.state", underway.state, after, now),)
    if succeeded:
        postings = refund_made(
            transaction_id=transaction_id,
            cash=cash_of(underway.gateway),
            currency=underway.currency,
            amount_minor=underway.amount_minor,
            at=now,
        )
        return Ended(0, (), tuple(postings), (Event(EventType.REFUND_SUCCEEDED, underway.id, now),), changes)
    postings = refund(
        refund_id=transaction_id,
        cash=Account.REFUNDS_UNDERWAY,
        currency=underway.currency,
        amount_minor=-underway.amount_minor,
        from_balance_minor=-underway.from_balance_minor,
        at=now,
    )
    back, account = underway.from_balance_minor, (underway.entity_id, underway.currency)
    entry = BalanceEntry(entry_id, *account, back, Source.REFUND, underway.id, now)
    told = (Event(EventType.REFUND_FAILED, underway.id, now),)
    return Ended(underway.amount_minor, (entry,) if back else (), tuple(postings), told, changes)
