"""What was used: quantities for many subscriptions, meters and stretches at once, and the events behind them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from perennia.domain.documents import LineKind
from perennia.domain.facts import Payer, Subscription
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, Limit, LimitKind, Measured, Meter, Question, Usage, UsageLine
from perennia.domain.usage import NotMeasured, Wanted, wanted
from perennia.store.arrays import instants, keys
from perennia.store.reads.metering import all_meters, await_recorded, await_recording
from perennia.store.session import Cursor

T = TypeVar("T")
_ROUNDS = 50
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


def with_usage(
    cursor: Cursor,
    payers: Sequence[Payer],
    *,
    tenant: Id,
    through: datetime,
    running: bool = False,
    waits: bool = True,
) -> list[Payer]:
    """The payers with what is metered of them, to be billed through an instant; others are passed over and cost nothing.

    With `running` also what was used so far in periods that go on. Who writes nothing need not wait for events that are
    being recorded.
    """
    metered = [one for payer in payers for one in payer.subscriptions if one.is_metered]
    metered += [one for payer in payers if payer.closing for one in payer.closing]
    if not metered:
        return list(payers)
    meters = all_meters(cursor, tenant=tenant)
    found = usages(cursor, metered, meters=meters, tenant=tenant, through=through, running=running, waits=waits)
    return [payer if _is_plain(payer) else _told(payer, found) for payer in payers]


def _is_plain(payer: Payer) -> bool:
    return not any(one.is_metered for one in (*payer.subscriptions, *payer.closing))


def _told(payer: Payer, found: Mapping[Id, Usage]) -> Payer:
    return replace(
        payer,
        subscriptions=tuple(replace(one, usage=found.get(one.id)) for one in payer.subscriptions),
        closing=tuple(replace(one, usage=found.get(one.id)) for one in payer.closing),
    )


def usages(
    cursor: Cursor,
    subscriptions: Iterable[Subscription],
    *,
    meters: Mapping[Id, Meter],
    tenant: Id,
    through: datetime,
    running: bool,
    waits: bool = False,
) -> dict[Id, Usage]:
    """What a rule must be told to bill these subscriptions' usage through an instant.

    A fixed number of statements. Subscriptions without a metered price are passed over, and cost nothing. What is asked
    for the last time `waits` for the events that are being recorded at this moment.
    """
    found = {one.id: wanted(one, meters, through=through, running=running) for one in subscriptions if one.is_metered}
    if not found:
        return {}
    if waits:
        _await_events(cursor, found.values(), tenant=tenant)
    answers = quantities(cursor, list(dict.fromkeys(q for one in found.values() for q in one.questions)))
    settled = [key for one in found.values() for key in one.charged]
    charges = charged(cursor, settled, tenant=tenant)
    trued_up = charged(cursor, settled, tenant=tenant, kind=LineKind.MINIMUM) if _has_minimum(subscriptions) else {}
    limits: dict[Id, tuple[Limit, ...]] = {}
    told: dict[Id, frozenset[tuple[Id, datetime]]] = {}
    if any(meter.watched or meter.capped for meter in meters.values()):
        limits = limits_of(cursor, found)
        told = alerts_told(cursor, limits)
    return {
        key: Usage(meters, answers, charges, limits.get(key, ()), told.get(key, frozenset()), trued_up) for key in found
    }


def _await_events(cursor: Cursor, wanted: Iterable[Wanted], *, tenant: Id) -> None:
    """An event is recorded or refused by whether its period is billed and closed; none may slip in between.

    Of a period billed before, time alone refuses what begins to be recorded from now on.
    """
    closing = [one for one in wanted if one.closing]
    if any(one.unsettled for one in closing):
        await_recording(cursor, tenant=tenant)
    elif closing:
        await_recorded(cursor, tenant=tenant)


def _has_minimum(subscriptions: Iterable[Subscription]) -> bool:
    versions = (version for one in subscriptions for item in one.items for version in item.versions)
    return any(version.price.meter_id is not None and version.price.period_minimum is not None for version in versions)


def answered(cursor: Cursor, payer: Payer, question: Callable[[Payer], T], *, tenant: Id) -> T:
    """What a rule says of a payer; what it finds that nobody measured is measured, and it is asked again."""
    for _ in range(_ROUNDS):
        try:
            return question(payer)
        except NotMeasured as error:
            payer = _measured(cursor, payer, error, tenant=tenant)
    raise RuntimeError(f"more and more is to be measured of {payer.id.text('cus')}")


def _measured(cursor: Cursor, payer: Payer, lacking: NotMeasured, *, tenant: Id) -> Payer:
    """The payer with what a rule found missing."""
    asked: dict[Id, list[Question]] = defaultdict(list)
    for question in lacking.questions:
        asked[question.subscription_id].append(question)
    charging = lines(cursor, lacking.charged, tenant=tenant)

    def told(one: Subscription) -> Subscription:
        if one.usage is None:
            return one
        answers = {**one.usage.answers, **quantities(cursor, asked[one.id])} if one.id in asked else one.usage.answers
        return replace(one, usage=replace(one.usage, answers=answers, lines={**one.usage.lines, **charging}))

    return replace(payer, subscriptions=tuple(map(told, payer.subscriptions)), closing=tuple(map(told, payer.closing)))


def charged(
    cursor: Cursor, periods: Sequence[tuple[Id, datetime]], *, tenant: Id, kind: LineKind = LineKind.USAGE
) -> dict[tuple[Id, datetime], int]:
    """What lines of that kind have charged for these versions in these periods; those without one are left out."""
    rows = cursor.execute(
        """SELECT k.version_id, k.period_start, c.amount
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS k (version_id, period_start),
        LATERAL (
            SELECT sum(u.amount_minor)::bigint AS amount FROM usage_settlements u
            WHERE u.tenant_id = %s AND u.period_start = k.period_start AND u.version_id = k.version_id AND u.kind = %s
            OFFSET 0
        ) AS c WHERE c.amount IS NOT NULL""",
        (keys(version for version, _ in periods), instants(start for _, start in periods), tenant, int(kind)),
    )
    return {(version, start): amount for version, start, amount in rows}


def lines(
    cursor: Cursor, periods: Sequence[tuple[Id, datetime]], *, tenant: Id
) -> dict[tuple[Id, datetime], tuple[UsageLine, ...]]:
    """The lines that charged these versions in these periods, in order of issue, with what was given back of them."""
    found: dict[tuple[Id, datetime], tuple[UsageLine, ...]] = dict.fromkeys(periods, ())
    if not periods:
        return found
    rows = cursor.execute(
        """SELECT k.version_id, k.period_start, u.kind = %(minimum)s, l.document_id, l.position, l.description,
            l.period_start, l.period_end, (u.amount_minor - c.listed)::bigint, l.net_minor, l.tax_minor, l.tax_percent,
            c.net::bigint, c.tax::bigint, coalesce(r.open_minor, 0)
        FROM unnest((SELECT %(versions)s::uuid[]), (SELECT %(starts)s::timestamptz[])) AS k (version_id, period_start),
        LATERAL (
            SELECT * FROM usage_settlements u WHERE u.tenant_id = %(tenant)s AND u.period_start = k.period_start
            AND u.version_id = k.version_id AND u.amount_minor > 0 OFFSET 0
        ) AS u
        JOIN documents d ON d.id = u.document_id LEFT JOIN receivables r ON r.document_id = d.id
        JOIN lines l ON l.document_id = u.document_id AND l.position = u.position,
        LATERAL (
            SELECT coalesce(-sum(c.net_minor), 0) AS net, coalesce(-sum(c.tax_minor), 0) AS tax,
                coalesce(-sum(b.amount_minor), 0) AS listed
            FROM lines c LEFT JOIN usage_settlements b ON b.document_id = c.document_id AND b.position = c.position
            WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position OFFSET 0
        ) AS c
        ORDER BY d.issued_at, d.number, l.position""",
        {
            "minimum": int(LineKind.MINIMUM),
            "versions": keys(version for version, _ in periods),
            "starts": instants(start for _, start in periods),
            "tenant": tenant,
        },
    )
    for version, start, *values in rows:
        found[version, start] += (UsageLine(*values),)
    return found


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
