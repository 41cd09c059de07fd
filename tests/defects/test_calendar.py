"""Days of the month, leap years, clocks that change, zones far from the server's: defects D046 to D066."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from perennia.config.clock import now as machine_now
from perennia.operations import previews
from tests.defects.tale import amounts, documents, lines, outcome, periods
from tests.operations.shop import open_shop
from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")

ZONES = (
    "Pacific/Pago_Pago",  # -11
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/New_York",
    "America/St_Johns",  # -3:30
    "UTC",
    "Europe/Copenhagen",
    "Asia/Kathmandu",  # +5:45
    "Asia/Tokyo",
    "Pacific/Apia",  # +13
    "Pacific/Kiritimati",  # +14
)


def _monthly(start: date, count: int) -> list[str]:
    """Periods of a day of the month, the last day of shorter months, worked out by the calendar module."""
    months = [divmod(start.year * 12 + start.month - 1 + n, 12) for n in range(count + 1)]
    dates = [date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])) for year, month in months]
    return [f"{one}..{other}" for one, other in pairwise(dates)]


def test_d046_the_day_of_the_month_comes_back_after_february() -> None:
    starts = [date(2023, 1, day) for day in (28, 29, 30, 31)]
    told = lines(
        "plans: {basic: 100}\n"
        + "\n".join(f"{start} subscribe plan=basic customer=on-{start.day}" for start in starts)
        + "\n"
        + "\n".join(f"{month.split('..')[1]} bill_run" for month in _monthly(starts[-1], 26))
    )
    for start in starts:
        found = [f"{one['start']}..{one['end']}" for one in told if one["customer"] == f"on-{start.day}"]
        assert found == _monthly(start, 27)


def test_d048_an_anniversary_on_the_31st_has_24_periods_without_gap_or_overlap() -> None:
    found = lines(
        """
        plans: {basic: 31}
        2023-03-31 subscribe basic
        2025-03-30 advance_to
        """
    )
    assert len(found) == 24
    assert all(one["end"] == other["start"] for one, other in pairwise(found))
    assert [one["at"][:10] for one in found] == [one["start"] for one in found]


def test_d049_a_plan_in_advance_is_billed_on_29_february_for_what_begins_then() -> None:
    story(
        """
        plans: {basic: 100}
        2024-01-30 subscribe basic
        2024-02-29 bill_run
        """,
        """
        2024-01-30 c1 invoice 1
          basic  2024-01-30..2024-02-29  100.00
          total 100.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-30  100.00
          total 100.00
        """,
    )


LEAP = "plans: {year: {amount: 366, interval: year}}\n2020-02-29 subscribe year\n" + "\n".join(
    f"{year}-{day} bill_run"
    for year in range(2020, 2029)
    for day in ("02-28", "02-29", "03-01", "12-31")
    if f"{year}-{day}" > "2020-02-29" and (day != "02-29" or year % 4 == 0)
)


def test_d050_a_year_from_29_february_is_billed_once_a_year_also_in_the_next_leap_year() -> None:
    assert [one["at"][:4] for one in documents(LEAP)] == [str(year) for year in range(2020, 2029)]


def test_d051_the_29th_of_february_comes_back_in_2024_and_2028() -> None:
    assert [one["start"][5:] for one in lines(LEAP)] == [
        "02-29", "02-28", "02-28", "02-28", "02-29", "02-28", "02-28", "02-28", "02-29",
    ]  # fmt: skip


def test_d052_a_year_after_29_february_can_be_looked_at_from_everywhere() -> None:
    shop = open_shop(opened_on=date(2024, 2, 29), tax=False)
    bo = shop.customer()
    shop.start(bo, "year")
    for day in (date(2024, 2, 29), date(2025, 2, 27), date(2025, 2, 28), date(2025, 3, 1)):
        shop.clock_to(max(shop.now, datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))
        look = {"tenant": shop.tenant, "customer_id": bo, "now": machine_now()}
        coming = previews.next_invoice(**look)
        assert coming is not None and [one.at for one in previews.calendar(**look).upcoming][:1] == [coming.at]
        shop.bill()
    assert [line.split(" ")[5] for line in shop.documents().splitlines()] == [
        "2024-02-29..2025-02-28", "2025-02-28..2026-02-28",
    ]  # fmt: skip


def test_d053_a_year_costs_the_same_whether_it_has_365_days_or_366() -> None:
    found = amounts(
        """
        plans: {year: {amount: 1000, interval: year}}
        2023-06-01 subscribe year
        2028-06-02 advance_to
        """
    )
    assert found == [Decimal(1000)] * 6


def test_d054_a_winter_clock_in_juneau_neither_loops_nor_bills_twice() -> None:
    found = lines(
        """
        timezone: America/Juneau
        plans: {basic: 30, daily: {amount: 1, interval: day}}
        2015-10-01T08:09:02+00:00 subscribe plan=basic customer=ann
        2015-10-01T08:09:02+00:00 subscribe plan=daily customer=bea
        2015-12-01T12:00 advance_to
        """
    )
    assert [one["start"] for one in found if one["customer"] == "ann"] == ["2015-10-01", "2015-11-01", "2015-12-01"]
    assert [one["start"] for one in found if one["customer"] == "bea"] == [
        str(date(2015, 10, 1) + timedelta(days=n)) for n in range(62)
    ]


@pytest.mark.parametrize("changes_on", [date(2024, 3, 10), date(2024, 11, 3)], ids=["spring", "autumn"])
def test_d055_whoever_starts_in_any_hour_around_a_clock_change_is_billed_on_its_own_day(changes_on: date) -> None:
    zone = ZoneInfo("America/Los_Angeles")
    first = datetime(changes_on.year, changes_on.month, changes_on.day, tzinfo=zone).astimezone(UTC)
    starts = [first + timedelta(hours=n, minutes=30) for n in range(-6, 30)]
    found = lines(
        "timezone: America/Los_Angeles\nplans: {basic: 30}\n"
        + "\n".join(f"{at:%Y-%m-%dT%H:%M}+00:00 subscribe plan=basic customer=h{n}" for n, at in enumerate(starts))
        + f"\n{changes_on + timedelta(days=34)} bill_run\n"
    )
    for n, at in enumerate(starts):
        mine = [one["start"] for one in found if one["customer"] == f"h{n}"]
        day = at.astimezone(zone).date()
        assert mine == [str(day), f"{day.year + day.month // 12}-{day.month % 12 + 1:02d}-{day.day:02d}"]


def _everywhere(*entries: str) -> str:
    """A timeline in which a customer of each zone does the same by the own wall clock: `LOCAL TIME ACT` each."""
    acts = [
        (datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), act, zone)
        for at, act in (entry.split(" ", 1) for entry in entries)
        for zone in ZONES
    ]
    ordered = sorted(acts, key=lambda act: act[0])
    first = [f"2024-01-01 create_customer customer={zone} timezone={zone}" for zone in ZONES]
    return "\n".join(first + [f"{at:%Y-%m-%dT%H:%M}+00:00 {act} customer={zone}" for at, act, zone in ordered])


def test_d057_a_cancel_at_the_periods_end_credits_nothing_in_any_zone() -> None:
    found = outcome(
        "plans: {basic: 100}\n"
        + _everywhere("2024-01-15T21:00 subscribe plan=basic", "2024-01-20T03:00 cancel when=period_end")
        + "\n2024-04-01 advance_to\n"
    )
    assert {one["customer"] for one in found} == set(ZONES) and len(found) == len(ZONES)
    assert {one["balance_after"] for one in found} == {"0.00"}


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Pago_Pago", "UTC"])
def test_d058_a_second_run_adds_nothing_thirteen_hours_east_or_eleven_west(zone: str) -> None:
    found = lines(
        f"""
        timezone: {zone}
        plans: {{basic: 100}}
        add_ons: {{seat: {{amount: 5, timing: arrears}}}}
        2024-01-31 subscribe plan=basic items=[seat]
        2024-02-29T00:00 bill_run
        2024-02-29T00:00 bill_run
        2024-02-29T13:00 bill_run
        2024-02-29T23:59 bill_run
        2024-03-01T00:00 bill_run
        """
    )
    assert [(one["item"], one["start"]) for one in found] == [
        ("basic", "2024-01-31"), ("seat", "2024-01-31"), ("basic", "2024-02-29"),
    ]  # fmt: skip


def test_d060_an_hourly_tick_across_the_billing_day_makes_one_invoice_each() -> None:
    day = datetime(2024, 2, 14, 6, tzinfo=UTC)
    found = lines(
        "plans: {basic: 100}\n"
        + _everywhere("2024-01-15T12:00 subscribe plan=basic")
        + "\n"
        + "\n".join(f"{day + timedelta(hours=n):%Y-%m-%dT%H:%M}+00:00 bill_run" for n in range(48))
    )
    for zone in ZONES:
        assert [one["start"] for one in found if one["customer"] == zone] == ["2024-01-15", "2024-02-15"]


@pytest.mark.parametrize(("clock", "credited"), [("14T23:30", "-17.00"), ("15T00:30", "-16.00")])
def test_d061_days_are_counted_by_the_customers_own_calendar_when_it_ends(clock: str, credited: str) -> None:
    """A month of 30 days at 30.00: the local day on which it ends is not charged."""
    found = lines(
        "plans: {basic: 30}\n"
        + _everywhere("2024-04-01T00:30 subscribe plan=basic", f"2024-04-{clock} cancel when=now")
    )
    for zone in ZONES:
        assert [one["amount"] for one in found if one["customer"] == zone] == ["30.00", credited]


def test_d062_a_trial_that_ends_on_the_billing_day_is_billed_on_that_day_eight_hours_west() -> None:
    story(
        """
        timezone: America/Los_Angeles
        plans: {basic: 100}
        2024-01-18T20:00 subscribe plan=basic trial_end=2024-02-01 alignment=calendar
        2024-01-31T12:00 bill_run
        2024-01-31T23:59 bill_run
        2024-02-01T00:00 bill_run
        2024-02-01T12:00 bill_run
        """,
        """
        2024-02-01 c1 invoice 1
          basic  2024-02-01..2024-03-01  100.00
          total 100.00
        """,
    )


def test_d063_six_in_the_morning_stays_six_in_the_morning_after_the_clocks_changed() -> None:
    """Measured in seconds, periods begin at a time of day: the customer's own, whatever the offset is then."""
    found = documents(
        """
        timezone: America/New_York
        policy: {proration_unit: second}
        plans: {quarter: {amount: 90, interval: 3 months}}
        2024-08-15T06:00 subscribe quarter
        2025-06-01 advance_to
        """
    )
    assert [one["at"] for one in found] == [
        "2024-08-15T06:00:00-04:00", "2024-11-15T06:00:00-05:00", "2025-02-15T06:00:00-05:00",
        "2025-05-15T06:00:00-04:00",
    ]  # fmt: skip


