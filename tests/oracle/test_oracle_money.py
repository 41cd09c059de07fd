"""The oracle against figures worked out by hand: credits, the balance, tax, rounding; and what it refuses."""

import pytest

from tests.oracle import NotSupported
from tests.oracle.billing import billed
from tests.oracle.story import at, block, lines, table

BASIC = {"basic": {"amount": "100.00"}, "small": {"amount": "10.00"}, "big": {"amount": "200.00"}}


class TestCredits:
    @pytest.mark.parametrize(
        ("becomes", "last"),
        [
            ("balance", "  = -56.67 0.00 -56.67 56.67 0.00"),
            ("refund", "  = -56.67 0.00 -56.67 0.00 0.00"),
            ("none", "  = 10.00 0.00 10.00 0.00 10.00"),
        ],
    )
    def test_credit_becomes(self, becomes, last):
        """66.67 given back and 10.00 charged on one document."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-01", "record_payment"),
            at("2024-04-11", "change_plan", plan="fifteen", policy={"credit_becomes": becomes}),
        ]
        assert table(timeline, BASIC | {"fifteen": {"amount": "15.00"}}).splitlines()[-1] == last

    def test_a_credit_may_wait_for_the_next_invoice(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-16", "change_plan", plan="small", policy={"credit_becomes": "next_invoice"}),
            at("2024-05-01", "bill_run"),
        ]
        assert (
            table(timeline, BASIC).splitlines()[3:]
            == block(
                """
            2024-04-16
              small recurring 2024-04-16 2024-05-01 5.00
              = 5.00 0.00 5.00 0.00 105.00
            2024-05-01
              basic credit 2024-04-16 2024-05-01 -50.00 credits 2024-04-01/1
              small recurring 2024-05-01 2024-06-01 10.00
              = -40.00 0.00 -40.00 0.00 65.00
            """
            ).splitlines()
        )

    def test_credited_tax_is_cumulative(self):
        """9.99 with 2.50 tax in thirds: 0.83, 0.84, 0.83."""
        to = ((2, "6.66"), (3, "3.33"), (4, "0"))
        timeline = [at("2024-04-01", "subscribe", plan="a")]
        timeline += [at(f"2024-04-0{day}", "adjust_line", document="last", line=1, amount=left) for day, left in to]
        days = billed({"catalogue": {"plans": {"a": {"amount": "9.99"}}}, "tax": 25, "timeline": timeline})
        assert [day.as_json()["tax"] for day in days] == ["2.50", "-0.83", "-0.84", "-0.83"]
        assert days[-1].open_after == 0

    def test_an_adjustment_lowers_what_a_change_can_give_back(self):
        """100.00 less 10.00 leaves 90.00, and half of that is 45.00."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-02", "adjust_line", document="last", line=1, amount="90.00"),
            at("2024-04-16", "cancel"),
        ]
        assert lines(timeline, BASIC).splitlines()[1:] == [
            "2024-04-02 basic credit 2024-04-01 2024-05-01 -10.00",
            "2024-04-16 basic credit 2024-04-16 2024-05-01 -45.00",
        ]

    def test_a_credit_note_line_by_line_and_tax_by_tax(self):
        """20.00 of 100.00 and 5.00 of 10.00: a quarter of each in tax; unpaid, so it lowers what is open."""
        catalogue = {"add_ons": {"seat": {"amount": "10.00"}}}
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", items=[{"add_on": "seat"}]),
            at(
                "2024-04-02",
                "credit_note",
                document="last",
                lines=[{"line": 1, "amount": 20}, {"line": 2, "amount": 5}],
            ),
        ]
        assert table(timeline, BASIC, catalogue=catalogue, tax=25).splitlines()[-3:] == [
            "  basic credit 2024-04-01 2024-05-01 -20.00 credits 2024-04-01/1",
            "  seat credit 2024-04-01 2024-05-01 -5.00 credits 2024-04-01/2",
            "  = -25.00 -6.25 -31.25 0.00 106.25",
        ]

    def test_a_credit_lowers_the_open_rest_first(self):
        """100.00 of 125.00 paid, 62.50 credited: 25.00 was open, 37.50 goes to the balance."""
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-02", "record_payment", amount="100.00"),
            at("2024-04-16", "cancel"),
        ]
        assert table(timeline, BASIC, tax=25).splitlines()[-1] == "  = -50.00 -12.50 -62.50 37.50 0.00"

    def test_what_is_overpaid_is_the_balance(self):
        timeline = [
            at("2024-04-01", "subscribe", plan="basic"),
            at("2024-04-02", "record_payment", amount="130.00"),
            at("2024-05-01", "bill_run"),
        ]
        assert table(timeline, BASIC).splitlines()[-1] == "  = 100.00 0.00 100.00 0.00 70.00"

    def test_granted_credit_is_spent_at_issue(self):
        timeline = [
            at("2024-04-01", "grant_credit", customer="c1", amount="150.00"),
            at("2024-04-01", "subscribe", plan="basic"),
        ]
        assert table(timeline, BASIC, tax=25).splitlines()[-1] == "  = 100.00 25.00 125.00 25.00 0.00"

    def test_list_credits_without_the_discount(self):
        catalogue = {"coupons": {"HALF": {"percent": 50, "duration": "forever"}}}
        timeline = [
            at("2024-04-01", "subscribe", plan="basic", coupon="HALF"),
            at("2024-04-16", "change_plan", plan="small", policy={"credit_basis": "list"}),
        ]
        assert lines(timeline, BASIC, catalogue=catalogue).splitlines()[1:] == [
            "2024-04-16 basic credit 2024-04-16 2024-05-01 -50.00",
            "2024-04-16 small recurring 2024-04-16 2024-05-01 2.50",
        ]


