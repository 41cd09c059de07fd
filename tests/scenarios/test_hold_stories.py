"""Invoicing is held and the subscription ends: the end releases it, and nothing is lost, whichever way it goes."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_what_an_end_gives_back_does_not_wait_for_a_release() -> None:
    """15 of 30 days: 50.00. There is nothing left to release."""
    story(
        """
        plans: {basic: 100}

        2024-06-10 subscribe basic
        2024-06-12 hold_invoicing
        2024-06-25 cancel now
        2024-06-26 release_invoicing
        2024-07-20 bill_run
        """,
        """
        2024-06-10 c1 invoice 1
          basic  2024-06-10..2024-07-10  100.00
          total 100.00
        2024-06-25 c1 credit note 1
          basic  credit  2024-06-25..2024-07-10  -50.00  of 1/1
          total -50.00
        2024-06-26 refused: subscription_ended
        """,
    )


def test_a_change_while_held_comes_with_the_end() -> None:
    """On the 20th 20 of 30 days go back, 66.67, and the new plan is charged for five: 150 / 30 * 5 = 25.00."""
    story(
        """
        plans: {basic: 100, plus: 150}

        2024-06-10 subscribe basic
        2024-06-12 hold_invoicing
        2024-06-20 change_plan plus
        2024-06-25 cancel now
        """,
        """
        2024-06-10 c1 invoice 1
          basic  2024-06-10..2024-07-10  100.00
          total 100.00
        2024-06-25 c1 credit note 1
          plus           2024-06-20..2024-06-25   25.00
          basic  credit  2024-06-20..2024-07-10  -66.67  of 1/1
          total -41.67
        """,
    )


def test_what_fell_due_in_advance_comes_with_the_end() -> None:
    """July whole, August up to the 16th: 15 of 31 days of 31.00."""
    story(
        """
        plans: {basic: 31}

        2024-06-01 subscribe basic
        2024-06-12 hold_invoicing
        2024-06-12 advance_to 2024-08-10
        2024-08-10 cancel 2024-08-16
        2024-08-10 advance_to 2024-08-20
        """,
        """
        2024-06-01 c1 invoice 1
          basic  2024-06-01..2024-07-01  31.00
          total 31.00
        2024-08-16 c1 invoice 2
          basic  2024-07-01..2024-08-01  31.00
          basic  2024-08-01..2024-08-16  15.00
          total 46.00
        """,
    )


def test_arrears_that_are_held_are_invoiced_at_the_end_of_the_period() -> None:
    story(
        """
        plans: {late: {amount: 100, timing: arrears}}

        2024-06-10 subscribe late
        2024-06-12 hold_invoicing
        2024-06-25 cancel period_end
        2024-06-25 advance_to 2024-07-20
        """,
        """
        2024-07-10 c1 invoice 1
          late  2024-06-10..2024-07-10  100.00
          total 100.00
        """,
    )


def test_more_periods_than_are_let_pass_wait_for_a_person_at_the_end_of_a_term() -> None:
    """catch_up_limit: February to May are four."""
    story(
        """
        plans: {basic: 10}

        2024-01-01 subscribe basic term={periods: 5, then: end}
        2024-01-12 hold_invoicing
        2024-06-12 bill_run
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  10.00
          total 10.00
        2024-06-12 refused: catch_up
        """,
    )


def test_what_an_end_under_a_catch_up_hold_left_is_released_by_hand() -> None:
    """Five months to the term's end, and nothing for the time after it."""
    story(
        """
        plans: {basic: 10}

        2024-01-01 subscribe basic term={periods: 5, then: end}
        2024-01-12 hold_invoicing
        2024-06-12 bill_run
        2024-06-13 release_invoicing
        2024-06-14 release_invoicing
        2024-07-20 bill_run
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  10.00
          total 10.00
        2024-06-12 refused: catch_up
        2024-06-13 c1 invoice 2
          basic  2024-02-01..2024-03-01  10.00
          basic  2024-03-01..2024-04-01  10.00
          basic  2024-04-01..2024-05-01  10.00
          basic  2024-05-01..2024-06-01  10.00
          total 40.00
        2024-06-14 refused: subscription_ended
        """,
    )


def test_what_ended_while_nobody_billed_is_released_by_hand_too() -> None:
    """Nobody held its invoicing: the run did."""
    story(
        """
        plans: {basic: 10}

        2024-01-01 subscribe basic
        2024-01-12 cancel 2024-06-01
        2024-06-12 bill_run
        2024-06-13 release_invoicing
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  10.00
          total 10.00
        2024-06-12 refused: catch_up
        2024-06-13 c1 invoice 2
          basic  2024-02-01..2024-03-01  10.00
          total 10.00
        2024-06-13 c1 invoice 3
          basic  2024-03-01..2024-04-01  10.00
          total 10.00
        2024-06-13 c1 invoice 4
          basic  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-06-13 c1 invoice 5
          basic  2024-05-01..2024-06-01  10.00
          total 10.00
        """,
    )


def test_usage_that_is_held_is_invoiced_with_the_end_and_what_comes_late_after_it() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}
        policy: {late_window_days: 5}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 hold_invoicing
        2024-05-04 usage 3
        2024-05-06 cancel now
        2024-05-07 usage meter=m events=[{at: 2024-05-05, value: 2}]
        2024-05-20 bill_run
        """,
        """
        2024-05-06 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          api  usage  2024-05-01..2024-05-06  x3  3.00
          total 11.00
        2024-05-20 c1 invoice 2
          api  usage  2024-05-01..2024-05-06  x5  2.00
          total 2.00
        """,
    )


def test_a_credit_for_the_next_invoice_comes_with_the_end_of_a_term() -> None:
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {basic: 100, small: 40}

        2024-06-10 subscribe basic term={periods: 2, then: end}
        2024-06-25 change_plan small
        2024-06-26 hold_invoicing
        2024-06-26 advance_to 2024-08-15
        """,
        """
        2024-06-10 c1 invoice 1
          basic  2024-06-10..2024-07-10  100.00
          total 100.00
        2024-08-10 c1 invoice 2
          small          2024-06-25..2024-07-10   20.00
          small          2024-07-10..2024-08-10   40.00
          basic  credit  2024-06-25..2024-07-10  -50.00  of 1/1
          total 10.00
        """,
    )
