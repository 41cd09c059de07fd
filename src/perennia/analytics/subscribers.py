"""Recurring revenue worked out anew from what subscribers have: items, versions, discounts, prices."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.calendar import Series
from perennia.domain.discounts import Discount
from perennia.domain.facts import Item, ItemKind, Payer, Seller, Status, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.metrics import subscription_mrr
from perennia.domain.policies import as_stored, of_subscription
from perennia.domain.pricing import adjustment_price, own_price
from perennia.store.reads.attached import DISCOUNT, discounts_of
from perennia.store.reads.facts import TAX_STATUS, prices_by_id, tax_status
from perennia.store.reads.sellers import tenant_by_id
from perennia.store.session import Cursor

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription at an instant: what its items come to a month (0 where it is not live), and what its movements say."""

    subscription_id: Id
    currency: str
    live: bool
    mrr_minor: int
    moved_minor: int
    moved_active: int
    other_currencies: int


def standings(
    cursor: Cursor, *, tenant: Id, seller: Seller, at: datetime, payer: Id | None = None
) -> Iterator[Standing]:
    """Every subscription by key, in flat memory. Movements count up to `at`."""
    cursor.execute(
        f"""DECLARE standings NO SCROLL CURSOR FOR
        SELECT s.id, s.entity_id, s.currency, s.zone, s.status, s.started_at, s.policies, c.country, {TAX_STATUS},
            s.activated_at IS NOT NULL AND s.activated_at <= %(at)s
                AND (s.ended_at IS NULL OR s.ended_at > %(at)s) AS live,
            s.status IN ('trialing', 'paused') AS still,
            coalesce(m.amount, 0)::bigint, coalesce(m.active, 0)::int, coalesce(m.others, 0)::int
        FROM subscriptions s JOIN customers c ON c.id = s.payer_id
        LEFT JOIN (
            SELECT m.subscription_id, sum(m.mrr_minor) AS amount, count(*) FILTER (WHERE m.currency <> s.currency) AS others,
                sum(CASE m.kind WHEN 'new' THEN 1 WHEN 'reactivation' THEN 1 WHEN 'churn' THEN -1 ELSE 0 END) AS active
            FROM movements m JOIN subscriptions s ON s.id = m.subscription_id
            WHERE m.tenant_id = %(tenant)s AND m.effective_at <= %(at)s GROUP BY m.subscription_id
        ) AS m ON m.subscription_id = s.id
        WHERE s.tenant_id = %(tenant)s AND (%(payer)s::uuid IS NULL OR s.payer_id = %(payer)s) ORDER BY s.id""".encode(),
        {"tenant": tenant, "payer": payer, "at": at},
    )
    defaults = tenant_by_id(cursor, tenant_id=tenant).policies
    while rows := cursor.execute(f"FETCH {_BATCH} FROM standings".encode()).fetchall():
        items = _items(cursor, [row[0] for row in rows], at=at)
        discounts = _discounts(cursor, [row[0] for row in rows], at=at)
        for key, *said, country, tax, live, still, moved, active, others in rows:
            currency, mrr = said[1], 0
            if live and not still and key in items:
                subscription = _subscription(key, said, defaults, items[key], discounts[key])
                payer_facts = Payer(key, key, country, (), tax=tax_status(tax))
                mrr = subscription_mrr(subscription, at=at, seller=seller, payer=payer_facts)
            yield Standing(key, currency, live, mrr, moved, active, others)
    cursor.execute("CLOSE standings")


def _subscription(
    key: Id, said: Sequence[Any], defaults: dict[str, Any], rows: Sequence[Any], discounts: list[Discount]
) -> Subscription:
    """As much of a subscription as its recurring revenue depends on."""
    entity_id, currency, zone, status, started_at, own = said
    items = [Item(item_id, ItemKind(kind), "", (version,)) for item_id, kind, version in rows]
    return Subscription(
        id=key,
        customer_id=key,
        entity_id=entity_id,
        status=Status(status),
        currency=currency,
        zone=zone,
        started_at=started_at,
        items=tuple(items),
        discounts=tuple(discounts),
        policies=of_subscription(defaults, own),
    )


def _items(cursor: Cursor, ids: list[Id], *, at: datetime) -> dict[Id, list[tuple[Id, str, Version]]]:
    rows = cursor.execute(
        """SELECT v.subscription_id, v.item_id, i.kind, v.id, v.price_id, v.unit_amount, v.quantity, v.starts_at, v.ends_at,
            v.begun_under
        FROM item_versions v JOIN items i ON i.id = v.item_id
        WHERE v.subscription_id = ANY(%s) AND v.starts_at <= %s AND (v.ends_at IS NULL OR v.ends_at > %s)
        ORDER BY v.subscription_id, v.item_id, v.starts_at, v.id""",
        (ids, at, at),
    ).fetchall()
    prices = prices_by_id(cursor, {row[4] for row in rows})
    found: dict[Id, list[tuple[Id, str, Version]]] = defaultdict(list)
    for subscription_id, item_id, kind, version_id, price_id, own_amount, quantity, *ends, begun in rows:
        price, starts_at = prices[price_id], ends[0]
        if own_amount is not None:
            price = adjustment_price(price, own_amount) if kind == "adjustment" else own_price(price, own_amount)
        series = Series(starts_at.replace(tzinfo=None), "UTC", price.interval)  # what recurs does not depend on when
        under = None if begun is None else as_stored(begun)
        version = Version(version_id, price, quantity, series, starts_at, ends[1], begun_under=under)
        found[subscription_id].append((item_id, kind, version))
    return found


def _discounts(cursor: Cursor, ids: list[Id], *, at: datetime) -> dict[Id, list[Discount]]:
    """Those in force; one that came with its subscription counts from that subscription's start."""
    rows = cursor.execute(
        f"""SELECT d.subscription_id, {DISCOUNT}
        FROM subscription_discounts d JOIN subscriptions s ON s.id = d.subscription_id
        WHERE d.subscription_id = ANY(%s) AND (d.ended_at IS NULL OR d.ended_at > %s)
        AND (d.created_at <= %s OR d.created_at = s.created_at)
        ORDER BY d.subscription_id, coalesce(d.redemption_id, d.id)""".encode(),
        (ids, at, at),
    )
    found: dict[Id, list[Discount]] = defaultdict(list)
    for subscription_id, discount in discounts_of(cursor, rows.fetchall()):
        found[subscription_id].append(discount)
    return found
