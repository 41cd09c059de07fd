"""Subscriptions with their items, versions and discounts; one or a whole import."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennia.domain.calendar import Interval, Unit
from perennia.domain.facts import CollectionMode, ItemKind, Term
from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.identity import new_ids
from perennia.store.session import Cursor

_SUBSCRIPTION = (
    "id", "tenant_id", "customer_id", "payer_id", "entity_id", "net_days", "started_at", "discounted", "created_at",
    "trial_ends_at", "term_ends_at", "cancel_at", "external_id", "status", "currency", "zone", "collection",
    "cancel_cause", "import_digest", "policies", "apart", "reactivates_id", "term_periods", "term_then",
    "po_number", "metering", "only_product_id",
)  # fmt: skip
_ITEM = ("id", "tenant_id", "subscription_id", "anchor_on", "kind", "name")
_VERSION = (
    "id", "tenant_id", "subscription_id", "item_id", "price_id", "starts_at", "bills_from", "quantity", "unit_amount",
    "anchor_at", "metering",
)  # fmt: skip
_DISCOUNT = (
    "id", "tenant_id", "subscription_id", "coupon_id", "created_at", "scoped", "percent_off", "amount_off_minor",
    "periods", "periods_left", "redemption_id",
)  # fmt: skip


MONTHLY = Interval(Unit.MONTH)


@dataclass(frozen=True, slots=True)
class NewItem:
    """`unit_amount` replaces the price's for this subscription; an adjustment has nothing but it.

    `anchor_at` and `bills_from` are the subscription's where they are not given; `interval`, `trial_days` and
    `own_policies` are the price's, for whoever works these out. `metering`: the price is metered.
    """

    kind: ItemKind
    name: str
    price_id: Id
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal | None = None
    interval: Interval = MONTHLY
    trial_days: int = 0
    own_policies: tuple[tuple[str, Any], ...] = ()
    anchor_at: datetime | None = None
    bills_from: datetime | None = None
    metering: bool = False


@dataclass(frozen=True, slots=True)
class NewDiscount:
    """What a coupon gives one subscription; `scoped` where its scope is to be looked at line by line."""

    coupon_id: Id
    percent_off: Decimal | None
    amount_off_minor: int | None
    periods: int | None
    periods_left: int | None
    scoped: bool = False
    redemption_id: Id | None = None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A scheduled subscription; the rules start it. `bills_from` is where the first charge begins."""

    id: Id
    customer_id: Id
    payer_id: Id
    entity_id: Id
    currency: str
    zone: str
    started_at: datetime
    anchor_on: date
    bills_from: datetime
    items: tuple[NewItem, ...]
    external_id: str | None = None
    trial_ends_at: datetime | None = None
    term: Term | None = None
    cancel_at: datetime | None = None
    collection: CollectionMode = CollectionMode.AUTOMATIC
    net_days: int = 0
    discounts: tuple[NewDiscount, ...] = ()
    import_digest: int | None = None
    policies: dict[str, Any] | None = None
    apart: bool = False
    po_number: str | None = None
    reactivates_id: Id | None = None
    only_product_id: Id | None = None


def insert_subscriptions(
    cursor: Cursor, subscriptions: Sequence[NewSubscription], *, tenant: Id, now: datetime
) -> None:
    """The subscriptions with their items, first versions and discounts."""
    rows = [_subscription_row(one, tenant, now) for one in subscriptions]
    bulk.insert(cursor, tables.Subscription, _SUBSCRIPTION, rows)
    items = [(s, item) for s in subscriptions for item in s.items]
    keys = new_ids(2 * len(items))
    of_items = list(zip(keys[::2], keys[1::2], items, strict=True))
    bulk.insert(
        cursor, tables.Item, _ITEM, [(key, tenant, s.id, s.anchor_on, i.kind, i.name) for key, _, (s, i) in of_items]
    )
    bulk.insert(
        cursor, tables.ItemVersion, _VERSION, [_version_row(key, item, s, i, tenant) for item, key, (s, i) in of_items]
    )
    _insert_discounts(cursor, [(s.id, d) for s in subscriptions for d in s.discounts], tenant=tenant, now=now)
    _count_lines(cursor, subscriptions)


def _subscription_row(s: NewSubscription, tenant: Id, now: datetime) -> tuple[Any, ...]:
    return (
        s.id, tenant, s.customer_id, s.payer_id, s.entity_id, s.net_days, s.started_at, bool(s.discounts), now,
        s.trial_ends_at, s.term and s.term.ends_at, s.cancel_at, s.external_id, "scheduled", s.currency, s.zone,
        s.collection, "chosen", s.import_digest, s.policies, s.apart, s.reactivates_id, s.term and s.term.periods,
        s.term and s.term.then, s.po_number, any(item.metering for item in s.items),
        s.only_product_id,
    )  # fmt: skip


def _version_row(key: Id, item_id: Id, s: NewSubscription, item: NewItem, tenant: Id) -> tuple[Any, ...]:
    return (
        key, tenant, s.id, item_id, item.price_id, s.started_at, item.bills_from or s.bills_from, item.quantity,
        item.unit_amount, item.anchor_at, item.metering,
    )  # fmt: skip


def attach_discounts(cursor: Cursor, discounts: Sequence[tuple[Id, NewDiscount]], *, tenant: Id, now: datetime) -> None:
    """Discounts for subscriptions that exist, by their keys."""
    _insert_discounts(cursor, discounts, tenant=tenant, now=now)
    cursor.execute(
        "UPDATE subscriptions SET discounted = true WHERE id = ANY(%s) AND NOT discounted",
        ([subscription_id for subscription_id, _ in discounts],),
    )


def _insert_discounts(
    cursor: Cursor, discounts: Sequence[tuple[Id, NewDiscount]], *, tenant: Id, now: datetime
) -> None:
    rows = [
        (
            key,
            tenant,
            subscription_id,
            d.coupon_id,
            now,
            d.scoped,
            d.percent_off,
            d.amount_off_minor,
            d.periods,
            d.periods_left,
            d.redemption_id,
        )
        for key, (subscription_id, d) in zip(new_ids(len(discounts)), discounts, strict=True)
    ]
    bulk.insert(cursor, tables.SubscriptionDiscount, _DISCOUNT, rows)


def _count_lines(cursor: Cursor, subscriptions: Sequence[NewSubscription]) -> None:
    lines: Counter[Id] = Counter()
    for subscription in subscriptions:
        lines[subscription.payer_id] += len(subscription.items)
    cursor.execute(
        """UPDATE payers p SET lines = p.lines + n.lines
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::int[])) AS n (id, lines) WHERE p.id = n.id""",
        (list(lines), list(lines.values())),
    )


def schedule_cancels(cursor: Cursor, ends: Sequence[tuple[Id, datetime]], *, cause: str, now: datetime) -> None:
    """When each of these subscriptions ends, all for one cause; what is metered is used until now."""
    if ends:
        cursor.execute(
            """UPDATE subscriptions s SET cancel_at = e.at, cancel_cause = %s,
                used_until = CASE WHEN s.metering AND e.at < %s THEN %s::timestamptz END
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS e (id, at) WHERE s.id = e.id""",
            (cause, now, now, [subscription_id for subscription_id, _ in ends], [at for _, at in ends]),
        )
