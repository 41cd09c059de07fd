"""What the charges of one document come to: discounts in turn, then rounded, each line by itself or all of them once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from perennia.domain.charges import Charge
from perennia.domain.discounts import Charged, Discount, after_discounts, after_percents
from perennia.domain.documents import LineKind
from perennia.domain.facts import ItemKind
from perennia.domain.money import ROUNDINGS, apportion
from perennia.domain.values import quick

_ALONE = (LineKind.USAGE, LineKind.MINIMUM)
"""What is charged by amount, less what was charged before, is whole already."""

_OF_PERIODS = (LineKind.RECURRING, LineKind.USAGE)


@quick
@dataclass(frozen=True, slots=True)
class Amount:
    """A charge on its document, minor units: `listed` before and `minor` after discounts, in the price's own terms of tax.

    `off` is what was taken off in turn: percents, and minor units. Where the document is rounded once, `share` is the unit
    (0 or 1) that the line has of it beyond its own whole units.
    """

    minor: int
    listed: int
    off: tuple[Decimal | int, ...] = ()
    share: int | None = None


def amounts_of(charges: Sequence[Charge]) -> list[Amount]:
    """What each charge of a document comes to, by the policies `coupon_order`, `rounding_mode` and `rounding_level`.

    At the level `invoice` the exact amounts of a document, those with and those without tax in them apart, are summed,
    rounded once and shared back by largest remainder; usage, and what a minimum lacks, are rounded by themselves.
    """
    if not any(charge.discounts or charge.policies.rounding_level != "line" for charge in charges):
        return [Amount(charge.listed, charge.listed) for charge in charges]
    if any(_is_rounded_together(charge) or _has_amount_off(charge) for charge in charges):
        return _exactly(charges)
    return [_by_itself(charge) for charge in charges]


def _by_itself(charge: Charge) -> Amount:
    if not charge.discounts:
        return Amount(charge.listed, charge.listed)
    rounded = ROUNDINGS[charge.policies.rounding_mode]
    percents = tuple([discount.percent for discount in charge.discounts if discount.percent is not None])
    return Amount(rounded(*after_percents(charge.exact, charge.discounts)), charge.listed, percents)


def _has_amount_off(charge: Charge) -> bool:
    return any(discount.amount_minor is not None for discount in charge.discounts)


def _is_rounded_together(charge: Charge) -> bool:
    return charge.policies.rounding_level == "invoice" and charge.kind not in _ALONE


def _exactly(charges: Sequence[Charge]) -> list[Amount]:
    policies = next((charge.policies for charge in charges if charge.discounts), charges[0].policies)
    left = after_discounts(
        [Charged(Fraction(*charge.exact), _eligible(charge, charges)) for charge in charges],
        order=policies.coupon_order,
        rounded=ROUNDINGS[policies.rounding_mode],
    )
    found: dict[int, Amount] = {}
    together: dict[tuple[str, bool], list[int]] = {}
    for index, (charge, after) in enumerate(zip(charges, left, strict=True)):
        if _is_rounded_together(charge):
            key = charge.policies.rounding_mode, charge.version.price.tax_inclusive
            together.setdefault(key, []).append(index)
        else:
            minor = ROUNDINGS[charge.policies.rounding_mode](*after.amount.as_integer_ratio())
            found[index] = Amount(minor, charge.listed, after.steps)
    for (mode, _), indexes in together.items():
        shares = _shared([left[index].amount for index in indexes], mode)
        for index, minor in zip(indexes, shares, strict=True):
            share = minor - left[index].amount.__floor__()
            listed = Fraction(*charges[index].exact).__floor__() + share
            found[index] = Amount(minor, listed, left[index].steps, share)
    return [found[index] for index in range(len(charges))]


def _shared(amounts: Sequence[Fraction], mode: str) -> list[int]:
    """Whole minor units that add up to the rounded sum."""
    whole = 1
    for amount in amounts:
        whole *= amount.denominator
    numerators = [amount.numerator * (whole // amount.denominator) for amount in amounts]
    return apportion(ROUNDINGS[mode](sum(numerators), whole), numerators, whole)


def _eligible(charge: Charge, charges: Sequence[Charge]) -> Sequence[Discount]:
    """The discounts that touch a charge on this document.

    An amount is given once for each period of what it is for: where that is the plan, none on a document that charges no
    part of it.
    """
    discounts = charge.discounts
    if not _has_amount_off(charge):
        return discounts
    subscription = charge.subscription
    charges_plan = any(
        other.kind in _OF_PERIODS and other.item.kind is ItemKind.PLAN and other.subscription is subscription
        for other in charges
    )
    if charges_plan:
        return discounts
    plans = [
        version.price.sold for item in subscription.items if item.kind is ItemKind.PLAN for version in item.versions
    ]
    return [one for one in discounts if one.percent is not None or not any(one.covers(plan) for plan in plans)]
