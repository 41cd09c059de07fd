"""Ends: when a cancel holds, what it gives back, what is still billed, and coming back."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_cancel_now() -> None:
    """cancel_at: now"""
    story(
        """
        timezone: Europe/Copenhagen
        policy: {cancel_at: now}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11T15:00 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11T15:00:00 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )


def test_a_cancel_at_the_end_of_the_period() -> None:
    """cancel_at: period_end"""
    story(
        """
        policy: {cancel_at: period_end}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )


def test_a_cancel_at_the_start_of_the_period() -> None:
    """cancel_at: period_start; all of the running period goes back."""
    story(
        """
        policy: {cancel_at: period_start}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-05-01 bill_run
        2024-05-11 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-11 c1 credit note 1
          basic  credit  2024-05-01..2024-06-01  -30.00  of 2/1
          total -30.00
        """,
    )


def test_a_cancel_on_a_date() -> None:
    """cancel_at: date"""
    story(
        """
        policy: {cancel_at: date}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel 2024-04-21
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 credit note 1
          basic  credit  2024-04-21..2024-05-01  -10.00  of 1/1
          total -10.00
        """,
    )


def test_a_cancel_on_a_date_in_a_later_period() -> None:
    """The last period is charged up to the day that is known."""
    story(
        """
        policy: {known_last_part: prorate}
        plans: {basic: 30}

        2024-03-11 subscribe basic
        2024-03-12 cancel 2024-04-26
        2024-06-01 advance_to
        """,
        """
        2024-03-11 c1 invoice 1
          basic  2024-03-11..2024-04-11  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          basic  2024-04-11..2024-04-26  15.00
          total 15.00
        """,
    )


def test_the_day_of_the_cancel_is_free() -> None:
    """cancel_day: free"""
    story(
        """
        policy: {cancel_day: free}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-16 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total -15.00
        """,
    )


def test_the_day_of_the_cancel_is_billed() -> None:
    """cancel_day: billed. The 16th is used: 14 days go back."""
    story(
        """
        policy: {cancel_day: billed}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-16T12:00 cancel now
        2024-04-17 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-17 c1 credit note 1
          basic  credit  2024-04-17..2024-05-01  -14.00  of 1/1
          total -14.00
        """,
    )


def test_the_day_on_which_a_cancel_is_to_hold_is_billed() -> None:
    """cancel_day: billed; the 20th is a day of the cancel like any other: ten days go back."""
    story(
        """
        policy: {cancel_day: billed}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel 2024-04-20
        2024-05-16 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 credit note 1
          basic  credit  2024-04-21..2024-05-01  -10.00  of 1/1
          total -10.00
        """,
    )


def test_a_cancel_without_credit() -> None:
    """cancel_credit: none"""
    story(
        """
        policy: {cancel_credit: none}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel now
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )


def test_a_cancel_with_credit_as_for_changes() -> None:
    """cancel_credit: credit_becomes"""
    story(
        """
        policy: {cancel_credit: credit_becomes, credit_becomes: balance}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-11 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
          balance 20.00
        """,
    )


def test_the_unused_part_of_an_open_invoice_is_credited() -> None:
    """open_debt_at_cancel: credit_unused; 40.00 of 60.00 stay open."""
    story(
        """
        policy: {open_debt_at_cancel: credit_unused}
        plans: {basic: 60}

        2024-04-01 subscribe basic
        2024-04-21 cancel now
        2024-04-22 record_payment
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-04-21 c1 credit note 1
          basic  credit  2024-04-21..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )


def test_an_open_invoice_is_collected_whole() -> None:
    """open_debt_at_cancel: keep_collecting; no credit, 60.00 are paid and nothing is left over."""
    story(
        """
        policy: {open_debt_at_cancel: keep_collecting}
        plans: {basic: 60}

        2024-04-01 subscribe basic
        2024-04-21 cancel now
        2024-04-22 record_payment amount=60
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          total 60.00
        """,
    )


def test_reminders_stop_and_the_debt_stays() -> None:
    """open_debt_at_cancel: stop_reminders; nothing is credited and whoever pays has paid."""
    story(
        """
        policy: {open_debt_at_cancel: stop_reminders}
        plans: {basic: 60}

        2024-04-01 subscribe basic
        2024-04-21 cancel now
        2024-04-22 record_payment amount=60
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          total 60.00
        """,
    )


def test_a_cancel_is_taken_back_before_it_holds() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 cancel period_end
        2024-04-20 uncancel
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_known_last_part_is_prorated() -> None:
    """known_last_part: prorate; Stripe prorates a last period that cancel_at cuts short."""
    story(
        """
        policy: {known_last_part: prorate}
        plans: {basic: 30}

        2024-04-01 subscribe basic end_date=2024-04-21
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-04-21  20.00
          total 20.00
        """,
    )


def test_a_known_last_part_at_the_full_price() -> None:
    """known_last_part: full"""
    story(
        """
        policy: {known_last_part: full}
        plans: {basic: 30}

        2024-04-01 subscribe basic end_date=2024-04-21
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )
