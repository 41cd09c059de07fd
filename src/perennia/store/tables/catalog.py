"""What is sold. A price never changes; a new one replaces it."""

from django.db import models

from perennia.store.tables.columns import Row, check, currency, instant, key, minor, rate, table, text, unique, word


class Product(Row):
    """Groups the plans that one may switch between."""

    code = text()
    name = text()

    Meta = table("products", unique("products_code", "tenant_id", "code"))


class Plan(Row):
    product_id = key()
    code = text()
    name = text()

    Meta = table("plans", unique("plans_code", "tenant_id", "code"))


class AddOn(Row):
    product_id = key()
    code = text()
    name = text()

    Meta = table("add_ons", unique("add_ons_code", "tenant_id", "code"))


class Price(Row):
    """What a plan or an add-on costs in one currency and interval."""

    plan_id = key(null=True)
    add_on_id = key(null=True)
    code = text()
    model = word()
    currency = currency()
    interval_unit = word()
    interval_count = models.SmallIntegerField()
    unit_amount = rate()
    timing = word()
    tax_inclusive = models.BooleanField()
    tax_class = text()
    created_at = instant()

    Meta = table(
        "prices",
        unique("prices_code", "tenant_id", "code"),
        check("prices_of_one", models.Q(plan_id=None) ^ models.Q(add_on_id=None)),
        check("prices_model", models.Q(model__in=["flat", "per_unit"])),
        check("prices_not_negative", models.Q(unit_amount__gte=0)),
    )


class Coupon(Row):
    """A discount that can be attached; `periods` None is for ever."""

    code = text()
    percent_off = rate(null=True)
    amount_off_minor = minor(null=True)
    currency = models.CharField(max_length=3, null=True)
    periods = models.IntegerField(null=True)

    Meta = table(
        "coupons",
        unique("coupons_code", "tenant_id", "code"),
        check("coupons_percent_or_amount", models.Q(percent_off=None) ^ models.Q(amount_off_minor=None)),
    )
