"""A payer of each tax status, in a shop in Copenhagen: what is on their documents and in the books."""

from datetime import date
from decimal import Decimal

import pytest

from perennia.analytics.verification import verify
from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.operations import catalog, tenants
from perennia.store.session import transaction
from tests.operations.shop import Shop, machine_now, open_shop

pytestmark = pytest.mark.usefixtures("database")


def european_shop(**policies: str) -> Shop:
    """With the rates of the European Union, Basic 100.00 and seats net, and Gross 99.00 with tax in it."""
    shop = open_shop(tax=False, opened_on=date(2025, 6, 1), **policies)
    tenants.load_eu_rates(tenant=shop.tenant, since=date(2020, 1, 1))
    product = catalog.create_product(tenant=shop.tenant, code="shop", name="Shop")
    plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code="gross", name="Gross")
    shop.prices["gross"] = catalog.create_price(
        tenant=shop.tenant, code="gross", plan_id=plan, unit_amount=Decimal("99.00"), currency="DKK", now=machine_now(),
        tax_inclusive=True,
    )  # fmt: skip
    return shop


def clean(shop: Shop) -> None:
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [finding for finding in found if finding.failed] == []


def invoices(shop: Shop) -> str:
    """Number, buyer, lines and what the frozen buyer and the evidence say."""
    rows = shop.rows(
        """SELECT d.number, b.content ->> 'name', b.content ->> 'country', b.content ->> 'tax_id', l.description,
            l.net_minor, l.tax_minor, l.tax_percent, d.tax_evidence -> 'lines' -> 0 ->> 'reason'
        FROM documents d JOIN lines l ON l.document_id = d.id JOIN parties b ON b.id = d.buyer_party_id
        ORDER BY d.kind DESC, d.number, l.position"""
    )
    return "\n".join(
        f"{number} {name} {country} {tax_id or '-'}: {text} {net} + {tax} at {percent.normalize():f} %"
        + (f" {reason}" if reason else "")
        for number, name, country, tax_id, text, net, tax, percent, reason in rows
    )


def test_a_payer_of_each_status():
    shop = european_shop()
    for name, country, status in (
        ("Bo", "DK", {}),
        ("Eva", "DE", {}),
        ("Ida", "DE", {"status": "reverse_charge", "tax_id": "de 136 695 976"}),
        ("Kai", "DK", {"status": "reverse_charge", "tax_id": "13585628"}),
        ("Lis", "DK", {"status": "exempt", "exempt_reason": "sygehus, momslovens § 13"}),
        ("Mia", "US", {}),
        ("Ole", "NO", {"status": "reverse_charge", "tax_id": "923609016"}),
        ("Pia", "ES", {"status": "taxable", "region": "ES-CN"}),
    ):
        customer = shop.customer(name, country=country)
        if status:
            shop.tax_status(customer, **status)
        shop.start(customer, "basic")
        shop.start(customer, "gross")
    assert invoices(shop) == (
        "1 Bo DK -: Basic 10000 + 2500 at 25 %\n"
        "2 Bo DK -: Gross 7920 + 1980 at 25 %\n"
        "3 Eva DE -: Basic 10000 + 1900 at 19 %\n"
        "4 Eva DE -: Gross 8319 + 1581 at 19 %\n"
        "5 Ida DE DE136695976: Basic 10000 + 0 at 0 % reverse_charge_eu\n"
        "6 Ida DE DE136695976: Gross 7920 + 0 at 0 % reverse_charge_eu\n"
        "7 Kai DK DK13585628: Basic 10000 + 2500 at 25 %\n"
        "8 Kai DK DK13585628: Gross 7920 + 1980 at 25 %\n"
        "9 Lis DK -: Basic 10000 + 0 at 0 % exempt\n"
        "10 Lis DK -: Gross 7920 + 0 at 0 % exempt\n"
        "11 Mia US -: Basic 10000 + 0 at 0 % buyer_outside_tax_area\n"
        "12 Mia US -: Gross 7920 + 0 at 0 % buyer_outside_tax_area\n"
        "13 Ole NO NO923609016: Basic 10000 + 0 at 0 % business_abroad\n"
        "14 Ole NO NO923609016: Gross 7920 + 0 at 0 % business_abroad\n"
        "15 Pia ES -: Basic 10000 + 0 at 0 % buyer_outside_tax_area\n"
        "16 Pia ES -: Gross 7920 + 0 at 0 % buyer_outside_tax_area"
    )
    assert shop.rows("SELECT count(*) FROM documents WHERE tax_evidence IS NULL") == [(4,)]
    clean(shop)


