"""Documents and money: what stands together, what is kept apart, credit notes, balance, payments."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_lines_that_come_to_nothing_are_issued() -> None:
    """zero_document: issue"""
    story(
        """
        policy: {zero_document: issue}
        plans: {free: 0}

        2024-04-01 subscribe free
        """,
        """
        2024-04-01 c1 invoice 1
          free  2024-04-01..2024-05-01  0.00
          total 0.00
        """,
    )


def test_a_document_over_nothing_is_left_out() -> None:
    """zero_document: skip"""
    story(
        """
        policy: {zero_document: skip}
        plans: {free: 0}

        2024-04-01 subscribe free
        2024-05-01 bill_run
        """,
        """

        """,
    )


def test_one_document_for_what_is_due_on_one_day() -> None:
    story(
        """
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 60, product: pool}}

        2024-04-01 subscribe gym subscription=gym
        2024-04-01 subscribe pool subscription=pool
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          gym  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 c1 invoice 2
          pool  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 3
          gym   2024-05-01..2024-06-01  30.00
          pool  2024-05-01..2024-06-01  60.00
          total 90.00
        """,
    )


def test_a_subscription_may_be_kept_apart() -> None:
    story(
        """
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 60, product: pool}}

        2024-04-01 subscribe gym subscription=gym
        2024-04-01 subscribe pool subscription=pool apart=yes
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          gym  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 c1 invoice 2
          pool  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 3
          gym  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-01 c1 invoice 4
          pool  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_purchase_orders_have_documents_of_their_own() -> None:
    story(
        """
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 60, product: pool}}

        2024-04-01 subscribe gym subscription=gym po_number=A1
        2024-04-01 subscribe pool subscription=pool po_number=B2
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          gym  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 c1 invoice 2
          pool  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-05-01 c1 invoice 3
          gym  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-01 c1 invoice 4
          pool  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_a_parent_pays_for_a_child() -> None:
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30}

        2024-04-01 create_customer customer=mother
        2024-04-01 create_customer customer=child parent=mother
        2024-04-01 subscribe basic customer=mother
        2024-04-01 subscribe basic customer=child
        2024-05-01 bill_run
        """,
        """
        2024-04-01 mother invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 mother invoice 2
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 mother invoice 3
          basic  2024-05-01..2024-06-01  30.00
          basic  2024-05-01..2024-06-01  30.00
          total 60.00
        """,
    )


def test_a_negative_total_is_a_credit_note() -> None:
    story(
        """
        tax: 25
        plans: {big: 100, small: 10}

        2024-04-01 subscribe big
        2024-04-16 change_plan small
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        2024-04-16 c1 credit note 1
          small          2024-04-16..2024-05-01    5.00
          big    credit  2024-04-16..2024-05-01  -50.00  of 1/1
          net -45.00  tax -11.25  total -56.25
        """,
    )


def test_the_balance_is_spent_after_tax() -> None:
    """It never lowers what is taxed."""
    story(
        """
        tax: 25
        plans: {basic: 100}

        2024-04-01 grant_credit 25 customer=c1
        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 balance 25.00
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00  from balance 25.00  due 100.00
          balance 0.00
        """,
    )


def test_credit_that_expires_is_gone_on_its_day() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-02 grant_credit 10 expires=2024-04-20
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 c1 balance 10.00
        2024-04-20 c1 balance 0.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_one_off_now_and_one_with_the_next_invoice() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-05 one_off 12.50 name=delivery
        2024-04-06 one_off 7.50 name=repair when=next_invoice
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-05 c1 invoice 2
          delivery  one_off  2024-04-05..2024-04-05  12.50
          total 12.50
        2024-05-01 c1 invoice 3
          basic            2024-05-01..2024-06-01  30.00
          repair  one_off  2024-04-06..2024-04-06   7.50
          total 37.50
        """,
    )


def test_a_void_is_a_credit_note_over_the_rest() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-03 credit_note amount=10
        2024-04-04 void 1
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-03 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total -10.00
        2024-04-04 c1 credit note 2
          basic  credit  2024-04-01..2024-05-01  -20.00  of 1/1
          total -20.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_paid_invoice_is_credited_to_the_balance_or_refunded() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-02 credit_note amount=10 becomes=balance
        2024-04-03 credit_note amount=5 becomes=refund
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total -10.00
          balance 10.00
        2024-04-03 c1 credit note 2
          basic  credit  2024-04-01..2024-05-01  -5.00  of 1/1
          total -5.00
        """,
    )


def test_each_kind_of_document_has_its_own_numbers() -> None:
    story(
        """
        timezone: America/New_York
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-02 void 1
        2024-05-01 bill_run
        2024-05-02 void 2
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-02 c1 credit note 2
          basic  credit  2024-05-01..2024-06-01  -30.00  of 2/1
          total -30.00
        """,
    )


def test_cash_is_rounded_to_the_step() -> None:
    """cash_step: 0.05; 10.13 becomes 10.15, by a line of its own."""
    story(
        """
        currency: CHF
        policy: {cash_step: 0.05}
        plans: {basic: 10.13}

        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic            2024-04-01..2024-05-01  10.13
                 rounding  2024-04-01..2024-04-01   0.02
          total 10.15
        """,
    )


def test_no_cash_step() -> None:
    """cash_step: none"""
    story(
        """
        currency: CHF
        policy: {cash_step: none}
        plans: {basic: 10.13}

        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.13
          total 10.13
        """,
    )