class TestTax:
    @pytest.mark.parametrize(
        ("customer", "policy", "expected"),
        [
            ({}, {}, "79.20 19.80 99.00"),
            ({"exempt": "embassy"}, {}, "79.20 0.00 79.20"),
            ({"exempt": "embassy"}, {"gross_without_tax": "keep_gross"}, "99.00 0.00 99.00"),
        ],
    )
    def test_a_gross_price_of_99(self, customer, policy, expected):
        timeline = [
            at("2024-04-01", "create_customer", customer="c1", **customer),
            at("2024-04-01", "subscribe", plan="a"),
        ]
        plans = {"a": {"amount": "99.00"}}
        seen = table(timeline, plans, tax={"percent": 25, "inclusive": "yes"}, country="DK", policy=policy)
        assert seen.splitlines()[-1].startswith(f"  = {expected} ")

    def test_reverse_charge_with_a_number_of_another_member_state(self):
        rates = [{"country": "DK", "percent": 25}, {"country": "DE", "percent": 19}]
        for facts, tax in [({}, "19.00"), ({"tax_id": "DE123456789"}, "0.00")]:
            timeline = [
                at("2024-04-01", "create_customer", customer="c1", country="DE", **facts),
                at("2024-04-01", "subscribe", plan="basic"),
            ]
            (day,) = billed({"catalogue": {"plans": BASIC}, "country": "DK", "tax": rates, "timeline": timeline})
            assert day.as_json()["tax"] == tax

    @pytest.mark.parametrize(("level", "tax"), [("invoice_rate", "0.02"), ("line", "0.03")])
    def test_rounded_once_a_rate_or_line_by_line(self, level, tax):
        """Three lines of 0.02 at 25 %: 0.015 together, 0.005 each."""
        catalogue = {"add_ons": {"x": {"amount": "0.02"}, "y": {"amount": "0.02"}}}
        timeline = [at("2024-04-01", "subscribe", plan="a", items=[{"add_on": "x"}, {"add_on": "y"}])]
        seen = table(timeline, {"a": {"amount": "0.02"}}, catalogue=catalogue, tax=25, policy={"tax_rounding": level})
        assert seen.splitlines()[-1].split()[2] == tax

    def test_two_subscriptions_of_a_customer_share_a_document(self):
        timeline = [
            at("2024-04-01", "subscribe", customer="c1", subscription="s1", plan="basic"),
            at("2024-04-15", "subscribe", customer="c1", subscription="s2", plan="small", alignment="calendar"),
            at("2024-05-01", "bill_run"),
        ]
        assert table(timeline, BASIC, tax=25).splitlines()[-3:] == [
            "  basic recurring 2024-05-01 2024-06-01 100.00",
            "  small recurring 2024-05-01 2024-06-01 10.00",
            "  = 110.00 27.50 137.50 0.00 269.16",  # 125.00 + 6.66 (5.33 + 1.33) + 137.50
        ]

    @pytest.mark.parametrize(("currency", "price", "half"), [("JPY", "1001", "501"), ("KWD", "10.001", "5.001")])
    def test_currencies_have_their_own_digits(self, currency, price, half):
        timeline = [at("2024-04-16", "subscribe", plan="a", alignment="calendar")]
        assert lines(timeline, {"a": {"amount": price}}, currency=currency).split()[-1] == half

    @pytest.mark.parametrize(("mode", "half"), [("half_away", "0.03"), ("half_even", "0.02")])
    def test_rounding_modes(self, mode, half):
        timeline = [at("2024-04-16", "subscribe", plan="a", alignment="calendar")]
        assert lines(timeline, {"a": {"amount": "0.05"}}, policy={"rounding_mode": mode}).split()[-1] == half


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (at("2024-04-02", "set_time_zone"), "verb set_time_zone"),
        (at("2024-04-02", "cancel", policy={"draft_hours": "24"}), "policy draft_hours=24"),
        (at("2024-04-02", "change_plan", plan="big", gated=True), "change_plan: ['gated']"),
    ],
)
def test_what_is_not_known_is_refused_by_name(entry, names):
    timeline = [at("2024-04-01", "subscribe", plan="basic"), entry]
    with pytest.raises(NotSupported) as refused:
        billed({"catalogue": {"plans": BASIC}, "timeline": timeline})
    assert names in str(refused.value)
