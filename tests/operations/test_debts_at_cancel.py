"""Bo cancels and owes something still: `stop_reminders` leaves it at that, and whoever pays has paid."""

from collections.abc import Iterator
from datetime import date

import pytest

from perennia.domain.calendar import midnight
from perennia.operations import collection
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import agrees, document, pays
from tests.operations.shop import ZONE, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    with open_till(open_shop(open_debt_at_cancel="stop_reminders"), stand) as till:
        yield till


def test_every_month_he_owes_is_let_go_and_can_still_be_paid(stand: SandboxStand) -> None:
    with open_till(open_shop(open_debt_at_cancel="stop_reminders", dunning_days=[40, 60]), stand) as till:
        bo, subscription = till.subscriber("soft")
        till.live_until(midnight(date(2025, 3, 5), ZONE))
        till.shop.cancel(subscription)
        assert till.receivables() == [("given_up", 12500), ("given_up", 12500)]
        assert till.told("invoice.uncollectible") == ["invoice.uncollectible"] * 2
        assert (
            till.shop.rows(
                "SELECT before, after, reason FROM history WHERE change = 'receivable.state' AND after = 'given_up'"
            )
            == [("recovering", "given_up", "stop_reminders")] * 2
        )
        till.shop.pays_with(bo, f"ok#{till.shop.slug}-new")
        tried = len(till.attempts())
        till.live_days(60)
        assert len(till.attempts()) == tried, "another card is no reason to ask again"
        pays(till.shop, 12500, document_id=document(till.shop))
        assert till.receivables() == [("paid", 0), ("given_up", 12500)] and till.balance() == 0
        agrees(till.shop)


def test_an_invoice_that_another_subscription_is_on_is_collected_as_ever(till: Till) -> None:
    bo, subscription = till.subscriber("seq:ok,ok,soft,ok")
    till.shop.start(bo, "basic")
    till.collect()
    till.live_until(midnight(date(2025, 2, 28), ZONE))
    assert till.receivables()[-1] == ("recovering", 25000)
    till.shop.cancel(subscription)
    assert till.receivables()[-1] == ("recovering", 25000)
    till.live_days(2)
    assert till.receivables()[-1] == ("paid", 0)
    agrees(till.shop)


@pytest.mark.parametrize(("script", "left", "balance"), [("ok", ("paid", 0), 0), ("soft", ("given_up", 12500), 0)])
def test_an_attempt_under_way_is_booked_and_is_the_last(
    till: Till, script: str, left: tuple[str, int], balance: int
) -> None:
    _, subscription = till.subscriber(script)
    shop, now = till.shop, till.shop.now
    (call,) = collection.claim(tenant=shop.tenant, as_of=now, now=now).charges
    shop.cancel(subscription)
    assert till.receivables() == [("given_up", 12500)]
    till.calls["sandbox"].submit([call.request])
    (result,) = till.calls["sandbox"].results(5)
    collection.book(tenant=shop.tenant, answers=[(call, result)], now=now)
    till.live_days(30)
    assert till.receivables() == [left] and till.balance() == balance and len(till.attempts()) == 1
    agrees(shop)


def test_what_a_period_in_arrears_comes_to_at_the_end_is_a_new_invoice_and_is_collected(till: Till) -> None:
    _, subscription = till.subscriber("ok", "later")
    till.live_days(14)
    till.shop.cancel(subscription)
    till.collect()
    assert till.receivables() == [("paid", 0)] and till.effects() == [1]
