"""Monthly recurring revenue and its movements.

The MRR of an item version is its amount after lasting discounts, without tax, normalised to a month and
rounded half away from zero to the minor unit; that of a subscription is the sum over its items.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from perennia.domain.calendar import Interval, Unit, local_date
from perennia.domain.decision import Movement, MovementKind
from perennia.domain.discounts import Charged, Discount, after_discounts, after_percents, at_work
from perennia.domain.facts import Cause, ItemKind, Payer, Seller, Subscription, Version, policies_of
from perennia.domain.ids import Id
from perennia.domain.money import round_ratio
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import amount_under
from perennia.domain.tax import NO_TAX

_MONTHLY = {
    Unit.DAY: Fraction(365, 12),
    Unit.WEEK: Fraction(52, 12),
    Unit.MONTH: Fraction(1),
    Unit.YEAR: Fraction(1, 12),
}


def version_mrr(
    version: Version,
    *,
    discounts: Sequence[Discount] = (),
    inclusive_percent: Decimal = NO_TAX,
    policies: Policies = DEFAULTS,
) -> int:
    """Minor units a month of one item version after percent discounts; tax taken out of an inclusive price.

    What is metered recurs in no amount: 0. Nor does a set-up fee, or what a minimum adds.
    """
    amount = Fraction(*after_percents(_monthly(version, inclusive_percent, policies), discounts))
    return round_ratio(amount.numerator, amount.denominator)


def subscription_mrr(
    subscription: Subscription, *, at: datetime, seller: Seller, payer: Payer, ended: Container[Id] = ()
) -> int:
    """Minor units a month of all versions in force at an instant, whatever the subscription's state.

    `ended` names the discounts that no longer count. Tax is taken out of an inclusive price as on the payer's
    documents, but at the rate of the version's first day: a new rate is no movement, so what came in with a version
    leaves with it.
    """
    in_force = (d for d in subscription.discounts if d.lasting and d.id not in ended)
    lasting = [monthly for d in in_force if (monthly := _off_a_month(subscription, d)) is not None]
    lines = []
    for item in subscription.items:
        for version in item.versions:
            if version.starts_at <= at and (version.ends_at is None or at < version.ends_at):
                percent = NO_TAX
                if version.price.tax_inclusive:
                    percent = held_in(version, subscription, seller=seller, payer=payer)
                amount = Fraction(*_monthly(version, percent, policies_of(version, subscription)))
                lines.append(Charged(amount, at_work(lasting, sold=version.price.sold)))
    return sum(one.minor for one in after_discounts(lines, order=subscription.policies.coupon_order))


def held_in(version: Version, subscription: Subscription, *, seller: Seller, payer: Payer) -> Decimal:
    """The percent of tax that recurring revenue takes out of an inclusive price, whether it is due or stripped."""
    treatment = seller.taxes.treatment(
        home=seller.entities[subscription.entity_id].country,
        country=payer.country,
        tax_class=version.price.tax_class,
        on=local_date(version.starts_at, subscription.zone),
        status=payer.tax,
    )
    return treatment.held_in_gross(subscription.policies.gross_without_tax)


def _monthly(version: Version, inclusive_percent: Decimal, policies: Policies) -> tuple[int, int]:
    """The exact amount a month before discounts, minor units; nothing of what is metered."""
    if version.price.meter_id is not None:
        return 0, 1
    amount = Fraction(*amount_under(version.price, version.quantity, policies)) * _per_month(version.price.interval)
    if version.price.tax_inclusive:
        amount *= Fraction(100) / (100 + Fraction(inclusive_percent))  # exact
    return amount.numerator, amount.denominator


def _off_a_month(subscription: Subscription, discount: Discount) -> Discount | None:
    """An amount off each document as an amount a month, by the interval of the plan; None where that is nothing."""
    if discount.amount_minor is None:
        return discount
    plan = next((item for item in subscription.items if item.kind is ItemKind.PLAN), subscription.items[0])
    amount = discount.amount_minor * _per_month(plan.versions[-1].series.interval)
    minor = round_ratio(amount.numerator, amount.denominator)
    return replace(discount, amount_minor=minor) if minor else None


def _per_month(interval: Interval) -> Fraction:
    return _MONTHLY[interval.unit] * Fraction(1, interval.count)


def movement(
    subscription: Subscription,
    *,
    before: int,
    after: int,
    at: datetime,
    live_before: bool = True,
    live_after: bool = True,
    cause: Cause | None = None,
) -> Movement | None:
    """The movement from one MRR to another; None where nothing moved."""
    if live_after and not live_before:
        kind = MovementKind.NEW
    elif live_before and not live_after:
        kind = MovementKind.CHURN
    elif after == before:
        return None
    else:
        kind = MovementKind.EXPANSION if after > before else MovementKind.CONTRACTION
    return Movement(subscription.id, kind, subscription.currency, after - before, at, cause)
