"""Coupons: what one gives, whom it is for, and whether it may be redeemed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from perennia.domain.discounts import Discount
from perennia.domain.errors import (
    CouponAttached,
    CouponExpired,
    CouponForNewCustomers,
    CouponNotForThis,
    CouponNotYetValid,
    CouponUsedByCustomer,
    CurrencyMismatch,
    InvalidValue,
)
from perennia.domain.ids import Id
from perennia.domain.money import exponent

MOST = 1_000_000_000
"""The largest count: of redemptions, and of periods."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """Terms that never change once made; only its last day does.

    A percent or an amount (`amount_minor` in `currency`) off, for `periods` renewal periods, None for ever. `scope` are
    the plans and products it is limited to, empty for all. `valid_to` is the first instant at which it is refused.
    """

    id: Id
    percent: Decimal | None = None
    amount_minor: int | None = None
    currency: str | None = None
    periods: int | None = None
    scope: frozenset[Id] = frozenset()
    new_customers_only: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    max_redemptions: int | None = None
    max_per_customer: int | None = None


@dataclass(frozen=True, slots=True)
class Redeemer:
    """Who redeems, and for what: a subscription, or (without `sold` and `currency`) a customer's all.

    `redeemed` is how often the customer did before; `new` that it never had another subscription; `attached` that
    the coupon is at work there already.
    """

    redeemed: int = 0
    new: bool = True
    attached: bool = False
    currency: str | None = None
    sold: frozenset[Id] | None = None


def check_coupon(coupon: Coupon) -> Coupon:
    """The coupon itself, if its terms have a meaning. Raises InvalidValue, UnknownCurrency."""
    Discount(coupon.id, coupon.percent, coupon.amount_minor, coupon.periods, coupon.periods)
    if coupon.amount_minor is not None:
        exponent(coupon.currency or "")
        _check_count("amount_off", coupon.amount_minor, most=10**15)
    elif coupon.currency is not None:
        raise InvalidValue(field="currency", value=coupon.currency, reason="a percent has no currency")
    for field, count in (
        ("periods", coupon.periods),
        ("max_redemptions", coupon.max_redemptions),
        ("max_per_customer", coupon.max_per_customer),
    ):
        if count is not None:
            _check_count(field, count, most=MOST)
    starts, ends = coupon.valid_from, coupon.valid_to
    if starts is not None and ends is not None and ends <= starts:
        raise InvalidValue(field="coupon_end", value=ends.isoformat(), reason="after the coupon's first day")
    return coupon


def _check_count(field: str, count: int, *, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidValue(field=field, value=count, reason=f"a whole number from 1 to {most}")


def check_redemption(coupon: Coupon, redeemer: Redeemer, *, given: str, now: datetime) -> None:
    """Whether the coupon may be redeemed, but for its total count, which only the row can tell.

    `given` is the code as it was typed. Raises CouponNotYetValid, CouponExpired, CouponAttached, CouponUsedByCustomer,
    CouponForNewCustomers, CurrencyMismatch, CouponNotForThis.
    """
    if coupon.valid_from is not None and now < coupon.valid_from:
        raise CouponNotYetValid(given=given, valid_from=coupon.valid_from.isoformat())
    if coupon.valid_to is not None and now >= coupon.valid_to:
        raise CouponExpired(given=given, valid_to=coupon.valid_to.isoformat())
    if redeemer.attached:
        raise CouponAttached(given=given)
    if coupon.max_per_customer is not None and redeemer.redeemed >= coupon.max_per_customer:
        raise CouponUsedByCustomer(given=given, limit=coupon.max_per_customer)
    if coupon.new_customers_only and not redeemer.new:
        raise CouponForNewCustomers(given=given)
    if not fits_currency(coupon, redeemer.currency):
        raise CurrencyMismatch(expected=str(redeemer.currency), given=str(coupon.currency))
    if redeemer.sold is not None and coupon.scope and coupon.scope.isdisjoint(redeemer.sold):
        raise CouponNotForThis(given=given)


def fits_currency(coupon: Coupon, currency: str | None) -> bool:
    """A percent comes off any currency, an amount off its own."""
    return coupon.amount_minor is None or currency is None or coupon.currency == currency


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is read as a digit, five random bits a character."""

LENGTH = 13
"""Characters of a generated code: 65 random bits, so that among 10^9 codes a guess hits one in 3 x 10^10 times."""

LONGEST = 200
"""Characters of a code that a person chose."""


def written_code(value: bytes) -> str:
    """A code from random bytes: 13 characters of the first 65 bits, the number read from the right."""
    number = int.from_bytes(value)
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def same_code(text: str) -> str:
    """A code as it is compared: without spaces around it, in capitals. Raises InvalidValue."""
    code = text.strip().upper()
    if not code or len(code) > LONGEST or not code.isprintable():
        raise InvalidValue(field="code", value=text[:50], reason=f"1 to {LONGEST} printable characters")
    return code
