"""Steps agreed in advance, plans with several currencies, and prices for one customer."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_price_that_rises_step_by_step() -> None:
    """By so many periods; then the list price, since the step names the plan alone; by a date another plan."""
    story(
        """
        plans: {basic: 20, pro: 30}

        2024-01-31 subscribe basic amount=10 ramp=[{after_periods: 1, amount: 15}, {after_periods: 2, plan: basic}]
        2024-02-01 ramp [{at: 2024-04-30, plan: pro}]
        2024-04-30 advance_to
        """,
        """
        2024-01-31 c1 invoice 1
          basic  2024-01-31..2024-02-29  10.00
          total 10.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-31  15.00
          total 15.00
        2024-03-31 c1 invoice 3
          basic  2024-03-31..2024-04-30  20.00
          total 20.00
        2024-04-30 c1 invoice 4
          pro  2024-04-30..2024-05-31  30.00
          total 30.00
        """,
    )


def test_seats_that_grow_and_a_step_inside_a_month() -> None:
    """Ten seats, twenty from the second quarter's first day, and from 16 May at 4.00 each."""
    story(
        """
        plans: {seat: {amount: 5, model: per_unit}}

        2024-03-01 subscribe seat quantity=10 ramp=[{at: 2024-04-01, quantity: 20}, {at: 2024-05-16, amount: 4}]
        2024-06-01 advance_to
        """,
        """
        2024-03-01 c1 invoice 1
          seat  2024-03-01..2024-04-01  x10  50.00
          total 50.00
        2024-04-01 c1 invoice 2
          seat  2024-04-01..2024-05-01  x20  100.00
          total 100.00
        2024-05-01 c1 invoice 3
          seat  2024-05-01..2024-06-01  x20  100.00
          total 100.00
        2024-05-16 c1 credit note 1
          seat          2024-05-16..2024-06-01  x20   41.29
          seat  credit  2024-05-16..2024-06-01  x20  -51.61  of 3/1
          total -10.32
        2024-06-01 c1 invoice 4
          seat  2024-06-01..2024-07-01  x20  80.00
          total 80.00
        """,
    )


def test_a_ramp_of_a_running_subscription_and_a_step_taken_back() -> None:
    """after_periods counts from the running month; the last step is taken back."""
    story(
        """
        plans: {basic: 20}

        2024-04-01 subscribe basic
        2024-04-16 ramp [{after_periods: 1, amount: 22}, {after_periods: 2, amount: 24}]
        2024-05-01 unchange ramp
        2024-06-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  20.00
          total 20.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  22.00
          total 22.00
        2024-06-01 c1 invoice 3
          basic  2024-06-01..2024-07-01  22.00
          total 22.00
        """,
    )


def test_a_ramp_behind_a_trial_and_one_of_a_start_dated_back() -> None:
    """Steps count from the first charge. What had passed by the start is billed by its own step."""
    story(
        """
        plans: {basic: 20}

        2024-04-01 subscribe basic customer=bo trial_days=14 ramp=[{after_periods: 1, amount: 25}]
        2024-05-16 subscribe basic customer=eva start_date=2024-04-01 ramp=[{after_periods: 1, amount: 25}]
        2024-05-16 bill_run
        """,
        """
        2024-05-16 eva invoice 1
          basic  2024-04-01..2024-05-01  20.00
          basic  2024-05-01..2024-06-01  25.00
          total 45.00
        2024-05-16 bo invoice 2
          basic  2024-04-15..2024-05-15  20.00
          total 20.00
        2024-05-16 bo invoice 3
          basic  2024-05-15..2024-06-15  25.00
          total 25.00
        """,
    )


def test_a_ramp_that_means_nothing_is_refused_whole() -> None:
    story(
        """
        plans: {basic: 20, tea: {amount: 8, product: tea}, kr: {amount: 99, currency: DKK}}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic ramp=[{after_periods: 2, amount: 25}, {after_periods: 1, amount: 30}]
        2024-04-01 subscribe basic ramp=[{after_periods: 1}]
        2024-04-01 subscribe basic ramp=[{amount: 25}]
        2024-04-01 subscribe basic ramp=[{after_periods: 1, at: 2024-05-01, amount: 25}]
        2024-04-01 subscribe basic ramp=[{after_periods: 0, amount: 25}]
        2024-04-01 subscribe basic ramp=[{at: 2024-03-01, amount: 25}]
        2024-04-01 subscribe basic ramp=[{after_periods: 1, amount: 25}, {after_periods: 2, plan: tea}]
        2024-04-01 subscribe basic ramp=[{after_periods: 1, plan: bag}]
        2024-04-01 subscribe basic ramp=[{after_periods: 1, plan: kr}]
        2024-04-01 subscribe basic
        2024-04-01 ramp []
        2024-05-01 bill_run
        """,
        """
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: other_product
        2024-04-01 refused: not_a_plan
        2024-04-01 refused: currency_mismatch
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  20.00
          total 20.00
        2024-04-01 refused: invalid_value
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  20.00
          total 20.00
        """,
    )


