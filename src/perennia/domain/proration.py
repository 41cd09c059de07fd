"""Parts of periods and what they cost: exact fractions, rounded once at the line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from perennia.domain.calendar import Series, days_in, slot_at
from perennia.domain.facts import Pause, Settled, Version
from perennia.domain.fractions import Measure, fraction, measure, removed_fraction
from perennia.domain.lengthened import Lengthened
from perennia.domain.money import ROUNDINGS
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import amount_under
from perennia.domain.tax import credited_tax
from perennia.domain.values import quick

_SECOND = timedelta(seconds=1)


@quick
@dataclass(frozen=True, slots=True)
class Part:
    """The stretch of a slot that one item version covers: the share `part` of `whole`, counted in `measure`."""

    start: datetime
    end: datetime
    part: int
    whole: int
    measure: Measure = Measure.DAY

    @property
    def is_whole(self) -> bool:
        return self.part == self.whole


def next_part(
    *, series: Series, start: datetime, ends: datetime | None, prorate_last: bool = True, full: bool = False,
    policies: Policies = DEFAULTS,
) -> Part:  # fmt: skip
    """The part that begins at `start`: up to the slot's end, or to where the version ends inside it.

    A known end that is not prorated (`known_last_part` full) leaves the last part its whole slot. `full` charges
    a part that begins inside its slot like a whole one.
    """
    slot = slot_at(series, start)
    cut = ends is not None and ends < slot.end and prorate_last
    end = ends if cut and ends is not None else slot.end
    if (start == slot.start and not cut) or (full and not cut):
        return Part(start, end, 1, 1)
    counted = measure(interval=series.interval, unit=policies.proration_unit, factor=policies.factor)
    return Part(start, end, *_share(series, start, end, policies), counted)


def part_of_longer(
    longer: Lengthened, *, series: Series, start: datetime, ends: datetime | None, policies: Policies = DEFAULTS
) -> Part:
    """The part from `start` on of a period that pauses made longer: the share of that period as its boundaries had it."""
    end = longer.end if ends is None else min(ends, longer.end)
    counted = measure(interval=series.interval, unit=policies.proration_unit, factor=policies.factor)
    low, high = longer.by_boundaries(start), longer.by_boundaries(end)
    return Part(start, end, *_share(series, low, high, policies), counted)


def _share(series: Series, start: datetime, end: datetime, policies: Policies) -> tuple[int, int]:
    if policies.proration_unit == "day" and policies.denominator == "natural" and policies.factor == "exact":
        slot = slot_at(series, start)
        whole = days_in(series, slot.start, slot.end)
        return (days_in(series, start, end), whole) if whole else (1, 1)
    return fraction(
        series=series, start=start, end=end, unit=policies.proration_unit, denominator=policies.denominator,
        factor=policies.factor,
    )  # fmt: skip


def charge(version: Version, part: Part, policies: Policies = DEFAULTS) -> tuple[int, int]:
    """What a part costs before discounts in minor units, as an exact ratio (numerator, denominator > 0)."""
    numerator, denominator = amount_under(version.price, version.quantity, policies)
    if part.part != part.whole:
        numerator, denominator = numerator * part.part, denominator * part.whole
    return numerator, denominator


@dataclass(frozen=True, slots=True)
class Credit:
    """What a line gives back, minor units above zero, with the share it was worked out from.

    `removed` of the `whole` that is still settled, counted in `measure`, is without use by now; `base` is what of the
    line is left for it. `limit` is what was left to give back, where the share of a list price comes to more.
    """

    net_minor: int
    tax_minor: int
    removed: int
    whole: int
    base: int
    limit: int | None = None
    measure: Measure = Measure.DAY
    rounding: str = "half_away"


def credit(
    settled: Settled, *, new_end: datetime, series: Series, policies: Policies = DEFAULTS,
    pauses: Sequence[Pause] = (), resumed: datetime | None = None,
) -> Credit:  # fmt: skip
    """The credit when a settled part shall end at `new_end`: a share of what is left of what was charged.

    What is left is the line's net less everything given back so far, for time or for other reasons, and it is there
    for the stretch that is still settled (`credit_basis` charged); under `list` the share is of the list price, and
    no more than what is left is given. Tax follows the net by the rate of the line it credits, cumulatively, so that
    credits in thirds add up. With `resumed` only the stretch from `new_end` until then is given back, and the part
    goes on behind it.
    """
    removed, whole, counted = _removed(settled, new_end, series, policies, pauses, resumed)
    left = settled.line_net - settled.credited_net - settled.adjusted_net
    base, rounded = left, ROUNDINGS[policies.rounding_mode]
    if policies.credit_basis == "list":
        line = _length_of_line(settled, series, policies, whole)
        base = rounded((settled.line_net + settled.line_discount) * whole, line)
    share = rounded(base * removed, whole)
    net = max(0, min(share, left)) if left >= 0 else min(0, max(share, left))
    limit, tax = None if net == share else net, _tax(settled, net, removed, whole, rounded)
    return Credit(net, tax, removed, whole, base, limit, counted, policies.rounding_mode)


def _tax(settled: Settled, net: int, removed: int, whole: int, rounded: Callable[[int, int], int]) -> int:
    before = settled.credited_tax + settled.adjusted_tax
    if settled.line_net:
        line_net, given = settled.line_net, settled.credited_net + settled.adjusted_net + net
        return credited_tax(line_net=line_net, line_tax=settled.line_tax, credited_net=given, rounded=rounded) - before
    left = settled.line_tax - settled.adjusted_tax
    return rounded(left * removed, whole) - settled.credited_tax  # all of an inclusive minor unit may be tax


def _length_of_line(settled: Settled, series: Series, policies: Policies, otherwise: int) -> int:
    """The length of the line's own period, in the unit of `otherwise`, which stands in for none."""
    if not _is_plain(policies):
        return otherwise
    return _count(series, policies)[1](settled.start, settled.line_end) or otherwise


