"""The facts of locked payers, in a fixed number of statements however many they are.

Reads by a list of keys are written as unnest with a LATERAL that cannot be flattened: fresh tables have no
statistics, and under row security the planner would otherwise pick plans that collapse.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from perennia.domain.calendar import Interval, Series, Unit, boundary, slot_at
from perennia.domain.discounts import Discount
from perennia.domain.facts import (
    Cause,
    CollectionMode,
    Item,
    ItemKind,
    Payer,
    Settled,
    Status,
    Subscription,
    Version,
)
from perennia.domain.ids import Id
from perennia.domain.policies import policies
from perennia.domain.pricing import Model, Price, Timing
from perennia.store.arrays import instants, keys
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

# Looking a word up is four times as quick as calling its enumeration.
_STATUS = {status.value: status for status in Status}
_CAUSE = {cause.value: cause for cause in Cause}
_COLLECTION = {mode.value: mode for mode in CollectionMode}
_ITEM_KIND = {kind.value: kind for kind in ItemKind}


@dataclass(frozen=True, slots=True)
class LockedPayer:
    """A payer whose row lock this transaction holds. `lines` is about how many its next document has."""

    id: Id
    next_due_at: datetime | None
    lines: int
    has_credit: bool


def payers(cursor: Cursor, locked: Sequence[LockedPayer], *, tenant: Tenant, ended: bool = False) -> list[Payer]:
    """The facts of each locked payer, in order. Ended subscriptions are left out unless asked for."""
    parties = _parties(cursor, [payer.id for payer in locked])
    of_payer = _subscriptions(cursor, [payer.id for payer in locked], tenant=tenant, ended=ended)
    balances = _balances(cursor, [payer.id for payer in locked if payer.has_credit])
    return [
        Payer(payer.id, *parties[payer.id], tuple(of_payer.get(payer.id, ())), balances.get(payer.id, {}))
        for payer in locked
    ]


def _parties(cursor: Cursor, ids: list[Id]) -> dict[Id, tuple[Id, str]]:
    rows = cursor.execute(
        """SELECT c.id, c.party_id, c.country FROM unnest(%s::uuid[]) AS p (id),
        LATERAL (SELECT * FROM customers c WHERE c.id = p.id OFFSET 0) AS c""",
        (keys(ids),),
    )
    return {row[0]: row[1:] for row in rows}


def _subscriptions(cursor: Cursor, payer_ids: list[Id], *, tenant: Tenant, ended: bool) -> dict[Id, list[Subscription]]:
    cursor.execute(
        """SELECT s.payer_id, s.id, s.customer_id, s.entity_id, s.status, s.currency, s.zone, s.started_at,
            s.trial_ends_at, s.cancel_at, s.cancel_cause, s.ended_at, s.collection, s.net_days, s.discounted, s.policies
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS p (id, n),
        LATERAL (SELECT * FROM subscriptions s WHERE s.payer_id = p.id OFFSET 0) AS s
        WHERE s.status <> 'canceled' OR %s ORDER BY p.n, s.id""",
        (keys(payer_ids), ended),
    )
    rows = cursor.fetchall()
    items = _items(cursor, [row[1] for row in rows], [row[6] for row in rows])
    discounts = _discounts(cursor, [row[1] for row in rows if row[14]])
    defaults = policies(tenant.policies)
    found: list[tuple[Id, Subscription]] = []
    for payer_id, key, customer, entity, status, currency, zone, started, trial, cancel, cause, over, *rest in rows:
        collection, net_days, _, own_policies = rest
        subscription = Subscription(
            id=key,
            customer_id=customer,
            entity_id=entity,
            status=_STATUS[status],
            currency=currency,
            zone=zone,
            started_at=started,
            items=items.get(key, ()),
            trial_ends_at=trial,
            cancel_at=cancel,
            cancel_cause=_CAUSE[cause],
            ended_at=over,
            collection=_COLLECTION[collection],
            net_days=net_days,
            discounts=discounts.get(key, ()),
            policies=defaults if own_policies is None else policies(tenant.policies, own_policies),
        )
        found.append((payer_id, subscription))
    overcharged = _overcharged(cursor, [subscription for _, subscription in found], tenant_id=tenant.id)
    of_payer: dict[Id, list[Subscription]] = defaultdict(list)
    for payer_id, subscription in found:
        credits = overcharged.get(subscription.id)
        of_payer[payer_id].append(replace(subscription, overcharged=credits) if credits else subscription)
    return of_payer


def _items(cursor: Cursor, subscription_ids: list[Id], zones: list[str]) -> dict[Id, tuple[Item, ...]]:
    """The items of each subscription with the versions that are in force or not fully settled."""
    cursor.execute(
        """SELECT s.n::int, i.id, i.kind, i.name, i.anchor_on,
            v.id, v.price_id, v.quantity, v.unit_amount, v.starts_at, v.ends_at, v.billed_through, v.bills_from
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS s (id, n),
        LATERAL (
            SELECT * FROM item_versions v WHERE v.subscription_id = s.id
            AND (v.ends_at IS NULL OR v.billed_through IS NULL OR v.billed_through < v.ends_at) OFFSET 0
        ) AS v,
        LATERAL (SELECT * FROM items i WHERE i.id = v.item_id OFFSET 0) AS i
        ORDER BY s.n, i.id, v.starts_at, v.id""",
        (keys(subscription_ids),),
    )
    rows = cursor.fetchall()
    prices = prices_by_id(cursor, {row[6] for row in rows})
    of_item: dict[Id, tuple[int, ItemKind, str, Series, list[Version]]] = {}
    for n, item_id, kind, name, anchor_on, version_id, price_id, quantity, own_amount, *times in rows:
        price = prices[price_id]
        if own_amount is not None:
            price = _own_price(price, own_amount, kind == "adjustment")
        version = Version(version_id, price, _quantity(quantity), *times)
        if item_id not in of_item:
            series = _series(anchor_on, zones[n - 1], price.interval)
            of_item[item_id] = (n, _ITEM_KIND[kind], name, series, [])
        of_item[item_id][4].append(version)
    found: dict[Id, list[Item]] = defaultdict(list)
    for item_id, (n, kind, name, series, versions) in of_item.items():
        found[subscription_ids[n - 1]].append(Item(item_id, kind, name, series, tuple(versions)))
    return {key: tuple(items) for key, items in found.items()}


@lru_cache(maxsize=65536)
def _series(anchor_on: date, zone: str, interval: Interval) -> Series:
    return Series(datetime(anchor_on.year, anchor_on.month, anchor_on.day), zone, interval)


@lru_cache(maxsize=65536)
def _own_price(price: Price, unit_amount: Decimal, adjustment: bool) -> Price:
    """The price with the amount agreed for one subscription; an adjustment is flat whatever the plan's model."""
    return replace(price, unit_amount=unit_amount, model=Model.FLAT if adjustment else price.model)


