"""The facts of locked payers, in a fixed number of statements however many they are.

Reads by a list of keys are written as unnest with a LATERAL that cannot be flattened: fresh tables have no
statistics, and under row security the planner would otherwise pick plans that collapse.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from perennia.domain.calendar import Interval, Series, boundary, slot_at
from perennia.domain.discounts import Discount
from perennia.domain.facts import (
    Cause,
    Change,
    CollectionMode,
    Item,
    ItemKind,
    Payer,
    Settled,
    Status,
    Subscription,
    Term,
    Version,
    may_refund,
)
from perennia.domain.ids import Id
from perennia.domain.policies import as_stored, of_subscription, policies
from perennia.domain.pricing import Price, adjustment_price, own_price
from perennia.domain.tax import TAXABLE, TaxKind, TaxStatus
from perennia.store.arrays import instants, keys
from perennia.store.reads import changes, receipts, wallet
from perennia.store.reads.prices import COLUMNS, as_price
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
    has_grants: bool = False
    has_pending: bool = False


def buyer(cursor: Cursor, locked: LockedPayer) -> Payer:
    """A payer without its subscriptions: enough to issue a document by hand, however many it has."""
    balances = _balances(cursor, [locked.id]) if locked.has_credit else {}
    party, country, tax = _parties(cursor, [locked.id])[locked.id]
    granted = wallet.grants(cursor, payer_ids=[locked.id]) if locked.has_grants else {}
    return Payer(locked.id, party, country, (), balances.get(locked.id, {}), tax, granted.get(locked.id, ()))


def payers(cursor: Cursor, locked: Sequence[LockedPayer], *, tenant: Tenant, ended: bool = False) -> list[Payer]:
    """The facts of each locked payer, in order. Ended subscriptions are left out unless asked for."""
    parties = _parties(cursor, [payer.id for payer in locked])
    of_payer = _subscriptions(cursor, [payer.id for payer in locked], tenant=tenant, ended=ended)
    balances = _balances(cursor, [payer.id for payer in locked if payer.has_credit])
    found = [
        Payer(payer.id, party, country, tuple(of_payer.get(payer.id, ())), balances.get(payer.id, {}), tax)
        for payer, (party, country, tax) in ((payer, parties[payer.id]) for payer in locked)
    ]
    found = _with_payments(cursor, found)
    return _with_wallets(cursor, locked, found) if any(one.has_grants or one.has_pending for one in locked) else found


def _with_payments(cursor: Cursor, found: list[Payer]) -> list[Payer]:
    """What paid for that which may go back as a refund; nothing is asked where nothing may."""
    wanted = [
        (payer.id, settled.document_id)
        for payer in found
        for subscription in payer.subscriptions
        if subscription.overcharged and may_refund(subscription)
        for settled in subscription.overcharged
        if settled.document_id is not None
    ]
    if not wanted:
        return found
    paid = receipts.paid(cursor, documents=list(dict.fromkeys(wanted)))
    return [replace(payer, paid=paid[payer.id]) if payer.id in paid else payer for payer in found]


def _with_wallets(cursor: Cursor, locked: Sequence[LockedPayer], found: list[Payer]) -> list[Payer]:
    granted = wallet.grants(cursor, payer_ids=[payer.id for payer in locked if payer.has_grants])
    pending = wallet.pending(cursor, payer_ids=[payer.id for payer in locked if payer.has_pending])
    return [replace(one, grants=granted.get(one.id, ()), pending=pending.get(one.id, ())) for one in found]


TAX_STATUS = """CASE WHEN c.tax_status IS NOT NULL
            THEN ARRAY[c.tax_status, c.tax_id, c.region, c.exempt_reason] END"""
"""A customer's row as `tax_status` reads it; null for the plain taxable one, which most are."""


def tax_status(stored: list[Any] | None) -> TaxStatus:
    """The status in the columns that `TAX_STATUS` asks for."""
    if stored is None:
        return TAXABLE
    kind, tax_id, region, exempt_reason = stored
    return TaxStatus(TaxKind(kind), tax_id, region, exempt_reason)


def _parties(cursor: Cursor, ids: list[Id]) -> dict[Id, tuple[Id, str, TaxStatus]]:
    rows = cursor.execute(
        f"""SELECT c.id, c.party_id, c.country, {TAX_STATUS} FROM unnest(%s::uuid[]) AS p (id),
        LATERAL (SELECT * FROM customers c WHERE c.id = p.id OFFSET 0) AS c""".encode(),
        (keys(ids),),
    )
    return {key: (party, country, tax_status(tax)) for key, party, country, tax in rows}


def _subscriptions(cursor: Cursor, payer_ids: list[Id], *, tenant: Tenant, ended: bool) -> dict[Id, list[Subscription]]:
    cursor.execute(
        """SELECT s.payer_id, s.id, s.customer_id, s.entity_id, s.status, s.currency, s.zone, s.started_at,
            s.trial_ends_at, s.cancel_at, s.cancel_cause, s.ended_at, s.collection, s.net_days, s.apart, s.reactivates_id,
            s.held_at IS NOT NULL, s.policies, s.cancel_policies, s.term_ends_at, s.term_periods, s.term_then,
            s.discounted, s.changing, s.pausing, s.activated_at, s.po_number
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS p (id, n),
        LATERAL (SELECT * FROM subscriptions s WHERE s.payer_id = p.id OFFSET 0) AS s
        WHERE s.status <> 'canceled' OR %s ORDER BY p.n, s.id""",
        (keys(payer_ids), ended),
    )
    rows = cursor.fetchall()
    has_story = [row[23] or row[24] for row in rows]
    items = _items(cursor, [row[1] for row in rows], [row[6] for row in rows], has_story)
    discounts = _discounts(cursor, [row[1] for row in rows if row[22]])
    changing = _changes(cursor, [row[1] for row in rows if row[23]])
    pausing = changes.pauses(cursor, [row[1] for row in rows if row[24]])
    defaults = policies(tenant.policies)
    found: list[tuple[Id, Subscription]] = []
    for payer_id, key, customer, entity, status, currency, zone, started, trial, cancel, cause, over, *rest in rows:
        (
            collection,
            net_days,
            apart,
            reactivates,
            held,
            own,
            of_end,
            term_ends,
            periods,
            then,
            *_,
            activated,
            po_number,
        ) = rest
        common = defaults if own is None else of_subscription(tenant.policies, own)
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
            activated_at=activated,
            collection=_COLLECTION[collection],
            net_days=net_days,
            discounts=discounts.get(key, ()),
            policies=common,
            cancel_policies=None if of_end is None else as_stored(of_end),
            changes=changing.get(key, ()),
            pauses=pausing.get(key, ()),
            term=None if then is None or term_ends is None else Term(term_ends, periods, then),
            held=held,
            po_number=po_number,
            apart=apart,
            reactivates=reactivates,
        )
        found.append((payer_id, subscription))
    settled = overcharged(cursor, [subscription for _, subscription in found], tenant_id=tenant.id)
    of_payer: dict[Id, list[Subscription]] = defaultdict(list)
    for payer_id, subscription in found:
        credits = settled.get(subscription.id)
        of_payer[payer_id].append(replace(subscription, overcharged=credits) if credits else subscription)
    return of_payer


def _items(
    cursor: Cursor, subscription_ids: list[Id], zones: list[str], all_versions: list[bool]
) -> dict[Id, tuple[Item, ...]]:
    """The items of each subscription with the versions that are in force or not fully settled, or with all of them."""
    cursor.execute(
        """SELECT s.n::int, i.id, i.kind, i.name, i.anchor_on, v.anchor_at, v.begun_under, v.ended_under,
            v.id, v.price_id, v.quantity, v.unit_amount, v.starts_at, v.ends_at, v.billed_through, v.bills_from
        FROM unnest(%s::uuid[], %s::bool[]) WITH ORDINALITY AS s (id, all_versions, n),
        LATERAL (
            SELECT * FROM item_versions v WHERE v.subscription_id = s.id AND (
                v.ends_at IS NULL OR v.billed_through IS NULL OR v.billed_through <> v.ends_at OR s.all_versions
            ) OFFSET 0
        ) AS v,
        LATERAL (SELECT * FROM items i WHERE i.id = v.item_id OFFSET 0) AS i
        ORDER BY s.n, i.id, v.starts_at, v.id""",
        (keys(subscription_ids), all_versions),
    )
    rows = cursor.fetchall()
    prices = prices_by_id(cursor, {row[9] for row in rows})
    of_item: dict[Id, tuple[int, ItemKind, str, list[Version]]] = {}
    for n, item_id, kind, name, anchor_on, anchor_at, begun, ended, version_id, price_id, quantity, own, *at in rows:
        starts_at, ends_at, through, bills_from = at
        price = prices[price_id]
        if own is not None:
            price = _own_price(price, own, kind == "adjustment")
        version = Version(
            version_id,
            price,
            _quantity(quantity),
            _series(anchor_at or anchor_on, zones[n - 1], price.interval),
            starts_at,
            ends_at,
            through,
            bills_from,
            own,
            None if begun is None else as_stored(begun),
            None if ended is None else as_stored(ended),
        )
        if item_id not in of_item:
            of_item[item_id] = (n, _ITEM_KIND[kind], name, [])
        of_item[item_id][3].append(version)
    found: dict[Id, list[Item]] = defaultdict(list)
    for item_id, (n, kind, name, versions) in of_item.items():
        found[subscription_ids[n - 1]].append(Item(item_id, kind, name, tuple(versions)))
    return {key: tuple(items) for key, items in found.items()}


@lru_cache(maxsize=65536)
def _series(anchor: date | datetime, zone: str, interval: Interval) -> Series:
    local = anchor if isinstance(anchor, datetime) else datetime(anchor.year, anchor.month, anchor.day)
    return Series(local, zone, interval)


