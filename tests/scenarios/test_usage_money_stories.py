"""Usage with minimums, trials, coupons, taxes, rounding and a threshold."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_minimum_adds_what_the_usage_of_a_period_lacks() -> None:
    story(
        """
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1, period_minimum: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-10 usage 60
        2024-06-01 bill_run
        2024-07-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-05-01 c1 invoice 2
          calls  usage    2024-04-01..2024-05-01  x30  30.00
          calls  minimum  2024-04-01..2024-05-01       20.00
          base            2024-05-01..2024-06-01        5.00
          total 55.00
        2024-06-01 c1 invoice 3
          calls  usage  2024-05-01..2024-06-01  x60  60.00
          base          2024-06-01..2024-07-01        5.00
          total 65.00
        2024-07-01 c1 invoice 4
          base  2024-07-01..2024-08-01  5.00
          total 5.00
        """,
    )


def test_a_late_event_takes_back_what_the_minimum_had_added() -> None:
    """30 and 20 were charged; with 15 more it is 45 and 5, with 10 more 55 and nothing."""
    story(
        """
        policy: {late_window_days: 20}
        plans: {api: {meter: m, amount: 1, interval: week, period_minimum: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 30
        2024-04-08 bill_run
        2024-04-09 usage meter=m events=[{at: 2024-04-03, value: 15}]
        2024-04-15 bill_run
        2024-04-16 usage meter=m events=[{at: 2024-04-03, value: 10}]
        2024-04-22 bill_run
        """,
        """
        2024-04-08 c1 invoice 1
          api  usage    2024-04-01..2024-04-08  x30  30.00
          api  minimum  2024-04-01..2024-04-08       20.00
          total 50.00
        2024-04-15 c1 invoice 2
          api  usage   2024-04-01..2024-04-08  x45   15.00
          api  credit  2024-04-01..2024-04-08       -15.00  of 1/2
          total 0.00
        2024-04-22 c1 invoice 3
          api  usage   2024-04-01..2024-04-08  x55  10.00
          api  credit  2024-04-01..2024-04-08       -5.00  of 1/2
          total 5.00
        """,
    )


def test_a_stretch_has_its_part_of_the_minimum() -> None:
    """15 of 30 days: 25.00 of 50.00 before the change, 30.00 of 60.00 after it."""
    story(
        """
        plans: {one: {meter: m, amount: 1, period_minimum: 50}, two: {meter: m, amount: 1, period_minimum: 60}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-03 usage 10
        2024-04-16 change_plan two
        2024-04-20 usage 20
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage    2024-04-01..2024-04-16  x10  10.00
          one  minimum  2024-04-01..2024-04-16       15.00
          total 25.00
        2024-05-01 c1 invoice 2
          two  usage    2024-04-16..2024-05-01  x20  20.00
          two  minimum  2024-04-16..2024-05-01       10.00
          total 30.00
        """,
    )


def test_what_is_used_in_the_trial_is_free() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1, trial_days: 10}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10T23:59 usage 100
        2024-04-11 usage 5
        2024-05-11 bill_run
        """,
        """
        2024-05-11 c1 invoice 1
          api  usage  2024-04-11..2024-05-11  x5  5.00
          total 5.00
        """,
    )


def test_a_trial_given_later_frees_what_is_used_in_it_and_nothing_before() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 5
        2024-04-11T10:00 set_trial_end 2024-04-21
        2024-04-15 usage 100
        2024-04-25 usage 7
        2024-05-21 advance_to
        """,
        """
        2024-04-11T10:00:00 c1 invoice 1
          api  usage  2024-04-01..2024-04-11  x5  5.00
          total 5.00
        2024-05-21 c1 invoice 2
          api  usage  2024-04-21..2024-05-21  x7  7.00
          total 7.00
        """,
    )


def test_a_percent_coupon_takes_its_part_of_usage_too() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 0.05}}
        meters: {m: {aggregation: sum}}
        coupons: {TEN: {percent: 10, duration: forever}}

        2024-04-01 subscribe base items=[calls] coupon=TEN
        2024-04-10 usage 333
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-11, value: 100}]
        2024-06-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          discount 1.00  net 9.00  total 9.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x333  16.65
          base          2024-05-01..2024-06-01        10.00
          discount 2.66  net 23.99  total 23.99
        2024-06-01 c1 invoice 3
          calls  usage  2024-04-01..2024-05-01  x433   5.00
          base          2024-06-01..2024-07-01        10.00
          discount 1.50  net 13.50  total 13.50
        """,
    )


def test_an_amount_off_is_shared_with_usage() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}
        coupons: {SIX: {amount: 6, duration: forever}}

        2024-04-01 subscribe base items=[calls] coupon=SIX
        2024-04-10 usage 20
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          discount 6.00  net 4.00  total 4.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x20  20.00
          base          2024-05-01..2024-06-01       10.00
          discount 6.00  net 24.00  total 24.00
        """,
    )


def test_a_coupon_for_one_period_of_a_metered_plan() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}
        coupons: {HALF: {percent: 50, duration: once}}

        2024-04-01 subscribe api coupon=HALF
        2024-04-10 usage 20
        2024-05-01 bill_run
        2024-05-10 usage 20
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x20  20.00
          discount 10.00  net 10.00  total 10.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x20  20.00
          total 20.00
        """,
    )