@lru_cache(maxsize=1024)
def _quantity(value: Decimal) -> Decimal:
    """Equal quantities are one object, so that caches keyed by it are quick."""
    return value


_prices: dict[Id, Price] = {}
_PRICES_KEPT = 100_000


def prices_by_id(cursor: Cursor, ids: Iterable[Id]) -> dict[Id, Price]:
    """Prices by key; a price never changes, so each is read once per process."""
    missing = [key for key in ids if key not in _prices]
    if missing:
        if len(_prices) + len(missing) > _PRICES_KEPT:
            _prices.clear()
            missing = list(ids)
        rows = cursor.execute(
            """SELECT id, model, currency, interval_unit, interval_count, unit_amount, timing, tax_inclusive, tax_class
            FROM prices WHERE id = ANY(%s)""",
            (keys(missing),),
        )
        for key, model, currency, unit, count, amount, timing, inclusive, tax_class in rows:
            interval = Interval(Unit(unit), count)
            _prices[key] = Price(key, Model(model), currency, interval, amount, Timing(timing), inclusive, tax_class)
    return _prices


def _discounts(cursor: Cursor, subscription_ids: list[Id]) -> dict[Id, tuple[Discount, ...]]:
    if not subscription_ids:
        return {}
    rows = cursor.execute(
        """SELECT d.subscription_id, d.id, d.percent_off, d.amount_off_minor, d.periods, d.periods_left
        FROM unnest(%s::uuid[]) AS s (id),
        LATERAL (SELECT * FROM subscription_discounts d WHERE d.subscription_id = s.id AND d.ended_at IS NULL OFFSET 0) AS d
        ORDER BY d.percent_off IS NULL, d.id""",
        (keys(subscription_ids),),
    )
    found: dict[Id, tuple[Discount, ...]] = defaultdict(tuple)
    for subscription_id, *values in rows:
        found[subscription_id] += (Discount(*values),)
    return found


