"""Half a year of a small business in which everything happened that is in the books so far."""

from datetime import date, timedelta
from decimal import Decimal

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id
from perennia.domain.pricing import Model
from perennia.gateways.port import ChargeResult, DeclineClass, Outcome
from perennia.operations import billing, catalog, changes, collection, coupons, feed, ledger, redemptions
from perennia.operations.chosen import Chosen
from tests.analytics.by_hand import correct_by_hand
from tests.analytics.by_use import start_using, use
from tests.operations.shop import Shop, open_shop


def lived_shop() -> Shop:
    """From 31 January to 1 May 2025: advance, arrears, years, trials; paid, declined, credited, spent from the balance."""
    shop = open_shop()
    bo, eva, ida, kai, lis, mia, ole = (
        shop.customer(name) for name in ("Bo", "Eva", "Ida", "Kai", "Lis", "Mia", "Ole")
    )
    for customer in (bo, eva, kai, lis):
        shop.pays_with(customer, "ok")
    shop.pays_with(ole, "soft")
    shop.start(bo, "basic", "seat*3", adjustment=Decimal(-5))
    leaving = shop.start(eva, "basic", "seat*2", anchor_on=date(2025, 2, 7))
    unpaid = shop.start(ida, "plus", collection=CollectionMode.SEND, net_days=30)
    yearly = shop.start(kai, "year")
    shop.start(lis, "later", "seat")
    shop.start(mia, "basic", trial_ends_on=date(2025, 2, 14))
    shop.start(ole, "basic")
    shop.start(mia, "plus", start_on=date(2025, 9, 1))
    using = start_using(shop)
    collect(shop)
    live_until(shop, date(2025, 2, 20))
    use(shop, using, "55")
    shop.cancel(leaving, at=midnight(date(2025, 2, 20), shop.zone))
    shop.cancel(unpaid, at=midnight(date(2025, 2, 10), shop.zone))
    live_until(shop, date(2025, 2, 25))
    shop.start(eva, "plus")
    live_until(shop, date(2025, 3, 1))
    use(shop, using, "7.5", ago=timedelta(days=2))
    use(shop, using, "20")
    live_until(shop, date(2025, 4, 25))
    shop.cancel(yearly)
    live_until(shop, date(2025, 5, 1))
    while feed.sequence(tenant=shop.tenant):
        pass
    per = shop.customer("Per", country="DE")
    shop.tax_status(per, "reverse_charge", tax_id="DE136695976")
    shop.start(per, "plus")
    coupons.create_coupon(
        tenant=shop.tenant, code="EUROS", amount_off_minor=500, currency="EUR", max_redemptions=9, now=machine_now()
    )
    redemptions.redeem(tenant=shop.tenant, actor="astrid", code="EUROS", customer_id=per, now=machine_now())
    correct_by_hand(shop, now=shop.now)
    wait_for_payment(shop, shop.start(shop.customer("Una"), "plus", trial_ends_on=date(2025, 9, 1)))
    return shop


def wait_for_payment(shop: Shop, trialing: Id) -> None:
    """A start that waits, and an add-on that waited in vain."""
    given = {"tenant": shop.tenant, "actor": "una", "subscription_id": trialing, "now": machine_now()}
    fee = catalog.create_price(
        tenant=shop.tenant, code="set-up", add_on_id=shop.rows("SELECT id FROM add_ons WHERE code = 'seat'")[0][0],
        unit_amount=Decimal(1), currency="DKK", model=Model.PER_UNIT, setup_fee=Decimal(50), now=machine_now(),
    )  # fmt: skip
    asked = changes.add_item(chosen=Chosen(fee, Decimal(1)), payment_gated=True, **given)
    changes.withdraw_change(change_id=asked.change_id, **given)
    shop.start(shop.customer("Vic"), "plus", payment_behavior="incomplete")


def live_until(shop: Shop, day: date) -> None:
    """Day by day: recognise, bill, collect."""
    end = midnight(day, shop.zone)
    while shop.now < end:
        shop.clock_to(min(shop.now + timedelta(days=1), end))
        ledger.recognise(tenant=shop.tenant, now=shop.now)
        while billing.run_chunk(tenant=shop.tenant, as_of=shop.now, now=shop.now).after:
            pass
        collect(shop)


def collect(shop: Shop) -> None:
    """Charge what is due; each method does what its token says."""
    claimed = collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    answers = [(call, _answer(call.request.key, call.request.method)) for call in claimed.charges]
    collection.book(tenant=shop.tenant, answers=answers, now=machine_now())


def _answer(key: str, token: str) -> ChargeResult:
    if token == "ok":
        return ChargeResult(key=key, outcome=Outcome.SUCCEEDED, gateway_reference=f"ch_{key}")
    return ChargeResult(
        key=key,
        outcome=Outcome.FAILED,
        decline_code="insufficient_funds",
        decline_class=DeclineClass.SOFT,
    )


def stranger() -> tuple[Shop, Id]:
    """Another business with one customer."""
    shop = open_shop()
    return shop, shop.customer("Stranger")
