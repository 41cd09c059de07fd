"""Bo asks for more than he has paid for: it is only his once the money is there."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.domain.errors import (
    ChangePending,
    CurrencyMismatch,
    DomainError,
    InvalidValue,
    NotCanceling,
    SubscriptionEnded,
)
from perennia.domain.ids import Id
from perennia.operations import catalog, changes, collection, coupons, drafts, pauses, previews, subscriptions, tenants
from perennia.operations.chosen import Chosen
from perennia.store.session import forget_connection
from tests.conftest import Database
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import grants
from tests.operations.shop import Shop, open_shop
from tests.operations.test_collection_faults import run_until_it_dies
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    """Bo has Basic from the 1st of April at 100.00 and 25 %; his stories begin on the 16th, noon."""
    with open_till(open_shop(opened_on=date(2025, 4, 1)), stand) as till:
        yield till
        clean(till.shop)


def on_basic(till: Till, script: str = "ok") -> Id:
    _, bo = till.subscriber("ok" if script == "ok" else f"seq:ok,{script}")
    till.collect()
    till.live_days(15)
    return bo


def incomplete(till: Till, script: str | None = "ok", *codes: str, **more: Any) -> tuple[Id, Id]:
    customer = till.shop.customer("Bo")
    if script is not None:
        till.shop.pays_with(customer, f"{script}#{till.shop.slug}-first")
    return customer, till.shop.start(customer, *(codes or ("basic",)), payment_behavior="incomplete", **more)


def upgrade(shop: Shop, subscription: Id, code: str = "plus", **more: Any) -> changes.Asked:
    return changes.change_plan(
        tenant=shop.tenant, actor="bo", subscription_id=subscription, price_id=shop.prices[code], now=machine_now(),
        **{"payment_gated": True, **more},
    )  # fmt: skip


def pays(shop: Shop, draft: Id, amount: int, reference: str = "bank 1", currency: str = "DKK") -> Id:
    return drafts.record_payment(
        tenant=shop.tenant, actor="astrid", draft_id=draft, amount_minor=amount, currency=currency,
        reference=reference, now=machine_now(),
    )  # fmt: skip


def plan(shop: Shop) -> list[str]:
    """The plan that Bo has now."""
    rows = shop.rows(
        "SELECT p.code FROM item_versions v JOIN prices p ON p.id = v.price_id WHERE v.ends_at IS NULL ORDER BY 1"
    )
    return [row[0] for row in rows]


def drafted(shop: Shop) -> list[tuple[str, str | None, int]]:
    """(state, reason, minor units) of each draft."""
    return shop.rows("SELECT state, reason, amount_minor FROM drafts ORDER BY created_at, id")


def status(shop: Shop) -> str:
    return str(shop.rows("SELECT status FROM subscriptions")[0][0])


def clean(shop: Shop) -> None:
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [(one.name, one.examples) for one in found if one.failed] == []


BASIC = "invoice 1 due 2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500"
UPGRADED = f"""\
{BASIC}
invoice 2 due 2025-04-16: Plus 2025-04-16..2025-05-01 12500 + 3125
invoice 2 due 2025-04-16: Basic 2025-04-16..2025-05-01 -5000 + -1250"""


def test_an_upgrade_is_made_and_invoiced_when_it_is_paid(till: Till):
    bo = on_basic(till)
    asked = upgrade(till.shop, bo)
    assert asked.draft_id is not None
    assert (plan(till.shop), drafted(till.shop)) == (["basic"], [("open", None, 9375)])
    assert till.shop.documents() == BASIC
    assert till.collect().succeeded == 1
    assert (plan(till.shop), drafted(till.shop)) == (["plus"], [("paid", None, 9375)])
    assert till.shop.documents() == UPGRADED
    assert till.receivables() == [("paid", 0), ("paid", 0)]
    assert till.balance() == 0


def test_it_costs_what_it_cost_when_it_was_asked_for_and_is_dated_then(till: Till):
    bo = on_basic(till)
    asked = upgrade(till.shop, bo)
    till.shop.clock_to(till.shop.now + timedelta(hours=20))  # the 17th, and nobody was there to collect
    till.collect()
    assert till.shop.documents() == UPGRADED
    issued = till.shop.rows("SELECT issued_at FROM documents WHERE number = 2")
    assert issued == [(till.shop.now,)]
    rows = till.shop.rows("SELECT starts_at FROM item_versions WHERE ends_at IS NULL")
    assert rows == [(asked.effective_at,)]
    moved = till.shop.rows("SELECT kind, mrr_minor, effective_at FROM movements ORDER BY id")
    assert moved[-1] == ("expansion", 15000, asked.effective_at)


def test_told_in_order(till: Till):
    bo = on_basic(till)
    before = len(till.told())
    upgrade(till.shop, bo)
    till.collect()
    assert till.told()[before:] == [
        "subscription.change_awaits_payment", "subscription.changed", "invoice.issued", "payment.succeeded",
        "invoice.paid",
    ]  # fmt: skip


def test_a_declined_card_leaves_everything_as_it_was(till: Till):
    bo = on_basic(till, "soft")
    upgrade(till.shop, bo)
    assert till.collect().failed == 1
    assert (plan(till.shop), drafted(till.shop)) == (["basic"], [("dropped", "declined", 9375)])
    assert till.shop.rows("SELECT state FROM changes") == [("discarded",)]
    assert (till.shop.documents(), status(till.shop)) == (BASIC, "active")
    assert till.told("payment.failed", "subscription.change_d") == ["payment.failed", "subscription.change_discarded"]
    assert upgrade(till.shop, bo).draft_id is not None  # and he may ask again


def test_who_has_to_authenticate_keeps_waiting_and_may_pay_with_another_card(till: Till):
    customer, bo = till.subscriber("seq:ok,authentication")
    till.collect()
    till.live_days(15)
    upgrade(till.shop, bo)
    till.collect()
    assert drafted(till.shop) == [("open", None, 9375)]
    till.shop.pays_with(customer, f"ok#{till.shop.slug}-second")
    till.collect()
    assert (plan(till.shop), drafted(till.shop)) == (["plus"], [("paid", None, 9375)])


def test_unpaid_after_23_hours_it_is_discarded(till: Till):
    bo = on_basic(till, "authentication")
    upgrade(till.shop, bo)
    asked_at = till.shop.now
    till.live_until(asked_at + timedelta(hours=22, minutes=59))
    assert drafted(till.shop) == [("open", None, 9375)]
    till.live_until(asked_at + timedelta(hours=23))
    assert drafted(till.shop) == [("dropped", "expired", 9375)]
    assert till.shop.rows("SELECT closed_at FROM drafts") == [(asked_at + timedelta(hours=23),)]
    assert (plan(till.shop), till.shop.documents()) == (["basic"], BASIC)
    assert till.shop.rows("SELECT has_drafts FROM payers") == [(False,)]


def test_while_it_waits_no_other_change_is_taken_but_it_may_be_looked_at(till: Till):
    bo = on_basic(till)
    upgrade(till.shop, bo)
    shop, given = till.shop, {"tenant": till.shop.tenant, "actor": "bo", "subscription_id": bo, "now": machine_now()}
    for act in (
        lambda: upgrade(shop, bo),
        lambda: upgrade(shop, bo, payment_gated=False),
        lambda: changes.set_quantity(quantity=Decimal(2), **given),
        lambda: changes.add_item(chosen=Chosen(shop.prices["seat"], Decimal(1)), **given),
        lambda: changes.set_billing_day(day=5, **given),
        lambda: pauses.pause(**given),
        lambda: subscriptions.uncancel(**given),
    ):
        with pytest.raises(ChangePending) as refused:
            act()
        assert refused.value.facts["subscription"] == bo.text("sub")
    with previews.preview(tenant=shop.tenant, now=machine_now()) as seen:
        upgrade(shop, bo, payment_gated=False)
    assert [document.open_minor for document in seen.documents] == [9375]
    assert drafted(shop) == [("open", None, 9375)]


def test_what_waits_can_be_taken_back(till: Till):
    bo = on_basic(till)
    asked = upgrade(till.shop, bo)
    changes.withdraw_change(
        tenant=till.shop.tenant, actor="bo", subscription_id=bo, change_id=asked.change_id, now=machine_now()
    )
    assert drafted(till.shop) == [("dropped", "withdrawn", 9375)]
    assert till.collect().charges == 0
    assert changes.pending_changes(tenant=till.shop.tenant, actor="bo", subscription_id=bo, now=machine_now()) == ()


def test_a_cancellation_gives_up_what_waits(till: Till):
    bo = on_basic(till)
    upgrade(till.shop, bo)
    till.shop.cancel(bo)
    assert drafted(till.shop) == [("dropped", "given_up", 9375)]
    assert till.collect().charges == 0
    assert status(till.shop) == "canceled"


def test_a_downgrade_costs_nothing_and_is_made_at_once(till: Till):
    _, bo = till.subscriber("ok", "plus")
    till.collect()
    till.live_days(15)
    assert upgrade(till.shop, bo, "basic").draft_id is None
    assert (plan(till.shop), drafted(till.shop)) == (["basic"], [])


def test_what_the_balance_covers_is_made_at_once(till: Till):
    bo = on_basic(till)
    (customer,) = till.shop.rows("SELECT id FROM customers")[0]
    grants(till.shop, customer, 20000)
    assert upgrade(till.shop, bo).draft_id is None
    assert (plan(till.shop), till.balance()) == (["plus"], 20000 - 9375)


def test_only_a_change_of_now_can_wait_for_its_payment(till: Till):
    bo = on_basic(till)
    with pytest.raises(InvalidValue):
        upgrade(till.shop, bo, when="period_end")
    assert till.shop.rows("SELECT count(*) FROM changes") == [(0,)]


def test_more_seats_and_another_item_wait_as_well(till: Till):
    bo = on_basic(till)
    given = {"tenant": till.shop.tenant, "actor": "bo", "subscription_id": bo, "now": machine_now()}
    changes.add_item(chosen=Chosen(till.shop.prices["seat"], Decimal(2)), payment_gated=True, **given)
    till.collect()
    (seat,) = till.shop.rows("SELECT id FROM items WHERE kind = 'add_on'")[0]
    changes.set_quantity(item_id=seat, quantity=Decimal(6), payment_gated=True, **given)
    assert till.shop.rows("SELECT quantity FROM item_versions WHERE item_id = %s", seat) == [(Decimal(2),)]
    till.collect()
    assert drafted(till.shop) == [("paid", None, 1250), ("paid", None, 2500)]


def test_a_renewal_overtakes_it(till: Till):
    bo = on_basic(till, "authentication,ok")
    till.live_until(datetime.fromisoformat("2025-04-30T12:00+02:00"))
    upgrade(till.shop, bo)
    till.live_until(datetime.fromisoformat("2025-05-01T00:00+02:00"))
    assert [one[:2] for one in drafted(till.shop)] == [("dropped", "overtaken")]
    assert till.shop.documents().splitlines()[-1].startswith("invoice 2 due 2025-05-01: Basic")


def test_money_that_comes_after_the_renewal_is_his_balance(till: Till):
    """The gateway has charged him, the renewal is billed, and then the answer comes."""
    bo = on_basic(till)
    till.live_until(datetime.fromisoformat("2025-04-30T12:00+02:00"))
    upgrade(till.shop, bo)
    call, result = charged(till)
    till.shop.clock_to(datetime.fromisoformat("2025-05-01T00:00+02:00"))
    till.shop.bill()
    amount = call.request.amount_minor
    collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)
    assert drafted(till.shop) == [("dropped", "overtaken", amount)]
    assert (till.balance(), plan(till.shop)) == (amount, ["basic"])


def test_money_that_comes_with_the_renewal_not_billed_yet_is_his_balance_too(till: Till):
    bo = on_basic(till)
    till.live_until(datetime.fromisoformat("2025-04-30T12:00+02:00"))
    upgrade(till.shop, bo)
    call, result = charged(till)
    till.shop.clock_to(datetime.fromisoformat("2025-05-01T00:00+02:00"))
    collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)
    assert [one[:2] for one in drafted(till.shop)] == [("dropped", "overtaken")]
    assert (till.balance(), plan(till.shop)) == (call.request.amount_minor, ["basic"])
    assert len(till.receivables()) == 2


@pytest.mark.parametrize("again", range(3))
def test_the_renewal_and_the_payment_at_the_same_moment(till: Till, again: int):
    """Whoever comes first: the renewal is billed as it was, and the money is his."""
    bo = on_basic(till)
    midnight = datetime.fromisoformat("2025-05-01T00:00+02:00")
    till.live_until(midnight - timedelta(hours=12))
    upgrade(till.shop, bo)
    answer = charged(till)
    till.shop.clock_to(midnight)
    book = lambda: collection.book(tenant=till.shop.tenant, answers=[answer], now=till.shop.now)  # noqa: E731
    assert at_once(till.shop.bill, book) == []
    assert [one[:2] for one in drafted(till.shop)] == [("dropped", "overtaken")]
    assert (plan(till.shop), len(till.receivables())) == (["basic"], 2)
    paid = till.shop.rows("SELECT captured_minor FROM payments ORDER BY id")[-1][0]
    assert paid == answer[0].request.amount_minor


def test_two_changes_at_once_leave_one_waiting(till: Till):
    bo = on_basic(till)
    refused = at_once(*(lambda: upgrade(till.shop, bo) for _ in range(4)))
    assert [type(one) for one in refused] == [ChangePending] * 3
    assert drafted(till.shop) == [("open", None, 9375)]


def test_what_would_come_to_something_else_by_now_is_not_made_and_the_money_is_his(till: Till):
    bo = on_basic(till)
    (customer,) = till.shop.rows("SELECT id FROM customers")[0]
    upgrade(till.shop, bo)
    call, result = charged(till)
    grants(till.shop, customer, 1000)  # it would be paid from the balance in part
    collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)
    assert drafted(till.shop) == [("dropped", "differs", 9375)]
    assert (plan(till.shop), till.balance()) == (["basic"], 9375 + 1000)
    assert till.told("subscription.change_d") == ["subscription.change_discarded"]


def test_an_answer_that_comes_twice_is_booked_once(till: Till):
    bo = on_basic(till)
    upgrade(till.shop, bo)
    answer = charged(till)
    for _ in range(2):
        collection.book(tenant=till.shop.tenant, answers=[answer], now=till.shop.now)
    assert till.receivables() == [("paid", 0), ("paid", 0)]
    assert till.balance() == 0


def test_an_answer_that_was_lost_is_found_by_the_look_up(till: Till):
    bo = on_basic(till, "drop-after")
    upgrade(till.shop, bo)
    assert till.collect().unknown == 1
    till.live_until(till.shop.now + timedelta(minutes=2))
    assert (plan(till.shop), drafted(till.shop)) == (["plus"], [("paid", None, 9375)])


def test_a_gateway_that_is_away_is_tried_again(till: Till):
    bo = on_basic(till, "drop-before,ok")
    upgrade(till.shop, bo)
    till.collect()
    till.live_until(till.shop.now + timedelta(hours=3))
    assert (plan(till.shop), drafted(till.shop)) == (["plus"], [("paid", None, 9375)])


@pytest.mark.parametrize("step", ["intent", "call", "answer", "booking"])
def test_a_collector_that_dies_leaves_a_draft_that_the_next_one_settles(
    till: Till, database: Database, tmp_path: Path, step: str
):
    bo = on_basic(till)
    upgrade(till.shop, bo)
    run_until_it_dies(step, till, database, tmp_path / "sign")
    assert drafted(till.shop) in ([("open", None, 9375)], [("paid", None, 9375)])
    till.collect(alone=True)
    assert (plan(till.shop), drafted(till.shop)) == (["plus"], [("paid", None, 9375)])
    draft = till.shop.rows("SELECT id FROM drafts")[0][0]
    assert till.stand.effects(draft.text("drf")) == 1
    assert till.receivables() == [("paid", 0), ("paid", 0)]


def test_a_transfer_pays_a_draft(till: Till):
    bo = on_basic(till)
    draft = upgrade(till.shop, bo).draft_id
    assert draft is not None
    with pytest.raises(CurrencyMismatch):
        pays(till.shop, draft, 9375, currency="EUR")
    first = pays(till.shop, draft, 9375)
    assert pays(till.shop, draft, 9375) == first
    assert (plan(till.shop), till.receivables()) == (["plus"], [("paid", 0), ("paid", 0)])


def test_a_transfer_of_too_little_is_his_balance_and_the_draft_goes_on_waiting_for_its_own_money(till: Till):
    bo = on_basic(till)
    draft = upgrade(till.shop, bo).draft_id
    assert draft is not None
    pays(till.shop, draft, 9000)
    assert (till.balance(), drafted(till.shop)) == (9000, [("open", None, 9375)])


def test_a_subscription_begins_when_its_first_invoice_is_paid(till: Till):
    incomplete(till)
    assert (status(till.shop), till.shop.documents()) == ("incomplete", "")
    assert till.shop.rows("SELECT count(*) FROM movements") == [(0,)]
    till.collect()
    assert (status(till.shop), till.shop.documents()) == ("active", BASIC)
    assert till.statuses() == ["incomplete", "active"]
    assert till.receivables() == [("paid", 0)]
    assert till.shop.rows("SELECT kind, mrr_minor FROM movements") == [("new", 10000)]
    assert till.told() == [
        "subscription.created", "subscription.incomplete", "subscription.activated", "invoice.issued",
        "payment.succeeded", "invoice.paid",
    ]  # fmt: skip
    till.live_days(31)
    assert len(till.receivables()) == 2


def test_a_subscription_that_is_never_paid_leaves_no_trace_in_the_books(till: Till):
    coupons.create_coupon(
        tenant=till.shop.tenant, code="LAST", now=machine_now(), percent_off=Decimal(20), max_redemptions=1
    )
    _, bo = incomplete(till, "hard", coupon="last")
    assert till.shop.rows("SELECT redeemed FROM coupons") == [(1,)]
    till.collect()
    assert (status(till.shop), drafted(till.shop)) == ("incomplete", [("open", None, 10000)])
    till.live_days(1)
    assert (status(till.shop), drafted(till.shop)) == ("incomplete_expired", [("dropped", "expired", 10000)])
    for table in ("documents", "movements", "postings", "payments"):
        assert till.shop.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert till.shop.rows("SELECT redeemed FROM coupons") == [(0,)]
    assert till.shop.rows("SELECT count(*) FROM subscription_discounts WHERE ended_at IS NULL") == [(0,)]
    assert till.shop.rows("SELECT next_due_at FROM payers") == [(None,)]
    with pytest.raises(SubscriptionEnded):
        till.shop.cancel(bo)


def test_a_new_card_is_tried_at_once(till: Till):
    customer, _ = incomplete(till, "hard")
    till.collect()
    till.live_until(till.shop.now + timedelta(hours=2))
    till.shop.pays_with(customer, f"ok#{till.shop.slug}-second")
    till.collect()
    assert (status(till.shop), till.receivables()) == ("active", [("paid", 0)])


def test_without_a_card_it_waits_for_one(till: Till):
    customer, _ = incomplete(till, None)
    assert till.collect().charges == 0
    till.shop.pays_with(customer, f"ok#{till.shop.slug}-first")
    till.collect()
    assert status(till.shop) == "active"


def test_a_transfer_begins_it_too(till: Till):
    incomplete(till, None)
    (draft,) = till.shop.rows("SELECT id FROM drafts")[0]
    pays(till.shop, draft, 12500)
    assert (status(till.shop), till.shop.documents()) == ("active", BASIC)


def test_money_that_comes_too_late_is_his_balance(till: Till):
    incomplete(till)
    call, result = charged(till)
    till.shop.clock_to(till.shop.now + timedelta(hours=23))
    collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)
    assert (status(till.shop), till.balance()) == ("incomplete_expired", 12500)


def test_a_trial_or_a_later_start_needs_no_payment_first(till: Till):
    incomplete(till, "ok", trial_ends_on=date(2025, 4, 20))
    assert (status(till.shop), drafted(till.shop)) == ("trialing", [])


def test_it_can_be_given_up_and_is_then_over(till: Till):
    _, bo = incomplete(till)
    with pytest.raises(ChangePending):
        upgrade(till.shop, bo)
    assert till.shop.cancel(bo) == till.shop.now
    assert (status(till.shop), till.collect().charges) == ("incomplete_expired", 0)


def test_what_is_started_in_two_ways_at_once_is_not_mixed_up(till: Till):
    """One subscription waits for its payment, the payer's other one is billed meanwhile."""
    customer, _ = incomplete(till, "hard")
    till.collect()
    till.shop.start(customer, "plus")
    assert till.shop.documents() == "invoice 1 due 2025-04-01: Plus 2025-04-01..2025-05-01 25000 + 6250"


