"""A business is opened whole or not at all; its table of tax rates says one thing for each day."""

import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest

from perennia.domain.errors import (
    AlreadyExists,
    DomainError,
    InvalidValue,
    NoOpenTaxRate,
    NotFound,
    TaxRatesOverlap,
    UnknownCurrency,
    UnknownZone,
)
from perennia.domain.ids import Id
from perennia.operations import tenants
from perennia.operations.books import open_books
from perennia.store.reads import sellers
from perennia.store.session import forget_connection
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")

RIGHT: dict[str, Any] = {"name": "Nordlys", "country": "DK", "currency": "DKK", "zone": "Europe/Copenhagen"}


def _open(slug: str, **given: Any) -> Id:
    return tenants.open_business(slug=slug, **RIGHT | given, clock=None, now=datetime(2025, 1, 31, tzinfo=UTC))


def _slug() -> str:
    return f"new-{secrets.token_hex(4)}"


def _rate(tenant: Id, percent: str, valid_from: date, valid_to: date | None = None, **place: str) -> None:
    tenants.set_tax_rate(
        tenant=tenant, percent=Decimal(percent), valid_from=valid_from, valid_to=valid_to, source="a law",
        **{"country": "DK"} | place,
    )  # fmt: skip


def _table(tenant: Id) -> list[tuple[str, date, date | None]]:
    with open_books(tenant=tenant) as books:
        rates = sellers.tax_rates(books.cursor, tenant=tenant)
    return [(f"{rate.percent.normalize():f}", rate.valid_from, rate.valid_to) for rate in rates]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"currency": "ZZZ"}, UnknownCurrency),
        ({"country": "ZZ"}, InvalidValue),
        ({"country": "dk"}, InvalidValue),
        ({"zone": "Nowhere/Else"}, UnknownZone),
        ({"policies": {"no_such": 1}}, InvalidValue),
    ],
)
def test_a_refused_business_leaves_its_name_free(wrong: dict[str, Any], error: type[DomainError]):
    slug = _slug()
    with pytest.raises(error):
        _open(slug, **wrong)
    with pytest.raises(NotFound):
        tenants.find_business(slug)
    tenant = _open(slug)
    assert (tenants.find(slug).id, tenants.find(slug).business_id) == (tenant, tenants.find_business(slug))


def test_a_tenants_name_in_use_leaves_no_business_behind():
    slug, other = _slug(), _slug()
    _open(other)
    tenants.create_tenant(
        business_id=tenants.find_business(other), slug=slug, **RIGHT,
        clock=datetime(2025, 1, 1, tzinfo=UTC), now=datetime(2025, 1, 31, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(AlreadyExists) as refused:
        _open(slug)
    assert refused.value.facts["key"] == "tenants_slug_key"
    with pytest.raises(NotFound):
        tenants.find_business(slug)
    with pytest.raises(AlreadyExists) as refused:
        _open(other)
    assert refused.value.facts["key"] == "businesses_slug_key"


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (date(2025, 6, 1), None),
        (date(2024, 1, 1), None),
        (date(2025, 1, 1), date(2025, 1, 2)),
        (date(2024, 1, 1), date(2025, 1, 2)),
        (date(2025, 12, 31), date(2027, 1, 1)),
    ],
)
def test_two_rates_never_hold_on_one_day(valid_from: date, valid_to: date | None):
    shop = open_shop(tax=False)
    _rate(shop.tenant, "25", date(2025, 1, 1), date(2026, 1, 1))
    with pytest.raises(TaxRatesOverlap) as refused:
        _rate(shop.tenant, "20", valid_from, valid_to)
    assert refused.value.facts == {
        "country": "DK", "tax_class": "standard", "percent": "25", "valid_from": "2025-01-01", "valid_to": "2026-01-01",
    }  # fmt: skip
    assert len(_table(shop.tenant)) == 1


def test_rates_that_touch_or_are_for_something_else_stand_side_by_side():
    shop = open_shop(tax=False)
    _rate(shop.tenant, "25", date(2025, 1, 1), date(2026, 1, 1))
    _rate(shop.tenant, "24", date(2024, 1, 1), date(2025, 1, 1))
    _rate(shop.tenant, "26", date(2026, 1, 1))
    _rate(shop.tenant, "19", date(2025, 1, 1), country="DE")
    _rate(shop.tenant, "0", date(2025, 1, 1), tax_class="books")
    assert len(_table(shop.tenant)) == 5


def test_the_rate_in_force_is_ended_before_the_next():
    shop = open_shop()
    with pytest.raises(TaxRatesOverlap):
        _rate(shop.tenant, "26", date(2026, 1, 1))
    for country, end in (("DK", date(1992, 1, 1)), ("SE", date(2026, 1, 1))):
        with pytest.raises(NoOpenTaxRate):
            tenants.end_tax_rate(tenant=shop.tenant, country=country, valid_to=end)
    tenants.end_tax_rate(tenant=shop.tenant, country="DK", valid_to=date(2026, 1, 1))
    _rate(shop.tenant, "26", date(2026, 1, 1))
    assert _table(shop.tenant) == [("25", date(1992, 1, 1), date(2026, 1, 1)), ("26", date(2026, 1, 1), None)]


@pytest.mark.parametrize("valid_to", [date(2024, 12, 31), date(2025, 1, 1)])
def test_a_rate_ends_after_it_begins(valid_to: date):
    shop = open_shop(tax=False)
    with pytest.raises(InvalidValue) as refused:
        _rate(shop.tenant, "25", date(2025, 1, 1), valid_to)
    assert refused.value.facts["field"] == "valid_to"


def test_who_adds_a_rate_waits_for_another_who_does_and_is_then_refused():
    shop, ends = open_shop(tax=False), []

    def add() -> None:
        try:
            _rate(shop.tenant, "20", date(2026, 1, 1))
            ends.append("added")
        except TaxRatesOverlap as error:
            ends.append(error.code)
        finally:
            forget_connection()

    other = Thread(target=add)
    with open_books(tenant=shop.tenant):
        _rate(shop.tenant, "25", date(2025, 1, 1))
        other.start()
        other.join(timeout=1)
        assert ends == []
    other.join(timeout=30)
    assert ends == ["tax_rates_overlap"]
    assert _table(shop.tenant) == [("25", date(2025, 1, 1), None)]
