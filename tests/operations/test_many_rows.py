"""More rows than go as one parameter, in a transaction that writes several times: each is written once."""

from datetime import date
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.operations import changes, subscriptions
from perennia.store import bulk
from tests.operations.counter import agrees, pays
from tests.operations.shop import ZONE, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def two_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "FEW", 1)


def test_two_ends_that_give_money_back_in_one_chunk():
    shop = open_shop(opened_on=date(2025, 4, 1), credit_becomes="refund")
    for name in ("Bo", "Eva"):
        customer = shop.customer(name)
        basic = shop.start(customer, "basic")
        pays(shop, 12500, f"bank {name}", customer_id=customer)
        shop.cancel(basic, at=midnight(date(2025, 4, 16), ZONE))
    shop.clock_to(date(2025, 4, 20))
    shop.bill()
    assert sorted(shop.rows("SELECT change, count(*)::int FROM history WHERE before <> 'scheduled' GROUP BY 1")) == [
        ("receivable.state", 2),
        ("subscription.status", 2),
    ]
    assert shop.rows("SELECT state, amount_minor FROM refunds") == [("succeeded", 6250)] * 2
    agrees(shop)


def test_an_act_that_first_bills_what_was_missed():
    shop = open_shop(opened_on=date(2025, 4, 1))
    basic = shop.start(shop.customer(), "basic", "seat*3")
    shop.clock_to(date(2025, 5, 16))
    subscriptions.cancel(tenant=shop.tenant, actor="astrid", subscription_id=basic, when="now", now=machine_now())
    assert shop.rows("SELECT kind, number, net_minor FROM documents ORDER BY issued_at, kind DESC, number") == [
        ("invoice", 1, 13000),
        ("invoice", 2, 13000),
        ("credit_note", 1, -6709),
    ]
    agrees(shop)


def test_an_act_that_is_tried_and_taken_back_in_between():
    """What a change that is to be paid first would cost is found by making it; where it costs nothing it is made."""
    shop = open_shop(opened_on=date(2025, 4, 1))
    basic = shop.start(shop.customer(), "basic", "seat*3")
    shop.clock_to(date(2025, 5, 16))
    seat = shop.rows("SELECT id FROM items WHERE kind = 'add_on'")[0][0]
    changes.set_quantity(
        tenant=shop.tenant, actor="astrid", subscription_id=basic, item_id=seat, quantity=Decimal(1),
        payment_gated=True, now=machine_now(),
    )  # fmt: skip
    assert shop.rows("SELECT kind, net_minor FROM documents ORDER BY issued_at, kind DESC, number") == [
        ("invoice", 13000),
        ("invoice", 13000),
        ("credit_note", -1032),
    ]
    agrees(shop)
