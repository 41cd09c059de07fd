"""Money goes back by the gateway it came by: once, whatever becomes of the calls and of those who make them."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.jobs.collection import next_collection_at
from perennia.operations import refunds as sending
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import agrees, refunds
from tests.operations.shop import open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")
REFUNDS, UNDERWAY, SANDBOX = 60, 61, 101


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    with open_till(open_shop(tax=False), stand, timeout_s=1.0) as till:
        yield till


def paid_by(till: Till, script: str) -> Id:
    """The payment of an invoice over 100.00 by a card whose refunds do what the script says."""
    till.subscriber(f"ok~{script}")
    till.collect()
    return till.shop.rows("SELECT id FROM payments ORDER BY at DESC, id DESC LIMIT 1")[0][0]


def states(till: Till) -> list[tuple[object, ...]]:
    return till.shop.rows("SELECT state, decline_code FROM refunds ORDER BY created_at, id")


def given_back(till: Till) -> list[int]:
    """How often each refund took effect, by the gateway's own books."""
    keys = till.shop.rows("SELECT id FROM refunds ORDER BY created_at, id")
    return [till.stand.ask("GET", f"/v1/refunds?reference={key.text('ref')}")[1]["succeeded"] for (key,) in keys]


def test_a_refund_is_sent_and_booked(till: Till) -> None:
    payment = paid_by(till, "ok")
    refunds(till.shop, payment, 2500)
    assert next_collection_at(tenant=till.shop.tenant) == till.shop.now
    done = till.collect()
    assert (done.refunded, done.refunds_failed, done.charges) == (1, 0, 0)
    assert states(till) == [("succeeded", None)] and given_back(till) == [1]
    assert till.books()[SANDBOX] == 7500 and UNDERWAY not in till.books()
    assert till.told("refund") == ["refund.created", "refund.succeeded"]
    assert till.shop.rows("SELECT gateway_reference IS NOT NULL, next_step_at FROM refunds") == [(True, None)]
    assert till.collect().refunded == 0 and next_collection_at(tenant=till.shop.tenant) is None
    agrees(till.shop)


def test_a_refund_that_is_refused_is_told_and_the_money_is_where_it_was(till: Till) -> None:
    payment = paid_by(till, "hard")
    before = till.books()
    refunds(till.shop, payment, 2500)
    assert till.collect().refunds_failed == 1
    assert states(till) == [("failed", "account_closed")] and given_back(till) == [0]
    assert till.books() == before and till.shop.rows("SELECT refunded_minor FROM payments") == [(0,)]
    assert till.told("refund") == ["refund.created", "refund.failed"]
    assert next_collection_at(tenant=till.shop.tenant) is None
    agrees(till.shop)


def test_credit_that_could_not_be_paid_out_is_credit_again(till: Till) -> None:
    """100.00 on the balance, refunded: refused, and 100.00 on the balance again."""
    _, subscription = till.subscriber("ok~soft")
    till.collect()
    payment = till.shop.rows("SELECT id FROM payments")[0][0]
    till.shop.cancel(subscription, till.shop.now)
    owed = till.balance()
    assert owed == 10000
    refunds(till.shop, payment)
    assert till.balance() == 0
    till.collect()
    assert till.balance() == owed and states(till) == [("failed", "insufficient_funds")]
    agrees(till.shop)


@pytest.mark.parametrize("script", ["drop-after", "slow-after-1.5s"])
def test_an_answer_lost_after_the_effect_is_found_by_a_look_up(till: Till, script: str) -> None:
    refunds(till.shop, paid_by(till, script), 2500)
    done = till.collect()
    assert (done.refunded, done.refunds_underway) == (0, 1) and states(till) == [("created", None)]
    assert till.collect().refunds_underway == 0, "it is asked after when its time has come"
    assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(minutes=1)
    till.live_days(1)
    assert states(till) == [("succeeded", None)] and given_back(till) == [1]
    assert till.books()[SANDBOX] == 7500
    agrees(till.shop)


@pytest.mark.parametrize("script", ["seq:drop-before,ok", "seq:hang-before,drop-before,ok"])
def test_a_refund_lost_before_the_effect_goes_out_again(till: Till, script: str) -> None:
    refunds(till.shop, paid_by(till, script), 2500)
    till.collect()
    till.live_days(1)
    assert states(till) == [("succeeded", None)] and given_back(till) == [1]
    agrees(till.shop)


