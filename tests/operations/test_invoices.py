"""Credited, voided, written off: what a person does to an issued invoice."""

from datetime import date
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.corrections import LineCredit
from perennia.domain.errors import InvalidValue, MoreThanLeft, MoveNotPermitted, NotFound, NothingLeft
from perennia.domain.ids import Id
from perennia.operations import collection, invoices
from tests.operations.counter import (
    agrees,
    balance,
    books,
    by_hand,
    charges,
    counts,
    credits,
    document,
    pays,
    told,
)
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")
CASH, RECEIVABLE, CREDIT, DEFERRED, TAX, WRITE_OFF = 100, 10, 20, 30, 50, 70


@pytest.fixture
def shop() -> Shop:
    return open_shop(opened_on=date(2025, 4, 1))


def void(shop: Shop, of: Id) -> Id:
    return invoices.void(tenant=shop.tenant, actor="astrid", document_id=of, now=machine_now())


def write_off(shop: Shop, of: Id, **more: str) -> None:
    invoices.write_off(tenant=shop.tenant, actor="astrid", document_id=of, now=machine_now(), **more)


def adjust(shop: Shop, of: Id, position: int, net: int) -> Id:
    return invoices.adjust_line(
        tenant=shop.tenant, actor="astrid", document_id=of, position=position, net_minor=net, now=machine_now()
    )


def test_a_line_is_credited_in_thirds_and_its_tax_adds_up(shop: Shop):
    bo = shop.customer()
    charges(shop, "Poster", "9.99", customer_id=bo)
    for _ in range(3):
        credits(shop, document(shop), LineCredit(1, net_minor=333))
    assert by_hand(shop) == (
        "invoice 1 (0 from balance, 0 paid)\n"
        "  one_off 1 Poster: 999 + 250\n"
        "credit_note 1\n"
        "  adjustment 1 Poster of 1/1: -333 + -83\n"
        "credit_note 2\n"
        "  adjustment 1 Poster of 1/1: -333 + -84\n"
        "credit_note 3\n"
        "  adjustment 1 Poster of 1/1: -333 + -83"
    )
    assert (books(shop), balance(shop)) == ({}, 0)
    with pytest.raises(NothingLeft):
        credits(shop, document(shop))
    agrees(shop)


def test_a_credit_lowers_what_is_open_and_only_the_rest_is_credit_balance(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic", "seat*3")
    pays(shop, 10000, customer_id=bo)
    credits(shop, document(shop), LineCredit(2, quantity=Decimal(2)), LineCredit(1, net_minor=6000))
    assert by_hand(shop) == (
        "invoice 1 (0 from balance, 0 paid)\n"
        "  recurring 1 Basic: 10000 + 2500\n"
        "  recurring 3 Seat: 3000 + 750\n"
        "credit_note 1\n"
        "  adjustment 1 Basic of 1/1: -6000 + -1500\n"
        "  adjustment 2 Seat of 1/2: -2000 + -500"
    )
    assert balance(shop) == 10000 - 6250
    assert books(shop) == {CREDIT: -3750, DEFERRED: -5000, TAX: -1250, CASH: 10000}
    agrees(shop)


def test_units_are_taken_back_one_by_one_to_the_cent(shop: Shop):
    charges(shop, "Badge", "3.35", quantity="3", customer_id=shop.customer())
    for _ in range(3):
        credits(shop, document(shop), LineCredit(1, quantity=Decimal(1)))
    assert shop.rows("SELECT net_minor, tax_minor FROM lines WHERE kind = 9 ORDER BY document_id") == [
        (-335, -84), (-335, -83), (-335, -84),
    ]  # fmt: skip
    agrees(shop)


def test_units_that_share_a_rounded_line_come_to_it(shop: Shop):
    charges(shop, "Third", "0.333333", quantity="3", customer_id=shop.customer())
    for _ in range(3):
        credits(shop, document(shop), LineCredit(1, quantity=Decimal(1)))
    assert [net for (net,) in shop.rows("SELECT net_minor FROM lines WHERE kind = 9 ORDER BY document_id")] == [
        -33, -34, -33,
    ]  # fmt: skip
    agrees(shop)


def test_a_line_is_lowered_to_what_was_agreed(shop: Shop):
    shop.start(shop.customer(), "basic")
    adjust(shop, document(shop), 1, 8000)
    assert by_hand(shop).endswith("credit_note 1\n  adjustment 1 Basic of 1/1: -2000 + -500")
    for net in (8000, 9000, 10000):
        with pytest.raises(MoreThanLeft):
            adjust(shop, document(shop), 1, net)
    with pytest.raises(InvalidValue):
        adjust(shop, document(shop), 1, -1)
    adjust(shop, document(shop), 1, 0)
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("paid", 0)]
    agrees(shop)


