"""Nordlys sells calls, storage and readers by what is used: add-ons with metered prices, and short ways to record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, Measured, Meter, Outcome, Question, UsageEvent
from perennia.domain.pricing import Model
from perennia.operations import catalog, usage
from perennia.store import session
from perennia.store.reads import metering as read_metering
from perennia.store.reads import usage as read_usage
from tests.operations.shop import ZONE, Shop, open_shop

METERS = {
    "calls": Aggregation.COUNT,
    "megabytes": Aggregation.SUM,
    "peak": Aggregation.MAX,
    "disk": Aggregation.LAST,
    "readers": Aggregation.UNIQUE,
}


@dataclass(slots=True)
class MeteredShop:
    shop: Shop
    subscription: Id

    @property
    def tenant(self) -> Id:
        return self.shop.tenant

    def event(self, key: str, value: str | None = "1", *, meter: str = "megabytes", **more: Any) -> UsageEvent:
        more.setdefault("at", self.shop.now - timedelta(hours=1))
        if "customer" not in more:
            more.setdefault("subscription", self.subscription)
        return UsageEvent(key=key, meter=meter, value=None if value is None else Decimal(value), **more)

    def record(self, *events: UsageEvent) -> list[Outcome]:
        return list(usage.record(tenant=self.tenant, events=events, now=machine_now()).outcomes)

    def one(self, event: UsageEvent) -> Outcome:
        (found,) = self.record(event)
        return found

    def measured(
        self, meter: str = "megabytes", *, start: datetime | None = None, end: datetime | None = None
    ) -> Measured:
        """What the billing run would be told of the subscription."""
        question = self.question(meter, start or self.shop.now - timedelta(days=400), end or self.shop.now)
        with session.transaction(self.tenant) as cursor:
            return read_usage.quantities(cursor, [question])[question]

    def question(self, meter: str, start: datetime, end: datetime) -> Question:
        return Question(self.subscription, self.meter(meter), start, end)

    def meter(self, code: str) -> Meter:
        with session.transaction(self.tenant) as cursor:
            return read_metering.meters(cursor, [code], tenant=self.tenant)[code]

    def counts(self) -> tuple[int, int]:
        """(rows of events, keys): what is accepted is there once, and nothing else is."""
        ((events, keys),) = self.shop.rows(
            "SELECT (SELECT count(*) FROM usage_events), (SELECT count(*) FROM usage_keys)"
        )
        return events, keys


def metered_shop(
    *, opened_on: date = date(2025, 1, 31), started_on: date | None = None, **policies: Any
) -> MeteredShop:
    """A sandbox at noon of a day with a meter of every kind, and Bo, who takes Basic and megabytes at 0.10."""
    shop = open_shop(opened_on=opened_on, **policies)
    for code, aggregation in METERS.items():
        usage.create_meter(
            tenant=shop.tenant, code=code, name=code, aggregation=aggregation, unit="MB", now=machine_now(),
            negative=code == "megabytes",
        )  # fmt: skip
    sell(shop, "megabytes", "0.10")
    bo = shop.customer("Bo", external_id="bo")
    subscription = shop.start(bo, "basic", "megabytes", external_id="bos", start_on=started_on or opened_on)
    return MeteredShop(shop, subscription)


def sell(shop: Shop, meter: str, amount: str, **more: Any) -> None:
    """An add-on whose price charges each unit of a meter."""
    ((meter_id,),) = shop.rows("SELECT id FROM meters WHERE code = %s", meter)
    ((product,),) = shop.rows("SELECT id FROM products LIMIT 1")
    add_on = catalog.create_add_on(tenant=shop.tenant, product_id=product, code=meter, name=meter.capitalize())
    shop.prices[meter] = catalog.create_price(
        tenant=shop.tenant, code=meter, add_on_id=add_on, unit_amount=Decimal(amount), currency="DKK",
        model=Model.PER_UNIT, meter_id=meter_id, now=machine_now(), **more,
    )  # fmt: skip


def local(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return midnight(day, ZONE) + timedelta(hours=hour, minutes=minute)


def keys(events: Iterable[UsageEvent]) -> list[str]:
    return [event.key for event in events]