def test_an_outage_is_no_refusal(till: Till) -> None:
    refunds(till.shop, paid_by(till, "seq:outage,outage,ok"), 2500)
    till.collect()
    assert states(till) == [("created", None)]
    assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(hours=1)
    till.live_days(1)
    assert states(till) == [("succeeded", None)] and given_back(till) == [1]
    agrees(till.shop)


def test_two_parts_of_a_payment_are_two_refunds(till: Till) -> None:
    payment = paid_by(till, "seq:ok,drop-after")
    refunds(till.shop, payment, 2500)
    refunds(till.shop, payment)
    till.collect()
    till.live_days(0.1)
    assert states(till) == [("succeeded", None)] * 2 and given_back(till) == [1, 1]
    assert till.books().get(SANDBOX, 0) == 0
    agrees(till.shop)


def test_an_answer_that_comes_twice_or_late_is_booked_once(till: Till) -> None:
    refunds(till.shop, paid_by(till, "ok"), 2500)
    shop = till.shop
    (call,) = sending.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    assert sending.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now()) == [], "it is leased"
    till.calls["sandbox"].refund([call.request])
    (result,) = till.calls["sandbox"].results(5)
    for _ in range(3):
        sending.book(tenant=shop.tenant, call=call, result=result, now=machine_now())
    assert till.told("refund") == ["refund.created", "refund.succeeded"]
    assert till.books()[SANDBOX] == 7500
    agrees(shop)


@pytest.mark.parametrize("sent", [False, True])
def test_what_a_worker_left_is_looked_up_first(till: Till, sent: bool) -> None:
    refunds(till.shop, paid_by(till, "ok"), 2500)
    shop = till.shop
    (call,) = sending.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    if sent:  # the gateway has it, and the worker died before it heard
        till.calls["sandbox"].refund([call.request])
        till.calls["sandbox"].results(5)
    assert till.collect().refunded == 0, "it may be alive"
    assert till.collect(alone=True).refunded == 1
    assert given_back(till) == [1]
    agrees(shop)


@pytest.fixture
def own_stand(tmp_path: Path) -> Iterator[SandboxStand]:
    """A gateway that the test may kill and start again."""
    stand = SandboxStand(tmp_path)
    yield stand
    stand.stop()


def test_a_gateway_that_is_away_is_waited_for_and_one_that_never_tells_is_left_to_a_person(
    own_stand: SandboxStand,
) -> None:
    with open_till(open_shop(tax=False), own_stand) as till:
        first = paid_by(till, "ok")
        own_stand.kill()
        refunds(till.shop, first, 1000)
        till.collect()
        assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(minutes=5)
        own_stand.start()
        till.live_days(0.1)
        assert states(till) == [("succeeded", None)]
        refunds(till.shop, paid_by(till, "drop-after"), 1000)
        till.collect()
        own_stand.kill()
        till.live_days(9)
        assert till.shop.rows("SELECT look_ups, next_step_at FROM refunds WHERE state = 'created'") == [(12, None)]
        assert next_collection_at(tenant=till.shop.tenant) != till.shop.now
        own_stand.start()
        assert till.collect().refunded == 0
        assert till.collect(given_up=True).refunded == 1
        assert given_back(till) == [1, 1]
        agrees(till.shop)


def test_a_payment_that_the_gateway_has_no_name_for_is_left_to_a_person(till: Till) -> None:
    payment = paid_by(till, "ok")
    till.shop.rows("UPDATE payments SET gateway_reference = NULL RETURNING 1")
    refunds(till.shop, payment, 2500)
    assert till.collect().refunded == 0
    assert till.shop.rows("SELECT state, next_step_at FROM refunds") == [("created", None)]


def test_a_refund_at_the_gateway_is_within_its_charge(till: Till) -> None:
    """Our own books refuse it before the gateway is asked."""
    payment = paid_by(till, "ok")
    charge = till.shop.rows("SELECT gateway_reference FROM payments WHERE id = %s", payment)[0][0]
    body = {
        "key": f"k-{time.monotonic_ns()}",
        "amount_minor": 10001,
        "currency": "DKK",
        "charge": charge,
        "reference": "r",
    }
    status, said = till.stand.ask("POST", "/v1/refunds", body)
    assert (status, said["error"]["code"]) == (400, "refund_too_large")
    assert till.stand.ask("POST", "/v1/refunds", body | {"charge": "sbx_0"})[1]["error"]["code"] == "no_such_charge"