def test_all_that_is_left_is_credited_with_lines_below_zero(shop: Shop):
    shop.start(shop.customer(), "basic", adjustment=Decimal("-12.50"))
    credits(shop, document(shop), LineCredit(1, net_minor=1000))
    credits(shop, document(shop))
    assert by_hand(shop).endswith(
        "credit_note 2\n  adjustment 1 Basic of 1/1: -9000 + -2250\n  adjustment 1 Adjustment of 1/2: 1250 + 312"
    )
    assert (balance(shop), books(shop)) == (0, {})
    agrees(shop)


def test_a_refunding_credit_goes_back_where_the_money_came_from(shop: Shop):
    bo = shop.customer()
    pays(shop, 2000, "early", customer_id=bo)
    shop.start(bo, "basic")
    pays(shop, 10500, "late", document_id=document(shop))
    credits(shop, document(shop), becomes="refund")
    assert balance(shop) == 2000
    assert shop.rows("SELECT captured_minor, refunded_minor FROM payments ORDER BY captured_minor") == [
        (2000, 0), (10500, 10500),
    ]  # fmt: skip
    assert shop.rows("SELECT amount_minor, from_balance_minor, state FROM refunds") == [(10500, 10500, "succeeded")]
    assert books(shop) == {CREDIT: -2000, CASH: 2000}
    agrees(shop)


def test_an_unpaid_invoice_is_voided_and_its_period_is_not_charged_again(shop: Shop):
    shop.start(shop.customer(), "basic")
    void(shop, document(shop))
    assert by_hand(shop) == (
        "invoice 1 (0 from balance, 0 paid)\n  recurring 1 Basic: 10000 + 2500\n"
        "credit_note 1\n  adjustment 1 Basic of 1/1: -10000 + -2500"
    )
    assert told(shop, "invoice", "credit_note") == ["invoice.issued", "credit_note.issued", "invoice.voided"]
    shop.bill()
    assert shop.rows("SELECT count(*) FROM documents") == [(2,)]
    shop.clock_to(date(2025, 5, 1))
    shop.bill()
    assert shop.rows("SELECT count(*) FROM documents") == [(3,)]
    with pytest.raises(MoveNotPermitted):
        void(shop, document(shop))
    agrees(shop)


def test_an_invoice_that_a_payment_settled_part_of_is_credited_and_not_voided(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    pays(shop, 100, customer_id=bo)
    with pytest.raises(MoveNotPermitted):
        void(shop, document(shop))


def test_a_debt_in_recovery_that_is_voided_leaves_the_subscription_well(shop: Shop):
    shop.start(shop.customer(), "basic")
    collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now())
    void(shop, document(shop))
    assert shop.rows("SELECT status FROM subscriptions") == [("active",)]
    assert shop.rows("SELECT before, after FROM history WHERE change = 'receivable.state' ORDER BY id") == [
        ("open", "recovering"), ("recovering", "paid"),
    ]  # fmt: skip
    agrees(shop)


def test_a_lost_debt_stands_on_an_account_of_its_own_until_it_is_paid_after_all(shop: Shop):
    shop.start(shop.customer(), "basic")
    write_off(shop, document(shop), reason="bankrupt")
    assert by_hand(shop).startswith("invoice 1 (0 from balance, 12500 written_off)")
    assert books(shop) == {WRITE_OFF: 12500, DEFERRED: -10000, TAX: -2500}
    assert collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now()).charges == []
    agrees(shop)
    pays(shop, 5000, document_id=document(shop))
    assert books(shop) == {WRITE_OFF: 7500, DEFERRED: -10000, TAX: -2500, CASH: 5000}
    agrees(shop)
    pays(shop, 8000, "bank 2", document_id=document(shop))
    assert books(shop) == {CREDIT: -500, DEFERRED: -10000, TAX: -2500, CASH: 13000}
    assert by_hand(shop).startswith("invoice 1 (0 from balance, 0 paid)")
    assert shop.rows("SELECT amount_minor, reason FROM write_offs ORDER BY at, id") == [
        (12500, "bankrupt"), (-5000, None), (-7500, None),
    ]  # fmt: skip
    agrees(shop)


