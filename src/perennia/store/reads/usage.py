"""What was used: quantities for many subscriptions, meters and stretches at once, and the events behind them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.facts import Subscription
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, Limit, LimitKind, Measured, Meter, Question, Usage
from perennia.domain.usage import wanted
from perennia.store.arrays import instants, keys
from perennia.store.session import Cursor

_ASKED = """unnest(
        (SELECT %(subscriptions)s::uuid[]), (SELECT %(meters)s::uuid[]), (SELECT %(starts)s::timestamptz[]),
        (SELECT %(ends)s::timestamptz[])
    ) WITH ORDINALITY AS k (subscription_id, meter_id, starts_at, ends_at, n)"""
_EVENTS = """usage_events e WHERE e.subscription_id = k.subscription_id AND e.meter_id = k.meter_id
    AND e.at >= k.starts_at AND e.at < k.ends_at"""
_STANDING = """ AND e.value IS NOT NULL AND NOT EXISTS (
        SELECT FROM usage_events c WHERE c.subscription_id = e.subscription_id AND c.meter_id = e.meter_id
        AND c.at = e.at AND c.corrects = e.key
    )"""
"""Where there are corrections: a row counts unless another one stands in its place."""
_QUANTITY = {
    Aggregation.SUM: "coalesce(sum(e.value), 0)",
    Aggregation.COUNT: "count(*)::numeric",
    Aggregation.MAX: "coalesce(max(e.value), 0)",
    Aggregation.LAST: "coalesce((array_agg(e.value ORDER BY e.at DESC, e.recorded_at DESC, e.place DESC))[1], 0)",
    Aggregation.UNIQUE: "count(DISTINCT e.who)::numeric",
}


def quantities(cursor: Cursor, questions: Sequence[Question]) -> dict[Question, Measured]:
    """The answer to each question, in at most eleven statements: two for each way of counting, and one before."""
    corrected = _corrected(cursor, questions)
    groups: dict[tuple[Aggregation, bool], list[Question]] = defaultdict(list)
    for n, question in enumerate(questions, start=1):
        groups[question.meter.aggregation, n in corrected].append(question)
    found: dict[Question, Measured] = {}
    for (aggregation, has_corrections), some in groups.items():
        where = _EVENTS + (_STANDING if has_corrections else "")
        rows = cursor.execute(
            f"""SELECT k.n::int, a.quantity, a.events FROM {_ASKED},
            LATERAL (SELECT {_QUANTITY[aggregation]} AS quantity, count(*) AS events FROM {where} OFFSET 0) AS a""".encode(),
            _asked(some),
        )
        for n, quantity, events in rows:
            found[some[n - 1]] = Measured(quantity, events)
    return found


def _corrected(cursor: Cursor, questions: Sequence[Question]) -> set[int]:
    """The numbers of those questions, from 1, among whose events there is a correction."""
    if not questions:
        return set()
    rows = cursor.execute(
        f"""SELECT k.n::int FROM {_ASKED},
        LATERAL (SELECT FROM {_EVENTS} AND e.corrects IS NOT NULL LIMIT 1) AS c""".encode(),
        _asked(questions),
    )
    return {row[0] for row in rows}


def _asked(questions: Sequence[Question]) -> dict[str, object]:
    return {
        "subscriptions": keys(question.subscription_id for question in questions),
        "meters": keys(question.meter.id for question in questions),
        "starts": instants(question.start for question in questions),
        "ends": instants(question.end for question in questions),
    }


def usages(
    cursor: Cursor,
    subscriptions: Iterable[Subscription],
    *,
    meters: Mapping[Id, Meter],
    tenant: Id,
    through: datetime,
    running: bool,
) -> dict[Id, Usage]:
    """What a rule must be told to bill these subscriptions' usage through an instant.

    A fixed number of statements. Subscriptions without a metered price are passed over, and cost nothing.
    """
    found = {one.id: wanted(one, meters, through=through, running=running) for one in subscriptions if _is_metered(one)}
    if not found:
        return {}
    answers = quantities(cursor, list(dict.fromkeys(q for one in found.values() for q in one.questions)))
    charges = charged(cursor, [key for one in found.values() for key in one.charged], tenant=tenant)
    limits: dict[Id, tuple[Limit, ...]] = {}
    told: dict[Id, frozenset[tuple[Id, datetime]]] = {}
    if any(meter.watched or meter.capped for meter in meters.values()):
        limits = limits_of(cursor, found)
        told = alerts_told(cursor, limits)
    return {key: Usage(meters, answers, charges, limits.get(key, ()), told.get(key, frozenset())) for key in found}


def with_answers(cursor: Cursor, usage: Usage, questions: Sequence[Question]) -> Usage:
    """The same with what a rule found missing."""
    return replace(usage, answers={**usage.answers, **quantities(cursor, questions)})


def _is_metered(subscription: Subscription) -> bool:
    return any(version.price.meter_id is not None for item in subscription.items for version in item.versions)


def charged(cursor: Cursor, periods: Sequence[tuple[Id, datetime]], *, tenant: Id) -> dict[tuple[Id, datetime], int]:
    """What lines have charged for the usage of these versions in these periods; none is left out."""
    rows = cursor.execute(
        """SELECT k.version_id, k.period_start, c.amount
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS k (version_id, period_start),
        LATERAL (
            SELECT sum(u.amount_minor)::bigint AS amount FROM usage_settlements u
            WHERE u.tenant_id = %s AND u.period_start = k.period_start AND u.version_id = k.version_id OFFSET 0
        ) AS c WHERE c.amount IS NOT NULL""",
        (keys(version for version, _ in periods), instants(start for _, start in periods), tenant),
    )
    return {(version, start): amount for version, start, amount in rows}


def limits_of(cursor: Cursor, subscription_ids: Iterable[Id]) -> dict[Id, tuple[Limit, ...]]:
    """The alerts and caps in force of each subscription that has any."""
    rows = cursor.execute(
        """SELECT l.subscription_id, l.id, l.meter_id, l.kind, l.quantity, l.amount_minor
        FROM unnest((SELECT %s::uuid[])) AS k (id),
        LATERAL (
            SELECT * FROM usage_limits l WHERE l.subscription_id = k.id AND l.ended_at IS NULL OFFSET 0
        ) AS l ORDER BY l.id""",
        (keys(subscription_ids),),
    )
    found: dict[Id, tuple[Limit, ...]] = defaultdict(tuple)
    for subscription_id, key, meter_id, kind, quantity, amount_minor in rows:
        found[subscription_id] += (Limit(key, meter_id, LimitKind(kind), quantity, amount_minor),)
    return found


def alerts_told(cursor: Cursor, limits: Mapping[Id, Sequence[Limit]]) -> dict[Id, frozenset[tuple[Id, datetime]]]:
    """The alerts given before, by subscription."""
    of_limit = {one.id: key for key, some in limits.items() for one in some if one.kind is LimitKind.ALERT}
    if not of_limit:
        return {}
    rows = cursor.execute(
        """SELECT a.limit_id, a.period_start FROM unnest((SELECT %s::uuid[])) AS k (id),
        LATERAL (SELECT * FROM usage_alerts a WHERE a.limit_id = k.id OFFSET 0) AS a""",
        (keys(of_limit),),
    )
    found: dict[Id, set[tuple[Id, datetime]]] = defaultdict(set)
    for limit_id, period_start in rows:
        found[of_limit[limit_id]].add((limit_id, period_start))
    return {key: frozenset(told) for key, told in found.items()}


@dataclass(frozen=True, slots=True)
class Counted:
    """An event as it was recorded; `corrected_by` is the key of the one that stands in its place."""

    key: str
    meter: str
    at: datetime
    recorded_at: datetime
    value: Decimal | None
    who: str | None
    properties: dict[str, str] | None
    corrects: str | None
    corrected_by: str | None


def events(
    cursor: Cursor, *, subscription_id: Id, start: datetime, end: datetime, meter_id: Id | None = None, limit: int
) -> list[Counted]:
    """The events behind an amount in [start, end), corrections and what they stand for too, in order, `limit` at most."""
    rows = cursor.execute(
        """SELECT e.key, m.code, e.at, e.recorded_at, e.value, e.who, e.properties, e.corrects, (
            SELECT c.key FROM usage_events c WHERE c.subscription_id = e.subscription_id AND c.meter_id = e.meter_id
            AND c.at = e.at AND c.corrects = e.key
        )
        FROM usage_events e JOIN meters m ON m.id = e.meter_id
        WHERE e.subscription_id = %s AND e.at >= %s AND e.at < %s AND (%s::uuid IS NULL OR e.meter_id = %s)
        ORDER BY e.at, e.recorded_at, e.place, e.key LIMIT %s""",
        (subscription_id, start, end, meter_id, meter_id, limit),
    )
    return [Counted(*row) for row in rows]


def signals(cursor: Cursor, *, tenant: Id, after: int = 0, limit: int) -> dict[Id, int]:
    """Watched subscriptions that used something since they were last looked at, oldest first, with their last signal.

    `after` is the last signal seen before.
    """
    rows = cursor.execute(
        """SELECT s.subscription_id, max(s.id) FROM (
            SELECT * FROM usage_signals WHERE tenant_id = %s AND id > %s ORDER BY id LIMIT %s
        ) AS s GROUP BY s.subscription_id ORDER BY min(s.id)""",
        (tenant, after, limit),
    )
    return dict(rows.fetchall())
