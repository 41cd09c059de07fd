"""What a price says itself: its models' edges, and where its word stands between the others."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_all_of_it_at_the_tier_it_falls_in() -> None:
    """`tier_mode` top, by one price alone: 15 at the second tier's 4.00 and its flat 7.00."""
    story(
        """
        plans:
          own: {model: graduated, tiers: [{up_to: 10, unit: 5}, {unit: 4, flat: 7}]}
          top: {model: graduated, tiers: [{up_to: 10, unit: 5}, {unit: 4, flat: 7}], policy: {tier_mode: top}}

        2024-01-01 subscribe own quantity=15 customer=anna
        2024-01-01 subscribe top quantity=15 customer=bo
        """,
        """
        2024-01-01 anna invoice 1
          own  2024-01-01..2024-02-01  x15  77.00
          total 77.00
        2024-01-01 bo invoice 2
          top  2024-01-01..2024-02-01  x15  67.00
          total 67.00
        """,
    )


def test_a_flat_amount_for_nothing_at_all() -> None:
    story(
        """
        policy: {first_flat_at_zero: yes}
        plans: {line: {model: graduated, tiers: [{up_to: 10, unit: 5, flat: 9}, {unit: 4}]}}

        2024-01-01 subscribe line quantity=0
        """,
        """
        2024-01-01 c1 invoice 1
          line  2024-01-01..2024-02-01  x0  9.00
          total 9.00
        """,
    )


def test_only_full_packages_are_paid_for() -> None:
    story(
        """
        plans: {mail: {amount: 3, model: package, package_size: 100, free_units: 50, policy: {package: down}}}

        2024-01-01 subscribe mail quantity=349
        """,
        """
        2024-01-01 c1 invoice 1
          mail  2024-01-01..2024-02-01  x349  6.00
          total 6.00
        """,
    )


def test_a_price_stands_over_its_business_and_behind_a_subscription() -> None:
    """The business rounds started packages up, the price down; Bo's agreement says up again."""
    story(
        """
        plans: {mail: {amount: 3, model: package, package_size: 100, policy: {package: down}}}

        2024-01-01 subscribe mail quantity=250 customer=anna
        2024-01-01 subscribe mail quantity=250 customer=bo policy={package: up}
        2024-01-11 set_quantity quantity=360 customer=anna
        2024-01-11 set_quantity quantity=360 customer=bo
        2024-01-21 set_quantity quantity=370 customer=anna policy={package: up}
        """,
        """
        2024-01-01 anna invoice 1
          mail  2024-01-01..2024-02-01  x250  6.00
          total 6.00
        2024-01-01 bo invoice 2
          mail  2024-01-01..2024-02-01  x250  9.00
          total 9.00
        2024-01-11 anna invoice 3
          mail          2024-01-11..2024-02-01  x360   6.10
          mail  credit  2024-01-11..2024-02-01  x250  -4.06  of 1/1
          total 2.04
        2024-01-11 bo invoice 4
          mail          2024-01-11..2024-02-01  x360   8.13
          mail  credit  2024-01-11..2024-02-01  x250  -6.10  of 2/1
          total 2.03
        2024-01-21 anna invoice 5
          mail          2024-01-21..2024-02-01  x370   4.26
          mail  credit  2024-01-21..2024-02-01  x360  -3.20  of 3/1
          total 1.06
        """,
    )


def test_a_price_without_proration_lets_a_change_wait_for_the_next_period() -> None:
    story(
        """
        plans: {small: 30, big: {amount: 60, policy: {proration: none}}}

        2024-04-01 subscribe small
        2024-04-11 change_plan big
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          big  2024-05-01..2024-06-01  60.00
          total 60.00
        """,
    )


def test_the_old_price_decides_on_what_is_given_back_the_new_one_on_what_is_charged() -> None:
    """The old price keeps what was paid; the new one is charged for the rest of the period."""
    story(
        """
        plans: {small: {amount: 30, policy: {credit_becomes: none}}, big: 60}

        2024-04-01 subscribe small
        2024-04-11 change_plan big
        2024-04-21 change_plan small
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          big  2024-04-11..2024-05-01  40.00
          total 40.00
        2024-04-21 c1 credit note 1
          small          2024-04-21..2024-05-01   10.00
          big    credit  2024-04-21..2024-05-01  -20.00  of 2/1
          total -10.00
        """,
    )


def test_a_trial_of_the_price_counts_by_its_own_words() -> None:
    story(
        """
        plans: {basic: {amount: 31, trial_days: 10, policy: {trial_end_is_anchor: no}}}

        2024-01-01 subscribe basic
        2024-02-01 advance_to
        """,
        """
        2024-01-11 c1 invoice 1
          basic  2024-01-11..2024-02-01  21.00
          total 21.00
        2024-02-01 c1 invoice 2
          basic  2024-02-01..2024-03-01  31.00
          total 31.00
        """,
    )