def test_money_of_a_customer_goes_to_what_is_owed_and_not_to_what_was_written_off(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    write_off(shop, document(shop))
    pays(shop, 100, customer_id=bo)
    assert (balance(shop), books(shop)[WRITE_OFF]) == (100, 12500)


def test_a_cancellation_credits_a_lost_debt_and_not_the_balance(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    write_off(shop, document(shop))
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    assert balance(shop) == 0
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("written_off", 12500 - 8334)]
    assert books(shop)[WRITE_OFF] == 12500 - 8334
    agrees(shop)


def test_nothing_is_written_off_twice_or_where_nothing_is_open(shop: Shop):
    bo = shop.customer()
    shop.start(bo, "basic")
    write_off(shop, document(shop))
    with pytest.raises(NothingLeft):
        write_off(shop, document(shop))
    pays(shop, 12500, document_id=document(shop))
    with pytest.raises(NothingLeft):
        write_off(shop, document(shop))


def test_a_line_lowered_by_hand_gives_back_in_proportion_to_what_is_left_of_it(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    adjust(shop, document(shop), 1, 6000)
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    assert by_hand(shop).endswith("credit_note 2\n  credit 1 Basic of 1/1: -4000 + -1000")
    assert shop.rows("SELECT open_minor FROM receivables") == [(12500 - 5000 - 5000,)]
    agrees(shop)


def test_a_line_credited_in_full_by_hand_gives_nothing_back_later(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    credits(shop, document(shop))
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    assert [net for (net,) in shop.rows("SELECT net_minor FROM documents WHERE net_minor < 0")] == [-10000]
    assert balance(shop) == 0
    agrees(shop)


def test_a_credit_by_hand_after_a_cut_takes_only_what_is_left(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    with pytest.raises(MoreThanLeft):
        credits(shop, document(shop), LineCredit(1, net_minor=3334))
    credits(shop, document(shop))
    assert shop.rows("SELECT net_minor, tax_minor, period_end - period_start = interval '10 days' FROM lines"
                     " WHERE kind = 9") == [(-3333, -833, True)]  # fmt: skip
    agrees(shop)


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ([LineCredit(1, net_minor=10001)], MoreThanLeft),
        ([LineCredit(1, net_minor=0)], InvalidValue),
        ([LineCredit(1, net_minor=-5)], InvalidValue),
        ([LineCredit(2, quantity=Decimal("3.000001"))], MoreThanLeft),
        ([LineCredit(2, quantity=Decimal(0))], InvalidValue),
        ([LineCredit(2, quantity=Decimal(-1))], InvalidValue),
        ([LineCredit(2, quantity=Decimal("NaN"))], InvalidValue),
        ([LineCredit(2, net_minor=1, quantity=Decimal(1))], InvalidValue),
        ([LineCredit(1, net_minor=1), LineCredit(1, net_minor=1)], InvalidValue),
        ([LineCredit(1, net_minor=1), LineCredit(9)], NotFound),
        ([LineCredit(0)], NotFound),
    ],
)
def test_what_cannot_be_credited_changes_nothing(shop: Shop, lines: list[LineCredit], refused: type[Exception]):
    shop.start(shop.customer(), "basic", "seat*3")
    before = counts(shop)
    with pytest.raises(refused):
        credits(shop, document(shop), *lines)
    assert counts(shop) == before


def test_credit_notes_are_not_credited_nor_what_gives_back(shop: Shop):
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    before = counts(shop)
    with pytest.raises(InvalidValue):
        credits(shop, document(shop, kind="credit_note"))
    with pytest.raises(NotFound):
        write_off(shop, document(shop, kind="credit_note"))
    with pytest.raises(InvalidValue):
        credits(shop, document(shop), becomes="gift")
    with pytest.raises(InvalidValue):
        credits(shop, document(shop), reason="a\0b")
    assert counts(shop) == before


def test_a_stranger_corrects_nothing_here(shop: Shop):
    other = open_shop(opened_on=date(2025, 4, 1))
    other.start(other.customer(), "basic")
    theirs = document(other)
    for act in (credits, void, write_off):
        with pytest.raises(NotFound):
            act(shop, theirs)
    with pytest.raises(NotFound):
        adjust(shop, theirs, 1, 5)


def test_a_credit_of_a_month_that_is_recognised_is_earned_back_in_its_own(shop: Shop):
    from perennia.operations import ledger

    shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 5, 2))
    shop.bill()
    ledger.recognise(tenant=shop.tenant, now=shop.now)
    credits(shop, document(shop))
    shop.clock_to(date(2025, 6, 2))
    ledger.recognise(tenant=shop.tenant, now=shop.now)
    assert shop.rows("SELECT month, amount_minor FROM recognitions ORDER BY month") == [
        (date(2025, 4, 1), 10000), (date(2025, 5, 1), 0),
    ]  # fmt: skip
    agrees(shop)
