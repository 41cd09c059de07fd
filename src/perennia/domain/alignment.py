"""Where the periods of an item are anchored, by the policy `alignment`, and where a moved billing day puts them.

An anchor is a local time that keeps the wished day of the month, so that 31 comes back after February; the first
period is the stretch from the item's start to the first boundary after it, before, at or behind the anchor.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from perennia.domain.calendar import Interval, Series, Unit, add, boundary, instant, local_date, local_time, slot_at
from perennia.domain.errors import InvalidValue

_MONTHS_OF = {Unit.MONTH: 1, Unit.YEAR: 12}
_LAST_DAY = 31
_FAR_ENOUGH = 48
"""Intervals to look back for a month with the wished day; every length of month, a leap year too, comes by within them."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An item's series after its billing day moved, and the instant from which its slots replace the old ones."""

    series: Series
    holds_from: datetime


@lru_cache(maxsize=65536)
def anchor_for(
    *,
    alignment: str,
    start: date,
    zone: str,
    interval: Interval,
    customer_day: int | None = None,
    base: Series | None = None,
) -> datetime:
    """The anchor (local time in `zone`) of the series of an item that begins at `start`.

    `start` is a local date, or a local time where periods begin at a time of day; `calendar` begins at midnight.

    `anniversary`: the start itself. `calendar`: the 1st of the month, of the quarter, half year or other even part of
    a year, of the start's year for whole years; Monday for weeks; an interval that fits none (5 months: the 1st of the
    start's month; days: the start). `billing_day(n)` and `customer_day`: the next such day on or after the start is a
    boundary, clamped to the month's end, and later ones follow at the interval from there, as Stripe
    (`billing_cycle_anchor_config`) and Kill Bill (bill cycle day) have it, also where the interval is several months
    or years; days and weeks have no day of the month and begin at the start, and so does a customer without a
    common day. `base`: counted from the base's anchor in the item's own interval, so that equal intervals share every
    boundary and a yearly add-on falls on a yearly count of a monthly base; without a base, the start.
    """
    local = start if isinstance(start, datetime) else datetime.combine(start, time())
    if alignment == "calendar":
        return _calendar(local.date(), interval) or local
    if alignment == "base" and base is not None:
        return _from_base(zone, base)
    day = customer_day if alignment == "customer_day" else _billing_day(alignment)
    if day is None or interval.unit not in _MONTHS_OF:
        return local
    return _on_day(local, check_billing_day(day), interval)


def check_billing_day(day: int) -> int:
    """The day itself, if it can be one of a month. Raises InvalidValue."""
    if not 1 <= day <= _LAST_DAY:
        raise InvalidValue(field="billing_day", value=day, reason="a day of the month is from 1 to 31")
    return day


def moved(
    *, series: Series, day: int, now: datetime, move: str = "charge_gap", effective: str = "next_boundary"
) -> Moved:
    """The series of an item whose billing day becomes `day` of the month, and from when it holds.

    `effective`: `now`, or `next_boundary`, the first boundary of `series` after `now`. By the policy `billing_day_move`
    (`move`) the new series begins

    - `charge_gap`, `free_gap`: then; up to its first boundary runs a part of a slot, the gap, charged or not;
    - `credit_surplus`, `restart`: on the first such day from then on, with a whole period; until that day the old
      series goes on, and what was charged beyond it goes back (`credit_surplus`), or ends there (`restart`).

    Periods of several months or years are counted from the first such day from then on. Raises InvalidValue where a
    period has no day of the month.
    """
    if series.interval.unit not in _MONTHS_OF:
        raise InvalidValue(field="billing_day", value=day, reason="only periods of months or years have a billing day")
    check_billing_day(day)
    begins, local = _effective(series, now, effective)
    anchor = _on_day(local, day, series.interval)
    found = Series(anchor, series.zone, series.interval)
    if move in ("credit_surplus", "restart"):
        begins = _first_boundary(found, begins)
    return Moved(found, begins)


def _effective(series: Series, now: datetime, effective: str) -> tuple[datetime, datetime]:
    """The instant of a move, and the first local time from its day (from it, in a series with a time of day) on that
    has the series' hour."""
    if effective == "next_boundary":
        n = slot_at(series, now).n + 1
        return boundary(series, n), add(series.anchor, series.interval, n)
    local = local_time(now, series.zone)
    at_hour = datetime.combine(local.date(), series.anchor.time())
    late = at_hour < local and at_hour.time() != time()
    return now, at_hour + timedelta(days=late)


def _first_boundary(series: Series, at: datetime) -> datetime:
    """The first boundary at or after `at`; in a series of midnights, or on its date: a day belongs to the change."""
    slot = slot_at(series, at)
    today = series.anchor.time() == time() and local_date(slot.start, series.zone) == local_date(at, series.zone)
    return slot.start if today or slot.start == at else slot.end


def _billing_day(alignment: str) -> int | None:
    if not alignment.startswith("billing_day("):
        return None
    return int(alignment[len("billing_day(") : -1])


def _calendar(day: date, interval: Interval) -> datetime | None:
    """The calendar period's first midnight at or before `day`; None where the calendar has no such period."""
    if interval.unit is Unit.DAY:
        return None
    if interval.unit is Unit.WEEK:
        return datetime.combine(day - timedelta(days=day.weekday()), time())
    months = _MONTHS_OF[interval.unit] * interval.count
    first = day.replace(day=1)
    if months % 12 == 0:
        first = first.replace(month=1)
    elif 12 % months == 0:
        first = first.replace(month=(day.month - 1) // months * months + 1)
    return datetime.combine(first, time())


def _on_day(start: datetime, day: int, interval: Interval) -> datetime:
    """The next wished day at or after `start`; where that month is too short for it, a local time before that has the
    day and from which it follows, clamped."""
    year, month = start.year, start.month
    if _clamped(year, month, day) < start.day:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    first = start.replace(year=year, month=month, day=_clamped(year, month, day))
    return _kept(first, day, interval, start)


def _from_base(zone: str, base: Series) -> datetime:
    """The base's anchor, as a local time of another zone where the item has one."""
    return base.anchor if base.zone == zone else local_time(instant(base.anchor, base.zone), zone)


def _kept(first: datetime, day: int, interval: Interval, start: datetime) -> datetime:
    """`first` itself where it has the wished day, else a whole number of intervals before it in a month that has it.

    Where no such month comes by (the 31st of every February), in the longest that does.
    """
    if first.day == day:
        return first
    step = _MONTHS_OF[interval.unit] * interval.count
    index = first.year * 12 + first.month - 1
    back = max(0, (index - start.year * 12 - start.month + 1) // step)
    found = None
    for n in range(back, back + _FAR_ENOUGH):
        year, month = divmod(index - n * step, 12)
        if year < 1:
            break
        candidate = first.replace(year=year, month=month + 1, day=_clamped(year, month + 1, day))
        if candidate > start:
            continue
        if candidate.day == day:
            return candidate
        if found is None or candidate.day > found.day:
            found = candidate
    return found or start


def _clamped(year: int, month: int, day: int) -> int:
    return min(day, monthrange(year, month)[1])
