"""Nobody is charged twice: lost answers, doubled workers, keys, double clicks: defects D001 to D024."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from psycopg.errors import UniqueViolation

from perennia.config.clock import now as machine_now
from perennia.domain.errors import AlreadyExists, AlreadySubscribed, InvalidValue
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, DeclineClass, Outcome
from perennia.operations import catalog, changes, collection, subscriptions
from perennia.operations.collection import Call
from tests.config.machine import wait_for
from tests.defects.crowd import agrees, at_once, codes, one
from tests.operations.counter import charges, document, grants, pays
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


def intents(till: Till) -> list[Call]:
    return collection.claim(tenant=till.shop.tenant, as_of=till.shop.now, now=till.shop.now).charges


def book(till: Till, call: Call, outcome: Outcome, **more: object) -> collection.Booked:
    result = ChargeResult(key=call.request.key, outcome=outcome, **more)  # type: ignore[arg-type]
    return collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)


def heard(till: Till, key: str) -> dict[str, object]:
    """What the gateway's own books say of a key."""
    status, found = till.stand.ask("GET", f"/v1/charges/{key}")
    assert status == 200
    return dict(found)


def test_d001_a_charge_that_turns_up_after_another_payment_is_the_customers_money(till: Till) -> None:
    """Nobody may charge while it is unknown. What came in twice all the same is booked, and the rest is credit."""
    till.subscriber("drop-after")
    assert till.collect().unknown == 1 and till.collect().charges == 0
    pays(till.shop, 12500, document_id=document(till.shop))
    assert till.receivables() == [("paid", 0)]
    till.live_days(0.1)
    assert till.attempts() == [(0, "succeeded", None)] and till.effects() == [1]
    assert till.receivables() == [("paid", 0)] and till.balance() == 12500
    agrees(till.shop)


def test_d003_two_workers_that_both_answer_a_renewal_charge_it_once(till: Till) -> None:
    for _ in range(4):
        till.subscriber("ok")

    def collect() -> int:
        with open_till(till.shop, till.stand) as other:
            return other.collect(batch=1).charges

    assert sum(at_once(collect, collect)) == 4
    assert till.effects() == [1] * 4
    attempts = till.shop.rows("SELECT id, idempotency_key FROM attempts")
    assert [key for _, key in attempts] == [attempt.text("att") for attempt, _ in attempts]


def test_d004_an_hourly_job_never_sends_a_charge_again_whose_answer_was_an_error(till: Till) -> None:
    till.subscriber("drop-after")
    for _ in range(24):
        till.collect()
        till.shop.clock_to(till.shop.now + timedelta(hours=1))
    assert till.effects() == [1] and len(till.attempts()) == 1


def test_d005_a_charge_sent_again_bears_the_key_that_was_stored_with_its_intent(till: Till) -> None:
    till.subscriber("ok")
    (call,) = intents(till)
    assert one(till.shop, "SELECT idempotency_key FROM attempts") == call.request.key
    assert till.collect(alone=True).succeeded == 1  # the one who wrote the intent is gone
    assert heard(till, call.request.key)["status"] == "succeeded"
    assert len(till.attempts()) == 1


def test_d006_each_further_charge_of_an_invoice_has_a_key_of_its_own(till: Till) -> None:
    till.subscriber("seq:soft,ok")
    till.live_days(2)
    keys = [key for (key,) in till.shop.rows("SELECT idempotency_key FROM attempts ORDER BY created_at")]
    assert len(set(keys)) == 2
    assert [heard(till, key)["status"] for key in keys] == ["failed", "succeeded"]


def test_d007_a_payment_told_again_a_day_later_is_the_same_and_one_changed_is_refused(till: Till) -> None:
    """What was done is kept by our own key, for good, and not by somebody else's memory of a day."""
    till.subscriber("soft")
    first = pays(till.shop, 12500, "bank 77", document_id=document(till.shop))
    till.shop.clock_to(till.shop.now + timedelta(hours=25))
    assert pays(till.shop, 12500, "bank 77", document_id=document(till.shop)) == first
    with pytest.raises(AlreadyExists):
        pays(till.shop, 12499, "bank 77", document_id=document(till.shop))
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(12500,)]


def test_d008_a_charge_that_the_gateway_is_still_busy_with_is_pending_and_then_paid(till: Till) -> None:
    till.subscriber("slow-4s")
    assert till.collect().unknown == 1
    till.live_days(0.001)
    assert [state for _, state, _ in till.attempts()] == ["unknown"], "the gateway said that it is still at work"
    wait_for(lambda: till.effects() == [1], within_s=60)
    till.live_days(0.1)
    assert till.attempts() == [(0, "succeeded", None)] and till.receivables() == [("paid", 0)]
    assert till.told("payment.failed", "subscription.past") == []


def test_d009_the_answer_of_a_call_and_that_of_a_look_up_book_one_payment(till: Till) -> None:
    for n in range(10):
        till.subscriber("ok", name=f"Bo{n}")
        (call,) = intents(till)
        at_once(
            lambda call=call: book(till, call, Outcome.SUCCEEDED, gateway_reference=f"sbx_{call.request.key}"),
            lambda call=call: book(till, call, Outcome.SUCCEEDED, gateway_reference=f"sbx_{call.request.key}"),
        )
    assert till.shop.rows("SELECT count(*), sum(captured_minor)::int FROM payments") == [(10, 125000)]
    assert till.receivables() == [("paid", 0)] * 10 and till.balance() == 0


def test_d010_four_who_look_at_one_debt_at_once_intend_one_charge(till: Till) -> None:
    till.subscriber("ok")
    found = at_once(*[lambda: intents(till)] * 4)
    assert sorted(len(one) for one in found) == [0, 0, 0, 1]
    assert len(till.attempts()) == 1


def test_d012_three_deliveries_of_one_answer_settle_once_and_tell_once(till: Till) -> None:
    till.subscriber("ok")
    (call,) = intents(till)
    at_once(*[lambda: book(till, call, Outcome.SUCCEEDED, gateway_reference="sbx_1")] * 3)
    assert till.shop.rows("SELECT source, amount_minor FROM allocations") == [("payment", 12500)]
    assert till.told("payment", "invoice.paid") == ["payment.succeeded", "invoice.paid"]
    assert till.books()[101] == 12500


def test_d012_three_deliveries_of_the_answer_that_a_first_payment_waits_for_start_it_once(till: Till) -> None:
    till.subscriber("ok", payment_gated=True)
    (call,) = intents(till)
    at_once(*[lambda: book(till, call, Outcome.SUCCEEDED, gateway_reference="sbx_1")] * 3)
    assert till.shop.rows("SELECT number, net_minor FROM documents") == [(1, 10000)]
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(12500,)]
    assert one(till.shop, "SELECT status FROM subscriptions") == "active" and till.balance() == 0
    agrees(till.shop)


def test_d013_a_double_click_on_a_payment_by_hand_is_one_payment(till: Till) -> None:
    till.subscriber("soft")
    found = at_once(*[lambda: pays(till.shop, 12500, "cash 9", document_id=document(till.shop))] * 2)
    assert len(set(found)) == 1 and codes(found) == []
    assert till.shop.rows("SELECT count(*) FROM payments") == [(1,)] and till.balance() == 0


def _upgrade(shop: Shop, subscription: object) -> Callable[[], object]:
    def act() -> object:
        return changes.change_plan(
            tenant=shop.tenant, actor="bo", subscription_id=subscription, price_id=shop.prices["plus"],
            now=machine_now(),
        )  # type: ignore[arg-type]  # fmt: skip

    return act


def test_d014_a_hasty_customer_who_upgrades_many_times_at_once_has_one_plan() -> None:
    shop = _upgraded(times=12)
    assert one(shop, "SELECT sum(net_minor)::int FROM lines") == 10000 - 5000 + 12500
    shop.clock_to(shop.now + timedelta(days=14))
    shop.bill()
    assert shop.documents().splitlines()[-1].endswith(" 2025-02-28..2025-03-31 25000 + 0")
    agrees(shop)


def test_d014_what_an_upgrade_bought_bears_the_new_plans_name() -> None:
    assert " Plus " in _upgraded(times=1).documents()


def _upgraded(*, times: int) -> Shop:
    """Basic at 100.00 since 31 January, upgraded to Plus at 250.00 half-way through its month of 28 days."""
    shop = open_shop(tax=False)
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(shop.now + timedelta(days=14))
    at_once(*[_upgrade(shop, subscription)] * times)
    return shop


def test_d016_an_agreement_made_in_two_places_at_once_is_one() -> None:
    shop = open_shop()
    bo = shop.customer()
    found = at_once(*[lambda: shop.start(bo, "basic", external_id="contract 4711")] * 2)
    assert codes(found) == ["already_exists"]
    assert shop.rows("SELECT count(*) FROM subscriptions") == [(1,)]
    assert one(shop, "SELECT count(*) FROM documents") == 1


def test_d015_a_second_sign_up_is_refused_where_a_customer_has_one() -> None:
    """Reloaded, with a key of its own, at the same moment or later; also while the first waits for its payment."""
    shop = open_shop(tax=False)
    _one_each(shop)
    bo, eva = shop.customer(), shop.customer("Eva")
    found = at_once(*[lambda n=n: shop.start(bo, "basic", external_id=f"page {n}") for n in range(6)])
    assert codes(found) == ["already_subscribed"] * 5
    shop.start(eva, "plus", payment_behavior="incomplete")
    for again in ("basic", "later"):
        with pytest.raises(AlreadySubscribed):
            shop.start(eva, again, external_id="again")
    assert one(shop, "SELECT count(*) FROM subscriptions") == 2
    agrees(shop)


