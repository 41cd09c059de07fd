"""Documents, their lines, what is settled, what is open."""

from django.db import models

from perennia.store.tables.columns import (
    Row,
    check,
    currency,
    index,
    instant,
    key,
    minor,
    rate,
    table,
    text,
    unique,
    word,
)


class NumberSeries(Row):
    """The next number of a kind of document of a legal entity; locked last in every transaction.

    `year` is 0 for a series that goes on for ever.
    """

    entity_id = key()
    kind = word()
    year = models.SmallIntegerField(db_default=0)
    next_number = models.BigIntegerField(default=1)
    last_issued_at = instant(null=True)

    Meta = table("number_series", unique("number_series_once", "tenant_id", "entity_id", "kind", "year"))


class Document(Row):
    """Frozen when issued. Amounts of a credit note are below zero. `number` is of its series, `series_year` 0 or a year.

    `tax_evidence` says what decided its tax; it is empty for a taxable buyer, at the rates of the buyer party's country.
    """

    kind = word()
    entity_id = key()
    series_year = models.SmallIntegerField(db_default=0)
    number = models.BigIntegerField()
    payer_id = key()
    buyer_party_id = key()
    seller_party_id = key()
    currency = currency()
    issued_at = instant()
    due_at = instant()
    pay_by = instant()
    collection = word()
    net_minor = minor()
    tax_minor = minor()
    from_balance_minor = minor()
    po_number = text(null=True)
    """The buyer's own order number, as printed."""
    tax_evidence = models.JSONField(null=True)

    Meta = table(
        "documents",
        unique("documents_number", "tenant_id", "entity_id", "kind", "series_year", "number"),
        check(
            "documents_sign",
            models.Q(kind="credit_note") | models.Q(kind="invoice", net_minor__gte=-models.F("tax_minor")),
        ),
        indexes=(index("documents_issued", "tenant_id", "issued_at"),),
    )


class Line(models.Model):
    """One amount of a document. `calculation` is empty for a plain whole period: then the columns say it all.

    A line without subscription and version was made by hand for its customer.
    """

    pk = models.CompositePrimaryKey("document_id", "position")
    tenant_id = key()
    document_id = key()
    position = models.IntegerField()
    kind = models.SmallIntegerField()
    subscription_id = key(null=True)
    version_id = key(null=True)
    description = text()
    period_start = instant()
    period_end = instant()
    model = word()
    quantity = rate()
    unit_amount = rate()
    net_minor = minor()
    tax_minor = minor()
    discount_minor = minor()
    tax_percent = rate()
    tax_inclusive = models.BooleanField()
    calculation = text(null=True)
    credits_document_id = key(null=True)
    credits_position = models.IntegerField(null=True)

    Meta = table(
        "lines",
        indexes=(
            index(
                "lines_credits",
                "credits_document_id",
                "credits_position",
                condition=models.Q(credits_document_id__isnull=False),
            ),
        ),
    )


class BilledSpan(models.Model):
    """A part that is settled, once: the key makes a second bill impossible. Without a line it cost nothing."""

    pk = models.CompositePrimaryKey("tenant_id", "span_start", "version_id", "kind")
    tenant_id = key()
    span_start = instant()
    version_id = key()
    kind = models.SmallIntegerField()
    span_end = instant()
    document_id = key(null=True)
    position = models.IntegerField(null=True)

    Meta = table("billed_spans")


