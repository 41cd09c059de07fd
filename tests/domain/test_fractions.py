"""What share of a period a part is: every unit against every denominator, whole slots, strange nights, parts that add up."""

import itertools
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.calendar import Interval, Series, Unit, boundary, instant, midnight, slot_at
from perennia.domain.fractions import fraction, removed_fraction
from perennia.domain.money import round_ratio
from tests.domain.world import utc

ANCHOR_31 = Series(datetime(2019, 1, 31), "UTC", Interval(Unit.MONTH))
UNITS = ["day", "second", "month30"]
DENOMINATORS = ["natural", "natural_clamped", "running", "nominal"]
ZONES = ["UTC", "Europe/Copenhagen", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]


def monthly(anchor: str, zone: str = "UTC", count: int = 1, unit: Unit = Unit.MONTH) -> Series:
    return Series(datetime.fromisoformat(anchor), zone, Interval(unit, count))


def share(series: Series, start: str, end: str, **policies) -> tuple[int, int]:
    """The fraction of a part between two local dates."""
    first, last = (midnight(date.fromisoformat(day), series.zone) for day in (start, end))
    return fraction(series=series, start=first, end=last, **policies)


@pytest.mark.parametrize(
    ("policies", "expected", "minor"),
    [
        ({"denominator": "natural"}, (18, 28), 1993),
        ({"denominator": "natural_clamped"}, (18, 31), 1800),
        ({"denominator": "running"}, (18, 28), 1993),
        ({"denominator": "nominal"}, (18, 30), 1860),
        ({"unit": "second", "denominator": "natural"}, (18 * 86400, 28 * 86400), 1993),
        ({"unit": "second", "denominator": "natural_clamped"}, (18 * 86400, 31 * 86400), 1800),
        ({"unit": "second", "denominator": "nominal"}, (18 * 86400, 30 * 86400), 1860),
        ({"unit": "month30"}, (20, 30), 2067),
        ({"factor": "scale9"}, (642857143, 10**9), 1993),
        ({"factor": "scale9", "denominator": "natural_clamped"}, (580645161, 10**9), 1800),
    ],
)
def test_thirty_one_a_month_from_the_tenth_of_february_with_anchor_31(policies, expected, minor) -> None:
    found = share(ANCHOR_31, "2019-02-10", "2019-02-28", **policies)
    assert found == expected
    assert round_ratio(3100 * found[0], found[1]) == minor


@pytest.mark.parametrize(
    ("anchor", "start", "end", "expected"),
    [
        ("2023-01-01", "2023-01-10", "2023-02-01", (21, 30)),
        ("2023-01-01", "2023-02-10", "2023-03-01", (21, 30)),
        ("2023-01-01", "2024-02-10", "2024-03-01", (21, 30)),
        ("2023-01-01", "2023-04-10", "2023-05-01", (21, 30)),
        ("2023-01-15", "2023-05-23", "2023-06-15", (22, 30)),  # 23 days, May has one too many
        ("2023-01-15", "2023-06-23", "2023-07-15", (22, 30)),
        ("2023-01-15", "2023-02-23", "2023-03-15", (22, 30)),  # 20 days, February lacks two
        ("2023-01-15", "2024-02-23", "2024-03-15", (22, 30)),
        ("2023-01-01", "2023-02-02", "2023-02-02", (0, 30)),
    ],
)
def test_a_month_of_thirty_days_has_as_many_days_left_on_the_tenth_of_any_month(anchor, start, end, expected) -> None:
    assert share(monthly(anchor), start, end, unit="month30") == expected


@pytest.mark.parametrize(
    ("series", "start", "end", "expected"),
    [
        (monthly("2025-01-01", unit=Unit.YEAR), "2025-07-01", "2026-01-01", (180, 360)),
        (monthly("2025-01-01", count=3), "2025-02-11", "2025-04-01", (50, 90)),
        (monthly("2025-01-01", count=3), "2025-01-31", "2025-04-01", (60, 90)),
        (monthly("2025-01-06", unit=Unit.WEEK), "2025-01-08", "2025-01-13", (5, 7)),
        (monthly("2025-01-01", unit=Unit.DAY, count=31), "2025-01-11", "2025-02-01", (21, 31)),
    ],
)
def test_months_of_thirty_days_in_other_intervals(series, start, end, expected) -> None:
    assert share(series, start, end, unit="month30") == expected


