"""What follows what, where several acts meet (decision 22)."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_an_anchor_that_was_named_stays_when_the_trial_ends_early() -> None:
    """The trial would have ended on a Thursday of the add-on's weeks; ended on a Sunday, these stay Thursdays."""
    story(
        """
        plans: {basic: 30}
        add_ons: {weekly: {amount: 7, interval: week}}

        2024-09-26 subscribe basic items=[{add_on: weekly}] trial_days=35 anchor=2024-09-26
        2024-10-13 end_trial
        2024-10-17 advance_to
        """,
        """
        2024-10-13 c1 invoice 1
          basic   2024-10-13..2024-10-26  13.00
          weekly  2024-10-13..2024-10-17   4.00
          total 17.00
        2024-10-17 c1 invoice 2
          weekly  2024-10-17..2024-10-24  7.00
          total 7.00
        """,
    )


def test_two_changes_of_one_day_are_billed_as_the_last_of_them() -> None:
    """What the first one held for the next invoice stands beside the year that the second one begins."""
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {small: 30, big: 60, year: {amount: 365, interval: year}}

        2024-04-01 subscribe small
        2024-04-16 change_plan big
        2024-04-16 change_plan year
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          year           2024-04-16..2025-04-16  365.00
          small  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 350.00
        """,
    )


def test_a_coupon_that_was_used_up_is_not_at_work_in_the_gap_of_a_moved_billing_day() -> None:
    """22 of 31 days."""
    story(
        """
        plans: {basic: 31}
        coupons: {TEN: {percent: 10, duration: 1}}

        2024-12-10 subscribe basic coupon=TEN
        2024-12-31 set_anchor_day 1
        2025-02-01 advance_to
        """,
        """
        2024-12-10 c1 invoice 1
          basic  2024-12-10..2025-01-10  31.00
          discount 3.10  net 27.90  total 27.90
        2025-01-10 c1 invoice 2
          basic  2025-01-10..2025-02-01  22.00
          total 22.00
        2025-02-01 c1 invoice 3
          basic  2025-02-01..2025-03-01  31.00
          total 31.00
        """,
    )


def test_the_weeks_of_an_add_on_count_from_the_plans_billing_day() -> None:
    """The gap is 15 of the 29 days to 15 March, the add-on's first part 2 of 7."""
    story(
        """
        plans: {basic: 29}
        add_ons: {weekly: {amount: 7, interval: week}}

        2024-01-31 subscribe basic
        2024-02-18 set_anchor_day 15
        2024-03-13 advance_to
        2024-03-13 add_item weekly
        2024-03-15 advance_to
        """,
        """
        2024-01-31 c1 invoice 1
          basic  2024-01-31..2024-02-29  29.00
          total 29.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-15  15.00
          total 15.00
        2024-03-13 c1 invoice 3
          weekly  2024-03-13..2024-03-15  2.00
          total 2.00
        2024-03-15 c1 invoice 4
          basic   2024-03-15..2024-04-15  29.00
          weekly  2024-03-15..2024-03-22   7.00
          total 36.00
        """,
    )


def test_what_waits_for_an_invoice_does_not_come_with_that_of_another_subscription() -> None:
    """10 of 30 days: 20.00, given with the first invoice after the trial and not with the other one on 20 May."""
    story(
        """
        policy: {credit_becomes: next_invoice}
        plans: {small: 30, big: 60}

        2024-04-01 subscribe big subscription=one
        2024-04-20 subscribe small subscription=two
        2024-04-21 set_trial_end subscription=one 2024-06-01
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-04-20 c1 invoice 2
          small  2024-04-20..2024-05-20  30.00
          total 30.00
        2024-05-20 c1 invoice 3
          small  2024-05-20..2024-06-20  30.00
          total 30.00
        2024-06-01 c1 invoice 4
          big          2024-06-01..2024-07-01   60.00
          big  credit  2024-04-21..2024-05-01  -20.00  of 1/1
          total 40.00
        """,
    )