def test_an_unknown_behaviour_is_refused(till: Till):
    with pytest.raises(InvalidValue):
        till.shop.start(till.shop.customer(), "basic", payment_behavior="perhaps")
    assert till.shop.rows("SELECT count(*) FROM subscriptions") == [(0,)]


def without_a_card(till: Till, becomes: str) -> tuple[Id, Id]:
    customer = till.shop.customer("Bo")
    policy = {"trial_without_method": becomes}
    return customer, till.shop.start(customer, "basic", trial_ends_on=date(2025, 4, 11), policy=policy)


def test_a_trial_without_a_card_at_its_end_is_over_with_it(till: Till):
    _, bo = without_a_card(till, "cancel")
    with pytest.raises(NotCanceling):
        subscriptions.uncancel(tenant=till.shop.tenant, actor="bo", subscription_id=bo, now=machine_now())
    till.live_days(40)
    assert (till.statuses(), till.shop.documents()) == (["trialing", "canceled"], "")
    assert till.shop.rows("SELECT count(*) FROM movements") == [(0,)]


def test_a_card_left_in_time_keeps_it(till: Till):
    customer, _ = without_a_card(till, "cancel")
    till.live_days(5)
    till.shop.pays_with(customer, f"ok#{till.shop.slug}-first")
    till.live_days(10)
    assert till.statuses() == ["trialing", "active"]
    assert till.shop.documents() == "invoice 1 due 2025-04-11: Basic 2025-04-11..2025-05-11 10000 + 2500"


