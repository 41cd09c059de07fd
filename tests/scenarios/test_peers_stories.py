"""What other billing systems publish about themselves, in our words and with figures of our own."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_stripe_credits_the_unused_time_and_charges_the_rest() -> None:
    """Stripe, "Prorations" (docs.stripe.com/billing/subscriptions/prorations).

    Half-way through a month from 10 to 20: 5 back, 10 for the rest, invoiced at once. To the second: 15 of 30 days.
    """
    story(
        """
        policy: {proration_unit: second, difference_invoiced: now}
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


def test_stripe_leaves_a_credit_on_the_balance() -> None:
    """Stripe, "Customer credit balance": a downgrade gives no refund, the next invoices draw on it."""
    story(
        """
        policy: {proration_unit: second, credit_becomes: balance}
        plans: {basic: 10, pro: 20}

        2024-04-01 subscribe pro
        2024-04-01 record_payment
        2024-04-16 change_plan basic
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          pro  2024-04-01..2024-05-01  20.00
          total 20.00
        2024-04-16 c1 credit note 1
          basic          2024-04-16..2024-05-01    5.00
          pro    credit  2024-04-16..2024-05-01  -10.00  of 1/1
          total -5.00
          balance 5.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  10.00
          total 10.00  from balance 5.00  due 5.00
          balance 0.00
        """,
    )


