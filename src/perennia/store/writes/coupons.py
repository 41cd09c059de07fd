"""Coupons, their codes, and who redeemed them."""

from collections.abc import Sequence
from datetime import datetime

from perennia.domain.coupons import Coupon, same_code
from perennia.domain.ids import Id
from perennia.store.identity import new_id
from perennia.store.session import Cursor
from perennia.store.writes.rows import insert


def insert_coupon(cursor: Cursor, coupon: Coupon, *, tenant: Id, code: str, now: datetime) -> Id:
    """A coupon with its own code, which many may share. Raises AlreadyExists."""
    scope = {"scope": sorted(coupon.scope)} if coupon.scope else {}
    insert(
        cursor,
        "coupons",
        id=coupon.id,
        tenant_id=tenant,
        code=code,
        percent_off=coupon.percent,
        amount_off_minor=coupon.amount_minor,
        currency=coupon.currency,
        periods=coupon.periods,
        new_customers_only=coupon.new_customers_only,
        valid_from=coupon.valid_from,
        valid_to=coupon.valid_to,
        max_redemptions=coupon.max_redemptions,
        max_per_customer=coupon.max_per_customer,
        **scope,
    )
    insert_code(cursor, tenant=tenant, coupon_id=coupon.id, code=same_code(code), max_redemptions=None, now=now)
    return coupon.id


def insert_code(
    cursor: Cursor, *, tenant: Id, coupon_id: Id, code: str, max_redemptions: int | None, now: datetime
) -> None:
    """One code for a coupon. Raises AlreadyExists where it is any coupon's."""
    insert(
        cursor,
        "coupon_codes",
        tenant_id=tenant,
        code=code,
        coupon_id=coupon_id,
        max_redemptions=max_redemptions,
        created_at=now,
    )


def insert_single_use(cursor: Cursor, codes: Sequence[str], *, tenant: Id, coupon_id: Id, now: datetime) -> list[str]:
    """Codes that work once each; answers those that were free, in order."""
    rows = cursor.execute(
        """INSERT INTO coupon_codes (tenant_id, code, coupon_id, max_redemptions, created_at)
        SELECT %s, c.code, %s, 1, %s FROM unnest((SELECT %s::text[])) WITH ORDINALITY AS c (code, n) ORDER BY c.n
        ON CONFLICT DO NOTHING RETURNING code""",
        (tenant, coupon_id, now, list(codes)),
    )
    return [row[0] for row in rows]


def end_coupon(cursor: Cursor, *, coupon_id: Id, at: datetime) -> bool:
    """Refuse redemptions from an instant on; False where it refuses them already."""
    cursor.execute(
        "UPDATE coupons SET valid_to = %s WHERE id = %s AND (valid_to IS NULL OR valid_to > %s)", (at, coupon_id, at)
    )
    return cursor.rowcount == 1


def count_redemption(cursor: Cursor, *, tenant: Id, coupon_id: Id, code: str, now: datetime) -> bool:
    """Count one redemption of a coupon and of the code, both or neither; False where either has none left.

    One conditional statement: whoever comes second waits for the coupon's row and then sees what the first left.
    """
    row = cursor.execute(
        """WITH counted AS (
            UPDATE coupons SET redeemed = redeemed + 1
            WHERE id = %(coupon)s AND (max_redemptions IS NULL OR redeemed < max_redemptions)
                AND (valid_to IS NULL OR valid_to > %(now)s)
            RETURNING id
        ), used AS (
            UPDATE coupon_codes c SET redeemed = c.redeemed + 1 FROM counted
            WHERE c.tenant_id = %(tenant)s AND c.code = %(code)s AND c.coupon_id = counted.id
                AND (c.max_redemptions IS NULL OR c.redeemed < c.max_redemptions)
            RETURNING c.code
        )
        SELECT (SELECT count(*) FROM counted) = 1 AND (SELECT count(*) FROM used) = 1""",
        {"tenant": tenant, "coupon": coupon_id, "code": code, "now": now},
    ).fetchone()
    return row is not None and bool(row[0])


def insert_redemption(
    cursor: Cursor, *, tenant: Id, coupon_id: Id, code: str, customer_id: Id, subscription_id: Id | None, now: datetime
) -> Id:
    key = new_id()
    insert(
        cursor,
        "coupon_redemptions",
        id=key,
        tenant_id=tenant,
        coupon_id=coupon_id,
        code=code,
        customer_id=customer_id,
        subscription_id=subscription_id,
        state="counted",
        redeemed_at=now,
    )
    return key


def insert_customer_discount(
    cursor: Cursor, *, tenant: Id, customer_id: Id, coupon_id: Id, redemption_id: Id, now: datetime
) -> None:
    """The coupon works on all subscriptions of the customer from now on; each one's start looks for it."""
    insert(
        cursor,
        "customer_discounts",
        id=new_id(),
        tenant_id=tenant,
        customer_id=customer_id,
        coupon_id=coupon_id,
        redemption_id=redemption_id,
        created_at=now,
    )
    cursor.execute("UPDATE customers SET discounted = true WHERE id = %s", (customer_id,))


def release_redemption(cursor: Cursor, *, redemption_id: Id, now: datetime) -> None:
    """Give a counted redemption back to its coupon and its code; the second time nothing happens."""
    cursor.execute(
        """WITH released AS (
            UPDATE coupon_redemptions SET state = 'released', released_at = %(now)s
            WHERE id = %(redemption)s AND state = 'counted' RETURNING tenant_id, coupon_id, code
        ), coupon AS (
            UPDATE coupons c SET redeemed = c.redeemed - 1 FROM released r WHERE c.id = r.coupon_id RETURNING c.id
        ), code AS (
            UPDATE coupon_codes c SET redeemed = c.redeemed - 1 FROM released r, coupon
            WHERE c.tenant_id = r.tenant_id AND c.code = r.code RETURNING c.code
        )
        SELECT (SELECT count(*) FROM released)""",
        {"redemption": redemption_id, "now": now},
    )


def end_discounts(cursor: Cursor, *, subscription_id: Id, redemption_id: Id, now: datetime) -> int:
    """End what a redemption gave a subscription; answers how many there were."""
    cursor.execute(
        """UPDATE subscription_discounts SET ended_at = %s
        WHERE subscription_id = %s AND redemption_id = %s AND ended_at IS NULL""",
        (now, subscription_id, redemption_id),
    )
    return cursor.rowcount


def end_customer_discount(cursor: Cursor, *, customer_id: Id, redemption_id: Id, now: datetime) -> None:
    cursor.execute(
        "UPDATE customer_discounts SET ended_at = %s WHERE customer_id = %s AND redemption_id = %s AND ended_at IS NULL",
        (now, customer_id, redemption_id),
    )
