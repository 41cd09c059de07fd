"""What is measured, what was used, and what was charged for it.

Events are kept in partitions by the month of their instant and only grow; that each is counted once is held by its
key in a table of its own, since a unique key of a partitioned table cannot reach over its partitions.
"""

from django.db import models

from perennia.store.tables.columns import Row, check, index, instant, key, minor, rate, table, text, unique, word


class Meter(Row):
    """What events of one code are counted into; `negative` lets values fall below zero."""

    code = text()
    name = text()
    aggregation = word()
    unit = text()
    negative = models.BooleanField(default=False)
    created_at = instant()

    Meta = table(
        "meters",
        unique("meters_code", "tenant_id", "code"),
        check("meters_aggregation", models.Q(aggregation__in=["sum", "count", "max", "last", "unique"])),
    )


class UsageKey(Row):
    """That a key was given, once for ever: `id` is made of tenant and key, `content` of all else in the event."""

    content = models.BigIntegerField()
    subscription_id = key()
    at = instant()

    Meta = table("usage_keys")


class UsageEvent(models.Model):
    """Something used at an instant. A row that `corrects` another one's key stands in its place; without value: nothing.

    Of one arrival the rows have their order in `place`. The key is unique by `UsageKey`, and rows have no other.
    """

    pk = models.CompositePrimaryKey("tenant_id", "key")
    at = instant()
    recorded_at = instant()
    tenant_id = key()
    subscription_id = key()
    meter_id = key()
    place = models.SmallIntegerField()
    value = rate(null=True)
    key = text()
    who = text(null=True)
    corrects = text(null=True)
    properties = models.JSONField(null=True)

    Meta = table("usage_events")


class UsageLimit(Row):
    """Of one subscription and meter: tell when a quantity or amount of a period is reached, or count no further."""

    subscription_id = key()
    meter_id = key()
    kind = word()
    quantity = rate(null=True)
    amount_minor = minor(null=True)
    created_at = instant()
    ended_at = instant(null=True)

    Meta = table(
        "usage_limits",
        check("usage_limits_kind", models.Q(kind__in=["alert", "refuse", "stop"])),
        check("usage_limits_one", models.Q(quantity=None) ^ models.Q(amount_minor=None)),
        check("usage_limits_amount_alerts", models.Q(amount_minor=None) | models.Q(kind="alert")),
        indexes=(index("usage_limits_subscription", "subscription_id", "meter_id"),),
    )


class UsageAlert(models.Model):
    """That a limit was told of in a period."""

    pk = models.CompositePrimaryKey("limit_id", "period_start")
    limit_id = key()
    period_start = instant()
    tenant_id = key()
    at = instant()

    Meta = table("usage_alerts")


class UsageSignal(models.Model):
    """That usage came in for a subscription which somebody watches; gone once it was looked at."""

    id = models.BigAutoField(primary_key=True)
    tenant_id = key()
    subscription_id = key()
    recorded_at = instant()

    Meta = table("usage_signals", indexes=(index("usage_signals_tenant", "tenant_id", "id"),))


class UsageSettlement(models.Model):
    """What a line charged for the usage of a version in a period, or for its minimum (`kind` of line), before discounts.

    Their sum is charged so far.
    """

    pk = models.CompositePrimaryKey("document_id", "position")
    document_id = key()
    position = models.IntegerField()
    tenant_id = key()
    version_id = key()
    period_start = instant()
    quantity = rate()
    amount_minor = minor()
    kind = models.SmallIntegerField(db_default=5)

    Meta = table(
        "usage_settlements", indexes=(index("usage_settlements_period", "tenant_id", "period_start", "version_id"),)
    )