def test_an_end_dated_back_takes_back_what_was_lost_since() -> None:
    """Recurring revenue fell once when the add-on was removed, and all of it ends before that day: none is lost twice."""
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic items=[{add_on: bag}]
        2024-04-11 remove_item bag
        2024-04-21 cancel period_start
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          bag    2024-04-01..2024-05-01   5.00
          total 35.00
        2024-04-11 c1 credit note 1
          bag  credit  2024-04-11..2024-05-01  -3.33  of 1/2
          total -3.33
        2024-04-21 c1 credit note 2
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          bag    credit  2024-04-01..2024-04-11   -1.67  of 1/2
          total -31.67
        """,
    )


def test_a_withdrawal_gives_all_back_on_one_credit_note() -> None:
    story(
        """
        tax: 25
        plans: {basic: {amount: 9.99, setup_fee: 25}}

        2024-04-01 subscribe basic
        2024-04-05 withdraw
        """,
        """
        2024-04-01 c1 invoice 1
          basic  setup  2024-04-01..2024-04-01  25.00
          basic         2024-04-01..2024-05-01   9.99
          net 34.99  tax 8.75  total 43.74
        2024-04-05 c1 credit note 1
          basic  credit  2024-04-01..2024-04-01  -25.00  of 1/1
          basic  credit  2024-04-01..2024-05-01   -9.99  of 1/2
          net -34.99  tax -8.75  total -43.74
        """,
    )


def test_who_asked_for_an_immediate_start_keeps_to_the_set_up_fee_and_the_days_used() -> None:
    """20 of 30 days go back."""
    story(
        """
        plans: {basic: {amount: 30, setup_fee: 25}}

        2024-04-01 subscribe basic
        2024-04-11 withdraw immediate_start=yes
        """,
        """
        2024-04-01 c1 invoice 1
          basic  setup  2024-04-01..2024-04-01  25.00
          basic         2024-04-01..2024-05-01  30.00
          total 55.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/2
          total -20.00
        """,
    )


def test_what_is_asked_for_the_periods_end_comes_where_a_pause_moved_it() -> None:
    """Ten days of pause: paid through 11 May, as the pause was over before the change was asked for."""
    story(
        """
        plans: {small: 30, big: 60}

        2024-04-01 subscribe small
        2024-04-11 pause until=2024-04-21
        2024-04-25 change_plan big when=period_end
        2024-05-11 advance_to
        2024-05-20 cancel period_end
        2024-06-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          big  2024-05-11..2024-06-11  60.00
          total 60.00
        """,
    )


def test_what_has_not_begun_is_cancelled_at_once_and_never_billed() -> None:
    story(
        """
        plans: {small: {amount: 30, setup_fee: 10}}

        2024-04-01 subscribe small subscription=one start_date=2024-05-01
        2024-04-01 subscribe small subscription=two start_date=2024-05-01 trial_days=10
        2024-04-01 subscribe small subscription=three start_date=2024-05-01
        2024-04-05 cancel now subscription=one
        2024-04-05 cancel now subscription=two
        2024-04-05 withdraw subscription=three
        2024-04-06 reactivate subscription=one
        2024-04-06 advance_to 2024-05-20
        """,
        """
        2024-04-06 c1 invoice 1
          small  setup  2024-04-06..2024-04-06  10.00
          small         2024-04-06..2024-05-06  30.00
          total 40.00
        2024-05-06 c1 invoice 2
          small  2024-05-06..2024-06-06  30.00
          total 30.00
        """,
    )


def test_a_change_in_a_period_that_a_pause_made_longer_is_of_that_period() -> None:
    """The 31 days of January, 7 of them after a pause; four of 31 days are left, and there and back costs nothing."""
    story(
        """
        plans: {small: 30, big: 60}

        2025-01-01 subscribe small
        2025-01-25 pause until=2025-02-24
        2025-02-24 advance_to
        2025-02-27 change_plan big
        2025-02-27 change_plan small
        2025-03-03 advance_to
        """,
        """
        2025-01-01 c1 invoice 1
          small  2025-01-01..2025-02-01  30.00
          total 30.00
        2025-02-27 c1 invoice 2
          big            2025-02-27..2025-03-03   7.74
          small  credit  2025-02-27..2025-03-03  -3.87  of 1/1
          total 3.87
        2025-02-27 c1 credit note 1
          small          2025-02-27..2025-03-03   3.87
          big    credit  2025-02-27..2025-03-03  -7.74  of 2/1
          total -3.87
        2025-03-03 c1 invoice 3
          small  2025-03-03..2025-04-03  30.00
          total 30.00
        """,
    )


def test_a_change_in_a_longer_period_leaves_the_boundaries_where_they_stay() -> None:
    """pause_anchor: stays; the period lasts to 3 March, then 29 of 31 days of March are charged."""
    story(
        """
        policy: {pause_anchor: stays}
        plans: {small: 31, big: 62}

        2025-01-01 subscribe small
        2025-01-25 pause until=2025-02-24
        2025-02-24 advance_to
        2025-02-27 change_plan big
        2025-04-01 advance_to
        """,
        """
        2025-01-01 c1 invoice 1
          small  2025-01-01..2025-02-01  31.00
          total 31.00
        2025-02-27 c1 invoice 2
          big            2025-02-27..2025-03-03   8.00
          small  credit  2025-02-27..2025-03-03  -4.00  of 1/1
          total 4.00
        2025-03-03 c1 invoice 3
          big  2025-03-03..2025-04-01  58.00
          total 58.00
        2025-04-01 c1 invoice 4
          big  2025-04-01..2025-05-01  62.00
          total 62.00
        """,
    )


def test_two_pauses_and_two_changes_in_one_period() -> None:
    """Of 31 days 24 are used before the first pause, one after it, three after the second, two by big around the third."""
    story(
        """
        plans: {small: 31, big: 62}

        2025-01-01 subscribe small
        2025-01-25 pause until=2025-02-24
        2025-02-25 pause until=2025-03-03
        2025-03-06 change_plan big
        2025-03-07 pause until=2025-03-17
        2025-03-18 change_plan small
        2025-03-19 advance_to
        """,
        """
        2025-01-01 c1 invoice 1
          small  2025-01-01..2025-02-01  31.00
          total 31.00
        2025-03-06 c1 invoice 2
          big            2025-03-06..2025-03-09   6.00
          small  credit  2025-03-06..2025-03-09  -3.00  of 1/1
          total 3.00
        2025-03-18 c1 credit note 1
          small          2025-03-18..2025-03-19   1.00
          big    credit  2025-03-18..2025-03-19  -2.00  of 2/1
          total -1.00
        2025-03-19 c1 invoice 3
          small  2025-03-19..2025-04-19  31.00
          total 31.00
        """,
    )


def test_there_and_back_on_one_day_costs_nothing_where_amounts_are_fractions_of_a_cent() -> None:
    """Half of 1.67 is 0.84, given back and charged again: half of the exact 1.666665 would be 0.83."""
    story(
        """
        plans: {seats: {amount: 0.333333, model: per_unit}}

        2024-04-01 subscribe seats quantity=5
        2024-04-16 set_quantity 6
        2024-04-16 set_quantity 5
        2024-04-16 set_quantity 7
        2024-04-16 set_quantity 5
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          seats  2024-04-01..2024-05-01  x5  1.67
          total 1.67
        2024-04-16 c1 invoice 2
          seats          2024-04-16..2024-05-01  x6   1.00
          seats  credit  2024-04-16..2024-05-01  x5  -0.84  of 1/1
          total 0.16
        2024-04-16 c1 credit note 1
          seats          2024-04-16..2024-05-01  x5   0.84
          seats  credit  2024-04-16..2024-05-01  x6  -1.00  of 2/1
          total -0.16
        2024-04-16 c1 invoice 3
          seats          2024-04-16..2024-05-01  x7   1.17
          seats  credit  2024-04-16..2024-05-01  x5  -0.84  of credit_note 1/1
          total 0.33
        2024-04-16 c1 credit note 2
          seats          2024-04-16..2024-05-01  x5   0.84
          seats  credit  2024-04-16..2024-05-01  x7  -1.17  of 3/1
          total -0.33
        2024-05-01 c1 invoice 4
          seats  2024-05-01..2024-06-01  x5  1.67
          total 1.67
        """,
    )
