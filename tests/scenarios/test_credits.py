"""What is given back: on which basis, what becomes of it, and when the difference is invoiced."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_downgrade_is_credited_to_the_balance() -> None:
    """BILLING, "Documents, receivables, balance": paid 125.00, 75.00 to the balance, which pays the next invoice."""
    story(
        """
        tax: 25
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-02 record_payment
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


def test_a_refund_of_what_was_paid() -> None:
    story(
        """
        policy: {credit_becomes: refund}
        tax: 25
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-02 record_payment
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
        2024-05-01 c1 invoice 2
          small  2024-05-01..2024-06-01  10.00
          net 10.00  tax 2.50  total 12.50
        """,
    )


def test_a_refund_of_the_paid_part_and_the_rest_to_the_balance() -> None:
    """Of 100.00, 40.00 came from granted credit, 60.00 were paid; 90.00 are given back: 60.00 go, 30.00 stay."""
    story(
        """
        plans: {big: 100}

        2024-04-01 grant_credit amount=40
        2024-04-01 subscribe big
        2024-04-01 record_payment
        2024-04-04 cancel policy={credit_becomes: refund}
        """,
        """
        2024-04-01 c1 balance 40.00
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00  from balance 40.00  due 60.00
          balance 0.00
        2024-04-04 c1 credit note 1
          big  credit  2024-04-04..2024-05-01  -90.00  of 1/1
          total -90.00
          balance 30.00
        """,
    )


def test_an_unpaid_rest_is_lowered_before_anything_is_refunded() -> None:
    """Half of 100.00 is paid; of 70.00 given back 50.00 close the invoice, 20.00 go back."""
    story(
        """
        policy: {credit_becomes: refund}
        plans: {big: 100}

        2024-04-01 subscribe big
        2024-04-02 record_payment amount=50
        2024-04-10 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-10 c1 credit note 1
          big  credit  2024-04-10..2024-05-01  -70.00  of 1/1
          total -70.00
        """,
    )


def test_a_credit_on_the_next_invoice() -> None:
    story(
        """
        policy: {credit_becomes: next_invoice}
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-11 change_plan small
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-11 c1 invoice 2
          small  2024-04-11..2024-05-01  6.67
          total 6.67
        2024-05-01 c1 credit note 1
          small          2024-05-01..2024-06-01   10.00
          big    credit  2024-04-11..2024-05-01  -66.67  of 1/1
          total -56.67
        """,
    )


def test_nothing_is_given_back() -> None:
    story(
        """
        policy: {credit_becomes: none}
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-11 change_plan small
        2024-04-21 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-11 c1 invoice 2
          small  2024-04-11..2024-05-01  6.67
          total 6.67
        """,
    )


def test_a_cancellation_keeps_what_a_change_would_give_back() -> None:
    story(
        """
        policy: {cancel_credit: none}
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-11 change_plan small
        2024-04-21 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-11 c1 credit note 1
          small          2024-04-11..2024-05-01    6.67
          big    credit  2024-04-11..2024-05-01  -66.67  of 1/1
          total -60.00
        """,
    )


def test_the_difference_of_an_upgrade_now() -> None:
    story(
        """
        plans: {small: 30, big: 60}

        2024-04-01 subscribe small
        2024-04-16 change_plan big
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          big            2024-04-16..2024-05-01   30.00
          small  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 15.00
        2024-05-01 c1 invoice 3
          big  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_the_difference_of_an_upgrade_on_the_next_invoice() -> None:
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {small: 30, big: 60}

        2024-04-01 subscribe small
        2024-04-16 change_plan big
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          big            2024-04-16..2024-05-01   30.00
          big            2024-05-01..2024-06-01   60.00
          small  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 75.00
        """,
    )


def test_the_difference_of_a_downgrade_on_the_next_invoice() -> None:
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {small: 30, big: 60}

        2024-04-01 subscribe big
        2024-04-16 change_plan small
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 2
          small          2024-04-16..2024-05-01   15.00
          small          2024-05-01..2024-06-01   30.00
          big    credit  2024-04-16..2024-05-01  -30.00  of 1/1
          total 15.00
        """,
    )


def test_a_discounted_line_gives_back_what_was_charged() -> None:
    """Half of 30.00 after 50 % off."""
    story(
        """
        plans: {basic: 60}
        coupons: {HALF: {percent: 50, duration: forever}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-16 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total -15.00
        """,
    )


def test_a_discounted_line_gives_back_of_its_list_price() -> None:
    """Half of 60.00 is the 30.00 that were charged: no more is given."""
    story(
        """
        policy: {credit_basis: list}
        plans: {basic: 60, other: 60}
        coupons: {HALF: {percent: 50, duration: once}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-21 change_plan other
        2024-04-26 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  60.00
          discount 30.00  net 30.00  total 30.00
        2024-04-21 c1 credit note 1
          other          2024-04-21..2024-05-01   20.00
          basic  credit  2024-04-21..2024-05-01  -20.00  of 1/1
          discount 10.00  net -10.00  total -10.00
        2024-04-26 c1 credit note 2
          other  credit  2024-04-26..2024-05-01  -10.00  of credit_note 1/1
          total -10.00
        """,
    )


def test_two_changes_in_one_period_give_back_each_its_own_line() -> None:
    story(
        """
        plans: {a: 30, b: 60, c: 90}

        2024-04-01 subscribe a
        2024-04-11 change_plan b
        2024-04-21 change_plan c
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          b          2024-04-11..2024-05-01   40.00
          a  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total 20.00
        2024-04-21 c1 invoice 3
          c          2024-04-21..2024-05-01   30.00
          b  credit  2024-04-21..2024-05-01  -20.00  of 2/1
          total 10.00
        """,
    )


def test_a_credit_by_hand_lowers_what_time_gives_back() -> None:
    """Of 90.00 a person gave back 30.00; a third of the time is left: a third of the 60.00 that are left."""
    story(
        """
        plans: {basic: 90}

        2024-04-01 subscribe basic
        2024-04-02 credit_note lines=[{line: 1, amount: 30}]
        2024-04-21 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  90.00
          total 90.00
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
        2024-04-21 c1 credit note 2
          basic  credit  2024-04-21..2024-05-01  -20.00  of 1/1
          total -20.00
        """,
    )


def test_all_given_back_by_hand_leaves_nothing_to_give() -> None:
    story(
        """
        policy: {credit_basis: list}
        plans: {basic: 90}

        2024-04-01 subscribe basic
        2024-04-02 credit_note lines=[{line: 1, amount: 80}]
        2024-04-11 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  90.00
          total 90.00
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -80.00  of 1/1
          total -80.00
        2024-04-11 c1 credit note 2
          basic  credit  2024-04-11..2024-05-01  -10.00  of 1/1
          total -10.00
        """,
    )


def test_who_withdraws_has_all_of_it_back() -> None:
    story(
        """
        tax: 25
        plans: {basic: 100}

        2024-04-01 subscribe basic
        2024-04-02 record_payment
        2024-04-08 withdraw
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-08 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -100.00  of 1/1
          net -100.00  tax -25.00  total -125.00
        """,
    )
