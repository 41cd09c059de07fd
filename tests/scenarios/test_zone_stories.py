"""A customer moves to another time zone: the next boundary is still by the old clocks, all later ones by the new."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_from_copenhagen_to_new_york() -> None:
    """May begins by the clocks of Copenhagen, 18:00 in New York, and costs one month; June begins in New York."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 31, pro: 62}

        2024-04-01 subscribe basic
        2024-04-10 set_time_zone America/New_York
        2024-05-15 advance_to
        2024-05-16T09:00 change_plan pro
        2024-06-02 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  31.00
          total 31.00
        2024-05-01 c1 invoice 2
          basic  2024-04-30T18:00:00..2024-06-01  31.00
          total 31.00
        2024-05-16T09:00:00 c1 invoice 3
          pro            2024-05-16..2024-06-01   32.00
          basic  credit  2024-05-16..2024-06-01  -16.00  of 2/1
          total 16.00
        2024-06-01T06:00:00 c1 invoice 4
          pro  2024-06-01..2024-07-01  62.00
          total 62.00
        """,
    )


def test_from_new_york_to_tokyo() -> None:
    """Thirteen hours earlier: May begins by the clocks of New York. Its coupon is for two periods, not for three."""
    story(
        """
        timezone: America/New_York
        plans: {basic: 30}
        coupons: {half: {percent: 50, duration: 2}}

        2024-03-31 subscribe basic coupon=half
        2024-04-10 set_time_zone Asia/Tokyo
        2024-06-30 advance_to
        """,
        """
        2024-03-31 c1 invoice 1
          basic  2024-03-31..2024-04-30  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-30 c1 invoice 2
          basic  2024-04-30T13:00:00..2024-05-31  30.00
          discount 15.00  net 15.00  total 15.00
        2024-05-30T11:00:00 c1 invoice 3
          basic  2024-05-31..2024-06-30  30.00
          total 30.00
        2024-06-29T11:00:00 c1 invoice 4
          basic  2024-06-30..2024-07-31  30.00
          total 30.00
        """,
    )


def test_each_item_goes_over_where_its_own_period_ends() -> None:
    """The locker is paid for a quarter, the lessons are charged afterwards, the calls are counted."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {gym: 30}
        add_ons:
          locker: {amount: 15, interval: 3 months}
          lessons: {amount: 10, timing: arrears}
          calls: {meter: m, amount: 1}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe gym items=[locker, lessons, calls]
        2024-04-10 set_time_zone America/New_York
        2024-04-11 usage 5
        2024-05-01T03:00 usage 7
        2024-05-02 usage 2
        2024-08-02 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          gym     2024-04-01..2024-05-01  30.00
          locker  2024-04-01..2024-07-01  15.00
          total 45.00
        2024-05-02 c1 invoice 2
          lessons         2024-04-01..2024-05-01               10.00
          calls    usage  2024-04-01..2024-05-01           x5   5.00
          gym             2024-04-30T18:00:00..2024-06-01      30.00
          total 45.00
        2024-06-01T06:00:00 c1 invoice 3
          lessons         2024-04-30T18:00:00..2024-06-01      10.00
          calls    usage  2024-04-30T18:00:00..2024-06-01  x9   9.00
          gym             2024-06-01..2024-07-01               30.00
          total 49.00
        2024-07-01 c1 invoice 4
          locker  2024-06-30T18:00:00..2024-10-01  15.00
          total 15.00
        2024-07-01T06:00:00 c1 invoice 5
          lessons  2024-06-01..2024-07-01  10.00
          gym      2024-07-01..2024-08-01  30.00
          total 40.00
        2024-08-01T06:00:00 c1 invoice 6
          lessons  2024-07-01..2024-08-01  10.00
          gym      2024-08-01..2024-09-01  30.00
          total 40.00
        """,
    )


def test_there_and_back_before_the_boundary_is_nothing() -> None:
    """Another choice takes the place of the one that waits."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-10 set_time_zone America/New_York
        2024-04-11 set_time_zone Asia/Tokyo
        2024-04-12 set_time_zone
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-06-01 c1 invoice 3
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_in_a_trial_and_before_the_start() -> None:
    """The trial ends by the old clocks, and so does the first period of what is to start."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30, later: {amount: 20, product: other}}

        2024-04-01 subscribe basic trial_days=14
        2024-04-02 subscribe later start_date=2024-05-01 subscription=later
        2024-04-10 set_time_zone America/New_York
        2024-06-16 advance_to
        """,
        """
        2024-04-15 c1 invoice 1
          basic  2024-04-14T18:00:00..2024-05-15  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          later  2024-05-01..2024-06-01  20.00
          total 20.00
        2024-05-15T06:00:00 c1 invoice 3
          basic  2024-05-15..2024-06-15  30.00
          total 30.00
        2024-06-01 c1 invoice 4
          later  2024-05-31T18:00:00..2024-07-01  20.00
          total 20.00
        2024-06-15T06:00:00 c1 invoice 5
          basic  2024-06-15..2024-07-15  30.00
          total 30.00
        """,
    )


def test_across_the_date_line_every_day() -> None:
    """Days of 24 hours on both sides; the change itself makes one that is shorter or longer, and none is charged twice."""
    story(
        """
        timezone: Pacific/Pago_Pago
        plans: {daily: {amount: 1, interval: day}}

        2024-04-01 subscribe daily
        2024-04-02T12:00 set_time_zone Pacific/Kiritimati
        2024-04-05 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          daily  2024-04-01..2024-04-02  1.00
          total 1.00
        2024-04-02T12:00:00 c1 invoice 2
          daily  2024-04-02..2024-04-03  1.00
          total 1.00
        2024-04-03 c1 invoice 3
          daily  2024-04-04T01:00:00..2024-04-05  1.00
          total 1.00
        2024-04-03T23:00:00 c1 invoice 4
          daily  2024-04-05..2024-04-06  1.00
          total 1.00
        2024-04-04T23:00:00 c1 invoice 5
          daily  2024-04-06..2024-04-07  1.00
          total 1.00
        """,
    )


def test_a_pause_and_a_change_on_the_way() -> None:
    """Paused over the boundary; it goes on by the clocks of New York from the next one after the pause."""
    story(
        """
        timezone: Europe/Copenhagen
        policy: {pause_rest: credited}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-10 set_time_zone America/New_York
        2024-04-16 change_plan pro
        2024-04-21 pause 2024-05-11
        2024-07-02 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          pro            2024-04-16..2024-05-01   30.00
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 15.00
        2024-05-11 c1 invoice 3
          pro          2024-05-11..2024-06-01   40.65
          pro  credit  2024-04-21..2024-05-01  -20.00  of 2/1
          total 20.65
        2024-06-01 c1 invoice 4
          pro  2024-05-31T18:00:00..2024-07-01  60.00
          total 60.00
        2024-07-01T06:00:00 c1 invoice 5
          pro  2024-07-01..2024-08-01  60.00
          total 60.00
        """,
    )
