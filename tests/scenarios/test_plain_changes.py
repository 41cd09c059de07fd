"""Changing, leaving and coming back; each price model once; trials, holds: the plain cases, told as stories."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_downgrade_gives_back_what_is_not_used() -> None:
    """BILLING, "Documents, receivables, balance", with the invoice still open: 66.67 back, 6.67 charged."""
    story(
        """
        tax: 25
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-11 change_plan small
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-11 c1 credit note 1
          small          2024-04-11..2024-05-01    6.67
          big    credit  2024-04-11..2024-05-01  -66.67  of 1/1
          net -60.00  tax -15.00  total -75.00
        2024-05-01 c1 invoice 2
          small  2024-05-01..2024-06-01  10.00
          net 10.00  tax 2.50  total 12.50
        """,
    )


def test_an_upgrade_is_invoiced_at_once() -> None:
    story(
        """
        plans: {big: 100, small: 10}

        2024-04-01 subscribe small
        2024-04-11 change_plan big
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-11 c1 invoice 2
          big            2024-04-11..2024-05-01  66.67
          small  credit  2024-04-11..2024-05-01  -6.67  of 1/1
          total 60.00
        2024-05-01 c1 invoice 3
          big  2024-05-01..2024-06-01  100.00
          total 100.00
        """,
    )


def test_up_and_back_on_one_day_costs_nothing() -> None:
    story(
        """
        plans: {big: 100, small: 10}

        2024-04-01 subscribe small
        2024-04-11T09:00 change_plan big
        2024-04-11T15:00 change_plan small
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-11T09:00:00 c1 invoice 2
          big            2024-04-11..2024-05-01  66.67
          small  credit  2024-04-11..2024-05-01  -6.67  of 1/1
          total 60.00
        2024-04-11T15:00:00 c1 credit note 1
          small          2024-04-11..2024-05-01    6.67
          big    credit  2024-04-11..2024-05-01  -66.67  of 2/1
          total -60.00
        2024-05-01 c1 invoice 3
          small  2024-05-01..2024-06-01  10.00
          total 10.00
        """,
    )


def test_a_change_that_waits_can_be_taken_back_and_another_stays() -> None:
    story(
        """
        plans: {big: 100, small: 10}

        2024-04-01 subscribe small
        2024-04-11 change_plan big when=period_end
        2024-04-12 set_quantity 3 when=period_end
        2024-04-13 unchange change_plan
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          small  2024-05-01..2024-06-01  x3  30.00
          total 30.00
        """,
    )


def test_an_add_on_for_ten_days() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 10}

        2024-04-01 subscribe basic
        2024-04-11 add_item bag quantity=2
        2024-04-21 remove_item bag
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          bag  2024-04-11..2024-05-01  x2  13.33
          total 13.33
        2024-04-21 c1 credit note 1
          bag  credit  2024-04-21..2024-05-01  x2  -6.67  of 2/1
          total -6.67
        2024-05-01 c1 invoice 3
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_an_ended_subscription_is_taken_up_again() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel now
        2024-04-21 reactivate
        2024-05-21 bill_run
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
        2024-05-21 c1 invoice 3
          basic  2024-05-21..2024-06-21  30.00
          total 30.00
        """,
    )


def test_a_withdrawal_gives_everything_back() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 withdraw
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
        """,
    )


def test_a_withdrawal_after_an_immediate_start_keeps_the_days_used() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 withdraw immediate_start=yes
        2024-04-12 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        2024-04-12 refused: subscription_ended
        """,
    )


def test_a_billing_day_moves_and_the_gap_is_charged() -> None:
    """1 to 15 May is 14 of the 30 days from 15 April to 15 May."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 set_anchor_day 15
        2024-06-20 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-05-15  14.00
          total 14.00
        2024-05-15 c1 invoice 3
          basic  2024-05-15..2024-06-15  30.00
          total 30.00
        2024-06-15 c1 invoice 4
          basic  2024-06-15..2024-07-15  30.00
          total 30.00
        """,
    )


def test_each_unit_in_its_own_tier() -> None:
    story(
        """
        plans: {basic: {model: graduated, tiers: [{up_to: 10, unit: 5}, {up_to: 20, unit: 4, flat: 1}, {unit: 3}]}}

        2024-04-01 subscribe basic quantity=25
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x25  106.00
          total 106.00
        """,
    )


def test_all_units_at_the_tier_of_the_total_with_a_set_up_fee_and_a_minimum() -> None:
    story(
        """
        plans: {basic: {model: volume, tiers: [{up_to: 10, unit: 5}, {unit: 3}], setup_fee: 20, period_minimum: 100}}

        2024-04-01 subscribe basic quantity=12
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  setup    2024-04-01..2024-04-01       20.00
          basic           2024-04-01..2024-05-01  x12  36.00
          basic  minimum  2024-04-01..2024-05-01       64.00
          total 120.00
        2024-05-01 c1 invoice 2
          basic           2024-05-01..2024-06-01  x12  36.00
          basic  minimum  2024-05-01..2024-06-01       64.00
          total 100.00
        """,
    )


def test_packages_and_a_percentage() -> None:
    story(
        """
        plans: {boxes: {model: package, amount: 10, package_size: 5, free_units: 2}}
        add_ons: {fee: {model: percentage, percent: 2.9, fixed: 0.30, minimum: 1, maximum: 100}}

        2024-04-01 subscribe boxes quantity=13 items=[{add_on: fee, quantity: 1234.56}]
        """,
        """
        2024-04-01 c1 invoice 1
          boxes  2024-04-01..2024-05-01  x13       30.00
          fee    2024-04-01..2024-05-01  x1234.56  36.10
          total 66.10
        """,
    )


def test_a_trial_moved_and_ended_early() -> None:
    story(
        """
        plans: {basic: {amount: 30, trial_days: 14}}

        2024-04-01 subscribe basic
        2024-04-05 set_trial_end 2024-04-20
        2024-04-10 end_trial
        2024-05-10 bill_run
        """,
        """
        2024-04-10 c1 invoice 1
          basic  2024-04-10..2024-05-10  30.00
          total 30.00
        2024-05-10 c1 invoice 2
          basic  2024-05-10..2024-06-10  30.00
          total 30.00
        """,
    )


def test_invoicing_held_and_released() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-20 hold_invoicing
        2024-05-20 bill_run
        2024-05-21 release_invoicing
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-21 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_calendar_months_and_a_cancel_at_the_end_of_one() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-11 subscribe basic alignment=calendar
        2024-04-20 cancel period_end
        2024-07-20 advance_to
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-01  20.00
          total 20.00
        """,
    )
