"""Trials: their length, their end as the anchor, changes, cancels and credits around them."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_fourteen_local_days() -> None:
    """trial_unit: local_days; a trial that starts at 15:00 in Copenhagen ends at midnight after fourteen dates."""
    story(
        """
        timezone: Europe/Copenhagen
        policy: {trial_unit: local_days}
        plans: {basic: {amount: 30, trial_days: 14}}

        2024-03-20T15:00 subscribe basic
        2024-04-10 advance_to
        """,
        """
        2024-04-03 c1 invoice 1
          basic  2024-04-03..2024-05-03  30.00
          total 30.00
        """,
    )


def test_fourteen_times_24_hours() -> None:
    """trial_unit: hours24; in summer time 336 hours after 15:00 it is 16:00. Days count from that day."""
    story(
        """
        timezone: Europe/Copenhagen
        policy: {trial_unit: hours24}
        plans: {basic: {amount: 30, trial_days: 14}}

        2024-03-20T15:00 subscribe basic
        2024-04-10 advance_to
        """,
        """
        2024-04-03T16:00:00 c1 invoice 1
          basic  2024-04-03T16:00:00..2024-05-03  30.00
          total 30.00
        """,
    )


def test_a_trials_end_is_the_anchor() -> None:
    """trial_end_is_anchor: yes"""
    story(
        """
        policy: {trial_end_is_anchor: yes}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-05-11 advance_to
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_a_trials_end_is_not_the_anchor() -> None:
    """trial_end_is_anchor: no; the first part runs from the trial's end to the day of the start: 20/30."""
    story(
        """
        policy: {trial_end_is_anchor: no}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-05-01 advance_to
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-01  20.00
          total 20.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_calendar_months_after_a_trial() -> None:
    """BILLING: with calendar alignment the first part runs from the trial's end to the boundary."""
    story(
        """
        timezone: America/New_York
        policy: {alignment: calendar}
        plans: {basic: {amount: 30, trial_days: 10}}

        2024-04-06 subscribe basic
        2024-05-01 advance_to
        """,
        """
        2024-04-16 c1 invoice 1
          basic  2024-04-16..2024-05-01  15.00
          total 15.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_trial_is_free() -> None:
    """trial_price: free"""
    story(
        """
        policy: {trial_price: free}
        plans: {basic: {amount: 30, trial_days: 10}}

        2024-04-01 subscribe basic
        2024-04-10 bill_run
        """,
        """

        """,
    )


def test_a_trial_has_a_price() -> None:
    """trial_price: 1.00; charged at the start, and the plan from the trial's end."""
    story(
        """
        policy: {trial_price: 1}
        plans: {basic: {amount: 30, trial_days: 10}}

        2024-04-01 subscribe basic
        2024-04-11 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  trial  2024-04-01..2024-04-11  1.00
          total 1.00
        2024-04-11 c1 invoice 2
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_a_set_up_fee_is_charged_in_a_trial() -> None:
    story(
        """
        plans: {basic: {amount: 30, trial_days: 10, setup_fee: 5}}

        2024-04-01 subscribe basic
        2024-04-11 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  setup  2024-04-01..2024-04-01  5.00
          total 5.00
        2024-04-11 c1 invoice 2
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_a_change_in_a_trial_bills_nothing_and_keeps_its_end() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic trial_days=10
        2024-04-05 change_plan pro
        2024-04-11 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          pro  2024-04-11..2024-05-11  60.00
          total 60.00
        """,
    )


def test_an_item_that_joins_shares_the_trial() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 10}

        2024-04-01 subscribe basic trial_days=10
        2024-04-05 add_item bag
        2024-04-11 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          bag    2024-04-11..2024-05-11  10.00
          total 40.00
        """,
    )


def test_a_trial_ended_early_bills_from_that_day() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=20
        2024-04-11 end_trial
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_a_cancel_in_a_trial_leaves_no_document() -> None:
    story(
        """
        timezone: Pacific/Auckland
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=20
        2024-04-11 cancel now
        2024-06-01 advance_to
        """,
        """

        """,
    )


def test_extending_a_trial_into_the_next_month() -> None:
    """getlago/lago #771: there, such an extension gives wrong periods and dates."""
    story(
        """
        plans: {basic: 30}

        2024-04-10 subscribe basic trial_days=10
        2024-04-15 set_trial_end 2024-05-05
        2024-06-05 advance_to
        """,
        """
        2024-05-05 c1 invoice 1
          basic  2024-05-05..2024-06-05  30.00
          total 30.00
        2024-06-05 c1 invoice 2
          basic  2024-06-05..2024-07-05  30.00
          total 30.00
        """,
    )


def test_a_trial_added_to_a_paid_period_credits_the_rest() -> None:
    """BILLING, "Trials": by proration the unused part goes back: 20/30."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 set_trial_end 2024-04-21
        2024-04-21 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        2024-04-21 c1 invoice 2
          basic  2024-04-21..2024-05-21  30.00
          total 30.00
        """,
    )


def test_a_trial_is_had_once() -> None:
    """One trial per customer and product: the second subscription pays at once."""
    story(
        """
        plans: {basic: {amount: 30, trial_days: 10}}

        2024-04-01 subscribe basic subscription=a
        2024-04-05 cancel now subscription=a
        2024-04-20 subscribe basic subscription=b
        """,
        """
        2024-04-20 c1 invoice 1
          basic  2024-04-20..2024-05-20  30.00
          total 30.00
        """,
    )


def test_a_trial_counts_from_the_start() -> None:
    """trial_from: start; nobody pays before the trial's end."""
    story(
        """
        policy: {trial_from: start}
        plans: {basic: 30}

        2024-04-01 subscribe basic start_date=2024-05-01 trial_days=10
        2024-05-11 advance_to
        """,
        """
        2024-05-11 c1 invoice 1
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_what_is_charged_in_arrears_goes_on_after_a_pause_in_its_trial() -> None:
    """Eleven of the trial's days stood still, so it ends on 13 December; a month later the first fee is due."""
    story(
        """
        plans: {late: {amount: 30, timing: arrears}}
        add_ons: {cups: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-11-03 subscribe late trial_days=29 items=[cups]
        2024-11-10 usage 5
        2024-11-20 pause
        2024-12-01 resume
        2024-12-03 usage 3
        2024-12-20 usage 7
        2024-12-20 advance_to 2025-02-14
        """,
        """
        2025-01-13 c1 invoice 1
          late         2024-12-13..2025-01-13      30.00
          cups  usage  2024-12-13..2025-01-13  x7   7.00
          total 37.00
        2025-02-13 c1 invoice 2
          late  2025-01-13..2025-02-13  30.00
          total 30.00
        """,
    )
