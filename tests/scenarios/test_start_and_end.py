"""Starting, renewing, ending: BILLING's own examples and the plain cases, told as stories."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_the_last_day_of_the_month_stays_the_last_day() -> None:
    story(
        """
        plans: {basic: 100}

        2023-12-31 subscribe basic
        2024-04-30 advance_to
        """,
        """
        2023-12-31 c1 invoice 1
          basic  2023-12-31..2024-01-31  100.00
          total 100.00
        2024-01-31 c1 invoice 2
          basic  2024-01-31..2024-02-29  100.00
          total 100.00
        2024-02-29 c1 invoice 3
          basic  2024-02-29..2024-03-31  100.00
          total 100.00
        2024-03-31 c1 invoice 4
          basic  2024-03-31..2024-04-30  100.00
          total 100.00
        2024-04-30 c1 invoice 5
          basic  2024-04-30..2024-05-31  100.00
          total 100.00
        """,
    )


def test_the_29th_of_february_returns_in_leap_years() -> None:
    story(
        """
        plans: {year: {amount: 366, interval: year}}

        2024-02-29 subscribe year
        2028-03-01 advance_to
        """,
        """
        2024-02-29 c1 invoice 1
          year  2024-02-29..2025-02-28  366.00
          total 366.00
        2025-02-28 c1 invoice 2
          year  2025-02-28..2026-02-28  366.00
          total 366.00
        2026-02-28 c1 invoice 3
          year  2026-02-28..2027-02-28  366.00
          total 366.00
        2027-02-28 c1 invoice 4
          year  2027-02-28..2028-02-29  366.00
          total 366.00
        2028-02-29 c1 invoice 5
          year  2028-02-29..2029-02-28  366.00
          total 366.00
        """,
    )


def test_a_part_before_the_anchor_is_a_share_of_the_whole_period_around_it() -> None:
    """BILLING, "Changes and proration": anchor 31, start 10 February 2019, 31.00: 18/28 of it."""
    story(
        """
        plans: {basic: 31}

        2019-02-10 subscribe basic anchor=2019-01-31
        2019-03-31 bill_run
        """,
        """
        2019-02-10 c1 invoice 1
          basic  2019-02-10..2019-02-28  19.93
          total 19.93
        2019-03-31 c1 invoice 2
          basic  2019-02-28..2019-03-31  31.00
          total 31.00
        2019-03-31 c1 invoice 3
          basic  2019-03-31..2019-04-30  31.00
          total 31.00
        """,
    )


def test_a_late_run_issues_today_one_document_for_each_missed_date() -> None:
    story(
        """
        plans: {basic: 100}

        2024-01-15 subscribe basic
        2024-04-20 bill_run
        2024-04-20 bill_run
        """,
        """
        2024-01-15 c1 invoice 1
          basic  2024-01-15..2024-02-15  100.00
          total 100.00
        2024-04-20 c1 invoice 2
          basic  2024-02-15..2024-03-15  100.00
          total 100.00
        2024-04-20 c1 invoice 3
          basic  2024-03-15..2024-04-15  100.00
          total 100.00
        2024-04-20 c1 invoice 4
          basic  2024-04-15..2024-05-15  100.00
          total 100.00
        """,
    )


def test_more_missed_periods_than_are_let_pass_are_held() -> None:
    story(
        """
        plans: {basic: 100}

        2024-01-15 subscribe basic
        2024-06-20 bill_run
        2024-06-21 bill_run
        """,
        """
        2024-01-15 c1 invoice 1
          basic  2024-01-15..2024-02-15  100.00
          total 100.00
        2024-06-20 refused: catch_up
        """,
    )


def test_the_same_months_step_by_step_are_billed_one_by_one() -> None:
    story(
        """
        plans: {basic: 100}

        2024-01-15 subscribe basic
        2024-06-20 advance_to
        """,
        """
        2024-01-15 c1 invoice 1
          basic  2024-01-15..2024-02-15  100.00
          total 100.00
        2024-02-15 c1 invoice 2
          basic  2024-02-15..2024-03-15  100.00
          total 100.00
        2024-03-15 c1 invoice 3
          basic  2024-03-15..2024-04-15  100.00
          total 100.00
        2024-04-15 c1 invoice 4
          basic  2024-04-15..2024-05-15  100.00
          total 100.00
        2024-05-15 c1 invoice 5
          basic  2024-05-15..2024-06-15  100.00
          total 100.00
        2024-06-15 c1 invoice 6
          basic  2024-06-15..2024-07-15  100.00
          total 100.00
        """,
    )


def test_a_trial_costs_nothing_and_its_end_is_the_anchor() -> None:
    story(
        """
        plans: {basic: 30}
        tax: 25

        2024-04-01 subscribe basic trial_end=2024-04-15
        2024-05-20 advance_to
        """,
        """
        2024-04-15 c1 invoice 1
          basic  2024-04-15..2024-05-15  30.00
          net 30.00  tax 7.50  total 37.50
        2024-05-15 c1 invoice 2
          basic  2024-05-15..2024-06-15  30.00
          net 30.00  tax 7.50  total 37.50
        """,
    )


def test_a_trial_that_is_cancelled_leaves_no_document() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_end=2024-04-15
        2024-04-10 cancel 2024-04-15
        2024-06-01 advance_to
        """,
        """

        """,
    )


