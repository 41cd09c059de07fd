"""The books: revenue earned in a month, booked once at the month's end.

A month is closed first: from then on no document is dated into it. What its lines earn, in it and in the months to
come, is worked out from them once; so the cost of a month is that of the lines issued in it, however old the books are.
"""

from dataclasses import dataclass
from datetime import date, datetime

from perennia.domain.calendar import first_of_month, midnight, next_month
from perennia.domain.decision import Posting
from perennia.domain.ids import Id
from perennia.domain.ledger import recognition
from perennia.operations.books import Books, open_books
from perennia.store.identity import new_id
from perennia.store.reads import ledger as read
from perennia.store.writes import ledger as write


def next_recognition_at(*, tenant: Id) -> datetime | None:
    """The instant at which the next month ends that is to be recognised; None before the first document."""
    with open_books(tenant=tenant) as books:
        month = _next_month(books)
        return None if month is None else midnight(next_month(month), books.tenant.zone)


def recognise(*, tenant: Id, now: datetime, through_month: date | None = None) -> list[date]:
    """Book the revenue of each month, of the tenant's zone, that has ended by `now`; answers the first days of those done.

    Per currency one posting from deferred revenue to revenue: what lines issued by the month's end earn up to it,
    less what was recognised before. A line issued after the month it is for is earned in the month of its issue.
    `now` is business time; `through_month` (any day of it) stops earlier. Run again, or twice at once, it books nothing
    more.
    """
    done: list[date] = []
    closed = _close(tenant=tenant, now=now, through_month=through_month)
    while closed is not None and (month := _recognise_next(tenant=tenant, until=closed.end)) is not None:
        done.append(month)
        if midnight(next_month(month), closed.zone) >= closed.end:
            break
    return done


@dataclass(frozen=True, slots=True)
class _Closed:
    """No document is dated before `end` any more, the first instant of a month in `zone`."""

    end: datetime
    zone: str


def _close(*, tenant: Id, now: datetime, through_month: date | None) -> _Closed | None:
    """Close what has ended, in a transaction of its own: number series are not held while lines are read."""
    with open_books(tenant=tenant) as books:
        month, zone = _next_month(books), books.tenant.zone
        end = midnight(first_of_month(now, zone), zone)
        if through_month is not None:
            end = min(end, midnight(next_month(through_month.replace(day=1)), zone))
        if month is None or midnight(month, zone) >= end:
            return None
        write.close_until(books.cursor, tenant=tenant, end=end)
    return _Closed(end, zone)


def _recognise_next(*, tenant: Id, until: datetime) -> date | None:
    with open_books(tenant=tenant) as books:
        write.lock_recognition(books.cursor, tenant=tenant)
        month, zone = _next_month(books), books.tenant.zone
        if month is None or midnight(month, zone) >= until:
            return None
        start, end = midnight(month, zone), midnight(next_month(month), zone)
        write.insert_earnings(books.cursor, tenant=tenant, month=month, start=start, end=end, zone=zone)
        amounts = {books.tenant.currency: 0} | read.newly_earned(books.cursor, tenant=tenant, month=month)
        booked = {currency: _booked(currency, amount, end) for currency, amount in amounts.items()}
        write.insert_recognitions(books.cursor, tenant=tenant, month=month, booked=booked)
    return month


def _booked(currency: str, amount_minor: int, at: datetime) -> tuple[int, Id, list[Posting]]:
    key = new_id()
    return amount_minor, key, recognition(transaction_id=key, currency=currency, amount_minor=amount_minor, at=at)


def _next_month(books: Books) -> date | None:
    """The month after the last one recognised, or that of the first document."""
    last = read.recognised_through(books.cursor, tenant=books.tenant.id)
    if last is not None:
        return next_month(last)
    first = read.first_issue(books.cursor, tenant=books.tenant.id)
    return None if first is None else first_of_month(first, books.tenant.zone)