def test_usage_is_taxed_at_the_rate_of_the_period_it_is_of() -> None:
    """Arrears: 24 % on April, also on what came in late and stands on the invoice of May."""
    story(
        """
        tax: [{percent: 24, to: 2024-05-01}, {percent: 25, from: 2024-05-01}]
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 100
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-11, value: 50}]
        2024-05-10 usage 10
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x100  100.00
          net 100.00  tax 24.00  total 124.00
        2024-06-01 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x150  50.00
          api  usage  2024-05-01..2024-06-01  x10   10.00
          net 60.00  tax 14.50  total 74.50
        """,
    )


def test_prices_with_tax_in_them() -> None:
    story(
        """
        tax: {percent: 25, inclusive: yes}
        plans: {api: {meter: m, amount: 1.25}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 100
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x100  100.00
          net 100.00  tax 25.00  total 125.00
        """,
    )


def test_halves_to_even_where_the_policy_says_so() -> None:
    """0.125 of a euro is 0.12."""
    story(
        """
        policy: {rounding_mode: half_even}
        plans: {api: {meter: m, amount: 0.125}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 1
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  0.12
          total 0.12
        """,
    )


def test_at_the_threshold_usage_is_invoiced_before_its_month_ends() -> None:
    """At 9.00; then again at 19 more; the rest at the month's end."""
    story(
        """
        policy: {progressive_threshold: 9}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10T10:00 usage 8
        2024-04-10T11:00 bill_run
        2024-04-11T10:00 usage 1
        2024-04-11T11:00 bill_run
        2024-04-12T10:00 usage 19
        2024-04-12T11:00 bill_run
        2024-04-12T11:00 bill_run
        2024-04-13T10:00 usage 2
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-04-11T11:00:00 c1 invoice 2
          calls  usage  2024-04-01..2024-04-11T11:00:00  x9  9.00
          total 9.00
        2024-04-12T11:00:00 c1 invoice 3
          calls  usage  2024-04-01..2024-04-12T11:00:00  x28  19.00
          total 19.00
        2024-05-01 c1 invoice 4
          calls  usage  2024-04-01..2024-05-01  x30  2.00
          base          2024-05-01..2024-06-01       5.00
          total 7.00
        """,
    )


def test_without_a_threshold_usage_waits_for_its_months_end() -> None:
    story(
        """
        policy: {progressive_threshold: none}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-12T10:00 usage 1000
        2024-04-12T11:00 bill_run
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x1000  1000.00
          base          2024-05-01..2024-06-01            5.00
          total 1005.00
        """,
    )


def test_the_clock_looks_at_what_was_used_before_it_moves_on() -> None:
    story(
        """
        policy: {progressive_threshold: 9}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10T10:00 usage 12
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-04-10T10:00:00 c1 invoice 2
          calls  usage  2024-04-01..2024-04-10T10:00:00  x12  12.00
          total 12.00
        2024-05-01 c1 invoice 3
          base  2024-05-01..2024-06-01  5.00
          total 5.00
        """,
    )
