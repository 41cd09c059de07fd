"""The oracle against figures worked out by hand: discounts, price models, usage, one-offs, and the program itself."""

import json
from fractions import Fraction

import pytest

from tests.oracle.__main__ import main
from tests.oracle.acts import read
from tests.oracle.prices import share, worth
from tests.oracle.story import at, block, lines, rows, table

PLANS = {"basic": {"amount": "100.00"}, "small": {"amount": "10.00"}}


class TestDiscounts:
    @staticmethod
    def coupons(**coupons):
        return {"coupons": coupons, "add_ons": {"seat": {"amount": "10.00"}}}

    def test_a_proration_inherits_and_a_credit_carries_its_share(self):
        """90.00 of 100.00; 20/30 of it back is 60.00; 6.67 less 0.67; May is no longer covered."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", coupon="TEN"),
            at("2024-04-11", "change_plan", plan="small"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, PLANS, catalogue=self.coupons(TEN={"percent": 10})) == rows(
            """
            2024-04-01 basic recurring 2024-04-01 2024-05-01 90.00
            2024-04-11 basic credit 2024-04-11 2024-05-01 -60.00
            2024-04-11 small recurring 2024-04-11 2024-05-01 6.00
            2024-05-01 small recurring 2024-05-01 2024-06-01 10.00
            """
        )

    def test_prorations_may_be_kept_at_list(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="small", coupon="TEN"),
            at("2024-04-11", "change_plan", plan="basic"),
        ]
        found = lines(
            timeline, PLANS, catalogue=self.coupons(TEN={"percent": 10}), policy={"coupon_on_prorations": "none"}
        )
        assert found.splitlines()[1:] == [
            "2024-04-11 small credit 2024-04-11 2024-05-01 -6.00",
            "2024-04-11 basic recurring 2024-04-11 2024-05-01 66.67",
        ]

    @pytest.mark.parametrize(("duration", "months"), [("once", 1), (2, 2), ("forever", 4)])
    def test_duration_counts_renewal_periods(self, duration, months):
        timeline = [at("2024-04-01", "subscribe", plan="basic", coupon="TEN"), at("2024-07-01", "bill_run")]
        found = lines(timeline, PLANS, catalogue=self.coupons(TEN={"percent": 10, "duration": duration}))
        assert [row.split()[-1] for row in found.splitlines()] == ["90.00"] * months + ["100.00"] * (4 - months)

    def test_applied_in_a_paid_period_it_begins_with_the_next(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-10", "apply_coupon", coupon="TEN"),
            at("2024-06-01", "bill_run"),
        ]
        found = lines(timeline, PLANS, catalogue=self.coupons(TEN={"percent": 10}))
        assert [row.split()[-1] for row in found.splitlines()] == ["100.00", "90.00", "100.00"]

    def test_an_amount_is_split_over_the_document_and_its_rest_is_lost(self):
        """15.01 over 10.00 and 20.00: 5.0033 and 10.0067, the odd cent to the larger remainder."""
        timeline = [
            at("2024-04-01", "subscribe", plan="small", coupon="OFF", items=[{"add_on": "seat", "quantity": 2}])
        ]
        for off, left in [("15.01", ["5.00", "9.99"]), ("50.00", ["0.00", "0.00"])]:
            found = lines(timeline, PLANS, catalogue=self.coupons(OFF={"amount": off}))
            assert [row.split()[-1] for row in found.splitlines()] == left

    @pytest.mark.parametrize(("order", "left"), [("percent_first", "80.00"), ("as_applied", "81.00")])
    def test_percent_before_amount_or_as_applied(self, order, left):
        timeline = [at("2024-04-01", "subscribe", plan="basic", coupon=["OFF", "TEN"])]
        catalogue = self.coupons(OFF={"amount": 10}, TEN={"percent": 10})
        assert lines(timeline, PLANS, catalogue=catalogue, policy={"coupon_order": order}).split()[-1] == left

    def test_limited_to_a_plan(self):
        timeline = [at("2024-04-01", "subscribe", plan="basic", coupon="TEN", items=[{"add_on": "seat"}])]
        catalogue = self.coupons(TEN={"percent": 10, "plans": ["basic"]})
        assert [row.split()[-1] for row in lines(timeline, PLANS, catalogue=catalogue).splitlines()] == [
            "90.00",
            "10.00",
        ]

    def test_tax_comes_after_the_discount(self):
        timeline = [at("2024-04-01", "subscribe", plan="basic", coupon="TEN")]
        found = table(timeline, PLANS, catalogue=self.coupons(TEN={"percent": 10}), tax=25)
        assert found.splitlines()[-1] == "  = 90.00 22.50 112.50 0.00 112.50"


TIERS = [{"up_to": 10, "unit": "5.00"}, {"up_to": 20, "unit": "4.00", "flat": "2.00"}, {"unit": "3.00"}]


@pytest.mark.parametrize(
    ("price", "quantity", "expected"),
    [
        ({"model": "flat", "amount": 9}, 5, 9),
        ({"model": "per_unit", "amount": "0.000000000001"}, 10**12, 1),
        ({"model": "graduated", "tiers": TIERS}, 10, 50),
        ({"model": "graduated", "tiers": TIERS}, 25, 50 + 42 + 15),
        ({"model": "volume", "tiers": TIERS}, 10, 50),
        ({"model": "volume", "tiers": TIERS}, 11, 46),
        ({"model": "volume", "tiers": TIERS}, 0, 0),
        ({"model": "stairstep", "tiers": [{"up_to": 10, "flat": 7}, {"flat": 12}]}, 11, 12),
        ({"model": "package", "amount": 3, "package_size": 100, "free_units": 50}, 251, 9),
        ({"model": "percentage", "percent": "1.5", "fixed": "0.10", "free_units": 100, "meter": "m"}, 300, 3),
    ],
)
def test_price_models(price, quantity, expected):
    (found,) = read({"catalogue": {"plans": {"p": price}}}).prices
    assert worth(found, Fraction(quantity)) == expected


def test_shares_add_up_by_largest_remainder():
    assert share(100, [Fraction(100, 3)] * 3) == [34, 33, 33]
    assert share(-100, [Fraction(-100, 3)] * 3) == [-33, -33, -34]


class TestUsage:
    CATALOGUE = {"add_ons": {"api": {"meter": "calls", "amount": "0.10"}}, "meters": {"calls": {"aggregation": "sum"}}}

    def test_usage_comes_in_arrears_beside_the_advance(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", items=[{"add_on": "api"}]),
            at("2024-04-10", "usage", meter="calls", value=30),
            at("2024-04-20", "usage", meter="calls", value="12.5"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, PLANS, catalogue=self.CATALOGUE).splitlines()[1:] == [
            "2024-05-01 api usage 2024-04-01 2024-05-01 4.25",
            "2024-05-01 basic recurring 2024-05-01 2024-06-01 100.00",
        ]

    @pytest.mark.parametrize(
        ("how", "amount"), [("sum", "0.60"), ("count", "0.30"), ("max", "0.30"), ("last", "0.20"), ("unique", "0.20")]
    )
    def test_aggregations(self, how, amount):
        events = [
            {"at": f"2024-04-0{day}", "value": value, "who": who}
            for day, value, who in [(2, 1, "x"), (3, 3, "y"), (4, 2, "x")]
        ]
        timeline = [
            at("2024-04-01", "subscribe", plan="calls"),
            at("2024-04-05", "usage", meter="m", events=events),
            at("2024-05-01", "bill_run"),
        ]
        plans = {"calls": {"meter": "m", "amount": "0.10"}}
        assert lines(timeline, plans, catalogue={"meters": {"m": {"aggregation": how}}}).split()[-1] == amount

    def test_a_change_cuts_usage_at_the_real_instant(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="one"),
            at("2024-04-11T11:00:00", "usage", meter="calls", value=10),
            at("2024-04-11T12:00:00", "change_plan", plan="two"),
            at("2024-04-11T13:00:00", "usage", meter="calls", value=10),
            at("2024-05-01", "bill_run"),
        ]
        plans = {"one": {"meter": "calls", "amount": "1.00"}, "two": {"meter": "calls", "amount": "2.00"}}
        assert lines(timeline, plans, catalogue={"meters": {"calls": {}}}) == rows(
            """
            2024-04-11 one usage 2024-04-01 2024-04-11T12:00:00 10.00
            2024-05-01 two usage 2024-04-11T12:00:00 2024-05-01 20.00
            """
        )

    def test_a_minimum_is_trued_up_on_a_line_of_its_own(self):
        """50.00 for the month less 20.00; 20 days: 33.33 less 13.33."""
        plans = {"m": {"amount": "10.00", "period_minimum": "50.00"}}
        timeline = [
            at("2024-04-11", "subscribe", plan="m", quantity=2, alignment="calendar"),
            at("2024-05-01", "bill_run"),
        ]
        assert lines(timeline, plans) == rows(
            """
            2024-04-11 m recurring 2024-04-11 2024-05-01 13.33
            2024-04-11 m minimum 2024-04-11 2024-05-01 20.00
            2024-05-01 m recurring 2024-05-01 2024-06-01 20.00
            2024-05-01 m minimum 2024-05-01 2024-06-01 30.00
            """
        )

    def test_no_minimum_in_a_period_without_a_fee(self):
        timeline = [at("2024-04-01", "subscribe", plan="m"), at("2024-05-01", "bill_run")]
        assert lines(timeline, {"m": {"meter": "calls", "amount": 1, "period_minimum": 50}}) == ""


def test_a_one_off_now_or_on_the_next_invoice():
    timeline = [
        at("2024-04-01", "subscribe", plan="small"),
        at("2024-04-05", "one_off", name="visit", amount="7.00", quantity=2),
        at("2024-04-06", "one_off", name="part", amount="3.00", when="next_invoice"),
        at("2024-05-01", "bill_run"),
    ]
    assert table(timeline, PLANS, tax=25) == block(
        """
        2024-04-01
          small recurring 2024-04-01 2024-05-01 10.00
          = 10.00 2.50 12.50 0.00 12.50
        2024-04-05
          visit one_off 2024-04-05 - 14.00
          = 14.00 3.50 17.50 0.00 30.00
        2024-05-01
          part one_off 2024-04-06 - 3.00
          small recurring 2024-05-01 2024-06-01 10.00
          = 13.00 3.25 16.25 0.00 46.25
        """
    )


def test_the_program_prints_the_days_of_a_file(tmp_path, capsys):
    file = tmp_path / "scenario.json"
    file.write_text(
        '{"catalogue": {"plans": {"a": {"amount": 12.50}}}, "timeline": [{"at": "2024-04-01", "subscribe": {"plan": "a"}}]}'
    )
    assert main([str(file)]) == 0
    (day,) = json.loads(capsys.readouterr().out)["days"]
    assert (day["day"], day["customer"], day["net"], day["lines"][0]["amount"]) == (
        "2024-04-01",
        "c1",
        "12.50",
        "12.50",
    )
    file.write_text('{"timeline": [{"at": "2024-04-01", "verb": "set_time_zone"}]}')
    assert main([str(file)]) == 3
    assert json.loads(capsys.readouterr().out) == {"not_supported": "verb set_time_zone"}