def test_arrears_are_billed_at_the_end_and_once_after_a_cancel() -> None:
    story(
        """
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-05-01 bill_run
        2024-05-16 cancel now
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-16 c1 invoice 2
          later  2024-05-01..2024-05-16  29.03
          total 29.03
        """,
    )


def test_a_start_in_the_future_with_a_known_end() -> None:
    story(
        """
        plans: {basic: 100}

        2024-04-20 subscribe basic start_date=2024-05-01 end_date=2024-05-16
        2024-07-01 advance_to
        """,
        """
        2024-05-01 c1 invoice 1
          basic  2024-05-01..2024-05-16  48.39
          total 48.39
        """,
    )


def test_the_day_of_each_customer_is_that_of_its_own_zone() -> None:
    story(
        """
        plans: {basic: 100}
        timezone: UTC

        2024-03-20 create_customer customer=auckland timezone=Pacific/Auckland
        2024-03-20 create_customer customer=honolulu timezone=Pacific/Honolulu
        2024-03-31T12:00 subscribe basic customer=auckland
        2024-03-31T12:00 subscribe basic customer=honolulu
        2024-05-01T12:00 advance_to
        """,
        """
        2024-03-31T12:00:00 auckland invoice 1
          basic  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-03-31T12:00:00 honolulu invoice 2
          basic  2024-03-31..2024-04-30  100.00
          total 100.00
        2024-04-30T10:00:00 honolulu invoice 3
          basic  2024-04-30..2024-05-31  100.00
          total 100.00
        2024-04-30T12:00:00 auckland invoice 4
          basic  2024-05-01..2024-06-01  100.00
          total 100.00
        """,
    )


def test_a_credit_has_the_rate_of_the_line_it_credits() -> None:
    story(
        """
        plans: {basic: 100}
        tax: [{percent: 24, to: 2024-07-01}, {percent: 25.5, from: 2024-07-01}]

        2024-06-20 subscribe basic
        2024-07-05 cancel 2024-07-10
        2024-07-20 advance_to
        """,
        """
        2024-06-20 c1 invoice 1
          basic  2024-06-20..2024-07-20  100.00
          net 100.00  tax 24.00  total 124.00
        2024-07-10 c1 credit note 1
          basic  credit  2024-07-10..2024-07-20  -33.33  of 1/1
          net -33.33  tax -8.00  total -41.33
        """,
    )


