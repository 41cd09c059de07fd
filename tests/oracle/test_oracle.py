"""The oracle against lines worked out by hand from the rules: periods and changes."""

import pytest

from tests.oracle.billing import billed
from tests.oracle.story import at, block, lines, rows, table

COPENHAGEN, NEW_YORK, AUCKLAND = "Europe/Copenhagen", "America/New_York", "Pacific/Auckland"
BASIC = {"basic": {"amount": "100.00"}, "small": {"amount": "10.00"}, "big": {"amount": "200.00"}}


class TestPeriods:
    @pytest.mark.parametrize(
        ("policy", "first"),
        [
            ({}, "19.93"),  # natural: 31 Jan to 28 Feb, 18/28
            ({"denominator": "natural_clamped"}, "18.00"),  # 28 Jan to 28 Feb, 18/31
            ({"denominator": "nominal"}, "18.60"),  # 18/30
            ({"proration_unit": "month30"}, "20.67"),  # (18 - (28 - 30))/30
            ({"first_part": "full"}, "31.00"),
        ],
    )
    def test_anchor_31_started_on_10_february(self, policy, first):
        timeline = [at("2019-02-10", "subscribe", plan="a", anchor="2019-01-31"), at("2019-04-30", "bill_run")]
        assert lines(timeline, {"a": {"amount": "31.00"}}, policy=policy, timezone=COPENHAGEN) == rows(
            f"""
            2019-02-10 a recurring 2019-02-10 2019-02-28 {first}
            2019-02-28 a recurring 2019-02-28 2019-03-31 31.00
            2019-03-31 a recurring 2019-03-31 2019-04-30 31.00
            2019-04-30 a recurring 2019-04-30 2019-05-31 31.00
            """
        )

    def test_a_free_first_part_bills_from_the_boundary(self):
        timeline = [at("2019-02-10", "subscribe", plan="a", anchor="2019-01-31"), at("2019-03-30", "bill_run")]
        assert lines(timeline, {"a": {"amount": "31.00"}}, policy={"first_part": "free"}) == (
            "2019-02-28 a recurring 2019-02-28 2019-03-31 31.00"
        )

    def test_29_february_returns_in_leap_years(self):
        timeline = [at("2024-02-29", "subscribe", plan="a"), at("2028-03-01", "bill_run")]
        assert lines(timeline, {"a": {"amount": "12.00", "interval": "year"}}, timezone=NEW_YORK) == rows(
            """
            2024-02-29 a recurring 2024-02-29 2025-02-28 12.00
            2025-02-28 a recurring 2025-02-28 2026-02-28 12.00
            2026-02-28 a recurring 2026-02-28 2027-02-28 12.00
            2027-02-28 a recurring 2027-02-28 2028-02-29 12.00
            2028-02-29 a recurring 2028-02-29 2029-02-28 12.00
            """
        )

    @pytest.mark.parametrize(
        ("alignment", "plan", "expected"),
        [
            ("calendar", {"amount": "30.00"}, "2024-05-01 21.00"),  # 10 Apr to 1 May: 21/30
            ("calendar", {"amount": "91.00", "interval": "3 months"}, "2024-07-01 82.00"),  # 82/91
            ("calendar", {"amount": "366.00", "interval": "year"}, "2025-01-01 266.00"),  # 266/366
            ("calendar", {"amount": "7.00", "interval": "week"}, "2024-04-15 5.00"),  # Wednesday: 5/7
            ("billing_day(15)", {"amount": "31.00"}, "2024-04-15 5.00"),  # 15 Mar to 15 Apr: 5/31
            ("customer_day", {"amount": "31.00"}, "2024-04-20 10.00"),  # the customer's 20th: 10/31
            ("anniversary", {"amount": "14.00", "interval": "14 days"}, "2024-04-24 14.00"),
        ],
    )
    def test_the_first_part_by_alignment_from_wednesday_10_april(self, alignment, plan, expected):
        timeline = [
            at("2024-04-10", "create_customer", customer="c1", billing_day=20),
            at("2024-04-10", "subscribe", plan="a", alignment=alignment),
        ]
        assert lines(timeline, {"a": plan}, timezone=AUCKLAND) == f"2024-04-10 a recurring 2024-04-10 {expected}"

    def test_the_customers_own_day_decides_in_its_zone(self):
        """13:00 UTC on the 10th is one in the morning of the 11th in Auckland."""
        timeline = [
            at("2024-04-10", "create_customer", customer="c1", timezone=AUCKLAND),
            at("2024-04-10T13:00:00+00:00", "subscribe", plan="basic"),
            at("2024-05-11T00:00:00", "bill_run"),
        ]
        assert lines(timeline, BASIC, timezone="UTC") == rows(
            """
            2024-04-11 basic recurring 2024-04-11 2024-05-11 100.00
            2024-05-11 basic recurring 2024-05-11 2024-06-11 100.00
            """
        )

    def test_a_midnight_that_does_not_exist_is_the_first_instant_after(self):
        """Cairo put its clocks from 00:00 to 01:00 on 26 April 2024: due then, and the local date is still the 26th."""
        timeline = [at("2024-03-26", "subscribe", plan="basic"), at("2024-04-26T01:00:00", "bill_run")]
        assert lines(timeline, BASIC, timezone="Africa/Cairo") == rows(
            """
            2024-03-26 basic recurring 2024-03-26 2024-04-26 100.00
            2024-04-26 basic recurring 2024-04-26 2024-05-26 100.00
            """
        )

    def test_arrears_come_at_the_period_end(self):
        timeline = [at("2024-04-01", "subscribe", plan="a"), at("2024-05-01", "bill_run")]
        assert lines(timeline, {"a": {"amount": "30.00", "timing": "arrears"}}) == (
            "2024-05-01 a recurring 2024-04-01 2024-05-01 30.00"
        )

    @pytest.mark.parametrize(("how", "documents"), [("one_invoice", 1), ("per_period", 3)])
    def test_a_back_dated_start_bills_every_missed_period_today(self, how, documents):
        timeline = [
            at("2024-04-10", "subscribe", plan="basic", start_date="2024-02-10", policy={"backdated_start": how})
        ]
        (day,) = billed({"catalogue": {"plans": BASIC}, "timeline": timeline})
        starts = [line["start"] for line in day.as_json()["lines"]]
        assert (day.day, starts, len(day.documents)) == (
            "2024-04-10",
            ["2024-02-10", "2024-03-10", "2024-04-10"],
            documents,
        )

    def test_a_future_start_bills_when_it_comes(self):
        timeline = [at("2024-04-10", "subscribe", plan="basic", start_date="2024-04-20"), at("2024-05-01", "bill_run")]
        assert lines(timeline, BASIC) == "2024-04-20 basic recurring 2024-04-20 2024-05-20 100.00"

    @pytest.mark.parametrize(
        ("how", "gap"), [("charge_gap", "2024-05-01 a recurring 2024-05-01 2024-05-15 14.00\n"), ("free_gap", "")]
    )
    def test_a_billing_day_moves_at_the_next_boundary(self, how, gap):
        """1 to 15 May of the period from 15 April: 14/30."""
        timeline = [
            at("2024-04-01", "subscribe", plan="a"),
            at("2024-04-10", "set_anchor_day", day=15, policy={"billing_day_move": how}),
            at("2024-06-15", "bill_run"),
        ]
        assert lines(timeline, {"a": {"amount": "30.00"}}) == (
            f"2024-04-01 a recurring 2024-04-01 2024-05-01 30.00\n{gap}"
            "2024-05-15 a recurring 2024-05-15 2024-06-15 30.00\n"
            "2024-06-15 a recurring 2024-06-15 2024-07-15 30.00"
        )