def test_a_trial_without_a_card_at_its_end_is_paused_and_goes_on_when_he_does(till: Till):
    customer, bo = without_a_card(till, "pause")
    till.live_days(20)
    assert (till.statuses(), till.shop.documents()) == (["trialing", "paused"], "")
    clean(till.shop)
    till.shop.pays_with(customer, f"ok#{till.shop.slug}-first")
    till.shop.clock_to(date(2025, 4, 25))
    pauses.resume(tenant=till.shop.tenant, actor="bo", subscription_id=bo, now=machine_now())
    assert till.statuses() == ["trialing", "paused", "active"]
    assert till.shop.documents() == "invoice 1 due 2025-04-25: Basic 2025-04-25..2025-05-25 10000 + 2500"
    assert till.shop.rows("SELECT kind, mrr_minor FROM movements") == [("new", 10000)]


def charged(till: Till) -> tuple[collection.Call, Any]:
    """The one charge that is due, made at the gateway, its answer not booked yet."""
    claimed = collection.claim(tenant=till.shop.tenant, as_of=till.shop.now, now=till.shop.now)
    (call,) = claimed.charges
    till.calls["sandbox"].submit([call.request])
    (result,) = till.calls["sandbox"].results(5)
    return call, result


def at_once(*acts: Any) -> list[DomainError]:
    """Do all at the same moment; the refusals."""
    barrier, refused, broken = Barrier(len(acts)), [], []

    def do(act: Any) -> None:
        barrier.wait()
        try:
            act()
        except DomainError as error:
            refused.append(error)
        except BaseException as error:
            broken.append(error)
        finally:
            forget_connection()

    threads = [Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    return refused


@pytest.mark.parametrize(("counted_from", "ends_on"), [("start", date(2025, 4, 11)), ("activation", date(2025, 4, 12))])
def test_a_trial_is_counted_from_the_start_or_from_the_payment_that_begins_it(
    till: Till, counted_from: str, ends_on: date
):
    """A set-up fee of 50.00 and ten days from 1 April; paid the morning after."""
    shop = till.shop
    fee = catalog.replace_price(
        tenant=shop.tenant, price_id=shop.prices["basic"], code="with-fee", setup_fee=Decimal(50), now=machine_now()
    )
    shop.prices["fee"] = fee
    incomplete(till, None, "fee", trial_days=10, policy={"trial_from": counted_from})
    shop.clock_to(shop.now + timedelta(hours=20))
    pays(shop, *shop.rows("SELECT id, amount_minor FROM drafts")[0])
    assert status(shop) == "trialing"
    assert shop.rows("SELECT trial_ends_at FROM subscriptions") == [(midnight(ends_on, shop.zone),)]
    shop.clock_to(ends_on)
    shop.bill()
    assert shop.documents().splitlines()[-1].startswith(f"invoice 2 due {ends_on}: Basic {ends_on}..")


def test_a_preview_shows_what_there_would_be_to_pay(till: Till):
    bo = on_basic(till)
    with previews.preview(tenant=till.shop.tenant, now=till.shop.now) as found:
        upgrade(till.shop, bo)
    assert [document.total_minor for document in found.documents] == [9375]
    assert (plan(till.shop), drafted(till.shop)) == (["basic"], [])
