"""Money given back: never more than came, however many ask at once: defects D019 and D117 to D122."""

from datetime import date

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import InvalidValue, MoreThanLeft, MoveNotPermitted, NothingLeft
from perennia.domain.grants import GrantKind
from perennia.operations import payments
from tests.defects.crowd import agrees, at_once, codes, one
from tests.operations.counter import balance, books, credits, document, grants, pays, refunds, told
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1), tax=False)


def given_back(shop: Shop) -> int:
    return int(one(shop, "SELECT coalesce(sum(amount_minor), 0)::int FROM refunds WHERE state <> 'failed'"))


def test_d019_two_refunds_of_the_same_amount_to_one_customer_are_two(shop: Shop) -> None:
    bo = shop.customer()
    first, second = (pays(shop, 1000, f"card {n}", customer_id=bo) for n in (1, 2))
    assert refunds(shop, first, 1000) != refunds(shop, second, 1000)
    keys = shop.rows("SELECT DISTINCT idempotency_key FROM refunds")
    assert len(keys) == 2 and given_back(shop) == 2000


def test_d117_of_many_refunds_of_60_at_once_a_payment_of_100_gives_one(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    payment = pays(shop, 10000, document_id=document(shop))
    answers = at_once(*[lambda: refunds(shop, payment, 6000)] * 12)
    assert codes(answers) == ["more_than_left"] * 11
    assert given_back(shop) == 6000 and one(shop, "SELECT refunded_minor FROM payments") == 6000
    agrees(shop)


@pytest.mark.parametrize("amount", [-1, 0, -10000, -(2**63)])
def test_d118_a_refund_of_nothing_or_less_is_refused(shop: Shop, amount: int) -> None:
    payment = pays(shop, 10000, customer_id=shop.customer())
    with pytest.raises(InvalidValue):
        refunds(shop, payment, amount)
    assert given_back(shop) == 0


def test_d119_the_second_of_two_refunds_that_together_are_too_much_is_refused_here(shop: Shop) -> None:
    """Also where no provider has answered yet: what is under way counts."""
    bo = shop.customer()
    shop.start(bo, "basic")
    payment = pays(shop, 10000, document_id=document(shop))
    refunds(shop, payment, 7000)
    for too_much in (3001, 10000):
        with pytest.raises(MoreThanLeft):
            refunds(shop, payment, too_much)
    refunds(shop, payment, 3000)
    with pytest.raises(NothingLeft):
        refunds(shop, payment)
    assert given_back(shop) == 10000


@pytest.mark.parametrize("_time", range(4))
def test_d120_a_balance_that_is_given_back_and_spent_at_once_is_used_once(shop: Shop, _time: int) -> None:
    bo = shop.customer()
    payment = pays(shop, 10000, customer_id=bo)
    grants(shop, bo, 500, kind=GrantKind.PAID)
    at_once(lambda: shop.start(bo, "basic"), *[lambda: refunds(shop, payment, 6000)] * 2)
    spent = one(shop, "SELECT sum(from_balance_minor)::int FROM documents")
    taken = one(shop, "SELECT coalesce(sum(from_balance_minor), 0)::int FROM refunds")
    assert balance(shop) == 10500 - spent - taken >= 0
    assert given_back(shop) == 6000
    agrees(shop)


def test_d121_a_refund_of_money_that_belongs_to_no_invoice_yet_keeps_the_books_equal(shop: Shop) -> None:
    """The money comes first, a part goes back, and only then there is an invoice that the rest pays."""
    bo = shop.customer()
    payment = pays(shop, 10000, customer_id=bo)
    refunds(shop, payment, 4000)
    shop.start(bo, "basic")
    assert shop.rows("SELECT net_minor, from_balance_minor FROM documents") == [(10000, 6000)]
    assert balance(shop) == 0 and books(shop) == {10: 4000, 30: -10000, 100: 6000}
    assert told(shop, "refund") == ["refund.created", "refund.succeeded"]
    agrees(shop)


def test_d122_thirty_and_thirty_and_forty_of_a_hundred_and_not_a_cent_more(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    payment = pays(shop, 10000, document_id=document(shop))
    for amount in (3000, 3000, 4000):
        refunds(shop, payment, amount)
    with pytest.raises((MoreThanLeft, NothingLeft)):
        refunds(shop, payment, 1)
    assert given_back(shop) == 10000
    credits(shop, document(shop), becomes="balance")
    assert balance(shop) >= 0
    agrees(shop)


def test_d122_a_refund_that_has_ended_is_not_ended_otherwise(shop: Shop) -> None:
    payment = pays(shop, 10000, customer_id=shop.customer())
    refund = refunds(shop, payment, 10000)
    assert one(shop, "SELECT state FROM refunds") == "succeeded"
    with pytest.raises(MoveNotPermitted):
        payments.end_of_refund(tenant=shop.tenant, actor="astrid", refund_id=refund, succeeded=False, now=machine_now())