def _removed(
    settled: Settled, new_end: datetime, series: Series, policies: Policies, pauses: Sequence[Pause],
    resumed: datetime | None,
) -> tuple[int, int, Measure]:  # fmt: skip
    """How much of the stretch still settled is without use once the part ends at `new_end`, of how much, in what.

    One share of a period over another, or, where days are counted one by one, a count over a count.
    """
    if resumed is None and not pauses and not _is_plain(policies):
        removed, whole = removed_fraction(
            series=series, start=settled.start, end=settled.end, new_end=new_end, unit=policies.proration_unit,
            denominator=policies.denominator, factor=policies.factor,
        )  # fmt: skip
        return removed, whole, Measure.SHARE
    counted, length = _count(series, policies)
    whole = length(settled.start, settled.end) - _unused(settled.start, settled.end, pauses, length)
    if whole <= 0:  # within one local day nothing is divided
        return 1, 1, counted
    if resumed is not None:
        return length(new_end, resumed), whole, counted
    return length(new_end, settled.end) - _unused(new_end, settled.end, pauses, length), whole, counted


def _is_plain(policies: Policies) -> bool:
    natural = policies.denominator == "natural"
    return natural and policies.proration_unit in ("day", "second") and policies.factor == "exact"


Length = Callable[[datetime, datetime], int]


def _count(series: Series, policies: Policies) -> tuple[Measure, Length]:
    """What the length of a stretch is counted in, and its count: whole seconds, or local days."""
    if policies.proration_unit == "second":
        return Measure.SECOND, lambda start, end: max((end - start) // _SECOND, 0)
    return Measure.DAY, lambda start, end: days_in(series, start, end)


def _unused(start: datetime, end: datetime, pauses: Sequence[Pause], length: Length) -> int:
    """How much of [start, end) lay in pauses that were not counted as used."""
    total = 0
    for pause in pauses:
        if pause.is_over and pause.ends_at is not None and pause.policies.pause_rest in ("kept", "credited"):
            begins, over = max(pause.starts_at, start), min(pause.ends_at, end)
            if begins < over:
                total += length(begins, over)
    return total
