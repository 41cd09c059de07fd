"""What falls due is a draft for some hours, or until somebody asks: it can still change, and is issued once."""

import pytest

from tests.scenarios.told import played, story, told_as_data

pytestmark = pytest.mark.usefixtures("database")


def test_a_renewal_is_issued_when_its_hours_are_over() -> None:
    """draft_hours: the first invoice comes at once, since somebody asked for it; May is issued on 2 May."""
    story(
        """
        policy: {draft_hours: 24}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-01T23:59
        2024-05-01T23:59 bill_run
        2024-05-01T23:59 advance_to 2024-05-02
        2024-05-02 advance_to 2024-06-01
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-02 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_a_change_on_the_day_of_the_draft_changes_the_draft() -> None:
    """The 1st of May is of the new plan; no credit note is needed."""
    story(
        """
        policy: {draft_hours: 12}
        plans: {basic: 30, plus: 50}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-01T06:00
        2024-05-01T08:00 change_plan plus
        2024-05-01T08:00 advance_to 2024-05-03
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01T12:00:00 c1 invoice 2
          plus  2024-05-01..2024-06-01  50.00
          total 50.00
        """,
    )


def test_a_change_for_the_next_period_and_the_add_on_beside_it_stand_on_one_draft() -> None:
    story(
        """
        policy: {draft_hours: 12}
        plans: {basic: 30, plus: 50}
        add_ons: {seat: 10}

        2024-04-01 subscribe plan=basic items=[seat]
        2024-04-20 change_plan plan=plus when=period_end
        2024-04-20 advance_to 2024-05-03
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          seat   2024-04-01..2024-05-01  10.00
          total 40.00
        2024-05-01T12:00:00 c1 invoice 2
          plus  2024-05-01..2024-06-01  50.00
          seat  2024-05-01..2024-06-01  10.00
          total 60.00
        """,
    )


def test_who_cancels_while_it_is_a_draft_gets_no_invoice() -> None:
    story(
        """
        policy: {draft_hours: 24}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-01T10:00
        2024-05-01T11:00 cancel now
        2024-05-01T11:00 advance_to 2024-06-10
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )


def test_who_cancels_a_day_later_is_invoiced_for_the_day_at_once() -> None:
    """48 hours; cancelled on the 2nd: one day of 31, 30.00 x 1/31 = 0.97."""
    story(
        """
        policy: {draft_hours: 48}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-02T10:00
        2024-05-02T11:00 cancel now
        2024-05-02T11:00 advance_to 2024-06-10
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-02T11:00:00 c1 invoice 2
          basic  2024-05-01..2024-05-02  0.97
          total 0.97
        """,
    )


def test_arrears_that_wait_are_not_lost_with_a_cancel() -> None:
    """April is a draft when it is cancelled on 1 May: issued with the end, and nothing of May."""
    story(
        """
        policy: {draft_hours: 24}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-01 advance_to 2024-05-01T10:00
        2024-05-01T11:00 cancel now
        2024-05-01T11:00 advance_to 2024-06-10
        """,
        """
        2024-05-01T11:00:00 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          total 60.00
        """,
    )


def test_a_cancel_at_the_periods_end_leaves_no_draft_behind() -> None:
    story(
        """
        policy: {draft_hours: 24}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-20 cancel period_end
        2024-04-20 advance_to 2024-06-10
        """,
        """
        2024-05-01 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          total 60.00
        """,
    )


def test_a_charge_by_hand_and_a_coupon_come_in_time() -> None:
    """On 1 May a mug for the next invoice and ten percent off: both are on May's, still a draft."""
    story(
        """
        policy: {draft_hours: 24}
        plans: {basic: 30}
        coupons: {ten: {percent: 10, duration: 1}}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-01T10:00
        2024-05-01T11:00 one_off amount=8 name=mug when=next_invoice
        2024-05-01T12:00 apply_coupon coupon=ten subscription=c1
        2024-05-01T12:00 advance_to 2024-06-03
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-02 c1 invoice 2
          basic           2024-05-01..2024-06-01                    30.00
          mug    one_off  2024-05-01T11:00:00..2024-05-01T11:00:00   8.00
          discount 3.00  net 35.00  total 35.00
        2024-06-02 c1 invoice 3
          basic  2024-06-01..2024-07-01  30.00
          total 30.00
        """,
    )


def test_usage_that_arrives_late_is_on_the_draft() -> None:
    """late_window_days 0, so that nothing is charged later: the event of 30 April comes on 1 May."""
    story(
        """
        policy: {draft_hours: 24, late_window_days: 0}
        meters: {calls: {aggregation: sum}}
        plans: {basic: {amount: 1, model: per_unit, meter: calls}}

        2024-04-01 subscribe basic
        2024-04-10 usage value=5
        2024-04-10 advance_to 2024-05-01T10:00
        2024-05-01T10:00 usage events=[{value: 2, at: 2024-04-30}]
        2024-05-01T10:00 advance_to 2024-05-10
        """,
        """
        2024-05-02 c1 invoice 1
          basic  usage  2024-04-01..2024-05-01  x7  7.00
          total 7.00
        """,
    )


