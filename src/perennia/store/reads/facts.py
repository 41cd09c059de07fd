"""The facts of locked payers, in a fixed number of statements however many they are.

Reads by a list of keys are written as unnest with a LATERAL that cannot be flattened: fresh tables have no
statistics, and under row security the planner would otherwise pick plans that collapse.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any

from perennia.domain import trials as trial_rules
from perennia.domain.calendar import Interval, Series
from perennia.domain.discounts import Discount
from perennia.domain.facts import (
    Cause,
    Change,
    CollectionMode,
    Item,
    ItemKind,
    Pause,
    Payer,
    Status,
    Subscription,
    Term,
    Version,
    may_refund,
)
from perennia.domain.ids import Id
from perennia.domain.policies import Policies, as_stored, of_subscription, policies
from perennia.domain.pricing import Price, adjustment_price, own_price
from perennia.domain.tax import TAXABLE, TaxKind, TaxStatus
from perennia.store.arrays import keys
from perennia.store.identity import new_id
from perennia.store.reads import attached, changes, drafts, receipts, trials, wallet
from perennia.store.reads.overcharged import overcharged, returned
from perennia.store.reads.prices import COLUMNS, as_price
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

_AT_ONCE = 10_000
"""More subscriptions than a chunk of the run has."""

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
    has_drafts: bool = False


LOCKED_PAYER = "id, next_due_at, lines, has_credit, has_grants, has_pending, has_drafts"
"""The columns of `payers` that a `LockedPayer` is made of, in its order."""


def buyer(cursor: Cursor, locked: LockedPayer) -> Payer:
    """A payer without its subscriptions: enough to issue a document by hand, however many it has."""
    balances = wallet.balances(cursor, payer_ids=[locked.id]) if locked.has_credit else {}
    party, country, tax = _parties(cursor, [locked.id])[locked.id]
    granted = wallet.grants(cursor, payer_ids=[locked.id]) if locked.has_grants else {}
    return Payer(locked.id, party, country, (), balances.get(locked.id, {}), tax, granted.get(locked.id, ()))


def payers(cursor: Cursor, locked: Sequence[LockedPayer], *, tenant: Tenant, ended: bool = False) -> list[Payer]:
    """The facts of each locked payer, in order. What has `ended` is left out unless asked for: subscriptions, versions."""
    parties = _parties(cursor, [payer.id for payer in locked])
    of_payer = _subscriptions(cursor, [payer.id for payer in locked], tenant=tenant, ended=ended)
    balances = wallet.balances(cursor, payer_ids=[payer.id for payer in locked if payer.has_credit])
    found = [
        Payer(payer.id, party, country, tuple(of_payer.get(payer.id, ())), balances.get(payer.id, {}), tax)
        for payer, (party, country, tax) in ((payer, parties[payer.id]) for payer in locked)
    ]
    if not ended:
        found = [_with_closing(one) if _has_ended(one) else one for one in found]
    found = _with_payments(cursor, found)
    if any(one.has_grants or one.has_pending or one.has_drafts for one in locked):
        return _with_wallets(cursor, locked, found)
    return found


def _with_payments(cursor: Cursor, found: list[Payer]) -> list[Payer]:
    """What else is owed or paid for that which may go back; nothing is asked where nothing may."""
    charged, refunded = _documents(found), _documents(found, only=may_refund)
    if charged:
        taken_in = receipts.taken_in(cursor, documents=charged)
        found = [replace(payer, taken_in=taken_in[payer.id]) if payer.id in taken_in else payer for payer in found]
    if refunded:
        paid = receipts.paid(cursor, documents=refunded)
        found = [replace(payer, paid=paid[payer.id]) if payer.id in paid else payer for payer in found]
    return found


def _documents(found: list[Payer], *, only: Callable[[Subscription], bool] = bool) -> list[tuple[Id, Id]]:
    """(payer, document) of charged parts that may be given back."""
    wanted = [
        (payer.id, settled.document_id)
        for payer in found
        for subscription in payer.subscriptions
        if subscription.overcharged and only(subscription)
        for settled in subscription.overcharged
        if settled.document_id is not None
    ]
    return list(dict.fromkeys(wanted))


def _has_ended(payer: Payer) -> bool:
    return any(subscription.status is Status.CANCELED for subscription in payer.subscriptions)


def _with_closing(payer: Payer) -> Payer:
    """What has ended stands apart: it is read for its late usage alone."""
    closing = tuple(one for one in payer.subscriptions if one.status is Status.CANCELED)
    return replace(
        payer, subscriptions=tuple(one for one in payer.subscriptions if one not in closing), closing=closing
    )


def _with_wallets(cursor: Cursor, locked: Sequence[LockedPayer], found: list[Payer]) -> list[Payer]:
    granted = wallet.grants(cursor, payer_ids=[payer.id for payer in locked if payer.has_grants])
    pending = wallet.pending(cursor, payer_ids=[payer.id for payer in locked if payer.has_pending])
    waiting = drafts.waiting(cursor, payer_ids=[payer.id for payer in locked if payer.has_drafts])
    return [
        replace(one, grants=granted.get(one.id, ()), pending=pending.get(one.id, ()), drafts=waiting.get(one.id, ()))
        for one in found
    ]


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
        f"""SELECT p.n::int, c.party_id, c.country, {TAX_STATUS} FROM unnest(%s::uuid[]) WITH ORDINALITY AS p (id, n),
        LATERAL (SELECT * FROM customers c WHERE c.id = p.id OFFSET 0) AS c""".encode(),
        (keys(ids),),
    )
    return {ids[n - 1]: (party, country, tax_status(tax)) for n, party, country, tax in rows}


def _subscriptions(cursor: Cursor, payer_ids: list[Id], *, tenant: Tenant, ended: bool) -> dict[Id, list[Subscription]]:
    cursor.execute(
        """SELECT p.n::int, s.id, nullif(s.customer_id, s.payer_id), s.entity_id, s.status, s.currency, s.zone, s.started_at,
            s.trial_ends_at, s.cancel_at, s.cancel_cause, s.ended_at, s.collection, s.net_days, s.apart, s.reactivates_id,
            s.held_at IS NOT NULL, s.policies, s.cancel_policies, s.term_ends_at, s.term_periods, s.term_then,
            s.activated_at, s.po_number, s.used_until, s.issue_asked_at, s.discounted, s.changing, s.pausing
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS p (id, n),
        LATERAL (SELECT * FROM subscriptions s WHERE s.payer_id = p.id OFFSET 0) AS s
        WHERE CASE s.status WHEN 'canceled' THEN s.metering OR %s WHEN 'incomplete_expired' THEN false
            WHEN 'incomplete' THEN EXISTS (
                SELECT 1 FROM drafts d WHERE d.subscription_id = s.id AND d.state = 'paying'
            ) ELSE true END ORDER BY p.n, s.id""",
        (keys(payer_ids), ended),
    )
    rows = cursor.fetchall()
    has_story = [ended or row[-2] or row[-1] or row[9] is not None for row in rows]
    over = [row[4] == "canceled" and not ended for row in rows]
    beside = _Beside(
        items=_items_at_once(cursor, [row[1] for row in rows], [row[6] for row in rows], has_story, over),
        discounts=attached.discounts(cursor, subscription_ids=[row[1] for row in rows if row[-3]]),
        so_far=attached.discounts_so_far(cursor, subscription_ids=[row[1] for row in rows if row[-3] and row[-2]]),
        changes=_changes(cursor, [row[1] for row in rows if row[-2]]),
        pauses=changes.pauses(cursor, [row[1] for row in rows if row[-1]]),
        policies=tenant.policies,
        defaults=policies(tenant.policies),
    )
    owners = [payer_ids[row[0] - 1] for row in rows]
    made = [(owner, _subscription(owner, row, beside)) for owner, row in zip(owners, rows, strict=True)]
    found = _without_method(cursor, made)
    settled = overcharged(cursor, [subscription for _, subscription in found], tenant_id=tenant.id)
    changing = [subscription for _, subscription in found if subscription.changes]
    back = returned(cursor, changing, tenant_id=tenant.id) if changing else {}
    of_payer: dict[Id, list[Subscription]] = defaultdict(list)
    for payer_id, subscription in found:
        credits = settled.get(subscription.id)
        one = replace(subscription, overcharged=credits) if credits else subscription
        of_payer[payer_id].append(replace(one, returned=back[one.id]) if one.id in back else one)
    return of_payer


def _without_method(cursor: Cursor, found: list[tuple[Id, Subscription]]) -> list[tuple[Id, Subscription]]:
    """With what comes of trials that end with nothing to charge; asked only for those to whom it matters."""
    watched = {payer_id for payer_id, subscription in found if trial_rules.watched(subscription)}
    if not watched:
        return found
    missing = trials.payers_without_method(cursor, payer_ids=watched)
    return [
        (payer_id, trial_rules.without_method(one, pause_id=new_id()))
        if payer_id in missing and trial_rules.watched(one)
        else (payer_id, one)
        for payer_id, one in found
    ]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside the rows of subscriptions, by their keys, and the tenant's policies."""

    items: dict[Id, tuple[Item, ...]]
    discounts: dict[Id, tuple[Discount, ...]]
    so_far: dict[Id, tuple[Discount, ...]]
    changes: dict[Id, tuple[Change, ...]]
    pauses: dict[Id, tuple[Pause, ...]]
    policies: dict[str, Any]
    defaults: Policies


