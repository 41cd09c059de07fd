"""Usage: meters, the events they count, each exactly once or refused with its reason, and limits to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg

from perennia.domain.calendar import first_of_month, next_month
from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, LimitKind, Outcome, UsageEvent, UsageRefused, check_value
from perennia.operations import recording
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import checked
from perennia.store import session
from perennia.store.reads import metering as read
from perennia.store.reads.metering import Original
from perennia.store.reads.subscriptions import payer_of
from perennia.store.writes import usage as write
from perennia.store.writes.usage import NewUsage

MOST_EVENTS = 5_000
MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of each event of a batch, in its order."""

    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(self.outcomes)


def create_meter(
    *, tenant: Id, code: str, name: str, aggregation: Aggregation, now: datetime, unit: str = "", negative: bool = False
) -> Id:
    """What events of this code are counted into, forever the same way. Raises InvalidValue, AlreadyExists."""
    if negative and aggregation is not Aggregation.SUM:
        raise InvalidValue(field="negative", value=aggregation.value, reason="only a sum has parts below zero")
    with open_books(tenant=tenant) as books:
        return write.insert_meter(
            books.cursor,
            tenant=tenant,
            code=checked(code, field="code"),
            name=checked(name, field="name"),
            aggregation=aggregation,
            unit=checked(unit, field="unit", longest=50) if unit else "",
            negative=negative,
            now=books.business_time(now),
        )


def record(*, tenant: Id, events: Sequence[UsageEvent], now: datetime) -> Recorded:
    """Count each event once, or refuse it with its reason; the batch as a whole is in the books or not.

    A key that was given before with the same content is a duplicate and changes nothing; with another it is
    refused. No payer is locked. A fixed number of statements, however many events. Raises InvalidValue for a batch
    that is empty or too large, ClockMoving.
    """
    if not 1 <= len(events) <= MOST_EVENTS:
        raise InvalidValue(field="events", value=len(events), reason=f"1 to {MOST_EVENTS} events at once")
    with open_books(tenant=tenant) as books:
        return Recorded(tuple(recording.record(books, events, now=books.business_time(now))))


def correct(
    *,
    tenant: Id,
    event: str,
    key: str,
    now: datetime,
    value: Decimal | None = None,
    who: str | None = None,
    void: bool = False,
) -> bool:
    """Let a new event, under a `key` of its own, stand in the place of the one recorded under the key `event`.

    It has that one's subscription, meter and instant; `void` lets nothing stand there. What was billed of it is settled
    by amount with the next invoice. False where the very same was done before. Raises NotFound, UsageRefused: also where
    the event is corrected already (correct that one), or its late window has closed (credit the line instead).
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        old = read.original(books.cursor, key_id=recording.key_id(tenant, checked(event, field="event")), key=event)
        if void:
            value, who = Decimal(0), old.who
        new = UsageEvent(key, old.meter.code, old.at, value, who, old.subscription_id)
        judged = _correction(books, new, old, of=event, void=void, now=now)
        try:
            rest = recording.write_once(books, [judged])
        except psycopg.errors.UniqueViolation as error:
            raise UsageRefused(event=key, kind=Outcome.CORRECTED) from error
        if not rest:
            recording.signal(books, [judged])
        return _counted(rest, key)


def _correction(
    books: Books, new: UsageEvent, old: Original, *, of: str, void: bool, now: datetime
) -> recording.Judged:
    tenant = books.tenant
    meter = read.meters(books.cursor, [new.meter], tenant=tenant.id)[new.meter]
    directory = read.directory(books.cursor, [new], tenant=tenant)
    judged = recording.judge(new, meter, directory, place=0, tenant=tenant.id, now=now)
    if isinstance(judged, Outcome):
        raise UsageRefused(event=new.key, kind=judged)
    row = recording.new_usage(new, meter, judged.target, place=0, tenant=tenant.id, corrects=of, void=void)
    if isinstance(row, Outcome):
        raise UsageRefused(event=new.key, kind=row)
    (judged,) = recording.refuse_late(books, [judged._replace(row=row)], now=now)
    wrong = judged.wrong or (Outcome.CORRECTED if old.corrected else None)
    return judged._replace(wrong=wrong)


def _counted(rest: Sequence[tuple[NewUsage, Outcome]], key: str) -> bool:
    for _, outcome in rest:
        if outcome is not Outcome.DUPLICATE:
            raise UsageRefused(event=key, kind=outcome)
    return not rest


def set_limit(
    *,
    tenant: Id,
    subscription_id: Id,
    meter: str,
    kind: LimitKind,
    now: datetime,
    quantity: Decimal | None = None,
    amount_minor: int | None = None,
) -> Id:
    """Tell when a period's usage reaches a quantity or an amount; or take, or count, no more than a quantity of it.

    Raises NotFound, InvalidValue: only an alert has an amount, and nobody can say beforehand whom a meter of unique
    people has not seen.
    """
    if (quantity is None) == (amount_minor is None) or (amount_minor is not None and kind is not LimitKind.ALERT):
        raise InvalidValue(field="limit", value=kind.value, reason="a quantity, or of an alert an amount instead")
    if (quantity is not None and check_value(quantity) < 0) or (amount_minor is not None and amount_minor <= 0):
        raise InvalidValue(field="limit", value=str(quantity or amount_minor), reason="above 0")
    with open_books(tenant=tenant) as books:
        payer_of(books.cursor, subscription_id=subscription_id)
        found = read.meters(books.cursor, [meter], tenant=tenant).get(meter)
        if found is None:
            raise NotFound(kind="meter", id=meter)
        if kind is LimitKind.REFUSE and found.aggregation is Aggregation.UNIQUE:
            reason = "unique people are counted up to a limit (stop), not refused"
            raise InvalidValue(field="limit", value=kind.value, reason=reason)
        return write.insert_limit(
            books.cursor,
            tenant=tenant,
            subscription_id=subscription_id,
            meter_id=found.id,
            kind=kind.value,
            quantity=quantity,
            amount_minor=amount_minor,
            now=books.business_time(now),
        )


def end_limit(*, tenant: Id, limit_id: Id, now: datetime) -> None:
    """A limit holds no longer. Raises NotFound."""
    with open_books(tenant=tenant) as books:
        if not write.end_limit(books.cursor, limit_id=limit_id, now=books.business_time(now)):
            raise NotFound(kind="usage limit", id=limit_id.text("lim"))


def prepare_months(*, now: datetime) -> list[str]:
    """Make the partitions of this month and the next ones; answers those that were made. `now` is the machine's.

    Without them nothing is lost: events go to the default partition, and a month of which some lie there stays in it.
    """
    month, made = first_of_month(now, "UTC"), []
    with session.transaction(None) as cursor:
        for _ in range(MONTHS_AHEAD + 1):
            if write.make_month(cursor, month):
                made.append(f"{month:%Y-%m}")
            month = next_month(month)
    return made
