"""What becomes of a difference: its basis, where it goes, and when it is invoiced."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_credit_of_what_was_really_charged() -> None:
    """credit_basis: charged; half of 15.00."""
    story(
        """
        policy: {credit_basis: charged}
        plans: {basic: 30}
        coupons: {HALF: {percent: 50}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-16 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -7.50  of 1/1
          total -7.50
        """,
    )


def test_a_credit_of_the_list_price() -> None:
    """credit_basis: list; half of 30.00 though 15.00 was charged."""
    story(
        """
        policy: {credit_basis: list}
        plans: {basic: 30}
        coupons: {HALF: {percent: 50}}

        2024-04-01 subscribe basic coupon=HALF
        2024-04-16 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          discount 15.00  net 15.00  total 15.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total -15.00
        """,
    )


def test_what_was_adjusted_before_is_not_given_back_again() -> None:
    """credit_basis: charged counts earlier adjustments: half of what is left of 30.00 after 10.00."""
    story(
        """
        policy: {credit_basis: charged}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-02 adjust_line 20
        2024-04-16 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total -10.00
        2024-04-16 c1 credit note 2
          basic  credit  2024-04-16..2024-05-01  -10.00  of 1/1
          total -10.00
        """,
    )


def test_a_credit_goes_to_the_balance() -> None:
    """credit_becomes: balance, as Stripe's customer credit balance."""
    story(
        """
        policy: {credit_becomes: balance}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe pro
        2024-04-01 record_payment
        2024-04-16 change_plan basic
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-04-16 c1 credit note 1
          basic          2024-04-16..2024-05-01   15.00
          pro    credit  2024-04-16..2024-05-01  -30.00  of 1/1
          total -15.00
          balance 15.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00  from balance 15.00  due 15.00
          balance 0.00
        """,
    )


def test_a_credit_waits_for_the_next_invoice() -> None:
    """credit_becomes: next_invoice; its lines stand there."""
    story(
        """
        policy: {credit_becomes: next_invoice}
        plans: {basic: 30}
        add_ons: {bag: 10}

        2024-04-01 subscribe basic items=[bag]
        2024-04-01 record_payment
        2024-04-16 remove_item bag
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          bag    2024-04-01..2024-05-01  10.00
          total 40.00
        2024-05-01 c1 invoice 2
          basic          2024-05-01..2024-06-01  30.00
          bag    credit  2024-04-16..2024-05-01  -5.00  of 1/2
          total 25.00
        """,
    )


def test_a_credit_is_refunded() -> None:
    """credit_becomes: refund; what was paid goes back by the way it came and the balance stays 0.00."""
    story(
        """
        policy: {credit_becomes: refund}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-16 cancel now
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


def test_only_the_paid_part_is_refunded() -> None:
    """credit_becomes: refund; of 30.00 20.00 are paid: 10.00 of the credit lower what is open, 5.00 go back."""
    story(
        """
        policy: {credit_becomes: refund}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 record_payment amount=20
        2024-04-16 cancel now
        2024-04-17 record_payment
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total -15.00
        2024-04-17 refused: not_found
        """,
    )


def test_a_credit_is_not_given() -> None:
    """credit_becomes: none; the new plan is charged all the same."""
    story(
        """
        policy: {credit_becomes: none}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-16 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          pro  2024-04-16..2024-05-01  30.00
          total 30.00
        """,
    )


def test_a_difference_is_invoiced_now() -> None:
    """difference_invoiced: now, as Stripe's proration_behavior always_invoice."""
    story(
        """
        policy: {difference_invoiced: now}
        plans: {basic: 10, pro: 20}

        2024-04-01 subscribe basic
        2024-04-16 change_plan pro
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-16 c1 invoice 2
          pro            2024-04-16..2024-05-01  10.00
          basic  credit  2024-04-16..2024-05-01  -5.00  of 1/1
          total 5.00
        """,
    )


def test_a_difference_waits_for_the_next_invoice() -> None:
    """difference_invoiced: next_invoice, as Stripe's create_prorations: half a month up from 10 to 20 makes 25.

    Stripe, "Prorations" (docs.stripe.com/billing/subscriptions/prorations): a credit of 5 for unused time, a charge
    of 10 for the rest, and 20 for the new month, on one invoice.
    """
    story(
        """
        policy: {difference_invoiced: next_invoice}
        plans: {basic: 10, pro: 20}

        2024-04-01 subscribe basic
        2024-04-16 change_plan pro
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          pro            2024-04-16..2024-05-01  10.00
          pro            2024-05-01..2024-06-01  20.00
          basic  credit  2024-04-16..2024-05-01  -5.00  of 1/1
          total 25.00
        """,
    )


def test_one_act_may_differ_from_the_business() -> None:
    """An entry's own policy overrides the business's for that act."""
    story(
        """
        policy: {proration: none}
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-16 change_plan pro policy={proration: prorate}
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          pro            2024-04-16..2024-05-01   30.00
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 15.00
        """,
    )


def test_a_price_may_differ_from_the_business() -> None:
    story(
        """
        policy: {proration: prorate}
        plans: {basic: {amount: 30, policy: {first_part: full}}, pro: 60}

        2024-04-16 subscribe basic alignment=calendar
        2024-04-16 subscribe pro alignment=calendar customer=c2
        """,
        """
        2024-04-16 c1 invoice 1
          basic  2024-04-16..2024-05-01  30.00
          total 30.00
        2024-04-16 c2 invoice 2
          pro  2024-04-16..2024-05-01  30.00
          total 30.00
        """,
    )


def test_an_amount_is_shared_over_what_is_left_of_the_lines() -> None:
    """20.00 and 8.00; the cups went back, so 14.00 and the 6.00 that are left come off the bag alone."""
    story(
        """
        plans: {bag: 20}
        add_ons: {cups: 8}

        2024-04-01 subscribe bag items=[cups]
        2024-04-02 credit_note document=1 lines=[{line: 2}]
        2024-04-03 credit_note document=1 amount=14
        2024-04-04 credit_note document=1 amount=6.01
        2024-04-05 credit_note document=1 amount=6
        2024-04-06 credit_note document=1 amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          bag   2024-04-01..2024-05-01  20.00
          cups  2024-04-01..2024-05-01   8.00
          total 28.00
        2024-04-02 c1 credit note 1
          cups  credit  2024-04-01..2024-05-01  -8.00  of 1/2
          total -8.00
        2024-04-03 c1 credit note 2
          bag  credit  2024-04-01..2024-05-01  -14.00  of 1/1
          total -14.00
        2024-04-04 refused: more_than_left
        2024-04-05 c1 credit note 3
          bag  credit  2024-04-01..2024-05-01  -6.00  of 1/1
          total -6.00
        2024-04-06 refused: nothing_left
        """,
    )


def test_tax_given_back_for_time_counts_what_was_given_back_by_hand() -> None:
    """0.358 x 5.855 / 6.500 is 0.3225; 0.083 of that went back before."""
    story(
        """
        currency: KWD
        tax: 5.5
        plans: {basic: 6.5}

        2024-08-14 subscribe basic
        2024-08-14 credit_note document=last amount=1.50
        2024-08-18 cancel now
        """,
        """
        2024-08-14 c1 invoice 1
          basic  2024-08-14..2024-09-14  6.500
          net 6.500  tax 0.358  total 6.858
        2024-08-14 c1 credit note 1
          basic  credit  2024-08-14..2024-09-14  -1.500  of 1/1
          net -1.500  tax -0.083  total -1.583
        2024-08-18 c1 credit note 2
          basic  credit  2024-08-18..2024-09-14  -4.355  of 1/1
          net -4.355  tax -0.239  total -4.594
        """,
    )
