"""What decides whether an event is counted: meters, the subscriptions that events name, how far usage is billed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from perennia.domain.calendar import Series
from perennia.domain.errors import NotFound
from perennia.domain.facts import Pause
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, Meter, Metered, Target, UsageEvent
from perennia.domain.policies import of_subscription, policies
from perennia.store.arrays import keys, texts
from perennia.store.reads import changes
from perennia.store.reads.facts import prices_by_id
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

_METER = """m.id, m.code, m.aggregation, m.negative,
    EXISTS (SELECT FROM usage_limits l WHERE l.meter_id = m.id AND l.kind = 'alert' AND l.ended_at IS NULL),
    EXISTS (SELECT FROM usage_limits l WHERE l.meter_id = m.id AND l.kind <> 'alert' AND l.ended_at IS NULL)"""
_TARGET = "s.id, s.started_at, coalesce(s.used_until, least(s.ended_at, s.cancel_at)), s.policies, s.pausing"


def meters(cursor: Cursor, codes: Iterable[str], *, tenant: Id) -> dict[str, Meter]:
    """The meters with these codes. While the transaction lasts no settlement can be the last of a stretch."""
    rows = cursor.execute(
        f"""SELECT {_METER} FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))) AS recording, meters m
        WHERE m.tenant_id = %s AND m.code = ANY(%s)""".encode(),
        (_recording(tenant), tenant, texts(code for code in codes if code.isprintable())),
    )
    return {meter.code: meter for meter in map(_meter, rows.fetchall())}


def all_meters(cursor: Cursor, *, tenant: Id) -> dict[Id, Meter]:
    """Every meter of the tenant."""
    rows = cursor.execute(f"SELECT {_METER} FROM meters m WHERE m.tenant_id = %s".encode(), (tenant,))
    return {meter.id: meter for meter in map(_meter, rows.fetchall())}


def _meter(row: Sequence[Any]) -> Meter:
    key, code, aggregation, *flags = row
    return Meter(key, code, Aggregation(aggregation), *flags)


def await_recording(cursor: Cursor, *, tenant: Id) -> None:
    """Return when no event is being recorded, and let none be until this transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (_recording(tenant),))


def await_recorded(cursor: Cursor, *, tenant: Id) -> None:
    """Return when whatever is being recorded now has been; nobody is kept from recording more."""
    cursor.execute(
        """SELECT pg_advisory_unlock(hashtextextended(%(key)s, 0))
        FROM (SELECT pg_advisory_lock(hashtextextended(%(key)s, 0)) OFFSET 0) AS taken""",
        {"key": _recording(tenant)},
    )


def _recording(tenant: Id) -> str:
    return f"usage {tenant.hex()}"


@dataclass(slots=True)
class Directory:
    """The subscriptions that a batch names: by key or external id, and those of customers by theirs."""

    subscriptions: dict[Id | str, Target] = field(default_factory=dict)
    customers: dict[Id | str, list[Target]] = field(default_factory=dict)


def directory(cursor: Cursor, events: Sequence[UsageEvent], *, tenant: Tenant) -> Directory:
    """Who is named, found with a statement for each way of naming that occurs."""
    found = Directory()
    subscriptions = {event.subscription for event in events if event.subscription is not None}
    customers = {event.customer for event in events if event.subscription is None and event.customer is not None}
    named = list(_subscriptions(cursor, subscriptions, tenant=tenant.id))
    of_customers = list(_of_customers(cursor, customers, tenant=tenant.id))
    targets = _targets(cursor, [row[1:] for row in named + of_customers], tenant=tenant)
    for name, key, *_ in named:
        found.subscriptions[name] = targets[key]
    for name, key, *_ in of_customers:
        found.customers.setdefault(name, []).append(targets[key])
    return found


def _targets(cursor: Cursor, rows: Sequence[tuple[Any, ...]], *, tenant: Tenant) -> dict[Id, Target]:
    defaults = policies(tenant.policies)
    pauses = changes.pauses(cursor, [row[0] for row in rows if row[4]])
    found = {}
    for key, starts_at, ends_at, own, pausing in rows:
        refused = _refusing(pauses[key]) if pausing and key in pauses else ()
        found[key] = Target(
            key, starts_at, ends_at, defaults if own is None else of_subscription(tenant.policies, own), refused
        )
    return found


def _refusing(pauses: Sequence[Pause]) -> tuple[tuple[datetime, datetime | None], ...]:
    return tuple((pause.starts_at, pause.ends_at) for pause in pauses if pause.policies.pause_usage == "refused")


def _subscriptions(cursor: Cursor, names: set[Id | str], *, tenant: Id) -> Iterable[tuple[Any, ...]]:
    ids, words = _apart(names)
    if ids:
        rows = cursor.execute(
            f"""SELECT {_TARGET} FROM unnest((SELECT %s::uuid[])) AS k (id),
            LATERAL (SELECT * FROM subscriptions s WHERE s.id = k.id OFFSET 0) AS s""".encode(),
            (keys(ids),),
        )
        yield from ((row[0], *row) for row in rows.fetchall())
    if words:
        yield from cursor.execute(
            f"""SELECT k.name, {_TARGET} FROM unnest((SELECT %s::text[])) AS k (name),
            LATERAL (
                SELECT * FROM subscriptions s WHERE s.tenant_id = %s AND s.external_id = k.name OFFSET 0
            ) AS s""".encode(),
            (texts(words), tenant),
        ).fetchall()