def test_stripe_gives_an_anchor_ahead_a_prorated_first_part() -> None:
    """Stripe, "Set the billing cycle date": 16 April with an anchor of 1 May charges 15 of 30 days at once."""
    story(
        """
        policy: {proration_unit: second, first_part: prorate}
        plans: {basic: 30}

        2024-04-16 subscribe basic anchor=2024-05-01
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          basic  2024-04-16..2024-05-01  15.00
          total 15.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_stripe_counts_months_from_the_anchor() -> None:
    """Stripe, "Set the billing cycle date": an anchor of 31 January bills on 29 February, then on 31 March."""
    story(
        """
        timezone: UTC
        plans: {basic: 10}

        2024-01-31 subscribe basic
        2024-03-31 advance_to
        """,
        """
        2024-01-31 c1 invoice 1
          basic  2024-01-31..2024-02-29  10.00
          total 10.00
        2024-02-29 c1 invoice 2
          basic  2024-02-29..2024-03-31  10.00
          total 10.00
        2024-03-31 c1 invoice 3
          basic  2024-03-31..2024-04-30  10.00
          total 10.00
        """,
    )


def test_lago_credits_the_days_that_are_left_of_a_terminated_plan() -> None:
    """Lago, "Upgrades and downgrades".

    A plan paid in advance gives a credit note for the days that remain unused. The day of the end counts as used
    here: of thirty days fifteen are left after 15 April.
    """
    story(
        """
        policy: {cancel_day: billed}
        plans: {basic: 30}
        timezone: America/New_York

        2024-04-01 subscribe basic
        2024-04-01 record_payment
        2024-04-15T10:00 cancel now
        2024-04-16 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-16 c1 credit note 1
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total -15.00
          balance 15.00
        """,
    )


def test_lago_bills_a_part_of_the_first_calendar_month() -> None:
    """Calendar billing as Lago has it: a plan of 30 begun on 16 April costs 15 of 30 days."""
    story(
        """
        policy: {alignment: calendar}
        plans: {basic: 30}

        2024-04-16 subscribe basic
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          basic  2024-04-16..2024-05-01  15.00
          total 15.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_kill_bill_starts_with_a_leading_part_up_to_its_bill_cycle_day() -> None:
    """Kill Bill starts with a part up to the bill cycle day (mailing list, thread UoPKsGKRe70).

    5 to 20 April is 15 of the 31 days from 20 March.
    """
    story(
        """
        policy: {alignment: billing_day(20), factor: scale9}
        plans: {basic: 31}

        2024-04-05 subscribe basic
        2024-04-20 bill_run
        """,
        """
        2024-04-05 c1 invoice 1
          basic  2024-04-05..2024-04-20  15.00
          total 15.00
        2024-04-20 c1 invoice 2
          basic  2024-04-20..2024-05-20  31.00
          total 31.00
        """,
    )


def test_kill_bill_moves_its_bill_cycle_day_to_the_10th() -> None:
    """A bill cycle day that moves, as in Kill Bill: a part closes the gap, then come whole months."""
    story(
        """
        policy: {billing_day_move: charge_gap, billing_day_effective: next_boundary}
        plans: {basic: 30}
        timezone: Pacific/Auckland

        2024-04-01 subscribe basic
        2024-04-20 set_anchor_day 10
        2024-06-10 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-05-10  9.00
          total 9.00
        2024-05-10 c1 invoice 3
          basic  2024-05-10..2024-06-10  30.00
          total 30.00
        2024-06-10 c1 invoice 4
          basic  2024-06-10..2024-07-10  30.00
          total 30.00
        """,
    )


def test_kill_bill_repairs_the_past() -> None:
    """Kill Bill: a change dated back repairs what was billed, and a second run yields nothing."""
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-05-01 bill_run
        2024-05-02 change_plan pro when=2024-04-01
        2024-05-03 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        2024-05-02 c1 invoice 3
          pro            2024-04-01..2024-05-01   60.00
          pro            2024-05-01..2024-06-01   60.00
          basic  credit  2024-04-01..2024-05-01  -30.00  of 1/1
          basic  credit  2024-05-01..2024-06-01  -30.00  of 2/1
          total 60.00
        """,
    )


def test_kill_bill_does_not_lose_a_day_to_summer_time() -> None:
    """killbill/killbill #1934: equal use costs the same on both sides of a change of the clocks."""
    story(
        """
        timezone: America/New_York
        plans: {basic: 31}

        2024-03-01 subscribe basic customer=a
        2024-03-05 cancel 2024-03-10 customer=a
        2024-03-05 subscribe basic customer=b anchor=2024-03-01
        2024-03-11 cancel now customer=b
        2024-03-12 bill_run
        """,
        """
        2024-03-01 a invoice 1
          basic  2024-03-01..2024-04-01  31.00
          total 31.00
        2024-03-05 b invoice 2
          basic  2024-03-05..2024-04-01  27.00
          total 27.00
        2024-03-11 b credit note 1
          basic  credit  2024-03-11..2024-04-01  -21.00  of 2/1
          total -21.00
        2024-03-12 a credit note 2
          basic  credit  2024-03-10..2024-04-01  -22.00  of 1/1
          total -22.00
        """,
    )


def test_lago_bills_the_days_of_the_old_plan_when_one_in_arrears_is_upgraded() -> None:
    """Lago, "Upgrades and downgrades" (getlago.com/docs/guide/subscriptions/upgrades-downgrades).

    Paid in arrears, calendar months: 14 of January's 31 days of the old plan at the upgrade, 17 of the new one at
    the end of the month.
    """
    story(
        """
        policy: {alignment: calendar, change_timing: by_direction}
        timezone: Europe/Copenhagen
        plans: {a: {amount: 62, timing: arrears}, b: {amount: 124, timing: arrears}}

        2024-01-01 subscribe a
        2024-01-15 change_plan b
        2024-02-01 bill_run
        """,
        """
        2024-01-15 c1 invoice 1
          a  2024-01-01..2024-01-15  28.00
          total 28.00
        2024-02-01 c1 invoice 2
          b  2024-01-15..2024-02-01  68.00
          total 68.00
        """,
    )


def test_zuora_leaves_the_billed_period_and_closes_the_gap() -> None:
    """Zuora, "Updated BCD later than original BCD".

    The paid period stays, then 20 to 25, then months from the 25th. 5 of the 31 days from 25 December.
    """
    story(
        """
        policy: {alignment: billing_day(20)}
        plans: {basic: 31}

        2024-12-20 subscribe basic
        2025-01-05 set_anchor_day 25
        2025-01-25 advance_to
        """,
        """
        2024-12-20 c1 invoice 1
          basic  2024-12-20..2025-01-20  31.00
          total 31.00
        2025-01-20 c1 invoice 2
          basic  2025-01-20..2025-01-25  5.00
          total 5.00
        2025-01-25 c1 invoice 3
          basic  2025-01-25..2025-02-25  31.00
          total 31.00
        """,
    )
