"""Money given back: never more than came, what lies on the balance first."""

from datetime import date

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import AlreadyExists, InvalidValue, MoreThanLeft, MoveNotPermitted, NotFound, NothingLeft
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import collection, payments
from tests.operations.counter import agrees, balance, books, counts, credits, document, grants, pays, refunds, told
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
CREDIT, DEFERRED, TAX, REFUNDS, UNDERWAY, GRANTED, CASH, SANDBOX = 20, 30, 50, 60, 61, 80, 100, 101


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def charged(shop: Shop, customer: Id) -> Id:
    """A payment by card of the invoice of a subscription that begins now."""
    shop.pays_with(customer, "ok")
    shop.start(customer, "basic")
    claimed = collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    answers = [
        (call, ChargeResult(key=call.request.key, outcome=Outcome.SUCCEEDED, gateway_reference="ch"))
        for call in claimed.charges
    ]
    collection.book(tenant=shop.tenant, answers=answers, now=machine_now())
    return shop.rows("SELECT id FROM payments WHERE attempt_id IS NOT NULL")[0][0]


def end(shop: Shop, refund: Id, *, succeeded: bool) -> None:
    payments.end_of_refund(
        tenant=shop.tenant, actor="astrid", refund_id=refund, succeeded=succeeded, now=machine_now(), reference="re_1"
    )


def test_money_on_the_balance_is_given_back_and_is_there_no_more(shop: Shop):
    bo = shop.customer()
    payment = pays(shop, 8000, customer_id=bo)
    refunds(shop, payment, 3000)
    assert (balance(shop), books(shop)) == (5000, {CREDIT: -5000, CASH: 5000})
    refunds(shop, payment)
    assert (balance(shop), books(shop)) == (0, {})
    assert shop.rows("SELECT refunded_minor FROM payments") == [(8000,)]
    assert told(shop, "refund") == ["refund.created", "refund.succeeded"] * 2
    agrees(shop)


def test_money_that_paid_an_invoice_is_given_back_without_a_credit_note(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    refunds(shop, pays(shop, 12500, customer_id=bo), 2500, reason="late delivery")
    assert books(shop) == {DEFERRED: -10000, TAX: -2500, REFUNDS: 2500, CASH: 10000}
    assert shop.rows("SELECT reason, after, actor FROM history WHERE change = 'refund.state'") == [
        ("late delivery", "succeeded", "astrid")
    ]
    agrees(shop)


def test_a_credit_note_is_paid_out_and_not_given_twice(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    payment = pays(shop, 12500, customer_id=bo)
    credits(shop, document(shop))
    assert balance(shop) == 12500
    refunds(shop, payment)
    assert (balance(shop), books(shop)) == (0, {})
    agrees(shop)


def test_granted_credit_is_not_paid_out(shop: Shop):
    bo = shop.customer()
    payment = pays(shop, 1000, customer_id=bo)
    grants(shop, bo, 5000)
    refunds(shop, payment)
    assert (balance(shop), books(shop)) == (5000, {CREDIT: -5000, GRANTED: 5000})
    agrees(shop)


def test_no_more_is_given_back_than_came(shop: Shop):
    payment = pays(shop, 8000, customer_id=shop.customer())
    refunds(shop, payment, 5000)
    before = counts(shop)
    for amount, refused in ((3001, MoreThanLeft), (0, InvalidValue), (-1, InvalidValue)):
        with pytest.raises(refused):
            refunds(shop, payment, amount)
    with pytest.raises(InvalidValue):
        refunds(shop, payment, 1, key="a\0")
    with pytest.raises(InvalidValue):
        refunds(shop, payment, 1, reason="")
    assert counts(shop) == before
    refunds(shop, payment, 3000)
    with pytest.raises(NothingLeft):
        refunds(shop, payment)
    agrees(shop)


def test_a_key_gives_one_refund(shop: Shop):
    bo = shop.customer()
    payment, other = pays(shop, 8000, customer_id=bo), pays(shop, 8000, "bank 2", customer_id=bo)
    first = refunds(shop, payment, 1000, key="click 1")
    before = counts(shop)
    assert refunds(shop, payment, 1000, key="click 1") == first
    for of, amount in ((payment, 1001), (other, 1000)):
        with pytest.raises(AlreadyExists):
            refunds(shop, of, amount, key="click 1")
    assert counts(shop) == before


def test_a_refund_by_card_is_on_its_way_until_the_gateway_has_made_it(shop: Shop):
    payment = charged(shop, shop.customer())
    refund = refunds(shop, payment, 2500)
    assert shop.rows("SELECT state, gateway, amount_minor FROM refunds") == [("created", "sandbox", 2500)]
    assert books(shop) == {DEFERRED: -10000, TAX: -2500, REFUNDS: 2500, UNDERWAY: -2500, SANDBOX: 12500}
    agrees(shop)
    end(shop, refund, succeeded=True)
    assert books(shop) == {DEFERRED: -10000, TAX: -2500, REFUNDS: 2500, SANDBOX: 10000}
    assert shop.rows("SELECT state, gateway_reference FROM refunds") == [("succeeded", "re_1")]
    assert told(shop, "refund") == ["refund.created", "refund.succeeded"]
    with pytest.raises(MoveNotPermitted):
        end(shop, refund, succeeded=False)
    agrees(shop)


def test_a_refund_that_the_gateway_did_not_make_is_the_customers_balance_again(shop: Shop):
    payment = charged(shop, shop.customer())
    credits(shop, document(shop), becomes="refund")
    assert (balance(shop), books(shop)) == (0, {UNDERWAY: -12500, SANDBOX: 12500})
    ((refund,),) = shop.rows("SELECT id FROM refunds")
    end(shop, refund, succeeded=False)
    assert (balance(shop), books(shop)) == (12500, {CREDIT: -12500, SANDBOX: 12500})
    assert shop.rows("SELECT refunded_minor FROM payments") == [(0,)]
    agrees(shop)
    refunds(shop, payment)
    agrees(shop)


def test_a_stranger_gives_nothing_back_here(shop: Shop):
    other = open_shop(opened_on=date(2025, 4, 1))
    theirs = pays(other, 500, customer_id=other.customer())
    for payment in (theirs, Id(bytes(16))):
        with pytest.raises(NotFound):
            refunds(shop, payment, 100)
    refund = refunds(other, theirs)
    with pytest.raises(NotFound):
        end(shop, refund, succeeded=True)