class Receivable(models.Model):
    """What is open on an invoice and how it is being collected."""

    document_id = models.UUIDField(primary_key=True)
    tenant_id = key()
    payer_id = key()
    currency = currency()
    state = word()
    due_minor = minor()
    open_minor = minor()
    pay_by = instant()
    next_attempt_at = instant(null=True)
    attempts = models.SmallIntegerField(default=0)
    first_failed_at = instant(null=True)
    written_off_at = instant(null=True)
    """Since when what is open is taken for lost: it stands on the write-off account, not on the receivable's. It stays
    once that was settled after all."""

    Meta = table(
        "receivables",
        check("receivables_open", models.Q(open_minor__gte=0, open_minor__lte=models.F("due_minor"))),
        check("receivables_state", models.Q(state__in=["open", "recovering", "paid", "given_up", "written_off"])),
        check(
            "receivables_written_off",
            models.Q(state="written_off", written_off_at__isnull=False)
            | models.Q(state="paid")
            | models.Q(state__in=["open", "recovering", "given_up"], written_off_at__isnull=True),
        ),
        check(
            "receivables_paid",
            models.Q(state="paid", open_minor=0) | (~models.Q(state="paid") & models.Q(open_minor__gt=0)),
        ),
        indexes=(
            index(
                "receivables_due",
                "tenant_id",
                "next_attempt_at",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
            index("receivables_failed", "payer_id", condition=models.Q(first_failed_at__isnull=False)),
        ),
    )


class Allocation(models.Model):
    """Money joined to a document: which payment, balance entry or credit note settled how much of it."""

    pk = models.CompositePrimaryKey("source_id", "document_id")
    tenant_id = key()
    document_id = key()
    source = word()
    source_id = key()
    amount_minor = minor()
    at = instant()

    Meta = table(
        "allocations",
        check("allocations_positive", models.Q(amount_minor__gt=0)),
        indexes=(index("allocations_document", "document_id"),),
    )


class WriteOff(Row):
    """An open amount given up as lost; below zero: what of it was settled after all. Its key is its transaction's."""

    document_id = key()
    payer_id = key()
    currency = currency()
    amount_minor = minor()
    reason = text(null=True)
    at = instant()

    Meta = table(
        "write_offs",
        check("write_offs_amount", ~models.Q(amount_minor=0)),
        indexes=(index("write_offs_document", "document_id"),),
    )


class PendingLine(Row):
    """A charge that waits for the payer's next document; then it says which line it became."""

    payer_id = key()
    customer_id = key()
    entity_id = key()
    subscription_id = key(null=True)
    kind = models.SmallIntegerField()
    currency = currency()
    description = text()
    quantity = rate()
    unit_amount = rate()
    tax_class = word()
    tax_inclusive = models.BooleanField()
    discountable = models.BooleanField()
    at = instant()
    document_id = key(null=True)
    position = models.IntegerField(null=True)

    Meta = table(
        "pending_lines",
        check(
            "pending_lines_taken",
            models.Q(document_id__isnull=True, position__isnull=True)
            | models.Q(document_id__isnull=False, position__isnull=False),
        ),
        indexes=(index("pending_lines_waiting", "payer_id", condition=models.Q(document_id__isnull=True)),),
    )


class BalanceEntry(Row):
    """Money that entered or left a payer's credit balance; the balance is their sum."""

    payer_id = key()
    entity_id = key()
    currency = currency()
    amount_minor = minor()
    source = word()
    source_id = key()
    at = instant()
    grant_id = key(null=True)
    """The granted credit that it belongs to; none for money from credit notes and payments."""

    Meta = table(
        "balance_entries",
        indexes=(
            index("balance_entries_payer", "payer_id"),
            index("balance_entries_grant", "grant_id", condition=models.Q(grant_id__isnull=False)),
        ),
    )


class CreditGrant(Row):
    """Credit given to a payer, and what is left of it."""

    payer_id = key()
    entity_id = key()
    currency = currency()
    kind = word()
    amount_minor = minor()
    left_minor = minor()
    reason = text(null=True)
    granted_at = instant()
    expires_at = instant(null=True)

    Meta = table(
        "credit_grants",
        check("credit_grants_kind", models.Q(kind__in=["promotional", "paid"])),
        check(
            "credit_grants_left",
            models.Q(amount_minor__gt=0, left_minor__gte=0, left_minor__lte=models.F("amount_minor")),
        ),
        indexes=(index("credit_grants_open", "payer_id", condition=models.Q(left_minor__gt=0)),),
    )