def _of_customers(cursor: Cursor, names: set[Id | str], *, tenant: Id) -> Iterable[tuple[Any, ...]]:
    for given, column, kind in zip(_apart(names), ("id", "external_id"), ("uuid", "text"), strict=True):
        if given:
            yield from cursor.execute(
                f"""SELECT k.name, {_TARGET} FROM unnest((SELECT %s::{kind}[])) AS k (name),
                LATERAL (
                    SELECT * FROM customers c WHERE c.tenant_id = %s AND c.{column} = k.name OFFSET 0
                ) AS c,
                LATERAL (
                    SELECT * FROM subscriptions s WHERE s.tenant_id = c.tenant_id AND s.payer_id = c.payer_id
                    AND s.customer_id = c.id OFFSET 0
                ) AS s ORDER BY s.id""".encode(),
                (keys(given) if kind == "uuid" else texts(given), tenant),  # type: ignore[arg-type]
            ).fetchall()


def _apart(names: set[Id | str]) -> tuple[list[Id], list[str]]:
    """Keys and texts; a text that the server cannot hold names nobody."""
    ids = [name for name in names if isinstance(name, Id)]
    words = [name for name in names if isinstance(name, str) and name.isprintable()]
    return ids, words


def metered(cursor: Cursor, subscription_ids: Iterable[Id]) -> dict[tuple[Id, Id], list[Metered]]:
    """By subscription and meter, the item versions whose prices charge what it counts."""
    rows = cursor.execute(
        """SELECT s.id, coalesce(v.zone, s.zone), v.zone_since, i.anchor_on, v.anchor_at, v.price_id, greatest(
                v.starts_at, v.bills_from,
                CASE WHEN v.ends_at IS NULL OR v.ends_at > s.trial_ends_at THEN s.trial_ends_at END
            ),
            least(v.ends_at, s.used_until, CASE WHEN s.used_until IS NULL THEN least(s.ended_at, s.cancel_at) END),
            v.billed_through
        FROM unnest((SELECT %s::uuid[])) AS k (id),
        LATERAL (SELECT * FROM subscriptions s WHERE s.id = k.id OFFSET 0) AS s,
        LATERAL (SELECT * FROM item_versions v WHERE v.subscription_id = s.id OFFSET 0) AS v,
        LATERAL (SELECT * FROM items i WHERE i.id = v.item_id OFFSET 0) AS i""",
        (keys(subscription_ids),),
    ).fetchall()
    prices = prices_by_id(cursor, {row[5] for row in rows})
    found: dict[tuple[Id, Id], list[Metered]] = defaultdict(list)
    for subscription_id, zone, since, anchor_on, anchor_at, price_id, *times in rows:
        price = prices[price_id]
        if price.meter_id is not None:
            series = Series(anchor_at or datetime.combine(anchor_on, time()), zone, price.interval, since)
            found[subscription_id, price.meter_id].append(Metered(subscription_id, price.meter_id, series, *times))
    return found


def contents(cursor: Cursor, ids: Iterable[Id]) -> dict[Id, int]:
    """What was recorded under keys that were given before, as the digest of it."""
    rows = cursor.execute(
        """SELECT k.id, u.content FROM unnest((SELECT %s::uuid[])) AS k (id),
        LATERAL (SELECT * FROM usage_keys u WHERE u.id = k.id OFFSET 0) AS u""",
        (keys(ids),),
    )
    return dict(rows.fetchall())


@dataclass(frozen=True, slots=True)
class Original:
    """An event that is to be corrected; `corrected` says that another stands in its place already."""

    subscription_id: Id
    meter: Meter
    at: datetime
    who: str | None
    corrected: bool


def original(cursor: Cursor, *, key_id: Id, key: str) -> Original:
    """The event recorded under a key. Raises NotFound."""
    row = cursor.execute(
        f"""SELECT {_METER}, e.subscription_id, e.at, e.who, EXISTS (
            SELECT FROM usage_events c WHERE c.subscription_id = e.subscription_id AND c.meter_id = e.meter_id
            AND c.at = e.at AND c.corrects = e.key
        )
        FROM usage_keys u JOIN usage_events e ON e.subscription_id = u.subscription_id AND e.at = u.at AND e.key = %s
        JOIN meters m ON m.id = e.meter_id WHERE u.id = %s""".encode(),
        (key, key_id),
    ).fetchone()
    if row is None:
        raise NotFound(kind="usage event", id=key)
    *meter, subscription_id, at, who, corrected = row
    return Original(subscription_id, _meter(meter), at, who, corrected)