class TestChanges:
    def test_the_downgrade_of_11_april(self):
        """100.00 net at 25 % paid; credit 66.67, charge 6.67, credit note 75.00; May paid from it, 62.50 left."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-01", "record_payment"),
            at("2024-04-11T15:30:00", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert table(timeline, BASIC, tax=25, timezone=COPENHAGEN) == block(
            """
            2024-04-01
              basic recurring 2024-04-01 2024-05-01 100.00
              = 100.00 25.00 125.00 0.00 125.00
            2024-04-11
              basic credit 2024-04-11 2024-05-01 -66.67 credits 2024-04-01/1
              small recurring 2024-04-11 2024-05-01 6.67
              = -60.00 -15.00 -75.00 75.00 0.00
            2024-05-01
              small recurring 2024-05-01 2024-06-01 10.00
              = 10.00 2.50 12.50 62.50 0.00
            """
        )

    def test_the_same_downgrade_unpaid_lowers_what_is_open(self):
        timeline = [at("2024-04-01", "subscribe", plan="basic"), at("2024-04-11", "change_plan", plan="small")]
        assert (
            table(timeline, BASIC, tax=25, timezone=NEW_YORK).splitlines()[-1] == "  = -60.00 -15.00 -75.00 0.00 50.00"
        )

    def test_a_second_change_credits_what_its_line_really_charged(self):
        """6.67 for 20 days, 10 of them given back: 3.335 is 3.34."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11", "change_plan", plan="small"),
            at("2024-04-21", "change_plan", plan="big"),
        ]
        assert lines(timeline, BASIC, timezone=AUCKLAND).splitlines()[3:] == [
            "2024-04-21 small credit 2024-04-21 2024-05-01 -3.34",
            "2024-04-21 big recurring 2024-04-21 2024-05-01 66.67",
        ]

    def test_up_and_back_on_one_day_costs_nothing(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11T09:00:00", "change_plan", plan="big"),
            at("2024-04-11T17:00:00", "change_plan", plan="basic"),
        ]
        assert table(timeline, BASIC) == block(
            """
            2024-04-01
              basic recurring 2024-04-01 2024-05-01 100.00
              = 100.00 0.00 100.00 0.00 100.00
            2024-04-11
              basic credit 2024-04-11 2024-05-01 -66.67 credits 2024-04-01/1
              big recurring 2024-04-11 2024-05-01 133.33
              big credit 2024-04-11 2024-05-01 -133.33 credits 2024-04-11/2
              basic recurring 2024-04-11 2024-05-01 66.67
              = 0.00 0.00 0.00 0.00 100.00
            """
        )

    def test_on_the_first_day_the_line_is_credited_in_full(self):
        timeline = [
            at("2024-04-01T08:00:00", "subscribe", plan="basic"),
            at("2024-04-01T20:00:00", "change_plan", plan="big"),
        ]
        assert lines(timeline, BASIC, timezone=NEW_YORK) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 100.00
            2024-04-01 basic credit 2024-04-01 2024-05-01 -100.00
            2024-04-01 big recurring 2024-04-01 2024-05-01 200.00
            """
        )

    def test_not_yet_invoiced_only_the_last_version_has_lines(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", policy={"difference_invoiced": "next_invoice"}),
            at("2024-04-11T09:00:00", "change_plan", plan="big"),
            at("2024-04-11T17:00:00", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 100.00
            2024-05-01 basic credit 2024-04-11 2024-05-01 -66.67
            2024-05-01 small recurring 2024-04-11 2024-05-01 6.67
            2024-05-01 small recurring 2024-05-01 2024-06-01 10.00
            """
        )

    def test_a_back_dated_quantity_moves_nothing_before_its_date(self):
        """VAT rises 24 to 25 on 1 July; on 10 July a quantity is back-dated to 20 June: credits at each line's own rate."""
        timeline = [
            at("2024-05-01", "subscribe", plan="a", quantity=1),
            at("2024-07-10", "advance_to"),
            at("2024-07-10", "set_quantity", quantity=2, when="2024-06-20"),
        ]
        rates = [
            {"country": "FI", "percent": 24, "from": "2013-01-01", "to": "2024-06-30"},
            {"country": "FI", "percent": 25, "from": "2024-07-01"},
        ]
        assert table(
            timeline, {"a": {"amount": "10.00"}}, country="FI", tax=rates, timezone="Europe/Helsinki"
        ) == block(
            """
            2024-05-01
              a recurring 2024-05-01 2024-06-01 10.00
              = 10.00 2.40 12.40 0.00 12.40
            2024-06-01
              a recurring 2024-06-01 2024-07-01 10.00
              = 10.00 2.40 12.40 0.00 24.80
            2024-07-01
              a recurring 2024-07-01 2024-08-01 10.00
              = 10.00 2.50 12.50 0.00 37.30
            2024-07-10
              a credit 2024-06-20 2024-07-01 -3.67 credits 2024-06-01/1
              a credit 2024-07-01 2024-08-01 -10.00 credits 2024-07-01/1
              a recurring 2024-06-20 2024-07-01 7.33
              a recurring 2024-07-01 2024-08-01 20.00
              = 13.66 3.45 17.11 0.00 54.41
            """
        )

    def test_a_change_at_period_end_waits_and_survives_a_change_of_quantity(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", quantity=1),
            at("2024-04-05", "change_plan", plan="small", when="period_end"),
            at("2024-04-16", "set_quantity", quantity=3),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 100.00
            2024-04-16 basic credit 2024-04-16 2024-05-01 -50.00
            2024-04-16 basic recurring 2024-04-16 2024-05-01 150.00
            2024-05-01 small recurring 2024-05-01 2024-06-01 30.00
            """
        )

    def test_a_scheduled_change_taken_back_never_happens(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-05", "change_plan", plan="small", when="2024-04-20"),
            at("2024-04-06", "unchange"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC).splitlines()[1:] == ["2024-05-01 basic recurring 2024-05-01 2024-06-01 100.00"]

    def test_by_direction_is_up_now_and_down_at_period_end(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-16", "change_plan", plan="big"),
            at("2024-04-21", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC, policy={"change_timing": "by_direction"}) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 100.00
            2024-04-16 basic credit 2024-04-16 2024-05-01 -50.00
            2024-04-16 big recurring 2024-04-16 2024-05-01 100.00
            2024-05-01 small recurring 2024-05-01 2024-06-01 10.00
            """
        )

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ({}, ["basic credit 2024-04-11 2024-05-01 -66.67", "y recurring 2024-04-11 2025-04-11 365.00"]),
            ({"interval_change": "restart_without_credit"}, ["y recurring 2024-04-11 2025-04-11 365.00"]),
            (
                {"interval_change": "keep_anchor"},  # 1 April 2024 to 1 April 2025, 355 of 365 days
                ["basic credit 2024-04-11 2024-05-01 -66.67", "y recurring 2024-04-11 2025-04-01 355.00"],
            ),
            ({"proration": "none"}, ["y recurring 2024-04-11 2025-04-11 365.00"]),
        ],
    )
    def test_another_interval(self, policy, expected):
        plans = BASIC | {"y": {"amount": "365.00", "interval": "year"}}
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11", "change_plan", plan="y", policy=policy),
        ]
        assert lines(timeline, plans).splitlines()[1:] == [f"2024-04-11 {row}" for row in expected]

    def test_seconds_prorate_to_the_instant(self):
        """Noon of the 16th is half-way through 30 days from noon of the 1st."""
        timeline = [
            at("2024-04-01T12:00:00", "subscribe", plan="basic"),
            at("2024-04-16T12:00:00", "change_plan", plan="big"),
        ]
        assert lines(timeline, BASIC, policy={"proration_unit": "second"}).splitlines()[1:] == [
            "2024-04-16 basic credit 2024-04-16T12:00:00 2024-05-01T12:00:00 -50.00",
            "2024-04-16 big recurring 2024-04-16T12:00:00 2024-05-01T12:00:00 100.00",
        ]

    def test_without_proration_the_new_price_begins_with_the_period(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC, policy={"proration": "none"}).splitlines()[1:] == [
            "2024-05-01 small recurring 2024-05-01 2024-06-01 10.00"
        ]

    def test_an_add_on_joins_the_subscriptions_boundaries_and_leaves(self):
        catalogue = {"add_ons": {"seat": {"amount": "3.00"}}}
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11", "add_item", add_on="seat", quantity=2),
            at("2024-04-21", "remove_item", item="seat"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, BASIC, catalogue=catalogue) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 100.00
            2024-04-11 seat recurring 2024-04-11 2024-05-01 4.00
            2024-04-21 seat credit 2024-04-21 2024-05-01 -2.00
            2024-05-01 basic recurring 2024-05-01 2024-06-01 100.00
            """
        )

    def test_in_arrears_a_part_is_billed_when_it_ends(self):
        plans = {name: {**plan, "timing": "arrears"} for name, plan in BASIC.items()}
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-11", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, plans) == rows(
            """
            2024-04-11 basic recurring 2024-04-01 2024-04-11 33.33
            2024-05-01 small recurring 2024-04-11 2024-05-01 6.67
            """
        )
