"""The books and the recurring revenue: append-only."""

from django.db import models

from perennia.store.tables.columns import currency, index, instant, key, minor, table, word


class Posting(models.Model):
    """One side of a booking; a trigger holds that each transaction sums to zero."""

    pk = models.CompositePrimaryKey("transaction_id", "account", "currency")
    tenant_id = key()
    transaction_id = key()
    account = models.SmallIntegerField()
    currency = currency()
    amount_minor = minor()
    at = instant()

    Meta = table("postings")


class Movement(models.Model):
    """A difference in monthly recurring revenue, with when it holds from and when we learned of it."""

    id = models.BigAutoField(primary_key=True)
    tenant_id = key()
    subscription_id = key()
    kind = word()
    currency = currency()
    mrr_minor = minor()
    cause = word(null=True)
    effective_at = instant()
    recorded_at = instant()

    Meta = table("movements", indexes=(index("movements_month", "tenant_id", "effective_at"),))


class Earning(models.Model):
    """What the lines issued in one month earn in another, by day; made when the month of issue is closed."""

    pk = models.CompositePrimaryKey("tenant_id", "issued_month", "month", "currency")
    tenant_id = key()
    issued_month = models.DateField()
    month = models.DateField()
    currency = currency()
    amount_minor = minor()

    Meta = table("earnings")


class Recognition(models.Model):
    """Revenue of one month and currency that was booked as earned."""

    pk = models.CompositePrimaryKey("tenant_id", "month", "currency")
    tenant_id = key()
    month = models.DateField()
    currency = currency()
    amount_minor = minor()
    transaction_id = key(null=True)

    Meta = table("recognitions")
