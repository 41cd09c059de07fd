"""Acts dated back over a pause that is over: the days that were given back are not charged again."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_quantity_dated_back_over_a_credited_pause_is_not_charged_for_it() -> None:
    """Four days of two at 30.00 are 8.00, sixteen of one 16.00: 60 - 20 - 32 + 16 = 24.00."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  x2  -20.00  of 1/1
          total -20.00
        2024-04-25 c1 credit note 2
          basic          2024-04-05..2024-04-11        6.00
          basic          2024-04-21..2024-05-01       10.00
          basic  credit  2024-04-05..2024-05-01  x2  -32.00  of 1/1
          total -16.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_quantity_dated_back_over_a_lost_pause_is_charged_for_it() -> None:
    """What is lost stays charged: 60 - 52 + 26 = 34.00."""
    story(
        """
        policy: {pause_rest: lost}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic          2024-04-05..2024-05-01       26.00
          basic  credit  2024-04-05..2024-05-01  x2  -52.00  of 1/1
          total -26.00
        """,
    )


def test_a_cancel_after_it_gives_back_what_is_not_used() -> None:
    """Five of the ten days after the pause; nothing was paid, so less is owed."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        2024-04-26 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  x2  -20.00  of 1/1
          total -20.00
        2024-04-25 c1 credit note 2
          basic          2024-04-05..2024-04-11        6.00
          basic          2024-04-21..2024-05-01       10.00
          basic  credit  2024-04-05..2024-05-01  x2  -32.00  of 1/1
          total -16.00
        2024-04-26 c1 credit note 3
          basic  credit  2024-04-26..2024-05-01  -5.00  of credit_note 2/2
          total -5.00
        """,
    )


def test_a_second_act_dated_back_further_than_the_pause() -> None:
    """From 8 April on three: three days and ten are given back, and charged thrice."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        2024-04-26 set_quantity 3 when=2024-04-08
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  x2  -20.00  of 1/1
          total -20.00
        2024-04-25 c1 credit note 2
          basic          2024-04-05..2024-04-11        6.00
          basic          2024-04-21..2024-05-01       10.00
          basic  credit  2024-04-05..2024-05-01  x2  -32.00  of 1/1
          total -16.00
        2024-04-26 c1 invoice 2
          basic          2024-04-08..2024-04-11  x3    9.00
          basic          2024-04-21..2024-05-01  x3   30.00
          basic  credit  2024-04-08..2024-04-11       -3.00  of credit_note 2/1
          basic  credit  2024-04-21..2024-05-01      -10.00  of credit_note 2/2
          total 26.00
        2024-05-01 c1 invoice 3
          basic  2024-05-01..2024-06-01  x3  90.00
          total 90.00
        """,
    )


def test_a_plan_dated_back_over_a_credited_pause() -> None:
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-04-25 change_plan pro when=2024-04-05
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  -10.00  of 1/1
          total -10.00
        2024-04-25 c1 invoice 2
          pro            2024-04-05..2024-04-11   12.00
          pro            2024-04-21..2024-05-01   20.00
          basic  credit  2024-04-05..2024-05-01  -16.00  of 1/1
          total 16.00
        2024-05-01 c1 invoice 3
          pro  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_a_plan_dated_back_over_a_credited_pause_that_reaches_beyond_the_period() -> None:
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-05-11
        2024-05-15 change_plan pro when=2024-04-05
        2024-06-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-15 c1 invoice 2
          basic          2024-05-11..2024-06-01   20.32
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 0.32
        2024-05-15 c1 invoice 3
          pro            2024-04-05..2024-04-11   12.00
          pro            2024-05-11..2024-06-01   40.65
          basic  credit  2024-04-05..2024-05-01   -6.00  of 1/1
          basic  credit  2024-05-11..2024-06-01  -20.32  of 2/1
          total 26.33
        2024-06-01 c1 invoice 4
          pro  2024-06-01..2024-07-01  60.00
          total 60.00
        """,
    )


def test_add_ons_dated_back_over_a_credited_pause() -> None:
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}
        add_ons: {old: 30, new: 30}

        2024-04-01 subscribe basic items=[old]
        2024-04-11 pause until=2024-04-21
        2024-04-25 remove_item old when=2024-04-05
        2024-04-26 add_item new when=2024-04-05
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          old    2024-04-01..2024-05-01  30.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  -10.00  of 1/1
          old    credit  2024-04-11..2024-04-21  -10.00  of 1/2
          total -20.00
        2024-04-25 c1 credit note 2
          old  credit  2024-04-05..2024-05-01  -16.00  of 1/2
          total -16.00
        2024-04-26 c1 invoice 2
          new  2024-04-05..2024-04-11   6.00
          new  2024-04-21..2024-05-01  10.00
          total 16.00
        2024-05-01 c1 invoice 3
          basic  2024-05-01..2024-06-01  30.00
          new    2024-05-01..2024-06-01  30.00
          total 60.00
        """,
    )


def test_a_cancel_dated_back_before_the_pause() -> None:
    """Three of the six days before the pause and all ten after it: seven days are kept, and owed: 8.00 and 3.00."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        2024-04-26 cancel when=2024-04-08
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  x2  -20.00  of 1/1
          total -20.00
        2024-04-25 c1 credit note 2
          basic          2024-04-05..2024-04-11        6.00
          basic          2024-04-21..2024-05-01       10.00
          basic  credit  2024-04-05..2024-05-01  x2  -32.00  of 1/1
          total -16.00
        2024-04-26 c1 credit note 3
          basic  credit  2024-04-08..2024-04-11   -3.00  of credit_note 2/1
          basic  credit  2024-04-21..2024-05-01  -10.00  of credit_note 2/2
          total -13.00
        """,
    )


def test_a_difference_that_waits_has_the_gap_as_well() -> None:
    story(
        """
        policy: {pause_rest: credited, difference_invoiced: next_invoice}
        plans: {basic: 30}

        2024-04-01 subscribe basic quantity=2
        2024-04-11 pause until=2024-04-16
        2024-04-18 pause until=2024-04-21
        2024-04-25 set_quantity 1 when=2024-04-05
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  x2  60.00
          total 60.00
        2024-04-18 c1 credit note 1
          basic  credit  2024-04-11..2024-04-16  x2  -10.00  of 1/1
          total -10.00
        2024-04-25 c1 credit note 2
          basic  credit  2024-04-18..2024-04-21  x2  -6.00  of 1/1
          total -6.00
        2024-05-01 c1 invoice 2
          basic          2024-04-05..2024-04-11        6.00
          basic          2024-04-16..2024-04-18        2.00
          basic          2024-04-21..2024-05-01       10.00
          basic          2024-05-01..2024-06-01       30.00
          basic  credit  2024-04-05..2024-05-01  x2  -36.00  of 1/1
          total 12.00
        """,
    )


def test_an_interval_moved_back_over_a_credited_pause() -> None:
    """Weeks from 5 April on: six days of seven are 6.00, five of seven from the 21st on 5.00."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30, week: {amount: 7, interval: week}}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-04-25 change_plan week when=2024-04-05
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-25 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  -10.00  of 1/1
          total -10.00
        2024-04-25 c1 credit note 2
          week           2024-04-05..2024-04-11    6.00
          week           2024-04-21..2024-04-26    5.00
          basic  credit  2024-04-05..2024-05-01  -16.00  of 1/1
          total -5.00
        """,
    )
