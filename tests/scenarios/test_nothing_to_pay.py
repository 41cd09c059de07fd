"""Documents that come to nothing: issued and paid, or none at all; the parts are settled either way."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_document_of_nothing_is_issued_and_paid() -> None:
    story(
        """
        plans: {free: 0}

        2024-04-01 subscribe free
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          free  2024-04-01..2024-05-01  0.00
          total 0.00
        2024-05-01 c1 invoice 2
          free  2024-05-01..2024-06-01  0.00
          total 0.00
        """,
    )


def test_no_document_where_there_is_nothing_to_pay() -> None:
    """Free months leave no trace; the change to Basic is charged from its day on, and gives nothing back."""
    story(
        """
        policy: {zero_document: skip}
        plans: {free: 0, basic: 30}

        2024-04-01 subscribe free
        2024-05-01 bill_run
        2024-05-01 bill_run
        2024-05-17 change_plan basic
        2024-06-01 bill_run
        """,
        """
        2024-05-17 c1 invoice 1
          basic  2024-05-17..2024-06-01  14.52
          total 14.52
        2024-06-01 c1 invoice 2
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_a_discount_of_all_leaves_no_document_either() -> None:
    story(
        """
        policy: {zero_document: skip}
        plans: {basic: 30}
        coupons: {ALL: {percent: 100}}

        2024-04-01 subscribe basic coupon=ALL
        2024-04-11 cancel
        2024-04-11 subscribe basic
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_what_cancels_out_is_a_document_all_the_same() -> None:
    """Charge and credit are of one amount: without a document nobody would know that the first line was given back.

    What is given back then lowers the first invoice, which is not paid and whose credit the second one took in.
    """
    story(
        """
        policy: {zero_document: skip}
        plans: {one: 30, other: 30}

        2024-04-01 subscribe one
        2024-04-16 change_plan other
        2024-04-21 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          one  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          other          2024-04-16..2024-05-01   15.00
          one    credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 0.00
        2024-04-21 c1 credit note 1
          other  credit  2024-04-21..2024-05-01  -10.00  of 2/1
          total -10.00
        """,
    )


def test_a_line_of_nothing_stands_on_a_document_with_others() -> None:
    story(
        """
        policy: {zero_document: skip}
        plans: {free: 0}
        add_ons: {seat: 5}

        2024-04-01 subscribe free items=[seat]
        """,
        """
        2024-04-01 c1 invoice 1
          free  2024-04-01..2024-05-01  0.00
          seat  2024-04-01..2024-05-01  5.00
          total 5.00
        """,
    )


def test_a_pause_of_a_free_plan_moves_its_periods_as_that_of_any_other() -> None:
    story(
        """
        policy: {zero_document: skip}
        plans: {free: 0, basic: 30}

        2024-04-01 subscribe free
        2024-04-11 pause until=2024-04-21
        2024-05-01 change_plan basic when=2024-05-11
        2024-05-12 advance_to
        """,
        """
        2024-05-11 c1 invoice 1
          basic  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_a_period_that_was_credited_by_hand_is_ended_without_a_document() -> None:
    """Nothing of it is left to give back, so there is nothing to tell; of the bag a part is."""
    story(
        """
        plans: {basic: 30}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic
        2024-04-05 credit_note
        2024-04-11 cancel now
        2024-04-12 subscribe basic customer=bo items=[bag]
        2024-04-13 credit_note lines=[{line: 1}] customer=bo
        2024-04-14 cancel now customer=bo
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-05 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          total -30.00
        2024-04-12 bo invoice 2
          basic  2024-04-12..2024-05-12  30.00
          bag    2024-04-12..2024-05-12   5.00
          total 35.00
        2024-04-13 bo credit note 2
          basic  credit  2024-04-12..2024-05-12  -30.00  of 2/1
          total -30.00
        2024-04-14 bo credit note 3
          bag  credit  2024-04-14..2024-05-12  -4.67  of 2/2
          total -4.67
        """,
    )


def test_what_cost_nothing_gives_nothing_back() -> None:
    story(
        """
        plans: {basic: 30, big: 100}
        coupons: {ALL: {percent: 100}}

        2024-04-16 subscribe basic coupon=ALL
        2024-04-20 change_plan big
        2024-04-25 cancel now
        """,
        """
        2024-04-16 c1 invoice 1
          basic  2024-04-16..2024-05-16  30.00
          discount 30.00  net 0.00  total 0.00
        2024-04-20 c1 invoice 2
          big  2024-04-20..2024-05-16  86.67
          discount 86.67  net 0.00  total 0.00
        """,
    )
