"""Coupons, trials, credit that is given once and spent once: defects D085 to D099."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.corrections import LineCredit
from perennia.domain.errors import DomainError, InvalidValue, MoveNotPermitted
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import collection, coupons, customers, invoices, redemptions
from tests.defects.crowd import agrees, at_once, codes, one
from tests.defects.tale import documents
from tests.faults.victims import run_and_die_at
from tests.operations.counter import balance, charges, credits, document, grants, pays
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till

pytestmark = pytest.mark.usefixtures("database")


def make(shop: Shop, code: str = "TWO", **terms: Any) -> Id:
    return coupons.create_coupon(tenant=shop.tenant, code=code, percent_off=Decimal(20), now=machine_now(), **terms)


def redeem(shop: Shop, code: str = "TWO", **where: Id) -> Id:
    return redemptions.redeem(tenant=shop.tenant, actor="astrid", code=code, now=machine_now(), **where)


DOORS: dict[str, Callable[[Shop, Id], object]] = {
    "with the start": lambda shop, person: shop.start(person, "basic", coupon="TWO"),
    "on a subscription": lambda shop, person: redeem(shop, subscription_id=shop.start(person, "basic")),
    "on a customer": lambda shop, person: redeem(shop, customer_id=person),
}


@pytest.mark.parametrize("door", DOORS)
def test_d085_a_limit_of_two_holds_at_every_door(door: str) -> None:
    shop = open_shop(tax=False)
    make(shop, max_redemptions=2)
    crowd = [shop.customer(f"C{n}") for n in range(5)]
    answers = at_once(*[lambda person=person: DOORS[door](shop, person) for person in crowd])
    assert codes(answers) == ["coupon_exhausted"] * 3
    assert shop.rows("SELECT redeemed FROM coupons") == [(2,)]
    assert one(shop, "SELECT count(*) FROM coupon_redemptions") == 2


@pytest.mark.parametrize("door", DOORS)
def test_d085_a_coupon_whose_days_are_over_works_at_no_door(door: str) -> None:
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False)
    make(shop, valid_to=shop.clock_to(date(2025, 4, 3)))
    with pytest.raises(DomainError) as refusal:
        DOORS[door](shop, shop.customer())
    assert refusal.value.code == "coupon_expired"


@pytest.mark.parametrize("limit", [10**11, 2**63, -1])
@pytest.mark.parametrize("which", ["max_redemptions", "max_per_customer", "periods"])
def test_d086_a_limit_without_a_meaning_is_refused(which: str, limit: int) -> None:
    with pytest.raises(InvalidValue):
        make(open_shop(), **{which: limit})


def test_d087_of_many_at_once_on_a_coupon_of_one_use_one_gets_it() -> None:
    shop = open_shop()
    make(shop, max_redemptions=1)
    crowd = [shop.start(shop.customer(f"C{n}"), "basic") for n in range(16)]
    answers = at_once(*[lambda one=one: redeem(shop, subscription_id=one) for one in crowd])
    assert codes(answers) == ["coupon_exhausted"] * 15
    assert shop.rows("SELECT redeemed FROM coupons") == [(1,)]
    agrees(shop)


def test_d088_what_one_customer_redeemed_is_not_counted_for_another() -> None:
    shop = open_shop()
    make(shop, max_per_customer=1)
    bo, eva = shop.customer("Bo"), shop.customer("Eva")
    redeem(shop, customer_id=bo)
    redeem(shop, customer_id=eva)
    with pytest.raises(DomainError) as refusal:
        redeem(shop, subscription_id=shop.start(eva, "basic"))
    assert refusal.value.code in ("coupon_used_by_customer", "coupon_attached")


def test_d089_no_limit_is_none_one_is_one_and_nought_is_refused() -> None:
    shop = open_shop()
    make(shop, "ANY", max_redemptions=None)
    make(shop, "ONE", max_redemptions=1)
    with pytest.raises(InvalidValue):
        make(shop, "NOUGHT", max_redemptions=0)
    crowd = [shop.customer(f"C{n}") for n in range(3)]
    answers = [at_once(*[lambda c=c, p=p: redeem(shop, c, customer_id=p) for p in crowd]) for c in ("ANY", "ONE")]
    assert [len(codes(found)) for found in answers] == [0, 2]


def test_d090_who_cancels_a_trial_and_comes_back_pays() -> None:
    found = documents(
        """
        plans: {basic: {amount: 100, trial_days: 14}, plus: {amount: 250, trial_days: 14}}
        2024-04-01 subscribe basic
        2024-04-10 cancel now
        2024-04-11 subscribe plan=basic subscription=again
        2024-04-12 cancel subscription=again when=now policy={cancel_credit: none}
        2024-04-13 subscribe plan=plus subscription=other
        """
    )
    assert [(one["at"][:10], one["total"]) for one in found] == [("2024-04-11", "100.00"), ("2024-04-13", "250.00")]


def test_d091_the_same_mailbox_under_another_name_is_no_new_customer_for_a_trial() -> None:
    """What is remembered is a keyed hash, which stays when a customer's data go."""
    shop = open_shop(tax=False)
    for name, mail in (("Bo", "bo@gmail.com"), ("Bob", "B.o+trial@gmail.com")):
        person = customers.create_customer(tenant=shop.tenant, name=name, email=mail, now=machine_now())
        shop.start(person, "basic", trial_days=14)
    assert one(shop, "SELECT count(*) FROM documents") == 1
    kept = shop.rows("SELECT t::text FROM remembered_trials t")
    assert kept and not any(word in text for (text,) in kept for word in ("bo@", "gmail", "B.o"))


