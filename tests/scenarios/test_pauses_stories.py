"""Pauses: the paid rest, the anchor, usage, pauses of n periods, skips, repeated pauses."""

import pytest

from tests.scenarios.told import story, told_as_data

pytestmark = pytest.mark.usefixtures("database")


def test_the_paid_rest_is_kept_and_the_anchor_moves() -> None:
    """BILLING, "Life cycle": pause_rest kept, pause_anchor moves; paid through 11 May, anchor 11."""
    story(
        """
        policy: {pause_rest: kept, pause_anchor: moves}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-21 resume
        2024-06-11 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        2024-06-11 c1 invoice 3
          basic  2024-06-11..2024-07-11  30.00
          total 30.00
        """,
    )


def test_the_paid_rest_is_kept_and_the_anchor_stays() -> None:
    """BILLING, "Life cycle": kept and stays; 11 May to 1 June is 21/31 = 20.32, then the 1st."""
    story(
        """
        policy: {pause_rest: kept, pause_anchor: stays}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-21 resume
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          basic  2024-05-11..2024-06-01  20.32
          total 20.32
        2024-06-01 c1 invoice 3
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_the_paused_days_are_credited_at_resume() -> None:
    """BILLING, "Life cycle": pause_rest credited; 10/30 = 10.00, given at resume."""
    story(
        """
        policy: {pause_rest: credited}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-21 resume
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 credit note 1
          basic  credit  2024-04-11..2024-04-21  -10.00  of 1/1
          total -10.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_the_paused_days_are_lost() -> None:
    """BILLING, "Life cycle": pause_rest lost."""
    story(
        """
        policy: {pause_rest: lost}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-21 resume
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


def test_a_pause_with_a_known_end() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-05-11 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_a_pause_from_the_end_of_the_period() -> None:
    """Nothing of a paid period is left: June begins the new month."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause when=period_end
        2024-05-15 bill_run
        2024-06-08 resume
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-06-08 c1 invoice 2
          basic  2024-06-08..2024-07-08  30.00
          total 30.00
        """,
    )


def test_a_skip_is_a_pause_of_a_periods_length() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 skip
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-06-01 c1 invoice 2
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_two_periods_are_skipped() -> None:
    story(
        """
        timezone: Pacific/Auckland
        plans: {basic: {amount: 7, interval: week}}

        2024-03-25 subscribe basic
        2024-03-26 skip 2
        2024-04-22 advance_to
        """,
        """
        2024-03-25 c1 invoice 1
          basic  2024-03-25..2024-04-01  7.00
          total 7.00
        2024-04-15 c1 invoice 2
          basic  2024-04-15..2024-04-22  7.00
          total 7.00
        2024-04-22 c1 invoice 3
          basic  2024-04-22..2024-04-29  7.00
          total 7.00
        """,
    )


def test_repeated_pauses_add_up() -> None:
    """Five days and five days more: paid through 11 May."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-05 pause until=2024-04-10
        2024-04-15 pause until=2024-04-20
        2024-05-11 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-11 c1 invoice 2
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_an_annual_plan_paused_twice_in_one_term() -> None:
    """killbill/killbill #2306: there, two pauses of an annual plan make overlapping terms.

    Ten days and twenty: 31 January 2025.
    """
    story(
        """
        plans: {year: {amount: 365, interval: year}}

        2024-01-01 subscribe year
        2024-03-01 pause until=2024-03-11
        2024-06-01 pause until=2024-06-21
        2025-01-31 advance_to
        """,
        """
        2024-01-01 c1 invoice 1
          year  2024-01-01..2025-01-01  365.00
          total 365.00
        2025-01-31 c1 invoice 2
          year  2025-01-31..2026-01-31  365.00
          total 365.00
        """,
    )


def test_a_change_that_falls_into_a_pause_holds_at_resume() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}
        policy: {pause_rest: credited}

        2024-04-01 subscribe basic
        2024-04-05 change_plan pro when=2024-04-15
        2024-04-11 pause
        2024-04-21 resume
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-21 c1 invoice 2
          pro            2024-04-21..2024-05-01   20.00
          basic  credit  2024-04-11..2024-04-21  -10.00  of 1/1
          basic  credit  2024-04-21..2024-05-01  -10.00  of 1/1
          total 0.00
        """,
    )


def test_a_pause_over_a_night_of_23_hours() -> None:
    """Copenhagen: the ten days from 25 March 2024 are ten dates, and ten days are added."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 31}

        2024-03-01 subscribe basic
        2024-03-25 pause until=2024-04-04
        2024-05-11 advance_to
        """,
        """
        2024-03-01 c1 invoice 1
          basic  2024-03-01..2024-04-01  31.00
          total 31.00
        2024-04-11 c1 invoice 2
          basic  2024-04-11..2024-05-11  31.00
          total 31.00
        2024-05-11 c1 invoice 3
          basic  2024-05-11..2024-06-11  31.00
          total 31.00
        """,
    )


def test_a_pause_cut_short() -> None:
    """Asked for until 21 April, ended on the 16th: five days are added."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-04-16 resume
        2024-05-06 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-06 c1 invoice 2
          basic  2024-05-06..2024-06-06  30.00
          total 30.00
        """,
    )


def test_books_agree_while_nobody_has_looked_at_a_pause_that_began_or_ended() -> None:
    """The workers were down at its beginning and at its end; recurring revenue is what the books know of."""
    for stopped in ("pause when=period_end", "pause until=2024-04-21"):
        found = told_as_data(
            f"""
            plans: {{basic: 30}}

            2024-04-01 subscribe basic
            2024-04-11 {stopped}
            2024-05-03 create_customer customer=bo
            """
        )
        assert found["verify_ok"]


def test_a_change_asked_for_in_a_pause_and_dated_before_it_is_made_when_the_pause_ends() -> None:
    """Of thirty paid days twenty-five lie behind 6 April, whatever the pause did to their dates."""
    story(
        """
        plans: {small: 30, big: 60}

        2024-04-01 subscribe small
        2024-04-11 pause
        2024-04-20 change_plan big when=2024-04-06
        2024-04-26 resume
        2024-04-26 advance_to 2024-05-20
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-26 c1 invoice 2
          big            2024-04-06..2024-05-16   50.00
          small  credit  2024-04-06..2024-05-16  -25.00  of 1/1
          total 25.00
        2024-05-16 c1 invoice 3
          big  2024-05-16..2024-06-16  60.00
          total 60.00
        """,
    )


def test_a_cancel_in_a_pause_over_the_boundary_gives_the_kept_rest_back() -> None:
    """Twenty of thirty days were paid and wait for the end of the pause; what is lost stays lost."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic customer=anna
        2024-04-01 subscribe basic customer=bo policy={pause_rest: lost, pause_anchor: stays}
        2024-04-11 pause customer=anna
        2024-04-11 pause until=2024-06-21 customer=bo
        2024-05-15 cancel now customer=anna
        2024-05-15 cancel now customer=bo
        """,
        """
        2024-04-01 anna invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 bo invoice 2
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-15 anna credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )
