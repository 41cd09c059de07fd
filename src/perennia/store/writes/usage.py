"""Meters, events, limits, and the partitions that events are kept in."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from perennia.domain.decision import UsageSettled
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation
from perennia.domain.usage import AlertReached
from perennia.store.arrays import instants, keys, lines, moments, numbers
from perennia.store.identity import new_id
from perennia.store.session import Cursor
from perennia.store.writes.rows import insert


class NewUsage(NamedTuple):
    """An event to count: `id` is made of tenant and key, `content` of all else; `at` in microseconds since 2000.

    No text has a line break in it.
    """

    id: Id
    content: int
    subscription_id: Id
    at: int
    meter_id: Id
    place: int
    key: str
    value: str | None
    who: str | None
    corrects: str | None
    properties: str | None


_ADD = """
    WITH given AS MATERIALIZED (
        SELECT * FROM unnest(
            (SELECT %(ids)s::uuid[]), (SELECT %(contents)s::bigint[]), (SELECT %(subscriptions)s::uuid[]),
            (SELECT %(instants)s::timestamptz[]), (SELECT %(meters)s::uuid[]), (SELECT %(places)s::bigint[]),
            string_to_array(%(keys)s, E'\\n'), string_to_array(%(values)s, E'\\n', ''),
            string_to_array(%(whos)s, E'\\n', ''), string_to_array(%(corrected)s, E'\\n', ''),
            string_to_array(%(properties)s, E'\\n', '')
        ) AS g (id, content, subscription_id, at, meter_id, place, key, value, who, corrects, properties)
    ),
    fresh AS (
        INSERT INTO usage_keys (id, tenant_id, content, subscription_id, at)
        SELECT id, %(tenant)s, content, subscription_id, at FROM given ON CONFLICT DO NOTHING RETURNING id
    ),
    added AS (
        INSERT INTO usage_events (
            at, recorded_at, tenant_id, subscription_id, meter_id, place, value, key, who, corrects, properties
        )
        SELECT at, now(), %(tenant)s, subscription_id, meter_id, place, value::numeric, key, who, corrects,
            properties::jsonb
        FROM given WHERE id IN (SELECT id FROM fresh)
    )
    SELECT id FROM given WHERE id NOT IN (SELECT id FROM fresh)"""


def add(cursor: Cursor, given: Sequence[NewUsage], *, tenant: Id) -> set[Id]:
    """Count each event whose key is new; answers those whose key was given before.

    Keys go in by the order of their ids: whoever else records some of them at this moment is waited for, and never
    the other way round. Rows go as one parameter a column, by one statement: stages would cost each batch more.
    """
    ordered = sorted(given)
    ids, contents, subscriptions, at, meters, places, names, values, whos, corrected, properties = zip(
        *ordered, strict=True
    )
    rows = cursor.execute(
        _ADD,
        {
            "tenant": tenant,
            "ids": keys(ids),
            "contents": numbers(contents),
            "subscriptions": keys(subscriptions),
            "instants": moments(at),
            "meters": keys(meters),
            "places": numbers(places),
            "keys": lines(names),
            "values": lines(values),
            "whos": lines(whos),
            "corrected": lines(corrected),
            "properties": lines(properties),
        },
    )
    return {row[0] for row in rows}


def settle(cursor: Cursor, settled: Sequence[UsageSettled], *, tenant: Id) -> None:
    """Keep what lines charged, so that the next settlement of the period charges the rest."""
    if not settled:
        return
    cursor.execute(
        """INSERT INTO usage_settlements (
            tenant_id, document_id, position, kind, version_id, period_start, quantity, amount_minor
        )
        SELECT %s, s.document_id, s.position, s.kind, s.version_id, s.period_start, s.quantity::numeric, s.amount
        FROM unnest(
            (SELECT %s::uuid[]), (SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::uuid[]),
            (SELECT %s::timestamptz[]), string_to_array(%s, E'\\n'), (SELECT %s::bigint[])
        ) AS s (document_id, position, kind, version_id, period_start, quantity, amount)""",
        (
            tenant,
            keys(one.document_id for one in settled),
            numbers([one.position for one in settled]),
            numbers([int(one.kind) for one in settled]),
            keys(one.version_id for one in settled),
            instants(one.period_start for one in settled),
            lines(f"{one.quantity:f}" for one in settled),
            numbers([one.amount_minor for one in settled]),
        ),
    )


def close(cursor: Cursor, versions: Sequence[Id]) -> None:
    """Of these item versions nothing more is charged for what is used: they need not be read for it again."""
    if versions:
        cursor.execute(
            """WITH closed AS (
                UPDATE item_versions SET metering = false WHERE id = ANY(%(versions)s) RETURNING subscription_id
            )
            UPDATE subscriptions s SET metering = false WHERE s.id IN (SELECT subscription_id FROM closed)
            AND NOT EXISTS (
                SELECT FROM item_versions v
                WHERE v.subscription_id = s.id AND v.metering AND v.id <> ALL(%(versions)s)
            )""",
            {"versions": list(versions)},
        )


def tell(cursor: Cursor, alerts: Sequence[AlertReached], *, tenant: Id) -> None:
    """Keep that these alerts were given in their periods: none is given twice."""
    if alerts:
        cursor.execute(
            """INSERT INTO usage_alerts (tenant_id, limit_id, period_start, at)
            SELECT %s, a.limit_id, a.period_start, a.at
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::timestamptz[]))
                AS a (limit_id, period_start, at)""",
            (
                tenant,
                keys(alert.limit.id for alert in alerts),
                instants(alert.period_start for alert in alerts),
                instants(alert.at for alert in alerts),
            ),
        )


def forget_signals(cursor: Cursor, *, subscription_id: Id, through: int, tenant: Id) -> None:
    """Take away what was looked at: the signals of a subscription up to the last that was seen."""
    cursor.execute(
        "DELETE FROM usage_signals WHERE tenant_id = %s AND id <= %s AND subscription_id = %s",
        (tenant, through, subscription_id),
    )


def signal(cursor: Cursor, subscription_ids: Iterable[Id], *, tenant: Id) -> None:
    """Leave word that watched subscriptions used something. Rows are only added: no two batches meet on one."""
    cursor.execute(
        """INSERT INTO usage_signals (tenant_id, subscription_id, recorded_at)
        SELECT %s, id, now() FROM unnest((SELECT %s::uuid[])) AS k (id)""",
        (tenant, keys(subscription_ids)),
    )


def insert_meter(
    cursor: Cursor,
    *,
    tenant: Id,
    code: str,
    name: str,
    aggregation: Aggregation,
    unit: str,
    negative: bool,
    now: datetime,
) -> Id:
    key = new_id()
    insert(
        cursor, "meters", id=key, tenant_id=tenant, code=code, name=name, aggregation=aggregation.value, unit=unit,
        negative=negative, created_at=now,
    )  # fmt: skip
    return key


def insert_limit(
    cursor: Cursor, *, tenant: Id, subscription_id: Id, meter_id: Id, kind: str, quantity: Decimal | None,
    amount_minor: int | None, now: datetime,
) -> Id:  # fmt: skip
    key = new_id()
    insert(
        cursor, "usage_limits", id=key, tenant_id=tenant, subscription_id=subscription_id, meter_id=meter_id, kind=kind,
        quantity=quantity, amount_minor=amount_minor, created_at=now,
    )  # fmt: skip
    return key


def end_limit(cursor: Cursor, *, limit_id: Id, now: datetime) -> bool:
    cursor.execute("UPDATE usage_limits SET ended_at = %s WHERE id = %s AND ended_at IS NULL", (now, limit_id))
    return cursor.rowcount == 1


def make_month(cursor: Cursor, day: date) -> bool:
    """The partition of a month near the machine's own, if there is none and no event of it came before. True if made."""
    row = cursor.execute("SELECT make_usage_month(%s)", (day,)).fetchone()
    return row is not None and bool(row[0])
