"""Calendars: zones, clocks that jump, ends of months."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_day_of_23_hours_is_a_day() -> None:
    """Copenhagen, the night to 31 March 2024: one of thirty-one days is left."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 31}

        2024-03-01 subscribe basic
        2024-03-31T12:00 cancel now
        """,
        """
        2024-03-01 c1 invoice 1
          basic  2024-03-01..2024-04-01  31.00
          total 31.00
        2024-03-31T12:00:00 c1 credit note 1
          basic  credit  2024-03-31..2024-04-01  -1.00  of 1/1
          total -1.00
        """,
    )


def test_a_day_of_25_hours_is_a_day() -> None:
    """New York, 3 November 2024: twenty-eight of thirty days are left."""
    story(
        """
        timezone: America/New_York
        plans: {basic: 30}

        2024-11-01 subscribe basic
        2024-11-03T12:00 cancel now
        """,
        """
        2024-11-01 c1 invoice 1
          basic  2024-11-01..2024-12-01  30.00
          total 30.00
        2024-11-03T12:00:00 c1 credit note 1
          basic  credit  2024-11-03..2024-12-01  -28.00  of 1/1
          total -28.00
        """,
    )


def test_seconds_count_the_hour_that_is_missing() -> None:
    """March 2024 has 743 hours in Copenhagen; from 03:00 summer time on the 31st 21 are left."""
    story(
        """
        timezone: Europe/Copenhagen
        policy: {proration_unit: second}
        plans: {basic: 743}

        2024-03-01 subscribe basic
        2024-03-31T03:00 cancel now
        """,
        """
        2024-03-01 c1 invoice 1
          basic  2024-03-01..2024-04-01  743.00
          total 743.00
        2024-03-31T03:00:00 c1 credit note 1
          basic  credit  2024-03-31T03:00:00..2024-04-01  -21.00  of 1/1
          total -21.00
        """,
    )


def test_seconds_count_the_hour_that_comes_twice() -> None:
    """November 2024 has 721 hours in New York; at noon on the 3rd 61 are gone."""
    story(
        """
        timezone: America/New_York
        policy: {proration_unit: second}
        plans: {basic: 721}

        2024-11-01 subscribe basic
        2024-11-03T12:00 cancel now
        """,
        """
        2024-11-01 c1 invoice 1
          basic  2024-11-01..2024-12-01  721.00
          total 721.00
        2024-11-03T12:00:00 c1 credit note 1
          basic  credit  2024-11-03T12:00:00..2024-12-01  -660.00  of 1/1
          total -660.00
        """,
    )


def test_a_midnight_that_does_not_exist_is_the_first_instant_after_it() -> None:
    """Sao Paulo, 4 November 2018: the clock went from 24:00 to 01:00."""
    story(
        """
        timezone: America/Sao_Paulo
        plans: {basic: 30}

        2018-10-04 subscribe basic
        2018-11-10 advance_to
        2018-11-14 cancel now
        """,
        """
        2018-10-04 c1 invoice 1
          basic  2018-10-04..2018-11-04  30.00
          total 30.00
        2018-11-04 c1 invoice 2
          basic  2018-11-04..2018-12-04  30.00
          total 30.00
        2018-11-14 c1 credit note 1
          basic  credit  2018-11-14..2018-12-04  -20.00  of 2/1
          total -20.00
        """,
    )


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    """Havana, 3 November 2024: at 01:00 the clock went back to midnight."""
    story(
        """
        timezone: America/Havana
        plans: {basic: 30}

        2024-10-03 subscribe basic
        2024-11-03T00:00-04:00 bill_run
        2024-11-03T00:00-05:00 bill_run
        """,
        """
        2024-10-03 c1 invoice 1
          basic  2024-10-03..2024-11-03  30.00
          total 30.00
        2024-11-03 c1 invoice 2
          basic  2024-11-03..2024-12-03  30.00
          total 30.00
        """,
    )


def test_a_day_that_an_island_left_out() -> None:
    """Apia went over the date line and had no 30 December 2011; the boundary is the next valid instant."""
    story(
        """
        timezone: Pacific/Apia
        plans: {basic: 30}

        2011-11-30 subscribe basic
        2012-01-31 advance_to
        """,
        """
        2011-11-30 c1 invoice 1
          basic  2011-11-30..2011-12-31  30.00
          total 30.00
        2011-12-31 c1 invoice 2
          basic  2011-12-31..2012-01-30  30.00
          total 30.00
        2012-01-30 c1 invoice 3
          basic  2012-01-30..2012-02-29  30.00
          total 30.00
        """,
    )


def test_half_an_hour_of_summer_time() -> None:
    """Lord Howe's clock goes forward by thirty minutes: October 2024 has 743.5 hours there."""
    story(
        """
        timezone: Australia/Lord_Howe
        policy: {proration_unit: second}
        plans: {basic: 743.5}

        2024-10-01 subscribe basic
        2024-10-31 cancel now
        """,
        """
        2024-10-01 c1 invoice 1
          basic  2024-10-01..2024-11-01  743.50
          total 743.50
        2024-10-31 c1 credit note 1
          basic  credit  2024-10-31..2024-11-01  -24.00  of 1/1
          total -24.00
        """,
    )


def test_fortnights_in_auckland_end_at_midnight_there() -> None:
    """Summer time ends on 7 April 2024; fourteen days are fourteen dates all the same."""
    story(
        """
        timezone: Pacific/Auckland
        plans: {fort: {amount: 14, interval: 2 weeks}}

        2024-03-30 subscribe fort
        2024-04-27 advance_to
        """,
        """
        2024-03-30 c1 invoice 1
          fort  2024-03-30..2024-04-13  14.00
          total 14.00
        2024-04-13 c1 invoice 2
          fort  2024-04-13..2024-04-27  14.00
          total 14.00
        2024-04-27 c1 invoice 3
          fort  2024-04-27..2024-05-11  14.00
          total 14.00
        """,
    )


def test_an_act_at_noon_utc_is_the_next_day_in_auckland() -> None:
    story(
        """
        timezone: UTC
        plans: {basic: 30}

        2024-03-20 create_customer customer=c1 timezone=Pacific/Auckland
        2024-03-31T12:00 subscribe basic
        2024-04-10T13:00 cancel now
        """,
        """
        2024-03-31T12:00:00 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-10T13:00:00 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )


def test_every_other_month_from_the_last_of_december() -> None:
    story(
        """
        timezone: Asia/Tokyo
        currency: JPY
        plans: {basic: {amount: 3000, interval: 2 months}}

        2023-12-31 subscribe basic
        2024-06-30 advance_to
        """,
        """
        2023-12-31 c1 invoice 1
          basic  2023-12-31..2024-02-29  3000
          total 3000
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-04-30  3000
          total 3000
        2024-04-30 c1 invoice 3
          basic  2024-04-30..2024-06-30  3000
          total 3000
        2024-06-30 c1 invoice 4
          basic  2024-06-30..2024-08-31  3000
          total 3000
        """,
    )


def test_the_30th_comes_back_after_a_february_of_28() -> None:
    story(
        """
        timezone: Asia/Kolkata
        currency: INR
        plans: {basic: 500}

        2023-01-30 subscribe basic
        2023-03-30 advance_to
        """,
        """
        2023-01-30 c1 invoice 1
          basic  2023-01-30..2023-02-28  500.00
          total 500.00
        2023-02-28 c1 invoice 2
          basic  2023-02-28..2023-03-30  500.00
          total 500.00
        2023-03-30 c1 invoice 3
          basic  2023-03-30..2023-04-30  500.00
          total 500.00
        """,
    )
