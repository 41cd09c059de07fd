"""Money that arrived and is booked by a person: it settles what is open, and what is over is the payer's balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.collection import DebtState
from perennia.domain.decision import Allocation, BalanceEntry, Decision, Payment, Source, StateChange
from perennia.domain.drafting import LARGEST_TOTAL_MINOR
from perennia.domain.errors import InvalidValue
from perennia.domain.events import Event, EventType
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import cash_of, payment


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An invoice of which something is open, minor units."""

    id: Id
    state: DebtState
    open_minor: int


def check_received(*, amount_minor: int, at: datetime, now: datetime) -> None:
    """That so much can have arrived then. Raises InvalidValue."""
    if not 0 < amount_minor <= LARGEST_TOTAL_MINOR:
        reason = f"above 0, up to {LARGEST_TOTAL_MINOR} minor units"
        raise InvalidValue(field="amount", value=amount_minor, reason=reason)
    if at > now:
        raise InvalidValue(field="at", value=at.isoformat(), reason="money cannot have arrived later than now")


def receive(
    received: Payment,
    *,
    entity_id: Id,
    documents: Sequence[OpenDocument],
    now: datetime,
    next_due_at: datetime | None,
    new_ids: NewIds,
) -> Decision:
    """Whatever arrived is booked: on `documents` in their order, each up to what is open, the rest to the balance."""
    left = received.captured_minor
    allocations, changes = [], []
    events = [Event(EventType.PAYMENT_SUCCEEDED, received.id, now)]
    for document in documents:
        amount = min(left, document.open_minor)
        if not amount:
            continue
        left -= amount
        allocations.append(Allocation(document.id, Source.PAYMENT, received.id, amount, now))
        if amount == document.open_minor:
            events.append(Event(EventType.INVOICE_PAID, document.id, now))
            changes.append(StateChange(document.id, "receivable.state", document.state, DebtState.PAID, now))
    over = BalanceEntry(new_ids(1)[0], entity_id, received.currency, left, Source.PAYMENT, received.id, now)
    postings = payment(
        payment_id=received.id,
        cash=cash_of(received.gateway),
        currency=received.currency,
        captured_minor=received.captured_minor,
        allocated_minor=received.captured_minor - left,
        at=now,
    )
    return Decision(
        payer_id=received.payer_id,
        next_due_at=next_due_at,
        payments=(received,),
        allocations=tuple(allocations),
        balance=(over,) if left else (),
        postings=tuple(postings),
        events=tuple(events),
        states=tuple(changes),
    )
