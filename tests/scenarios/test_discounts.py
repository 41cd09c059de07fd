"""Discounts on documents: in which order, on what, and how long, by every policy."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_percents_before_amounts() -> None:
    """20 % of 100.00 first, then 15.00: 65.00, though the amount was attached first."""
    story(
        """
        plans: {basic: 100}
        coupons: {LESS: {amount: 15, duration: forever}, FIFTH: {percent: 20, duration: forever}}

        2024-04-01 subscribe basic coupon=LESS
        2024-04-02 apply_coupon FIFTH
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          discount 15.00  net 85.00  total 85.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  100.00
          discount 35.00  net 65.00  total 65.00
        """,
    )


def test_each_discount_in_the_order_in_which_it_came() -> None:
    """15.00 first, then 20 % of 85.00: 68.00."""
    story(
        """
        policy: {coupon_order: as_applied}
        plans: {basic: 100}
        coupons: {LESS: {amount: 15, duration: forever}, FIFTH: {percent: 20, duration: forever}}

        2024-04-01 subscribe basic coupon=LESS
        2024-04-02 apply_coupon FIFTH
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          discount 15.00  net 85.00  total 85.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  100.00
          discount 32.00  net 68.00  total 68.00
        """,
    )


def test_an_amount_larger_than_the_document_is_lost_above_it() -> None:
    story(
        """
        plans: {basic: 10}
        add_ons: {seat: 5}
        coupons: {LESS: {amount: 20, duration: 1}}

        2024-04-01 subscribe basic items=[seat] coupon=LESS
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.00
          seat   2024-04-01..2024-05-01   5.00
          discount 15.00  net 0.00  total 0.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  10.00
          seat   2024-05-01..2024-06-01   5.00
          total 15.00
        """,
    )


def test_a_document_without_the_plan_has_no_amount_off() -> None:
    """The amount is for each month of the plan; the weekly add-on shares it only where both are on one document."""
    story(
        """
        plans: {basic: 10}
        add_ons: {week: {amount: 7, interval: week}}
        coupons: {LESS: {amount: 5, duration: forever}}

        2024-04-01 subscribe basic items=[week] coupon=LESS
        2024-04-09 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.00
          week   2024-04-01..2024-04-08   7.00
          discount 5.00  net 12.00  total 12.00
        2024-04-08 c1 invoice 2
          week  2024-04-08..2024-04-15  7.00
          total 7.00
        """,
    )


def test_a_limited_coupon_touches_only_what_it_is_for() -> None:
    story(
        """
        plans: {basic: 10, plus: 30}
        add_ons: {seat: 5}
        coupons: {PLUS: {percent: 50, plans: [plus], duration: forever}}

        2024-04-01 subscribe plus items=[seat] coupon=PLUS
        2024-04-16 change_plan basic
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          plus  2024-04-01..2024-05-01  30.00
          seat  2024-04-01..2024-05-01   5.00
          discount 15.00  net 20.00  total 20.00
        2024-04-16 c1 credit note 1
          basic          2024-04-16..2024-05-01   5.00
          plus   credit  2024-04-16..2024-05-01  -7.50  of 1/1
          total -2.50
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  10.00
          seat   2024-05-01..2024-06-01   5.00
          total 15.00
        """,
    )


def test_a_scope_looked_at_when_it_was_redeemed() -> None:
    """All of the agreement has the discount, for it held the plan that the coupon is for."""
    story(
        """
        policy: {coupon_scope_checked: at_redemption}
        plans: {basic: 10, plus: 30}
        add_ons: {seat: 5}
        coupons: {PLUS: {percent: 50, plans: [plus], duration: forever}}

        2024-04-01 subscribe plus items=[seat] coupon=PLUS
        2024-04-16 change_plan basic
        """,
        """
        2024-04-01 c1 invoice 1
          plus  2024-04-01..2024-05-01  30.00
          seat  2024-04-01..2024-05-01   5.00
          discount 17.50  net 17.50  total 17.50
        2024-04-16 c1 credit note 1
          basic          2024-04-16..2024-05-01   5.00
          plus   credit  2024-04-16..2024-05-01  -7.50  of 1/1
          discount 2.50  net -5.00  total -5.00
        """,
    )


def test_a_proration_has_the_discount_of_its_period_and_uses_none() -> None:
    story(
        """
        plans: {basic: 30, plus: 60}
        coupons: {TWO: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=TWO
        2024-04-16 change_plan plus
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-16 c1 invoice 2
          plus           2024-04-16..2024-05-01  30.00
          basic  credit  2024-04-16..2024-05-01  -7.50  of 1/1
          discount 15.00  net 7.50  total 7.50
        2024-05-01 c1 invoice 3
          plus  2024-05-01..2024-06-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-06-01 c1 invoice 4
          plus  2024-06-01..2024-07-01  60.00
          total 60.00
        """,
    )


def test_a_proration_without_a_discount() -> None:
    """What is given back is half of what was charged, after its discount."""
    story(
        """
        policy: {coupon_on_prorations: none}
        plans: {basic: 30, plus: 60}
        coupons: {TWO: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=TWO
        2024-04-16 change_plan plus
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-16 c1 invoice 2
          plus           2024-04-16..2024-05-01  30.00
          basic  credit  2024-04-16..2024-05-01  -7.50  of 1/1
          total 22.50
        2024-05-01 c1 invoice 3
          plus  2024-05-01..2024-06-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-06-01 c1 invoice 4
          plus  2024-06-01..2024-07-01  60.00
          total 60.00
        """,
    )


def test_a_coupon_for_two_invoices() -> None:
    """The change in the middle of the month has an invoice of its own, which is the second."""
    story(
        """
        policy: {coupon_counts: invoices}
        plans: {basic: 30, plus: 60}
        coupons: {TWO: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=TWO
        2024-04-16 change_plan plus
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-16 c1 invoice 2
          plus           2024-04-16..2024-05-01  30.00
          basic  credit  2024-04-16..2024-05-01  -7.50  of 1/1
          discount 15.00  net 7.50  total 7.50
        2024-05-01 c1 invoice 3
          plus  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_a_coupon_for_two_months() -> None:
    """From 1 April to 1 June: the week that begins on 27 May has it, the one of 3 June does not."""
    story(
        """
        policy: {coupon_counts: months}
        plans: {week: {amount: 10, interval: 4 weeks}}
        coupons: {TWO: {percent: 50, duration: 2}}

        2024-04-01 subscribe week coupon=TWO
        2024-06-30 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          week  2024-04-01..2024-04-29  10.00
          discount 5.00  net 5.00  total 5.00
        2024-04-29 c1 invoice 2
          week  2024-04-29..2024-05-27  10.00
          discount 5.00  net 5.00  total 5.00
        2024-05-27 c1 invoice 3
          week  2024-05-27..2024-06-24  10.00
          discount 5.00  net 5.00  total 5.00
        2024-06-24 c1 invoice 4
          week  2024-06-24..2024-07-22  10.00
          total 10.00
        """,
    )


def test_the_months_of_a_coupon_stand_still_in_a_pause() -> None:
    """40 days of pause: they end on 11 July and not on 1 June, and what is paid lasts until 10 June."""
    story(
        """
        policy: {coupon_counts: months}
        plans: {basic: 30}
        coupons: {TWO: {percent: 50, duration: 2}}

        2024-04-01 subscribe basic coupon=TWO
        2024-04-11 pause until=2024-05-21
        2024-07-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-06-10 c1 invoice 2
          basic  2024-06-10..2024-07-10  30.00
          discount 15.00  net 15.00  total 15.00
        """,
    )


def test_a_set_up_fee_is_discounted_and_uses_no_period() -> None:
    story(
        """
        plans: {basic: {amount: 30, setup_fee: 100, trial_days: 14}}
        coupons: {ONCE: {percent: 10, duration: once}}

        2024-04-01 subscribe basic coupon=ONCE
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  setup  2024-04-01..2024-04-01  100.00
          discount 10.00  net 90.00  total 90.00
        2024-04-15 c1 invoice 2
          basic  2024-04-15..2024-05-15  30.00
          discount 3.00  net 27.00  total 27.00
        2024-05-15 c1 invoice 3
          basic  2024-05-15..2024-06-15  30.00
          total 30.00
        """,
    )


def test_a_minimum_is_of_the_list_price_and_discounted_like_its_fee() -> None:
    """10.00 a month is missing to 40.00; with 10 % off both, the month comes to 36.00."""
    story(
        """
        plans: {basic: {amount: 30, period_minimum: 40}}
        coupons: {TENTH: {percent: 10}}

        2024-04-01 subscribe basic coupon=TENTH
        """,
        """
        2024-04-01 c1 invoice 1
          basic           2024-04-01..2024-05-01  30.00
          basic  minimum  2024-04-01..2024-05-01  10.00
          discount 4.00  net 36.00  total 36.00
        """,
    )
