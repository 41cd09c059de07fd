"""Coupons by the codes that give them, and what a customer did with them."""

from datetime import datetime
from typing import Any

from perennia.domain.coupons import Coupon
from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.store.session import Cursor

_COUPON = """c.id, c.percent_off, c.amount_off_minor, c.currency, c.periods, c.scope, c.new_customers_only, c.valid_from,
    c.valid_to, c.max_redemptions, c.max_per_customer"""


def coupon_by_code(cursor: Cursor, *, tenant: Id, code: str) -> Coupon | None:
    """The coupon that a code gives; None where no code is written so."""
    row = cursor.execute(
        f"""SELECT {_COUPON} FROM coupon_codes k JOIN coupons c ON c.id = k.coupon_id
        WHERE k.tenant_id = %s AND k.code = %s""".encode(),
        (tenant, code),
    ).fetchone()
    return None if row is None else _coupon(row)


def coupon(cursor: Cursor, *, coupon_id: Id) -> Coupon:
    """Raises NotFound."""
    row = cursor.execute(f"SELECT {_COUPON} FROM coupons c WHERE c.id = %s".encode(), (coupon_id,)).fetchone()
    if row is None:
        raise NotFound(kind="coupon", id=coupon_id.text("coupon"))
    return _coupon(row)


def _coupon(row: tuple[Any, ...]) -> Coupon:
    key, percent, amount, currency, periods, scope, *limits = row
    return Coupon(key, percent, amount, currency, periods, frozenset(scope), *limits)


def of_customer(cursor: Cursor, *, customer_id: Id, at: datetime) -> list[tuple[Id, Coupon]]:
    """(redemption, coupon) that work on every subscription of a customer, in the order they were attached."""
    rows = cursor.execute(
        f"""SELECT d.redemption_id, {_COUPON} FROM customer_discounts d JOIN coupons c ON c.id = d.coupon_id
        WHERE d.customer_id = %s AND (d.ended_at IS NULL OR d.ended_at > %s) ORDER BY d.redemption_id""".encode(),
        (customer_id, at),
    )
    return [(row[0], _coupon(row[1:])) for row in rows.fetchall()]


def times_redeemed(cursor: Cursor, *, customer_id: Id, coupon_id: Id) -> int:
    """How often a customer redeemed a coupon, but for what was released."""
    row = cursor.execute(
        "SELECT count(*) FROM coupon_redemptions WHERE customer_id = %s AND coupon_id = %s AND state = 'counted'",
        (customer_id, coupon_id),
    ).fetchone()
    return 0 if row is None else int(row[0])


def redemptions(cursor: Cursor, *, customer_id: Id, subscription_id: Id | None, coupon_id: Id) -> list[Id]:
    """The redemptions of a coupon that stand for a subscription, or for all of a customer's."""
    rows = cursor.execute(
        """SELECT id FROM coupon_redemptions
        WHERE customer_id = %s AND subscription_id IS NOT DISTINCT FROM %s AND state = 'counted' AND coupon_id = %s
        ORDER BY id""",
        (customer_id, subscription_id, coupon_id),
    )
    return [row[0] for row in rows]


def is_at_work(cursor: Cursor, *, coupon_id: Id, customer_id: Id, subscription_id: Id | None) -> bool:
    """Whether a coupon is at work on a subscription, or (where none is named) on all of the customer's."""
    row = cursor.execute(
        """SELECT 1 WHERE EXISTS (
            SELECT 1 FROM subscription_discounts d
            WHERE d.subscription_id = %(subscription)s AND d.coupon_id = %(coupon)s AND d.ended_at IS NULL
        ) OR %(subscription)s::uuid IS NULL AND EXISTS (
            SELECT 1 FROM customer_discounts d
            WHERE d.customer_id = %(customer)s AND d.coupon_id = %(coupon)s AND d.ended_at IS NULL
        )""",
        {"subscription": subscription_id, "customer": customer_id, "coupon": coupon_id},
    ).fetchone()
    return row is not None


def is_new_customer(cursor: Cursor, *, customer_id: Id, payer_id: Id, subscription_id: Id | None) -> bool:
    """Whether a customer never had a subscription begin, but for this one, and this one was not charged yet."""
    row = cursor.execute(
        """SELECT 1 WHERE EXISTS (
            SELECT 1 FROM subscriptions s WHERE s.payer_id = %(payer)s AND s.customer_id = %(customer)s
            AND s.id IS DISTINCT FROM %(subscription)s
            AND s.status NOT IN ('scheduled', 'incomplete', 'incomplete_expired')
        ) OR EXISTS (
            SELECT 1 FROM item_versions v WHERE v.subscription_id = %(subscription)s AND v.billed_through IS NOT NULL
        )""",
        {"payer": payer_id, "customer": customer_id, "subscription": subscription_id},
    ).fetchone()
    return row is None


def unknown_sold(cursor: Cursor, *, ids: list[Id]) -> list[Id]:
    """Those that are neither a plan nor a product of this tenant."""
    rows = cursor.execute(
        """SELECT w.id FROM unnest(%s::uuid[]) WITH ORDINALITY AS w (id, n)
        WHERE NOT EXISTS (SELECT 1 FROM plans WHERE id = w.id) AND NOT EXISTS (SELECT 1 FROM products WHERE id = w.id)
        ORDER BY w.n""",
        (ids,),
    )
    return [row[0] for row in rows]
