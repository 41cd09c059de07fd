"""Coupons at work on subscriptions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from perennia.domain.discounts import Discount
from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.session import Cursor


def discounts(cursor: Cursor, *, subscription_ids: list[Id]) -> dict[Id, tuple[Discount, ...]]:
    """The discounts at work on each subscription, as they were attached."""
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


def discounts_so_far(cursor: Cursor, *, subscription_ids: list[Id]) -> dict[Id, tuple[Discount, ...]]:
    """Every discount that each subscription had, also those that have ended, as they were attached."""
    if not subscription_ids:
        return {}
    rows = cursor.execute(
        f"""SELECT d.created_at <= s.created_at, d.ended_at, d.subscription_id, {DISCOUNT}
        FROM subscription_discounts d JOIN subscriptions s ON s.id = d.subscription_id
        WHERE d.subscription_id = ANY(%s) ORDER BY coalesce(d.redemption_id, d.id)""".encode(),
        (keys(subscription_ids),),
    ).fetchall()
    found: dict[Id, tuple[Discount, ...]] = defaultdict(tuple)
    attached = discounts_of(cursor, [row[2:] for row in rows])
    for (from_start, ended_at, *_), (subscription_id, discount) in zip(rows, attached, strict=True):
        found[subscription_id] += (replace(discount, from_start=from_start, ended_at=ended_at),)
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
