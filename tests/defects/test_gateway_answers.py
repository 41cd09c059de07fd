"""Answers that come late, twice, in between, in another order or never: defects D131 to D139."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import collection, payers
from perennia.operations.collection import Call
from perennia.store import session
from perennia.store.reads import payments
from tests.defects.crowd import agrees, at_once, codes, one
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


def answered(call: Call, outcome: Outcome = Outcome.SUCCEEDED) -> tuple[Call, ChargeResult]:
    return call, ChargeResult(key=call.request.key, outcome=outcome, gateway_reference=f"sbx {call.request.key}")


def book(till: Till, *answers: tuple[Call, ChargeResult]) -> collection.Booked:
    return collection.book(tenant=till.shop.tenant, answers=answers, now=till.shop.now)


def claims(till: Till) -> list[Call]:
    return collection.claim(tenant=till.shop.tenant, as_of=till.shop.now, now=till.shop.now).charges


@pytest.mark.parametrize("_time", range(3))
def test_d131_answers_about_the_same_two_customers_in_either_order_are_both_booked(till: Till, _time: int) -> None:
    for name in ("Bo", "Eva"):
        till.subscriber("ok", name=name)
    one_way = [answered(call) for call in claims(till)]
    found = at_once(lambda: book(till, *one_way), lambda: book(till, *reversed(one_way)))
    assert codes(found) == [] and till.receivables() == [("paid", 0)] * 2
    assert one(till.shop, "SELECT count(*) FROM payments") == 2


def test_d131_two_who_each_want_the_other_as_payer_do_not_wait_for_each_other() -> None:
    shop = open_shop(tax=False)
    bo, eva = shop.customer("Bo"), shop.customer("Eva")

    def pays_for(payer: Id, customer: Id) -> None:
        payers.set_payer(tenant=shop.tenant, actor="astrid", customer_id=customer, payer_id=payer, now=machine_now())

    for _ in range(3):
        assert codes(at_once(lambda: pays_for(bo, eva), lambda: pays_for(eva, bo))) == ["payer_chain"]
        for customer in (bo, eva):
            payers.set_payer(tenant=shop.tenant, actor="astrid", customer_id=customer, now=machine_now())
    agrees(shop)


def test_d132_an_answer_that_comes_by_another_way_while_the_call_is_under_way_finds_its_attempt(till: Till) -> None:
    """The intent is committed before the gateway hears of it, so whoever is told first can book."""
    till.subscriber("slow-after-2s")

    def call() -> None:
        till.collect()
        session.forget_connection()

    caller = threading.Thread(target=call)
    caller.start()
    give_up_at = time.monotonic() + 60
    while not till.shop.rows("SELECT 1 FROM attempts"):
        assert time.monotonic() < give_up_at
    (attempt,) = till.shop.rows("SELECT id, payer_id, idempotency_key, token, document_id FROM attempts")
    request = collection.ChargeRequest(
        key=attempt[2], amount_minor=12500, currency="DKK", method=attempt[3], reference=attempt[4].text("inv")
    )
    assert book(till, answered(Call(attempt[0], attempt[1], "sandbox", request))).succeeded == 1
    caller.join(60)
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(12500,)]
    assert till.told("payment", "invoice.paid") == ["payment.succeeded", "invoice.paid"]


def _everything(till: Till) -> list[object]:
    shop = till.shop
    changes = shop.rows("SELECT change, before, after FROM history WHERE change NOT LIKE 'document%%' ORDER BY 1, 2, 3")
    return [till.receivables(), till.statuses(), till.books(), till.balance(), Counter(till.told()), changes]


def test_d133_what_a_look_up_found_has_every_effect_that_the_answer_would_have_had(stand: SandboxStand) -> None:
    found = []
    for script in ("seq:soft,ok", "seq:soft,drop-after"):
        with open_till(open_shop(), stand) as till:
            till.subscriber(script)
            till.live_days(2)
            found.append(_everything(till))
            agrees(till.shop)
    assert found[0] == found[1]


def test_d134_of_thirty_payments_every_lost_answer_is_found_within_a_day(till: Till) -> None:
    for n in range(30):
        till.subscriber("drop-after" if n % 10 == 3 else "ok")
    assert till.collect().unknown == 3
    till.live_days(1)
    assert till.receivables() == [("paid", 0)] * 30 and till.effects() == [1] * 30


@pytest.fixture
def own_stand(tmp_path: Path) -> Iterator[SandboxStand]:
    """A gateway that the test may kill and start again."""
    stand = SandboxStand(tmp_path)
    yield stand
    stand.stop()


def test_d135_every_payment_of_which_nothing_is_known_is_listed(own_stand: SandboxStand) -> None:
    with open_till(open_shop(), own_stand) as till:
        for script in ("drop-after", "ok", "drop-after"):
            till.subscriber(script)
        till.collect()
        own_stand.kill()
        till.live_days(8)
        with session.transaction(till.shop.tenant) as cursor:
            missing = payments.payments_unknown(cursor, tenant=till.shop.tenant)
        assert [found.amount_minor for found in missing] == [12500, 12500]
        own_stand.start()


def test_d136_where_no_answer_ever_comes_the_gateway_is_asked_and_it_is_decided(till: Till) -> None:
    till.subscriber("seq:hang-before,ok")
    assert till.collect().unknown == 1
    till.live_days(0.5)
    assert till.receivables() == [("paid", 0)] and till.effects() == [1]


def test_d139_an_answer_told_again_an_hour_after_it_was_booked_does_nothing(till: Till) -> None:
    till.subscriber("ok")
    (call,) = claims(till)
    book(till, answered(call))
    before = _everything(till)
    till.shop.clock_to(till.shop.now + timedelta(hours=1))
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN):
        book(till, answered(call, outcome))
    assert _everything(till) == before