@pytest.mark.parametrize(
    ("series", "start", "end", "expected"),
    [
        (monthly("2025-01-01", unit=Unit.YEAR), "2025-07-01", "2026-01-01", (184, 365)),
        (monthly("2024-01-01", unit=Unit.YEAR), "2024-01-02", "2025-01-01", (1, 1)),  # 365 of the 366 days
        (monthly("2025-01-01"), "2025-01-02", "2025-02-01", (1, 1)),  # 30 of January's 31
        (monthly("2025-01-01", count=3), "2025-03-01", "2025-04-01", (31, 90)),
        (monthly("2025-01-06", unit=Unit.WEEK, count=2), "2025-01-08", "2025-01-20", (12, 14)),
        (monthly("2025-01-01", unit=Unit.DAY, count=10), "2025-01-05", "2025-01-11", (6, 10)),
    ],
)
def test_a_nominal_month_has_thirty_days_and_a_nominal_year_365(series, start, end, expected) -> None:
    assert share(series, start, end, denominator="nominal") == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2019-02-28", "2019-03-10", (10, 28)),  # on to 28 March
        ("2019-03-10", "2019-03-31", (21, 31)),
        ("2019-04-10", "2019-04-30", (20, 30)),
        ("2019-02-28", "2019-03-30", (1, 1)),  # never more than the whole
    ],
)
def test_a_running_whole_begins_with_the_part(start, end, expected) -> None:
    assert share(ANCHOR_31, start, end, denominator="running") == expected


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("denominator", DENOMINATORS)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_every_whole_slot_of_four_years_is_one(unit: str, denominator: str, zone: str, day: int) -> None:
    series = Series(datetime(2023, 1, day), zone, Interval(Unit.MONTH))
    for n in range(48):
        part = {"start": boundary(series, n), "end": boundary(series, n + 1)}
        assert fraction(series=series, **part, unit=unit, denominator=denominator) == (1, 1)
        assert fraction(series=series, **part, unit=unit, denominator=denominator, factor="scale9") == (1, 1)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Copenhagen", "2025-03-30", 23),
        ("Europe/Copenhagen", "2025-10-26", 25),
        ("America/New_York", "2025-03-09", 23),
        ("Australia/Lord_Howe", "2025-10-05", 23.5),
        ("America/Sao_Paulo", "2018-11-04", 23),  # midnight itself is skipped
    ],
)
def test_a_day_is_a_day_and_a_second_a_second(zone: str, day: str, hours: float) -> None:
    series = Series(datetime.fromisoformat(day).replace(day=1), zone, Interval(Unit.MONTH))
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    assert share(series, day, following)[0] == 1
    assert share(series, day, following, unit="second")[0] == hours * 3600
    slot = slot_at(series, midnight(date.fromisoformat(day), zone))
    assert share(series, day, following, unit="second")[1] == (slot.end - slot.start).total_seconds()


def test_a_part_of_less_than_a_day_has_no_days_but_seconds() -> None:
    series = monthly("2025-04-01")
    part = {"start": utc(2025, 4, 1, 9), "end": utc(2025, 4, 1, 17)}
    assert fraction(series=series, **part) == (0, 30)
    assert fraction(series=series, **part, unit="second") == (8 * 3600, 30 * 86400)


def test_a_date_that_never_was_divides_nothing() -> None:
    """Samoa skipped 30 December 2011: its daily period has neither a day nor a second."""
    apia = Series(datetime(2011, 12, 30), "Pacific/Apia", Interval(Unit.DAY))
    skipped = boundary(apia, 0)
    assert skipped == boundary(apia, 1)
    for unit in UNITS:
        assert removed_fraction(series=apia, start=skipped, end=skipped, new_end=skipped, unit=unit) == (1, 1)
        for denominator in DENOMINATORS:
            found = fraction(series=apia, start=skipped, end=skipped, unit=unit, denominator=denominator)
            assert found[0] == 0 or found == (1, 1)


@pytest.mark.parametrize(
    ("unit", "less", "expected"),
    [
        ("day", 10, (20, 30)),
        ("second", 86400, (29 * 86400, 30 * 86400)),
        ("month30", 10, (20, 30)),
        ("day", 40, (0, 30)),
    ],
)
def test_a_pause_is_taken_off_the_part(unit: str, less: int, expected: tuple[int, int]) -> None:
    assert share(monthly("2025-04-01"), "2025-04-01", "2025-05-01", unit=unit, less=less) == expected


def test_a_part_stretched_by_a_pause_is_still_whole() -> None:
    assert share(monthly("2025-04-01"), "2025-04-01", "2025-05-11", less=10) == (1, 1)
    assert share(monthly("2025-04-01"), "2025-04-06", "2025-05-11", less=10) == (25, 30)


ANCHORS = st.dates(date(2000, 1, 1), date(2040, 12, 31)).map(lambda day: datetime(day.year, day.month, day.day))
INTERVALS = st.sampled_from(
    [Interval(Unit.MONTH), Interval(Unit.MONTH, 3), Interval(Unit.YEAR), Interval(Unit.WEEK), Interval(Unit.DAY, 10)]
)
SERIES = st.builds(Series, ANCHORS, st.sampled_from(ZONES), INTERVALS)


@given(SERIES, st.integers(-30, 30), st.lists(st.integers(1, 370), max_size=4), st.sampled_from(["day", "second"]))
def test_parts_of_a_slot_add_up_to_the_whole(series: Series, n: int, days: list[int], unit: str) -> None:
    start, end = boundary(series, n), boundary(series, n + 1)
    inside = {start + timedelta(days=more) for more in days if start + timedelta(days=more) < end}
    cuts = [start, *sorted(inside), end]
    parts = [
        Fraction(*fraction(series=series, start=one, end=other, unit=unit)) for one, other in itertools.pairwise(cuts)
    ]
    assert sum(parts) == 1


