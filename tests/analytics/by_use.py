"""Yrsa is charged for what she uses: events of three months, one that came late, an invoice before its month was over."""

from datetime import datetime, timedelta
from decimal import Decimal

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, UsageEvent
from perennia.jobs import billing
from perennia.operations import usage
from tests.operations.metered import sell
from tests.operations.shop import Shop


def start_using(shop: Shop) -> Id:
    """Basic, and megabytes at 0.10, at least 5.00 a month; at 4.00 they are invoiced at once."""
    usage.create_meter(
        tenant=shop.tenant, code="megabytes", name="Megabytes", aggregation=Aggregation.SUM, now=machine_now()
    )
    sell(shop, "megabytes", "0.10", period_minimum=Decimal(5))
    yrsa = shop.customer("Yrsa")
    shop.pays_with(yrsa, "ok")
    return shop.start(yrsa, "basic", "megabytes", policy={"progressive_threshold": "4"})


def use(shop: Shop, subscription: Id, megabytes: str, *, ago: timedelta = timedelta(0)) -> None:
    at: datetime = shop.now - ago
    key = f"{at.isoformat()} {megabytes}"
    event = UsageEvent(key, "megabytes", at, Decimal(megabytes), subscription=subscription)
    (outcome,) = usage.record(tenant=shop.tenant, events=[event], now=machine_now()).outcomes
    assert outcome == "accepted", outcome
    billing.look_at_usage(tenant=shop.tenant, now=shop.now)