def test_one_plan_in_three_currencies() -> None:
    """Each customer in the currency of the price that was chosen; a change stays in it."""
    story(
        """
        tax: 25
        plans:
          pro: {prices: [{amount: 10}, {amount: 75, currency: DKK}, {amount: 1600, currency: JPY}]}
          max: {prices: [{amount: 20}, {amount: 150, currency: DKK}]}

        2024-04-01 subscribe pro customer=anna
        2024-04-01 subscribe pro customer=bo currency=DKK
        2024-04-01 subscribe pro customer=yuki currency=JPY
        2024-04-16 change_plan max customer=bo
        2024-04-16 change_plan max customer=yuki
        """,
        """
        2024-04-01 anna invoice 1
          pro  2024-04-01..2024-05-01  10.00
          net 10.00  tax 2.50  total 12.50
        2024-04-01 bo invoice 2, DKK
          pro  2024-04-01..2024-05-01  75.00
          net 75.00  tax 18.75  total 93.75
        2024-04-01 yuki invoice 3, JPY
          pro  2024-04-01..2024-05-01  1600
          net 1600  tax 400  total 2000
        2024-04-16 bo invoice 4, DKK
          max          2024-04-16..2024-05-01   75.00
          pro  credit  2024-04-16..2024-05-01  -37.50  of 2/1
          net 37.50  tax 9.37  total 46.87
        2024-04-16 refused: currency_mismatch
        """,
    )


def test_a_price_for_one_customer() -> None:
    """Agreed with Bo alone, for the plan and for an add-on; who comes after him pays the list."""
    story(
        """
        plans: {basic: 20, pro: 40}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic customer=bo amount=17.50 items=[{add_on: bag, amount: 4}]
        2024-04-01 subscribe basic customer=eva items=[bag]
        2024-05-01 change_plan pro customer=bo amount=33
        2024-05-01 change_plan pro customer=eva
        """,
        """
        2024-04-01 bo invoice 1
          basic  2024-04-01..2024-05-01  17.50
          bag    2024-04-01..2024-05-01   4.00
          total 21.50
        2024-04-01 eva invoice 2
          basic  2024-04-01..2024-05-01  20.00
          bag    2024-04-01..2024-05-01   5.00
          total 25.00
        2024-05-01 bo invoice 3
          basic  2024-05-01..2024-06-01  17.50
          bag    2024-05-01..2024-06-01   4.00
          total 21.50
        2024-05-01 bo invoice 4
          pro            2024-05-01..2024-06-01   33.00
          basic  credit  2024-05-01..2024-06-01  -17.50  of 3/1
          total 15.50
        2024-05-01 eva invoice 5
          basic  2024-05-01..2024-06-01  20.00
          bag    2024-05-01..2024-06-01   5.00
          total 25.00
        2024-05-01 eva invoice 6
          pro            2024-05-01..2024-06-01   40.00
          basic  credit  2024-05-01..2024-06-01  -20.00  of 5/1
          total 20.00
        """,
    )


def test_a_ramp_agreed_in_a_trial_counts_from_the_first_charge() -> None:
    story(
        """
        plans: {bag: 20}

        2024-10-25 subscribe bag trial_days=36
        2024-10-25 ramp steps=[{after_periods: 2, amount: 30}]
        2024-10-25 advance_to 2025-02-01
        """,
        """
        2024-11-30 c1 invoice 1
          bag  2024-11-30..2024-12-30  20.00
          total 20.00
        2024-12-30 c1 invoice 2
          bag  2024-12-30..2025-01-30  20.00
          total 20.00
        2025-01-30 c1 invoice 3
          bag  2025-01-30..2025-02-28  30.00
          total 30.00
        """,
    )
