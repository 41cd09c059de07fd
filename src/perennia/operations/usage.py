"""Usage: meters, and the events they count, each exactly once or refused with its reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from perennia.domain.calendar import first_of_month, next_month
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.metering import (
    Aggregation,
    Meter,
    Metered,
    Outcome,
    Target,
    UsageEvent,
    is_closed,
    may_be_closed,
    outside,
    refusal,
    target_at,
    value_text,
)
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import checked
from perennia.store import session
from perennia.store.arrays import micros
from perennia.store.reads import metering as read
from perennia.store.writes import usage as write
from perennia.store.writes.usage import NewUsage

MOST_EVENTS = 5_000
LONGEST_PROPERTIES = 4_000
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
        return Recorded(tuple(_Batch(books, now=books.business_time(now)).record(events)))


class _Judged(NamedTuple):
    """An event that nothing speaks against so far."""

    event: UsageEvent
    meter: Meter
    target: Target


class _Batch:
    """The work on one batch: what speaks against each event, then one statement for all that are left."""

    def __init__(self, books: Books, *, now: datetime) -> None:
        self._cursor, self._tenant, self._now = books.cursor, books.tenant, now

    def record(self, events: Sequence[UsageEvent]) -> list[Outcome]:
        meters = read.meters(self._cursor, {event.meter for event in events}, tenant=self._tenant.id)
        directory = read.directory(self._cursor, events, tenant=self._tenant)
        judged = [self._judge(event, meters, directory) for event in events]
        judged = self._refuse_late(judged)
        return self._write(judged)

    def _judge(self, event: UsageEvent, meters: Mapping[str, Meter], directory: read.Directory) -> _Judged | Outcome:
        meter = meters.get(event.meter)
        if meter is None:
            return Outcome.UNKNOWN_METER
        wrong = refusal(event, meter, now=self._now)
        if wrong is not None:
            return wrong
        target = _target(event, directory)
        if isinstance(target, Outcome):
            return target
        return outside(event.at, target) or _Judged(event, meter, target)

    def _refuse_late(self, judged: list[_Judged | Outcome]) -> list[_Judged | Outcome]:
        late = {
            place: one
            for place, one in enumerate(judged)
            if isinstance(one, _Judged) and may_be_closed(one.event.at, one.target, now=self._now)
        }
        if late:
            metered = read.metered(self._cursor, {one.target.subscription_id for one in late.values()})
            for place, one in late.items():
                if self._closed(one, metered.get((one.target.subscription_id, one.meter.id), ())):
                    judged[place] = Outcome.LATE_WINDOW_CLOSED
        return judged

    def _closed(self, one: _Judged, versions: Sequence[Metered]) -> bool:
        return is_closed(one.event.at, versions, one.target, now=self._now)

    def _write(self, judged: Sequence[_Judged | Outcome]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        first: dict[Id, NewUsage] = {}
        again: list[tuple[int, NewUsage]] = []
        for place, one in enumerate(judged):
            if isinstance(one, Outcome):
                outcomes.append(one)
                continue
            made = new_usage(one.event, one.meter, one.target, place=place, tenant=self._tenant.id)
            if isinstance(made, Outcome):
                outcomes.append(made)
                continue
            outcomes.append(Outcome.ACCEPTED)
            if first.setdefault(made.id, made) is not made:
                again.append((place, made))
        known = write.add(self._cursor, list(first.values()), tenant=self._tenant.id) if first else set()
        contents = read.contents(self._cursor, known) if known else {}
        for key in known:
            outcomes[first[key].place] = _repeated(first[key], contents[key])
        for place, made in again:
            outcomes[place] = _repeated(made, contents.get(made.id, first[made.id].content))
        self._signal(judged, outcomes)
        return outcomes

    def _signal(self, judged: Sequence[_Judged | Outcome], outcomes: Sequence[Outcome]) -> None:
        watched = {
            one.target.subscription_id
            for one, outcome in zip(judged, outcomes, strict=True)
            if outcome is Outcome.ACCEPTED and isinstance(one, _Judged)
            if one.meter.watched or one.target.policies.progressive_threshold is not None
        }
        if watched:
            write.signal(self._cursor, watched, tenant=self._tenant.id)


def _target(event: UsageEvent, directory: read.Directory) -> Target | Outcome:
    if event.subscription is not None:
        return directory.subscriptions.get(event.subscription, Outcome.UNKNOWN_SUBSCRIPTION)
    return target_at(event.at, directory.customers.get(event.customer or "", ()))


def _repeated(made: NewUsage, content: int) -> Outcome:
    return Outcome.DUPLICATE if made.content == content else Outcome.KEY_REUSED


def new_usage(
    event: UsageEvent, meter: Meter, target: Target, *, place: int, tenant: Id, corrects: str | None = None
) -> NewUsage | Outcome:
    """The row of an event; its id is a digest of tenant and key, its content one of all that the key stands for."""
    properties = None if event.properties is None else _properties_text(event.properties)
    if properties is None and event.properties is not None:
        return Outcome.BAD_PROPERTIES
    value = "1" if event.value is None else value_text(event.value)
    if value is None:
        return Outcome.BAD_VALUE
    at = micros(event.at)
    rest = f"{at} {value}\0{event.who or ''}\0{corrects or ''}\0{properties or ''}"
    content = blake2b(target.subscription_id + meter.id + rest.encode(), digest_size=8).digest()
    return NewUsage(
        id=key_id(tenant, event.key),
        content=int.from_bytes(content, "big", signed=True),
        subscription_id=target.subscription_id,
        at=at,
        meter_id=meter.id,
        place=place,
        key=event.key,
        value=value,
        who=event.who,
        corrects=corrects,
        properties=properties,
    )


def key_id(tenant: Id, key: str) -> Id:
    """What a key is known by: 128 bits of it, since the text of a thousand million keys would be a heavy index."""
    return Id(blake2b(tenant + key.encode(), digest_size=16).digest())


def _properties_text(properties: Mapping[str, str]) -> str | None:
    """The properties as they are stored; None where they cannot be."""
    words = [*properties, *properties.values()]
    if not all(isinstance(word, str) and "\0" not in word for word in words):
        return None
    try:
        packed = orjson.dumps(dict(properties), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return None
    return packed.decode() if len(packed) <= LONGEST_PROPERTIES else None


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
