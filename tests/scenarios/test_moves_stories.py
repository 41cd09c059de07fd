"""Another interval, another billing day: what becomes of the series."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_another_interval_restarts_the_series() -> None:
    """interval_change: restart, as Stripe resets the billing date when the interval changes.

    Stripe bills at once and credits the unused time ("Prorations"). 20/30 of 30.00 go back; a year begins.
    """
    story(
        """
        policy: {interval_change: restart}
        plans: {month: 30, year: {amount: 365, interval: year}}

        2024-04-01 subscribe month
        2024-04-11 change_plan year
        2025-04-11 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          month  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          year           2024-04-11..2025-04-11  365.00
          month  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 345.00
        2025-04-11 c1 invoice 3
          year  2025-04-11..2026-04-11  365.00
          total 365.00
        """,
    )


def test_another_interval_without_credit() -> None:
    """interval_change: restart_without_credit"""
    story(
        """
        policy: {interval_change: restart_without_credit}
        plans: {month: 30, year: {amount: 365, interval: year}}

        2024-04-01 subscribe month
        2024-04-11 change_plan year
        """,
        """
        2024-04-01 c1 invoice 1
          month  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          year  2024-04-11..2025-04-11  365.00
          total 365.00
        """,
    )


def test_another_interval_keeps_its_anchor() -> None:
    """interval_change: keep_anchor; 11 April to 1 April is 355 of 365 days."""
    story(
        """
        policy: {interval_change: keep_anchor}
        plans: {month: 30, year: {amount: 365, interval: year}}

        2024-04-01 subscribe month
        2024-04-11 change_plan year
        2025-04-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          month  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          year           2024-04-11..2025-04-01  355.00
          month  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 335.00
        2025-04-01 c1 invoice 3
          year  2025-04-01..2026-04-01  365.00
          total 365.00
        """,
    )


def test_a_year_becomes_months() -> None:
    """getlago/lago-api #1834: there nobody can say when.

    Here the change is at the period's end because the act says so.
    """
    story(
        """
        plans: {month: 30, year: {amount: 365, interval: year}}

        2023-04-01 subscribe year
        2023-06-01 change_plan month when=period_end
        2024-05-01 advance_to
        """,
        """
        2023-04-01 c1 invoice 1
          year  2023-04-01..2024-04-01  365.00
          total 365.00
        2024-04-01 c1 invoice 2
          month  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 3
          month  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_the_gap_before_a_new_billing_day_is_charged() -> None:
    """billing_day_move: charge_gap, billing_day_effective: next_boundary; Kill Bill's move of a bill cycle day.

    Kill Bill makes a leading part up to the new day. 1 to 15 May is 14 of the 30 days from 15 April.
    """
    story(
        """
        policy: {billing_day_move: charge_gap, billing_day_effective: next_boundary}
        plans: {basic: 60}

        2024-04-01 subscribe basic
        2024-04-10 set_anchor_day 15
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-05-15  28.00
          total 28.00
        2024-05-15 c1 invoice 3
          basic  2024-05-15..2024-06-15  60.00
          total 60.00
        """,
    )


def test_the_gap_before_a_new_billing_day_is_free() -> None:
    """billing_day_move: free_gap"""
    story(
        """
        policy: {billing_day_move: free_gap}
        plans: {basic: 60}

        2024-04-01 subscribe basic
        2024-04-10 set_anchor_day 15
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-15 c1 invoice 2
          basic  2024-05-15..2024-06-15  60.00
          total 60.00
        """,
    )


def test_what_was_paid_beyond_the_new_billing_day_is_credited() -> None:
    """billing_day_move: credit_surplus; May is charged, and from the 15th a whole new month: 17/31 of May go back."""
    story(
        """
        policy: {billing_day_move: credit_surplus}
        plans: {basic: 31}

        2024-04-01 subscribe basic
        2024-04-10 set_anchor_day 15
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  31.00
          total 31.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  31.00
          total 31.00
        2024-05-15 c1 invoice 3
          basic          2024-05-15..2024-06-15   31.00
          basic  credit  2024-05-15..2024-06-01  -17.00  of 2/1
          total 14.00
        """,
    )


def test_a_new_billing_day_restarts_without_credit() -> None:
    """billing_day_move: restart; from the 15th a whole month is charged and nothing goes back."""
    story(
        """
        policy: {billing_day_move: restart}
        plans: {basic: 31}

        2024-04-01 subscribe basic
        2024-04-10 set_anchor_day 15
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  31.00
          total 31.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  31.00
          total 31.00
        2024-05-15 c1 invoice 3
          basic  2024-05-15..2024-06-15  31.00
          total 31.00
        """,
    )


def test_a_billing_day_moves_now_and_the_gap_is_charged() -> None:
    """billing_day_effective: now; from 11 April the new series holds: 4/31 up to the 15th, 20/30 of April go back."""
    story(
        """
        policy: {billing_day_move: charge_gap, billing_day_effective: now}
        plans: {basic: 93}

        2024-04-01 subscribe basic
        2024-04-11 set_anchor_day 15
        2024-04-15 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  93.00
          total 93.00
        2024-04-11 c1 credit note 1
          basic          2024-04-11..2024-04-15   12.00
          basic  credit  2024-04-11..2024-05-01  -62.00  of 1/1
          total -50.00
        2024-04-15 c1 invoice 2
          basic  2024-04-15..2024-05-15  93.00
          total 93.00
        """,
    )


def test_a_billing_day_moves_now_and_the_surplus_is_credited() -> None:
    """billing_day_effective: now, credit_surplus; the old month goes on to the 15th, 16/30 of it go back."""
    story(
        """
        policy: {billing_day_move: credit_surplus, billing_day_effective: now}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 set_anchor_day 15
        2024-04-15 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-15 c1 invoice 2
          basic          2024-04-15..2024-05-15   30.00
          basic  credit  2024-04-15..2024-05-01  -16.00  of 1/1
          total 14.00
        """,
    )


def test_the_31st_becomes_the_billing_day() -> None:
    """The day comes back after a short month. 15 to 31 May is 16 of the 31 days from 30 April."""
    story(
        """
        timezone: Asia/Tokyo
        currency: JPY
        plans: {basic: 3100}

        2024-04-15 subscribe basic
        2024-04-20 set_anchor_day 31
        2024-07-31 advance_to
        """,
        """
        2024-04-15 c1 invoice 1
          basic  2024-04-15..2024-05-15  3100
          total 3100
        2024-05-15 c1 invoice 2
          basic  2024-05-15..2024-05-31  1600
          total 1600
        2024-05-31 c1 invoice 3
          basic  2024-05-31..2024-06-30  3100
          total 3100
        2024-06-30 c1 invoice 4
          basic  2024-06-30..2024-07-31  3100
          total 3100
        2024-07-31 c1 invoice 5
          basic  2024-07-31..2024-08-31  3100
          total 3100
        """,
    )
