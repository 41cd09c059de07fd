"""Bo pays, cannot pay, pays later, or never: what the till, the books and his subscription make of it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.jobs.collection import collect_due, next_collection_at
from perennia.operations import collection, tenants
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import ZONE, Shop, make_catalogue, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    with open_till(open_shop(), stand) as till:
        yield till


def test_a_card_that_works_pays_the_invoice(till: Till):
    till.subscriber("ok")
    done = till.collect()
    assert (done.charges, done.succeeded, done.failed) == (1, 1, 0)
    assert till.receivables() == [("paid", 0)]
    assert till.books() == {30: -10000, 50: -2500, 101: 12500}
    assert till.shop.rows("SELECT captured_minor, gateway FROM payments") == [(12500, "sandbox")]
    assert till.shop.rows("SELECT source, amount_minor FROM allocations") == [("payment", 12500)]
    assert till.told("payment", "invoice") == ["invoice.issued", "payment.succeeded", "invoice.paid"]
    assert till.effects() == [1]


def test_nothing_is_charged_after_full_payment(till: Till):
    till.subscriber("ok")
    till.collect()
    assert till.collect().charges == 0
    till.live_days(20)
    assert till.effects() == [1]


def test_soft_declines_are_repeated_on_days_1_and_3_and_then_he_is_well_again(till: Till):
    till.subscriber("seq:soft,soft,ok")
    till.collect()
    assert till.statuses() == ["active", "past_due"]
    till.live_days(20)
    assert till.attempts() == [
        (0, "failed", "insufficient_funds"), (1, "failed", "insufficient_funds"), (3, "succeeded", None),
    ]  # fmt: skip
    assert till.receivables() == [("paid", 0)]
    assert till.statuses() == ["active", "past_due", "active"]
    assert till.told("payment", "subscription.past", "subscription.rec") == [
        "payment.failed", "subscription.past_due", "payment.failed", "payment.succeeded", "subscription.recovered",
    ]  # fmt: skip


def test_past_due_still_counts_as_a_subscriber(till: Till):
    till.subscriber("soft")
    till.collect()
    assert till.shop.rows("SELECT kind FROM movements") == [("new",)]


def test_a_hard_decline_is_never_repeated_and_a_new_card_is_tried_at_once(till: Till):
    bo, _ = till.subscriber("hard")
    till.collect()
    till.live_days(6)
    assert till.attempts() == [(0, "failed", "account_closed")]
    till.shop.pays_with(bo, f"ok#{till.shop.slug}-new")
    assert till.collect().succeeded == 1
    assert till.attempts()[1:] == [(6, "succeeded", None)]
    assert till.statuses()[-1] == "active"


@pytest.mark.parametrize("script", ["hard", "fraud", "authentication"])
def test_whose_card_may_not_be_charged_again_is_cancelled_on_the_last_day_without_another_call(till: Till, script: str):
    till.subscriber(script)
    till.live_days(13.9)
    assert till.statuses() == ["active", "past_due"]
    till.live_days(0.2)
    assert till.statuses() == ["active", "past_due", "canceled"]
    assert len(till.attempts()) == 1


def test_the_end_of_the_schedule_cancels_and_credits_what_was_not_used(till: Till):
    till.subscriber("soft")
    till.live_days(20)
    assert [day for day, _, _ in till.attempts()] == [0, 1, 3, 5, 7, 14]
    assert till.statuses() == ["active", "past_due", "canceled"]
    assert till.shop.rows("SELECT kind, mrr_minor, cause FROM movements ORDER BY id") == [
        ("new", 10000, None), ("churn", -10000, "failed_payment"),
    ]  # fmt: skip
    # 31 January to 14 February used: 14 of 28 days; the other half of 125.00 is credited
    assert till.shop.documents().splitlines()[1] == (
        "credit_note 1 due 2025-02-14: Basic 2025-02-14..2025-02-28 -5000 + -1250"
    )
    assert till.receivables() == [("given_up", 6250)]
    assert till.shop.rows("SELECT next_attempt_at FROM receivables") == [(None,)]
    assert till.balance() == 0
    assert till.told("invoice") == ["invoice.issued", "invoice.uncollectible"]
    till.live_days(60)
    assert len(till.attempts()) == 6 and till.told("invoice.issued") == ["invoice.issued"]


def test_a_new_card_on_the_last_day_but_one_still_saves_the_subscription(till: Till):
    bo, _ = till.subscriber("hard")
    till.live_days(13.9)
    till.shop.pays_with(bo, f"seq:soft,ok#{till.shop.slug}-late")
    till.collect()
    till.live_days(3)
    assert [(state, code) for _, state, code in till.attempts()] == [
        ("failed", "account_closed"), ("failed", "insufficient_funds"), ("succeeded", None),
    ]  # fmt: skip
    assert till.statuses()[-1] == "active"


def test_without_a_method_the_schedule_runs_without_a_call(till: Till):
    bo = till.shop.customer()
    till.shop.start(bo, "basic")
    till.collect()
    till.live_days(4)
    assert till.attempts() == [(day, "failed", "no_payment_method") for day in (0, 1, 3)]
    assert till.statuses() == ["active", "past_due"] and till.effects() == [0]
    till.shop.pays_with(bo, f"ok#{till.shop.slug}-first")
    assert till.collect().succeeded == 1
    assert till.statuses() == ["active", "past_due", "active"]


def test_who_never_gives_a_method_is_cancelled_on_the_last_day(till: Till):
    till.shop.start(till.shop.customer(), "basic")
    till.live_days(15)
    assert [day for day, _, _ in till.attempts()] == [0, 1, 3, 5, 7]
    assert till.statuses() == ["active", "past_due", "canceled"]
    assert till.receivables() == [("given_up", 6250)]


def test_an_outage_is_no_decline(till: Till):
    till.subscriber("seq:outage,outage,ok")
    till.collect()
    assert till.shop.rows("SELECT state, attempts, first_failed_at FROM receivables") == [("open", 0, None)]
    till.live_days(0.5)
    assert till.receivables() == [("paid", 0)]
    assert till.statuses() == ["active"]
    assert "payment.failed" not in till.told()


def test_a_credit_note_between_intent_and_booking_sends_the_excess_to_the_balance(till: Till):
    _, subscription = till.subscriber("ok")
    shop, now = till.shop, till.shop.now
    claimed = collection.claim(tenant=shop.tenant, as_of=now, now=now)
    shop.cancel(subscription)
    assert till.receivables() == [("paid", 0)]
    till.calls["sandbox"].submit([call.request for call in claimed.charges])
    (result,) = till.calls["sandbox"].results(5)
    collection.book(tenant=shop.tenant, answers=[(claimed.charges[0], result)], now=now)
    assert till.balance() == 12500
    assert till.receivables() == [("paid", 0)] and till.effects() == [1]
    assert till.books() == {20: -12500, 101: 12500}


def test_part_of_it_credited_meanwhile_the_rest_is_settled(till: Till):
    _, subscription = till.subscriber("ok")
    shop, now = till.shop, till.shop.now
    claimed = collection.claim(tenant=shop.tenant, as_of=now, now=now)
    later = shop.clock_to(date(2025, 2, 14))
    shop.cancel(subscription)
    assert till.receivables() == [("open", 6250)]
    till.calls["sandbox"].submit([call.request for call in claimed.charges])
    (result,) = till.calls["sandbox"].results(5)
    booked = collection.book(tenant=shop.tenant, answers=[(claimed.charges[0], result)] * 2, now=later)
    assert booked.succeeded == 1
    assert till.balance() == 6250 and till.receivables() == [("paid", 0)]
    assert shop.rows("SELECT has_credit FROM payers") == [(True,)]


def test_he_is_well_only_when_nothing_of_his_fails_any_more(stand: SandboxStand):
    with open_till(open_shop(dunning_days=[40, 60]), stand) as till:
        till.subscriber("seq:soft,soft,ok")
        till.live_until(midnight(date(2025, 3, 13), ZONE))
        assert till.receivables() == [("paid", 0), ("recovering", 12500)]  # of January, on 12 March; of February
        assert till.statuses() == ["active", "past_due"]
        till.live_until(midnight(date(2025, 4, 8), ZONE))
        assert till.receivables() == [("paid", 0), ("recovering", 12500), ("paid", 0)]
        assert till.statuses() == ["active", "past_due"]
        till.live_until(midnight(date(2025, 4, 10), ZONE))
        assert till.statuses() == ["active", "past_due", "active"]


def test_the_schedule_is_the_tenants_own(stand: SandboxStand):
    with open_till(open_shop(dunning_days=[2, 4]), stand) as till:
        till.subscriber("soft")
        till.live_days(10)
        assert [day for day, _, _ in till.attempts()] == [0, 2, 4]
        assert till.statuses()[-1] == "canceled"


def test_after_a_week_of_downtime_missed_days_are_skipped_not_caught_up(till: Till):
    till.subscriber("soft")
    till.collect()
    till.shop.clock_to(till.shop.now + timedelta(days=6))
    till.live_days(2)
    assert [day for day, _, _ in till.attempts()] == [0, 6, 7]


def test_the_gateway_hears_our_key_and_the_invoice(till: Till):
    till.subscriber("ok")
    till.collect()
    key, reference, document = till.shop.rows("SELECT idempotency_key, gateway_reference, document_id FROM attempts")[0]
    status, charge = till.stand.ask("GET", f"/v1/charges/{key}")
    assert status == 200 and charge["id"] == reference and charge["reference"] == document.text("inv")


def test_a_debt_beside_the_subscription_of_another_payer_is_left_alone(till: Till):
    till.subscriber("soft", name="Bo")
    _, other = till.subscriber("ok", name="Dina")
    till.live_days(20)
    assert till.shop.rows("SELECT status FROM subscriptions WHERE id = %s", other) == [("active",)]


def test_next_collection_is_the_next_attempt(till: Till):
    assert next_collection_at(tenant=till.shop.tenant) is None
    till.subscriber("soft")
    now: datetime = till.shop.now
    assert next_collection_at(tenant=till.shop.tenant) == now
    till.collect()
    assert next_collection_at(tenant=till.shop.tenant) == now + timedelta(days=1)


def test_live_books_are_dated_by_the_machine(stand: SandboxStand):
    shop = open_shop()
    live = tenants.create_tenant(
        business_id=tenants.find(shop.slug).business_id,
        slug=f"{shop.slug}-live",
        name="Nordlys ApS",
        country="DK",
        currency="DKK",
        zone=ZONE,
        clock=None,
        now=machine_now(),
    )
    till_of_live = Shop(live, f"{shop.slug}-live", ZONE, make_catalogue(live))
    with open_till(till_of_live, stand) as till:
        till.subscriber("soft")
        began = machine_now()
        done = collect_due(tenant=live, as_of=began, now=began, calls=till.calls, machine_now=machine_now)
        assert done.failed == 1
        ((failed_at, again_at),) = till.shop.rows("SELECT first_failed_at, next_attempt_at FROM receivables")
        assert began <= failed_at <= machine_now() and again_at == failed_at + timedelta(days=1)
