"""Changes dated back into periods with another coupon than today's, or with none: the coupon of the period counts."""

import pytest

from tests.scenarios.told import played, story

pytestmark = pytest.mark.usefixtures("database")


def test_a_period_whose_coupon_is_used_up_is_charged_anew_with_it() -> None:
    """January had 50 % off, February none: so has what the change charges for each."""
    story(
        """
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50}}

        2024-01-01 subscribe small coupon=HALF
        2024-02-10 bill_run
        2024-02-15 change_plan big when=2024-01-11
        2024-03-01 bill_run
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-02-10 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          total 10.00
        2024-02-15 c1 invoice 3
          big            2024-01-11..2024-02-01   67.74
          big            2024-02-01..2024-03-01  100.00
          small  credit  2024-01-11..2024-02-01   -3.39  of 1/1
          small  credit  2024-02-01..2024-03-01  -10.00  of 2/1
          discount 33.87  net 120.48  total 120.48
        2024-03-01 c1 invoice 4
          big  2024-03-01..2024-04-01  100.00
          total 100.00
        """,
    )


def test_whole_periods_behind_one_that_had_it_too() -> None:
    """Two periods off: the rest of January and all of February, and none of it is left for March."""
    story(
        """
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50, duration: 2}}

        2024-01-01 subscribe small coupon=HALF
        2024-03-10 advance_to
        2024-03-15 change_plan big when=2024-01-11
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-02-01 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-03-01 c1 invoice 3
          small  2024-03-01..2024-04-01  10.00
          total 10.00
        2024-03-15 c1 invoice 4
          big            2024-01-11..2024-02-01   67.74
          big            2024-02-01..2024-03-01  100.00
          big            2024-03-01..2024-04-01  100.00
          small  credit  2024-01-11..2024-02-01   -3.39  of 1/1
          small  credit  2024-02-01..2024-03-01   -5.00  of 2/1
          small  credit  2024-03-01..2024-04-01  -10.00  of 3/1
          discount 83.87  net 165.48  total 165.48
        """,
    )


def test_a_coupon_that_came_later_is_not_at_work_before() -> None:
    """Given on 10 February, at work from March on: what is charged anew for January and February has none of it."""
    story(
        """
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50, duration: forever}}

        2024-01-01 subscribe small
        2024-02-10 apply_coupon HALF
        2024-03-10 bill_run
        2024-03-15 change_plan big when=2024-01-11
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          total 10.00
        2024-02-10 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          total 10.00
        2024-03-10 c1 invoice 3
          small  2024-03-01..2024-04-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-03-15 c1 invoice 4
          big            2024-01-11..2024-02-01   67.74
          big            2024-02-01..2024-03-01  100.00
          big            2024-03-01..2024-04-01  100.00
          small  credit  2024-01-11..2024-02-01   -6.77  of 1/1
          small  credit  2024-02-01..2024-03-01  -10.00  of 2/1
          small  credit  2024-03-01..2024-04-01   -5.00  of 3/1
          discount 50.00  net 195.97  total 195.97
        """,
    )


def test_a_change_dated_back_does_not_use_up_what_came_later() -> None:
    """The one period of a coupon given in January is February, before the change and after it."""
    story(
        """
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50}}

        2024-01-01 subscribe small
        2024-01-20 apply_coupon HALF
        2024-02-10 bill_run
        2024-02-15 change_plan big when=2024-01-01
        2024-03-01 bill_run
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          total 10.00
        2024-02-10 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-02-15 c1 invoice 3
          big            2024-01-01..2024-02-01  100.00
          big            2024-02-01..2024-03-01  100.00
          small  credit  2024-01-01..2024-02-01  -10.00  of 1/1
          small  credit  2024-02-01..2024-03-01   -5.00  of 2/1
          discount 50.00  net 135.00  total 135.00
        2024-03-01 c1 invoice 4
          big  2024-03-01..2024-04-01  100.00
          total 100.00
        """,
    )


