"""Money and coupons: what is paid, credited, given and discounted, told as stories."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_what_a_downgrade_gives_back_pays_the_next_invoice() -> None:
    """BILLING, "Documents, receivables, balance": 125.00 paid, 75.00 to the balance, 12.50 of it spent in May."""
    story(
        """
        tax: 25
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-01 record_payment
        2024-04-11 change_plan small
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-11 c1 credit note 1
          small          2024-04-11..2024-05-01    6.67
          big    credit  2024-04-11..2024-05-01  -66.67  of 1/1
          net -60.00  tax -15.00  total -75.00
          balance 75.00
        2024-05-01 c1 invoice 2
          small  2024-05-01..2024-06-01  10.00
          net 10.00  tax 2.50  total 12.50  from balance 12.50  due 0.00
          balance 62.50
        """,
    )


def test_money_that_arrived_too_much_is_balance_and_can_be_given_back() -> None:
    story(
        """
        plans: {big: 100}

        2024-04-01 subscribe big
        2024-04-01 record_payment amount=130
        2024-04-02 refund 20
        2024-04-03 refund 2000
        2024-04-04 refund
        2024-04-05 refund
        2024-05-01 bill_run
        2024-05-01 record_payment
        2024-05-01 record_payment
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-01 c1 balance 30.00
        2024-04-02 c1 balance 10.00
        2024-04-03 refused: more_than_left
        2024-04-04 c1 balance 0.00
        2024-04-05 refused: nothing_left
        2024-05-01 c1 invoice 2
          big  2024-05-01..2024-06-01  100.00
          total 100.00
        2024-05-01 refused: not_found
        """,
    )


def test_an_invoice_is_credited_in_parts_and_never_twice() -> None:
    story(
        """
        tax: 25
        plans: {big: 100}
        add_ons: {bag: 10}

        2024-04-01 subscribe big items=[{add_on: bag, quantity: 3}]
        2024-04-02 credit_note amount=13
        2024-04-03 adjust_line 70
        2024-04-04 credit_note lines=[{line: 2, quantity: 1}]
        2024-04-05 credit_note last
        2024-04-05 credit_note last
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01      100.00
          bag  2024-04-01..2024-05-01  x3   30.00
          net 130.00  tax 32.50  total 162.50
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          bag  credit  2024-04-01..2024-05-01   -3.00  of 1/2
          net -13.00  tax -3.25  total -16.25
        2024-04-03 c1 credit note 2
          big  credit  2024-04-01..2024-05-01  -20.00  of 1/1
          net -20.00  tax -5.00  total -25.00
        2024-04-04 c1 credit note 3
          bag  credit  2024-04-01..2024-05-01  -10.00  of 1/2
          net -10.00  tax -2.50  total -12.50
        2024-04-05 c1 credit note 4
          big  credit  2024-04-01..2024-05-01  -70.00  of 1/1
          bag  credit  2024-04-01..2024-05-01  -17.00  of 1/2
          net -87.00  tax -21.75  total -108.75
        2024-04-05 refused: nothing_left
        """,
    )


def test_voided_written_off_given_credit() -> None:
    story(
        """
        tax: 25
        plans: {big: 100}

        2024-04-01 subscribe big
        2024-04-02 void
        2024-05-01 bill_run
        2024-05-02 write_off 2
        2024-05-03 grant_credit 50
        2024-06-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -100.00  of 1/1
          net -100.00  tax -25.00  total -125.00
        2024-05-01 c1 invoice 2
          big  2024-05-01..2024-06-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-05-03 c1 balance 50.00
        2024-06-01 c1 invoice 3
          big  2024-06-01..2024-07-01  100.00
          net 100.00  tax 25.00  total 125.00  from balance 50.00  due 75.00
          balance 0.00
        """,
    )


def test_percents_one_after_the_other_and_each_for_its_periods() -> None:
    story(
        """
        tax: 25
        plans: {basic: 100, pro: 200}
        coupons:
          TEN: {percent: 10, duration: 2}
          OFF: {amount: 15.01, duration: forever, plans: [pro]}
          HALF: {percent: 50, max_redemptions: 1}

        2024-04-01 subscribe basic coupon=TEN
        2024-04-02 apply_coupon HALF
        2024-04-02 apply_coupon HALF customer=c2
        2024-05-01 bill_run
        2024-05-11 change_plan pro customer=c1
        2024-05-12 apply_coupon OFF customer=c1
        2024-07-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          discount 10.00  net 90.00  tax 22.50  total 112.50
        2024-04-02 refused: coupon_exhausted
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  100.00
          discount 55.00  net 45.00  tax 11.25  total 56.25
        2024-05-11 c1 invoice 3
          pro            2024-05-11..2024-06-01  135.48
          basic  credit  2024-05-11..2024-06-01  -30.48  of 2/1
          discount 74.51  net 30.49  tax 7.62  total 38.11
        2024-06-01 c1 invoice 4
          pro  2024-06-01..2024-07-01  200.00
          discount 15.01  net 184.99  tax 46.25  total 231.24
        2024-07-01 c1 invoice 5
          pro  2024-07-01..2024-08-01  200.00
          discount 15.01  net 184.99  tax 46.25  total 231.24
        """,
    )


def test_a_discount_comes_off_the_gross_of_a_gross_price() -> None:
    story(
        """
        tax: {percent: 25, inclusive: yes}
        plans: {basic: 99}
        coupons: {TEN: {percent: 10}}

        2024-04-01 subscribe basic coupon=TEN
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  79.20
          discount 7.92  net 71.28  tax 17.82  total 89.10
        """,
    )
