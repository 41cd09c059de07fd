"""What is told once, and work that dies, waits or is wanted by many: defects D144 to D157."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest

from perennia.config.clock import now as machine_now
from perennia.gateways.port import ChargeResult, DeclineClass, Outcome
from perennia.operations import changes, collection, feed
from perennia.operations.collection import Call
from tests.conftest import Database
from tests.defects.crowd import agrees, at_once, invoices, one
from tests.faults.victims import run_and_die_at, side_by_side
from tests.operations.counter import charges, document, pays
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")

WAYS: dict[str, tuple[str, Callable[[Till], object]]] = {
    "by the card": ("ok", lambda till: till.live_days(0.1)),
    "found by a look-up": ("drop-after", lambda till: till.live_days(0.1)),
    "by hand, for the invoice": ("hard", lambda till: pays(till.shop, 12500, document_id=document(till.shop))),
    "by hand, for the customer": (
        "hard",
        lambda till: pays(till.shop, 12500, customer_id=one(till.shop, "SELECT id FROM customers")),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_d144_a_payment_is_told_the_same_whatever_way_it_came(till: Till, way: str) -> None:
    script, pay = WAYS[way]
    till.subscriber(script)
    pay(till)
    assert till.told("payment", "invoice.paid") == ["payment.succeeded", "invoice.paid"]
    while feed.sequence(tenant=till.shop.tenant):
        pass
    told = till.shop.rows("SELECT seq, type FROM feed ORDER BY seq")
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1)) and ("invoice.paid" in dict(told).values())


def _first(till: Till) -> None:
    till.subscriber("seq:soft,ok")


def _renewal(till: Till) -> None:
    till.subscriber("seq:ok,soft,ok")
    till.live_until(till.shop.now + timedelta(days=27))
    till.shop.clock_to(date(2025, 2, 28))
    till.shop.bill()


def _one_off(till: Till) -> None:
    bo = till.shop.customer()
    till.shop.pays_with(bo, f"seq:soft,ok#{till.shop.slug}")
    charges(till.shop, "Installation", "100.00", customer_id=bo)


def _upgrade(till: Till) -> None:
    _, subscription = till.subscriber("seq:ok,soft,ok")
    till.collect()
    changes.change_plan(
        tenant=till.shop.tenant, actor="bo", subscription_id=subscription, price_id=till.shop.prices["plus"],
        now=machine_now(),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [_first, _renewal, _one_off, _upgrade], ids=lambda kind: kind.__name__[1:])
def test_d145_every_kind_of_invoice_tells_of_its_failures_and_of_the_payment_after_them(
    till: Till, kind: Callable[[Till], None]
) -> None:
    kind(till)
    before = len(till.told("payment", "invoice.paid"))
    till.live_days(1.1)
    assert till.told("payment", "invoice.paid")[before:] == ["payment.failed", "payment.succeeded", "invoice.paid"]


def test_d146_an_invoice_that_is_tried_three_times_was_issued_once(till: Till) -> None:
    till.subscriber("seq:soft,soft,ok")
    till.live_days(4)
    assert len(till.attempts()) == 3 and till.told("invoice.issued") == ["invoice.issued"]


def claims(till: Till, *, limit: int = 500) -> list[Call]:
    return collection.claim(tenant=till.shop.tenant, as_of=till.shop.now, now=till.shop.now, limit=limit).charges


def _minutes_later(database: Database) -> None:
    """The lease of whatever is under way is over."""
    with psycopg.connect(database.dsn("owner")) as connection:
        connection.execute("UPDATE attempts SET leased_until = leased_until - interval '3 minutes'")


@pytest.mark.parametrize("step", [12, 18, 24])
def test_d149_what_the_only_worker_left_when_it_was_killed_is_done_when_it_starts_again(till: Till, step: int) -> None:
    for script in ("ok", "ok", "soft"):
        till.subscriber(script)

    def work() -> None:
        with open_till(till.shop, till.stand) as other:
            other.collect()

    assert run_and_die_at(step, work)
    till.collect(alone=True)
    till.live_days(0.1)
    assert till.receivables() == [("paid", 0), ("paid", 0), ("recovering", 12500)]
    assert till.effects() == [1, 1, 0]
    agrees(till.shop)


def test_d151_of_ten_attempts_with_three_left_under_way_three_are_taken_up(till: Till) -> None:
    for _ in range(10):
        till.subscriber("ok")
    left = claims(till, limit=3)
    till.collect(batch=4)
    assert len(till.attempts()) == 10
    done = till.collect(alone=True)
    assert (done.looked_up, done.charges) == (3, 3) and len(left) == 3
    assert till.effects() == [1] * 10


@pytest.mark.parametrize("alone", [True, False], ids=["a worker alone", "one of several"])
def test_d152_what_a_worker_left_is_recovered_by_either_kind_of_worker(
    till: Till, database: Database, alone: bool
) -> None:
    till.subscriber("ok")
    claims(till)
    assert till.collect().charges == 0
    if not alone:
        _minutes_later(database)
    assert till.collect(alone=alone).succeeded == 1
    assert till.effects() == [1]


def test_d153_an_attempt_under_way_whose_lease_is_over_is_taken_up_without_being_told(
    till: Till, database: Database
) -> None:
    till.subscriber("drop-before")
    claims(till)
    assert till.collect().looked_up == 0, "it may be alive"
    _minutes_later(database)
    assert till.collect().looked_up == 1


@pytest.mark.parametrize("card", ["ok", "soft", "hard"])
def test_d154_who_wakes_up_after_its_lease_changes_nothing_that_others_decided(till: Till, card: str) -> None:
    till.subscriber(card)
    (slow,) = claims(till)
    till.collect(alone=True)
    before = (till.receivables(), till.attempts(), till.books(), till.told(), till.statuses())
    for outcome, decline in ((Outcome.FAILED, DeclineClass.HARD), (Outcome.UNKNOWN, None), (Outcome.NOT_SENT, None)):
        late = ChargeResult(key=slow.request.key, outcome=outcome, decline_class=decline)
        collection.book(tenant=till.shop.tenant, answers=[(slow, late)], now=till.shop.now)
    assert (till.receivables(), till.attempts(), till.books(), till.told(), till.statuses()) == before
    assert len(till.attempts()) == 1


def test_d155_of_many_claimers_of_whom_some_are_killed_none_loses_a_payment(till: Till) -> None:
    for _ in range(24):
        till.subscriber("ok")

    def work() -> None:
        with open_till(till.shop, till.stand) as other:
            other.collect(batch=2)

    for step in (15, 31, 47):
        run_and_die_at(step, work)
    side_by_side(4, work)
    till.collect(alone=True)
    till.live_days(0.1)
    assert till.effects() == [1] * 24 and till.receivables() == [("paid", 0)] * 24


def _crowd(shop: Shop, count: int) -> None:
    for n in range(count):
        shop.start(shop.customer(f"Bo{n}"), "basic", start_on=date(2025, 1, 31), anchor_on=date(2025, 2, 28))


def test_d156_sixteen_who_issue_at_once_wait_for_the_number_and_nobody_has_to_try_again() -> None:
    shop = open_shop(tax=False)
    people = [shop.customer(f"Bo{n}") for n in range(16)]
    found = at_once(*[lambda bo=bo: [charges(shop, "Tea", "1.00", customer_id=bo) for _ in range(4)] for bo in people])
    assert sum(len(one) for one in found) == 64
    numbers = shop.rows("SELECT number FROM documents ORDER BY number")
    assert [number for (number,) in numbers] == list(range(1, 65))
    assert shop.rows("SELECT id FROM payers WHERE set_aside_at IS NOT NULL") == []
    agrees(shop)


def test_d157_of_workers_that_claim_from_one_heap_each_payer_goes_to_one() -> None:
    shop = open_shop(tax=False)
    _crowd(shop, 36)
    before = invoices(shop)
    shop.clock_to(date(2025, 2, 28))
    found = at_once(*[lambda: [shop.bill(limit=3).payers for _ in range(12)]] * 4)
    assert sum(sum(one) for one in found) == 36, "nobody works for nothing, and nobody is left out"
    assert invoices(shop) - before == 36
    assert Decimal(one(shop, "SELECT sum(net_minor) FROM documents WHERE due_at > '2025-02-20'")) == 36 * 10000
