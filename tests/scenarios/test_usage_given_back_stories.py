"""Usage that was charged and is given back: as much as was charged for it, and at once where it is charged again."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_threshold_does_not_charge_again_what_an_earlier_price_charged() -> None:
    """600 at 0.10; once 0.20 holds for the whole month, 950 come to 190.00, of which 60.00 are there already."""
    story(
        """
        policy: {usage_cut: at_invoice, progressive_threshold: 50}
        plans: {one: {meter: m, amount: 0.10}, two: {meter: m, amount: 0.20}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 600
        2024-04-05 bill_run
        2024-04-16 change_plan two
        2024-04-18 usage 350
        2024-04-18 bill_run
        2024-04-19 usage 10
        2024-04-19 advance_to 2024-06-05
        """,
        """
        2024-04-05 c1 invoice 1
          one  usage  2024-04-01..2024-04-05  x600  60.00
          total 60.00
        2024-04-18 c1 invoice 2
          two  usage   2024-04-01..2024-04-18  x950  190.00
          one  credit  2024-04-01..2024-04-05        -60.00  of 1/1
          total 130.00
        2024-05-01 c1 invoice 3
          two  usage  2024-04-01..2024-05-01  x960  2.00
          total 2.00
        """,
    )


def test_usage_given_back_carries_the_discount_it_was_charged_with() -> None:
    """600 of 1,000 are taken back once the coupon is used up: six tenths of the 50.00 that were really charged."""
    story(
        """
        plans: {api: {meter: m, amount: 0.10}}
        coupons: {half: {percent: 50, duration: once}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api coupon=half
        2024-04-10 usage 1000
        2024-05-01 bill_run
        2024-05-01 record_payment
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -600}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x1000  100.00
          discount 50.00  net 50.00  total 50.00
        2024-06-01 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
          balance 30.00
        """,
    )


def test_usage_given_back_carries_its_share_of_an_amount_off() -> None:
    """95.00 were charged for 1,000; 333 fall away, and with them 333 thousandths of that: 31.635."""
    story(
        """
        plans: {api: {meter: m, amount: 0.10}}
        coupons: {five: {amount: 5, duration: once}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api coupon=five
        2024-04-10 usage 1000
        2024-05-01 bill_run
        2024-05-01 record_payment
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -333}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x1000  100.00
          discount 5.00  net 95.00  total 95.00
        2024-06-01 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -31.64  of 1/1
          total -31.64
          balance 31.64
        """,
    )


def test_a_discount_that_came_later_takes_nothing_off_what_is_given_back() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 0.10}}
        coupons: {half: {percent: 50, duration: forever}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api
        2024-04-10 usage 1000
        2024-05-01 bill_run
        2024-05-01 record_payment
        2024-05-02 apply_coupon half subscription=c1
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -1000}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x1000  100.00
          total 100.00
        2024-06-01 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -100.00  of 1/1
          total -100.00
          balance 100.00
        """,
    )


def test_what_was_credited_by_hand_is_not_given_back_again() -> None:
    """40.00 of 100.00 were credited; half of the usage falls away, and with it half of what is left."""
    story(
        """
        tax: 25
        plans: {api: {meter: m, amount: 0.10}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api
        2024-04-10 usage 1000
        2024-05-01 bill_run
        2024-05-01 record_payment
        2024-05-02 credit_note document=1 amount=40
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -500}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x1000  100.00
          net 100.00  tax 25.00  total 125.00
        2024-05-02 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -40.00  of 1/1
          net -40.00  tax -10.00  total -50.00
          balance 50.00
        2024-06-01 c1 credit note 2
          api  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          net -30.00  tax -7.50  total -37.50
          balance 87.50
        """,
    )


def test_what_a_minimum_gives_back_carries_its_discount() -> None:
    """13.00 and 7.00 at half; 70 more at the full price take the place of the 7.00, of which 3.50 were charged."""
    story(
        """
        plans: {api: {meter: m, amount: 0.10, period_minimum: 20}}
        coupons: {half: {percent: 50, duration: once}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api coupon=half
        2024-04-10 usage 130
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: 70}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage    2024-04-01..2024-05-01  x130  13.00
          api  minimum  2024-04-01..2024-05-01         7.00
          discount 10.00  net 10.00  total 10.00
        2024-06-01 c1 invoice 2
          api  usage   2024-04-01..2024-05-01  x200   7.00
          api  credit  2024-04-01..2024-05-01        -3.50  of 1/2
          total 3.50
        """,
    )


def test_usage_given_back_first_lowers_the_invoice_that_is_not_paid() -> None:
    """75.00 come off the 125.00; the 50.00 that are left are paid with 60.00."""
    story(
        """
        tax: 25
        plans: {api: {meter: m, amount: 0.10}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api
        2024-04-10 usage 1000
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -600}]
        2024-06-01 bill_run
        2024-06-02 record_payment document=1 amount=60
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x1000  100.00
          net 100.00  tax 25.00  total 125.00
        2024-06-01 c1 credit note 1
          api  credit  2024-04-01..2024-05-01  -60.00  of 1/1
          net -60.00  tax -15.00  total -75.00
        2024-06-02 c1 balance 10.00
        """,
    )


def test_of_several_invoices_the_latest_that_is_open_is_lowered_first() -> None:
    """60.00 are paid, 50.00 and 10.00 are open: 80.00 take both off and leave 20.00 to the balance."""
    story(
        """
        policy: {progressive_threshold: 50}
        plans: {api: {meter: m, amount: 0.10}}
        meters: {m: {aggregation: sum, negative: yes}}

        2024-04-01 subscribe api
        2024-04-05 usage 600
        2024-04-05T01:00 bill_run
        2024-04-05T02:00 record_payment
        2024-04-10 usage 500
        2024-04-10T01:00 bill_run
        2024-04-20 usage 100
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-20, value: -800}]
        2024-06-01 bill_run
        """,
        """
        2024-04-05T01:00:00 c1 invoice 1
          api  usage  2024-04-01..2024-04-05T01:00:00  x600  60.00
          total 60.00
        2024-04-10T01:00:00 c1 invoice 2
          api  usage  2024-04-01..2024-04-10T01:00:00  x1100  50.00
          total 50.00
        2024-05-01 c1 invoice 3
          api  usage  2024-04-01..2024-05-01  x1200  10.00
          total 10.00
        2024-06-01 c1 credit note 1
          api  credit  2024-04-01..2024-05-01           -10.00  of 3/1
          api  credit  2024-04-01..2024-04-10T01:00:00  -50.00  of 2/1
          api  credit  2024-04-01..2024-04-05T01:00:00  -20.00  of 1/1
          total -80.00
          balance 20.00
        """,
    )
