"""Changes of plan, quantity and items: when they hold, on several a day, and dated back."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_change_now() -> None:
    """change_timing: now"""
    story(
        """
        policy: {change_timing: now}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe pro
        2024-04-11 change_plan basic
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-04-11 c1 credit note 1
          basic          2024-04-11..2024-05-01   20.00
          pro    credit  2024-04-11..2024-05-01  -40.00  of 1/1
          total -20.00
        """,
    )


def test_a_change_at_the_end_of_the_period() -> None:
    """change_timing: period_end"""
    story(
        """
        policy: {change_timing: period_end}
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


def test_up_now_by_its_direction() -> None:
    """change_timing: by_direction. Lago's upgrade: at once, with the rest of the old plan credited.

    Lago ends the old subscription at once on an upgrade and lets a downgrade wait for the period's end
    (getlago.com/docs/guide/subscriptions/upgrades-downgrades).
    """
    story(
        """
        policy: {change_timing: by_direction}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-16 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          pro            2024-04-16..2024-05-01   30.00
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 15.00
        """,
    )


def test_down_at_the_end_of_the_period_by_its_direction() -> None:
    """change_timing: by_direction. Lago's downgrade: the new plan begins with the next period."""
    story(
        """
        policy: {change_timing: by_direction}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe pro
        2024-04-16 change_plan basic
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_an_equal_price_counts_as_up() -> None:
    """change_timing: by_direction; both cost 30.00 a month. Lago reads it so, too."""
    story(
        """
        policy: {change_timing: by_direction}
        plans: {basic: 30, other: 30}

        2024-04-01 subscribe basic
        2024-04-16 change_plan other
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          other          2024-04-16..2024-05-01   15.00
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 0.00
        """,
    )


def test_a_year_that_is_cheaper_by_the_month_is_down() -> None:
    """BILLING: direction is the sign of the yearly amounts: 300.00 is less than twelve times 30.00."""
    story(
        """
        policy: {change_timing: by_direction}
        plans: {month: 30, year: {amount: 300, interval: year}}

        2024-04-01 subscribe month
        2024-04-16 change_plan year
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          month  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          year  2024-05-01..2025-05-01  300.00
          total 300.00
        """,
    )


def test_a_change_on_a_day_to_come() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-05 change_plan pro when=2024-04-21
        2024-04-21 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 invoice 2
          pro            2024-04-21..2024-05-01   20.00
          basic  credit  2024-04-21..2024-05-01  -10.00  of 1/1
          total 10.00
        """,
    )


def test_a_change_on_a_day_that_has_passed() -> None:
    """Only from its date on is anything credited and charged."""
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-21 change_plan pro when=2024-04-11
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 20.00
        """,
    )


def test_a_change_dated_back_over_a_boundary() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-05-01 bill_run
        2024-05-10 change_plan pro when=2024-04-21
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-10 c1 invoice 3
          pro            2024-04-21..2024-05-01   20.00
          pro            2024-05-01..2024-06-01   60.00
          basic  credit  2024-04-21..2024-05-01  -10.00  of 1/1
          basic  credit  2024-05-01..2024-06-01  -30.00  of 2/1
          total 40.00
        """,
    )


def test_a_quantity_dated_back_over_a_change_of_tax() -> None:
    """BILLING, "What is due": VAT rises on 1 July, on 10 July a quantity is back-dated to 20 June.

    Only parts from 20 June on move. The part of June goes back at 24 with July's at 25; a charge in advance takes
    the rate of its issue, 25.
    """
    story(
        """
        tax: [{percent: 24, to: 2024-07-01}, {percent: 25, from: 2024-07-01}]
        plans: {seat: {amount: 30, model: per_unit}}

        2024-06-01 subscribe seat quantity=1
        2024-07-01 bill_run
        2024-07-10 set_quantity 2 when=2024-06-20
        """,
        """
        2024-06-01 c1 invoice 1
          seat  2024-06-01..2024-07-01  30.00
          net 30.00  tax 7.20  total 37.20
        2024-07-01 c1 invoice 2
          seat  2024-07-01..2024-08-01  30.00
          net 30.00  tax 7.50  total 37.50
        2024-07-10 c1 invoice 3
          seat          2024-06-20..2024-07-01  x2   22.00
          seat          2024-07-01..2024-08-01  x2   60.00
          seat  credit  2024-06-20..2024-07-01      -11.00  of 1/1
          seat  credit  2024-07-01..2024-08-01      -30.00  of 2/1
          net 41.00  tax 10.36  total 51.36
        """,
    )


