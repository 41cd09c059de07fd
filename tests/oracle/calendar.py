"""Days, zones, intervals and boundaries ("Calendar")."""

import calendar as gregorian
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported

MIDNIGHT = time(0, 0)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time made an instant: in an overlap the first, in a gap the first valid instant after it."""
    found = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall(found, zone) == local:
        return found
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (low, middle) if wall(middle, zone) > local else (middle, high)
    return high


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock's time at an instant."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant(datetime.combine(day, MIDNIGHT), zone)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return wall(at, zone).date()


def moment(value: object, zone: ZoneInfo) -> datetime:
    """A date (00:00 local), a local time, or a time with an offset, as an instant."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else instant(value, zone)
    if isinstance(value, date):
        return midnight(value, zone)
    text = str(value).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return midnight(date.fromisoformat(text), zone)
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else instant(read, zone)


def shown(at: datetime | None, zone: ZoneInfo) -> str | None:
    """A local date, with the time where it is not the day's first instant."""
    if at is None or at == NEVER:
        return None
    day = local_day(at, zone)
    return day.isoformat() if at == midnight(day, zone) else wall(at, zone).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Interval:
    unit: str
    count: int

    @property
    def months(self) -> int:
        return {"month": 1, "year": 12}.get(self.unit, 0) * self.count

    @property
    def days(self) -> int:
        return {"day": 1, "week": 7}.get(self.unit, 0) * self.count

    @property
    def nominal_days(self) -> int:
        """Of the denominator `nominal`: 30 days a month, 365 a year."""
        return {"day": 1, "week": 7, "month": 30, "year": 365}[self.unit] * self.count


def interval(value: object) -> Interval:
    """`month`, `3 months`, `14 days`, or {unit, count}."""
    if isinstance(value, dict):
        unit, count = str(value["unit"]), int(str(value.get("count", 1)))
    else:
        words = str(value).split()
        count, unit = (int(words[0]), words[1]) if len(words) == 2 else (1, words[0])
    unit = unit.removesuffix("s")
    if unit == "quarter":
        unit, count = "month", 3 * count
    if unit not in ("day", "week", "month", "year"):
        raise NotSupported(f"interval {value}")
    return Interval(unit, count)


@dataclass(frozen=True)
class Anchor:
    """The date and time all boundaries of a series count from; the day is kept even where a month lacks it."""

    year: int
    month: int
    day: int
    at: time = MIDNIGHT

    @classmethod
    def of(cls, local: datetime) -> "Anchor":
        return cls(local.year, local.month, local.day, local.time())

    @classmethod
    def at_instant(cls, at: datetime, zone: ZoneInfo) -> "Anchor":
        """The day's first instant is its 00:00, also where the clock skips that."""
        local = wall(at, zone)
        return cls.of(datetime.combine(local, MIDNIGHT) if at == midnight(local.date(), zone) else local)

    def plus(self, every: Interval, n: int) -> datetime:
        """anchor + n x interval, clamped to the month's last day."""
        index = self.year * 12 + self.month - 1 + n * every.months
        year, month = index // 12, index % 12 + 1
        day = date(year, month, min(self.day, last_day(year, month)))
        return datetime.combine(day + timedelta(days=n * every.days), self.at)

    def boundary(self, every: Interval, n: int, zone: ZoneInfo) -> datetime:
        return instant(self.plus(every, n), zone)

    def slot_at(self, every: Interval, at: datetime, zone: ZoneInfo) -> int:
        """The n with boundary n <= at < boundary n + 1, found by walking."""
        n = 0
        while self.boundary(every, n, zone) > at:
            n -= 1
        while self.boundary(every, n + 1, zone) <= at:
            n += 1
        return n


def last_day(year: int, month: int) -> int:
    return gregorian.monthrange(year, month)[1]


def aligned(how: str, day: int | None, start: datetime, every: Interval) -> Anchor:
    """The anchor an alignment gives a start ("Alignment"); `start` is local."""
    if how == "anniversary" or (how == "calendar" and every.unit == "day"):
        return Anchor.of(start)
    if how == "calendar":
        if every.unit == "week" and every.count == 1:
            monday = start.date() - timedelta(days=start.weekday())
            return Anchor(monday.year, monday.month, monday.day)
        if every.months and (12 % every.months == 0):
            return Anchor(start.year, 1, 1)
    if how in ("billing_day", "customer_day") and day is not None and every.months:
        return day_from(start, day, every)
    raise NotSupported(f"alignment {how} with {every.count} {every.unit}")


def day_from(start: datetime, day: int, every: Interval) -> Anchor:
    """The first time from `start` on that the day of the month comes round.

    In a month that is too short for it the anchor is an earlier one that has the day, by whole intervals.
    """
    year, month = start.year, start.month
    if min(day, last_day(year, month)) < start.day:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    earlier = [divmod(year * 12 + month - 1 - n * every.months, 12) for n in range(12)]
    year, month = next(((y, m + 1) for y, m in earlier if last_day(y, m + 1) >= day), (year, month))
    return Anchor(year, month, day)


def measure(a: datetime, b: datetime, unit: str, zone: ZoneInfo) -> int:
    """How long it is from a to b: local days, or seconds."""
    if unit == "second":
        return int((b - a).total_seconds())
    return (local_day(b, zone) - local_day(a, zone)).days


def later(a: datetime, length: int, unit: str, zone: ZoneInfo) -> datetime:
    """The instant `length` after a."""
    if unit == "second":
        return a + timedelta(seconds=length)
    return midnight(local_day(a, zone) + timedelta(days=length), zone)
