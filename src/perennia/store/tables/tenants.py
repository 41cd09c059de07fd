"""A tenant is one set of books: its clock, its legal entities, its tax rates."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL

from perennia.store.tables.columns import Row, check, currency, instant, key, rate, table, text, unique, word

_SECRET = RawSQL("decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')", ())


class Tenant(models.Model):
    """`clock` is the business time of a sandbox; a live tenant's is the machine's.

    `secret` keys the hashes by which it knows again what it has erased; the database makes it.
    """

    id = models.UUIDField(primary_key=True)
    business_id = key()
    slug = models.SlugField(unique=True)
    name = text()
    mode = word()
    clock = instant(null=True)
    zone = text()
    currency = currency()
    country = models.CharField(max_length=2)
    policies = models.JSONField(default=dict)
    created_at = instant()
    secret = models.BinaryField(db_default=_SECRET)

    Meta = table(
        "tenants",
        check("tenants_mode", models.Q(mode__in=["live", "sandbox"])),
        check("tenants_clock", models.Q(mode="live", clock=None) | models.Q(mode="sandbox", clock__isnull=False)),
        unique("tenants_one_live", "business_id", condition=models.Q(mode="live")),
    )


class LegalEntity(Row):
    """Who sells: a party, with number series of its own, one a year where `yearly`. `serves` are countries."""

    name = text()
    country = models.CharField(max_length=2)
    party_id = key()
    serves = ArrayField(models.CharField(max_length=2), db_default=[])
    yearly = models.BooleanField(db_default=False)

    Meta = table("legal_entities")


class TaxRate(Row):
    """Percent of the net amount, from a date until before another; with the source it was taken from.

    `country` may be a region with a rate of its own (PT-20).
    """

    country = models.CharField(max_length=6)
    tax_class = text()
    percent = rate()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = text(default="")

    Meta = table("tax_rates", unique("tax_rates_once", "tenant_id", "country", "tax_class", "valid_from"))