def test_the_last_of_several_on_a_day_that_is_not_invoiced_yet() -> None:
    """difference_invoiced: next_invoice; both acts of the day wait, and only the last has lines."""
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {basic: 30, plus: 60, pro: 90}

        2024-04-01 subscribe basic
        2024-04-11T09:00 change_plan pro
        2024-04-11T15:00 change_plan plus
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          plus           2024-04-11..2024-05-01   40.00
          plus           2024-05-01..2024-06-01   60.00
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 80.00
        """,
    )


def test_the_second_of_a_day_credits_the_first_in_full() -> None:
    story(
        """
        plans: {basic: 30, plus: 60, pro: 90}

        2024-04-01 subscribe basic
        2024-04-11T09:00 change_plan pro
        2024-04-11T15:00 change_plan plus
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11T09:00:00 c1 invoice 2
          pro            2024-04-11..2024-05-01   60.00
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 40.00
        2024-04-11T15:00:00 c1 credit note 1
          plus          2024-04-11..2024-05-01   40.00
          pro   credit  2024-04-11..2024-05-01  -60.00  of 2/1
          total -20.00
        """,
    )


def test_a_quantity_goes_up_and_down() -> None:
    story(
        """
        plans: {seat: {amount: 30, model: per_unit}}

        2024-04-01 subscribe seat quantity=2
        2024-04-11 set_quantity 5
        2024-04-21 set_quantity 1
        """,
        """
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-11 c1 invoice 2
          seat          2024-04-11..2024-05-01  x5  100.00
          seat  credit  2024-04-11..2024-05-01  x2  -40.00  of 1/1
          total 60.00
        2024-04-21 c1 credit note 1
          seat          2024-04-21..2024-05-01       10.00
          seat  credit  2024-04-21..2024-05-01  x5  -50.00  of 2/1
          total -40.00
        """,
    )


def test_a_change_that_waits_survives_a_change_of_quantity() -> None:
    """BILLING: a future change is a row of its own."""
    story(
        """
        plans: {seat: {amount: 30, model: per_unit}, desk: {amount: 60, model: per_unit}}

        2024-04-01 subscribe seat quantity=1
        2024-04-05 change_plan desk when=period_end
        2024-04-16 set_quantity 2
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          seat          2024-04-16..2024-05-01  x2   30.00
          seat  credit  2024-04-16..2024-05-01      -15.00  of 1/1
          total 15.00
        2024-05-01 c1 invoice 3
          desk  2024-05-01..2024-06-01  x2  120.00
          total 120.00
        """,
    )


def test_steps_of_a_ramp() -> None:
    """A price agreed for later is a change that waits."""
    story(
        """
        timezone: America/New_York
        plans: {basic: 30, plus: 60, pro: 90}

        2024-04-01 subscribe basic
        2024-04-02 change_plan plus when=2024-05-01
        2024-04-02 change_plan pro when=2024-06-01
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          plus  2024-05-01..2024-06-01  60.00
          total 60.00
        2024-06-01 c1 invoice 3
          pro  2024-06-01..2024-07-01  90.00
          total 90.00
        """,
    )


def test_a_second_change_on_the_day_on_which_usage_was_cut() -> None:
    """Calls are counted until noon, Big begins with the day; at one o'clock Small takes all of the day from Big."""
    story(
        """
        plans: {big: 3, small: 1, calls: {model: per_unit, amount: 1, meter: calls}}
        meters: {calls: {}}

        2024-01-01 subscribe calls
        2024-01-02T12:00 change_plan big
        2024-01-02T12:30 change_plan big
        2024-01-02T13:00 change_plan small
        2024-02-02 advance_to
        """,
        """
        2024-01-02T12:00:00 c1 invoice 1
          big  2024-01-02..2024-02-01  2.90
          total 2.90
        2024-01-02T13:00:00 c1 credit note 1
          small          2024-01-02..2024-02-01   0.97
          big    credit  2024-01-02..2024-02-01  -2.90  of 1/1
          total -1.93
        2024-02-01 c1 invoice 2
          small  2024-02-01..2024-03-01  1.00
          total 1.00
        """,
    )


def test_a_change_that_reaches_back_before_a_later_one_holds_until_that_one() -> None:
    """Mid from the 11th to the 14th, Big since then as before: recurring revenue rises by 4.00 and falls by it again."""
    story(
        """
        plans: {small: 1, mid: 5, big: 10}

        2024-06-01 subscribe small
        2024-06-14 change_plan big
        2024-06-17 change_plan mid when=2024-06-11
        """,
        """
        2024-06-01 c1 invoice 1
          small  2024-06-01..2024-07-01  1.00
          total 1.00
        2024-06-14 c1 invoice 2
          big            2024-06-14..2024-07-01   5.67
          small  credit  2024-06-14..2024-07-01  -0.57  of 1/1
          total 5.10
        2024-06-17 c1 invoice 3
          mid            2024-06-11..2024-06-14   0.50
          small  credit  2024-06-11..2024-06-14  -0.10  of 1/1
          total 0.40
        """,
    )
