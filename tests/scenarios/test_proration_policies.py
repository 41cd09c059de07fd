"""How a part is measured, charged and given back: every value of the policies of proration."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_change_is_prorated_by_days() -> None:
    """proration: prorate, proration_unit: day; Lago's upgrade and downgrade examples, by days of the month.

    Lago prices the rest of the month by days on both sides of an upgrade
    (getlago.com/docs/guide/subscriptions/upgrades-downgrades). 11 April to 1 May is 20 of 30 days: 60.00 gives
    40.00, 30.00 gives 20.00 back.
    """
    story(
        """
        policy: {proration: prorate, proration_unit: day}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 20.00
        """,
    )


def test_a_change_without_proration_costs_nothing_until_the_next_period() -> None:
    """proration: none"""
    story(
        """
        policy: {proration: none}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 change_plan pro
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          pro  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_a_change_charged_and_credited_in_full() -> None:
    """proration: full; what is charged for the period goes back whole and the new price is charged whole."""
    story(
        """
        policy: {proration: full}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 change_plan pro
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          pro            2024-04-01..2024-05-01   60.00
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total 30.00
        2024-05-01 c1 invoice 3
          pro  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_seconds_from_the_instant_of_the_change() -> None:
    """proration_unit: second, as Stripe prorates; 16 April 12:00 leaves 348 of 720 hours.

    Stripe calculates prorations down to the second ("Prorations",
    docs.stripe.com/billing/subscriptions/prorations). 72.00 gives 34.80 back, 144.00 gives 69.60.
    """
    story(
        """
        policy: {proration_unit: second}
        plans: {basic: 72, pro: 144}

        2024-04-01 subscribe basic
        2024-04-16T12:00 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  72.00
          total 72.00
        2024-04-16T12:00:00 c1 invoice 2
          pro            2024-04-16T12:00:00..2024-05-01   69.60
          basic  credit  2024-04-16T12:00:00..2024-05-01  -34.80  of 1/1
          total 34.80
        """,
    )


def test_thirty_days_a_month_in_a_month_of_31() -> None:
    """proration_unit: month30; 11 January to 1 February is 21 days, less one, over 30."""
    story(
        """
        policy: {proration_unit: month30}
        plans: {basic: 30, pro: 60}

        2024-01-01 subscribe basic
        2024-01-11 change_plan pro
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  30.00
          total 30.00
        2024-01-11 c1 invoice 2
          pro            2024-01-11..2024-02-01   40.00
          basic  credit  2024-01-11..2024-02-01  -20.00  of 1/1
          total 20.00
        """,
    )


def test_thirty_days_a_month_in_a_short_month() -> None:
    """proration_unit: month30; 11 February to 1 March 2023 is 18 days, and two that February lacks, over 30."""
    story(
        """
        policy: {proration_unit: month30}
        plans: {basic: 30, pro: 60}

        2023-02-01 subscribe basic
        2023-02-11 change_plan pro
        """,
        """
        2023-02-01 c1 invoice 1
          basic  2023-02-01..2023-03-01  30.00
          total 30.00
        2023-02-11 c1 invoice 2
          pro            2023-02-11..2023-03-01   40.00
          basic  credit  2023-02-11..2023-03-01  -20.00  of 1/1
          total 20.00
        """,
    )


def test_a_period_counted_back_from_its_clamped_end() -> None:
    """BILLING, "Changes and proration": denominator natural_clamped; 18 of the 31 days from 28 January: 18.00."""
    story(
        """
        policy: {denominator: natural_clamped}
        plans: {basic: 31}

        2019-02-10 subscribe basic anchor=2019-01-31
        """,
        """
        2019-02-10 c1 invoice 1
          basic  2019-02-10..2019-02-28  18.00
          total 18.00
        """,
    )


def test_a_period_between_its_natural_boundaries() -> None:
    """denominator: natural; five of the 31 days from 15 January: 28.00 x 5/31 = 4.516."""
    story(
        """
        policy: {denominator: natural}
        plans: {basic: 28}

        2023-02-10 subscribe basic anchor=2023-01-15
        """,
        """
        2023-02-10 c1 invoice 1
          basic  2023-02-10..2023-02-15  4.52
          total 4.52
        """,
    )


def test_a_running_month_from_the_first_day_of_the_part() -> None:
    """denominator: running; five of the 28 days from 10 February."""
    story(
        """
        policy: {denominator: running}
        plans: {basic: 28}

        2023-02-10 subscribe basic anchor=2023-01-15
        """,
        """
        2023-02-10 c1 invoice 1
          basic  2023-02-10..2023-02-15  5.00
          total 5.00
        """,
    )


def test_a_nominal_month_has_thirty_days() -> None:
    """denominator: nominal; 22 of 30 days though January has 31."""
    story(
        """
        policy: {denominator: nominal}
        plans: {basic: 30}

        2024-01-10 subscribe basic alignment=calendar
        2024-02-01 bill_run
        """,
        """
        2024-01-10 c1 invoice 1
          basic  2024-01-10..2024-02-01  22.00
          total 22.00
        2024-02-01 c1 invoice 2
          basic  2024-02-01..2024-03-01  30.00
          total 30.00
        """,
    )


def test_a_nominal_year_has_365_days() -> None:
    """denominator: nominal; 30 of 365 days though 2024 has 366."""
    story(
        """
        policy: {denominator: nominal}
        plans: {basic: {amount: 365, interval: year}}

        2024-12-02 subscribe basic alignment=calendar
        """,
        """
        2024-12-02 c1 invoice 1
          basic  2024-12-02..2025-01-01  30.00
          total 30.00
        """,
    )


def test_an_exact_fraction() -> None:
    """factor: exact; two thirds of thirty million."""
    story(
        """
        policy: {factor: exact}
        plans: {site: 30000000}

        2024-04-01 subscribe site
        2024-04-11 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          site  2024-04-01..2024-05-01  30000000.00
          total 30000000.00
        2024-04-11 c1 credit note 1
          site  credit  2024-04-11..2024-05-01  -20000000.00  of 1/1
          total -20000000.00
        """,
    )


def test_a_fraction_of_nine_places() -> None:
    """factor: scale9, as Kill Bill's; 0.666666667 of thirty million is a cent more than two thirds.

    InvoiceDateUtils of killbill/killbill divides days to a fixed number of places.
    """
    story(
        """
        policy: {factor: scale9}
        plans: {site: 30000000}

        2024-04-01 subscribe site
        2024-04-11 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          site  2024-04-01..2024-05-01  30000000.00
          total 30000000.00
        2024-04-11 c1 credit note 1
          site  credit  2024-04-11..2024-05-01  -20000000.01  of 1/1
          total -20000000.01
        """,
    )


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    """rounding_mode: half_away; half of 0.05 is 0.025."""
    story(
        """
        policy: {alignment: calendar, rounding_mode: half_away}
        plans: {bit: 0.05}

        2024-04-16 subscribe bit
        """,
        """
        2024-04-16 c1 invoice 1
          bit  2024-04-16..2024-05-01  0.03
          total 0.03
        """,
    )


def test_half_a_cent_is_rounded_to_the_even_one() -> None:
    """rounding_mode: half_even"""
    story(
        """
        policy: {alignment: calendar, rounding_mode: half_even}
        plans: {bit: 0.05}

        2024-04-16 subscribe bit
        """,
        """
        2024-04-16 c1 invoice 1
          bit  2024-04-16..2024-05-01  0.02
          total 0.02
        """,
    )
