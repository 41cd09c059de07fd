"""Periods from an anchor, and local times made instants through every kind of night."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.calendar import (
    Interval,
    Series,
    Unit,
    add,
    anchor_at,
    boundary,
    day_in,
    days_between,
    days_in,
    instant,
    local_date,
    midnight,
    slot_at,
    start_of_day,
    zone_info,
)
from perennia.domain.errors import InvalidValue, UnknownZone

ZONES = [
    "UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo",
    "Asia/Beirut", "Africa/Cairo", "America/Havana", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati",
]  # fmt: skip
LONGEST = {Unit.DAY: 400, Unit.WEEK: 60, Unit.MONTH: 36, Unit.YEAR: 5}
INTERVALS = st.sampled_from(list(Unit)).flatmap(
    lambda unit: st.builds(Interval, st.just(unit), st.integers(1, LONGEST[unit]))
)
ANCHORS = st.dates(date(1995, 1, 1), date(2040, 12, 31)).map(lambda day: datetime(day.year, day.month, day.day))
SERIES = st.builds(Series, ANCHORS, st.sampled_from(ZONES), INTERVALS)
INSTANTS = st.datetimes(datetime(1995, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))


def local_dates(anchor: str, interval: Interval, numbers: list[int]) -> list[str]:
    start = datetime.fromisoformat(anchor)
    return [add(start, interval, n).date().isoformat() for n in numbers]


@pytest.mark.parametrize(
    ("anchor", "interval", "numbers", "dates"),
    [
        (
            "2023-01-31",
            Interval(Unit.MONTH),
            [0, 1, 2, 3, 13],
            "2023-01-31 2023-02-28 2023-03-31 2023-04-30 2024-02-29",
        ),
        ("2023-01-30", Interval(Unit.MONTH), [1, 2, 13, -11], "2023-02-28 2023-03-30 2024-02-29 2022-02-28"),
        ("2023-01-29", Interval(Unit.MONTH), [1, 13, 14], "2023-02-28 2024-02-29 2024-03-29"),
        (
            "2024-02-29",
            Interval(Unit.YEAR),
            [1, 3, 4, -4, 76],
            "2025-02-28 2027-02-28 2028-02-29 2020-02-29 2100-02-28",
        ),
        ("2024-02-29", Interval(Unit.MONTH), [1, 12], "2024-03-29 2025-02-28"),
        ("2024-08-31", Interval(Unit.MONTH, 6), [1, 2, 3], "2025-02-28 2025-08-31 2026-02-28"),
        ("2024-11-30", Interval(Unit.MONTH, 3), [1, 2, -1], "2025-02-28 2025-05-30 2024-08-30"),
        ("2024-12-31", Interval(Unit.DAY, 14), [1, -1], "2025-01-14 2024-12-17"),
        ("2024-12-31", Interval(Unit.WEEK, 2), [1, 26], "2025-01-14 2025-12-30"),
        ("2024-02-29", Interval(Unit.YEAR, 2), [1, 2], "2026-02-28 2028-02-29"),
    ],
)
def test_boundaries_are_counted_from_the_anchor(anchor, interval, numbers, dates) -> None:
    assert local_dates(anchor, interval, numbers) == dates.split()


@pytest.mark.parametrize("day", [29, 30, 31])
def test_ends_of_months_come_back_for_forty_years(day: int) -> None:
    series = Series(datetime(2020, 1, day), "UTC", Interval(Unit.MONTH))
    for n in range(480):
        found = boundary(series, n).date()
        following = (found.replace(day=1) + timedelta(days=32)).replace(day=1)
        assert found.day == min(day, (following - timedelta(days=1)).day)


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        ("2025-03-30 02:30", "Europe/Copenhagen", "2025-03-30 01:00"),  # gap: the first valid instant after it
        ("2025-03-30 02:00", "Europe/Copenhagen", "2025-03-30 01:00"),
        ("2025-03-30 03:00", "Europe/Copenhagen", "2025-03-30 01:00"),
        ("2025-03-30 01:59", "Europe/Copenhagen", "2025-03-30 00:59"),
        ("2025-10-26 02:30", "Europe/Copenhagen", "2025-10-26 00:30"),  # overlap: the first
        ("2025-10-26 03:00", "Europe/Copenhagen", "2025-10-26 02:00"),
        ("2025-03-09 02:15", "America/New_York", "2025-03-09 07:00"),
        ("2025-11-02 01:15", "America/New_York", "2025-11-02 05:15"),
        ("2025-10-05 02:15", "Australia/Lord_Howe", "2025-10-04 15:30"),  # half an hour is missing
        ("2025-10-05 02:30", "Australia/Lord_Howe", "2025-10-04 15:30"),
        ("2025-04-06 01:45", "Australia/Lord_Howe", "2025-04-05 14:45"),  # half an hour comes twice
        ("2011-12-30 00:00", "Pacific/Apia", "2011-12-30 10:00"),  # a day that never was
        ("2011-12-30 17:00", "Pacific/Apia", "2011-12-30 10:00"),
        ("2011-12-31 00:00", "Pacific/Apia", "2011-12-30 10:00"),
        ("2018-11-04 00:00", "America/Sao_Paulo", "2018-11-04 03:00"),  # nights without a midnight
        ("2022-03-27 00:00", "Asia/Beirut", "2022-03-26 22:00"),
        ("2024-04-26 00:00", "Africa/Cairo", "2024-04-25 22:00"),
        ("2025-03-09 00:00", "America/Havana", "2025-03-09 05:00"),
        ("2025-11-02 00:00", "America/Havana", "2025-11-02 04:00"),  # a night with two
        ("2006-10-29 00:00", "America/St_Johns", "2006-10-29 02:30"),  # back over midnight, at 00:01
    ],
)
def test_local_times_of_strange_nights(local: str, zone: str, expected: str) -> None:
    found = instant(datetime.fromisoformat(local), zone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_fraction_of_a_second_inside_a_gap_ends_where_the_gap_does() -> None:
    start_of_gap = datetime(2025, 3, 30, 2, 0, 0, 500_000)
    assert instant(start_of_gap, "Europe/Copenhagen") == datetime(2025, 3, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Copenhagen", "2025-03-30", 23), ("Europe/Copenhagen", "2025-10-26", 25),
     ("America/New_York", "2025-03-09", 23), ("Australia/Lord_Howe", "2025-10-05", 23.5),
     ("Australia/Lord_Howe", "2025-04-06", 24.5),
     ("America/Havana", "2025-03-09", 23), ("America/Havana", "2025-11-02", 25), ("Pacific/Apia", "2011-12-29", 24)],
)  # fmt: skip
def test_a_daily_period_is_one_local_day_however_long(zone: str, day: str, hours: float) -> None:
    series = Series(datetime(2000, 1, 1), zone, Interval(Unit.DAY))
    noon = instant(datetime.fromisoformat(f"{day} 12:00"), zone)
    slot = slot_at(series, noon)
    assert slot.end - slot.start == timedelta(hours=hours)
    assert local_date(slot.start, zone) == date.fromisoformat(day) == local_date(slot.end - timedelta(seconds=1), zone)


def test_the_day_that_never_was_has_no_period() -> None:
    series = Series(datetime(2011, 12, 1), "Pacific/Apia", Interval(Unit.DAY))
    assert boundary(series, 29) == boundary(series, 30)
    assert slot_at(series, boundary(series, 29)).n == 30
    assert days_between(boundary(series, 28), boundary(series, 31), "Pacific/Apia") == 3


@given(SERIES, INSTANTS)
def test_every_instant_lies_in_exactly_one_period(series: Series, at: datetime) -> None:
    slot = slot_at(series, at)
    assert slot.start <= at < slot.end
    assert slot.start == boundary(series, slot.n) and slot.end == boundary(series, slot.n + 1)


@given(SERIES, INSTANTS)
def test_periods_tile(series: Series, at: datetime) -> None:
    slot = slot_at(series, at)
    for _ in range(5):
        following = slot_at(series, slot.end)
        assert following.start == slot.end and following.n > slot.n
        assert slot_at(series, slot.end - timedelta(microseconds=1)) == slot
        slot = following


@given(SERIES, st.integers(-200, 200))
def test_boundaries_rise(series: Series, n: int) -> None:
    assert boundary(series, n) <= boundary(series, n + 1) < boundary(series, n + 3)


@given(st.dates(date(1995, 1, 1), date(2040, 12, 31)), st.sampled_from(ZONES))
def test_midnight_is_the_first_instant_of_its_date(day: date, zone: str) -> None:
    first = midnight(day, zone)
    if (zone, day) == ("Pacific/Apia", date(2011, 12, 30)):
        day = date(2011, 12, 31)
    assert local_date(first, zone) == day
    assert local_date(first - timedelta(seconds=1), zone) < day
    assert start_of_day(first, zone) == first


@pytest.mark.parametrize("zone", ["", "Europe", "Nowhere/Land", "../etc/passwd", "localtime", "a" * 300, "a\0b"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone):
        zone_info(zone)


@pytest.mark.parametrize(("unit", "count"), [("month", 0), ("day", -1), ("day", 3661), ("year", 11), ("month", 121)])
def test_an_interval_is_one_unit_to_about_ten_years(unit: str, count: int) -> None:
    with pytest.raises(InvalidValue):
        Interval(Unit(unit), count)


@pytest.mark.parametrize("unit", Unit)
def test_the_longest_interval_has_periods_before_and_after_its_anchor(unit: Unit) -> None:
    most = {Unit.DAY: 3660, Unit.WEEK: 520, Unit.MONTH: 120, Unit.YEAR: 10}[unit]
    series = Series(datetime(2026, 1, 1), "UTC", Interval(unit, most))
    assert slot_at(series, datetime(2025, 1, 1, tzinfo=UTC)).n == -1
    assert slot_at(series, datetime(2100, 1, 1, tzinfo=UTC)).n > 0


_PRINT_INVOICES = """
from datetime import date, datetime, UTC
from tests.domain.world import Account, payer, rate, seller, simple, table
one = simple("31.00", start=date(2025, 3, 10), anchor=date(2025, 1, 31), zone="Europe/Copenhagen")
account = Account(payer(one), seller(rate("25"), zone="Europe/Copenhagen"))
account.bill(datetime(2025, 12, 1, tzinfo=UTC))
print(table(account.documents), account.next_due_at)
"""


def test_the_zone_of_the_process_changes_nothing() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_INVOICES], env=os.environ | {"TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for zone in ("UTC", "Pacific/Apia", "America/Havana")
    }  # fmt: skip
    assert len(printed) == 1 and "2025-11-29 invoice 3100+775" in printed.pop()


@pytest.mark.parametrize(
    ("at", "zone", "local"),
    [
        (datetime(2025, 3, 1, 10, tzinfo=UTC), "UTC", datetime(2025, 3, 1, 10)),
        (datetime(2025, 3, 1, tzinfo=UTC), "UTC", datetime(2025, 3, 1)),
        (datetime(2025, 3, 9, 5, tzinfo=UTC), "America/Havana", datetime(2025, 3, 9)),  # its first instant is 01:00
        (datetime(2025, 3, 9, 6, tzinfo=UTC), "America/Havana", datetime(2025, 3, 9, 2)),
    ],
)
def test_periods_that_begin_with_a_day_are_counted_from_its_midnight(at: datetime, zone: str, local: datetime) -> None:
    assert anchor_at(at, zone) == local


def test_where_the_zone_changed_only_that_boundary_has_the_old_day() -> None:
    """March began in Copenhagen; every other instant has New York's date, however near a boundary it lies."""
    began = datetime(2025, 2, 28, 23, tzinfo=UTC)
    series = Series(datetime(2025, 1, 1), "America/New_York", Interval(Unit.MONTH), began)
    late_in_march = datetime(2025, 4, 1, 2, tzinfo=UTC)
    assert (day_in(series, began), day_in(series, late_in_march)) == (date(2025, 3, 1), date(2025, 3, 31))
    assert days_in(series, began, late_in_march) == 30
    assert (boundary(series, 2), boundary(series, 3)) == (began, datetime(2025, 4, 1, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("interval", "told"),
    [(Interval(Unit.MONTH), "month"), (Interval(Unit.DAY, 14), "14 days"), (Interval(Unit.YEAR, 2), "2 years")],
)
def test_an_interval_tells_itself(interval: Interval, told: str) -> None:
    assert str(interval) == told
