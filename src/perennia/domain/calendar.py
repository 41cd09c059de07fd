"""Business time: half-open periods counted from an anchor, and local times made instants through a zone.

Boundary n of a series is `anchor + n x interval`, always from the anchor and clamped to the month's last
day, so 31 January gives 28 February and 31 March. Instants are aware datetimes in UTC; local times are
naive datetimes in the series' zone.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from perennia.domain.errors import InvalidValue, UnknownZone


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_LONGEST = {Unit.DAY: 3660, Unit.WEEK: 520, Unit.MONTH: 120, Unit.YEAR: 10}


@dataclass(frozen=True, slots=True)
class Interval:
    """`count` units, at least one and about ten years at most: every month, every 14 days, every 2 years."""

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        most = _LONGEST[self.unit]
        if not 1 <= self.count <= most:
            raise InvalidValue(
                field="interval_count", value=self.count, reason=f"1 to {most} where the unit is {self.unit}"
            )

    def __str__(self) -> str:
        return self.unit if self.count == 1 else f"{self.count} {self.unit}s"


@dataclass(frozen=True, slots=True)
class Series:
    """The endless row of an item's periods: an anchor (local time), its zone, and the interval.

    `since` is an instant from which the zone holds: the boundary nearest to it is there, where the period before ended
    by the clocks of another zone.
    """

    anchor: datetime
    zone: str
    interval: Interval
    since: datetime | None = None

    def __hash__(self) -> int:
        return hash((self.anchor, self.zone))  # enough to tell series apart, and half the price in the hottest cache


@dataclass(frozen=True, slots=True)
class Slot:
    """Period number n of a series: [start, end)."""

    n: int
    start: datetime
    end: datetime


_OF_THE_MACHINE = frozenset({"localtime", "posixrules"})


@lru_cache(maxsize=1024)
def zone_info(zone: str) -> ZoneInfo:
    """The zone's rules. Raises UnknownZone, also for names that mean whatever the machine is set to."""
    if zone in _OF_THE_MACHINE:
        raise UnknownZone(zone=zone)
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise UnknownZone(zone=zone) from None


def anchor_at(at: datetime, zone: str) -> datetime:
    """The local time from which periods that begin at an instant are counted: 00:00 for the first instant of a day."""
    found = local_time(at, zone)
    return datetime.combine(found.date(), time()) if at == midnight(found.date(), zone) else found


def instant(local: datetime, zone: str) -> datetime:
    """The instant of a local time: in an overlap the first, in a gap the first valid instant after it."""
    rules = zone_info(zone)
    found = local.replace(tzinfo=rules, fold=0).astimezone(UTC)
    if found.astimezone(rules).replace(tzinfo=None) == local:
        return found
    return _end_of_gap(local, rules)


def _end_of_gap(local: datetime, rules: ZoneInfo) -> datetime:
    """The instant at which the clock jumps over `local`; the offset before the jump holds until then."""
    before = local.replace(tzinfo=rules, fold=0).utcoffset()
    after = local.replace(tzinfo=rules, fold=1).utcoffset()
    assert before is not None and after is not None
    local = local.replace(microsecond=0)  # clocks jump at whole seconds
    early, late = (local - after).replace(tzinfo=UTC), (local - before).replace(tzinfo=UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) // 2).replace(microsecond=0)
        if middle.astimezone(rules).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def local_time(at: datetime, zone: str) -> datetime:
    """The naive local time of an instant."""
    return at.astimezone(zone_info(zone)).replace(tzinfo=None)


@lru_cache(maxsize=65536)
def local_date(at: datetime, zone: str) -> date:
    """The local date of an instant."""
    return at.astimezone(zone_info(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a local date."""
    return instant(datetime(day.year, day.month, day.day), zone)


def start_of_day(at: datetime, zone: str) -> datetime:
    """The first instant of the local date on which `at` lies."""
    return midnight(local_date(at, zone), zone)


def add(local: datetime, interval: Interval, n: int) -> datetime:
    """A local time n intervals on (or back, for negative n), clamped to the month's last day."""
    steps = n * interval.count
    if interval.unit is Unit.DAY:
        return local + timedelta(days=steps)
    if interval.unit is Unit.WEEK:
        return local + timedelta(weeks=steps)
    months = local.year * 12 + local.month - 1 + (steps if interval.unit is Unit.MONTH else steps * 12)
    year, month = divmod(months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=65536)
def boundary(series: Series, n: int) -> datetime:
    """The instant at which period n begins (and period n - 1 ends)."""
    if series.since is not None and n == _first_in_zone(series, series.since):
        return series.since
    return instant(add(series.anchor, series.interval, n), series.zone)


_MOST_BETWEEN_ZONES = timedelta(hours=26)


@lru_cache(maxsize=4096)
def _first_in_zone(series: Series, since: datetime) -> int | None:
    """The number of the period that begins where the zone changed; None where no boundary lies near it any more."""
    near = _estimate(series, local_time(since, series.zone))
    plain = {n: instant(add(series.anchor, series.interval, n), series.zone) for n in range(near - 1, near + 3)}
    found = min(plain, key=lambda n: (abs(plain[n] - since), n))
    return found if abs(plain[found] - since) <= _MOST_BETWEEN_ZONES else None


def day_in(series: Series, at: datetime) -> date:
    """The local date of an instant; where the zone changed, that of the boundary which is there."""
    if series.since is not None and at == series.since:
        n = _first_in_zone(series, at)
        if n is not None:
            return add(series.anchor, series.interval, n).date()
    return local_date(at, series.zone)


@lru_cache(maxsize=65536)
def days_in(series: Series, start: datetime, end: datetime) -> int:
    """Local dates of a series from `start` to `end`; the day on which `end` falls does not count."""
    return (day_in(series, end) - day_in(series, start)).days


@lru_cache(maxsize=65536)
def slot_at(series: Series, at: datetime) -> Slot:
    """The period that holds the instant `at`."""
    n = _estimate(series, local_time(at, series.zone))
    while boundary(series, n) > at:
        n -= 1
    while boundary(series, n + 1) <= at:
        n += 1
    return Slot(n, boundary(series, n), boundary(series, n + 1))


def _estimate(series: Series, local: datetime) -> int:
    """Close to the number of the period holding `local`; at most one off."""
    anchor, interval = series.anchor, series.interval
    if interval.unit is Unit.DAY:
        return (local - anchor).days // interval.count
    if interval.unit is Unit.WEEK:
        return (local - anchor).days // (7 * interval.count)
    months = (local.year - anchor.year) * 12 + local.month - anchor.month
    return months // (interval.count if interval.unit is Unit.MONTH else 12 * interval.count)


def first_of_month(at: datetime, zone: str) -> date:
    """The first day of the month in which an instant lies."""
    return local_date(at, zone).replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after the one that begins on `month`."""
    return (month + timedelta(days=31)).replace(day=1)


@lru_cache(maxsize=65536)
def days_between(start: datetime, end: datetime, zone: str) -> int:
    """Local dates from `start` to `end`; the day on which `end` falls does not count."""
    return (local_date(end, zone) - local_date(start, zone)).days
