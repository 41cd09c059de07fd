"""Credit given by hand: spent before it expires, what ends first first, and never below zero."""

from datetime import date, timedelta

import pytest

from perennia.domain.calendar import midnight
from perennia.domain.errors import InvalidValue, NotFound, UnknownCurrency
from perennia.domain.grants import GrantKind
from perennia.domain.ids import Id
from tests.operations.counter import (
    agrees,
    balance,
    books,
    by_hand,
    charges,
    counts,
    grants,
    pays,
    told,
)
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
CREDIT, DEFERRED, TAX, GRANTED, EXPIRED, CASH = 20, 30, 50, 80, 81, 100


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def left(shop: Shop) -> list[int]:
    return [row[0] for row in shop.rows("SELECT left_minor FROM credit_grants ORDER BY id")]


def until(shop: Shop, month: int, day: int):
    return midnight(date(2025, month, day), shop.zone)


def test_credit_given_pays_the_next_invoice(shop: Shop):
    bo = shop.customer()
    grants(shop, bo, 5000, reason="sorry")
    assert (balance(shop), books(shop)) == (5000, {CREDIT: -5000, GRANTED: 5000})
    assert told(shop, "credit") == ["credit.granted"]
    charges(shop, "Poster", "100", customer_id=bo)
    assert by_hand(shop) == "invoice 1 (5000 from balance, 7500 open)\n  one_off 1 Poster: 10000 + 2500"
    assert left(shop) == [0]
    agrees(shop)


def test_what_ends_first_is_spent_first_and_own_money_last(shop: Shop):
    bo = shop.customer()
    pays(shop, 1000, customer_id=bo)
    grants(shop, bo, 1000, kind=GrantKind.PAID)
    grants(shop, bo, 1000)
    grants(shop, bo, 1000, expires_at=until(shop, 7, 1))
    grants(shop, bo, 1000, expires_at=until(shop, 6, 1), kind=GrantKind.PAID)
    assert books(shop) == {CREDIT: -5000, GRANTED: 2000, CASH: 3000}
    spent = []
    for _ in range(5):
        charges(shop, "Stamp", "8", customer_id=bo)
        spent.append(left(shop))
    assert spent == [
        [1000, 1000, 1000, 0],
        [1000, 1000, 0, 0],
        [1000, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    assert balance(shop) == 0
    agrees(shop)


def test_one_invoice_is_paid_from_several_grants(shop: Shop):
    bo = shop.customer()
    for amount in (300, 400):
        grants(shop, bo, amount)
    pays(shop, 100, customer_id=bo)
    charges(shop, "Poster", "10", customer_id=bo)
    assert by_hand(shop).startswith("invoice 1 (800 from balance, 450 open)")
    assert shop.rows("SELECT count(*) FROM allocations") == [(3,)]
    agrees(shop)


def test_credit_of_another_currency_or_legal_entity_pays_nothing(shop: Shop):
    bo = shop.customer()
    grants(shop, bo, 5000, currency="EUR")
    charges(shop, "Poster", "10", customer_id=bo)
    assert by_hand(shop).startswith("invoice 1 (0 from balance, 1250 open)")
    assert left(shop) == [5000]
    agrees(shop)


def test_the_payer_is_due_when_credit_expires(shop: Shop):
    bo = shop.customer()
    grants(shop, bo, 5000, expires_at=until(shop, 5, 1))
    assert shop.rows("SELECT next_due_at, has_grants FROM payers") == [(until(shop, 5, 1), True)]
    grants(shop, bo, 5000, expires_at=until(shop, 4, 20))
    assert shop.rows("SELECT next_due_at FROM payers") == [(until(shop, 4, 20),)]


def test_credit_expires_at_its_instant_and_an_invoice_of_that_instant_is_not_paid_from_it(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    grants(shop, bo, 5000, expires_at=until(shop, 5, 1))
    grants(shop, bo, 1000, expires_at=until(shop, 5, 2), kind=GrantKind.PAID)
    shop.clock_to(date(2025, 5, 20))
    shop.bill()
    assert "invoice 2 (1000 from balance, 11500 open)" in by_hand(shop)
    assert told(shop, "credit") == ["credit.granted", "credit.granted", "credit.expired"]
    assert shop.rows("SELECT amount_minor, at FROM balance_entries WHERE source = 'expiry'") == [
        (-5000, until(shop, 5, 1))
    ]
    assert balance(shop) == 0
    assert books(shop).get(GRANTED, 0) == 0
    shop.bill()
    agrees(shop)


def test_prepaid_credit_that_expires_is_income(shop: Shop):
    bo = shop.customer()
    grants(shop, bo, 1000, expires_at=until(shop, 4, 2), kind=GrantKind.PAID)
    shop.clock_to(date(2025, 4, 2))
    shop.bill()
    assert (balance(shop), books(shop)) == (0, {EXPIRED: -1000, CASH: 1000})
    assert shop.rows("SELECT next_due_at FROM payers") == [(None,)]
    agrees(shop)


def test_when_the_run_comes_late_credit_is_spent_as_if_it_had_come_in_time(shop: Shop):
    tables = []
    for late in (False, True):
        other = open_shop(opened_on=date(2025, 4, 1))
        bo = other.customer()
        other.start(bo, "basic")
        grants(other, bo, 20000, expires_at=until(other, 6, 1))
        for day in [] if late else [date(2025, 5, 1), date(2025, 5, 2), date(2025, 6, 1)]:
            other.clock_to(day)
            other.bill()
        other.clock_to(date(2025, 6, 3))
        other.bill()
        tables.append(by_hand(other))
        agrees(other)
    assert tables[0] == tables[1]
    assert "invoice 2 (12500 from balance, 0 paid)" in tables[0]
    assert "invoice 3 (0 from balance, 12500 open)" in tables[0]


@pytest.mark.parametrize(
    ("amount", "more", "refused"),
    [
        (0, {}, InvalidValue),
        (-1, {}, InvalidValue),
        (10**17 + 1, {}, InvalidValue),
        (5, {"currency": "XXX"}, UnknownCurrency),
        (5, {"reason": "a\0b"}, InvalidValue),
        (5, {"entity_id": Id(bytes(16))}, NotFound),
        (5, {"expires_at": timedelta(0)}, InvalidValue),
        (5, {"expires_at": timedelta(seconds=-1)}, InvalidValue),
    ],
)
def test_what_cannot_be_given_changes_nothing(shop: Shop, amount: int, more: dict, refused: type[Exception]):
    bo = shop.customer()
    before = counts(shop)
    if "expires_at" in more:
        more = {**more, "expires_at": shop.now + more["expires_at"]}
    with pytest.raises(refused):
        grants(shop, bo, amount, **more)
    with pytest.raises(NotFound):
        grants(shop, Id(bytes(16)), 5)
    assert counts(shop) == before