def test_gross_prices_may_stay_as_they_are():
    shop = european_shop(gross_without_tax="keep_gross")
    ida = shop.customer("Ida", country="DE")
    shop.tax_status(ida, "reverse_charge", tax_id="DE136695976")
    shop.start(ida, "gross")
    assert invoices(shop) == "1 Ida DE DE136695976: Gross 9900 + 0 at 0 % reverse_charge_eu"
    assert shop.rows("SELECT mrr_minor FROM movements") == [(9900,)]
    clean(shop)


@pytest.mark.parametrize(
    ("policies", "taxes"),
    [
        ({}, [3, 2]),
        ({"tax_rounding": "line"}, [3, 3]),
        ({"rounding_mode": "half_even"}, [3, 2]),
        ({"tax_rounding": "line", "rounding_mode": "half_even"}, [2, 2]),
    ],
)
def test_two_lines_of_ten_cents_rounded_by_the_policies(policies: dict[str, str], taxes: list[int]):
    shop = open_shop(**policies)
    product = catalog.create_product(tenant=shop.tenant, code="p", name="P")
    offered = {
        "small": {"plan_id": catalog.create_plan(tenant=shop.tenant, product_id=product, code="small", name="Small")},
        "tiny": {"add_on_id": catalog.create_add_on(tenant=shop.tenant, product_id=product, code="tiny", name="Tiny")},
    }
    for code, of in offered.items():
        shop.prices[code] = catalog.create_price(
            tenant=shop.tenant, code=code, unit_amount=Decimal("0.10"), currency="DKK", now=machine_now(), **of
        )
    shop.start(shop.customer("Bo"), "small", "tiny")
    assert [tax for (tax,) in shop.rows("SELECT tax_minor FROM lines ORDER BY position")] == taxes
    clean(shop)
    shop.start(shop.customer("Eva"), "small")  # 2.5 alone
    clean(shop)


def test_a_rate_that_changes_between_two_periods():
    shop = european_shop()
    shop.start(shop.customer("Mari", country="EE"), "basic")
    shop.start(shop.customer("Mart", country="EE"), "later")
    shop.clock_to(date(2025, 7, 1))
    shop.bill()
    assert invoices(shop) == (
        "1 Mari EE -: Basic 10000 + 2200 at 22 %\n"
        "2 Mari EE -: Basic 10000 + 2400 at 24 %\n"
        "3 Mart EE -: Later 6000 + 1320 at 22 %"
    )
    clean(shop)


def test_a_cancellation_gives_back_at_the_old_rate():
    shop = european_shop()
    agreement = shop.start(shop.customer("Mari", country="EE"), "basic", anchor_on=date(2025, 6, 21))
    shop.clock_to(date(2025, 6, 21))
    shop.bill()
    shop.clock_to(date(2025, 7, 11))
    shop.cancel(agreement)
    assert invoices(shop).splitlines()[1:] == [
        "2 Mari EE -: Basic 10000 + 2200 at 22 %",
        "1 Mari EE -: Basic -3333 + -733 at 22 %",
    ]
    clean(shop)