def test_a_difference_that_waits_for_the_next_invoice_waits_with_its_draft() -> None:
    """Half of April up to 50.00: 15.00 back and 25.00, with May, on 1 May at noon."""
    story(
        """
        policy: {draft_hours: 12, difference_invoiced: next_invoice}
        plans: {basic: 30, plus: 50}

        2024-04-01 subscribe basic
        2024-04-16 change_plan plus
        2024-04-16 advance_to 2024-05-03
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01T12:00:00 c1 invoice 2
          plus           2024-04-16..2024-05-01   25.00
          plus           2024-05-01..2024-06-01   50.00
          basic  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 60.00
        """,
    )


def test_a_draft_is_issued_earlier_when_somebody_asks() -> None:
    story(
        """
        policy: {draft_hours: 72}
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-02
        2024-05-02 issue_drafts
        2024-05-02 advance_to 2024-05-20
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-02 c1 invoice 2
          basic  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_arrears_gather_until_somebody_asks() -> None:
    """arrears_close: on_request; five months on one invoice, and the next one waits again."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-04-01 advance_to 2024-09-05
        2024-09-05 issue_drafts
        2024-09-05 advance_to 2024-11-01
        """,
        """
        2024-09-05 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          later  2024-05-01..2024-06-01  60.00
          later  2024-06-01..2024-07-01  60.00
          later  2024-07-01..2024-08-01  60.00
          later  2024-08-01..2024-09-01  60.00
          total 300.00
        """,
    )


def test_what_gathered_is_invoiced_with_the_end() -> None:
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 60, timing: arrears}}

        2024-04-01 subscribe later
        2024-09-20 cancel 2024-10-01
        2024-09-20 advance_to 2024-10-10
        """,
        """
        2024-10-01 c1 invoice 1
          later  2024-04-01..2024-05-01  60.00
          later  2024-05-01..2024-06-01  60.00
          later  2024-06-01..2024-07-01  60.00
          later  2024-07-01..2024-08-01  60.00
          later  2024-08-01..2024-09-01  60.00
          later  2024-09-01..2024-10-01  60.00
          total 360.00
        """,
    )


def test_a_trial_that_is_given_while_it_is_a_draft_leaves_the_day_before_it() -> None:
    """One day of May's 31 before the trial: 31.00 x 1/31 = 1.00."""
    story(
        """
        policy: {draft_hours: 72}
        plans: {basic: 31}

        2024-04-01 subscribe basic
        2024-04-01 advance_to 2024-05-02
        2024-05-02 set_trial_end 2024-05-20
        2024-05-02 advance_to 2024-05-19
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  31.00
          total 31.00
        2024-05-04 c1 invoice 2
          basic  2024-05-01..2024-05-02  1.00
          total 1.00
        """,
    )


def test_what_gathered_before_a_trial_is_not_lost_when_the_trial_moves() -> None:
    """14 of 28 days of 56.00 = 28.00, then a trial that is moved on, then whole months."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {later: {amount: 56, timing: arrears}}

        2025-02-01 subscribe later
        2025-02-15 set_trial_end 2025-02-20
        2025-02-16 set_trial_end 2025-03-01
        2025-02-16 advance_to 2025-04-02
        2025-04-02 issue_drafts
        """,
        """
        2025-04-02 c1 invoice 1
          later  2025-02-01..2025-02-15  28.00
          later  2025-03-01..2025-04-01  56.00
          total 84.00
        """,
    )


@pytest.mark.parametrize(
    ("policy", "issued"), [("draft_hours: 24", "2024-05-02T00:00:00+00:00"), ("arrears_close: on_request", None)]
)
def test_a_draft_is_told_without_a_number(policy: str, issued: str | None) -> None:
    found = told_as_data(
        f"""
        policy: {{{policy}}}
        plans: {{later: {{amount: 60, timing: arrears}}}}
        2024-04-01 subscribe later
        2024-04-01 advance_to 2024-05-01T10:00
        """
    )
    assert found["moments"] == [] and found["verify_ok"]
    ((draft),) = found["drafts"]
    assert (draft["customer"], draft["issued_at"]) == ("c1", issued)
    assert [(one["total"], "number" in one) for one in draft["documents"]] == [("60.00", False)]


@pytest.mark.parametrize("runs", ["2024-05-01 bill_run\n    2024-05-02 bill_run\n    2024-05-03 bill_run", ""])
def test_a_draft_is_paid_from_what_is_left_when_it_is_issued(runs: str) -> None:
    """The gift ends on 2 May, the invoice of 1 May is issued on the 3rd: however often is looked, the gift is gone."""
    found = played(
        f"""
    policy: {{draft_hours: 48}}
    plans: {{small: 10}}

    2024-04-01 subscribe small
    2024-04-03 advance_to
    2024-04-04 grant_credit amount=7 expires=2024-05-02
    {runs}
    2024-05-04 bill_run
    """
    )
    assert "  small  2024-05-01..2024-06-01  10.00\n  total 10.00" in found and "from balance" not in found
