"""Money that a person saw arriving: it settles what is open, and whatever is over is the customer's."""

from datetime import date, timedelta

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import AlreadyExists, CurrencyMismatch, InvalidValue, NotFound, UnknownCurrency
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id
from tests.operations.counter import agrees, balance, books, by_hand, counts, document, pays, told
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
CASH, RECEIVABLE, CREDIT, DEFERRED, TAX = 100, 10, 20, 30, 50


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def sent(shop: Shop, customer: Id, *codes: str) -> Id:
    return shop.start(customer, *codes, collection=CollectionMode.SEND, net_days=14)


def test_a_transfer_pays_the_invoice_it_names(shop: Shop):
    sent(shop, shop.customer(), "basic")
    pays(shop, 12500, document_id=document(shop))
    assert by_hand(shop) == "invoice 1 (0 from balance, 0 paid)\n  recurring 1 Basic: 10000 + 2500"
    assert books(shop) == {CASH: 12500, DEFERRED: -10000, TAX: -2500}
    assert told(shop, "payment", "invoice.paid") == ["payment.succeeded", "invoice.paid"]
    agrees(shop)


def test_part_of_it_leaves_the_rest_open(shop: Shop):
    sent(shop, shop.customer(), "basic")
    pays(shop, 5000, document_id=document(shop))
    assert by_hand(shop).startswith("invoice 1 (0 from balance, 7500 open)")
    pays(shop, 7500, "bank 2", document_id=document(shop))
    assert by_hand(shop).startswith("invoice 1 (0 from balance, 0 paid)")
    agrees(shop)


def test_a_customers_money_settles_the_oldest_first_and_what_is_over_is_credit(shop: Shop):
    bo = shop.customer()
    sent(shop, bo, "basic")
    shop.clock_to(date(2025, 4, 2))
    sent(shop, bo, "plus")
    pays(shop, 20000, customer_id=bo)
    assert [row for row in by_hand(shop).splitlines() if row.startswith("inv")] == [
        "invoice 1 (0 from balance, 0 paid)",
        "invoice 2 (0 from balance, 23750 open)",
    ]
    pays(shop, 30000, "bank 2", customer_id=bo)
    assert (balance(shop), books(shop)[CREDIT]) == (6250, -6250)
    shop.clock_to(date(2025, 5, 1))
    shop.bill()
    assert "invoice 3 (6250 from balance, 6250 open)" in by_hand(shop)
    agrees(shop)


def test_more_than_the_invoice_named_is_credit_and_pays_nothing_else(shop: Shop):
    bo = shop.customer()
    sent(shop, bo, "basic")
    sent(shop, bo, "basic")
    pays(shop, 13000, document_id=document(shop, 2))
    assert shop.rows("SELECT open_minor FROM receivables ORDER BY open_minor") == [(0,), (12500,)]
    assert balance(shop) == 500
    pays(shop, 700, "bank 2", document_id=document(shop, 2))
    assert balance(shop) == 1200
    agrees(shop)


def test_the_same_reference_is_the_same_payment(shop: Shop):
    bo = shop.customer()
    sent(shop, bo, "basic")
    first = pays(shop, 5000, customer_id=bo)
    before = counts(shop)
    assert pays(shop, 5000, customer_id=bo) == first
    for other in ({"amount": 5001}, {"currency": "EUR"}, {"customer_id": shop.customer("Eva")}):
        amount = other.pop("amount", 5000)
        with pytest.raises(AlreadyExists):
            pays(shop, amount, **{"customer_id": bo, **other})
    assert counts(shop) == before


def test_a_payment_before_its_invoice_waits_on_the_balance(shop: Shop):
    bo = shop.customer()
    pays(shop, 12500, customer_id=bo, at=shop.now - timedelta(days=3))
    shop.start(bo, "basic")
    assert by_hand(shop).startswith("invoice 1 (12500 from balance, 0 paid)")
    assert shop.rows("SELECT at FROM payments") == [(shop.now - timedelta(days=3),)]
    agrees(shop)


def test_what_fell_due_is_billed_before_the_money_is_booked(shop: Shop):
    bo = shop.customer()
    sent(shop, bo, "basic")
    shop.clock_to(date(2025, 5, 2))
    pays(shop, 25000, customer_id=bo)
    assert balance(shop) == 0
    assert shop.rows("SELECT state, count(*) FROM receivables GROUP BY 1") == [("paid", 2)]
    agrees(shop)


def test_money_for_a_payer_held_for_catch_up_is_booked_all_the_same(shop: Shop):
    bo = shop.customer()
    sent(shop, bo, "basic")
    shop.clock_to(date(2025, 12, 1))
    pays(shop, 25000, customer_id=bo)
    assert balance(shop) == 12500
    assert shop.rows("SELECT count(*) FROM documents") == [(1,)]


@pytest.mark.parametrize(
    ("amount", "more", "refused"),
    [
        (0, {}, InvalidValue),
        (-1, {}, InvalidValue),
        (10**17 + 1, {}, InvalidValue),
        (100, {"reference": ""}, InvalidValue),
        (100, {"reference": "a\0b"}, InvalidValue),
        (100, {"reference": "x" * 201}, InvalidValue),
        (100, {"currency": "EUR"}, CurrencyMismatch),
        (100, {"currency": "dkk"}, UnknownCurrency),
        (100, {"later": True}, InvalidValue),
        (100, {"customer": True}, InvalidValue),
        (100, {"document_id": None}, InvalidValue),
        (100, {"document_id": Id(bytes(16))}, NotFound),
    ],
)
def test_what_cannot_be_booked_changes_nothing(shop: Shop, amount: int, more: dict, refused: type[Exception]):
    bo = shop.customer()
    sent(shop, bo, "basic")
    before = counts(shop)
    values = {"document_id": document(shop), **more}
    if values.pop("later", False):
        values["at"] = shop.now + timedelta(seconds=1)
    if values.pop("customer", False):
        values["customer_id"] = bo
    with pytest.raises(refused):
        pays(shop, amount, **values)
    assert counts(shop) == before


def test_a_stranger_cannot_pay_here(shop: Shop):
    other = open_shop(opened_on=date(2025, 4, 1))
    sent(other, other.customer(), "basic")
    theirs = document(other)
    for foreign in ({"document_id": theirs}, {"customer_id": other.rows("SELECT id FROM customers")[0][0]}):
        with pytest.raises(NotFound):
            pays(shop, 100, **foreign)
    with pytest.raises(NotFound):
        pays(shop, 100, customer_id=shop.customer(), entity_id=other.rows("SELECT id FROM legal_entities")[0][0])


def test_a_credit_note_is_not_paid(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    with pytest.raises(NotFound):
        pays(shop, 100, document_id=document(shop, kind="credit_note"))


def test_a_debt_in_recovery_is_paid_by_transfer_and_the_subscription_is_well_again(shop: Shop):
    from perennia.operations import collection

    shop.start(shop.customer(), "basic")
    collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    assert shop.rows("SELECT status FROM subscriptions") == [("past_due",)]
    pays(shop, 12500, document_id=document(shop))
    assert shop.rows("SELECT status FROM subscriptions") == [("active",)]
    assert shop.rows("SELECT state, next_attempt_at FROM receivables") == [("paid", None)]
    assert told(shop, "subscription.re") == ["subscription.recovered"]
    agrees(shop)
