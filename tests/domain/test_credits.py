"""What a line gives back, under each policy that has a say: every figure worked out by hand.

The line is April, 100.00 net with 25.00 tax, unless a row says otherwise; amounts in minor units.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.calendar import Interval, Series, Unit, midnight, slot_at, start_of_day
from perennia.domain.facts import Pause, Settled
from perennia.domain.fractions import Measure, removed_fraction
from perennia.domain.lengthened import Lengthened
from perennia.domain.policies import Policies
from perennia.domain.proration import credit, next_part, part_of_longer
from tests.domain.world import DAILY, MONTHLY, WEEKLY, YEARLY, key, utc

SERIES = Series(datetime(2025, 4, 1), "UTC", MONTHLY)
APRIL = Settled(
    key(), utc(2025, 4, 1), utc(2025, 5, 1), key(), 1, "Plan", utc(2025, 5, 1), 10000, 2500, Decimal(25), 0, 0, 0
)


def line(**other: Any) -> Settled:
    return replace(APRIL, **other)


def pause(first: int, until: int, rest: str = "kept", *, is_over: bool = True) -> Pause:
    return Pause(key(), utc(2025, 4, first), utc(2025, 4, until), Policies(pause_rest=rest), is_over=is_over)


HALF_BY_NOW = {"end": utc(2025, 4, 21), "credited_net": 3000, "credited_tax": 750}


@pytest.mark.parametrize(
    ("of", "until", "net", "tax"),
    [
        ({}, 11, 6667, 1667),
        ({}, 30, 333, 83),
        ({"adjusted_net": 1000, "adjusted_tax": 250}, 11, 6000, 1500),
        (HALF_BY_NOW | {"adjusted_net": 1000, "adjusted_tax": 250}, 11, 3000, 750),  # 60.00 left for 20 days, 10 go
        ({"line_net": -10000, "line_tax": -2500}, 11, -6667, -1667),  # an adjustment below zero goes back as well
        ({"line_net": 0, "line_tax": 3, "credited_tax": 1}, 11, 0, 1),  # two thirds of 3, less what went before
        ({"credited_net": 10000, "credited_tax": 2500}, 11, 0, 0),
    ],
)
def test_what_is_left_of_a_line_goes_back_by_days(of: dict[str, Any], until: int, net: int, tax: int) -> None:
    found = credit(line(**of), new_end=utc(2025, 4, until), series=SERIES)
    assert (found.net_minor, found.tax_minor, found.limit, found.measure) == (net, tax, None, Measure.DAY)


@pytest.mark.parametrize(
    ("of", "until", "base", "net", "limit"),
    [
        ({"line_net": 9000, "line_discount": 1000}, 11, 10000, 6667, None),
        ({"line_net": 5000, "line_discount": 5000}, 11, 10000, 5000, 5000),  # two thirds are more than was paid
        ({"line_net": 9000, "line_discount": 1000, "end": utc(2025, 4, 21)}, 11, 6667, 3334, None),
        ({"line_net": -100, "line_discount": 300}, 11, 200, 0, 0),  # nothing was paid that could go back
    ],
)
def test_by_the_list_price_no_more_goes_back_than_was_paid(
    of: dict[str, Any], until: int, base: int, net: int, limit: int | None
) -> None:
    found = credit(line(**of), new_end=utc(2025, 4, until), series=SERIES, policies=Policies(credit_basis="list"))
    assert (found.base, found.net_minor, found.limit) == (base, net, limit)


def test_by_the_list_price_in_seconds_a_part_has_its_share_of_it() -> None:
    by_seconds = Policies(credit_basis="list", proration_unit="second")
    found = credit(line(end=utc(2025, 4, 21)), new_end=utc(2025, 4, 11), series=SERIES, policies=by_seconds)
    assert (found.base, found.net_minor) == (6667, 3334)


@pytest.mark.parametrize(
    ("policies", "new_end", "removed", "whole", "measure", "net"),
    [
        ({"proration_unit": "second"}, utc(2025, 4, 16, 12), 29 * 43_200, 30 * 86_400, Measure.SECOND, 4833),
        ({"proration_unit": "second"}, utc(2025, 5, 1), 0, 30 * 86_400, Measure.SECOND, 0),
        ({"denominator": "nominal"}, utc(2025, 4, 11), 20, 30, Measure.SHARE, 6667),
        ({"proration_unit": "month30"}, utc(2025, 4, 16), 15, 30, Measure.SHARE, 5000),
        ({"factor": "scale9"}, utc(2025, 4, 11), 666_666_667, 10**9, Measure.SHARE, 6667),
        ({"denominator": "nominal"}, utc(2025, 4, 1), 1, 1, Measure.SHARE, 10000),
        ({"denominator": "nominal"}, utc(2025, 3, 20), 1, 1, Measure.SHARE, 10000),
    ],
)
def test_the_share_that_goes_back_is_counted_as_the_policy_says(
    policies: dict[str, Any], new_end: datetime, removed: int, whole: int, measure: Measure, net: int
) -> None:
    found = credit(line(), new_end=new_end, series=SERIES, policies=Policies(**policies))
    assert (found.removed, found.whole, found.measure, found.net_minor) == (removed, whole, measure, net)


@pytest.mark.parametrize(
    ("pauses", "until", "removed", "whole", "net"),
    [
        ([pause(6, 11)], 21, 10, 25, 4000),
        ([pause(6, 11, "credited")], 21, 10, 25, 4000),
        ([pause(6, 11, "lost")], 21, 10, 30, 3333),
        ([pause(6, 11, is_over=False)], 21, 10, 30, 3333),
        ([pause(16, 26)], 21, 5, 20, 2500),  # half of the pause lies in what goes back
        ([pause(2, 4), pause(6, 11)], 21, 10, 23, 4348),
        ([pause(1, 30)], 30, 1, 1, 10000),  # the thirtieth was all that could be used
        ([replace(pause(6, 11), ends_at=None)], 21, 10, 30, 3333),
    ],
)
def test_days_of_a_pause_were_not_used(pauses: list[Pause], until: int, removed: int, whole: int, net: int) -> None:
    found = credit(line(), new_end=utc(2025, 4, until), series=SERIES, pauses=pauses)
    assert (found.removed, found.whole, found.net_minor) == (removed, whole, net)


def test_a_line_that_lay_wholly_in_a_pause_goes_back_whole() -> None:
    through = replace(pause(1, 2), ends_at=utc(2025, 5, 1))
    found = credit(line(), new_end=utc(2025, 4, 21), series=SERIES, pauses=[through])
    assert (found.removed, found.whole, found.net_minor) == (1, 1, 10000)


@pytest.mark.parametrize(
    ("pauses", "policies", "removed", "whole", "net"),
    [
        ([], Policies(), 5, 30, 1667),
        ([pause(2, 4)], Policies(), 5, 28, 1786),
        ([pause(7, 9)], Policies(), 5, 28, 1786),  # what was no use anyhow is not taken off what goes back
        ([], Policies(denominator="nominal"), 5, 30, 1667),  # a stretch in the midst is counted in days
    ],
)
def test_a_stretch_in_the_midst_goes_back(
    pauses: list[Pause], policies: Policies, removed: int, whole: int, net: int
) -> None:
    found = credit(
        line(), new_end=utc(2025, 4, 6), series=SERIES, policies=policies, pauses=pauses, resumed=utc(2025, 4, 11)
    )
    assert (found.removed, found.whole, found.net_minor) == (removed, whole, net)


def test_a_day_that_is_used_to_its_end_gives_nothing_back() -> None:
    day = line(start=utc(2025, 4, 1), end=utc(2025, 4, 2), line_end=utc(2025, 4, 2))
    found = credit(day, new_end=utc(2025, 4, 2), series=Series(datetime(2025, 4, 1), "UTC", DAILY))
    assert (found.removed, found.whole, found.net_minor) == (0, 1, 0)


@pytest.mark.parametrize(("mode", "net", "tax"), [("half_away", 3, 1), ("half_even", 2, 0)])
def test_a_half_is_rounded_as_the_policy_says(mode: str, net: int, tax: int) -> None:
    five = line(line_net=5, line_tax=1)
    found = credit(five, new_end=utc(2025, 4, 16), series=SERIES, policies=Policies(rounding_mode=mode))
    assert (found.net_minor, found.tax_minor, found.rounding) == (net, tax, mode)


@pytest.mark.parametrize(
    ("ends", "full", "part"),
    [
        (None, True, (1, 1)),
        (None, False, (20, 30)),
        (utc(2025, 4, 21), True, (10, 30)),  # an end that is known divides it all the same
        (utc(2025, 4, 21), False, (10, 30)),
    ],
)
def test_a_full_first_part_costs_the_whole_unless_it_ends_early(
    ends: datetime | None, full: bool, part: tuple[int, int]
) -> None:
    found = next_part(series=SERIES, start=utc(2025, 4, 11), ends=ends, full=full)
    assert (found.part, found.whole) == part


@pytest.mark.parametrize(
    ("policies", "part"),
    [
        ({}, (20, 31)),
        ({"proration_unit": "second"}, (20 * 86_400, 31 * 86_400)),
        ({"proration_unit": "month30"}, (19, 30)),
        ({"denominator": "nominal"}, (20, 30)),
        ({"factor": "scale9"}, (645_161_290, 10**9)),
    ],
)
def test_a_part_of_may_by_each_measure(policies: dict[str, Any], part: tuple[int, int]) -> None:
    """From the twelfth to the end: 20 of 31 days; months of thirty leave the day over 30 out."""
    start = utc(2025, 5, 12)
    found = next_part(series=SERIES, start=start, ends=None, policies=Policies(**policies))
    assert (found.part, found.whole) == part
    assert found.end - start == timedelta(days=20)


@pytest.mark.parametrize(("denominator", "whole"), [("natural", 31), ("running", 30), ("natural_clamped", 31)])
def test_the_last_day_of_march_goes_back_as_what_takes_its_place_is_charged(denominator: str, whole: int) -> None:
    """A month on from 31 March are thirty days, to 30 April."""
    march = line(start=utc(2025, 3, 1), end=utc(2025, 4, 1), line_end=utc(2025, 4, 1))
    policies = Policies(denominator=denominator)
    found = credit(march, new_end=utc(2025, 3, 31), series=SERIES, policies=policies)
    charged = next_part(series=SERIES, start=utc(2025, 3, 31), ends=None, policies=policies)
    assert (found.removed, found.whole) == (charged.part, charged.whole) == (1, whole)


@given(
    unit=st.sampled_from(["day", "second", "month30"]),
    denominator=st.sampled_from(["natural", "natural_clamped", "running", "nominal"]),
    factor=st.sampled_from(["exact", "scale9"]),
    series=st.builds(
        lambda day, interval: Series(datetime(2024, 1, day), "Europe/Copenhagen", interval),
        st.integers(1, 31),
        st.sampled_from([MONTHLY, WEEKLY, YEARLY, Interval(Unit.MONTH, 3)]),
    ),
    first=st.integers(0, 400),
    used=st.integers(0, 60),
)
def test_what_is_billed_goes_back_as_the_rule_says_when_it_is_asked(
    unit: str, denominator: str, factor: str, series: Series, first: int, used: int
) -> None:
    """`perennia rule prorate` and a cancellation: one answer."""
    start = midnight(date(2024, 3, 1) + timedelta(days=first), series.zone)
    end = slot_at(series, start).end
    new_end = min(start_of_day(start + timedelta(days=used, hours=2), series.zone), end)
    told = removed_fraction(
        series=series, start=start, end=end, new_end=new_end, unit=unit, denominator=denominator, factor=factor
    )
    policies = Policies(proration_unit=unit, denominator=denominator, factor=factor)
    found = credit(line(start=start, end=end, line_end=end), new_end=new_end, series=series, policies=policies)
    assert Fraction(found.removed, found.whole) == Fraction(*told)


@pytest.mark.parametrize(
    ("ends", "end", "part"),
    [
        (None, utc(2025, 5, 11), (15, 30)),
        (utc(2025, 5, 1), utc(2025, 5, 1), (5, 30)),
        (utc(2025, 6, 1), utc(2025, 5, 11), (15, 30)),
    ],
)
def test_a_period_that_a_pause_made_longer_is_divided_as_the_thirty_days_it_was(
    ends: datetime | None, end: datetime, part: tuple[int, int]
) -> None:
    """Ten days of pause from the eleventh: on the 26th fifteen of April's days are used, and on 1 May twenty."""
    longer = Lengthened(slot_at(SERIES, utc(2025, 4, 1)), utc(2025, 5, 11), (pause(11, 21),), "UTC")
    found = part_of_longer(longer, series=SERIES, start=utc(2025, 4, 26), ends=ends)
    assert (found.end, (found.part, found.whole)) == (end, part)
