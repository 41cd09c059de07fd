"""An invoice that took in a credit of another unpaid one, and is given back itself: what it took in belongs there.

A payment of 1.00 at the end tells what is left open: where nothing is, it is balance.
"""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_an_upgrade_withdrawn_before_anything_was_paid() -> None:
    """125.00 given back: 112.50 were open on the upgrade, 12.50 on the invoice before it."""
    story(
        """
        tax: 25
        plans: {small: 10, big: 100}

        2024-04-01 subscribe small
        2024-04-01 change_plan big
        2024-04-02 withdraw
        2024-04-03 record_payment amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          net 10.00  tax 2.50  total 12.50
        2024-04-01 c1 invoice 2
          big            2024-04-01..2024-05-01  100.00
          small  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          net 90.00  tax 22.50  total 112.50
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -100.00  of 2/1
          net -100.00  tax -25.00  total -125.00
        2024-04-03 c1 balance 1.00
        """,
    )


def test_the_upgrade_was_paid_and_the_first_invoice_was_not() -> None:
    """Of 100.00, 10.00 belong to the first invoice, 90.00 to the one who paid them."""
    story(
        """
        plans: {small: 10, big: 100}

        2024-04-01 subscribe small
        2024-04-01 change_plan big
        2024-04-01 record_payment
        2024-04-01 credit_note document=2
        2024-04-03 record_payment amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-01 c1 invoice 2
          big            2024-04-01..2024-05-01  100.00
          small  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total 90.00
        2024-04-01 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -100.00  of 2/1
          total -100.00
          balance 90.00
        2024-04-03 c1 balance 91.00
        """,
    )


def test_given_back_in_two_halves() -> None:
    """Of the second 50.00, 40.00 are open on the upgrade; the 10.00 it took in are no more than that."""
    story(
        """
        plans: {small: 10, big: 100}

        2024-04-01 subscribe small
        2024-04-01 change_plan big
        2024-04-02 credit_note document=2 amount=50
        2024-04-02 credit_note document=2 amount=50
        2024-04-03 record_payment amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-01 c1 invoice 2
          big            2024-04-01..2024-05-01  100.00
          small  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total 90.00
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -50.00  of 2/1
          total -50.00
        2024-04-02 c1 credit note 2
          big  credit  2024-04-01..2024-05-01  -50.00  of 2/1
          total -50.00
        2024-04-03 c1 balance 1.00
        """,
    )


def test_no_more_goes_there_than_was_taken_in() -> None:
    """The first invoice also holds a set-up fee, which is owed all the same: 25.00 stay open, as the payment tells."""
    story(
        """
        plans: {small: {amount: 10, setup_fee: 25}, big: 100}

        2024-04-01 subscribe small
        2024-04-01 change_plan big
        2024-04-01 record_payment
        2024-04-02 credit_note document=2 amount=60
        2024-04-02 credit_note document=2 amount=40
        2024-04-03 record_payment
        2024-04-04 record_payment amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          small  setup  2024-04-01..2024-04-01  25.00
          small         2024-04-01..2024-05-01  10.00
          total 35.00
        2024-04-01 c1 invoice 2
          big            2024-04-01..2024-05-01  100.00
          small  credit  2024-04-01..2024-05-01  -10.00  of 1/2
          total 90.00
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -60.00  of 2/1
          total -60.00
          balance 50.00
        2024-04-02 c1 credit note 2
          big  credit  2024-04-01..2024-05-01  -40.00  of 2/1
          total -40.00
          balance 90.00
        2024-04-04 c1 balance 91.00
        """,
    )


def test_an_unpaid_upgrade_is_voided_or_ended() -> None:
    """Its 10.00 are not owed either, and nothing is balance."""
    story(
        """
        plans: {small: 10, big: 100}

        2024-04-01 subscribe small
        2024-04-01 change_plan big
        2024-04-02 void document=2
        2024-04-03 record_payment amount=1
        2024-04-04 subscribe small customer=bo
        2024-04-04 change_plan big customer=bo
        2024-04-04 cancel customer=bo now
        2024-04-05 record_payment customer=bo amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-01 c1 invoice 2
          big            2024-04-01..2024-05-01  100.00
          small  credit  2024-04-01..2024-05-01  -10.00  of 1/1
          total 90.00
        2024-04-02 c1 credit note 1
          big  credit  2024-04-01..2024-05-01  -100.00  of 2/1
          total -100.00
        2024-04-03 c1 balance 1.00
        2024-04-04 bo invoice 3
          small  2024-04-04..2024-05-04  10.00
          total 10.00
        2024-04-04 bo invoice 4
          big            2024-04-04..2024-05-04  100.00
          small  credit  2024-04-04..2024-05-04  -10.00  of 3/1
          total 90.00
        2024-04-04 bo credit note 2
          big  credit  2024-04-04..2024-05-04  -100.00  of 4/1
          total -100.00
        2024-04-05 bo balance 1.00
        """,
    )


def test_a_credit_note_that_took_in_more_than_it_gave() -> None:
    """Down and away: the downgrade's note gave 60.00 of 66.67; the 6.67 that it kept for the small plan go there, too."""
    story(
        """
        plans: {small: 10, big: 100}

        2024-04-01 subscribe big
        2024-04-11 change_plan small
        2024-04-11 cancel now
        2024-04-12 record_payment
        2024-04-13 record_payment amount=1
        """,
        """
        2024-04-01 c1 invoice 1
          big  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-11 c1 credit note 1
          small          2024-04-11..2024-05-01    6.67
          big    credit  2024-04-11..2024-05-01  -66.67  of 1/1
          total -60.00
        2024-04-11 c1 credit note 2
          small  credit  2024-04-11..2024-05-01  -6.67  of credit_note 1/1
          total -6.67
        2024-04-13 c1 balance 1.00
        """,
    )