def _subscription(payer_id: Id, row: tuple[Any, ...], beside: _Beside) -> Subscription:
    _, key, customer, entity, status, currency, zone, started, trial, cancel, cause, over, collection, *rest = row
    net_days, apart, reactivates, held, own, of_end, term_ends, periods, then, activated, po_number, *more = rest
    used_until, asked, *_ = more
    return Subscription(
        id=key,
        customer_id=customer or payer_id,
        entity_id=_entity(entity),
        status=_STATUS[status],
        currency=intern(currency),
        zone=intern(zone),
        started_at=started,
        items=beside.items.get(key, ()),
        trial_ends_at=trial,
        cancel_at=cancel,
        cancel_cause=_CAUSE[cause],
        ended_at=over,
        activated_at=activated,
        collection=_COLLECTION[collection],
        net_days=net_days,
        discounts=beside.discounts.get(key, ()),
        discounts_so_far=beside.so_far.get(key, ()),
        policies=beside.defaults if own is None else of_subscription(beside.policies, own),
        cancel_policies=None if of_end is None else as_stored(of_end),
        changes=beside.changes.get(key, ()),
        pauses=beside.pauses.get(key, ()),
        term=None if then is None or term_ends is None else Term(term_ends, periods, then),
        held=(held and status != "canceled") or status == "unpaid",
        po_number=po_number,
        apart=apart,
        reactivates=reactivates,
        used_until=used_until,
        issue_asked_at=asked,
    )


