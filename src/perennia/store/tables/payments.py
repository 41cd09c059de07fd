"""Tries to collect, and money that arrived."""

from django.db import models

from perennia.store.tables.columns import Row, check, currency, index, instant, key, minor, table, text, unique, word

OPEN_STATES = ["created", "processing", "requires_action", "unknown"]


class Attempt(Row):
    """One try at one receivable, or at a draft: `document_id` is then what the draft became, once it is paid.

    `idempotency_key` is our own reference at the gateway, stored before the call.
    """

    document_id = key(null=True)
    draft_id = key(null=True)
    payer_id = key()
    method_id = key(null=True)
    gateway = word()
    idempotency_key = text()
    token = text()
    currency = currency()
    amount_minor = minor()
    state = word()
    decline_code = word(null=True)
    decline_class = word(null=True)
    gateway_reference = text(null=True)
    created_at = instant()
    """Business time of the intent."""
    finished_at = instant(null=True)
    leased_until = instant(null=True)
    """Machine time until which a worker is calling the gateway."""
    look_ups = models.SmallIntegerField(default=0)
    next_look_up_at = instant(null=True)
    """Business time of the next look-up of an unknown result; none is left for one that a person must decide."""

    Meta = table(
        "attempts",
        unique("attempts_one_open", "document_id", condition=models.Q(state__in=OPEN_STATES)),
        unique("attempts_one_open_draft", "draft_id", condition=models.Q(state__in=OPEN_STATES)),
        check("attempts_of", models.Q(document_id__isnull=False) | models.Q(draft_id__isnull=False)),
        check(
            "attempts_state",
            models.Q(state__in=[*OPEN_STATES, "succeeded", "failed", "not_sent"]),
        ),
        indexes=(
            index("attempts_pending", "tenant_id", "next_look_up_at", condition=models.Q(state__in=OPEN_STATES)),
            index("attempts_document", "document_id"),
        ),
    )


class Payment(Row):
    """Money captured by a gateway or booked by hand."""

    payer_id = key()
    attempt_id = key(null=True)
    gateway = word()
    gateway_reference = text(null=True)
    currency = currency()
    captured_minor = minor()
    refunded_minor = minor(default=0)
    at = instant()
    entity_id = key(null=True)
    """Whose bank account a payment by hand came to; that of a gateway is of its document's legal entity."""

    Meta = table(
        "payments",
        unique("payments_attempt", "attempt_id"),
        unique(
            "payments_reference",
            "tenant_id",
            "gateway",
            "gateway_reference",
            condition=models.Q(attempt_id__isnull=True, gateway_reference__isnull=False),
        ),
        check("payments_refunds", models.Q(refunded_minor__gte=0, refunded_minor__lte=models.F("captured_minor"))),
    )


class Refund(Row):
    """Money given back of a payment. `from_balance_minor` of it was on the payer's balance; the rest is goodwill."""

    payment_id = key()
    payer_id = key()
    gateway = word()
    currency = currency()
    amount_minor = minor()
    from_balance_minor = minor()
    state = word()
    idempotency_key = text()
    gateway_reference = text(null=True)
    reason = text(null=True)
    created_at = instant()
    finished_at = instant(null=True)
    next_step_at = instant(null=True)
    """Business time at which it is sent, or asked after; without one it has ended, or a person decides."""
    sent_at = instant(null=True)
    """Business time since which the gateway may have it; without one it surely has not."""
    leased_until = instant(null=True)
    """Machine time until which a worker is calling the gateway."""
    tries = models.SmallIntegerField(db_default=0)
    """How many keys were used up at the gateway by faults that were nobody's."""
    outages = models.SmallIntegerField(db_default=0)
    look_ups = models.SmallIntegerField(db_default=0)
    decline_code = word(null=True)

    Meta = table(
        "refunds",
        unique("refunds_key", "tenant_id", "idempotency_key"),
        check("refunds_state", models.Q(state__in=["created", "succeeded", "failed"])),
        check(
            "refunds_amount",
            models.Q(amount_minor__gt=0, from_balance_minor__gte=0, from_balance_minor__lte=models.F("amount_minor")),
        ),
        check("refunds_step", models.Q(next_step_at=None) | models.Q(state="created")),
        indexes=(
            index("refunds_payment", "payment_id"),
            index("refunds_due", "tenant_id", "next_step_at", condition=models.Q(next_step_at__isnull=False)),
        ),
    )
