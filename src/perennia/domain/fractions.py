"""What share of a period a part of it is, by the policies on which the field's systems disagree.

A share is an exact ratio (numerator, denominator), nothing is rounded here but by the policy `factor`. The part is
measured in the policy's unit (local days, seconds, or days of months of thirty), the whole by its denominator. A
part that is its whole slot is always 1; no share is below 0 or above 1, and no period of no length divides anything.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from perennia.domain.calendar import (
    Interval,
    Series,
    Unit,
    add,
    anchor_at,
    day_in,
    days_in,
    instant,
    next_month,
    slot_at,
)

WHOLE = (1, 1)
_SCALE9 = 10**9
_DAY_S = 86_400
_NOMINAL_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Measure(StrEnum):
    """What the two numbers of a share count."""

    DAY = "day"
    SECOND = "second"
    DAY30 = "day30"
    """Days, with every month taken for thirty."""
    SHARE = "share"
    """Nothing by themselves: a share that was rounded, or reduced."""


def measure(*, interval: Interval, unit: str, factor: str) -> Measure:
    """What a share by the policies `proration_unit` and `factor` counts in a series of that interval."""
    if factor == "scale9":
        return Measure.SHARE
    if unit == "month30" and _months(interval):
        return Measure.DAY30
    return Measure.SECOND if unit == "second" else Measure.DAY


def fraction(
    *,
    series: Series,
    start: datetime,
    end: datetime,
    unit: str = "day",
    denominator: str = "natural",
    factor: str = "exact",
    less: int = 0,
) -> tuple[int, int]:
    """The share that [start, end) is of the slot of `series` in which `start` lies: (numerator, denominator).

    `unit` is the policy `proration_unit`. `day`: local dates, whatever their hours. `second`: real seconds, so the night
    on which clocks go forward has fewer. `month30`: days minus (last day of the start's month - 30), over 30 for
    each month of the interval; in an interval of several months every month left behind counts as thirty. An
    interval of days or weeks has no months and is counted in days.

    `denominator` says what the whole is. `natural`: the slot, boundary to boundary counted from the anchor.
    `natural_clamped`: one interval back from the slot's end, which a short month may have clamped. `running`: one
    interval on from the part's own start, wherever in the slot it lies, so that a credit and the charge that takes
    its place are measured alike. `nominal`: 30 days a month, 365 a year.

    `factor` `scale9` rounds the share half up to 9 places. `less` is taken off the part (paused days, or seconds).
    """
    slot = slot_at(series, start)
    if start == slot.start and end == slot.end and not less:
        return WHOLE
    part, whole = _measured(series, slot.start, slot.end, start, end, unit, denominator)
    if whole == 0:
        return WHOLE
    part = max(part - less, 0)
    if part >= whole:
        return WHOLE
    return (part, whole) if factor == "exact" else _scaled(part, whole)


def removed_fraction(
    *,
    series: Series,
    start: datetime,
    end: datetime,
    new_end: datetime,
    unit: str = "day",
    denominator: str = "natural",
    factor: str = "exact",
    less: int = 0,
) -> tuple[int, int]:
    """The share of what was charged for [start, end) that goes back when the part ends at `new_end`.

    The share of the rest [new_end, end), measured like a charge for it, over the share that was charged; rounded once
    by `factor`. All of it where nothing is left, none where nothing goes, and all of a line of no length. `less` is
    what a pause took off the whole line.
    """
    if new_end <= start:
        return WHOLE
    if new_end >= end:
        return (0, 1)
    if denominator == "natural" and unit != "month30":
        removed, charged = _length(series, new_end, end, unit), _length(series, start, end, unit) - less
    else:
        removed, charged = _shares(series, start, end, new_end, unit, denominator, less)
    if charged <= 0 or removed >= charged:
        return WHOLE
    return (removed, charged) if factor == "exact" else _scaled(removed, charged)


def _shares(
    series: Series, start: datetime, end: datetime, new_end: datetime, unit: str, denominator: str, less: int
) -> tuple[int, int]:
    """The share of the rest and the share of the line, over one common denominator."""
    line = fraction(series=series, start=start, end=end, unit=unit, denominator=denominator, less=less)
    rest = fraction(series=series, start=new_end, end=end, unit=unit, denominator=denominator)
    if line[1] == rest[1]:
        return rest[0], line[0]
    return rest[0] * line[1], line[0] * rest[1]


def _scaled(part: int, whole: int) -> tuple[int, int]:
    return (2 * part * _SCALE9 + whole) // (2 * whole), _SCALE9


@lru_cache(maxsize=65536)
def _measured(
    series: Series,
    slot_start: datetime,
    slot_end: datetime,
    start: datetime,
    end: datetime,
    unit: str,
    denominator: str,
) -> tuple[int, int]:
    """The part and the whole it is measured against, in days or seconds."""
    months = _months(series.interval)
    if unit == "month30" and months:
        return _thirties(day_in(series, start), day_in(series, end)), 30 * months
    part = _length(series, start, end, unit)
    if denominator == "nominal":
        days = _NOMINAL_DAYS[series.interval.unit] * series.interval.count
        return part, days * _DAY_S if unit == "second" else days
    if denominator == "natural_clamped":
        return part, _length(series, _shifted(series, slot_end, -1), slot_end, unit)
    if denominator == "running":
        return part, _length(series, start, _shifted(series, start, 1), unit)
    return part, _length(series, slot_start, slot_end, unit)


def _length(series: Series, start: datetime, end: datetime, unit: str) -> int:
    if unit == "second":
        return (end - _EPOCH) // _SECOND - (start - _EPOCH) // _SECOND
    return days_in(series, start, end)


def _shifted(series: Series, at: datetime, n: int) -> datetime:
    """An instant moved by n intervals of local time."""
    return instant(add(anchor_at(at, series.zone), series.interval, n), series.zone)


def _months(interval: Interval) -> int:
    """The months of an interval; 0 for one of days or weeks."""
    if interval.unit is Unit.MONTH:
        return interval.count
    return 12 * interval.count if interval.unit is Unit.YEAR else 0


def _thirties(start: date, end: date) -> int:
    """Days between two local dates in months of thirty days."""
    days = (end - start).days
    if not days:
        return 0
    month, last = start.replace(day=1), end.replace(day=1)
    while True:
        following = next_month(month)
        days -= (following - month).days - 30
        month = following
        if month >= last:
            return days
