"""What a coupon is limited to, and discounts under tax."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_the_last_code_goes_to_one() -> None:
    story(
        """
        plans: {basic: 30}
        coupons: {ONE: {percent: 50, max_redemptions: 1}}

        2024-04-01 subscribe basic customer=a coupon=ONE
        2024-04-01 subscribe basic customer=b coupon=ONE
        2024-04-01 subscribe basic customer=b
        """,
        """
        2024-04-01 a invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-01 refused: coupon_exhausted
        2024-04-01 b invoice 2
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )


def test_a_code_before_its_first_and_after_its_last_day() -> None:
    story(
        """
        plans: {basic: 30}
        coupons: {APR: {percent: 50, from: 2024-04-01, to: 2024-05-01}}

        2024-03-31 subscribe basic customer=a coupon=APR
        2024-04-30 subscribe basic customer=b coupon=APR
        2024-05-01 subscribe basic customer=c coupon=APR
        """,
        """
        2024-03-31 refused: coupon_not_yet_valid
        2024-04-30 b invoice 1
          basic  2024-04-30..2024-05-30  30.00
          discount 15.00  net 15.00  total 15.00
        2024-05-01 refused: coupon_expired
        """,
    )


def test_a_code_for_new_customers() -> None:
    story(
        """
        plans: {basic: {amount: 30, product: a}, pool: {amount: 10, product: b}}
        coupons: {NEW: {percent: 50, first_time: yes}}

        2024-04-01 subscribe basic subscription=a
        2024-04-02 subscribe pool subscription=b coupon=NEW
        2024-04-02 subscribe pool customer=c2 coupon=NEW
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 refused: coupon_for_new_customers
        2024-04-02 c2 invoice 2
          pool  2024-04-02..2024-05-02  10.00
          discount 5.00  net 5.00  total 5.00
        """,
    )


def test_a_code_so_often_for_each_customer() -> None:
    story(
        """
        plans: {basic: {amount: 30, product: a}, pool: {amount: 10, product: b}}
        coupons: {HALF: {percent: 50, per_customer: 1}}

        2024-04-01 subscribe basic subscription=a coupon=HALF
        2024-04-01 subscribe pool subscription=b coupon=HALF
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-01 refused: coupon_used_by_customer
        """,
    )


def test_off_before_tax_where_prices_are_net() -> None:
    story(
        """
        tax: 25
        plans: {basic: 30}
        coupons: {OFF: {amount: 6}}

        2024-04-01 subscribe basic coupon=OFF
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 6.00  net 24.00  tax 6.00  total 30.00
        """,
    )


def test_off_the_gross_where_prices_hold_tax() -> None:
    """10.00 off 100.00 gross leaves 90.00: 72.00 and 18.00."""
    story(
        """
        tax: {percent: 25, inclusive: yes}
        plans: {basic: 100}
        coupons: {OFF: {amount: 10}}

        2024-04-01 subscribe basic coupon=OFF
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  80.00
          discount 8.00  net 72.00  tax 18.00  total 90.00
        """,
    )


def test_a_coupon_in_another_currency() -> None:
    story(
        """
        plans: {basic: 30}
        coupons: {KR: {amount: 10, currency: DKK}}

        2024-04-01 subscribe basic coupon=KR
        """,
        """
        2024-04-01 refused: currency_mismatch
        """,
    )


def test_a_customers_coupon_works_on_each_subscription() -> None:
    story(
        """
        plans: {basic: {amount: 30, product: a}, pool: {amount: 10, product: b}}
        coupons: {HALF: {percent: 50, duration: forever}}

        2024-04-01 create_customer customer=anna
        2024-04-01 apply_coupon HALF customer=anna
        2024-04-01 subscribe basic customer=anna subscription=a
        2024-04-01 subscribe pool customer=anna subscription=b
        """,
        """
        2024-04-01 anna invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-01 anna invoice 2
          pool  2024-04-01..2024-05-01  10.00
          discount 5.00  net 5.00  total 5.00
        """,
    )