def test_d092_money_for_credit_that_ten_book_at_once_is_credit_once() -> None:
    shop = open_shop()
    bo = shop.customer()
    found = at_once(*[lambda: pays(shop, 5000, "top-up 1", customer_id=bo)] * 10)
    assert len(set(found)) == 1 and codes(found) == []
    assert balance(shop) == 5000
    agrees(shop)


def test_d093_an_answer_that_is_taken_back_later_gives_no_credit_and_no_void_either(till: Till) -> None:
    till.subscriber("ok")
    (call,) = collection.claim(tenant=till.shop.tenant, as_of=till.shop.now, now=till.shop.now).charges
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SUCCEEDED):
        result = ChargeResult(key=call.request.key, outcome=outcome, gateway_reference="sbx_1")
        collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=till.shop.now)
    with pytest.raises(MoveNotPermitted):
        invoices.void(tenant=till.shop.tenant, actor="astrid", document_id=document(till.shop), now=machine_now())
    assert till.balance() == 0 and till.receivables() == [("paid", 0)]
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(12500,)]
    agrees(till.shop)


def test_d094_a_fee_in_advance_is_taken_from_the_credit_once() -> None:
    shop = open_shop(tax=False)
    bo = shop.customer()
    grants(shop, bo, 10000)
    charges(shop, "Fee", "10.00", customer_id=bo)
    shop.bill()
    assert balance(shop) == 9000
    assert shop.rows("SELECT amount_minor FROM balance_entries ORDER BY id") == [(10000,), (-1000,)]
    agrees(shop)


def test_d096_a_credit_by_hand_leaves_less_to_credit_when_the_agreement_ends() -> None:
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False)
    subscription = shop.start(shop.customer(), "basic")
    pays(shop, 10000, document_id=document(shop))
    credits(shop, document(shop), LineCredit(1, net_minor=8000))
    shop.clock_to(date(2025, 4, 2))
    shop.cancel(subscription)
    given = -one(shop, "SELECT sum(net_minor)::int FROM documents WHERE kind = 'credit_note'")
    assert 8000 <= given <= 10000 and balance(shop) == given
    agrees(shop)


def test_d097_a_void_bills_nothing_anew_and_the_coupon_goes_on_where_it_was() -> None:
    """Two periods at half price: the first is voided and stays free, the second has its discount, the third none."""
    found = documents(
        """
        plans: {basic: 100}
        coupons: {half: {percent: 50, duration: 2}}
        2024-04-01 subscribe plan=basic coupon=half
        2024-04-02 void document=1
        2024-04-03 bill_run
        2024-05-01 bill_run
        2024-06-01 bill_run
        """
    )
    assert [(one["at"][:10], one["kind"], one["total"]) for one in found] == [
        ("2024-04-01", "invoice", "50.00"), ("2024-04-02", "credit_note", "-50.00"),
        ("2024-05-01", "invoice", "50.00"), ("2024-06-01", "invoice", "100.00"),
    ]  # fmt: skip


def test_d098_one_payment_told_five_times_is_one_payment() -> None:
    shop = open_shop()
    bo = shop.customer()
    assert len({pays(shop, 5000, "top-up 1", customer_id=bo) for _ in range(5)}) == 1
    assert balance(shop) == 5000


def test_d099_a_payment_told_again_because_the_answer_was_lost_after_the_commit_is_booked_once() -> None:
    shop = open_shop()
    bo = shop.customer()
    pay = lambda: pays(shop, 5000, "top-up 1", customer_id=bo)  # noqa: E731
    step = 10
    while run_and_die_at(step, pay) and not one(shop, "SELECT count(*) FROM payments"):
        step += 1
    pay()
    assert balance(shop) == 5000 and one(shop, "SELECT count(*) FROM payments") == 1
    agrees(shop)
