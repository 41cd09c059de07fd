"""Where a document is rounded, and what waits for a person."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_each_line_is_rounded() -> None:
    """rounding_level: line; three thirds of 0.05 at half a month are 0.03 each."""
    story(
        """
        policy: {rounding_level: line, alignment: calendar}
        plans: {a: 0.05}
        add_ons: {b: 0.05, c: 0.05}

        2024-04-16 subscribe a items=[b, c]
        """,
        """
        2024-04-16 c1 invoice 1
          a  2024-04-16..2024-05-01  0.03
          b  2024-04-16..2024-05-01  0.03
          c  2024-04-16..2024-05-01  0.03
          total 0.09
        """,
    )


def test_the_invoice_is_rounded() -> None:
    """rounding_level: invoice; three times 0.025 are 0.075, so 0.08, and the parts add up."""
    story(
        """
        policy: {rounding_level: invoice, alignment: calendar}
        plans: {a: 0.05}
        add_ons: {b: 0.05, c: 0.05}

        2024-04-16 subscribe a items=[b, c]
        """,
        """
        2024-04-16 c1 invoice 1
          a  2024-04-16..2024-05-01  0.03
          b  2024-04-16..2024-05-01  0.03
          c  2024-04-16..2024-05-01  0.02
          total 0.08
        """,
    )


def test_arrears_are_closed_on_request() -> None:
    """arrears_close: on_request; a period that ended waits until somebody closes it."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-05-01 bill_run
        """,
        """

        """,
    )


def test_a_trial_counts_from_the_activation() -> None:
    """trial_from: activation"""
    story(
        """
        policy: {trial_from: activation}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-04-11 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


@pytest.mark.xfail(strict=True, reason="trial_from is not looked at")
def test_a_trial_counts_from_the_base_plans_start() -> None:
    """trial_from: base; the add-on of 6 April shares what is left of ten days from 1 April."""
    story(
        """
        policy: {trial_from: base}
        plans: {gym: {amount: 30, product: gym, trial_days: 10}, locker: {amount: 10, product: locker, trial_days: 10}}

        2024-04-01 subscribe gym subscription=gym
        2024-04-06 subscribe locker subscription=locker addon_of=gym
        2024-04-16 advance_to
        """,
        """
        2024-04-11 c1 invoice 1
          gym     2024-04-11..2024-05-11  30.00
          locker  2024-04-11..2024-05-11  10.00
          total 40.00
        """,
    )


@pytest.mark.xfail(strict=True, reason="trial_from is not looked at")
def test_a_trial_counts_from_the_customers_first_subscription() -> None:
    """trial_from: customer_first; ten days from 1 April, whatever begins on the 6th."""
    story(
        """
        policy: {trial_from: customer_first}
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 10, product: pool, trial_days: 10}}

        2024-04-01 subscribe gym subscription=gym
        2024-04-06 subscribe pool subscription=pool
        2024-04-16 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          gym  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          pool  2024-04-11..2024-05-11  10.00
          total 10.00
        """,
    )


def test_no_method_at_the_trials_end_and_an_invoice() -> None:
    """trial_without_method: invoice"""
    story(
        """
        policy: {trial_without_method: invoice}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-04-11 bill_run
        """,
        """
        2024-04-11 c1 invoice 1
          basic  2024-04-11..2024-05-11  30.00
          total 30.00
        """,
    )


def test_no_method_at_the_trials_end_and_an_end() -> None:
    """trial_without_method: cancel"""
    story(
        """
        policy: {trial_without_method: cancel}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-06-01 advance_to
        """,
        """

        """,
    )


def test_no_method_at_the_trials_end_and_a_pause() -> None:
    """trial_without_method: pause"""
    story(
        """
        policy: {trial_without_method: pause}
        plans: {basic: 30}

        2024-04-01 subscribe basic trial_days=10
        2024-04-30 advance_to
        2024-05-10 resume
        """,
        """
        2024-05-10 c1 invoice 1
          basic  2024-05-10..2024-06-10  30.00
          total 30.00
        """,
    )
