"""A business in which something happened: there is a row in every table that only grows, and in most others."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import collection, feed, ledger, tenants
from tests.analytics.by_hand import correct_by_hand
from tests.operations.shop import ZONE, Shop, make_catalogue, open_shop


def lived_sandbox() -> Shop:
    shop = open_shop()
    _live(shop, shop.now)
    return shop


def lived_live_shop() -> Shop:
    """Live books: their clock is the machine's."""
    slug = f"klar-{secrets.token_hex(4)}"
    business = tenants.create_business(slug=slug, name="Klar", now=machine_now())
    tenant = tenants.create_tenant(
        business_id=business, slug=slug, name="Klar ApS", country="DK", currency="DKK", zone=ZONE, clock=None,
        now=machine_now(),
    )  # fmt: skip
    shop = Shop(tenant, slug, ZONE, make_catalogue(tenant))
    _live(shop, machine_now())
    return shop


def _live(shop: Shop, now: datetime) -> None:
    """Bo pays and leaves, so that his money is on his balance; Eva owes; the month is recognised."""
    bo = shop.customer("Bo", external_id="bo")
    shop.pays_with(bo, "ok")
    leaving = shop.start(bo, "basic", "seat*3", adjustment=Decimal(-5), external_id="bos")
    _collect(shop.tenant, now)
    shop.cancel(leaving)
    shop.start(shop.customer("Eva"), "plus")
    correct_by_hand(shop, now=now)
    ledger.recognise(tenant=shop.tenant, now=now + timedelta(days=40))
    feed.sequence(tenant=shop.tenant, limit=3)


def _collect(tenant: Id, now: datetime) -> None:
    claimed = collection.claim(tenant=tenant, as_of=now + timedelta(hours=1), now=machine_now())
    answers = [
        (call, ChargeResult(key=call.request.key, outcome=Outcome.SUCCEEDED, gateway_reference="ch"))
        for call in claimed.charges
    ]
    assert collection.book(tenant=tenant, answers=answers, now=machine_now()).succeeded == 1