def test_an_add_on_dated_back_has_the_coupon_of_its_periods() -> None:
    story(
        """
        plans: {small: 10}
        add_ons: {bag: {amount: 30}}
        coupons: {HALF: {percent: 50}, TEN: {percent: 10, duration: forever}}

        2024-04-01 subscribe small coupon=HALF
        2024-05-02 apply_coupon TEN
        2024-05-10 add_item bag when=2024-04-16
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-05-02 c1 invoice 2
          small  2024-05-01..2024-06-01  10.00
          total 10.00
        2024-05-10 c1 invoice 3
          bag  2024-04-16..2024-05-01  15.00
          bag  2024-05-01..2024-06-01  30.00
          discount 7.50  net 37.50  total 37.50
        """,
    )


def test_a_coupon_that_came_with_a_start_dated_back_is_at_work_from_the_start() -> None:
    story(
        """
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50, duration: 2}}

        2024-03-15 subscribe small coupon=HALF start_date=2024-01-01
        2024-03-16 change_plan big when=2024-01-11
        """,
        """
        2024-03-15 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          small  2024-02-01..2024-03-01  10.00
          small  2024-03-01..2024-04-01  10.00
          discount 10.00  net 20.00  total 20.00
        2024-03-16 c1 invoice 2
          big            2024-01-11..2024-02-01   67.74
          big            2024-02-01..2024-03-01  100.00
          big            2024-03-01..2024-04-01  100.00
          small  credit  2024-01-11..2024-02-01   -3.39  of 1/1
          small  credit  2024-02-01..2024-03-01   -5.00  of 1/2
          small  credit  2024-03-01..2024-04-01  -10.00  of 1/3
          discount 83.87  net 165.48  total 165.48
        """,
    )


def test_what_is_charged_in_arrears_has_the_coupon_with_which_it_was_charged() -> None:
    """January's arrears were charged on 1 February, the last instant of the coupon."""
    story(
        """
        plans: {small: {amount: 10, timing: arrears}, big: {amount: 100, timing: arrears}}
        coupons: {HALF: {percent: 50}}

        2024-01-01 subscribe small coupon=HALF
        2024-03-10 advance_to
        2024-03-15 change_plan big when=2024-01-11
        """,
        """
        2024-02-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-03-01 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          total 10.00
        2024-03-15 c1 invoice 3
          big            2024-01-11..2024-02-01   67.74
          big            2024-02-01..2024-03-01  100.00
          small  credit  2024-01-11..2024-02-01   -3.39  of 1/1
          small  credit  2024-02-01..2024-03-01  -10.00  of 2/1
          discount 33.87  net 120.48  total 120.48
        """,
    )


def test_a_coupon_by_months_ends_where_it_ended() -> None:
    """Two months from 1 January: what begins on 20 February has it, what begins on 1 March has not."""
    story(
        """
        policy: {coupon_counts: months}
        plans: {small: 10, big: 100}
        coupons: {HALF: {percent: 50, duration: 2}}

        2024-01-01 subscribe small coupon=HALF
        2024-03-10 advance_to
        2024-03-15 change_plan big when=2024-02-20
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-02-01 c1 invoice 2
          small  2024-02-01..2024-03-01  10.00
          discount 5.00  net 5.00  total 5.00
        2024-03-01 c1 invoice 3
          small  2024-03-01..2024-04-01  10.00
          total 10.00
        2024-03-15 c1 invoice 4
          big            2024-02-20..2024-03-01   34.48
          big            2024-03-01..2024-04-01  100.00
          small  credit  2024-02-20..2024-03-01   -1.72  of 2/1
          small  credit  2024-03-01..2024-04-01  -10.00  of 3/1
          discount 17.24  net 105.52  total 105.52
        """,
    )


def test_a_period_that_begins_anew_has_no_coupon_that_is_over() -> None:
    """Another interval begins a period of its own, for which nothing of the coupon was left."""
    told = played(
        """
        plans: {small: 10, year: {amount: 365, interval: year}}
        coupons: {HALF: {percent: 50}}

        2025-01-01 subscribe small coupon=HALF
        2025-02-10 bill_run
        2025-02-15 change_plan year when=2025-01-11
        """
    )
    assert "year           2025-01-11..2026-01-11  365.00" in told
    assert "total 351.61" in told
    assert told.count("discount") == 1
