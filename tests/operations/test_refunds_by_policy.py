"""`credit_becomes` refund: what a gateway brought goes back through it, what came by transfer at once."""

from datetime import date

import pytest

from perennia.config.clock import now as machine_now
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import changes, collection, payments, subscriptions
from tests.operations.counter import agrees, balance, books, pays
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
CREDIT, DEFERRED, TAX, UNDERWAY, SANDBOX, CASH, RECEIVABLE = 20, 30, 50, 61, 101, 100, 10


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1), credit_becomes="refund")


def collected(shop: Shop) -> None:
    claimed = collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    answers = [
        (call, ChargeResult(key=call.request.key, outcome=Outcome.SUCCEEDED, gateway_reference="ch"))
        for call in claimed.charges
    ]
    collection.book(tenant=shop.tenant, answers=answers, now=machine_now())


def made(shop: Shop) -> list[tuple]:
    return shop.rows("SELECT gateway, state, amount_minor, from_balance_minor FROM refunds ORDER BY created_at, id")


def test_a_card_payment_is_left_as_an_intent_for_its_gateway(shop: Shop):
    bo = shop.customer()
    shop.pays_with(bo, "ok")
    basic = shop.start(bo, "basic")
    collected(shop)
    shop.clock_to(date(2025, 4, 16))
    shop.cancel(basic)
    assert made(shop) == [("sandbox", "created", 6250, 6250)]
    assert (balance(shop), shop.rows("SELECT refunded_minor FROM payments")) == (0, [(6250,)])
    assert books(shop) == {DEFERRED: -5000, TAX: -1250, UNDERWAY: -6250, SANDBOX: 12500}
    agrees(shop)
    (refund,) = shop.rows("SELECT id FROM refunds")[0]
    payments.end_of_refund(
        tenant=shop.tenant, actor="astrid", refund_id=refund, succeeded=False, now=machine_now(), reference="re_1"
    )
    assert (balance(shop), shop.rows("SELECT refunded_minor FROM payments")) == (6250, [(0,)])
    agrees(shop)


def test_two_changes_give_back_no_more_than_the_payment_brought(shop: Shop):
    bo = shop.customer()
    plus = shop.start(bo, "plus")
    pays(shop, 31250, customer_id=bo)
    for day, price in ((11, "basic"), (16, "later")):
        shop.clock_to(date(2025, 4, day))
        changes.change_plan(
            tenant=shop.tenant, actor="astrid", subscription_id=plus, price_id=shop.prices[price], now=machine_now()
        )
    # 250.00 for 20 of 30 days back, 100.00 for them charged; that for 15 days back; each with 25 %
    assert made(shop) == [("manual", "succeeded", 12500, 12500)]
    assert balance(shop) == 6250, "what a credit note charged was not paid by a payment"
    assert books(shop)[CASH] == 18750
    agrees(shop)


def test_who_withdraws_is_paid_back_whatever_the_policy_says():
    shop = open_shop(opened_on=date(2025, 4, 1))
    bo = shop.customer()
    basic = shop.start(bo, "basic")
    pays(shop, 12500, customer_id=bo)
    shop.clock_to(date(2025, 4, 8))
    subscriptions.withdraw(tenant=shop.tenant, actor="bo", subscription_id=basic, now=machine_now())
    assert made(shop) == [("manual", "succeeded", 12500, 12500)]
    assert (balance(shop), books(shop)) == (0, {})
    agrees(shop)


def test_a_payment_of_another_payer_is_not_given_back(shop: Shop):
    """What one paid is credited to the other, who pays now: it stays on the balance."""
    from perennia.operations import payers

    bo, parent = shop.customer(), shop.customer("Parent")
    basic = shop.start(bo, "basic")
    pays(shop, 12500, customer_id=bo)
    payers.set_payer(tenant=shop.tenant, actor="astrid", customer_id=bo, payer_id=parent, now=machine_now())
    shop.clock_to(date(2025, 4, 16))
    shop.cancel(basic)
    assert (made(shop), balance(shop)) == ([], 6250)
    agrees(shop)
