"""What is sold. A price never changes; a new one replaces it."""

from django.db import models

from perennia.store.tables.columns import Row, check, currency, instant, key, rate, table, text, unique, word


class Product(Row):
    """Groups the plans that one may switch between; of some a customer may have one live subscription only."""

    code = text()
    name = text()
    one_per_customer = models.BooleanField(db_default=False)

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


_by_scheme = models.Q(model__in=["graduated", "volume", "stairstep", "package", "percentage", "block"])


class Price(Row):
    """What a plan or an add-on costs in one currency and interval; only its last day on sale may still change.

    `scheme` holds what its model needs beside a unit amount, `policies` what it sets over the tenant's. It is sold
    from `sold_from` up to `sold_until`, and stays with whoever has it.
    """

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
    scheme = models.JSONField(null=True)
    scale = models.SmallIntegerField(default=6)
    meter_id = key(null=True)
    period_minimum = rate(null=True)
    setup_fee = rate(null=True)
    trial_days = models.IntegerField(default=0)
    policies = models.JSONField(null=True)
    replaces_id = key(null=True)
    sold_from = instant(null=True)
    sold_until = instant(null=True)

    Meta = table(
        "prices",
        unique("prices_code", "tenant_id", "code"),
        unique("prices_replaced_once", "tenant_id", "replaces_id", condition=models.Q(replaces_id__isnull=False)),
        check("prices_of_one", models.Q(plan_id=None) ^ models.Q(add_on_id=None)),
        check(
            "prices_model",
            models.Q(model__in=["flat", "per_unit"], scheme__isnull=True) | models.Q(_by_scheme, scheme__isnull=False),
        ),
        check("prices_metered_in_arrears", models.Q(meter_id=None) | models.Q(timing="arrears")),
        check("prices_not_negative", models.Q(unit_amount__gte=0)),
        check("prices_minimum_not_negative", models.Q(period_minimum=None) | models.Q(period_minimum__gte=0)),
        check("prices_fee_not_negative", models.Q(setup_fee=None) | models.Q(setup_fee__gte=0)),
    )