def test_gross_prices_hold_their_tax() -> None:
    story(
        """
        plans: {basic: 99}
        add_ons: {bag: 9.99}
        tax: {percent: 25, inclusive: yes}

        2024-06-20 subscribe basic items=[{add_on: bag, quantity: 2}]
        2024-07-05 cancel now
        """,
        """
        2024-06-20 c1 invoice 1
          basic  2024-06-20..2024-07-20      79.20
          bag    2024-06-20..2024-07-20  x2  15.98
          net 95.18  tax 23.80  total 118.98
        2024-07-05 c1 credit note 1
          basic  credit  2024-07-05..2024-07-20      -39.60  of 1/1
          bag    credit  2024-07-05..2024-07-20  x2   -7.99  of 1/2
          net -47.59  tax -11.90  total -59.49
        """,
    )


def test_a_currency_without_decimals() -> None:
    story(
        """
        plans: {basic: 1000}
        currency: JPY
        country: JP
        timezone: Asia/Tokyo
        tax: 10

        2024-06-20 subscribe basic
        2024-07-05 cancel now
        """,
        """
        2024-06-20 c1 invoice 1
          basic  2024-06-20..2024-07-20  1000
          net 1000  tax 100  total 1100
        2024-07-05 c1 credit note 1
          basic  credit  2024-07-05..2024-07-20  -500  of 1/1
          net -500  tax -50  total -550
        """,
    )


def test_two_intervals_on_one_subscription() -> None:
    story(
        """
        plans: {basic: {amount: 40, interval: 2 weeks}}
        add_ons: {parking: {amount: 3, interval: 5 days}}

        2024-06-03 subscribe basic items=[parking]
        2024-06-18 advance_to
        """,
        """
        2024-06-03 c1 invoice 1
          basic    2024-06-03..2024-06-17  40.00
          parking  2024-06-03..2024-06-08   3.00
          total 43.00
        2024-06-08 c1 invoice 2
          parking  2024-06-08..2024-06-13  3.00
          total 3.00
        2024-06-13 c1 invoice 3
          parking  2024-06-13..2024-06-18  3.00
          total 3.00
        2024-06-17 c1 invoice 4
          basic  2024-06-17..2024-07-01  40.00
          total 40.00
        2024-06-18 c1 invoice 5
          parking  2024-06-18..2024-06-23  3.00
          total 3.00
        """,
    )


def test_what_is_refused_leaves_nothing_behind() -> None:
    story(
        """
        plans: {basic: 100}
        add_ons: {bag: {currency: DKK, amount: 10}}

        2024-06-03 subscribe basic items=[bag]
        2024-06-03 subscribe basic quantity=-1
        2024-06-03 subscribe nothing
        2024-06-03 subscribe basic end_date=2024-06-01
        2024-06-03 cancel subscription=s9
        2024-06-03 subscribe basic
        2024-07-03 bill_run
        """,
        """
        2024-06-03 refused: currency_mismatch
        2024-06-03 refused: invalid_value
        2024-06-03 refused: not_found
        2024-06-03 refused: invalid_value
        2024-06-03 refused: not_found
        2024-06-03 c1 invoice 1
          basic  2024-06-03..2024-07-03  100.00
          total 100.00
        2024-07-03 c1 invoice 2
          basic  2024-07-03..2024-08-03  100.00
          total 100.00
        """,
    )


def test_a_cancel_may_lie_in_the_past() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-20 cancel 2024-04-11
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-20 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )


def test_a_credit_first_lowers_what_is_open_on_its_invoice() -> None:
    """BILLING, "Documents, receivables, balance": cancel half-way through an unpaid 125.00, balance 0.00."""
    story(
        """
        plans: {basic: 100}
        tax: 25

        2024-04-01 subscribe basic
        2024-04-16 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -50.00  of 1/1
          net -50.00  tax -12.50  total -62.50
        """,
    )


def test_amounts_agreed_with_one_customer() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic amount=19.99 items=[{add_on: bag, quantity: 3, amount: 4.333333}]
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01      19.99
          bag    2024-04-01..2024-05-01  x3  13.00
          total 32.99
        """,
    )
