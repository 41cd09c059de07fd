"""Fixed terms: n periods, then an end, a new term, or going on."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_term_that_ends() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic term={periods: 2, then: end}
        2024-08-01 advance_to
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


def test_a_term_that_goes_on() -> None:
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30}

        2024-01-31 subscribe basic term={periods: 2, then: go_on}
        2024-03-31 advance_to
        """,
        """
        2024-01-31 c1 invoice 1
          basic  2024-01-31..2024-02-29  30.00
          total 30.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-31  30.00
          total 30.00
        2024-03-31 c1 invoice 3
          basic  2024-03-31..2024-04-30  30.00
          total 30.00
        """,
    )


def test_a_term_that_renews() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic term={periods: 1, then: renew}
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-06-01 c1 invoice 3
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_a_term_set_later_ends_on_its_day() -> None:
    story(
        """
        timezone: America/New_York
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-10 set_term_end 2024-06-01 then=end
        2024-08-01 advance_to
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


def test_a_term_is_taken_away() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic term={periods: 1, then: end}
        2024-04-10 set_term_end
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


def test_the_clock_of_a_term_stands_still_in_a_pause() -> None:
    """BILLING, "Life cycle": one month and ten days of pause."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic term={periods: 2, then: end}
        2024-04-11 pause until=2024-04-21
        2024-08-01 advance_to
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


def test_a_term_of_four_weeks_over_a_change_of_the_clock() -> None:
    """Auckland: four weeks from 25 March 2024 end on 22 April, whatever the clocks did."""
    story(
        """
        timezone: Pacific/Auckland
        plans: {week: {amount: 28, interval: 4 weeks}}

        2024-03-25 subscribe week term={periods: 1, then: end}
        2024-06-01 advance_to
        """,
        """
        2024-03-25 c1 invoice 1
          week  2024-03-25..2024-04-22  28.00
          total 28.00
        """,
    )


def test_a_term_left_before_its_end() -> None:
    """A term with a known end may be left before it."""
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic term={periods: 1, then: end}
        2024-04-10 cancel 2024-04-16
        2024-06-01 advance_to
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
