"""How often the clock ticks changes nothing: hour by hour or months at once, also over the nights that are not 24 hours."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import Interval, Unit, midnight
from perennia.domain.ids import Id
from perennia.jobs.advancing import advance
from perennia.jobs.collection import open_calls
from perennia.operations import catalog
from tests.faults.books import differences, told, wrong
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

OPENED_ON, ENDS_ON = date(2025, 3, 7), date(2025, 6, 2)
SUBSCRIBERS = (
    # name, zone, what, card; New York's clocks go forward on 9 March, Lord Howe's half an hour back on 6 April
    ("Ann", "America/New_York", ("daily",), "every-5:soft"),
    ("Bea", "America/New_York", ("basic", "seat*3"), "every-2:soft"),
    ("Lou", "Australia/Lord_Howe", ("daily",), "every-7:soft"),
    ("Liz", "Australia/Lord_Howe", ("later", "seat"), "soft"),
    ("Bo", "Europe/Copenhagen", ("plus",), "ok"),
)
NIGHTS = (date(2025, 3, 8), date(2025, 3, 29), date(2025, 4, 5))
"""The days before the clocks change in New York, Copenhagen and Lord Howe."""


def a_business() -> Shop:
    shop = open_shop(opened_on=OPENED_ON)
    shop.prices["daily"] = _daily_price(shop)
    for name, zone, codes, card in SUBSCRIBERS:
        customer = shop.customer(name, zone=zone)
        shop.pays_with(customer, f"{card}#{shop.slug}-{name}")
        ends = date(2025, 4, 12) if "daily" in codes else None
        shop.start(customer, *codes, start_on=date(2025, 3, 8), anchor_on=date(2025, 3, 8), cancel_on=ends)
    return shop


def _daily_price(shop: Shop) -> Id:
    product = catalog.create_product(tenant=shop.tenant, code="paper", name="Paper")
    plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code="daily", name="Daily")
    return catalog.create_price(
        tenant=shop.tenant,
        code="daily",
        plan_id=plan,
        unit_amount=Decimal("19.95"),
        currency="DKK",
        interval=Interval(Unit.DAY),
        now=machine_now(),
    )


def instants(shop: Shop, *, ticks: timedelta | None) -> list[datetime]:
    """Where the clock stops: at the end alone, or also tick by tick through the days around the changes."""
    end = midnight(ENDS_ON, shop.zone)
    if ticks is None:
        return [end]
    found: list[datetime] = []
    for day in NIGHTS:
        at = midnight(day, shop.zone)
        while at <= midnight(day + timedelta(days=2), shop.zone):
            found.append(at)
            at += ticks
    return [*found, end]


def live(shop: Shop, stand: SandboxStand, *, ticks: timedelta | None) -> None:
    calls = open_calls(stand.url)
    try:
        for to in instants(shop, ticks=ticks):
            advance(tenant=shop.tenant, to=max(to, shop.now), calls=calls, machine_now=machine_now)
    finally:
        calls["sandbox"].close(grace_s=1.0)


@pytest.mark.slow
def test_an_hour_at_a_time_or_three_months_at_once(stand: SandboxStand):
    at_once, hourly = a_business(), a_business()
    live(at_once, stand, ticks=None)
    live(hourly, stand, ticks=timedelta(hours=1))
    assert differences(told(hourly), told(at_once)) == []
    assert wrong(hourly) == [] and wrong(at_once) == []
    assert due_around(hourly, "Ann", date(2025, 3, 9)) == [
        datetime(2025, 3, 8, 5, tzinfo=UTC),
        datetime(2025, 3, 9, 5, tzinfo=UTC),
        datetime(2025, 3, 10, 4, tzinfo=UTC),  # a day of 23 hours
        datetime(2025, 3, 11, 4, tzinfo=UTC),
    ]
    assert due_around(hourly, "Lou", date(2025, 4, 6)) == [
        datetime(2025, 4, 4, 13, tzinfo=UTC),
        datetime(2025, 4, 5, 13, tzinfo=UTC),
        datetime(2025, 4, 6, 13, 30, tzinfo=UTC),  # a day of 24 hours and a half
        datetime(2025, 4, 7, 13, 30, tzinfo=UTC),
    ]


def due_around(shop: Shop, name: str, day: date) -> list[datetime]:
    """The due times from a day before the change to two days after it."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    rows = shop.rows(
        """SELECT d.due_at FROM documents d JOIN customers c ON c.id = d.payer_id
        WHERE c.name = %s AND d.kind = 'invoice' AND d.due_at BETWEEN %s AND %s ORDER BY d.due_at""",
        name, noon - timedelta(days=2), noon + timedelta(days=2),
    )  # fmt: skip
    return [due for (due,) in rows]
