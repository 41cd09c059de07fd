"""The oracle against lines worked out by hand: cancel, pause, trials."""

import pytest

from tests.oracle.billing import billed
from tests.oracle.story import at, lines, rows, table

COPENHAGEN, NEW_YORK, KOLKATA = "Europe/Copenhagen", "America/New_York", "Asia/Kolkata"
PLANS = {"a": {"amount": "30.00"}, "basic": {"amount": "100.00"}, "small": {"amount": "10.00"}}


class TestCancel:
    @pytest.mark.parametrize(("paid", "balance"), [(False, "0.00 62.50"), (True, "62.50 0.00")])
    def test_half_way_through_125(self, paid, balance):
        """Unpaid: due falls to 62.50, balance 0.00; paid: 62.50 to the balance."""
        timeline = [at("2024-04-01", "subscribe", plan="basic")]
        timeline += [at("2024-04-02", "record_payment")] if paid else []
        timeline += [at("2024-04-16T10:00:00", "cancel"), at("2024-06-01", "bill_run")]
        assert table(timeline, PLANS, tax=25, timezone=COPENHAGEN).splitlines()[-2:] == [
            "  basic credit 2024-04-16 2024-05-01 -50.00 credits 2024-04-01/1",
            f"  = -50.00 -12.50 -62.50 {balance}",
        ]

    @pytest.mark.parametrize(
        ("policy", "credit"),
        [
            ({}, "2024-04-11 a credit 2024-04-11 2024-05-01 -20.00"),
            ({"cancel_day": "billed"}, "2024-04-11 a credit 2024-04-12 2024-05-01 -19.00"),
            ({"cancel_credit": "none"}, None),
            ({"proration": "none"}, None),
            ({"cancel_at": "period_end"}, None),
            ({"cancel_at": "period_start"}, "2024-04-11 a credit 2024-04-01 2024-05-01 -30.00"),
            ({"open_debt_at_cancel": "keep_collecting"}, None),
            ({"open_debt_at_cancel": "stop_reminders"}, None),
        ],
    )
    def test_cancel_on_11_april_by_policy(self, policy, credit):
        timeline = [at("2024-04-01", "subscribe", plan="a"), at("2024-04-11", "cancel", policy=policy)]
        timeline += [at("2024-06-01", "bill_run")]
        expected = ["2024-04-01 a recurring 2024-04-01 2024-05-01 30.00"] + ([credit] if credit else [])
        assert lines(timeline, PLANS, timezone=NEW_YORK).splitlines() == expected

    @pytest.mark.parametrize(("policy", "days"), [("free", "10.00 2024-04-11"), ("billed", "11.00 2024-04-12")])
    def test_arrears_up_to_the_end_are_invoiced_once(self, policy, days):
        amount, end = days.split()
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-11", "cancel", policy={"cancel_day": policy}),
            at("2024-06-01", "bill_run"),
        ]
        assert lines(timeline, {"a": {"amount": "30.00", "timing": "arrears"}}) == (
            f"{end} a recurring 2024-04-01 {end} {amount}"
        )

    @pytest.mark.parametrize(("last_part", "amount", "end"), [("prorate", "10.00", "11"), ("full", "31.00", None)])
    def test_a_known_last_part(self, last_part, amount, end):
        """On 20 April for 11 May: the last part is 10 of 31 days."""
        timeline = [
            at("2024-04-01", "subscribe", plan="m"),
            at("2024-04-20", "cancel", when="2024-05-11", policy={"known_last_part": last_part}),
            at("2024-07-01", "bill_run"),
        ]
        until = "2024-05-11" if end else "2024-06-01"
        assert lines(timeline, {"m": {"amount": "31.00"}}).splitlines()[1:] == [
            f"2024-05-01 m recurring 2024-05-01 {until} {amount}"
        ]

    def test_a_cancel_on_a_date_credits_when_it_comes(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-05", "cancel", when="2024-04-21"),
            at("2024-06-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == ["2024-04-21 a credit 2024-04-21 2024-05-01 -10.00"]

    def test_a_cancel_taken_back_changes_nothing(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-05", "cancel", when="period_end"),
            at("2024-04-06", "uncancel"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == ["2024-05-01 a recurring 2024-05-01 2024-06-01 30.00"]

    def test_a_term_of_two_periods_ends(self):
        timeline = [
            at("2024-01-31", "subscribe", plan="a", term={"periods": 2, "then": "end"}),
            at("2024-07-01", "bill_run"),
        ]
        assert lines(timeline, PLANS) == rows(
            """
            2024-01-31 a recurring 2024-01-31 2024-02-29 30.00
            2024-02-29 a recurring 2024-02-29 2024-03-31 30.00
            """
        )


class TestAfterwards:
    def test_a_withdrawal_gives_everything_back(self):
        """35.00 with 8.75 tax, all of it paid: refunded, not to the balance."""
        timeline = [
            at("2024-04-01", "subscribe", plan="s"),
            at("2024-04-02", "record_payment"),
            at("2024-04-11", "withdraw"),
            at("2024-06-01", "bill_run"),
        ]
        found = table(timeline, {"s": {"amount": "30.00", "setup_fee": "5.00"}}, tax=25, timezone=COPENHAGEN)
        assert found.splitlines()[4:] == [
            "2024-04-11",
            "  s credit 2024-04-01 - -5.00 credits 2024-04-01/1",
            "  s credit 2024-04-01 2024-05-01 -30.00 credits 2024-04-01/2",
            "  = -35.00 -8.75 -43.75 0.00 0.00",
        ]

    def test_a_reactivated_one_starts_anew(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-16", "cancel"),
            at("2024-05-20", "reactivate"),
            at("2024-06-20", "bill_run"),
        ]
        assert lines(timeline, PLANS, timezone=KOLKATA).splitlines()[2:] == [
            "2024-05-20 a recurring 2024-05-20 2024-06-20 30.00",
            "2024-06-20 a recurring 2024-06-20 2024-07-20 30.00",
        ]

    def test_a_cancel_in_a_pause_gives_back_the_rest_that_was_kept(self):
        """Paused on the 11th with twenty days left, cancelled on the 21st: they would have run to 11 May."""
        timeline = [at("2024-04-01", "subscribe", plan="a"), at("2024-04-11", "pause"), at("2024-04-21", "cancel")]
        assert lines(timeline, PLANS).splitlines()[1:] == ["2024-04-21 a credit 2024-04-11 2024-05-01 -20.00"]

    def test_a_parent_pays_for_its_children_on_one_document(self):
        timeline = [
            at("2024-04-01", "create_customer", customer="parent"),
            at("2024-04-01", "create_customer", customer="child", parent="parent"),
            at("2024-04-01", "subscribe", customer="child", subscription="s1", plan="a"),
            at("2024-04-01", "subscribe", customer="parent", subscription="s2", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        days = billed({"catalogue": {"plans": PLANS}, "timeline": timeline})
        assert [(day.day, day.customer, len(day.documents), day.net) for day in days] == [
            ("2024-04-01", "parent", 2, 4000),
            ("2024-05-01", "parent", 1, 4000),
        ]


class TestPause:
    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            (  # paid through 11 May, anchor 11
                {},
                """
                2024-05-11 a recurring 2024-05-11 2024-06-11 30.00
                2024-06-11 a recurring 2024-06-11 2024-07-11 30.00
                """,
            ),
            (  # paid through 11 May, then 21/31, then the 1st
                {"pause_anchor": "stays"},
                """
                2024-05-11 a recurring 2024-05-11 2024-06-01 20.32
                2024-06-01 a recurring 2024-06-01 2024-07-01 30.00
                """,
            ),
            (  # 10/30, given at resume
                {"pause_rest": "credited", "pause_anchor": "stays"},
                """
                2024-04-21 a credit 2024-04-11 2024-04-21 -10.00
                2024-05-01 a recurring 2024-05-01 2024-06-01 30.00
                2024-06-01 a recurring 2024-06-01 2024-07-01 30.00
                """,
            ),
            (
                {"pause_rest": "lost", "pause_anchor": "stays"},
                """
                2024-05-01 a recurring 2024-05-01 2024-06-01 30.00
                2024-06-01 a recurring 2024-06-01 2024-07-01 30.00
                """,
            ),
        ],
    )
    @pytest.mark.parametrize("known", [True, False])
    def test_30_00_paused_from_11_to_21_april(self, policy, expected, known):
        until = {"until": "2024-04-21"} if known else {}
        timeline = [at("2024-04-01", "subscribe", plan="a"), at("2024-04-11T09:00:00", "pause", policy=policy, **until)]
        timeline += [] if known else [at("2024-04-21T18:00:00", "resume")]
        timeline += [at("2024-06-30", "bill_run")]
        found = lines(timeline, PLANS, timezone=COPENHAGEN).splitlines()[1:]
        assert found == rows(expected).splitlines()

    def test_repeated_pauses_add_up(self):
        """Five days in April, then ten: 30 days paid last until 16 May."""
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-06", "pause", until="2024-04-11"),
            at("2024-04-21", "pause", until="2024-05-01"),
            at("2024-05-31", "bill_run"),
        ]
        assert lines(timeline, PLANS, timezone=KOLKATA).splitlines()[1:] == [
            "2024-05-16 a recurring 2024-05-16 2024-06-16 30.00"
        ]

    def test_nothing_is_due_in_an_open_pause_and_its_rest_follows_resume(self):
        """Twenty days were left on 11 April; they run from 11 June to 1 July."""
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-11", "pause"),
            at("2024-06-11", "resume"),
            at("2024-07-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == ["2024-07-01 a recurring 2024-07-01 2024-08-01 30.00"]

    def test_a_skipped_period(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-11", "skip"),
            at("2024-06-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == ["2024-06-01 a recurring 2024-06-01 2024-07-01 30.00"]

    def test_a_scheduled_change_inside_a_pause_applies_at_resume(self):
        """Twenty of thirty days are left on the 21st, when the change comes; they are paid through 11 May."""
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-05", "change_plan", plan="basic", when="2024-04-15"),
            at("2024-04-11", "pause", until="2024-04-21"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == [
            "2024-04-21 a credit 2024-04-21 2024-05-11 -20.00",
            "2024-04-21 basic recurring 2024-04-21 2024-05-11 66.67",
        ]


class TestTrials:
    TRIAL = {"t": {"amount": "30.00", "trial_days": 14, "setup_fee": "5.00"}}

    def test_its_end_is_the_anchor_and_only_the_set_up_fee_comes_before(self):
        timeline = [at("2024-04-01T15:00:00", "subscribe", plan="t"), at("2024-05-15", "bill_run")]
        assert lines(timeline, self.TRIAL, timezone=NEW_YORK) == rows(
            """
            2024-04-01 t setup 2024-04-01 - 5.00
            2024-04-15 t recurring 2024-04-15 2024-05-15 30.00
            2024-05-15 t recurring 2024-05-15 2024-06-15 30.00
            """
        )

    @pytest.mark.parametrize(
        ("args", "first"),
        [
            ({"alignment": "calendar"}, "2024-05-01 16.00"),  # 15 April to 1 May: 16/30
            ({"policy": {"trial_end_is_anchor": "no"}}, "2024-05-01 16.00"),  # the anchor stays on the 1st
            ({"trial_end": "2024-04-20"}, "2024-05-20 30.00"),
            ({"trial_days": 0}, "2024-05-01 30.00"),
        ],
    )
    def test_the_first_part_after_a_trial(self, args, first):
        timeline = [at("2024-04-01", "subscribe", plan="t", **args), at("2024-04-20", "bill_run")]
        found = lines(timeline, {"t": {"amount": "30.00", "trial_days": 14}})
        assert found.split(" ", 4)[-1] == first

    def test_cancel_in_a_trial_makes_no_document(self):
        timeline = [at("2024-04-01", "subscribe", plan="t"), at("2024-04-05", "cancel"), at("2024-06-01", "bill_run")]
        assert lines(timeline, {"t": {"amount": "30.00", "trial_days": 14}}) == ""

    def test_a_change_in_a_trial_keeps_its_end(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="t"),
            at("2024-04-05", "change_plan", plan="y"),
            at("2024-04-15", "bill_run"),
        ]
        plans = {"t": {"amount": "30.00", "trial_days": 14}, "y": {"amount": "300.00", "interval": "year"}}
        assert lines(timeline, plans) == "2024-04-15 y recurring 2024-04-15 2025-04-15 300.00"

    @pytest.mark.parametrize(
        ("act", "first"),
        [
            (at("2024-04-08T12:00:00", "end_trial"), "2024-04-08"),
            (at("2024-04-08", "set_trial_end", trial_end="2024-05-10"), "2024-05-10"),
            (at("2024-04-08", "set_trial_end", trial_end="2024-04-09"), "2024-04-15"),  # extending never shortens
        ],
    )
    def test_ended_early_and_extended(self, act, first):
        timeline = [at("2024-04-01", "subscribe", plan="t"), act, at("2024-05-10", "bill_run")]
        found = lines(timeline, {"t": {"amount": "30.00", "trial_days": 14}}, timezone=KOLKATA).splitlines()[0]
        assert found.startswith(f"{first} t recurring {first} ")

    @pytest.mark.parametrize(
        ("proration", "credit"), [("prorate", ["2024-04-11 a credit 2024-04-11 2024-05-01 -20.00"]), ("none", [])]
    )
    def test_a_trial_added_to_a_paid_period(self, proration, credit):
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-11", "set_trial_end", trial_end="2024-04-25", policy={"proration": proration}),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, PLANS).splitlines()[1:] == [
            *credit,
            "2024-04-25 a recurring 2024-04-25 2024-05-25 30.00",
        ]

    def test_one_trial_for_each_customer_and_product(self):
        timeline = [
            at("2024-04-01", "subscribe", customer="c1", subscription="s1", plan="t"),
            at("2024-04-02", "cancel", subscription="s1"),
            at("2024-04-03", "subscribe", customer="c1", subscription="s2", plan="t"),
        ]
        assert (
            lines(timeline, {"t": {"amount": "30.00", "trial_days": 14}})
            == "2024-04-03 t recurring 2024-04-03 2024-05-03 30.00"
        )
