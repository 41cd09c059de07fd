"""What is metered: charged as the events say, once nothing more can come in; every line settled; nothing forgotten."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from perennia.analytics.verification.findings import Found, Scope, Tally, look, named, of_payer, together
from perennia.domain.documents import LineKind
from perennia.domain.errors import DomainError
from perennia.domain.facts import Item, Subscription
from perennia.domain.ids import Id
from perennia.domain.metering import Usage
from perennia.domain.rating import lacking, questions, rate
from perennia.domain.stretches import Key, Stretch, closes, metered, stretches
from perennia.store.arrays import keys
from perennia.store.reads import facts
from perennia.store.reads import usage as read_usage
from perennia.store.reads.facts import LockedPayer
from perennia.store.reads.metering import all_meters

_EVER = datetime(1900, 1, 1, tzinfo=UTC)

Charged = dict[Key, int]


def usage_settled(scope: Scope) -> Found:
    """Of each stretch that is closed, what its events come to by the rule is what lines charged, its minimum likewise;
    for a period that is none of its version's nothing is charged in the end. What was capped is passed over.
    """
    tally = Tally()
    payers = scope.stream(
        "metered_payers",
        f"""SELECT id, next_due_at, lines FROM payers p WHERE tenant_id = %(tenant)s AND {of_payer("p.id")} AND EXISTS (
            SELECT FROM subscriptions s JOIN item_versions v ON v.subscription_id = s.id
            JOIN prices r ON r.id = v.price_id WHERE s.payer_id = p.id AND r.meter_id IS NOT NULL
        ) ORDER BY id""",
    )
    for rows in payers:
        locked = [LockedPayer(key, due_at, lines, has_credit=False) for key, due_at, lines in rows]
        read = facts.payers(scope.cursor, locked, tenant=scope.tenant, ended=True)
        found = [opened for payer in read for one in payer.subscriptions if (opened := _Opened.of(one)).versions]
        _compare(scope, tally, found)
    return tally.found()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A subscription all of whose usage is looked at again, its stretches, and those that are closed."""

    subscription: Subscription
    versions: frozenset[Id]
    standing: Sequence[Stretch]
    closed: Sequence[Stretch]

    @classmethod
    def of(cls, subscription: Subscription) -> "_Opened":
        closed = {version.id for item in subscription.items for version in item.versions if version.closed}
        items = [
            replace(item, versions=tuple(replace(version, closed=False) for version in item.versions))
            for item in subscription.items
        ]
        opened = replace(subscription, items=tuple(items))
        found = [(item, stretch) for item in items for stretch in _stretches(opened, item)]
        return cls(
            opened,
            frozenset(version.id for item in items for version in metered(item)),
            [stretch for _, stretch in found],
            [s for item, s in found if s.version.id in closed or _is_closed(opened, item, s)],
        )


def _stretches(subscription: Subscription, item: Item) -> list[Stretch]:
    through = _settled(item)
    return [] if through is None else stretches(subscription, item, since=_EVER, through=through)


def _settled(item: Item) -> datetime | None:
    return max((version.billed_through for version in metered(item) if version.billed_through), default=None)


def _is_closed(subscription: Subscription, item: Item, stretch: Stretch) -> bool:
    """Whether it was settled, and then once more after the last late event could come."""
    through = _settled(item)
    return stretch.ends and through is not None and closes(subscription, stretch.end, stretch.version.series) <= through


def _compare(scope: Scope, tally: Tally, found: Sequence[_Opened]) -> None:
    meters = all_meters(scope.cursor, tenant=scope.tenant.id)
    capped = _capped(scope, [one.subscription.id for one in found])
    asked = {
        question: None
        for one in found
        for stretch in one.closed
        for question in questions(stretch, subscription=one.subscription, meter=meters[stretch.meter_id])
    }
    usage = Usage(meters, read_usage.quantities(scope.cursor, list(asked)), {})
    charged = _charged(scope, {version for one in found for version in one.versions})
    for one in found:
        for stretch in one.closed:
            if (one.subscription.id, stretch.meter_id) not in capped:
                tally.note(_wrong(one.subscription, stretch, usage, charged))
        standing = {stretch.key for stretch in one.standing}
        for version, start in {key for kind in charged.values() for key in kind if key[0] in one.versions} - standing:
            if any(kind.get((version, start)) for kind in charged.values()) and not _runs(one, version, start):
                tally.note(f"{one.subscription.id.text('sub')} is charged for {start}, which is no period of its own")


def _runs(one: _Opened, version: Id, start: datetime) -> bool:
    """Whether a period is not over: what it was charged before its end is compared then."""
    return any(
        other.id == version and (other.billed_through is None or start >= other.billed_through)
        for item in one.subscription.items
        for other in item.versions
    )


