"""Where periods begin: every alignment and every first part."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_calendar_quarters_begin_in_january_april_july_october() -> None:
    """alignment: calendar; 14 May to 1 July is 48 of the quarter's 91 days."""
    story(
        """
        policy: {alignment: calendar}
        plans: {basic: {amount: 91, interval: 3 months}}

        2024-05-14 subscribe basic
        2024-07-01 bill_run
        """,
        """
        2024-05-14 c1 invoice 1
          basic  2024-05-14..2024-07-01  48.00
          total 48.00
        2024-07-01 c1 invoice 2
          basic  2024-07-01..2024-10-01  91.00
          total 91.00
        """,
    )


def test_calendar_half_years() -> None:
    """June is 30 of the 182 days from January to July 2024."""
    story(
        """
        policy: {alignment: calendar}
        plans: {basic: {amount: 182, interval: 6 months}}

        2024-06-01 subscribe basic
        2024-07-01 bill_run
        """,
        """
        2024-06-01 c1 invoice 1
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        2024-07-01 c1 invoice 2
          basic  2024-07-01..2025-01-01  182.00
          total 182.00
        """,
    )


def test_calendar_years_of_a_leap_year() -> None:
    story(
        """
        policy: {alignment: calendar}
        plans: {basic: {amount: 366, interval: year}}

        2024-12-02 subscribe basic
        2025-01-01 bill_run
        """,
        """
        2024-12-02 c1 invoice 1
          basic  2024-12-02..2025-01-01  30.00
          total 30.00
        2025-01-01 c1 invoice 2
          basic  2025-01-01..2026-01-01  366.00
          total 366.00
        """,
    )


def test_calendar_weeks_begin_on_monday() -> None:
    story(
        """
        policy: {alignment: calendar}
        plans: {basic: {amount: 7, interval: week}}

        2024-04-04 subscribe basic
        2024-04-08 bill_run
        """,
        """
        2024-04-04 c1 invoice 1
          basic  2024-04-04..2024-04-08  4.00
          total 4.00
        2024-04-08 c1 invoice 2
          basic  2024-04-08..2024-04-15  7.00
          total 7.00
        """,
    )


def test_a_fixed_billing_day() -> None:
    """alignment: billing_day(15); 5 to 15 April is 10 of the 31 days from 15 March."""
    story(
        """
        policy: {alignment: billing_day(15)}
        plans: {basic: 31}

        2024-04-05 subscribe basic
        2024-04-15 bill_run
        """,
        """
        2024-04-05 c1 invoice 1
          basic  2024-04-05..2024-04-15  10.00
          total 10.00
        2024-04-15 c1 invoice 2
          basic  2024-04-15..2024-05-15  31.00
          total 31.00
        """,
    )


def test_the_31st_as_billing_day_of_a_short_month() -> None:
    """alignment: billing_day(31); 10 to 29 February is 19 of the 29 days from 31 January."""
    story(
        """
        policy: {alignment: billing_day(31)}
        plans: {basic: 29}

        2024-02-10 subscribe basic
        2024-03-31 advance_to
        """,
        """
        2024-02-10 c1 invoice 1
          basic  2024-02-10..2024-02-29  19.00
          total 19.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-31  29.00
          total 29.00
        2024-03-31 c1 invoice 3
          basic  2024-03-31..2024-04-30  29.00
          total 29.00
        """,
    )


def test_the_customers_common_day_brings_two_subscriptions_together() -> None:
    """alignment: customer_day; 25 April to 10 May is 15 of 30 days."""
    story(
        """
        policy: {alignment: customer_day}
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 60, product: pool}}

        2024-04-01 create_customer customer=anna billing_day=10
        2024-04-10 subscribe gym customer=anna subscription=gym
        2024-04-25 subscribe pool customer=anna subscription=pool
        2024-05-10 bill_run
        """,
        """
        2024-04-10 anna invoice 1
          gym  2024-04-10..2024-05-10  30.00
          total 30.00
        2024-04-25 anna invoice 2
          pool  2024-04-25..2024-05-10  30.00
          total 30.00
        2024-05-10 anna invoice 3
          gym   2024-05-10..2024-06-10  30.00
          pool  2024-05-10..2024-06-10  60.00
          total 90.00
        """,
    )


def test_an_add_on_follows_the_base_plans_day() -> None:
    """alignment: base; 1 to 15 February is 14 of the 31 days from 15 January."""
    story(
        """
        plans: {gym: {amount: 30, product: gym}, locker: {amount: 31, product: locker}}

        2024-01-15 subscribe gym subscription=gym
        2024-02-01 subscribe locker subscription=locker addon_of=gym alignment=base
        2024-02-15 bill_run
        """,
        """
        2024-01-15 c1 invoice 1
          gym  2024-01-15..2024-02-15  30.00
          total 30.00
        2024-02-01 c1 invoice 2
          locker  2024-02-01..2024-02-15  14.00
          total 14.00
        2024-02-15 c1 invoice 3
          gym     2024-02-15..2024-03-15  30.00
          locker  2024-02-15..2024-03-15  31.00
          total 61.00
        """,
    )


def test_an_anniversary_has_no_first_part() -> None:
    """alignment: anniversary"""
    story(
        """
        policy: {alignment: anniversary, first_part: free}
        plans: {basic: 30}

        2024-04-11 subscribe basic
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_a_first_part_that_is_prorated() -> None:
    """first_part: prorate"""
    story(
        """
        policy: {alignment: calendar, first_part: prorate}
        timezone: America/New_York
        plans: {basic: 30}

        2024-04-11 subscribe basic
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-01  20.00
          total 20.00
        """,
    )


def test_a_first_part_that_is_free() -> None:
    """first_part: free"""
    story(
        """
        policy: {alignment: calendar, first_part: free}
        timezone: America/New_York
        plans: {basic: 30}

        2024-04-11 subscribe basic
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_first_part_at_the_full_price() -> None:
    """first_part: full"""
    story(
        """
        policy: {alignment: calendar, first_part: full}
        timezone: America/New_York
        plans: {basic: 30}

        2024-04-11 subscribe basic
        2024-05-01 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_what_happens_at_one_instant_happens_in_order() -> None:
    """BILLING, "Calendar": arrears of the month that ends, the change that waited, the new month; one document."""
    story(
        """
        plans: {basic: 30, pro: 60}
        add_ons: {care: {amount: 10, timing: arrears}}

        2024-04-01 subscribe basic items=[care]
        2024-04-20 change_plan pro when=period_end
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          care  2024-04-01..2024-05-01  10.00
          pro   2024-05-01..2024-06-01  60.00
          total 70.00
        """,
    )
