"""Charged parts that reach beyond where their version ends or may end, with the lines that charged them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from perennia.domain.calendar import boundary, slot_at
from perennia.domain.facts import Cause, Returned, Settled, Subscription, Version
from perennia.domain.ids import Id
from perennia.store.arrays import instants, keys
from perennia.store.session import Cursor


def overcharged(
    cursor: Cursor, subscriptions: Sequence[Subscription], *, tenant_id: Id
) -> dict[Id, tuple[Settled, ...]]:
    """The charged parts that reach beyond where their version ends or may end, asked for by their exact keys."""
    wanted = [
        (subscription.id, version.id, start)
        for subscription in subscriptions
        if subscription.ends_at is not None or subscription.changes or subscription.pauses or _ends_early(subscription)
        for item in subscription.items
        for version in item.versions
        for start in _starts_beyond(version, subscription)
    ]
    found: dict[Id, tuple[Settled, ...]] = defaultdict(tuple)
    for subscription in subscriptions:
        if subscription.cancel_cause is Cause.WITHDRAWN and subscription.ends_at == subscription.started_at:
            found[subscription.id] = _single_fees(cursor, subscription, tenant_id=tenant_id)
    if not wanted:
        return found
    cursor.execute(
        """SELECT k.n::int, b.version_id, b.span_start, b.span_end, b.document_id, coalesce(b.position, 0),
            coalesce(l.description, ''), coalesce(l.period_end, b.span_end), coalesce(l.net_minor, 0),
            coalesce(l.tax_minor, 0), coalesce(l.tax_percent, 0), c.net::bigint, c.tax::bigint,
            coalesce((SELECT r.open_minor FROM receivables r WHERE r.document_id = l.document_id), 0),
            coalesce(l.discount_minor, 0), c.other_net::bigint, c.other_tax::bigint
        FROM unnest(%s::timestamptz[], %s::uuid[]) WITH ORDINALITY AS k (span_start, version_id, n),
        LATERAL (
            SELECT * FROM billed_spans b WHERE b.tenant_id = %s AND b.span_start = k.span_start
            AND b.version_id = k.version_id OFFSET 0
        ) AS b
        LEFT JOIN LATERAL (
            SELECT * FROM lines l WHERE l.document_id = b.document_id AND l.position = b.position OFFSET 0
        ) AS l ON true,
        LATERAL (
            SELECT coalesce(-sum(c.net_minor) FILTER (WHERE c.kind IN (2, 8)), 0) AS net,
                coalesce(-sum(c.tax_minor) FILTER (WHERE c.kind IN (2, 8)), 0) AS tax,
                coalesce(-sum(c.net_minor) FILTER (WHERE c.kind NOT IN (2, 8)), 0) AS other_net,
                coalesce(-sum(c.tax_minor) FILTER (WHERE c.kind NOT IN (2, 8)), 0) AS other_tax
            FROM lines c WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position OFFSET 0
        ) AS c
        ORDER BY k.n, b.kind""",
        (instants(start for _, _, start in wanted), keys(version for _, version, _ in wanted), tenant_id),
    )
    for n, *values in cursor.fetchall():
        found[wanted[n - 1][0]] += (Settled(*values),)
    return found


def _single_fees(cursor: Cursor, subscription: Subscription, *, tenant_id: Id) -> tuple[Settled, ...]:
    """The fees of a subscription that are for no stretch of time (set-up, a trial's price), as parts of no length."""
    cursor.execute(
        """SELECT l.version_id, l.period_start, l.period_start, l.document_id, l.position, l.description, l.period_end,
            l.net_minor, l.tax_minor, l.tax_percent, c.net::bigint, c.tax::bigint, r.open_minor, l.discount_minor,
            c.other_net::bigint, c.other_tax::bigint
        FROM lines l JOIN documents d ON d.id = l.document_id JOIN receivables r ON r.document_id = d.id,
        LATERAL (
            SELECT coalesce(-sum(c.net_minor) FILTER (WHERE c.kind = 2), 0) AS net,
                coalesce(-sum(c.tax_minor) FILTER (WHERE c.kind = 2), 0) AS tax,
                coalesce(-sum(c.net_minor) FILTER (WHERE c.kind <> 2), 0) AS other_net,
                coalesce(-sum(c.tax_minor) FILTER (WHERE c.kind <> 2), 0) AS other_tax
            FROM lines c WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position
        ) AS c
        WHERE d.tenant_id = %s AND d.payer_id = (SELECT payer_id FROM subscriptions WHERE id = %s)
            AND d.issued_at >= %s AND l.subscription_id = %s AND l.kind IN (3, 10)
            AND l.net_minor > c.net + c.other_net
        ORDER BY d.issued_at, l.document_id, l.position""",
        (tenant_id, subscription.id, subscription.started_at, subscription.id),
    )
    return tuple(Settled(*values) for values in cursor.fetchall())


def returned(cursor: Cursor, subscriptions: Sequence[Subscription], *, tenant_id: Id) -> dict[Id, tuple[Returned, ...]]:
    """What was given back of versions that ended at the very instant of a change that waits."""
    wanted = [
        (subscription.id, version, start)
        for subscription in subscriptions
        for change in subscription.changes
        for item in subscription.items
        for version in item.versions
        if item.id == change.item_id and version.starts_at < change.at == version.ends_at == version.billed_through
        for start in _starts_of(version, change.at, subscription)
    ]
    if not wanted:
        return {}
    cursor.execute(
        """SELECT k.n::int, b.version_id, c.period_start, c.period_end, -c.net_minor, -c.tax_minor
        FROM unnest(%s::timestamptz[], %s::uuid[]) WITH ORDINALITY AS k (span_start, version_id, n),
        LATERAL (
            SELECT * FROM billed_spans b WHERE b.tenant_id = %s AND b.span_start = k.span_start
            AND b.version_id = k.version_id AND b.kind = 1 OFFSET 0
        ) AS b,
        LATERAL (
            SELECT * FROM lines c WHERE c.credits_document_id = b.document_id AND c.credits_position = b.position
            AND c.kind = 2 AND c.period_start = b.span_end OFFSET 0
        ) AS c
        ORDER BY k.n, c.document_id, c.position""",
        (instants(start for _, _, start in wanted), keys(version.id for _, version, _ in wanted), tenant_id),
    )
    found: dict[Id, tuple[Returned, ...]] = defaultdict(tuple)
    for n, *values in cursor.fetchall():
        found[wanted[n - 1][0]] += (Returned(*values),)
    return found


def _starts_of(version: Version, ends_at: datetime, subscription: Subscription) -> list[datetime]:
    """Where the part may have begun with which a version ended."""
    slot = slot_at(version.series, ends_at)
    starts = {slot.start, version.starts_at, version.bills_from or slot.start, subscription.trial_ends_at or slot.start}
    paused = [one.ends_at - one.starts_at for one in subscription.pauses if one.is_over and one.ends_at is not None]
    n = slot.n
    while boundary(version.series, n) > ends_at - sum(paused, timedelta()):
        n -= 1
        starts.add(boundary(version.series, n))
    return sorted(start for start in starts if start < ends_at)


def _ends_early(subscription: Subscription) -> bool:
    """Whether a version ended before what was charged for it, and that is not given back yet."""
    for item in subscription.items:
        for version in item.versions:
            ends_at, settled = version.ends_at, version.billed_through
            if ends_at is not None and settled is not None and settled > ends_at:
                return True
    return False


def _starts_beyond(version: Version, subscription: Subscription) -> list[datetime]:
    """Where a part that reaches beyond an end may have begun: a boundary, or where billing itself began."""
    settled = version.billed_through
    ends = [version.ends_at, subscription.ends_at]
    ends += [change.at for change in subscription.changes]
    ends += [pause.starts_at for pause in subscription.pauses if not pause.is_over]
    first = min((end for end in ends if end is not None), default=None)
    if first is None or settled is None or settled <= first:
        return []
    slot = slot_at(version.series, first)
    starts = {slot.start, version.starts_at, version.bills_from or slot.start, subscription.trial_ends_at or slot.start}
    n = slot.n + 1
    while (start := boundary(version.series, n)) < settled:
        starts.add(start)
        n += 1
    paused = [one.ends_at - one.starts_at for one in subscription.pauses if one.is_over and one.ends_at is not None]
    n = slot.n
    while boundary(version.series, n) > first - sum(paused, timedelta()):  # a part that pauses made longer
        n -= 1
        starts.add(boundary(version.series, n))
    return sorted(start for start in starts if start >= min(slot.start, version.starts_at))