def _wrong(subscription: Subscription, stretch: Stretch, usage: Usage, charged: dict[LineKind, Charged]) -> str | None:
    where = f"{subscription.id.text('sub')} from {stretch.start} to {stretch.end}"
    try:
        fees = rate(stretch, usage, subscription=subscription).amount
        expected = fees, lacking(stretch, fees).amount
    except DomainError as error:
        return f"{where}: no rule can rate what was used: {error}"
    found = tuple(charged[kind].get(stretch.key, 0) for kind in (LineKind.USAGE, LineKind.MINIMUM))
    if found == expected:
        return None
    return (
        f"{where}: charged {found[0]} and {found[1]} to its minimum, the events come to {expected[0]} and {expected[1]}"
    )


def _charged(scope: Scope, versions: set[Id]) -> dict[LineKind, Charged]:
    found: dict[LineKind, Charged] = defaultdict(dict)
    rows = scope.ask(
        """SELECT kind, version_id, period_start, sum(amount_minor)::bigint FROM usage_settlements
        WHERE tenant_id = %(tenant)s AND version_id = ANY(%(versions)s) GROUP BY 1, 2, 3""",
        versions=keys(versions),
    )
    for kind, version, start, amount in rows:
        found[LineKind(kind)][version, start] = amount
    return found


def _capped(scope: Scope, subscriptions: Sequence[Id]) -> set[tuple[Id, Id]]:
    """(subscription, meter) that were ever capped: how much counted depends on when."""
    rows = scope.ask(
        """SELECT DISTINCT subscription_id, meter_id FROM usage_limits
        WHERE tenant_id = %(tenant)s AND kind <> 'alert' AND subscription_id = ANY(%(subscriptions)s)""",
        subscriptions=keys(subscriptions),
    )
    return set(rows)


def usage_lines_settled(scope: Scope) -> Found:
    """A line of usage, or of the minimum of what is metered, has one settlement of its version and amount before
    discounts, in a period of its own; so has a line that gives back what was charged too much; and each settlement its line.
    """
    return look(
        scope,
        rows=f"""SELECT coalesce(l.document_id, u.document_id) AS document_id, coalesce(l.position, u.position) AS position,
                l.version_id AS version, u.version_id AS settled_version, u.amount_minor, u.kind, l.kind AS line_kind,
                u.quantity, l.quantity AS line_quantity, u.period_start, l.period_end, l.calculation,
                l.net_minor + CASE WHEN l.tax_inclusive THEN l.tax_minor ELSE 0 END + l.discount_minor AS listed
            FROM (
                SELECT l.* FROM lines l JOIN item_versions v ON v.id = l.version_id JOIN prices r ON r.id = v.price_id
                WHERE l.tenant_id = %(tenant)s
                AND l.kind IN ({LineKind.USAGE:d}, {LineKind.MINIMUM:d}, {LineKind.OVERUSED:d})
                AND r.meter_id IS NOT NULL
            ) AS l
            FULL JOIN (SELECT * FROM usage_settlements WHERE tenant_id = %(tenant)s) AS u
                ON u.document_id = l.document_id AND u.position = l.position
            WHERE %(payer)s::uuid IS NULL OR coalesce(l.document_id, u.document_id) IN (
                SELECT id FROM documents WHERE tenant_id = %(tenant)s AND payer_id = %(payer)s
            )""",
        right=f"""version = settled_version AND period_start < period_end AND CASE
            WHEN line_kind = {LineKind.OVERUSED:d} THEN amount_minor = -(calculation::jsonb ->> 'removed')::bigint
            ELSE kind = line_kind AND (kind = {LineKind.MINIMUM:d} OR quantity = line_quantity)
                AND (amount_minor = listed OR calculation::text LIKE '%%tax_out%%') END""",
        tell=f"""'line ' || position || ' of ' || {named("document_id", "inv")} || ' charges '
            || coalesce(listed::text, 'nothing') || ' for usage, settled is ' || coalesce(amount_minor::text, 'nothing')""",
    )


def metering_known(scope: Scope) -> Found:
    """The run is told of every version whose usage may still be charged: all that are in force, and no others but those
    that ended.
    """
    versions = look(
        scope,
        rows=f"""SELECT v.id, v.metering, v.ends_at, r.meter_id IS NOT NULL AS metered, s.metering AS known, s.status
            FROM item_versions v JOIN subscriptions s ON s.id = v.subscription_id JOIN prices r ON r.id = v.price_id
            WHERE v.tenant_id = %(tenant)s AND {of_payer("s.payer_id")}""",
        right="""(metered OR NOT metering) AND (known OR NOT metering)
            AND (NOT metered OR metering OR ends_at IS NOT NULL OR status = 'canceled')""",
        tell=f"{named('id', 'version')} || ' is metered, and the run does not look for what was used of it'",
    )
    subscriptions = look(
        scope,
        rows=f"""SELECT s.id FROM subscriptions s WHERE s.tenant_id = %(tenant)s AND {of_payer("s.payer_id")} AND s.metering
            AND NOT EXISTS (SELECT FROM item_versions v WHERE v.subscription_id = s.id AND v.metering)""",
        right="false",
        tell=f"{named('id', 'sub')} || ' is looked at for its usage, and nothing of it is metered any more'",
    )
    return together(versions, subscriptions)
