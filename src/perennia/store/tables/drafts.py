"""Documents that are to be paid before they are issued."""

from django.db import models

from perennia.store.tables.columns import Row, check, currency, index, instant, key, minor, table, text, unique, word


class Draft(Row):
    """What a payer is to pay before a change is made or a subscription begins.

    `content` is what the document would say, `digest` its fingerprint: paid, the document is issued only if it says the
    same. `together` is how its lines were gathered. It is `paying` only inside the transaction that books the money.
    """

    payer_id = key()
    subscription_id = key()
    change_id = key(null=True)
    entity_id = key()
    kind = word()
    currency = currency()
    amount_minor = minor()
    content = models.JSONField()
    digest = text()
    together = models.BooleanField(default=False)
    state = word()
    reason = word(null=True)
    document_id = key(null=True)
    created_at = instant()
    expires_at = instant()
    closed_at = instant(null=True)
    next_attempt_at = instant(null=True)

    Meta = table(
        "drafts",
        unique("drafts_one_open", "subscription_id", condition=models.Q(state="open")),
        check("drafts_state", models.Q(state__in=["open", "paying", "paid", "dropped"])),
        check("drafts_kind", models.Q(kind="change", change_id__isnull=False) | models.Q(kind="start", change_id=None)),
        check("drafts_amount", models.Q(amount_minor__gt=0)),
        check(
            "drafts_closed",
            models.Q(state__in=["open", "paying"], closed_at=None, document_id=None, reason=None)
            | models.Q(state="paid", closed_at__isnull=False, document_id__isnull=False, next_attempt_at=None)
            | models.Q(state="dropped", closed_at__isnull=False, document_id=None, next_attempt_at=None),
        ),
        indexes=(
            index("drafts_payer", "payer_id", condition=models.Q(state="open")),
            index("drafts_due", "tenant_id", "next_attempt_at", condition=models.Q(next_attempt_at__isnull=False)),
        ),
    )
