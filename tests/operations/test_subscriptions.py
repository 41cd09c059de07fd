"""Bo subscribes, changes his mind, and is invoiced to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import AlreadyExists, InvalidValue, MoveNotPermitted, NotFound, SubscriptionEnded
from perennia.domain.ids import Id
from perennia.operations import changes, pauses
from tests.defects.crowd import agrees
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")


def test_a_subscription_is_invoiced_on_the_day_it_starts():
    shop = open_shop()
    shop.start(shop.customer(), "basic", "seat*3")
    assert shop.documents() == (
        "invoice 1 due 2025-01-31: Basic 2025-01-31..2025-02-28 10000 + 2500\n"
        "invoice 1 due 2025-01-31: Seat 2025-01-31..2025-02-28 3000 + 750"
    )


def test_the_day_of_the_anchor_returns_after_a_short_month():
    shop = open_shop()
    shop.start(shop.customer(), "basic")
    for day in (date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)):
        shop.clock_to(day)
        shop.bill()
    assert [line.split(": ")[1] for line in shop.documents().splitlines()] == [
        "Basic 2025-01-31..2025-02-28 10000 + 2500",
        "Basic 2025-02-28..2025-03-31 10000 + 2500",
        "Basic 2025-03-31..2025-04-30 10000 + 2500",
        "Basic 2025-04-30..2025-05-31 10000 + 2500",
    ]


def test_a_back_dated_start_bills_what_has_passed_on_one_document():
    shop = open_shop()
    shop.start(shop.customer(), "basic", start_on=date(2024, 11, 15))
    assert shop.documents() == (
        "invoice 1 due 2025-01-15: Basic 2024-11-15..2024-12-15 10000 + 2500\n"
        "invoice 1 due 2025-01-15: Basic 2024-12-15..2025-01-15 10000 + 2500\n"
        "invoice 1 due 2025-01-15: Basic 2025-01-15..2025-02-15 10000 + 2500"
    )


def test_a_back_dated_start_bills_one_document_a_period_where_the_policy_says_so():
    shop = open_shop()
    shop.start(shop.customer(), "basic", start_on=date(2024, 11, 15), policy={"backdated_start": "per_period"})
    assert shop.documents() == (
        "invoice 1 due 2024-11-15: Basic 2024-11-15..2024-12-15 10000 + 2500\n"
        "invoice 2 due 2024-12-15: Basic 2024-12-15..2025-01-15 10000 + 2500\n"
        "invoice 3 due 2025-01-15: Basic 2025-01-15..2025-02-15 10000 + 2500"
    )


def test_a_future_start_bills_nothing_until_its_day():
    shop = open_shop()
    shop.start(shop.customer(), "basic", start_on=date(2025, 2, 10))
    assert shop.documents() == ""
    shop.clock_to(date(2025, 2, 10))
    shop.bill()
    assert shop.documents() == "invoice 1 due 2025-02-10: Basic 2025-02-10..2025-03-10 10000 + 2500"


def test_a_trial_bills_nothing_and_its_end_is_the_anchor():
    shop = open_shop()
    shop.start(shop.customer(), "basic", trial_ends_on=date(2025, 2, 14))
    assert shop.documents() == ""
    assert shop.rows("SELECT status FROM subscriptions") == [("trialing",)]
    shop.clock_to(date(2025, 2, 14))
    shop.bill()
    assert shop.documents() == "invoice 1 due 2025-02-14: Basic 2025-02-14..2025-03-14 10000 + 2500"
    assert shop.rows("SELECT status FROM subscriptions") == [("active",)]


def test_a_first_part_up_to_a_billing_day_is_prorated():
    shop = open_shop(opened_on=date(2019, 2, 10), tax=False)
    shop.start(shop.customer(), "basic", anchor_on=date(2019, 1, 31))
    assert shop.documents() == "invoice 1 due 2019-02-10: Basic 2019-02-10..2019-02-28 6429 + 0"


def test_an_adjustment_below_zero_is_a_line_of_its_own():
    shop = open_shop()
    shop.start(shop.customer(), "basic", adjustment=Decimal("-12.50"))
    assert shop.documents() == (
        "invoice 1 due 2025-01-31: Basic 2025-01-31..2025-02-28 10000 + 2500\n"
        "invoice 1 due 2025-01-31: Adjustment 2025-01-31..2025-02-28 -1250 + -313"
    ) or shop.documents().endswith("-1250 + -312")


@pytest.mark.parametrize(
    ("items", "adjustment", "field"),
    [
        (("basic*3",), "0", "quantity"),
        (("basic*0",), "0", "quantity"),
        (("basic",), "-100.01", "adjustment"),
        (("basic", "seat*3"), "-130.01", "adjustment"),
    ],
)
def test_terms_that_make_no_invoice_are_refused(items: tuple[str, ...], adjustment: str, field: str):
    shop = open_shop()
    with pytest.raises(InvalidValue) as refused:
        shop.start(shop.customer(), *items, adjustment=Decimal(adjustment))
    assert refused.value.facts["field"] == field
    assert shop.rows("SELECT count(*) FROM subscriptions") == [(0,)]


def test_an_adjustment_may_take_everything_off():
    shop = open_shop()
    shop.start(shop.customer(), "basic", "seat*3", adjustment=Decimal("-130.00"))
    assert shop.rows("SELECT kind, net_minor, tax_minor FROM documents") == [("invoice", 0, 0)]


def test_arrears_are_billed_at_the_end_of_the_period_and_the_last_one_at_the_end():
    shop = open_shop()
    subscription = shop.start(shop.customer(), "later", start_on=date(2025, 1, 31))
    assert shop.documents() == ""
    shop.clock_to(date(2025, 2, 28))
    shop.bill()
    shop.cancel(subscription, datetime(2025, 3, 10, 12, tzinfo=UTC))
    shop.clock_to(date(2025, 4, 1))
    shop.bill()
    assert shop.documents() == (
        "invoice 1 due 2025-02-28: Later 2025-01-31..2025-02-28 6000 + 1500\n"
        "invoice 2 due 2025-03-10: Later 2025-02-28..2025-03-10 1935 + 484"
    )


def test_a_cancel_credits_the_unused_days_to_what_is_still_open():
    shop = open_shop(opened_on=date(2025, 4, 1))
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    assert shop.documents() == (
        "invoice 1 due 2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500\n"
        "credit_note 1 due 2025-04-11: Basic 2025-04-11..2025-05-01 -6667 + -1667"
    )
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("open", 12500 - 8334)]
    assert shop.rows("SELECT sum(amount_minor) FROM balance_entries") == [(None,)]
    assert shop.rows("SELECT sum(mrr_minor) FROM movements") == [(0,)]


def test_a_cancel_on_a_date_known_before_the_last_charge_prorates_it():
    shop = open_shop(opened_on=date(2025, 4, 1))
    shop.start(shop.customer(), "basic", cancel_on=date(2025, 5, 11))
    shop.clock_to(date(2025, 5, 1))
    shop.bill()
    shop.clock_to(date(2025, 6, 1))
    shop.bill()
    assert shop.documents() == (
        "invoice 1 due 2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500\n"
        "invoice 2 due 2025-05-01: Basic 2025-05-01..2025-05-11 3226 + 807"
    )
    assert shop.rows("SELECT status FROM subscriptions") == [("canceled",)]


def test_an_ended_subscription_cannot_be_cancelled_again():
    shop = open_shop()
    subscription = shop.start(shop.customer(), "basic")
    shop.cancel(subscription)
    with pytest.raises(SubscriptionEnded):
        shop.cancel(subscription)


def test_what_makes_no_sense_is_refused_and_leaves_nothing():
    shop = open_shop()
    bo = shop.customer()
    with pytest.raises(InvalidValue):
        shop.start(bo, "seat")
    with pytest.raises(InvalidValue):
        shop.start(bo, "basic", cancel_on=date(2024, 1, 1))
    with pytest.raises(InvalidValue):
        shop.start(bo, "basic*-1")
    with pytest.raises(NotFound):
        shop.start(Id(bytes(16)), "basic")
    assert shop.rows("SELECT count(*) FROM subscriptions") == [(0,)]


def test_a_stranger_sees_and_touches_nothing():
    shop, stranger = open_shop(), open_shop()
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    with pytest.raises(NotFound):
        stranger.start(bo, "basic")
    with pytest.raises(NotFound):
        stranger.cancel(subscription)
    assert stranger.rows("SELECT count(*) FROM documents") == [(0,)]


def test_the_same_external_id_is_refused_the_second_time():
    shop = open_shop()
    shop.customer("Bo", external_id="4711")
    with pytest.raises(AlreadyExists):
        shop.customer("Ane", external_id="4711")


def test_a_move_the_table_does_not_have_is_refused():
    from perennia.domain.facts import Status
    from perennia.domain.lifecycle import check_move

    with pytest.raises(MoveNotPermitted):
        check_move(state=Status.CANCELED, to=Status.ACTIVE)


def test_a_cancel_in_the_second_period_credits_that_one_alone():
    """The first part, from the start to the anchor, has passed: it is not looked at again."""
    shop = open_shop()
    subscription = shop.start(shop.customer(), "basic", anchor_on=date(2025, 2, 7))
    shop.clock_to(date(2025, 2, 7))
    shop.bill()
    shop.clock_to(date(2025, 2, 20))
    shop.cancel(subscription)
    assert shop.documents() == (
        "invoice 1 due 2025-01-31: Basic 2025-01-31..2025-02-07 2258 + 565\n"
        "invoice 2 due 2025-02-07: Basic 2025-02-07..2025-03-07 10000 + 2500\n"
        "credit_note 1 due 2025-02-20: Basic 2025-02-20..2025-03-07 -5357 + -1339"
    )


def test_a_line_bears_the_name_of_the_plan_that_it_is_for():
    """Basic from 1 April, Plus from the 16th, Basic again from 16 May: each line says which it was."""
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False)
    agreed = {"tenant": shop.tenant, "actor": "bo", "subscription_id": shop.start(shop.customer(), "basic")}
    shop.clock_to(date(2025, 4, 16))
    changes.change_plan(**agreed, price_id=shop.prices["plus"], now=machine_now())
    changes.change_plan(**agreed, price_id=shop.prices["basic"], when=date(2025, 5, 16), now=machine_now())
    for day in (date(2025, 5, 1), date(2025, 5, 16), date(2025, 6, 1)):
        shop.clock_to(day)
        shop.bill()
    assert shop.documents().splitlines() == [
        "invoice 1 due 2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 0",
        "invoice 2 due 2025-04-16: Plus 2025-04-16..2025-05-01 12500 + 0",
        "invoice 2 due 2025-04-16: Basic 2025-04-16..2025-05-01 -5000 + 0",
        "invoice 3 due 2025-05-01: Plus 2025-05-01..2025-06-01 25000 + 0",
        "credit_note 1 due 2025-05-16: Basic 2025-05-16..2025-06-01 5161 + 0",
        "credit_note 1 due 2025-05-16: Plus 2025-05-16..2025-06-01 -12903 + 0",
        "invoice 4 due 2025-06-01: Basic 2025-06-01..2025-07-01 10000 + 0",
    ]
    agrees(shop)


def test_a_plan_keeps_its_name_through_what_divides_it():
    """Plus in place of Basic, a pause, another billing day: it is Plus all along."""
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False, pause_rest="credited")
    agreed = {"tenant": shop.tenant, "actor": "bo", "subscription_id": shop.start(shop.customer(), "basic")}
    changes.change_plan(**agreed, price_id=shop.prices["plus"], now=machine_now())
    shop.clock_to(date(2025, 4, 10))
    pauses.pause(**agreed, until=date(2025, 4, 12), now=machine_now())
    for day in (date(2025, 4, 12), date(2025, 5, 1)):
        shop.clock_to(day)
        shop.bill()
    changes.set_billing_day(**agreed, day=10, now=machine_now())
    shop.clock_to(date(2025, 6, 10))
    shop.bill()
    names = [line.split(": ")[1].split()[0] for line in shop.documents().splitlines()]
    assert names.count("Basic") == 2, "charged once and given back once"
    assert names.count("Plus") >= 5
    agrees(shop)
