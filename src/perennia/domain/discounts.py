"""Discounts: which are at work on a charge, what they leave of it, and how long they last."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from perennia.domain.calendar import Interval, Unit, add, instant, local_date
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import allocate, round_ratio
from perennia.domain.values import quick

Rounding = Callable[[int, int], int]
"""From an exact ratio to whole minor units."""

_MONTH = Interval(Unit.MONTH)
_A_CENTURY = 1200


@dataclass(frozen=True, slots=True)
class Discount:
    """A coupon at work on one subscription: percent or amount off, for so many more renewal periods.

    `amount_minor` is per document. `periods_left` is None for one that never ends; `periods` is how many it
    was given for, so that a `once` coupon can be told from the last period of a longer one. `scope` are the
    plans and products it is limited to, empty for none. `since` is when it was attached, `from_start` together with its
    subscription; `ended_at` is when it was at work no more. `redemption_id` is shared by what one redemption gave
    several subscriptions of a customer.
    """

    id: Id
    percent: Decimal | None = None
    amount_minor: int | None = None
    periods: int | None = None
    periods_left: int | None = None
    scope: frozenset[Id] = frozenset()
    since: datetime | None = None
    redemption_id: Id | None = None
    from_start: bool = False
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.amount_minor is None):
            raise InvalidValue(
                field="coupon", value=str(self.percent), reason="a coupon takes off a percent or an amount"
            )
        if self.percent is not None and not (self.percent.is_finite() and 0 < self.percent <= 100):
            raise InvalidValue(field="percent_off", value=str(self.percent), reason="above 0, up to 100")
        if self.amount_minor is not None and self.amount_minor <= 0:
            raise InvalidValue(field="amount_off", value=self.amount_minor, reason="above 0")

    @property
    def lasting(self) -> bool:
        """Counts in recurring revenue: given for more than one period."""
        return self.periods != 1

    @property
    def used_up(self) -> bool:
        return self.periods_left == 0

    @property
    def counted_as(self) -> Id:
        """What makes it one on a document: its redemption, also where several subscriptions have it."""
        return self.redemption_id or self.id

    def was_at_work(self, at: datetime, *, zone: str, at_end: bool) -> bool:
        """Whether it was on the local day of an instant; at the very end only for what was charged `at_end` of its time."""
        if not self.from_start and self.since is not None and local_date(self.since, zone) > local_date(at, zone):
            return False
        return self.ended_at is None or at < self.ended_at or (at_end and at == self.ended_at)

    def covers(self, sold: Collection[Id]) -> bool:
        """Whether what was sold, a plan or add-on and its product, is within what it is limited to."""
        return not self.scope or not self.scope.isdisjoint(sold)


def after_percents(amount: tuple[int, int], discounts: Sequence[Discount]) -> tuple[int, int]:
    """An exact amount (numerator, denominator) after every percent in turn; still exact."""
    numerator, denominator = amount
    for discount in discounts:
        if discount.percent is not None:
            part, whole = (100 - discount.percent).as_integer_ratio()
            numerator, denominator = numerator * part, denominator * whole * 100
    return numerator, denominator


def at_work(
    discounts: Iterable[Discount], *, sold: Collection[Id], proration: bool = False, on_prorations: str = "inherit"
) -> tuple[Discount, ...]:
    """Those of a subscription's discounts that touch a charge for `sold`, in the order they were attached.

    `on_prorations` is the policy `coupon_on_prorations`: with `none` a charge that begins inside a period has none.
    """
    if proration and on_prorations == "none":
        return ()
    return tuple([discount for discount in discounts if discount.covers(sold)])


@quick
@dataclass(frozen=True, slots=True)
class Charged:
    """A line as discounts see it: its exact amount in minor units before them, and those that touch it."""

    amount: Fraction
    discounts: Sequence[Discount] = ()


@quick
@dataclass(frozen=True, slots=True)
class Discounted:
    """What is left of a line, still exact, and how: a percent, or minor units, taken off in turn."""

    amount: Fraction
    steps: tuple[Decimal | int, ...] = ()

    @property
    def minor(self) -> int:
        return round_ratio(self.amount.numerator, self.amount.denominator)


def after_discounts(
    lines: Sequence[Charged], *, order: str = "percent_first", rounded: Rounding = round_ratio
) -> list[Discounted]:
    """The lines of one document after all their discounts, each on what is left, together never below zero.

    `order` is the policy `coupon_order`: percents before amounts, or each as it was attached. An amount comes off
    once a document, shared by the lines above zero that it touches; what they cannot take is lost. Nothing is
    rounded here but the shares, which are whole minor units of the lines as they would be `rounded`.
    """
    found = [Discounted(line.amount) for line in lines]
    for discount in _in_order(lines, order):
        touched = [
            index
            for index, line in enumerate(lines)
            if any(other.counted_as == discount.counted_as for other in line.discounts)
        ]
        if discount.percent is not None:
            for index in touched:
                found[index] = _percent_off(found[index], discount.percent)
        else:
            _amount_off(found, touched, discount.amount_minor or 0, rounded)
    return found


def _in_order(lines: Sequence[Charged], order: str) -> list[Discount]:
    """Each discount once, as attached; with `percent_first` the percents come before the amounts."""
    once: dict[Id, Discount] = {}
    for line in lines:
        for discount in line.discounts:
            once.setdefault(discount.counted_as, discount)
    discounts = list(once.values())
    if order == "percent_first":
        discounts.sort(key=lambda discount: discount.percent is None)
    return discounts


def _percent_off(line: Discounted, percent: Decimal) -> Discounted:
    return Discounted(line.amount * Fraction(100 - percent) * Fraction(1, 100), (*line.steps, percent))


def _amount_off(found: list[Discounted], touched: Sequence[int], amount_minor: int, rounded: Rounding) -> None:
    whole = [rounded(*found[index].amount.as_integer_ratio()) for index in touched]
    total = min(amount_minor, max(sum(whole), 0))
    if not total:
        return
    shares = allocate(total, [max(minor, 0) for minor in whole])
    for index, minor, share in zip(touched, whole, shares, strict=True):
        if share:
            line = found[index]
            left = line.amount - share if share < minor else Fraction(0)
            found[index] = Discounted(left, (*line.steps, share))


def consumes(*, counts: str, begins_period: bool, begins_document: bool) -> bool:
    """Whether a charge of the plan uses up one of what a discount was given for.

    `counts` is the policy `coupon_counts`: a renewal period that begins, or each invoice on which it works; months
    pass by themselves (`ends_at`).
    """
    if counts == "periods":
        return begins_period
    return counts == "invoices" and begins_document


def ends_at(discount: Discount, *, counts: str, starts: datetime, zone: str) -> datetime | None:
    """Where months are counted: 00:00 of the local date so many months after it was attached.

    One that came with its subscription counts from where that starts (`starts`). None where nothing ends by date.
    """
    if counts != "months" or discount.periods is None or discount.periods > _A_CENTURY:
        return None
    day = local_date(max(discount.since or starts, starts), zone)
    local = datetime(day.year, day.month, day.day)  # noqa: DTZ001  local, as in a series
    return instant(add(local, _MONTH, discount.periods), zone)
