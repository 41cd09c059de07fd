"""Parts of periods: exact fractions of days, credits that are cumulative and never more than was charged."""

import itertools
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.calendar import Series, midnight
from perennia.domain.facts import Settled
from perennia.domain.money import round_ratio
from perennia.domain.proration import charge, credit, next_part
from tests.domain.world import DAILY, MONTHLY, YEARLY, item, key, price, utc

APRIL = Series(datetime(2025, 4, 1), "UTC", MONTHLY)
ANCHOR_31 = Series(datetime(2019, 1, 31), "UTC", MONTHLY)


def settled(net: int, tax: int, start: datetime, end: datetime, *, credited: tuple[int, int] = (0, 0)) -> Settled:
    return Settled(key(), start, end, key(), 0, "Plan", end, net, tax, Decimal(25), *credited, 0)


def amount(text: str, series: Series, start: datetime, ends: datetime | None = None, *, currency: str = "EUR") -> int:
    of = price(text, currency=currency, interval=series.interval)
    version = item(of, start=start.date()).versions[0]
    return round_ratio(*charge(version, next_part(series=series, start=start, ends=ends)))


def test_the_natural_denominator_runs_from_boundary_to_boundary() -> None:
    part = next_part(series=ANCHOR_31, start=utc(2019, 2, 10), ends=None)
    assert (part.start, part.end, part.part, part.whole) == (utc(2019, 2, 10), utc(2019, 2, 28), 18, 28)
    assert amount("31.00", ANCHOR_31, utc(2019, 2, 10)) == 1993


@pytest.mark.parametrize(
    ("start", "ends", "part"),
    [
        (utc(2019, 3, 31), None, (utc(2019, 3, 31), utc(2019, 4, 30), 1, 1)),
        (utc(2019, 3, 31), utc(2019, 4, 30), (utc(2019, 3, 31), utc(2019, 4, 30), 1, 1)),
        (utc(2019, 3, 31), utc(2019, 4, 10), (utc(2019, 3, 31), utc(2019, 4, 10), 10, 30)),
        (utc(2019, 4, 5), utc(2019, 4, 10), (utc(2019, 4, 5), utc(2019, 4, 10), 5, 30)),
        (utc(2018, 12, 20), None, (utc(2018, 12, 20), utc(2018, 12, 31), 11, 31)),  # before the anchor: slot -2
        (utc(2019, 4, 5, 9), utc(2019, 4, 5, 17), (utc(2019, 4, 5, 9), utc(2019, 4, 5, 17), 0, 30)),
    ],
)
def test_a_part_ends_with_its_slot_or_its_version(start, ends, part) -> None:
    found = next_part(series=ANCHOR_31, start=start, ends=ends)
    assert (found.start, found.end, found.part, found.whole) == part


def test_a_last_part_that_is_not_prorated_is_a_whole_slot() -> None:
    found = next_part(series=ANCHOR_31, start=utc(2019, 3, 31), ends=utc(2019, 4, 10), prorate_last=False)
    assert found.end == utc(2019, 4, 30) and found.is_whole


@pytest.mark.parametrize(
    ("text", "currency", "minor"), [("31.00", "EUR", 1993), ("31", "JPY", 20), ("31.000", "KWD", 19929)]
)
def test_a_part_is_rounded_once_to_its_currency(text: str, currency: str, minor: int) -> None:
    assert amount(text, ANCHOR_31, utc(2019, 2, 10), currency=currency) == minor


@pytest.mark.parametrize(
    ("day", "zone"),
    [(date(2025, 3, 30), "Europe/Copenhagen"), (date(2025, 10, 26), "Europe/Copenhagen"),
     (date(2025, 10, 5), "Australia/Lord_Howe"), (date(2025, 3, 9), "America/Havana")],
)  # fmt: skip
def test_a_day_of_a_strange_night_costs_what_any_day_costs(day: date, zone: str) -> None:
    daily = Series(datetime(2025, 1, 1), zone, DAILY)
    part = next_part(series=daily, start=midnight(day, zone), ends=None)
    assert part.is_whole and part.end == midnight(day + timedelta(days=1), zone)
    monthly = Series(datetime(2025, 1, 1), zone, MONTHLY)
    part = next_part(series=monthly, start=midnight(day, zone), ends=midnight(day + timedelta(days=1), zone))
    assert part.part == 1


@given(st.integers(0, 364), st.integers(0, 364))
def test_parts_of_a_slot_add_up_in_days(first: int, second: int) -> None:
    yearly = Series(datetime(2025, 1, 1), "Europe/Copenhagen", YEARLY)
    cuts = [midnight(date(2025, 1, 1) + timedelta(days=n), yearly.zone) for n in sorted({0, first, second})]
    found = [
        next_part(series=yearly, start=start, ends=end)
        for start, end in zip(cuts, [*cuts[1:], None], strict=True)
    ]  # fmt: skip
    assert all(one.end == two.start for one, two in itertools.pairwise(found))
    if len(found) > 1:
        assert sum(part.part for part in found) == found[0].whole == 365


def test_a_cancellation_on_the_eleventh_of_april_gives_two_thirds_back() -> None:
    whole_april = settled(10000, 2500, utc(2025, 4, 1), utc(2025, 5, 1))
    found = credit(whole_april, new_end=utc(2025, 4, 11), series=APRIL)
    assert (found.net_minor, found.tax_minor, found.removed, found.whole) == (6667, 1667, 20, 30)


def test_credits_in_thirds_take_the_tax_in_thirds() -> None:
    line = settled(999, 250, utc(2025, 4, 1), utc(2025, 5, 1))
    given_back = []
    for day in (21, 11, 1):
        found = credit(line, new_end=utc(2025, 4, day), series=APRIL)
        given_back.append((found.net_minor, found.tax_minor))
        credited = (line.credited_net + found.net_minor, line.credited_tax + found.tax_minor)
        line = replace(line, end=utc(2025, 4, day), credited_net=credited[0], credited_tax=credited[1])
    assert given_back == [(333, 83), (333, 84), (333, 83)]


@given(
    st.integers(-(10**6), 10**6), st.integers(0, 3 * 10**5), st.lists(st.integers(1, 31), min_size=1, max_size=6)
)  # fmt: skip
def test_credits_are_cumulative_and_never_more_than_was_charged(net: int, tax: int, days: list[int]) -> None:
    tax = tax if net >= 0 else -tax
    line = settled(net, tax, utc(2025, 5, 1), utc(2025, 6, 1))
    for day in sorted(days, reverse=True):
        found = credit(line, new_end=utc(2025, 5, day), series=APRIL)
        credited = (line.credited_net + found.net_minor, line.credited_tax + found.tax_minor)
        line = replace(line, end=utc(2025, 5, day), credited_net=credited[0], credited_tax=credited[1])
        assert abs(credited[0]) <= abs(net) and abs(credited[1]) <= abs(tax)
    if min(days) == 1:
        assert (line.credited_net, line.credited_tax) == (net, tax)


@pytest.mark.parametrize(("net", "tax"), [(1000, 250), (0, 1)])
def test_a_line_of_less_than_a_day_is_credited_whole(net: int, tax: int) -> None:
    line = settled(net, tax, utc(2025, 4, 1, 9), utc(2025, 4, 1, 17))
    found = credit(line, new_end=line.start, series=APRIL)
    assert (found.net_minor, found.tax_minor, found.removed, found.whole) == (net, tax, 1, 1)
