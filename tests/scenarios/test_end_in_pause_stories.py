"""An end asked for the end of the paid period, and a pause that keeps its rest: the end moves with the period.

An add-on in arrears tells on its last invoice when the end was.
"""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")

UNTIL_10_JUNE = """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          behind  2024-04-01..2024-04-11  10.33
          total 10.33
        2024-06-01 c1 invoice 3
          behind  2024-05-21..2024-06-01  11.00
          total 11.00
        2024-06-10 c1 invoice 4
          behind  2024-06-01..2024-06-10  9.30
          total 9.30
"""
"""Twenty days were left of April when the pause of forty days began."""


def test_asked_for_once_the_pause_is_over_the_boundary() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {behind: {amount: 31, timing: arrears}}

        2024-04-01 subscribe basic items=[behind]
        2024-04-11 pause until=2024-05-21
        2024-05-05 cancel period_end
        2024-07-20 advance_to
        """,
        UNTIL_10_JUNE,
    )


def test_asked_for_before_the_boundary_which_then_passes_in_the_pause() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {behind: {amount: 31, timing: arrears}}

        2024-04-01 subscribe basic items=[behind]
        2024-04-11 pause until=2024-05-21
        2024-04-15 cancel period_end
        2024-07-20 advance_to
        """,
        UNTIL_10_JUNE,
    )


def test_asked_for_before_the_pause() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {behind: {amount: 31, timing: arrears}}

        2024-04-01 subscribe basic items=[behind]
        2024-04-05 cancel period_end
        2024-04-11 pause until=2024-05-21
        2024-07-20 advance_to
        """,
        UNTIL_10_JUNE,
    )


def test_an_open_pause_keeps_the_end_waiting_until_it_is_over() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {behind: {amount: 31, timing: arrears}}

        2024-04-01 subscribe basic items=[behind]
        2024-04-11 pause
        2024-05-05 cancel period_end
        2024-05-21 resume
        2024-07-20 advance_to
        """,
        UNTIL_10_JUNE,
    )


def test_a_pause_that_is_ended_early_moves_the_end_by_less() -> None:
    story(
        """
        plans: {basic: 30}
        add_ons: {behind: {amount: 31, timing: arrears}}

        2024-04-01 subscribe basic items=[behind]
        2024-04-11 pause until=2024-05-21
        2024-05-05 cancel period_end
        2024-05-10 resume
        2024-07-20 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          behind  2024-04-01..2024-04-11  10.33
          total 10.33
        2024-05-30 c1 invoice 3
          behind  2024-05-10..2024-05-30  20.00
          total 20.00
        """,
    )


def test_a_change_for_the_period_end_waits_for_the_moved_end_too() -> None:
    story(
        """
        plans: {basic: 30, big: 100}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-05-21
        2024-05-05 change_plan big when=period_end
        2024-06-20 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-06-10 c1 invoice 2
          big  2024-06-10..2024-07-10  100.00
          total 100.00
        """,
    )


def test_a_cancel_now_ends_it_in_the_pause_all_the_same() -> None:
    """Who does not want to wait gets the rest back: 20 of 30 days."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-11 pause
        2024-05-05 cancel period_end
        2024-05-06 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-06 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
          balance 20.00
        """,
    )