def test_d064_a_late_run_moves_no_anniversary() -> None:
    found = lines(
        """
        plans: {basic: 100}
        2024-01-10 subscribe basic
        2024-02-11T09:00 bill_run
        2024-03-10 bill_run
        2024-04-12 bill_run
        """
    )
    assert [(one["at"][:10], one["start"]) for one in found] == [
        ("2024-01-10", "2024-01-10"), ("2024-02-11", "2024-02-10"), ("2024-03-10", "2024-03-10"),
        ("2024-04-12", "2024-04-10"),
    ]  # fmt: skip


@pytest.mark.parametrize(("ends", "periods_billed"), [("2024-04-09", 3), ("2024-04-10", 3), ("2024-04-11", 4)])
def test_d065_an_end_on_the_boundary_takes_no_further_step(ends: str, periods_billed: int) -> None:
    found = periods(
        f"""
        plans: {{basic: 30}}
        2024-01-10 subscribe plan=basic end_date={ends}
        2024-04-09T23:59:59 advance_to
        2024-08-01 advance_to
        """
    )
    assert len(found) == periods_billed and found[-1].endswith(ends)


def test_d066_a_downgrade_asked_for_on_a_backdated_agreement_comes_at_its_period_end() -> None:
    story(
        """
        plans: {big: 100, small: 40}
        2024-03-30 subscribe plan=big start_date=2024-03-01
        2024-03-30 change_plan plan=small when=period_end
        2024-03-31 bill_run
        2024-04-01 bill_run
        2024-04-02 bill_run
        """,
        """
        2024-03-30 c1 invoice 1
          big  2024-03-01..2024-04-01  100.00
          total 100.00
        2024-04-01 c1 invoice 2
          small  2024-04-01..2024-05-01  40.00
          total 40.00
        """,
    )
