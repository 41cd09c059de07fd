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


def test_closed_arrears_stand_on_one_invoice() -> None:
    """arrears_close: on_request; the running month waits, the fee in advance does not."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {desk: 30}
        add_ons: {hours: {amount: 10, timing: arrears}}

        2024-04-01 subscribe desk items=[{add_on: hours, quantity: 4}]
        2024-06-10 advance_to
        2024-06-10 issue_drafts
        2024-06-11 issue_drafts
        2024-07-02 advance_to
        2024-07-03 issue_drafts
        """,
        """
        2024-04-01 c1 invoice 1
          desk  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          desk  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-06-01 c1 invoice 3
          desk  2024-06-01..2024-07-01  30.00
          total 30.00
        2024-06-10 c1 invoice 4
          hours  2024-04-01..2024-05-01  x4  40.00
          hours  2024-05-01..2024-06-01  x4  40.00
          total 80.00
        2024-07-01 c1 invoice 5
          desk  2024-07-01..2024-08-01  30.00
          total 30.00
        2024-07-03 c1 invoice 6
          hours  2024-06-01..2024-07-01  x4  40.00
          total 40.00
        """,
    )


def test_the_end_closes_what_nobody_asked_for() -> None:
    """arrears_close: on_request; six months and a half, more than a run would catch up unasked."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-09-20 cancel 2024-10-16
        2024-10-20 advance_to
        """,
        """
        2024-10-16 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          later  2024-05-01..2024-06-01  60.00
          later  2024-06-01..2024-07-01  60.00
          later  2024-07-01..2024-08-01  60.00
          later  2024-08-01..2024-09-01  60.00
          later  2024-09-01..2024-10-01  60.00
          later  2024-10-01..2024-10-16  29.03
          total 389.03
        """,
    )


def test_a_change_waits_with_the_rest_of_its_month() -> None:
    """arrears_close: on_request; half of April at 60, the other half at 90, a pause in May, an end dated back."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 60, timing: arrears}, more: {amount: 90, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-16 change_plan more
        2024-05-01 bill_run
        2024-05-11 pause 2024-05-21
        2024-06-05 advance_to
        2024-06-05 issue_drafts
        2024-07-20 cancel 2024-07-16
        """,
        """
        2024-06-05 c1 invoice 1
          later  2024-04-01..2024-04-16  30.00
          more   2024-04-16..2024-05-01  45.00
          more   2024-05-01..2024-05-11  29.03
          more   2024-05-21..2024-06-01  31.94
          total 135.97
        2024-07-20 c1 invoice 2
          more  2024-06-01..2024-07-01  90.00
          more  2024-07-01..2024-07-16  43.55
          total 133.55
        """,
    )


def test_a_pause_while_invoicing_is_held_loses_nothing_of_what_was_used() -> None:
    story(
        """
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-02 hold_invoicing
        2024-05-11 pause 2024-05-21
        2024-06-05 advance_to
        2024-06-05 release_invoicing
        """,
        """
        2024-06-05 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          total 60.00
        2024-06-05 c1 invoice 2
          later  2024-05-01..2024-05-11  19.35
          total 19.35
        2024-06-05 c1 invoice 3
          later  2024-05-21..2024-06-01  21.29
          total 21.29
        """,
    )


def test_what_is_metered_gathers_too_until_somebody_asks() -> None:
    """arrears_close: on_request; the months that ended on one invoice, and the end issues what is left."""
    story(
        """
        policy: {arrears_close: on_request}
        meters: {calls: {aggregation: sum}}
        plans: {calls: {amount: 2, meter: calls}}

        2024-04-01 subscribe calls
        2024-04-10 usage 7
        2024-05-10 usage 5
        2024-06-10 usage 11
        2024-06-20 issue_drafts
        2024-07-22 cancel now
        """,
        """
        2024-06-20 c1 invoice 1
          calls  usage  2024-04-01..2024-05-01  x7  14.00
          calls  usage  2024-05-01..2024-06-01  x5  10.00
          total 24.00
        2024-07-22 c1 invoice 2
          calls  usage  2024-06-01..2024-07-01  x11  22.00
          total 22.00
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


def test_a_trial_that_would_be_over_is_none() -> None:
    """trial_from: customer_first, base; nothing is left of ten days on the 15th day, five are left of twenty."""
    story(
        """
        policy: {trial_from: customer_first}
        plans: {gym: {amount: 30, product: gym}, pool: {amount: 10, product: pool}, court: {amount: 20, product: court}}

        2024-04-01 subscribe gym subscription=gym
        2024-04-16 subscribe pool subscription=pool trial_days=10
        2024-04-16 subscribe court subscription=court addon_of=gym trial_days=20 policy={trial_from: base}
        2024-04-21 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          gym  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 invoice 2
          pool  2024-04-16..2024-05-16  10.00
          total 10.00
        2024-04-21 c1 invoice 3
          court  2024-04-21..2024-05-01  6.67
          total 6.67
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
