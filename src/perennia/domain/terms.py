"""What can be agreed on: how many of a price, and amounts that together can be invoiced."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from perennia.domain.drafting import LARGEST_TOTAL_MINOR
from perennia.domain.errors import InvalidValue
from perennia.domain.money import decimal_text, round_ratio
from perennia.domain.pricing import Model, Price, check_quantity, check_unit_amount, period_amount

Terms = tuple[Price, Decimal]
"""A price, at the subscriber's own amount where there is one, and how many of it."""


def check_how_many(price: Price, quantity: Decimal) -> Decimal:
    """The quantity itself, if so many of `price` can be sold. Raises InvalidValue."""
    if check_quantity(quantity) != 1 and price.model is Model.FLAT:
        reason = "a flat price is sold once; use a price of model per_unit"
        raise InvalidValue(field="quantity", value=str(quantity), reason=reason)
    return quantity


def check_period_amounts(items: Sequence[Terms], *, adjustment: Decimal = Decimal(0)) -> None:
    """That one period of the plan, the first of `items`, of its add-ons and the adjustment can be invoiced.

    Raises InvalidValue where they are above what a document holds (field `items`), or where what is charged
    period by period of the plan comes to less than zero (field `adjustment`): that would be a credit note each
    time, for ever. An add-on with another interval does not count there, since it stands on other documents.
    """
    plan = items[0][0]
    amounts = [(price, _minor(price, quantity)) for price, quantity in items]
    if check_unit_amount(adjustment):
        own = replace(plan, model=Model.FLAT, unit_amount=adjustment)
        amounts.append((own, _minor(own, Decimal(1))))
    whole = sum(abs(minor) for _, minor in amounts)
    if whole > LARGEST_TOTAL_MINOR:
        largest = decimal_text(LARGEST_TOTAL_MINOR, plan.currency)
        reason = f"one period comes to {decimal_text(whole, plan.currency)}; no document is above {largest}"
        raise InvalidValue(field="items", value=whole, reason=reason)
    together = sum(minor for price, minor in amounts if price.interval == plan.interval)
    if together < 0:
        reason = f"with it the plan and its add-ons come to {decimal_text(together, plan.currency)} a period"
        raise InvalidValue(field="adjustment", value=str(adjustment), reason=reason)


def _minor(price: Price, quantity: Decimal) -> int:
    return round_ratio(*period_amount(price, quantity))