def _items_at_once(
    cursor: Cursor, subscription_ids: list[Id], zones: list[str], all_versions: list[bool], over: list[bool]
) -> dict[Id, tuple[Item, ...]]:
    """All in one statement, but for a payer with very many: what the server answers is not kept beside what it became."""
    found: dict[Id, tuple[Item, ...]] = {}
    for begin in range(0, len(subscription_ids), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        found |= _items(cursor, subscription_ids[part], zones[part], all_versions[part], over[part])
    return found


def _items(
    cursor: Cursor, subscription_ids: list[Id], zones: list[str], all_versions: list[bool], over: list[bool]
) -> dict[Id, tuple[Item, ...]]:
    """The items of each subscription with the versions that are in force or not fully settled, or with all of them.

    Of one that is `over` only what is metered and not settled for good.
    """
    cursor.execute(
        """SELECT s.n::int, i.id, i.kind, i.name, i.anchor_on, v.anchor_at, v.begun_under, v.ended_under,
            v.id, v.price_id, v.quantity, v.unit_amount, v.starts_at, v.ends_at, v.billed_through, v.bills_from,
            v.metering, v.name, v.zone, v.zone_since
        FROM unnest(%s::uuid[], %s::bool[], %s::bool[]) WITH ORDINALITY AS s (id, all_versions, over, n),
        LATERAL (
            SELECT * FROM item_versions v WHERE v.subscription_id = s.id AND (v.metering OR NOT s.over AND (
                v.ends_at IS NULL OR v.billed_through IS NULL OR v.billed_through <> v.ends_at OR s.all_versions
            )) OFFSET 0
        ) AS v,
        LATERAL (SELECT * FROM items i WHERE i.id = v.item_id OFFSET 0) AS i
        ORDER BY s.n, i.id, v.starts_at, v.id""",
        (keys(subscription_ids), all_versions, over),
    )
    rows = cursor.fetchall()
    prices = prices_by_id(cursor, {row[9] for row in rows})
    of_item: dict[Id, tuple[int, ItemKind, str, list[Version]]] = {}
    for n, item_id, kind, name, anchor_on, anchor_at, begun, ended, version_id, price_id, quantity, own, *at in rows:
        starts_at, ends_at, through, bills_from, metering, own_name, zone, since = at
        price = prices[price_id]
        if own is not None:
            price = _own_price(price, own, kind == "adjustment")
        version = Version(
            version_id,
            price,
            _quantity(quantity),
            _series(anchor_at or anchor_on, zone or zones[n - 1], price.interval, since),
            starts_at,
            ends_at,
            through,
            bills_from,
            own,
            None if begun is None else as_stored(begun),
            None if ended is None else as_stored(ended),
            price.meter_id is not None and not metering,
            own_name or "",
        )
        if item_id not in of_item:
            of_item[item_id] = (n, _ITEM_KIND[kind], intern(name), [])
        of_item[item_id][3].append(version)
    found: dict[Id, list[Item]] = defaultdict(list)
    for item_id, (n, kind, name, versions) in of_item.items():
        found[subscription_ids[n - 1]].append(Item(item_id, kind, name, tuple(versions)))
    return {key: tuple(items) for key, items in found.items()}


@lru_cache(maxsize=65536)
def _series(anchor: date | datetime, zone: str, interval: Interval, since: datetime | None) -> Series:
    local = anchor if isinstance(anchor, datetime) else datetime(anchor.year, anchor.month, anchor.day)
    return Series(local, zone, interval, since)


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
def _entity(key: Id) -> Id:
    """Equal keys are one object: what 100,000 subscriptions of one payer say alike is kept once."""
    return key


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
