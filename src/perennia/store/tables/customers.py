"""Who buys, who pays, and with what."""

from django.db import models

from perennia.store.tables.columns import Row, check, index, instant, key, table, text, unique, word


class Party(Row):
    """A frozen name and address as printed on documents; a change makes a new row."""

    kind = word()
    content = models.JSONField()
    frozen_at = instant()
    retain_until = models.DateField(null=True)

    Meta = table("parties")


class Customer(Row):
    """`tax_status` is empty, as are the three columns after it, for a taxable customer of its country: that is most.

    `discounted` says that a coupon works on all its subscriptions. `notices` are the kinds it turned on or off.
    `marketing_consent` is what its last consent said. `billing_day` is the day of the month its periods begin on,
    where it has one.
    """

    external_id = text(null=True)
    payer_id = key()
    party_id = key()
    name = text()
    email = text()
    country = models.CharField(max_length=2)
    zone = text(null=True)
    language = models.CharField(max_length=5, default="en")
    created_at = instant()
    import_digest = models.BigIntegerField(null=True)
    tax_status = word(null=True)
    tax_id = text(null=True)
    region = models.CharField(max_length=6, null=True)
    exempt_reason = text(null=True)
    discounted = models.BooleanField(db_default=False)
    channel = word(db_default="email")
    notices = models.JSONField(db_default={})
    marketing_consent = models.BooleanField(db_default=False)
    billing_day = models.SmallIntegerField(null=True)

    Meta = table(
        "customers",
        unique("customers_external_id", "tenant_id", "external_id"),
        check(
            "customers_tax_status",
            models.Q(tax_status=None, tax_id=None, region=None, exempt_reason=None)
            | models.Q(tax_status__isnull=False, tax_status="taxable", exempt_reason=None)
            | models.Q(tax_status__isnull=False, tax_status="reverse_charge", tax_id__isnull=False, exempt_reason=None)
            | models.Q(tax_status__isnull=False, tax_status="exempt", exempt_reason__isnull=False),
        ),
        check("customers_channel", models.Q(channel__in=["email", "letter", "portal"])),
        check("customers_billing_day", models.Q(billing_day=None) | models.Q(billing_day__range=(1, 31))),
        indexes=(index("customers_paid_for", "payer_id", condition=~models.Q(payer_id=models.F("id"))),),
    )


class Consent(Row):
    """A yes or a no to marketing: when, to which words, and where it was said. Rows never change."""

    customer_id = key()
    given = models.BooleanField()
    wording = text()
    source = text()
    actor = text()
    at = instant()
    recorded_at = instant()

    Meta = table("consents", indexes=(index("consents_customer", "customer_id"),))


class RememberedTrial(models.Model):
    """That somebody had a trial of a product: a hash under the tenant's own key, no name, so it outlives erasure."""

    pk = models.CompositePrimaryKey("tenant_id", "product_id", "hash")
    tenant_id = key()
    product_id = key()
    hash = models.BinaryField()
    at = instant()

    Meta = table("remembered_trials")


class Payer(Row):
    """The customer who is billed: the unit of every lock. Its key is that customer's.

    `next_due_at` is when something of this payer falls due; a payer set aside keeps the reason until a
    person releases it. `lines` is about how many lines its next document has; `has_credit` says that its
    balance must be read, `has_grants` that some of it may expire, `has_pending` that charges wait for its next
    document, `has_drafts` that drafts wait to be paid.
    """

    next_due_at = instant(null=True)
    lines = models.IntegerField(default=0)
    has_credit = models.BooleanField(default=False)
    has_grants = models.BooleanField(default=False, db_default=False)
    has_pending = models.BooleanField(default=False, db_default=False)
    has_drafts = models.BooleanField(db_default=False)
    set_aside_at = instant(null=True)
    set_aside_code = word(null=True)
    set_aside_reason = text(null=True)

    Meta = table(
        "payers",
        indexes=(
            index(
                "payers_due",
                "tenant_id",
                "next_due_at",
                "id",
                condition=models.Q(next_due_at__isnull=False, set_aside_at=None),
            ),
            index("payers_set_aside", "tenant_id", "set_aside_at", condition=models.Q(set_aside_at__isnull=False)),
        ),
    )


class PaymentMethod(Row):
    """A payment method as the gateway knows it: a token, never a number.

    `fingerprint` is the gateway's word for the card or account itself, the same for every token of it.
    """

    customer_id = key()
    gateway = word()
    token = text()
    fingerprint = text(null=True)
    is_default = models.BooleanField(default=True)
    valid = models.BooleanField(default=True)
    created_at = instant()

    Meta = table(
        "payment_methods",
        unique("payment_methods_one_default", "customer_id", condition=models.Q(is_default=True, valid=True)),
    )
