"""Where periods are anchored: every alignment over short months, leap years and strange nights; a billing day that moves."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.alignment import anchor_for, moved
from perennia.domain.calendar import Interval, Series, Unit, add, boundary, instant, local_time, midnight, slot_at
from perennia.domain.errors import InvalidValue
from tests.domain.world import utc

ZONES = ["UTC", "Europe/Copenhagen", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut"]
INTERVALS = {
    "month": Interval(Unit.MONTH), "2 months": Interval(Unit.MONTH, 2), "quarter": Interval(Unit.MONTH, 3),
    "5 months": Interval(Unit.MONTH, 5), "half year": Interval(Unit.MONTH, 6), "12 months": Interval(Unit.MONTH, 12),
    "24 months": Interval(Unit.MONTH, 24), "year": Interval(Unit.YEAR), "3 years": Interval(Unit.YEAR, 3),
    "week": Interval(Unit.WEEK), "2 weeks": Interval(Unit.WEEK, 2), "10 days": Interval(Unit.DAY, 10),
}  # fmt: skip


def aligned(alignment: str, start: str, interval: str, *, zone: str = "Europe/Copenhagen", **more) -> Series:
    given_start = datetime.fromisoformat(start) if "T" in start else date.fromisoformat(start)
    of = INTERVALS[interval]
    return Series(anchor_for(alignment=alignment, start=given_start, zone=zone, interval=of, **more), zone, of)


def around(series: Series, start: str, count: int = 3) -> str:
    """The boundaries at or before a start and after it, as local dates."""
    at = instant(datetime.fromisoformat(start), series.zone)
    n = slot_at(series, at).n
    found = [local_time(boundary(series, n + more), series.zone) for more in range(count)]
    return " ".join(
        local.date().isoformat() if local == local.replace(hour=0, minute=0) else str(local) for local in found
    )


@pytest.mark.parametrize(
    ("alignment", "start", "interval", "expected"),
    [
        ("anniversary", "2025-01-31", "month", "2025-01-31 2025-02-28 2025-03-31"),
        ("anniversary", "2025-05-14", "10 days", "2025-05-14 2025-05-24 2025-06-03"),
        ("calendar", "2025-02-10", "month", "2025-02-01 2025-03-01 2025-04-01"),
        ("calendar", "2025-02-01", "month", "2025-02-01 2025-03-01 2025-04-01"),
        ("calendar", "2025-06-30", "2 months", "2025-05-01 2025-07-01 2025-09-01"),
        ("calendar", "2025-05-14", "quarter", "2025-04-01 2025-07-01 2025-10-01"),
        ("calendar", "2025-12-31", "quarter", "2025-10-01 2026-01-01 2026-04-01"),
        ("calendar", "2025-05-14", "half year", "2025-01-01 2025-07-01 2026-01-01"),
        ("calendar", "2025-05-14", "12 months", "2025-01-01 2026-01-01 2027-01-01"),
        ("calendar", "2025-05-14", "24 months", "2025-01-01 2027-01-01 2029-01-01"),
        ("calendar", "2025-05-14", "year", "2025-01-01 2026-01-01 2027-01-01"),
        ("calendar", "2025-05-14", "3 years", "2025-01-01 2028-01-01 2031-01-01"),
        ("calendar", "2025-05-14", "5 months", "2025-05-01 2025-10-01 2026-03-01"),
        ("calendar", "2025-05-14", "week", "2025-05-12 2025-05-19 2025-05-26"),
        ("calendar", "2025-05-12", "week", "2025-05-12 2025-05-19 2025-05-26"),
        ("calendar", "2025-05-18", "2 weeks", "2025-05-12 2025-05-26 2025-06-09"),
        ("calendar", "2025-05-14", "10 days", "2025-05-14 2025-05-24 2025-06-03"),
        ("billing_day(15)", "2025-02-10", "month", "2025-01-15 2025-02-15 2025-03-15"),
        ("billing_day(15)", "2025-02-15", "month", "2025-02-15 2025-03-15 2025-04-15"),
        ("billing_day(15)", "2025-12-16", "month", "2025-12-15 2026-01-15 2026-02-15"),
        ("billing_day(31)", "2019-02-10", "month", "2019-01-31 2019-02-28 2019-03-31"),
        ("billing_day(31)", "2019-02-28", "month", "2019-02-28 2019-03-31 2019-04-30"),
        ("billing_day(30)", "2025-03-10", "month", "2025-02-28 2025-03-30 2025-04-30"),
        ("billing_day(29)", "2024-02-29", "month", "2024-02-29 2024-03-29 2024-04-29"),
        ("billing_day(15)", "2025-02-10", "quarter", "2024-11-15 2025-02-15 2025-05-15"),
        ("billing_day(31)", "2025-02-10", "quarter", "2024-11-30 2025-02-28 2025-05-31"),
        ("billing_day(31)", "2025-02-10", "half year", "2024-08-31 2025-02-28 2025-08-31"),
        ("billing_day(15)", "2025-02-20", "year", "2024-03-15 2025-03-15 2026-03-15"),
        ("billing_day(31)", "2026-02-10", "year", "2025-02-28 2026-02-28 2027-02-28"),
        ("billing_day(31)", "2026-02-10", "24 months", "2024-02-29 2026-02-28 2028-02-29"),
        ("billing_day(31)", "2025-02-10", "24 months", "2023-02-28 2025-02-28 2027-02-28"),
        ("billing_day(31)", "2025-11-10", "year", "2024-11-30 2025-11-30 2026-11-30"),
        ("billing_day(15)", "2025-02-10", "week", "2025-02-10 2025-02-17 2025-02-24"),
        ("billing_day(15)", "2025-02-10T09:30", "month", "2025-01-15 09:30:00 2025-02-15 09:30:00 2025-03-15 09:30:00"),
        ("customer_day", "2025-02-10", "month", "2025-02-10 2025-03-10 2025-04-10"),
        ("base", "2025-02-10", "month", "2025-02-10 2025-03-10 2025-04-10"),
    ],
)
def test_the_period_of_a_start_and_the_two_after_it(alignment: str, start: str, interval: str, expected: str) -> None:
    series = aligned(alignment, start, interval)
    assert around(series, start) == expected


@pytest.mark.parametrize(("day", "expected"), [(1, "2025-02-01 2025-03-01"), (28, "2025-01-28 2025-02-28")])
def test_a_customers_common_day_is_a_billing_day(day: int, expected: str) -> None:
    assert around(aligned("customer_day", "2025-02-10", "month", customer_day=day), "2025-02-10", 2) == expected


@pytest.mark.parametrize(
    ("base", "base_interval", "start", "interval", "expected"),
    [
        ("2024-01-31", "month", "2025-02-10", "month", "2025-01-31 2025-02-28 2025-03-31"),
        ("2024-01-15", "year", "2025-02-10", "month", "2025-01-15 2025-02-15 2025-03-15"),
        ("2024-01-15", "month", "2025-02-10", "quarter", "2025-01-15 2025-04-15 2025-07-15"),
        ("2024-01-15", "month", "2025-07-10", "year", "2025-01-15 2026-01-15 2027-01-15"),
        ("2024-02-29", "year", "2025-02-10", "month", "2025-01-29 2025-02-28 2025-03-29"),
        ("2025-01-06", "week", "2025-02-10", "2 weeks", "2025-02-03 2025-02-17 2025-03-03"),
        ("2025-03-20", "month", "2025-02-10", "month", "2025-01-20 2025-02-20 2025-03-20"),  # the base starts later
        ("2025-03-31", "month", "2025-02-10", "month", "2025-01-31 2025-02-28 2025-03-31"),
        ("2025-03-31", "week", "2025-02-12", "week", "2025-02-10 2025-02-17 2025-02-24"),
        ("2025-03-31", "10 days", "2025-03-01", "10 days", "2025-03-01 2025-03-11 2025-03-21"),
    ],
)
def test_an_add_on_follows_its_base(base: str, base_interval: str, start: str, interval: str, expected: str) -> None:
    plan = aligned("anniversary", base, base_interval)
    add_on = aligned("base", start, interval, base=plan)
    assert around(add_on, start) == expected


def test_an_add_on_in_another_zone_meets_its_base_at_the_same_instants() -> None:
    base = Series(datetime(2025, 1, 15), "America/New_York", INTERVALS["month"])
    add_on = aligned("base", "2025-02-10", "month", zone="Europe/Copenhagen", base=base)
    assert boundary(add_on, 0) == boundary(base, 0)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_a_billing_day_at_the_end_of_the_month_comes_back_for_48_months_from_any_start(zone: str, day: int) -> None:
    for first in (date(2023, 1, 31) + timedelta(days=17 * n) for n in range(40)):
        series = aligned(f"billing_day({day})", first.isoformat(), "month", zone=zone)
        n = slot_at(series, midnight(first, zone)).n
        for more in range(48):
            found = local_time(boundary(series, n + more), zone).date()
            assert found.day == min(day, monthrange(found.year, found.month)[1])
        assert local_time(boundary(series, n), zone).date() <= first


STARTS = st.dates(date(1995, 1, 1), date(2060, 12, 31))
ALIGNMENTS = st.one_of(
    st.sampled_from(["anniversary", "calendar", "customer_day", "base"]),
    st.integers(1, 31).map(lambda day: f"billing_day({day})"),
)
ANY_INTERVAL = st.sampled_from(sorted(INTERVALS))


@given(ALIGNMENTS, STARTS, STARTS, ANY_INTERVAL, st.integers(1, 31), st.sampled_from(ZONES))
def test_the_first_period_holds_the_start(alignment, start, base_start, interval, day, zone) -> None:
    base = Series(datetime(base_start.year, base_start.month, base_start.day), zone, Interval(Unit.MONTH))
    series = aligned(alignment, start.isoformat(), interval, zone=zone, customer_day=day, base=base)
    slot = slot_at(series, midnight(start, zone))
    assert slot.start <= midnight(start, zone) < slot.end


@given(STARTS, st.integers(1, 31), st.sampled_from(["month", "quarter", "half year", "year", "24 months", "3 years"]))
def test_the_next_billing_day_is_a_boundary_whatever_the_interval(start: date, day: int, interval: str) -> None:
    series = aligned(f"billing_day({day})", start.isoformat(), interval, zone="UTC")
    following = next(
        found
        for found in (start + timedelta(days=n) for n in range(62))
        if found.day == min(day, monthrange(found.year, found.month)[1])
    )
    slot = slot_at(series, midnight(start, "UTC"))
    assert (slot.start if following == start else slot.end).date() == following


@given(STARTS, STARTS, ANY_INTERVAL)
def test_equal_intervals_share_every_boundary_with_the_base(start: date, base_start: date, interval: str) -> None:
    base = aligned("anniversary", base_start.isoformat(), interval, zone="UTC")
    add_on = aligned("base", start.isoformat(), interval, zone="UTC", base=base)
    at = midnight(start, "UTC")
    if at >= boundary(base, 0):
        for more in range(5):
            here, there = (slot_at(one, at).n + more for one in (add_on, base))
            assert boundary(add_on, here) == boundary(base, there)


@pytest.mark.parametrize("day", [0, 32, -1])
def test_a_day_no_month_has_is_refused(day: int) -> None:
    with pytest.raises(InvalidValue):
        aligned("customer_day", "2025-02-10", "month", customer_day=day)
    with pytest.raises(InvalidValue):
        moved(series=aligned("anniversary", "2025-01-01", "month"), day=day, now=utc(2025, 4, 10))


@pytest.mark.parametrize("interval", ["week", "10 days"])
def test_weeks_and_days_have_no_billing_day(interval: str) -> None:
    with pytest.raises(InvalidValue):
        moved(series=aligned("anniversary", "2025-01-01", interval), day=15, now=utc(2025, 4, 10))


@pytest.mark.parametrize(
    ("interval", "day", "move", "effective", "holds_from", "expected"),
    [
        ("month", 15, "charge_gap", "next_boundary", "2025-05-01", "2025-04-15 2025-05-15 2025-06-15"),
        ("month", 15, "free_gap", "next_boundary", "2025-05-01", "2025-04-15 2025-05-15 2025-06-15"),
        ("month", 15, "credit_surplus", "next_boundary", "2025-05-15", "2025-05-15 2025-06-15 2025-07-15"),
        ("month", 15, "restart", "next_boundary", "2025-05-15", "2025-05-15 2025-06-15 2025-07-15"),
        ("month", 15, "charge_gap", "now", "2025-04-10", "2025-03-15 2025-04-15 2025-05-15"),
        ("month", 15, "credit_surplus", "now", "2025-04-15", "2025-04-15 2025-05-15 2025-06-15"),
        ("month", 5, "credit_surplus", "now", "2025-05-05", "2025-05-05 2025-06-05 2025-07-05"),
        ("month", 10, "restart", "now", "2025-04-10", "2025-04-10 2025-05-10 2025-06-10"),
        ("month", 31, "charge_gap", "next_boundary", "2025-05-01", "2025-04-30 2025-05-31 2025-06-30"),
        ("month", 31, "restart", "now", "2025-04-30", "2025-04-30 2025-05-31 2025-06-30"),
        ("month", 1, "charge_gap", "next_boundary", "2025-05-01", "2025-05-01 2025-06-01 2025-07-01"),
        ("quarter", 15, "charge_gap", "next_boundary", "2025-07-01", "2025-04-15 2025-07-15 2025-10-15"),
        ("quarter", 15, "restart", "now", "2025-04-15", "2025-04-15 2025-07-15 2025-10-15"),
        ("year", 15, "charge_gap", "next_boundary", "2026-01-01", "2025-01-15 2026-01-15 2027-01-15"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Copenhagen", "America/New_York"])
def test_a_billing_day_moves_on_the_tenth_of_april(zone, interval, day, move, effective, holds_from, expected) -> None:
    series = aligned("anniversary", "2025-01-01", interval, zone=zone)
    now = midnight(date(2025, 4, 10), zone)
    found = moved(series=series, day=day, now=now, move=move, effective=effective)
    assert found.holds_from == midnight(date.fromisoformat(holds_from), zone)
    assert around(found.series, holds_from) == expected


def test_a_move_in_the_afternoon_of_the_new_day_holds_from_its_first_hour() -> None:
    series = aligned("anniversary", "2025-01-01", "month", zone="UTC")
    assert moved(series=series, day=10, now=utc(2025, 4, 10, 14), move="restart", effective="now").holds_from == utc(
        2025, 4, 10
    )


def test_a_series_with_a_time_of_day_keeps_it_and_never_reaches_back() -> None:
    series = Series(datetime(2025, 1, 1, 9, 30), "UTC", INTERVALS["month"])
    found = moved(series=series, day=10, now=utc(2025, 4, 10, 14), move="restart", effective="now")
    assert found.holds_from == utc(2025, 5, 10, 9).replace(minute=30)
    found = moved(series=series, day=10, now=utc(2025, 4, 10, 9), move="restart", effective="now")
    assert found.holds_from == utc(2025, 4, 10, 9).replace(minute=30)


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Beirut"])
def test_a_boundary_that_midnight_skips_is_the_first_instant_of_its_day(zone: str) -> None:
    """Clocks went forward at midnight on 4 November 2018 in Sao Paulo and on 30 March 2025 in Beirut."""
    skipped = {"America/Sao_Paulo": date(2018, 11, 4), "Asia/Beirut": date(2025, 3, 30)}[zone]
    series = aligned(f"billing_day({skipped.day})", (skipped - timedelta(days=9)).isoformat(), "month", zone=zone)
    slot = slot_at(series, midnight(skipped, zone))
    assert slot.start == midnight(skipped, zone)
    assert local_time(slot.start, zone) == datetime(skipped.year, skipped.month, skipped.day, 1)
    back = moved(series=series, day=15, now=slot.start - timedelta(days=2))
    assert back.holds_from == slot.start


@given(STARTS, st.integers(1, 31), st.integers(0, 500), st.sampled_from(["charge_gap", "restart"]),
       st.sampled_from(["now", "next_boundary"]), st.sampled_from(["month", "quarter", "year"]))  # fmt: skip
def test_a_moved_series_holds_from_when_it_says(start, day, days, move, effective, interval) -> None:
    series = aligned("anniversary", start.isoformat(), interval, zone="UTC")
    now = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=days)
    found = moved(series=series, day=day, now=now, move=move, effective=effective)
    assert found.holds_from >= now
    assert found.series.anchor.day == day or add(found.series.anchor, Interval(Unit.DAY), 1).day == 1
    if move == "restart":
        assert slot_at(found.series, found.holds_from).start == found.holds_from
