"""Agreements, what is in them, and how far each is billed."""

from django.db import models

from perennia.store.tables.columns import (
    Row,
    check,
    currency,
    index,
    instant,
    key,
    local_time,
    minor,
    policies,
    rate,
    table,
    text,
    unique,
    word,
)


class Subscription(Row):
    """`import_digest` is of the row it was imported from: the same row again changes nothing.

    `discounted`, `changing` and `pausing` say that there are rows of that kind to read beside it; `held_at` that nothing
    is invoiced since, `issue_asked_at` when somebody last asked that drafts be issued.
    `metering`: something metered of it is not settled for good, also after its end; `used_until` is when it ended to the
    instant, where that is not `cancel_at`.
    `only_product_id` is its product until it ends, where a customer may have one live subscription of that.
    `next_zone` is its time zone from the next boundary on, where that changes.
    """

    customer_id = key()
    payer_id = key()
    entity_id = key()
    external_id = text(null=True)
    status = word()
    currency = currency()
    zone = text()
    collection = word()
    net_days = models.IntegerField(default=0)
    started_at = instant()
    trial_ends_at = instant(null=True)
    term_ends_at = instant(null=True)
    cancel_at = instant(null=True)
    cancel_cause = word(default="chosen")
    ended_at = instant(null=True)
    activated_at = instant(null=True)
    discounted = models.BooleanField(default=False)
    policies = models.JSONField(null=True)
    cancel_policies = models.JSONField(null=True)
    term_periods = models.IntegerField(null=True)
    term_then = word(null=True)
    changing = models.BooleanField(db_default=False)
    pausing = models.BooleanField(db_default=False)
    held_at = instant(null=True)
    issue_asked_at = instant(null=True)
    apart = models.BooleanField(db_default=False)
    reactivates_id = key(null=True)
    created_at = instant()
    import_digest = models.BigIntegerField(null=True)
    po_number = text(null=True)
    next_zone = text(null=True)
    metering = models.BooleanField(db_default=False)
    used_until = instant(null=True)
    only_product_id = key(null=True)

    Meta = table(
        "subscriptions",
        unique("subscriptions_external_id", "tenant_id", "external_id"),
        unique(
            "subscriptions_one_per_product",
            "customer_id",
            "only_product_id",
            condition=models.Q(only_product_id__isnull=False),
        ),
        check("subscriptions_ended", models.Q(status="canceled", ended_at__isnull=False) | models.Q(ended_at=None)),
        indexes=(index("subscriptions_payer", "tenant_id", "payer_id"),),
    )


class Item(Row):
    """One thing in a subscription. Its periods are counted from `anchor_on`, 00:00 in the subscription's zone."""

    subscription_id = key()
    kind = word()
    name = text()
    anchor_on = models.DateField()

    Meta = table("items")


class ItemVersion(Row):
    """A price and a quantity from one instant to another. `unit_amount` replaces the price's where it is set.

    `bills_from` is where its first charge begins (an import brings its own), `billed_through` how far it is settled.
    `anchor_at` is where its periods are counted from, where that is not the item's anchor. `metering`: what is used may
    still be charged. `name` is what it is called on documents, where that is not the item's;
    `zone` whose clocks end its periods, where that may not be the subscription's, `zone_since` from which boundary on.
    """

    subscription_id = key()
    item_id = key()
    price_id = key()
    quantity = rate()
    unit_amount = rate(null=True)
    starts_at = instant()
    ends_at = instant(null=True)
    bills_from = instant()
    billed_through = instant(null=True)
    anchor_at = local_time(null=True)
    begun_under = policies()
    ended_under = policies()
    metering = models.BooleanField(db_default=False)
    name = text(null=True)
    zone = text(null=True)
    zone_since = instant(null=True)

    Meta = table("item_versions", indexes=(index("item_versions_subscription", "subscription_id"),))


class Change(Row):
    """A change that waits for its instant, was made, or was taken back."""

    subscription_id = key()
    kind = word()
    effective_at = instant()
    state = word()
    item_id = key(null=True)
    price_id = key(null=True)
    quantity = rate(null=True)
    unit_amount = rate(null=True)
    anchor_at = local_time(null=True)
    until = instant(null=True)
    item_kind = word(null=True)
    name = text(null=True)
    policies = policies()
    actor = text()
    requested_at = instant()
    done_at = instant(null=True)

    Meta = table(
        "changes",
        check("changes_state", models.Q(state__in=["pending", "gated", "applied", "withdrawn", "discarded"])),
        indexes=(index("changes_subscription", "subscription_id", "effective_at"),),
    )


class Pause(Row):
    """A stretch without service. `is_over` once what it does to the bill was done."""

    subscription_id = key()
    starts_at = instant()
    ends_at = instant(null=True)
    policies = policies()
    is_over = models.BooleanField(db_default=False)
    created_at = instant()

    Meta = table(
        "pauses",
        check("pauses_end", models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("starts_at"))),
        unique("pauses_one_at_a_time", "subscription_id", condition=models.Q(is_over=False)),
    )


class SubscriptionDiscount(Row):
    """A coupon at work. `scoped` says that its coupon's scope is looked at line by line."""

    subscription_id = key()
    coupon_id = key()
    percent_off = rate(null=True)
    amount_off_minor = minor(null=True)
    periods = models.IntegerField(null=True)
    periods_left = models.IntegerField(null=True)
    ended_at = instant(null=True)
    created_at = instant()
    scoped = models.BooleanField(db_default=False)
    redemption_id = key(null=True)

    Meta = table(
        "subscription_discounts",
        check("subscription_discounts_left", models.Q(periods_left=None) | models.Q(periods_left__gte=0)),
        indexes=(index("discounts_subscription", "subscription_id"),),
    )