def _balances(cursor: Cursor, payer_ids: list[Id]) -> dict[Id, dict[tuple[Id, str], int]]:
    if not payer_ids:
        return {}
    rows = cursor.execute(
        """SELECT p.id, b.entity_id, b.currency, b.amount FROM unnest(%s::uuid[]) AS p (id),
        LATERAL (
            SELECT entity_id, currency, sum(amount_minor)::bigint AS amount FROM balance_entries b
            WHERE b.payer_id = p.id GROUP BY entity_id, currency OFFSET 0
        ) AS b""",
        (keys(payer_ids),),
    )
    found: dict[Id, dict[tuple[Id, str], int]] = defaultdict(dict)
    for payer_id, entity_id, currency, amount in rows:
        found[payer_id][entity_id, currency] = amount
    return found


def _overcharged(cursor: Cursor, subscriptions: list[Subscription], *, tenant_id: Id) -> dict[Id, tuple[Settled, ...]]:
    """The charged parts that reach beyond where their version ends, asked for by their exact keys."""
    wanted = [
        (subscription.id, version.id, start)
        for subscription in subscriptions
        if subscription.cancel_at is not None
        for item in subscription.items
        for version in item.versions
        for start in _starts_beyond(item.series, version, subscription)
    ]
    if not wanted:
        return {}
    cursor.execute(
        """SELECT k.n::int, b.version_id, b.span_start, b.span_end, l.document_id, l.position, l.description,
            l.period_end, l.net_minor, l.tax_minor, l.tax_percent, c.net::bigint, c.tax::bigint,
            coalesce((SELECT r.open_minor FROM receivables r WHERE r.document_id = l.document_id), 0)
        FROM unnest(%s::timestamptz[], %s::uuid[]) WITH ORDINALITY AS k (span_start, version_id, n),
        LATERAL (
            SELECT * FROM billed_spans b WHERE b.tenant_id = %s AND b.span_start = k.span_start
            AND b.version_id = k.version_id OFFSET 0
        ) AS b,
        LATERAL (
            SELECT * FROM lines l WHERE l.document_id = b.document_id AND l.position = b.position OFFSET 0
        ) AS l,
        LATERAL (
            SELECT coalesce(-sum(c.net_minor), 0) AS net, coalesce(-sum(c.tax_minor), 0) AS tax FROM lines c
            WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position OFFSET 0
        ) AS c
        ORDER BY k.n""",
        (instants(start for _, _, start in wanted), keys(version for _, version, _ in wanted), tenant_id),
    )
    found: dict[Id, tuple[Settled, ...]] = defaultdict(tuple)
    for n, *values in cursor.fetchall():
        found[wanted[n - 1][0]] += (Settled(*values),)
    return found


def _starts_beyond(series: Series, version: Version, subscription: Subscription) -> list[datetime]:
    """Where a part that reaches beyond the end may have begun: a boundary, or where billing itself began."""
    ends, settled = subscription.cancel_at, version.billed_through
    if ends is None or settled is None or settled <= ends:
        return []
    slot = slot_at(series, ends)
    starts = {slot.start, version.starts_at, version.bills_from or slot.start, subscription.trial_ends_at or slot.start}
    n = slot.n + 1
    while (start := boundary(series, n)) < settled:
        starts.add(start)
        n += 1
    return sorted(start for start in starts if start >= slot.start)
