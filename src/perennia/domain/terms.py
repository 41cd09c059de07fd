"""What can be agreed on: how many of a price, and amounts that together can be invoiced."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from perennia.domain.drafting import LARGEST_TOTAL_MINOR
from perennia.domain.errors import InvalidValue, PriceNotSold
from perennia.domain.money import decimal_text, round_ratio
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import (
    Model,
    Price,
    adjustment_price,
    amount_under,
    check_quantity,
    check_unit_amount,
    in_minor_units,
    period_amount,
)

Terms = tuple[Price, Decimal]
"""A price, at the subscriber's own amount where there is one, and how many of it."""


def check_how_many(price: Price, quantity: Decimal) -> Decimal:
    """The quantity itself, if so many of `price` can be sold. Raises InvalidValue, QuantityAboveTiers."""
    if check_quantity(quantity) != 1 and price.model is Model.FLAT:
        reason = "a flat price is sold once; use a price of model per_unit"
        raise InvalidValue(field="quantity", value=str(quantity), reason=reason)
    if price.meter_id is not None and quantity != 1:
        reason = "a metered price is sold once; how many of it is what was used"
        raise InvalidValue(field="quantity", value=str(quantity), reason=reason)
    if (Fraction(quantity) * 10**price.scale).denominator != 1:
        reason = f"this price has at most {price.scale} decimals in a quantity"
        raise InvalidValue(field="quantity", value=str(quantity), reason=reason)
    if price.scheme is not None and price.meter_id is None:
        period_amount(price, quantity)
    return quantity


def check_on_sale(*, price: str, at: datetime, sold_from: datetime | None, sold_until: datetime | None) -> None:
    """That a price can be taken at `at`; who has it keeps it. Raises PriceNotSold."""
    if (sold_from is not None and at < sold_from) or (sold_until is not None and at >= sold_until):
        since = "its beginning" if sold_from is None else sold_from.isoformat()
        until = "further notice" if sold_until is None else sold_until.isoformat()
        raise PriceNotSold(price=price, at=at.isoformat(), sold_from=since, sold_until=until)


def check_period_amounts(
    items: Sequence[Terms], *, adjustment: Decimal = Decimal(0), policies: Policies = DEFAULTS
) -> None:
    """That one period of the plan, the first of `items`, of its add-ons and the adjustment can be invoiced.

    Raises InvalidValue where they are above what a document holds (field `items`), or where what is charged
    period by period of the plan comes to less than zero (field `adjustment`, or `items` without one): that would
    be a credit note each time, for ever. An add-on with another interval does not count there, since it stands on
    other documents.
    What a meter will count is not known yet.
    """
    plan = items[0][0]
    amounts = [(price, _minor(price, quantity, policies)) for price, quantity in items]
    if check_unit_amount(adjustment):
        own = adjustment_price(plan, adjustment)
        amounts.append((own, _minor(own, Decimal(1), policies)))
    whole = sum(abs(minor) + _beside(price) for price, minor in amounts)
    if whole > LARGEST_TOTAL_MINOR:
        largest = decimal_text(LARGEST_TOTAL_MINOR, plan.currency)
        raise InvalidValue(
            field="items", value=whole,
            reason=f"one period comes to {decimal_text(whole, plan.currency)}; no document is above {largest}",
        )  # fmt: skip
    together = sum(minor for price, minor in amounts if price.interval == plan.interval)
    if together < 0:
        comes_to = decimal_text(together, plan.currency)
        if not adjustment:
            raise InvalidValue(field="items", value=comes_to, reason="a period comes to less than 0")
        raise InvalidValue(
            field="adjustment", value=str(adjustment),
            reason=f"with it the plan and its add-ons come to {comes_to} a period",
        )  # fmt: skip


def _minor(price: Price, quantity: Decimal, policies: Policies) -> int:
    return 0 if price.meter_id is not None else round_ratio(*amount_under(price, quantity, policies))


def _beside(price: Price) -> int:
    """What may stand on the same document: the set-up fee, and all of a minimum."""
    return sum(
        in_minor_units(amount, price.currency)
        for amount in (price.setup_fee, price.period_minimum)
        if amount is not None
    )