@given(
    SERIES, st.integers(-30, 30), st.integers(0, 400), st.integers(1, 400),
    st.sampled_from(UNITS), st.sampled_from(DENOMINATORS),
)  # fmt: skip
def test_no_share_is_below_zero_or_above_one(series, n, skipped, days, unit, denominator) -> None:
    slot_start, slot_end = boundary(series, n), boundary(series, n + 1)
    start = min(slot_start + timedelta(days=skipped), slot_end)
    end = min(start + timedelta(days=days), slot_end)
    exact = Fraction(*fraction(series=series, start=start, end=end, unit=unit, denominator=denominator))
    rounded = Fraction(
        *fraction(series=series, start=start, end=end, unit=unit, denominator=denominator, factor="scale9")
    )
    assert 0 <= exact <= 1
    assert abs(rounded - exact) * 2 <= Fraction(1, 10**9)
    if unit == "second" and denominator == "natural" and start < end:
        assert exact > 0


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({}, (20, 30)),
        ({"factor": "scale9"}, (666666667, 10**9)),
        ({"unit": "second"}, (20 * 86400, 30 * 86400)),
        ({"denominator": "natural_clamped"}, (20, 30)),
        ({"denominator": "running"}, (20, 30)),
        ({"denominator": "nominal"}, (20, 30)),
        ({"unit": "month30"}, (20, 30)),
    ],
)
def test_april_given_up_on_the_eleventh_goes_back_by_two_thirds(policies, expected) -> None:
    series = monthly("2025-04-01")
    found = removed_fraction(
        series=series, start=utc(2025, 4, 1), end=utc(2025, 5, 1), new_end=utc(2025, 4, 11), **policies
    )
    assert found == expected


@pytest.mark.parametrize(
    ("start", "new_end", "policies", "expected"),
    [
        (utc(2019, 1, 31), utc(2019, 2, 10), {"denominator": "natural_clamped"}, (18, 31)),
        (utc(2019, 2, 5), utc(2019, 2, 10), {"denominator": "natural_clamped"}, (18, 23)),  # 18/31 of 23/31
        (utc(2019, 2, 5), utc(2019, 2, 10), {"denominator": "running"}, (18, 23)),
        (utc(2019, 2, 5), utc(2019, 2, 10), {"unit": "month30"}, (20, 25)),
        (utc(2019, 2, 5), utc(2019, 2, 10), {"less": 3}, (18, 20)),
        (utc(2019, 2, 5), utc(2019, 2, 5), {}, (1, 1)),
        (utc(2019, 2, 5), utc(2019, 2, 1), {}, (1, 1)),
        (utc(2019, 2, 5), utc(2019, 2, 28), {}, (0, 1)),
    ],
)
def test_what_goes_back_is_a_share_of_what_was_charged(start, new_end, policies, expected) -> None:
    found = removed_fraction(series=ANCHOR_31, start=start, end=utc(2019, 2, 28), new_end=new_end, **policies)
    assert found == expected


def test_a_line_within_one_day_goes_back_whole() -> None:
    series = monthly("2025-04-01")
    part = {"start": utc(2025, 4, 1, 9), "end": utc(2025, 4, 1, 17), "new_end": utc(2025, 4, 1, 12)}
    assert removed_fraction(series=series, **part) == (1, 1)
    assert removed_fraction(series=series, **part, unit="second") == (5 * 3600, 8 * 3600)


@given(
    SERIES, st.integers(0, 30), st.integers(0, 360), st.integers(0, 360),
    st.sampled_from(["day", "second"]), st.sampled_from(["natural", "natural_clamped", "nominal"]),
)  # fmt: skip
def test_a_credit_gives_back_the_price_of_the_rest(series, n, skipped, days, unit, denominator) -> None:
    """Share charged x share given back = the share of the rest, unless a whole slot or the cap came between."""
    end = boundary(series, n + 1)
    start = min(boundary(series, n) + timedelta(days=skipped), end)
    new_end = min(start + timedelta(days=days), end)
    policies = {"series": series, "unit": unit, "denominator": denominator}
    charged = Fraction(*fraction(start=start, end=end, **policies))
    rest = Fraction(*fraction(start=new_end, end=end, **policies)) if new_end < end else Fraction(0)
    back = Fraction(*removed_fraction(start=start, end=end, new_end=new_end, **policies))
    if charged:
        assert charged * back == rest


def test_seconds_follow_the_local_clock_of_the_anchor() -> None:
    """A period that begins at half past nine keeps the hour over the night on which clocks go back."""
    series = Series(datetime(2025, 10, 20, 9, 30), "Europe/Copenhagen", Interval(Unit.WEEK))
    start, end = instant(datetime(2025, 10, 26, 9, 30), series.zone), boundary(series, 1)
    assert fraction(series=series, start=start, end=end, unit="second") == (86400, 7 * 86400 + 3600)
    assert fraction(series=series, start=start, end=end) == (1, 7)