def test_a_new_status_holds_from_the_next_document_on_and_the_old_ones_stay():
    shop = european_shop()
    ida = shop.customer("Ida", country="DE")
    shop.start(ida, "gross")
    shop.tax_status(ida, "reverse_charge", tax_id="DE136695976")
    shop.clock_to(date(2025, 7, 1))
    shop.bill()
    shop.tax_status(ida, "taxable")
    shop.clock_to(date(2025, 8, 1))
    shop.bill()
    assert invoices(shop) == (
        "1 Ida DE -: Gross 8319 + 1581 at 19 %\n"
        "2 Ida DE DE136695976: Gross 7920 + 0 at 0 % reverse_charge_eu\n"
        "3 Ida DE -: Gross 8319 + 1581 at 19 %"
    )
    assert shop.rows("SELECT kind, mrr_minor FROM movements ORDER BY id") == [
        ("new", 8319), ("contraction", -399), ("expansion", 399),
    ]  # fmt: skip
    changes = "SELECT before, after, actor FROM history WHERE change = 'customer.tax_status' ORDER BY id"
    assert shop.rows(changes) == [("taxable", "reverse_charge", "astrid"), ("reverse_charge", "taxable", "astrid")]
    assert shop.rows("SELECT count(*) FROM outbox WHERE type = 'customer.tax_status_changed'") == [(2,)]
    assert shop.rows("SELECT tax_status, tax_id FROM customers") == [(None, None)]
    clean(shop)


def test_the_same_status_again_changes_nothing():
    shop = european_shop()
    ida = shop.customer("Ida", country="DE")
    for _ in range(2):
        shop.tax_status(ida, "reverse_charge", tax_id="DE136695976")
        shop.tax_status(ida, "reverse_charge", tax_id="DE 136695976")
    assert shop.rows("SELECT count(*) FROM history WHERE change = 'customer.tax_status'") == [(1,)]
    assert shop.rows("SELECT count(*) FROM parties WHERE kind = 'buyer'") == [(2,)]


@pytest.mark.parametrize(
    "given",
    [
        {"status": "reverse_charge"},
        {"status": "reverse_charge", "tax_id": "DK13585628"},
        {"status": "reverse_charge", "tax_id": "DE136695977"},
        {"status": "exempt"},
        {"status": "exempt", "exempt_reason": "x\0"},
        {"status": "exempt", "exempt_reason": "x" * 1000},
        {"status": "taxable", "region": "ES-CN"},
        {"status": "nobody"},
    ],
)
def test_a_status_that_proves_nothing_is_refused_and_nothing_changed(given: dict[str, str]):
    shop = european_shop()
    ida = shop.customer("Ida", country="DE")
    with pytest.raises(InvalidValue):
        shop.tax_status(ida, **given)
    assert shop.rows("SELECT tax_status, tax_id, exempt_reason, region FROM customers") == [(None,) * 4]
    assert shop.rows("SELECT count(*) FROM parties WHERE kind = 'buyer'") == [(1,)]


def test_a_strangers_customer_is_not_found():
    shop, other = european_shop(), european_shop()
    ida = other.customer("Ida", country="DE")
    with pytest.raises(NotFound):
        shop.tax_status(ida, "reverse_charge", tax_id="DE136695976")
    with pytest.raises(NotFound):
        shop.tax_status(Id(bytes(16)), "taxable")


@pytest.mark.parametrize(
    "columns",
    [
        "tax_status = 'reverse_charge'",
        "tax_status = 'exempt'",
        "tax_status = 'nobody'",
        "tax_id = 'DE136695976'",
        "tax_status = 'taxable', exempt_reason = 'x'",
    ],
)
def test_the_database_keeps_no_status_that_proves_nothing(columns: str):
    shop = european_shop()
    shop.customer("Ida")
    with pytest.raises(Exception, match="customers_tax_status"), transaction(shop.tenant) as cursor:
        cursor.execute(f"UPDATE customers SET {columns}".encode())
