"""A scenario that has been read: frozen values, in the words of the file. What they are worth is for the rules to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from perennia.cli.scenario.tree import Unreadable
from perennia.domain.calendar import Interval
from perennia.domain.schemes import Scheme

Of = Literal["nobody", "customer", "new_subscription", "subscription"]
"""Whom a verb is done to."""

FIRST_DAY = date(1900, 1, 1)
_WAITS = frozenset({"draft_hours", "arrears_close"})


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax rate in percent from one day up to another."""

    country: str
    tax_class: str
    percent: Decimal
    valid_from: date = FIRST_DAY
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A price, amounts in currency units. `more` are the arguments of `catalog.create_price` that only some have."""

    code: str
    currency: str
    amount: Decimal | None
    interval: Interval
    model: str
    timing: str | None
    tax_inclusive: bool
    tax_class: str
    scheme: Scheme | None
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sold:
    """A plan or an add-on with its prices."""

    code: str
    name: str
    product: str
    is_plan: bool
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product that says something of itself; others are made with the first plan that names them."""

    code: str
    name: str
    one_per_customer: bool


@dataclass(frozen=True, slots=True)
class Coupon:
    """Percent or amount (currency units) off for so many periods, None for ever; `more` are its limits."""

    code: str
    percent: Decimal | None
    amount: Decimal | None
    currency: str
    periods: int | None
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Meter:
    """What usage is counted into; `aggregation` in the words of the rules."""

    code: str
    name: str
    aggregation: str
    negative: bool


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the timeline: who does what when. `given` are the verb's own arguments, read.

    Customer and subscription are as they were written: who is meant where they are left out shows when it is played.
    """

    at: datetime
    verb: str
    of: Of
    customer: str | None
    subscription: str | None
    policy: Mapping[str, Any]
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unread:
    """An entry that has no meaning; `at` where that much of it has one, and the customer it would have made.

    `told_at` is told in its refusal: also a time that no clock may reach.
    """

    at: datetime | None
    told_at: datetime | None
    error: Unreadable
    creates: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A whole scenario."""

    name: str
    policy: Mapping[str, Any]
    zone: str
    currency: str
    country: str
    taxes: Sequence[Rate]
    tax_inclusive: bool
    products: Sequence[Product]
    sold: Sequence[Sold]
    coupons: Sequence[Coupon]
    meters: Sequence[Meter]
    timeline: Sequence[Act | Unread]

    @property
    def may_draft(self) -> bool:
        """Whether anything of it can fall due and wait as a draft."""
        stated = [self.policy, *(act.policy for act in self.acts)]
        stated += [price.more.get("policy") or {} for price in self.prices]
        return any(not _WAITS.isdisjoint(policy) for policy in stated)

    @property
    def acts(self) -> list[Act]:
        """The entries that could be read."""
        return [entry for entry in self.timeline if isinstance(entry, Act)]

    @property
    def prices(self) -> list[Price]:
        """All prices of the catalogue."""
        return [price for good in self.sold for price in good.prices]
