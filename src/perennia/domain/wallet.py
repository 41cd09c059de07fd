"""Credit given to a payer: granted, and expired at its instant. It is spent where documents are issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.decision import BalanceEntry, NewGrant, Posting, Source
from perennia.domain.events import Event, EventType
from perennia.domain.grants import Grant
from perennia.domain.ids import NewIds
from perennia.domain.ledger import expiry, grant


@dataclass(frozen=True, slots=True)
class Moved:
    """What credit given or expired changes: parts of a decision."""

    balance: tuple[BalanceEntry, ...] = ()
    postings: tuple[Posting, ...] = ()
    events: tuple[Event, ...] = ()
    grants: tuple[NewGrant, ...] = ()


def give(given: Grant, *, reason: str | None, new_ids: NewIds) -> Moved:
    """A grant enters the balance at the instant it is given."""
    at = given.granted_at
    entry = BalanceEntry(
        new_ids(1)[0], given.entity_id, given.currency, given.left_minor, Source.GRANT, given.id, at, given.id
    )
    postings = grant(
        transaction_id=entry.id, kind=given.kind, currency=given.currency, amount_minor=given.left_minor, at=at
    )
    told = Event(EventType.CREDIT_GRANTED, given.id, at)
    return Moved((entry,), tuple(postings), (told,), (NewGrant(given, reason),))


def expire(grants: Sequence[Grant], *, at: datetime, new_ids: NewIds) -> Moved:
    """What is left of grants that are over at `at` leaves the balance, each booked at the instant it expired.

    It happens before the documents of that instant are paid from the balance.
    """
    over = sorted(
        (one for one in grants if one.left_minor and one.is_over(at)), key=lambda one: (one.expires_at, one.id)
    )
    entries, postings, events = [], [], []
    for one in over:
        ended = one.expires_at or at
        key = new_ids(1)[0]
        entries.append(
            BalanceEntry(key, one.entity_id, one.currency, -one.left_minor, Source.EXPIRY, one.id, ended, one.id)
        )
        postings += expiry(
            transaction_id=key, kind=one.kind, currency=one.currency, amount_minor=one.left_minor, at=ended
        )
        events.append(Event(EventType.CREDIT_EXPIRED, one.id, ended))
    return Moved(tuple(entries), tuple(postings), tuple(events))
