"""Usage in a pause, at an end, under a hold, and beside periods of other lengths."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_pause_refuses_usage_and_cuts_it() -> None:
    story(
        """
        policy: {pause_usage: refused}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-11 pause 2024-04-21
        2024-04-15 usage 5
        2024-04-25 usage 3
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          calls  usage  2024-04-01..2024-04-11  x8  8.00
          total 8.00
        2024-04-15 refused: paused
        2024-05-01 c1 invoice 3
          calls  usage  2024-04-21..2024-05-01  x3  3.00
          total 3.00
        2024-05-11 c1 invoice 4
          base  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_with_pause_usage_billed_what_is_used_in_a_pause_is_charged_as_ever() -> None:
    story(
        """
        policy: {pause_usage: billed}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-11 pause 2024-04-21
        2024-04-15 usage 5
        2024-04-25 usage 3
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x16  16.00
          total 16.00
        2024-05-11 c1 invoice 3
          base  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_a_pause_without_an_end_goes_on_charging_usage_where_it_is_billed() -> None:
    story(
        """
        policy: {pause_usage: billed}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-11 pause
        2024-04-15 usage 5
        2024-05-15 usage 6
        2024-06-02 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-15 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x5  5.00
          total 5.00
        2024-06-01 c1 invoice 3
          calls  usage  2024-05-01..2024-06-01  x6  6.00
          total 6.00
        """,
    )


def test_usage_until_the_very_instant_of_a_cancellation() -> None:
    """The fixed price ends with the 20th; usage at two o'clock."""
    story(
        """
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-20T13:00 usage 2
        2024-04-20T14:00 cancel now
        2024-04-20T15:00 usage 50
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-20T14:00:00 c1 credit note 1
          calls  usage   2024-04-01..2024-04-20T14:00:00  x10   10.00
          base   credit  2024-04-20..2024-05-01                -11.00  of 1/1
          total -1.00
        2024-04-20T15:00:00 refused: after_end
        """,
    )


def test_after_the_end_late_usage_is_invoiced_once_when_the_window_closes() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-20 cancel now
        2024-04-22 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-04-23 advance_to
        2024-04-24 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-06-01 advance_to
        """,
        """
        2024-04-20 c1 invoice 1
          api  usage  2024-04-01..2024-04-20  x8  8.00
          total 8.00
        2024-04-23 c1 invoice 2
          api  usage  2024-04-01..2024-04-20  x11  3.00
          total 3.00
        2024-04-24 refused: late_window_closed
        """,
    )


def test_an_end_at_the_period_end_closes_three_days_later() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 cancel period_end
        2024-05-02 advance_to
        2024-05-03 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-06-01 advance_to
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        2024-05-04 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x11  3.00
          total 3.00
        """,
    )


def test_cancelled_for_an_earlier_day_what_was_charged_since_is_given_back() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-15 usage 5
        2024-05-05 usage 7
        2024-06-01 advance_to
        2024-06-02 cancel 2024-04-11
        2024-07-01 advance_to
        """,
        """
        2024-05-05 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x13  13.00
          total 13.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x7  7.00
          total 7.00
        2024-06-02 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -5.00  of 1/1
          api  credit  2024-05-01..2024-06-01  -7.00  of 2/1
          total -12.00
        """,
    )


def test_withdrawn_from_nothing_used_is_owed() -> None:
    """Article 9 of the directive: all is given back, usage too."""
    story(
        """
        policy: {progressive_threshold: 5}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-05 bill_run
        2024-04-10 withdraw
        2024-04-20 advance_to
        """,
        """
        2024-04-05 c1 invoice 1
          api  usage  2024-04-01..2024-04-05  x8  8.00
          total 8.00
        2024-04-10 c1 credit note 1
          api  credit  2024-04-01..2024-04-05  -8.00  of 1/1
          total -8.00
        """,
    )


def test_while_invoicing_is_held_usage_waits() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 hold_invoicing
        2024-05-05 bill_run
        2024-05-06 release_invoicing
        2024-06-01 bill_run
        """,
        """
        2024-05-06 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        """,
    )


def test_a_weekly_meter_beside_a_monthly_plan() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-03 usage 1
        2024-04-10 usage 2
        2024-04-16 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-10 c1 invoice 2
          calls  usage  2024-04-01..2024-04-08  1.00
          total 1.00
        2024-04-15 c1 invoice 3
          calls  usage  2024-04-08..2024-04-15  x2  2.00
          total 2.00
        """,
    )


def test_two_meters_two_lines() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: calls, amount: 1}, disk: {meter: disk, amount: 2}}
        meters: {calls: {aggregation: sum}, disk: {aggregation: last}}

        2024-04-01 subscribe base items=[calls, disk]
        2024-04-03 usage 5 meter=calls
        2024-04-04 usage 40 meter=disk
        2024-04-05 usage 30 meter=disk
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x5    5.00
          disk   usage  2024-04-01..2024-05-01  x30  60.00
          base          2024-05-01..2024-06-01       10.00
          total 75.00
        """,
    )


def test_a_moved_billing_day_closes_the_period_there() -> None:
    """Up to the 10th it is a period of its own."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-05-02 bill_run
        2024-05-02 set_anchor_day 10
        2024-05-05 usage 4
        2024-06-05 usage 2
        2024-06-15 usage 3
        2024-07-10 advance_to
        """,
        """
        2024-05-02 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        2024-06-15 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x4  4.00
          total 4.00
        2024-06-15 c1 invoice 3
          api  usage  2024-06-01..2024-06-10  x2  2.00
          total 2.00
        2024-07-10 c1 invoice 4
          api  usage  2024-06-10..2024-07-10  x3  3.00
          total 3.00
        """,
    )


def test_another_interval_restarts_the_counting() -> None:
    story(
        """
        plans: {one: {meter: m, amount: 1}, week: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 8
        2024-04-16 change_plan week
        2024-04-17 usage 3
        2024-04-23 advance_to
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  8.00
          total 8.00
        2024-04-23 c1 invoice 2
          week  usage  2024-04-16..2024-04-23  x3  3.00
          total 3.00
        """,
    )


def test_reactivated_it_is_a_new_agreement_with_usage_of_its_own() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 cancel now
        2024-04-12 reactivate
        2024-04-13 usage 3
        2024-04-13 usage meter=m events=[{at: 2024-04-11, value: 1}]
        2024-05-12 advance_to
        """,
        """
        2024-04-10 c1 invoice 1
          api  usage  2024-04-01..2024-04-10  x8  8.00
          total 8.00
        2024-04-13 refused: before_start
        2024-05-12 c1 invoice 2
          api  usage  2024-04-12..2024-05-12  x3  3.00
          total 3.00
        """,
    )


def test_a_meter_that_was_used_for_one_period_while_arrears_gather() -> None:
    """What is seen on the way are drafts of what nobody asked for yet: usage of a plan they have left."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {big: 31, calls: {model: per_unit, amount: 1, meter: calls}}
        meters: {calls: {}}

        2024-01-16 subscribe calls
        2024-02-17 change_plan big
        2024-02-20 change_plan big
        """,
        """
        2024-02-17 c1 invoice 1
          big  2024-02-17..2024-03-16  29.93
          total 29.93
        """,
    )
