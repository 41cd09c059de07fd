"""The work on one batch of usage events: what speaks against each, then one statement for all that are left."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from perennia.domain.ids import Id
from perennia.domain.metering import (
    Meter,
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
from perennia.operations import capping
from perennia.operations.books import Books
from perennia.store.arrays import micros
from perennia.store.reads import metering as read
from perennia.store.writes import usage as write
from perennia.store.writes.usage import NewUsage

LONGEST_PROPERTIES = 4_000


class Judged(NamedTuple):
    """An event that names what there is. `wrong` is what time or other events have against it."""

    event: UsageEvent
    meter: Meter
    target: Target
    row: NewUsage
    wrong: Outcome | None = None


def record(books: Books, events: Sequence[UsageEvent], *, now: datetime) -> list[Outcome]:
    """Count the events that nothing speaks against, each once; what became of each, in order."""
    cursor, tenant = books.cursor, books.tenant
    meters = read.meters(cursor, {event.meter for event in events}, tenant=tenant.id)
    directory = read.directory(cursor, events, tenant=tenant)
    outcomes: list[Outcome] = []
    judged: list[Judged] = []
    for place, event in enumerate(events):
        found = judge(event, meters.get(event.meter), directory, place=place, tenant=tenant.id, now=now)
        outcomes.append(found if isinstance(found, Outcome) else Outcome.ACCEPTED)
        if not isinstance(found, Outcome):
            judged.append(found)
    judged = refuse_late(books, judged, now=now)
    if any(one.meter.capped for one in judged):
        beyond = capping.beyond(cursor, [(one.meter, one.row) for one in judged if one.wrong is None])
        judged = [one._replace(wrong=Outcome.CAP_REACHED) if one.row.place in beyond else one for one in judged]
    for row, outcome in write_once(books, judged):
        outcomes[row.place] = outcome
    signal(books, [one for one in judged if outcomes[one.row.place] is Outcome.ACCEPTED])
    return outcomes


def judge(
    event: UsageEvent, meter: Meter | None, directory: read.Directory, *, place: int, tenant: Id, now: datetime
) -> Judged | Outcome:
    """The event with what it names, or why there is no such thing."""
    if meter is None:
        return Outcome.UNKNOWN_METER
    wrong = refusal(event, meter, now=now)
    if wrong is not None:
        return wrong
    if event.subscription is not None:
        target = directory.subscriptions.get(event.subscription)
    else:
        found = target_at(event.at, directory.customers.get(event.customer or "", ()))
        if isinstance(found, Outcome):
            return found
        target = found
    if target is None:
        return Outcome.UNKNOWN_SUBSCRIPTION
    row = new_usage(event, meter, target, place=place, tenant=tenant)
    return row if isinstance(row, Outcome) else Judged(event, meter, target, row, outside(event.at, target))


def refuse_late(books: Books, judged: list[Judged], *, now: datetime) -> list[Judged]:
    """Those whose period is billed and closed get that against them; only what is old enough is looked up."""
    old = {
        one.target.subscription_id
        for one in judged
        if one.wrong is None and may_be_closed(one.event.at, one.target, now=now)
    }
    if not old:
        return judged
    versions = read.metered(books.cursor, old)
    return [
        one._replace(wrong=Outcome.LATE_WINDOW_CLOSED)
        if one.wrong is None
        and one.target.subscription_id in old
        and is_closed(one.event.at, versions.get((one.target.subscription_id, one.meter.id), ()), one.target, now=now)
        else one
        for one in judged
    ]


def write_once(books: Books, judged: Sequence[Judged]) -> list[tuple[NewUsage, Outcome]]:
    """Write the events with nothing against them. Answers those that were not counted, and why.

    A key that was given before speaks first, whatever else is against the event by now: what is counted is told so.
    """
    first: dict[Id, NewUsage] = {}
    others: list[tuple[NewUsage, Outcome | None]] = []
    for one in judged:
        if one.wrong is not None or first.setdefault(one.row.id, one.row) is not one.row:
            others.append((one.row, one.wrong))
    known = write.add(books.cursor, list(first.values()), tenant=books.tenant.id) if first else set()
    others += [(first[key], None) for key in known]
    if not others:
        return []
    contents = read.contents(books.cursor, {row.id for row, _ in others})
    found = []
    for row, wrong in others:
        content = contents.get(row.id)
        if content is not None:
            found.append((row, Outcome.DUPLICATE if row.content == content else Outcome.KEY_REUSED))
        elif wrong is not None:
            found.append((row, wrong))
    return found


def signal(books: Books, accepted: Sequence[Judged]) -> None:
    """Leave word of what is watched."""
    watched = {
        one.target.subscription_id
        for one in accepted
        if one.meter.watched or one.target.policies.progressive_threshold is not None
    }
    if watched:
        write.signal(books.cursor, watched, tenant=books.tenant.id)


def new_usage(
    event: UsageEvent,
    meter: Meter,
    target: Target,
    *,
    place: int,
    tenant: Id,
    corrects: str | None = None,
    void: bool = False,
) -> NewUsage | Outcome:
    """The row of an event; its id is a digest of tenant and key, its content one of all that the key stands for."""
    properties = None if event.properties is None else _properties_text(event.properties)
    if properties is None and event.properties is not None:
        return Outcome.BAD_PROPERTIES
    value = "1" if event.value is None else value_text(event.value)
    if value is None:
        return Outcome.BAD_VALUE
    at = micros(event.at)
    rest = f"{at} {'' if void else value}\0{event.who or ''}\0{corrects or ''}\0{properties or ''}"
    content = blake2b(target.subscription_id + meter.id + rest.encode(), digest_size=8).digest()
    return NewUsage(
        key_id(tenant, event.key), int.from_bytes(content, "big", signed=True), target.subscription_id, at, meter.id,
        place, event.key, None if void else value, event.who, corrects, properties,
    )  # fmt: skip


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