def test_d017_one_live_subscription_each_is_held_by_the_database_too() -> None:
    """However it is asked for: the row is refused. What ended gives way, and what runs may change its plan."""
    shop = open_shop(tax=False)
    product = _one_each(shop)
    bo = shop.customer()
    first = shop.start(bo, "basic")
    _upgrade(shop, first)()
    with pytest.raises(UniqueViolation, match="subscriptions_one_per_product"):
        shop.rows(
            """INSERT INTO subscriptions (id, tenant_id, customer_id, payer_id, entity_id, status, currency, zone,
                collection, net_days, started_at, cancel_cause, discounted, created_at, only_product_id)
            SELECT gen_random_uuid(), tenant_id, customer_id, payer_id, entity_id, status, currency, zone,
                collection, net_days, started_at, cancel_cause, discounted, created_at, only_product_id
            FROM subscriptions RETURNING id"""
        )
    shop.cancel(first)
    second = subscriptions.reactivate(tenant=shop.tenant, actor="bo", subscription_id=first, now=machine_now())
    with pytest.raises(AlreadySubscribed) as refused:
        shop.start(bo, "basic")
    assert refused.value.facts == {"subscription": second.text("sub")}
    catalog.limit_product(tenant=shop.tenant, product_id=product, one_per_customer=False)
    shop.start(bo, "basic")
    agrees(shop)


def _one_each(shop: Shop) -> Id:
    """From now on a customer has one live subscription to Basic, Plus or Later."""
    product: Id = one(shop, "SELECT id FROM products")
    catalog.limit_product(tenant=shop.tenant, product_id=product, one_per_customer=True)
    return product


def test_d018_a_worker_that_comes_upon_anothers_charge_makes_none_and_counts_none(till: Till) -> None:
    till.subscriber("soft")
    (call,) = intents(till)
    for _ in range(5):
        done = till.collect()
        assert (done.charges, done.looked_up, done.failed) == (0, 0, 0)
    book(till, call, Outcome.FAILED, decline_code="insufficient_funds", decline_class=DeclineClass.SOFT)
    till.live_days(15)
    assert [day for day, _, _ in till.attempts()] == [0, 1, 3, 5, 7, 14]


def test_d020_a_duplicate_at_the_gateway_means_look_it_up_and_not_declined(till: Till) -> None:
    till.subscriber("ok")
    (call,) = intents(till)
    till.calls["sandbox"].submit([call.request])
    while not till.calls["sandbox"].results(1):  # the answer is lost; then the provider says: you sent this before
        pass
    book(till, call, Outcome.FAILED, decline_code="E00027", decline_class=DeclineClass.DUPLICATE)
    assert [state for _, state, _ in till.attempts()] == ["unknown"]
    till.live_days(0.1)
    assert till.attempts() == [(0, "succeeded", None)] and till.effects() == [1]
    assert till.statuses() == ["active"]


def test_d021_a_gateway_that_never_answers_holds_a_worker_no_longer_than_its_limit(till: Till) -> None:
    till.subscriber("hang-before")
    assert till.collect().unknown == 1
    assert [state for _, state, _ in till.attempts()] == ["unknown"]


def test_d022_an_answer_slower_than_the_limit_is_a_payment_all_the_same(till: Till) -> None:
    till.subscriber("slow-after-0.8s")
    assert till.collect().unknown == 1
    till.live_days(0.01)
    assert till.attempts() == [(0, "succeeded", None)] and till.effects() == [1]
    assert till.statuses() == ["active"] and till.receivables() == [("paid", 0)]


@pytest.mark.parametrize("amount", [-1, 0, -(2**63), 2**63])
def test_d023_an_amount_below_one_or_beyond_counting_is_never_booked(amount: int) -> None:
    shop = open_shop(tax=False)
    bo = shop.customer()
    shop.start(bo, "basic")
    for book_it in (
        lambda: pays(shop, amount, document_id=document(shop)),
        lambda: pays(shop, amount, customer_id=bo),
        lambda: grants(shop, bo, amount),
    ):
        with pytest.raises(InvalidValue):
            book_it()
    with pytest.raises(InvalidValue):
        charges(shop, "nothing", str(Decimal(amount).scaleb(-2)), quantity="-1", customer_id=bo)
    assert shop.rows("SELECT count(*) FROM payments") == [(0,)]


def test_d024_a_charge_that_waits_for_the_customer_captured_nothing(till: Till) -> None:
    till.subscriber("authentication")
    till.collect()
    assert till.attempts() == [(0, "failed", "authentication_required")]
    assert till.shop.rows("SELECT count(*) FROM payments") == [(0,)]
    assert till.receivables() == [("recovering", 12500)] and 101 not in till.books()