def _changes(cursor: Cursor, subscription_ids: list[Id]) -> dict[Id, tuple[Change, ...]]:
    if not subscription_ids:
        return {}
    rows = changes.pending(cursor, subscription_ids)
    prices = prices_by_id(cursor, {row.price_id for row in rows if row.price_id is not None})
    found: dict[Id, tuple[Change, ...]] = defaultdict(tuple)
    for row in rows:
        price = None if row.price_id is None else prices[row.price_id]
        if price is not None and row.unit_amount is not None:
            price = _own_price(price, row.unit_amount, adjustment=row.item_kind == "adjustment")
        found[row.subscription_id] += (changes.as_fact(row, price),)
    return found


@lru_cache(maxsize=65536)
def _own_price(price: Price, unit_amount: Decimal, adjustment: bool) -> Price:
    """The price with the amount agreed for one subscription; an adjustment is flat whatever the plan's model."""
    return adjustment_price(price, unit_amount) if adjustment else own_price(price, unit_amount)


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
        query = f"SELECT {COLUMNS} FROM prices pr WHERE pr.id = ANY(%s)".encode()
        for row in cursor.execute(query, (keys(missing),)):
            _prices[row[0]] = as_price(row)
    return _prices


def _discounts(cursor: Cursor, subscription_ids: list[Id]) -> dict[Id, tuple[Discount, ...]]:
    if not subscription_ids:
        return {}
    rows = cursor.execute(
        f"""SELECT d.subscription_id, {DISCOUNT}
        FROM unnest(%s::uuid[]) AS s (id),
        LATERAL (SELECT * FROM subscription_discounts d WHERE d.subscription_id = s.id AND d.ended_at IS NULL OFFSET 0) AS d
        ORDER BY coalesce(d.redemption_id, d.id)""".encode(),
        (keys(subscription_ids),),
    )
    found: dict[Id, tuple[Discount, ...]] = defaultdict(tuple)
    for subscription_id, discount in discounts_of(cursor, rows.fetchall()):
        found[subscription_id] += (discount,)
    return found


DISCOUNT = """d.id, d.percent_off, d.amount_off_minor, d.periods, d.periods_left, d.created_at, d.redemption_id,
    CASE WHEN d.scoped THEN d.coupon_id END"""
"""The columns of `subscription_discounts d` that `discounts_of` reads, after the subscription's key."""


def discounts_of(cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Id, Discount]]:
    """(subscription, discount) of each row. The scope of a coupon never changes: each is read once per process."""
    scopes = _scopes_by_coupon(cursor, {row[-1] for row in rows if row[-1] is not None})
    for subscription_id, key, percent, amount, periods, left, since, redemption_id, coupon_id in rows:
        scope = scopes[coupon_id] if coupon_id is not None else _ALL
        yield subscription_id, Discount(key, percent, amount, periods, left, scope, since, redemption_id)


_ALL: frozenset[Id] = frozenset()
_scopes: dict[Id, frozenset[Id]] = {}
_SCOPES_KEPT = 100_000


def _scopes_by_coupon(cursor: Cursor, ids: set[Id]) -> dict[Id, frozenset[Id]]:
    missing = [key for key in ids if key not in _scopes]
    if missing:
        if len(_scopes) + len(missing) > _SCOPES_KEPT:
            _scopes.clear()
            missing = list(ids)
        rows = cursor.execute("SELECT id, scope FROM coupons WHERE id = ANY(%s)", (keys(missing),))
        _scopes.update({key: frozenset(scope) for key, scope in rows})
    return _scopes


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


def overcharged(
    cursor: Cursor, subscriptions: Sequence[Subscription], *, tenant_id: Id
) -> dict[Id, tuple[Settled, ...]]:
    """The charged parts that reach beyond where their version ends or may end, asked for by their exact keys."""
    wanted = [
        (subscription.id, version.id, start)
        for subscription in subscriptions
        if subscription.known_end is not None
        or subscription.changes
        or subscription.pauses
        or _ends_early(subscription)
        for item in subscription.items
        for version in item.versions
        for start in _starts_beyond(version, subscription)
    ]
    if not wanted:
        return {}
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
        ORDER BY k.n""",
        (instants(start for _, _, start in wanted), keys(version for _, version, _ in wanted), tenant_id),
    )
    found: dict[Id, tuple[Settled, ...]] = defaultdict(tuple)
    for n, *values in cursor.fetchall():
        found[wanted[n - 1][0]] += (Settled(*values),)
    return found


def _ends_early(subscription: Subscription) -> bool:
    """Whether a version ended before what was charged for it, and that is not given back yet."""
    return any(
        version.ends_at is not None and version.billed_through is not None and version.billed_through > version.ends_at
        for item in subscription.items
        for version in item.versions
    )


def _starts_beyond(version: Version, subscription: Subscription) -> list[datetime]:
    """Where a part that reaches beyond an end may have begun: a boundary, or where billing itself began."""
    settled = version.billed_through
    ends = [version.ends_at, subscription.known_end]
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
    return sorted(start for start in starts if start >= min(slot.start, version.starts_at))
