"""A business in which something happened: there is a row in every table that only grows, and in most others."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from perennia.config.clock import now as machine_now
from perennia.domain import metering
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, LimitKind, UsageEvent
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import collection, coupons, feed, ledger, preferences, redemptions, tenants, trials, usage
from perennia.operations.books import open_books
from perennia.store.reads.customers import customer
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
    eva = shop.customer("Eva")
    _use(shop, shop.start(eva, "plus"), now)
    _agree(shop, eva, now)
    correct_by_hand(shop, now=now)
    ledger.recognise(tenant=shop.tenant, now=now + timedelta(days=40))
    feed.sequence(tenant=shop.tenant, limit=3)


def _agree(shop: Shop, eva: Id, now: datetime) -> None:
    """Eva has a coupon for all she takes, tried the service once, and agreed to letters."""
    coupons.create_coupon(tenant=shop.tenant, code="SPRING", percent_off=Decimal(10), now=machine_now())
    redemptions.redeem(tenant=shop.tenant, actor="astrid", code="SPRING", customer_id=eva, now=machine_now())
    preferences.give_consent(
        tenant=shop.tenant, actor="eva", customer_id=eva, wording="Yes.", source="checkout", now=machine_now()
    )
    with open_books(tenant=shop.tenant) as books:
        product = books.cursor.execute("SELECT id FROM products").fetchall()[0][0]
        trials.remember(books, customer=customer(books.cursor, customer_id=eva), product_ids=[product], now=now)


def _use(shop: Shop, subscription: Id, now: datetime) -> None:
    """Eva calls twice, once by mistake, and wants to be told at a hundred."""
    told = {"tenant": shop.tenant, "now": machine_now()}
    usage.prepare_months(now=machine_now())
    usage.create_meter(code="calls", name="Calls", aggregation=Aggregation.COUNT, **told)
    usage.set_limit(subscription_id=subscription, meter="calls", kind=LimitKind.ALERT, quantity=Decimal(100), **told)
    calls = [UsageEvent(f"call {n}", "calls", now, subscription=subscription) for n in (1, 2)]
    assert set(usage.record(events=calls, **told).counts) == {metering.Outcome.ACCEPTED}
    assert usage.correct(event="call 2", key="call 2 was none", void=True, **told)


def _collect(tenant: Id, now: datetime) -> None:
    claimed = collection.claim(tenant=tenant, as_of=now + timedelta(hours=1), now=machine_now())
    answers = [
        (call, ChargeResult(key=call.request.key, outcome=Outcome.SUCCEEDED, gateway_reference="ch"))
        for call in claimed.charges
    ]
    assert collection.book(tenant=tenant, answers=answers, now=machine_now()).succeeded == 1
