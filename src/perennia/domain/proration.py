"""Parts of periods and what they cost: exact fractions of days, rounded once at the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.calendar import Series, days_between, slot_at
from perennia.domain.discounts import Discount, after_percents
from perennia.domain.facts import Settled, Version
from perennia.domain.money import round_ratio
from perennia.domain.pricing import period_amount
from perennia.domain.tax import credited_tax


@dataclass(frozen=True, slots=True)
class Part:
    """The stretch of a slot that one item version covers: `days` of the slot's `whole` local days."""

    start: datetime
    end: datetime
    days: int
    whole: int

    @property
    def is_whole(self) -> bool:
        return self.days == self.whole


def next_part(*, series: Series, start: datetime, ends: datetime | None, prorate_last: bool = True) -> Part:
    """The part that begins at `start`: up to the slot's end, or to where the version ends inside it.

    A known end that is not prorated (`known_last_part` full) leaves the last part its whole slot.
    """
    slot = slot_at(series, start)
    cut = ends is not None and ends < slot.end
    if start == slot.start and not (cut and prorate_last):
        return Part(start, slot.end, 1, 1)
    end = ends if cut and prorate_last and ends is not None else slot.end
    whole = days_between(slot.start, slot.end, series.zone)
    if whole == 0:
        return Part(start, end, 1, 1)
    return Part(start, end, days_between(start, end, series.zone), whole)


def charge(version: Version, part: Part, discounts: Sequence[Discount]) -> tuple[int, int]:
    """(list amount, amount after percent discounts) of a part in minor units, each rounded once."""
    numerator, denominator = period_amount(version.price, version.quantity)
    if part.days != part.whole:
        numerator, denominator = numerator * part.days, denominator * part.whole
    listed = round_ratio(numerator, denominator)
    if not discounts:
        return listed, listed
    return listed, round_ratio(*after_percents((numerator, denominator), discounts))


@dataclass(frozen=True, slots=True)
class Credit:
    """What a line gives back, minor units above zero, with the days it was worked out from."""

    net_minor: int
    tax_minor: int
    removed: int
    whole: int


def credit(settled: Settled, *, new_end: datetime, zone: str) -> Credit:
    """The credit when a settled part shall end at `new_end`: cumulative, in proportion to what was charged.

    Net credited so far = round(line net x days removed / days of the line); tax follows the net by the
    rate of the line it credits, so that credits in thirds of a line give parts that add up.
    """
    whole = days_between(settled.start, settled.line_end, zone)
    removed = days_between(new_end, settled.line_end, zone)
    if whole == 0:  # within one local day nothing is divided
        whole = removed = 1
    net = round_ratio(settled.line_net * removed, whole)
    if settled.line_net:
        tax = credited_tax(line_net=settled.line_net, line_tax=settled.line_tax, credited_net=net)
    else:  # all of an inclusive minor unit may be tax
        tax = round_ratio(settled.line_tax * removed, whole)
    return Credit(net - settled.credited_net, tax - settled.credited_tax, removed, whole)
