"""What a change charges and gives back, and waits for the next invoice: several changes, an end, a pause."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_differences_of_several_days_wait_for_one_invoice() -> None:
    """10 days of four and 10 of two are 40.00 and 20.00, less 20 days of one: 20.00 of the 30.00 that were charged."""
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {seat: 30}

        2024-04-01 subscribe seat quantity=1
        2024-04-11 set_quantity 4
        2024-04-21 set_quantity 2
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          seat          2024-04-11..2024-04-21  x4   40.00
          seat          2024-04-21..2024-05-01  x2   20.00
          seat          2024-05-01..2024-06-01  x2   60.00
          seat  credit  2024-04-11..2024-05-01      -20.00  of 1/1
          total 100.00
        """,
    )


def test_differences_that_wait_come_with_the_end() -> None:
    """Of the two seats 5 of 30 days are used: 10.00."""
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {seat: 30}

        2024-04-01 subscribe seat quantity=1
        2024-04-11 set_quantity 4
        2024-04-21 set_quantity 2
        2024-04-26 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-26 c1 invoice 2
          seat          2024-04-11..2024-04-21  x4   40.00
          seat          2024-04-21..2024-04-26  x2   10.00
          seat  credit  2024-04-11..2024-05-01      -20.00  of 1/1
          total 30.00
        """,
    )


def test_a_difference_that_waits_is_charged_before_a_pause_begins() -> None:
    """Half of April with two, 30.00, less half with one, 15.00; the pause of four days then moves May to the 5th."""
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {seat: 30}

        2024-04-01 subscribe seat quantity=1
        2024-04-16 set_quantity 2
        2024-04-21 pause until=2024-04-25
        2024-04-25 advance_to 2024-05-06
        """,
        """
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 invoice 2
          seat          2024-04-16..2024-05-01  x2   30.00
          seat  credit  2024-04-16..2024-05-01      -15.00  of 1/1
          total 15.00
        2024-05-05 c1 invoice 3
          seat  2024-05-05..2024-06-05  x2  60.00
          total 60.00
        """,
    )


def test_a_credit_that_waits_is_the_same_after_a_pause() -> None:
    """Half of April is 15.00, also where the rest of the subscription stood still for four days afterwards."""
    story(
        """
        policy: {credit_becomes: next_invoice}
        plans: {bag: 60}
        add_ons: {cups: 30}

        2024-04-01 subscribe bag items=[cups]
        2024-04-16 remove_item cups
        2024-04-21 pause until=2024-04-25
        2024-04-25 advance_to 2024-05-06
        """,
        """
        2024-04-01 c1 invoice 1
          bag   2024-04-01..2024-05-01  60.00
          cups  2024-04-01..2024-05-01  30.00
          total 90.00
        2024-05-05 c1 invoice 2
          bag           2024-05-05..2024-06-05   60.00
          cups  credit  2024-04-16..2024-05-01  -15.00  of 1/2
          total 45.00
        """,
    )
