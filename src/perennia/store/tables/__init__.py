"""Columns, keys and constraints, noun by noun; no rules. Guards that Django cannot say are in the second migration."""

from perennia.store.tables.catalog import AddOn, Plan, Price, Product
from perennia.store.tables.coupons import Coupon, CouponCode, CouponRedemption, CustomerDiscount
from perennia.store.tables.customers import Consent, Customer, Party, Payer, PaymentMethod, RememberedTrial
from perennia.store.tables.drafts import Draft
from perennia.store.tables.events import Feed, History, Outbox
from perennia.store.tables.invoices import (
    Allocation,
    BalanceEntry,
    BilledSpan,
    CreditGrant,
    Document,
    Line,
    NumberSeries,
    PendingLine,
    Receivable,
    WriteOff,
)
from perennia.store.tables.ledger import Earning, Movement, Posting, Recognition
from perennia.store.tables.payments import Attempt, Payment, Refund
from perennia.store.tables.people import Business, Membership, User
from perennia.store.tables.subscriptions import Change, Item, ItemVersion, Pause, Subscription, SubscriptionDiscount
from perennia.store.tables.tenants import LegalEntity, TaxRate, Tenant
from perennia.store.tables.usage import (
    Meter,
    UsageAlert,
    UsageEvent,
    UsageKey,
    UsageLimit,
    UsageSettlement,
    UsageSignal,
)

__all__ = [
    "AddOn",
    "Allocation",
    "Attempt",
    "BalanceEntry",
    "BilledSpan",
    "Business",
    "Change",
    "Consent",
    "Coupon",
    "CouponCode",
    "CouponRedemption",
    "CreditGrant",
    "Customer",
    "CustomerDiscount",
    "Document",
    "Draft",
    "Earning",
    "Feed",
    "History",
    "Item",
    "ItemVersion",
    "LegalEntity",
    "Line",
    "Membership",
    "Meter",
    "Movement",
    "NumberSeries",
    "Outbox",
    "Party",
    "Pause",
    "Payer",
    "Payment",
    "PaymentMethod",
    "PendingLine",
    "Plan",
    "Posting",
    "Price",
    "Product",
    "Receivable",
    "Recognition",
    "Refund",
    "RememberedTrial",
    "Subscription",
    "SubscriptionDiscount",
    "TaxRate",
    "Tenant",
    "UsageAlert",
    "UsageEvent",
    "UsageKey",
    "UsageLimit",
    "UsageSettlement",
    "UsageSignal",
    "User",
    "WriteOff",
]
