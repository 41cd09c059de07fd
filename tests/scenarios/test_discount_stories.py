"""Coupons: how long, in which order, on prorations, and what they are limited to."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_percent_once() -> None:
    story(
        """
        plans: {basic: 30}
        coupons: {TEN: {percent: 10}}

        2024-04-01 subscribe basic coupon=TEN
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 3.00  net 27.00  total 27.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_percent_forever() -> None:
    story(
        """
        timezone: Pacific/Auckland
        plans: {basic: 30}
        coupons: {TEN: {percent: 10, duration: forever}}

        2024-03-31 subscribe basic coupon=TEN
        2024-05-31 advance_to
        """,
        """
        2024-03-31 c1 invoice 1
          basic  2024-03-31..2024-04-30  30.00
          discount 3.00  net 27.00  total 27.00
        2024-04-30 c1 invoice 2
          basic  2024-04-30..2024-05-31  30.00
          discount 3.00  net 27.00  total 27.00
        2024-05-31 c1 invoice 3
          basic  2024-05-31..2024-06-30  30.00
          discount 3.00  net 27.00  total 27.00
        """,
    )


def test_an_amount_comes_off_once_a_document() -> None:
    """Shared over both lines; what is above the document is lost."""
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 10}
        coupons: {OFF: {amount: 8, duration: forever}, BIG: {amount: 500}}

        2024-04-01 subscribe basic items=[bag] coupon=OFF
        2024-04-01 subscribe basic customer=c2 coupon=BIG
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          bag    2024-04-01..2024-05-01  10.00
          discount 8.00  net 32.00  total 32.00
        2024-04-01 c2 invoice 2
          basic  2024-04-01..2024-05-01  30.00
          discount 30.00  net 0.00  total 0.00
        """,
    )


def test_percents_come_before_amounts() -> None:
    """coupon_order: percent_first; 100.00, less 10 % of it, less 20.00."""
    story(
        """
        policy: {coupon_order: percent_first}
        plans: {basic: 100}
        coupons: {OFF: {amount: 20, duration: forever}, TEN: {percent: 10, duration: forever}}

        2024-04-01 subscribe basic coupon=OFF
        2024-04-02 apply_coupon TEN subscription=c1
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          discount 20.00  net 80.00  total 80.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  100.00
          discount 30.00  net 70.00  total 70.00
        """,
    )


def test_coupons_in_the_order_in_which_they_came() -> None:
    """coupon_order: as_applied; 100.00, less 20.00, less 10 % of what is left."""
    story(
        """
        policy: {coupon_order: as_applied}
        plans: {basic: 100}
        coupons: {OFF: {amount: 20, duration: forever}, TEN: {percent: 10, duration: forever}}

        2024-04-01 subscribe basic coupon=OFF
        2024-04-02 apply_coupon TEN subscription=c1
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          discount 20.00  net 80.00  total 80.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  100.00
          discount 28.00  net 72.00  total 72.00
        """,
    )


def test_a_proration_inherits_the_discount() -> None:
    """coupon_on_prorations: inherit; 40.00 less half, and 20/30 of the 15.00 that were charged go back."""
    story(
        """
        policy: {coupon_on_prorations: inherit}
        plans: {basic: 30, pro: 60}
        coupons: {HALF: {percent: 50}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-11 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-11 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -10.00  of 1/1
          discount 20.00  net 10.00  total 10.00
        """,
    )


def test_a_proration_has_no_discount() -> None:
    """coupon_on_prorations: none"""
    story(
        """
        policy: {coupon_on_prorations: none}
        plans: {basic: 30, pro: 60}
        coupons: {HALF: {percent: 50}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-11 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-11 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -10.00  of 1/1
          total 30.00
        """,
    )


def test_a_proration_uses_up_no_period() -> None:
    """coupon_counts: periods; of two periods April and May are discounted, the change in April is not a third."""
    story(
        """
        policy: {coupon_counts: periods}
        plans: {basic: 30, pro: 60}
        coupons: {HALF: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-11 change_plan pro
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-11 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -10.00  of 1/1
          discount 20.00  net 10.00  total 10.00
        2024-05-01 c1 invoice 3
          pro  2024-05-01..2024-06-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-06-01 c1 invoice 4
          pro  2024-06-01..2024-07-01  60.00
          total 60.00
        """,
    )


def test_invoices_use_up_the_coupon() -> None:
    """coupon_counts: invoices; the invoice of the change is the second of two."""
    story(
        """
        policy: {coupon_counts: invoices}
        plans: {basic: 30, pro: 60}
        coupons: {HALF: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-11 change_plan pro
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-11 c1 invoice 2
          pro            2024-04-11..2024-05-01   40.00
          basic  credit  2024-04-11..2024-05-01  -10.00  of 1/1
          discount 20.00  net 10.00  total 10.00
        2024-05-01 c1 invoice 3
          pro  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_months_use_up_the_coupon() -> None:
    """coupon_counts: months; a week that begins within a month of the start has it."""
    story(
        """
        policy: {coupon_counts: months}
        plans: {week: {amount: 7, interval: 2 weeks}}
        coupons: {HALF: {percent: 50, duration: 1}}

        2024-04-01 subscribe week coupon=HALF
        2024-05-13 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          week  2024-04-01..2024-04-15  7.00
          discount 3.50  net 3.50  total 3.50
        2024-04-15 c1 invoice 2
          week  2024-04-15..2024-04-29  7.00
          discount 3.50  net 3.50  total 3.50
        2024-04-29 c1 invoice 3
          week  2024-04-29..2024-05-13  7.00
          discount 3.50  net 3.50  total 3.50
        2024-05-13 c1 invoice 4
          week  2024-05-13..2024-05-27  7.00
          total 7.00
        """,
    )


def test_a_scope_is_looked_at_line_by_line() -> None:
    """coupon_scope_checked: each_line; the coupon is for pro, and basic goes without."""
    story(
        """
        policy: {coupon_scope_checked: each_line}
        plans: {basic: 30, pro: 60}
        coupons: {PRO: {percent: 50, duration: forever, plans: [pro]}}

        2024-04-01 subscribe pro coupon=PRO
        2024-04-02 change_plan basic when=period_end
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_scope_is_looked_at_when_the_coupon_is_redeemed() -> None:
    """coupon_scope_checked: at_redemption; once it is attached it works on all lines."""
    story(
        """
        policy: {coupon_scope_checked: at_redemption}
        plans: {basic: 30, pro: 60}
        coupons: {PRO: {percent: 50, duration: forever, plans: [pro]}}

        2024-04-01 subscribe pro coupon=PRO
        2024-04-02 change_plan basic when=period_end
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          discount 15.00  net 15.00  total 15.00
        """,
    )


def test_a_change_on_the_first_day_uses_up_no_second_period() -> None:
    """The period is one, however often it is charged: `once` is not lost, and two periods stay two."""
    story(
        """
        plans: {small: 100, big: 160}
        coupons: {ONCE: {percent: 10}, TWO: {percent: 10, duration: 2}}

        2024-01-01T09:00 subscribe small coupon=ONCE customer=anna
        2024-01-01T09:00 subscribe small coupon=TWO customer=bo
        2024-01-01T10:00 change_plan big customer=anna
        2024-01-01T10:00 change_plan big customer=bo
        2024-03-01 advance_to
        """,
        """
        2024-01-01T09:00:00 anna invoice 1
          small  2024-01-01..2024-02-01  100.00
          discount 10.00  net 90.00  total 90.00
        2024-01-01T09:00:00 bo invoice 2
          small  2024-01-01..2024-02-01  100.00
          discount 10.00  net 90.00  total 90.00
        2024-01-01T10:00:00 anna invoice 3
          big            2024-01-01..2024-02-01  160.00
          small  credit  2024-01-01..2024-02-01  -90.00  of 1/1
          discount 16.00  net 54.00  total 54.00
        2024-01-01T10:00:00 bo invoice 4
          big            2024-01-01..2024-02-01  160.00
          small  credit  2024-01-01..2024-02-01  -90.00  of 2/1
          discount 16.00  net 54.00  total 54.00
        2024-02-01 anna invoice 5
          big  2024-02-01..2024-03-01  160.00
          total 160.00
        2024-02-01 bo invoice 6
          big  2024-02-01..2024-03-01  160.00
          discount 16.00  net 144.00  total 144.00
        2024-03-01 anna invoice 7
          big  2024-03-01..2024-04-01  160.00
          total 160.00
        2024-03-01 bo invoice 8
          big  2024-03-01..2024-04-01  160.00
          total 160.00
        """,
    )


def test_a_back_dated_change_uses_up_no_period_that_was_counted() -> None:
    """February is charged anew and was the second of three: March is the third."""
    story(
        """
        plans: {small: 100, big: 160}
        coupons: {THREE: {percent: 10, duration: 3}}

        2024-01-01 subscribe small coupon=THREE
        2024-02-01 bill_run
        2024-02-11 change_plan plan=big when=2024-01-21
        2024-04-01 advance_to
        """,
        """
        2024-01-01 c1 invoice 1
          small  2024-01-01..2024-02-01  100.00
          discount 10.00  net 90.00  total 90.00
        2024-02-01 c1 invoice 2
          small  2024-02-01..2024-03-01  100.00
          discount 10.00  net 90.00  total 90.00
        2024-02-11 c1 invoice 3
          big            2024-01-21..2024-02-01   56.77
          big            2024-02-01..2024-03-01  160.00
          small  credit  2024-01-21..2024-02-01  -31.94  of 1/1
          small  credit  2024-02-01..2024-03-01  -90.00  of 2/1
          discount 21.67  net 73.16  total 73.16
        2024-03-01 c1 invoice 4
          big  2024-03-01..2024-04-01  160.00
          discount 16.00  net 144.00  total 144.00
        2024-04-01 c1 invoice 5
          big  2024-04-01..2024-05-01  160.00
          total 160.00
        """,
    )
