"""Starts dated back, coming back, withdrawing, and arrears at the end."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_start_dated_back_on_one_invoice() -> None:
    """backdated_start: one_invoice"""
    story(
        """
        policy: {backdated_start: one_invoice}
        plans: {basic: 30}

        2024-04-10 subscribe basic start_date=2024-02-15
        """,
        """
        2024-04-10 c1 invoice 1
          basic  2024-02-15..2024-03-15  30.00
          basic  2024-03-15..2024-04-15  30.00
          total 60.00
        """,
    )


def test_a_start_dated_back_with_an_invoice_for_each_period() -> None:
    """backdated_start: per_period"""
    story(
        """
        policy: {backdated_start: per_period}
        plans: {basic: 30}

        2024-04-10 subscribe basic start_date=2024-02-15
        """,
        """
        2024-04-10 c1 invoice 1
          basic  2024-02-15..2024-03-15  30.00
          total 30.00
        2024-04-10 c1 invoice 2
          basic  2024-03-15..2024-04-15  30.00
          total 30.00
        """,
    )


def test_a_start_dated_back_further_than_a_run_may_catch_up() -> None:
    """BILLING: an explicit back-dated start is not held, however many periods it has."""
    story(
        """
        policy: {backdated_start: one_invoice}
        plans: {basic: 10}

        2024-06-20 subscribe basic start_date=2024-01-15
        """,
        """
        2024-06-20 c1 invoice 1
          basic  2024-01-15..2024-02-15  10.00
          basic  2024-02-15..2024-03-15  10.00
          basic  2024-03-15..2024-04-15  10.00
          basic  2024-04-15..2024-05-15  10.00
          basic  2024-05-15..2024-06-15  10.00
          basic  2024-06-15..2024-07-15  10.00
          total 60.00
        """,
    )


def test_a_start_to_come_is_billed_when_it_comes() -> None:
    story(
        """
        timezone: Pacific/Auckland
        plans: {basic: 30}

        2024-04-10 subscribe basic start_date=2024-05-01
        2024-04-30 bill_run
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_arrears_are_closed_at_the_end_of_the_period() -> None:
    """arrears_close: period_end"""
    story(
        """
        policy: {arrears_close: period_end}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-30 bill_run
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          total 60.00
        """,
    )


def test_arrears_and_advance_on_one_subscription() -> None:
    story(
        """
        timezone: America/New_York
        plans: {basic: 30}
        add_ons: {care: {amount: 10, timing: arrears}}

        2024-04-01 subscribe basic items=[care]
        2024-05-01 bill_run
        2024-05-17 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          care   2024-04-01..2024-05-01  10.00
          basic  2024-05-01..2024-06-01  30.00
          total 40.00
        2024-05-17 c1 credit note 1
          care           2024-05-01..2024-05-17    5.16
          basic  credit  2024-05-17..2024-06-01  -14.52  of 2/2
          total -9.36
        """,
    )


def test_arrears_at_two_prices() -> None:
    """What is billed in arrears is due when its part ends, and a change ends a part."""
    story(
        """
        plans: {low: {amount: 30, timing: arrears}, high: {amount: 60, timing: arrears}}

        2024-04-01 subscribe low
        2024-04-11 change_plan high
        2024-05-01 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          low  2024-04-01..2024-04-11  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          high  2024-04-11..2024-05-01  40.00
          total 40.00
        """,
    )


def test_a_withdrawal_within_fourteen_days() -> None:
    """BILLING, "Life cycle": a full refund, not a balance."""
    story(
        """
        plans: {basic: 30}
        tax: 25

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-14 withdraw
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          net 30.00  tax 7.50  total 37.50
        2024-04-14 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          net -30.00  tax -7.50  total -37.50
        """,
    )


def test_a_withdrawal_too_late() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-20 withdraw
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-20 refused: withdrawal_over
        """,
    )


def test_a_new_start_after_an_end_that_no_run_saw() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-10 cancel period_end
        2024-05-15 reactivate
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-15 c1 invoice 2
          basic  2024-05-15..2024-06-15  30.00
          total 30.00
        """,
    )


def test_a_new_start_after_the_end_takes_todays_anchor() -> None:
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30}

        2024-01-31 subscribe basic
        2024-02-10 cancel period_end
        2024-03-01 bill_run
        2024-03-15 reactivate
        2024-04-15 bill_run
        """,
        """
        2024-01-31 c1 invoice 1
          basic  2024-01-31..2024-02-29  30.00
          total 30.00
        2024-03-15 c1 invoice 2
          basic  2024-03-15..2024-04-15  30.00
          total 30.00
        2024-04-15 c1 invoice 3
          basic  2024-04-15..2024-05-15  30.00
          total 30.00
        """,
    )


def test_invoicing_is_held_and_then_catches_up() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-02 hold_invoicing
        2024-06-10 bill_run
        2024-06-10 release_invoicing
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-06-10 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-06-10 c1 invoice 3
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_an_act_on_who_was_held_for_catching_up_bills_it_all_and_the_run_goes_on() -> None:
    story(
        """
        policy: {catch_up_limit: 1}
        plans: {bag: 20, big: 40}

        2024-01-01 subscribe bag
        2024-03-05 bill_run
        2024-03-05 change_plan big when=period_end
        2024-04-01 bill_run
        """,
        """
        2024-01-01 c1 invoice 1
          bag  2024-01-01..2024-02-01  20.00
          total 20.00
        2024-03-05 refused: catch_up
        2024-03-05 c1 invoice 2
          bag  2024-02-01..2024-03-01  20.00
          total 20.00
        2024-03-05 c1 invoice 3
          bag  2024-03-01..2024-04-01  20.00
          total 20.00
        2024-04-01 c1 invoice 4
          big  2024-04-01..2024-05-01  40.00
          total 40.00
        """,
    )


def test_any_entry_may_carry_its_own_policy() -> None:
    """A withdrawal within twenty days; on an act on which no policy has a say it changes nothing."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 create_customer policy={proration: none}
        2024-04-01 subscribe basic
        2024-04-16 one_off 5.00 name=mug policy={proration: none}
        2024-04-19 withdraw
        2024-04-19 withdraw policy={withdrawal_days: 20}
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          mug  one_off  2024-04-16..2024-04-16  5.00
          total 5.00
        2024-04-19 refused: withdrawal_over
        2024-04-19 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
        """,
    )
