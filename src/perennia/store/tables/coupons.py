"""Discounts that can be had, the codes that give them, and who redeemed what."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from perennia.store.tables.columns import Row, check, index, instant, key, minor, rate, table, text, unique, word

_WITHIN = models.Q(redeemed__gte=0) & (
    models.Q(max_redemptions=None) | models.Q(redeemed__lte=models.F("max_redemptions"))
)


class Coupon(Row):
    """What a discount gives, to whom and for how long; `periods` None is for ever. Only counts and its end change.

    `scope` holds the plans and products it is limited to. `redeemed` counts the redemptions that stand.
    """

    code = text()
    percent_off = rate(null=True)
    amount_off_minor = minor(null=True)
    currency = models.CharField(max_length=3, null=True)
    periods = models.IntegerField(null=True)
    scope = ArrayField(key(), db_default=[])
    new_customers_only = models.BooleanField(db_default=False)
    valid_from = instant(null=True)
    valid_to = instant(null=True)
    max_redemptions = models.IntegerField(null=True)
    max_per_customer = models.IntegerField(null=True)
    redeemed = models.IntegerField(db_default=0)

    Meta = table(
        "coupons",
        unique("coupons_code", "tenant_id", "code"),
        check("coupons_percent_or_amount", models.Q(percent_off=None) ^ models.Q(amount_off_minor=None)),
        check("coupons_within_limit", _WITHIN),
    )


class CouponCode(models.Model):
    """What a subscriber types, in capitals: one code that many share, or one of many that work once."""

    pk = models.CompositePrimaryKey("tenant_id", "code")
    tenant_id = key()
    code = text()
    coupon_id = key()
    max_redemptions = models.IntegerField(null=True)
    redeemed = models.IntegerField(db_default=0)
    created_at = instant()

    Meta = table("coupon_codes", check("coupon_codes_within_limit", _WITHIN))


class CouponRedemption(Row):
    """A coupon given to a customer, for one subscription or (where that is empty) for all; counted until released."""

    coupon_id = key()
    code = text()
    customer_id = key()
    subscription_id = key(null=True)
    state = word()
    redeemed_at = instant()
    released_at = instant(null=True)

    Meta = table(
        "coupon_redemptions",
        check(
            "coupon_redemptions_state",
            models.Q(state="counted", released_at=None) | models.Q(state="released", released_at__isnull=False),
        ),
        indexes=(index("coupon_redemptions_customer", "customer_id"),),
    )


class CustomerDiscount(Row):
    """A coupon that works on every subscription of a customer, those there are and those that come."""

    customer_id = key()
    coupon_id = key()
    redemption_id = key()
    created_at = instant()
    ended_at = instant(null=True)

    Meta = table(
        "customer_discounts",
        unique("customer_discounts_once", "customer_id", "coupon_id", condition=models.Q(ended_at=None)),
    )
