"""`allocate`, `discount`, `round` and `tax`: what is done with amounts of one currency."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from perennia.cli.rule.given import Given, flag, listed, number, numbers
from perennia.domain.discounts import Charged, Discount, after_discounts
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS, decimal_text, exponent, minor_units, step_minor, to_step
from perennia.domain.money import allocate as split
from perennia.domain.tax import TaxRate, tax_on

_AMOUNTS = ("amounts", "amount", "lines")
_PERCENTS = ("percents", "percent", "percent_off", "percents_off")
_AMOUNTS_OFF = ("amount_off", "amounts_off")


def allocate(given: Given) -> dict[str, Any]:
    """A total split in proportion to weights, so that the parts add up."""
    currency = given.currency()
    total = minor_units(number("total", given.need("total", "amount")), currency)
    weights = numbers("weights", given.need("weights", "shares", "ratios"))
    given.done()
    return {"parts": _texts(split(total, _integers(weights)), currency), "total": decimal_text(total, currency)}


def _integers(weights: Sequence[Decimal]) -> list[int]:
    """The same weights without decimals."""
    places = max((-int(weight.as_tuple().exponent) for weight in weights), default=0)
    return [int(weight.scaleb(max(places, 0))) for weight in weights]


def round_amount(given: Given) -> dict[str, Any]:
    """An amount in whole minor units, or in whole steps of them."""
    currency = given.currency()
    policies = given.policies(rounding_mode=("mode", "rounding"), cash_step=("step",))
    amount = given.take("amount", "value")
    if amount is None:
        numerator, denominator = _ratio(given)
    else:
        numerator, denominator = number("amount", amount).as_integer_ratio()
    given.done()
    rounded = ROUNDINGS[policies.rounding_mode]
    minor = rounded(numerator * 10 ** exponent(currency), denominator)
    if policies.cash_step is not None:
        minor = to_step(minor, step=step_minor(policies.cash_step, currency), rounding=rounded)
    return {"amount": decimal_text(minor, currency), "currency": currency}


def _ratio(given: Given) -> tuple[int, int]:
    """numerator / denominator, of any two decimals, as two integers."""
    upper = number("numerator", given.need("amount", "numerator")).as_integer_ratio()
    lower = number("denominator", given.need("denominator")).as_integer_ratio()
    if lower[0] <= 0:
        raise InvalidValue(field="denominator", value=lower[0], reason="above 0")
    return upper[0] * lower[1], upper[1] * lower[0]


def discount(given: Given) -> dict[str, Any]:
    """What percents and amounts off leave of the lines of one document, each on what is left, together never below 0."""
    currency = given.currency()
    amounts = _minor("amounts", given.need(*_AMOUNTS), currency)
    policies = given.policies(coupon_order=("order",))
    discounts = _discounts(given, currency)
    given.done()
    after = _after(amounts, discounts, policies.coupon_order)
    off = [amount - left for amount, left in zip(amounts, after, strict=True)]
    return {
        "amounts": _texts(after, currency),
        "discounts": _texts(off, currency),
        "discount": decimal_text(sum(off), currency),
        "total": decimal_text(sum(after), currency),
    }


def _after(amounts: Sequence[int], discounts: Sequence[Discount], order: str) -> list[int]:
    lines = [Charged(Fraction(amount), discounts) for amount in amounts]
    return [line.minor for line in after_discounts(lines, order=order)]


def _discounts(given: Given, currency: str) -> list[Discount]:
    """In the order in which they were written: `percents` and `amount_off`, or a list of both in `discounts`."""
    found: list[Discount] = []
    for name in [name for name in given.names if name in (*_PERCENTS, *_AMOUNTS_OFF)]:
        for value in listed(name, given.take(name)):
            found.append(_off(len(found), name, value, currency))
    for one in listed("discounts", given.take("discounts") or []):
        if not isinstance(one, dict) or len(one) != 1:
            raise InvalidValue(field="discounts", value=one, reason="a list of objects with percent or amount_off")
        of = Given("discounts", one)
        value = of.take(*_PERCENTS, *_AMOUNTS_OFF)
        of.done()
        found.extend(_off(len(found), name, value, currency) for name in of.names)
    return found


def _off(place: int, name: str, value: Any, currency: str) -> Discount:
    identity = Id(place.to_bytes(16, "big"))
    if name in _PERCENTS:
        return Discount(identity, percent=number("percents", value))
    return Discount(identity, amount_minor=minor_units(number("amount_off", value), currency))


def tax(given: Given) -> dict[str, Any]:
    """The tax of each amount at one rate: exclusive amounts are net, inclusive ones hold it already."""
    currency = given.currency()
    amounts = _minor("amounts", given.need(*_AMOUNTS), currency)
    percent = number("percent", given.need("percent", "rate", "tax_percent"))
    inclusive = given.take("inclusive", "tax_inclusive")
    holds_tax = False if inclusive is None else flag("inclusive", inclusive)
    policies = given.policies(tax_rounding=("rounding",))
    given.done()
    TaxRate("", "", percent, date.min)
    if policies.tax_rounding == "line":
        taxes = [tax_on([amount], percent=percent, inclusive=holds_tax)[0] for amount in amounts]
    else:
        taxes = tax_on(amounts, percent=percent, inclusive=holds_tax)
    nets = [amount - part if holds_tax else amount for amount, part in zip(amounts, taxes, strict=True)]
    return {
        "taxes": _texts(taxes, currency),
        "nets": _texts(nets, currency),
        "net": decimal_text(sum(nets), currency),
        "tax": decimal_text(sum(taxes), currency),
        "total": decimal_text(sum(nets) + sum(taxes), currency),
    }


def _texts(minor: Sequence[int], currency: str) -> list[str]:
    return [decimal_text(one, currency) for one in minor]


def _minor(field: str, value: Any, currency: str) -> list[int]:
    return [minor_units(number(field, one), currency) for one in listed(field, value)]
