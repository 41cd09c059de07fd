"""Facts that other systems are told: thin, since the subject can be read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from perennia.domain.ids import Id
from perennia.domain.values import quick


class EventType(StrEnum):
    """What other systems are told of."""

    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_TRIAL_STARTED = "subscription.trial_started"
    SUBSCRIPTION_ACTIVATED = "subscription.activated"
    SUBSCRIPTION_CANCEL_SCHEDULED = "subscription.cancel_scheduled"
    SUBSCRIPTION_CANCELED = "subscription.canceled"
    SUBSCRIPTION_CANCEL_WITHDRAWN = "subscription.cancel_withdrawn"
    SUBSCRIPTION_CHANGE_SCHEDULED = "subscription.change_scheduled"
    SUBSCRIPTION_CHANGE_WITHDRAWN = "subscription.change_withdrawn"
    SUBSCRIPTION_CHANGED = "subscription.changed"
    SUBSCRIPTION_PAUSED = "subscription.paused"
    SUBSCRIPTION_RESUMED = "subscription.resumed"
    SUBSCRIPTION_TERM_RENEWED = "subscription.term_renewed"
    SUBSCRIPTION_HELD = "subscription.invoicing_held"
    SUBSCRIPTION_RELEASED = "subscription.invoicing_released"
    SUBSCRIPTION_DRAFTS_ISSUED = "subscription.drafts_issued"
    SUBSCRIPTION_REACTIVATED = "subscription.reactivated"
    SUBSCRIPTION_WITHDRAWN = "subscription.withdrawn"
    SUBSCRIPTION_PAST_DUE = "subscription.past_due"
    SUBSCRIPTION_UNPAID = "subscription.unpaid"
    SUBSCRIPTION_RECOVERED = "subscription.recovered"
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_PAID = "invoice.paid"
    INVOICE_UNCOLLECTIBLE = "invoice.uncollectible"
    CREDIT_NOTE_ISSUED = "credit_note.issued"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    INVOICE_VOIDED = "invoice.voided"
    INVOICE_WRITTEN_OFF = "invoice.written_off"
    REFUND_CREATED = "refund.created"
    REFUND_SUCCEEDED = "refund.succeeded"
    REFUND_FAILED = "refund.failed"
    CREDIT_GRANTED = "credit.granted"
    CREDIT_EXPIRED = "credit.expired"
    CUSTOMER_TAX_STATUS_CHANGED = "customer.tax_status_changed"
    COUPON_REDEEMED = "coupon.redeemed"
    CUSTOMER_UPDATED = "customer.updated"
    USAGE_ALERT_REACHED = "usage.alert_reached"
    SUBSCRIPTION_CHANGE_AWAITS_PAYMENT = "subscription.change_awaits_payment"
    SUBSCRIPTION_CHANGE_DISCARDED = "subscription.change_discarded"
    SUBSCRIPTION_INCOMPLETE = "subscription.incomplete"
    SUBSCRIPTION_INCOMPLETE_EXPIRED = "subscription.incomplete_expired"


@quick
@dataclass(frozen=True, slots=True)
class Event:
    """A fact for other systems: thin, since its subject can be read. `at` is business time."""

    type: EventType
    subject_id: Id
    at: datetime
