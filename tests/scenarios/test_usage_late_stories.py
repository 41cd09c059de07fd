"""Usage that comes late, runs that come late, and days of another zone or length."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_late_event_is_charged_with_the_next_invoice() -> None:
    """Four more at the price of a month that was invoiced already."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-03T23:59 usage meter=m events=[{at: 2024-04-30, value: 4}]
        2024-05-10 usage 5
        2024-06-01 bill_run
        2024-07-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-06-01 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x34  4.00
          api  usage  2024-05-01..2024-06-01  x5   5.00
          total 9.00
        """,
    )


def test_after_the_late_window_it_is_refused() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-04 usage meter=m events=[{at: 2024-04-30, value: 4}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-05-04 refused: late_window_closed
        """,
    )


def test_without_a_late_window_nothing_late_is_taken() -> None:
    story(
        """
        policy: {late_window_days: 0}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-01T01:00 usage meter=m events=[{at: 2024-04-30, value: 4}, {at: 2024-05-01, value: 1}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-05-01T01:00:00 refused: late_window_closed
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  1.00
          total 1.00
        """,
    )


def test_a_window_longer_than_the_period_is_open_over_several_invoices() -> None:
    story(
        """
        policy: {late_window_days: 10}
        plans: {api: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 1
        2024-04-08 bill_run
        2024-04-09 usage meter=m events=[{at: 2024-04-03, value: 2}]
        2024-04-15 bill_run
        2024-04-17T23:00 usage meter=m events=[{at: 2024-04-04, value: 4}, {at: 2024-04-09, value: 8}]
        2024-04-18 usage meter=m events=[{at: 2024-04-05, value: 16}]
        2024-04-22 bill_run
        2024-04-29 bill_run
        """,
        """
        2024-04-08 c1 invoice 1
          api  usage  2024-04-01..2024-04-08  1.00
          total 1.00
        2024-04-15 c1 invoice 2
          api  usage  2024-04-01..2024-04-08  x3  2.00
          total 2.00
        2024-04-18 refused: late_window_closed
        2024-04-22 c1 invoice 3
          api  usage  2024-04-01..2024-04-08  x7  4.00
          api  usage  2024-04-08..2024-04-15  x8  8.00
          total 12.00
        """,
    )


def test_a_run_that_comes_late_charges_what_came_late_too() -> None:
    """Nobody refuses what is not billed yet."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-20 usage meter=m events=[{at: 2024-04-11, value: 5}]
        2024-05-21 bill_run
        """,
        """
        2024-05-21 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x35  35.00
          total 35.00
        """,
    )


def test_months_that_were_missed_are_charged_in_order_one_line_each() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 1
        2024-05-10 usage 2
        2024-06-10 usage 3
        2024-07-05 bill_run
        """,
        """
        2024-07-05 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-07-05 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x2  2.00
          total 2.00
        2024-07-05 c1 invoice 3
          api  usage  2024-06-01..2024-07-01  x3  3.00
          total 3.00
        """,
    )


def test_an_event_belongs_to_the_period_of_its_own_instant_in_new_york() -> None:
    """Midnight there is 04:00 in UTC."""
    story(
        """
        timezone: America/New_York
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-30T23:59:59 usage 1
        2024-05-01T00:00 usage 10
        2024-05-01T00:00 bill_run
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x10  10.00
          total 10.00
        """,
    )


def test_an_event_belongs_to_the_period_of_its_own_instant_in_tokyo() -> None:
    story(
        """
        timezone: Asia/Tokyo
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01T12:00 usage meter=m events=[{at: 2024-04-30T14:59:59+00:00, value: 1}]
        2024-05-01T12:00 usage meter=m events=[{at: 2024-04-30T15:00:00+00:00, value: 10}]
        2024-05-01T13:00 bill_run
        2024-06-01 bill_run
        """,
        """
        2024-05-01T13:00:00 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x10  10.00
          total 10.00
        """,
    )


def test_the_late_window_is_counted_in_local_days_over_a_change_of_clocks() -> None:
    """The period ends with 29 March in Copenhagen; the window has 71 hours."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-02-29 subscribe api
        2024-03-05 usage 5
        2024-03-29 bill_run
        2024-03-31T23:59 usage meter=m events=[{at: 2024-03-28, value: 1}]
        2024-04-01 usage meter=m events=[{at: 2024-03-28, value: 1}]
        2024-04-29 bill_run
        """,
        """
        2024-03-29 c1 invoice 1
          api  usage  2024-02-29..2024-03-29  x5  5.00
          total 5.00
        2024-04-01 refused: late_window_closed
        2024-04-29 c1 invoice 2
          api  usage  2024-02-29..2024-03-29  x6  1.00
          total 1.00
        """,
    )


def test_a_day_of_twenty_five_hours_is_one_day_of_usage() -> None:
    story(
        """
        timezone: America/New_York
        plans: {api: {meter: m, amount: 1, interval: day}}
        meters: {m: {aggregation: count}}

        2024-11-03 subscribe api
        2024-11-04 usage meter=m events=[{at: 2024-11-03T00:00:00-04:00}, {at: 2024-11-03T01:30:00-04:00}]
        2024-11-04 usage meter=m events=[{at: 2024-11-03T01:30:00-05:00}, {at: 2024-11-03T23:59:00-05:00}]
        2024-11-04 usage meter=m events=[{at: 2024-11-04T00:00:00-05:00}]
        2024-11-04T00:00 bill_run
        2024-11-05 bill_run
        """,
        """
        2024-11-04 c1 invoice 1
          api  usage  2024-11-03..2024-11-04  x4  4.00
          total 4.00
        2024-11-05 c1 invoice 2
          api  usage  2024-11-04..2024-11-05  1.00
          total 1.00
        """,
    )
