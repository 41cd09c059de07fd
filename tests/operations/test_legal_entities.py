"""Nordlys sells through several companies, each with numbers of its own."""

from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.errors import DomainError, InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.operations import tenants
from perennia.store.session import forget_connection
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def add(shop: Shop, name: str = "Nordlys GmbH", country: str = "DE", **more: Any) -> Id:
    return tenants.add_legal_entity(
        tenant=shop.tenant, actor="astrid", name=name, country=country, now=machine_now(), **more
    )


def first(shop: Shop) -> Id:
    return shop.rows("SELECT id FROM legal_entities ORDER BY id")[0][0]


def numbered(shop: Shop, entity: Id, series: str) -> None:
    tenants.set_number_series(
        tenant=shop.tenant, actor="astrid", entity_id=entity, number_series=series, now=machine_now()
    )


def numbers(shop: Shop) -> list[tuple[str, str, int, int]]:
    """(seller, kind, year of the series, number) in order of issue."""
    return shop.rows(
        """SELECT p.content ->> 'name', d.kind, d.series_year::int, d.number::int FROM documents d
        JOIN parties p ON p.id = d.seller_party_id ORDER BY d.issued_at, d.due_at, d.series_year, d.number, 1"""
    )


def clean(shop: Shop) -> bool:
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [(one.name, one.examples) for one in found if one.failed] == []
    return True


def test_a_subscription_is_sold_where_its_customer_is_and_each_company_counts_for_itself():
    shop = open_shop(tax=False)
    add(shop, serves=["DE", "AT"])
    for country in ("DK", "AT", "SE", "DE"):
        shop.start(shop.customer(f"From{country}", country=country), "basic")
    assert sorted(numbers(shop)) == [
        ("Nordlys ApS", "invoice", 0, 1), ("Nordlys ApS", "invoice", 0, 2),
        ("Nordlys GmbH", "invoice", 0, 1), ("Nordlys GmbH", "invoice", 0, 2),
    ]  # fmt: skip
    assert clean(shop)


def test_the_company_is_frozen_with_the_start():
    shop = open_shop(tax=False)
    eva = shop.customer("Eva", country="DE")
    early = shop.start(eva, "basic")
    gmbh = add(shop, serves=["DE"])
    late = shop.start(eva, "plus")
    named = shop.start(eva, "year", entity_id=first(shop))
    sold = dict(shop.rows("SELECT id, entity_id FROM subscriptions"))
    assert sold == {early: first(shop), late: gmbh, named: first(shop)}
    shop.clock_to(date(2025, 2, 28))
    shop.bill()
    assert sorted(numbers(shop)[-2:]) == [("Nordlys ApS", "invoice", 0, 3), ("Nordlys GmbH", "invoice", 0, 2)]
    assert clean(shop)


def test_a_company_in_the_country_sells_there_without_being_told():
    shop = open_shop(tax=False)
    gmbh = add(shop)
    shop.start(shop.customer("Eva", country="DE"), "basic")
    shop.start(shop.customer("Bo", country="FR"), "basic")
    assert shop.rows("SELECT entity_id FROM subscriptions ORDER BY id") == [(gmbh,), (first(shop),)]


def test_its_documents_say_who_it_is():
    shop = open_shop(tax=False)
    add(shop, address="Straße 1, Berlin", tax_id="DE136695976")
    shop.start(shop.customer("Eva", country="DE"), "basic")
    assert shop.rows("SELECT p.content FROM documents d JOIN parties p ON p.id = d.seller_party_id") == [
        ({"name": "Nordlys GmbH", "country": "DE", "address": "Straße 1, Berlin", "tax_id": "DE136695976"},)
    ]


def test_a_series_by_year_begins_at_one_with_the_local_new_year():
    shop = open_shop(opened_on=date(2024, 11, 30), tax=False)
    numbered(shop, first(shop), "yearly")
    shop.start(shop.customer("Bo"), "basic")
    shop.start(shop.customer("Eva"), "basic")
    for day in (date(2024, 12, 30), date(2025, 1, 30), date(2025, 2, 28)):
        shop.clock_to(day)
        shop.bill()
    assert [(year, number) for _, _, year, number in numbers(shop)] == [
        (2024, 1), (2024, 2), (2024, 3), (2024, 4), (2025, 1), (2025, 2), (2025, 3), (2025, 4),
    ]  # fmt: skip
    assert clean(shop)


def test_the_year_is_that_of_the_tenants_midnight():
    shop = open_shop(opened_on=date(2024, 12, 1), zone="Pacific/Auckland", tax=False)
    numbered(shop, first(shop), "yearly")
    shop.start(shop.customer(), "basic", anchor_on=date(2025, 1, 1))
    shop.clock_to(date(2025, 1, 1))  # in UTC it is still 2024
    shop.bill()
    assert [(year, number) for _, _, year, number in numbers(shop)] == [(2024, 1), (2025, 1)]
    assert clean(shop)


def test_who_goes_back_to_one_series_goes_on_where_it_stopped():
    shop = open_shop(tax=False)
    bo = shop.customer()
    for series in ("continuous", "yearly", "yearly", "continuous"):
        numbered(shop, first(shop), series)
        shop.start(bo, "basic")
    assert sorted((year, number) for _, _, year, number in numbers(shop)) == [(0, 1), (0, 2), (2025, 1), (2025, 2)]
    assert shop.rows("SELECT after FROM history WHERE change = 'legal_entity.number_series' ORDER BY id") == [
        ("yearly",), ("continuous",),
    ]  # fmt: skip
    assert clean(shop)


def test_the_first_documents_of_a_year_at_once_share_one_series():
    shop = open_shop(tax=False)
    gmbh = add(shop, number_series="yearly")
    people = [shop.customer(f"C{n}") for n in range(8)]
    gate, ends = Barrier(len(people)), []

    def run(customer: Id) -> None:
        gate.wait()
        try:
            shop.start(customer, "basic", entity_id=gmbh)
            ends.append("done")
        except DomainError as error:
            ends.append(error.code)
        finally:
            forget_connection()

    threads = [Thread(target=run, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert ends == ["done"] * 8
    assert sorted(number for *_, number in numbers(shop)) == list(range(1, 9))
    assert clean(shop)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "a\0b"},
        {"name": "x" * 201},
        {"country": "XX"},
        {"serves": ["DE", "XX"]},
        {"serves": ["NO"]},  # the one in Norway does
        {"number_series": "monthly"},
        {"address": "a\0b"},
    ],
)
def test_a_company_of_nonsense_is_not_added(wrong: dict[str, Any]):
    shop = open_shop()
    add(shop, "Nordlys AS", "NO", serves=["NO"])
    with pytest.raises(InvalidValue):
        add(shop, **wrong)
    assert shop.rows("SELECT name FROM legal_entities ORDER BY id") == [("Nordlys ApS",), ("Nordlys AS",)]


def test_a_company_of_another_tenant_sells_nothing_here():
    shop, stranger = open_shop(), open_shop()
    theirs = add(stranger)
    bo = shop.customer()
    for act in (
        lambda: shop.start(bo, "basic", entity_id=theirs),
        lambda: shop.start(bo, "basic", entity_id=Id(bytes(16))),
        lambda: numbered(shop, theirs, "yearly"),
    ):
        with pytest.raises(NotFound):
            act()
    assert shop.rows("SELECT count(*)::int FROM subscriptions") == [(0,)]
    assert stranger.rows("SELECT yearly FROM legal_entities") == [(False,), (False,)]
