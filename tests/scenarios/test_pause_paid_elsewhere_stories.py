"""A pause of what an earlier price paid for: after a change without proration the rest of the period is kept, too."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_the_rest_that_the_old_plan_paid_is_kept() -> None:
    """April is paid; ten days of pause move its end to 11 May, and the change that waits for it."""
    story(
        """
        policy: {proration: none}
        plans: {bag: 30, big: 60}

        2024-04-01 subscribe bag
        2024-04-06 change_plan big
        2024-04-11 pause until=2024-04-21
        2024-04-12 change_plan bag when=period_end
        2024-04-12 advance_to 2024-06-12
        """,
        """
        2024-04-01 c1 invoice 1
          bag  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          bag  2024-05-11..2024-06-11  30.00
          total 30.00
        2024-06-11 c1 invoice 3
          bag  2024-06-11..2024-07-11  30.00
          total 30.00
        """,
    )


def test_a_pause_beyond_the_paid_rest_leaves_all_of_it() -> None:
    """Twenty days are left on 11 April, and on 21 May: through 9 June."""
    story(
        """
        policy: {proration: none, pause_anchor: stays}
        plans: {bag: 30, big: 60}

        2024-04-01 subscribe bag
        2024-04-06 change_plan big
        2024-04-11 pause until=2024-05-21
        2024-04-12 advance_to 2024-07-01
        """,
        """
        2024-04-01 c1 invoice 1
          bag  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-06-10 c1 invoice 2
          big  2024-06-10..2024-07-01  42.00
          total 42.00
        2024-07-01 c1 invoice 3
          big  2024-07-01..2024-08-01  60.00
          total 60.00
        """,
    )


def test_a_free_first_part_is_no_paid_rest() -> None:
    story(
        """
        policy: {first_part: free, alignment: calendar}
        plans: {bag: 30}

        2024-04-10 subscribe bag
        2024-04-15 pause until=2024-04-25
        2024-04-25 advance_to 2024-05-02
        """,
        """
        2024-05-01 c1 invoice 1
          bag  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )
