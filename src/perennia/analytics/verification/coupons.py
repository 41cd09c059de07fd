"""Coupons: what is counted against what was redeemed."""

from perennia.analytics.verification.findings import Found, Scope, look, named, together


def redemptions_counted(scope: Scope) -> Found:
    """A coupon and a code count the redemptions that stand, within their limits; what works was redeemed."""
    return together(_coupons(scope), _codes(scope), _discounts(scope))


def _coupons(scope: Scope) -> Found:
    return look(
        scope,
        rows="""SELECT c.code, c.redeemed, c.max_redemptions, coalesce(r.n, 0) AS n FROM coupons c LEFT JOIN (
                SELECT coupon_id, count(*) AS n FROM coupon_redemptions
                WHERE tenant_id = %(tenant)s AND state = 'counted' GROUP BY 1
            ) AS r ON r.coupon_id = c.id WHERE c.tenant_id = %(tenant)s""",
        right="redeemed = n AND (max_redemptions IS NULL OR n <= max_redemptions)",
        tell="'coupon ' || code || ' counts ' || redeemed || ' redemptions, there are ' || n",
    )


def _codes(scope: Scope) -> Found:
    return look(
        scope,
        rows="""SELECT k.code, k.redeemed, k.max_redemptions, coalesce(r.n, 0) AS n FROM coupon_codes k LEFT JOIN (
                SELECT code, coupon_id, count(*) AS n FROM coupon_redemptions
                WHERE tenant_id = %(tenant)s AND state = 'counted' GROUP BY 1, 2
            ) AS r ON r.code = k.code AND r.coupon_id = k.coupon_id WHERE k.tenant_id = %(tenant)s""",
        right="redeemed = n AND (max_redemptions IS NULL OR n <= max_redemptions)",
        tell="'code ' || code || ' counts ' || redeemed || ' redemptions, there are ' || n",
    )


def _discounts(scope: Scope) -> Found:
    return look(
        scope,
        rows="""SELECT d.id, d.subscription_id, r.state FROM subscription_discounts d
            LEFT JOIN coupon_redemptions r ON r.id = d.redemption_id AND r.coupon_id = d.coupon_id
            WHERE d.tenant_id = %(tenant)s AND d.redemption_id IS NOT NULL AND d.ended_at IS NULL""",
        right="state = 'counted'",
        tell=f"""{named("subscription_id", "sub")} || ' has a discount, its redemption is ' || coalesce(state, 'missing')""",
    )
