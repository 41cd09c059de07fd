"""Two people at once: one outcome, and the books agree whichever came first."""

from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import AlreadyExists, DomainError, MoveNotPermitted, NothingLeft
from perennia.operations import invoices
from perennia.store import session
from tests.operations.counter import agrees, balance, books, charges, credits, document, grants, pays, refunds
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
TIMES = range(4)


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act answered, or the refusal it met; all of them begin together."""
    answers: list[Any] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=60)
            answers[place] = act()
        except DomainError as error:
            answers[place] = error
        finally:
            session.forget_connection()

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


def refused(answers: list[Any]) -> list[type]:
    return [type(answer) for answer in answers if isinstance(answer, DomainError)]


@pytest.mark.parametrize("_time", TIMES)
def test_two_refunds_give_a_payment_back_once(shop: Shop, _time: int):
    payment = pays(shop, 8000, customer_id=shop.customer())
    answers = at_once(lambda: refunds(shop, payment), lambda: refunds(shop, payment))
    assert refused(answers) == [NothingLeft]
    assert shop.rows("SELECT sum(amount_minor)::int FROM refunds") == [(8000,)]
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_a_double_click_on_refund_is_one_refund(shop: Shop, _time: int):
    payment = pays(shop, 8000, customer_id=shop.customer())
    answers = at_once(*[lambda: refunds(shop, payment, 100, key="click")] * 3)
    assert len(set(answers)) == 1 and refused(answers) == []
    assert shop.rows("SELECT refunded_minor FROM payments") == [(100,)]
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_one_reference_is_one_payment(shop: Shop, _time: int):
    bo, eva = shop.customer(), shop.customer("Eva")
    same = at_once(*[lambda: pays(shop, 700, customer_id=bo)] * 3)
    assert len(set(same)) == 1
    other = at_once(
        lambda: pays(shop, 700, "bank 2", customer_id=bo), lambda: pays(shop, 700, "bank 2", customer_id=eva)
    )
    assert refused(other) == [AlreadyExists]
    assert balance(shop) == 1400
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_a_credit_note_and_a_payment_come_to_the_same_in_either_order(shop: Shop, _time: int):
    shop.start(shop.customer(), "basic")
    invoice = document(shop)
    at_once(lambda: credits(shop, invoice), lambda: pays(shop, 12500, document_id=invoice))
    assert (balance(shop), books(shop)) == (12500, {20: -12500, 100: 12500})
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("paid", 0)]
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_an_invoice_is_credited_once(shop: Shop, _time: int):
    shop.start(shop.customer(), "basic")
    invoice = document(shop)
    assert refused(at_once(*[lambda: credits(shop, invoice)] * 3)) == [NothingLeft, NothingLeft]
    assert shop.rows("SELECT count(*) FROM documents") == [(2,)]
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_an_invoice_is_voided_or_paid(shop: Shop, _time: int):
    shop.start(shop.customer(), "basic")
    invoice = document(shop)
    answers = at_once(
        lambda: invoices.void(tenant=shop.tenant, actor="eva", document_id=invoice, now=machine_now()),
        lambda: pays(shop, 12500, document_id=invoice),
    )
    assert refused(answers) in ([], [MoveNotPermitted])
    assert balance(shop) == (0 if refused(answers) else 12500)
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_a_debt_is_lost_or_paid(shop: Shop, _time: int):
    shop.start(shop.customer(), "basic")
    invoice = document(shop)
    answers = at_once(
        lambda: invoices.write_off(tenant=shop.tenant, actor="eva", document_id=invoice, now=machine_now()),
        lambda: pays(shop, 12500, document_id=invoice),
    )
    assert refused(answers) in ([], [NothingLeft])
    assert books(shop) == {30: -10000, 50: -2500, 100: 12500}
    agrees(shop)


@pytest.mark.parametrize("_time", TIMES)
def test_credit_is_spent_once(shop: Shop, _time: int):
    bo = shop.customer()
    grants(shop, bo, 1000)
    at_once(*[lambda: charges(shop, "Stamp", "8", customer_id=bo)] * 3)
    assert shop.rows("SELECT from_balance_minor FROM documents ORDER BY number") == [(1000,), (0,), (0,)]
    assert balance(shop) == 0
    agrees(shop)
