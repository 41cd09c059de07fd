"""What totals are rounded by is booked on an account of its own and earned by nobody."""

from datetime import date

import pytest

from perennia.config.clock import now as machine_now
from perennia.operations import invoices, ledger
from tests.operations.counter import agrees, books, charges, document
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")
RECEIVABLE, DEFERRED, REVENUE, TAX, ROUNDING = 10, 30, 40, 50, 90


def test_a_month_of_rounded_invoices():
    shop = open_shop(opened_on=date(2025, 4, 1), cash_step="0.5")
    bo = shop.customer()
    shop.start(bo, "basic")
    charges(shop, "Key", "10.15", customer_id=bo)
    # 125.00 needs none; 10.15 with 25 % is 12.69, paid as 12.50
    assert books(shop) == {RECEIVABLE: 13750, DEFERRED: -11015, TAX: -2754, ROUNDING: 19}
    ledger.recognise(tenant=shop.tenant, now=shop.clock_to(date(2025, 5, 1)))
    assert books(shop) == {RECEIVABLE: 13750, REVENUE: -11015, TAX: -2754, ROUNDING: 19}
    agrees(shop)


def test_a_rounded_invoice_is_voided_whole():
    shop = open_shop(opened_on=date(2025, 4, 1), cash_step="0.5")
    charges(shop, "Key", "10.15", customer_id=shop.customer())
    invoices.void(tenant=shop.tenant, actor="astrid", document_id=document(shop), now=machine_now())
    assert shop.rows("SELECT open_minor, state FROM receivables") == [(0, "paid")]
    agrees(shop)
