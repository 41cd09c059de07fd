"""Charges outside the catalogue: at once, with the next invoice, and whole invoices by hand."""

from datetime import date
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import local_date
from perennia.domain.documents import PayTerms
from perennia.domain.errors import CurrencyMismatch, InvalidValue, NotFound, UnknownCurrency
from perennia.domain.ids import Id
from perennia.operations import one_offs
from perennia.operations.one_offs import FreeLine
from tests.operations.counter import agrees, by_hand, charges, counts, invoiced
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def test_a_charge_now_is_a_document_of_its_own(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    charges(shop, "Installation", "12.345", quantity="2.5", subscription_id=subscription, is_setup=True)
    assert by_hand(shop) == (
        "invoice 1 (0 from balance, 12500 open)\n  recurring 1 Basic: 10000 + 2500\n"
        "invoice 2 (0 from balance, 3858 open)\n  setup 2.5 Installation: 3086 + 772"
    )
    assert shop.rows("SELECT subscription_id IS NULL, version_id IS NULL, calculation FROM lines WHERE kind = 3") == [
        (False, True, None)
    ]
    agrees(shop)


def test_a_customer_without_a_subscription_is_charged_tax_included(shop: Shop):
    charges(shop, "Course", "125", customer_id=shop.customer(), tax_inclusive=True)
    assert by_hand(shop) == "invoice 1 (0 from balance, 12500 open)\n  one_off 1 Course: 10000 + 2500"
    agrees(shop)


def test_an_invoice_of_free_lines_rounds_tax_once_and_says_when_to_pay(shop: Shop):
    lines = [
        FreeLine(name, Decimal("0.10"), Decimal(quantity)) for name, quantity in (("A", "1"), ("B", "1"), ("C", "3"))
    ]
    invoiced(shop, shop.customer(), *lines, terms=PayTerms(14, end_of_month=True), po_number="PO 77")
    assert by_hand(shop) == (
        "invoice 1 (0 from balance, 63 open)\n  one_off 1 A: 10 + 3\n  one_off 1 B: 10 + 3\n  one_off 3 C: 30 + 7"
    )
    ((pay_by, po_number, collection),) = shop.rows("SELECT pay_by, po_number, collection FROM documents")
    assert (local_date(pay_by, shop.zone), po_number, collection) == (date(2025, 5, 14), "PO 77", "send")
    assert shop.rows("SELECT next_attempt_at FROM receivables") == [(None,)]
    agrees(shop)


def test_a_credit_note_by_hand_carries_the_order_number(shop: Shop):
    from tests.operations.counter import credits, document

    invoiced(shop, shop.customer(), FreeLine("A", Decimal(5)), po_number="PO 77")
    credits(shop, document(shop))
    assert shop.rows("SELECT DISTINCT po_number FROM documents") == [("PO 77",)]
    agrees(shop)


def test_a_charge_for_the_next_invoice_waits(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    pending = charges(shop, "Extra", "50", subscription_id=subscription, when="next_invoice")
    assert shop.rows("SELECT id, description, document_id FROM pending_lines") == [(pending, "Extra", None)]
    assert shop.rows("SELECT has_pending FROM payers") == [(True,)]
    assert shop.rows("SELECT count(*) FROM documents") == [(1,)]
    one_offs.withdraw(tenant=shop.tenant, actor="astrid", pending_id=pending, now=machine_now())
    assert shop.rows("SELECT has_pending FROM payers") == [(False,)]
    with pytest.raises(NotFound):
        one_offs.withdraw(tenant=shop.tenant, actor="astrid", pending_id=pending, now=machine_now())
    agrees(shop)


def test_the_next_invoice_takes_in_what_waits_and_tax_is_rounded_once(shop: Shop):
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    charges(shop, "Extra", "0.10", quantity="3", subscription_id=subscription, when="next_invoice")
    charges(shop, "Course", "0.10", customer_id=bo, when="next_invoice")
    charges(shop, "Euros", "5", customer_id=bo, when="next_invoice", currency="EUR")
    shop.clock_to(date(2025, 5, 1))
    shop.bill()
    assert by_hand(shop).endswith(
        "invoice 2 (0 from balance, 12550 open)\n"
        "  recurring 1 Basic: 10000 + 2500\n"
        "  one_off 3 Extra: 30 + 8\n"
        "  one_off 1 Course: 10 + 2"
    )
    assert shop.rows("SELECT description, position FROM pending_lines ORDER BY id") == [
        ("Extra", 2), ("Course", 3), ("Euros", None),
    ]  # fmt: skip
    assert shop.rows("SELECT has_pending FROM payers") == [(True,)]
    shop.clock_to(date(2025, 6, 1))
    shop.bill()
    assert by_hand(shop).count("Extra") == 1
    agrees(shop)


def test_what_waits_is_not_on_a_document_that_fell_due_before_it(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    shop.clock_to(date(2025, 5, 2))
    charges(shop, "Extra", "1", customer_id=bo, when="next_invoice")
    assert "Extra" not in by_hand(shop)
    shop.clock_to(date(2025, 6, 1))
    shop.bill()
    assert by_hand(shop).endswith("recurring 1 Basic: 10000 + 2500\n  one_off 1 Extra: 100 + 25")
    agrees(shop)


@pytest.mark.parametrize(
    ("name", "amount", "more", "refused"),
    [
        ("", "1", {}, InvalidValue),
        ("x" * 201, "1", {}, InvalidValue),
        ("a\0b", "1", {}, InvalidValue),
        ("A", "0", {}, InvalidValue),
        ("A", "-1", {}, InvalidValue),
        ("A", "NaN", {}, InvalidValue),
        ("A", "1e12", {}, InvalidValue),
        ("A", "0.0000000000001", {}, InvalidValue),
        ("A", "1", {"quantity": "0"}, InvalidValue),
        ("A", "1", {"quantity": "-3"}, InvalidValue),
        ("A", "1", {"quantity": "1e10"}, InvalidValue),
        ("A", "999999999999", {"quantity": "1e9"}, InvalidValue),
        ("A", "999999999999", {"quantity": "1e9", "when": "next_invoice"}, InvalidValue),
        ("A", "1", {"when": "tomorrow"}, InvalidValue),
        ("A", "1", {"currency": "XXX"}, UnknownCurrency),
        ("A", "1", {"entity_id": Id(bytes(16))}, NotFound),
        ("A", "1", {"customer_id": Id(bytes(16))}, NotFound),
        ("A", "1", {"customer_id": None}, InvalidValue),
        ("A", "1", {"customer_id": None, "subscription_id": Id(bytes(16))}, NotFound),
    ],
)
def test_what_cannot_be_charged_changes_nothing(
    shop: Shop, name: str, amount: str, more: dict, refused: type[Exception]
):
    bo = shop.customer()
    before = counts(shop)
    with pytest.raises(refused):
        charges(shop, name, amount, **{"customer_id": bo, **more})
    assert counts(shop) == before


def test_a_subscription_is_charged_in_its_currency_and_while_it_lives(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    with pytest.raises(CurrencyMismatch):
        charges(shop, "A", "1", subscription_id=subscription, currency="EUR")
    shop.cancel(subscription)
    with pytest.raises(NotFound):
        charges(shop, "A", "1", subscription_id=subscription)


@pytest.mark.parametrize(
    "more",
    [
        {"lines": []},
        {"lines": [FreeLine("A", Decimal(1))] * 1001},
        {"po_number": "x" * 51},
        {"po_number": "a\0"},
        {"terms": PayTerms(-1)},
        {"terms": PayTerms(367)},
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused(shop: Shop, more: dict):
    bo = shop.customer()
    before = counts(shop)
    with pytest.raises(InvalidValue):
        invoiced(shop, bo, *more.pop("lines", [FreeLine("A", Decimal(1))]), **more)
    assert counts(shop) == before
