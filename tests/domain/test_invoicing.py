"""What is billed when, told as stories; what holds for all of them is in test_invoicing_properties."""

import sys
from dataclasses import replace
from datetime import date, timedelta

import pytest

from perennia.domain.errors import BillingStuck, CatchUpHeld
from perennia.domain.facts import CollectionMode, ItemKind, Pause, Status
from perennia.domain.invoicing import MOST_ROUNDS, Turns, bill, take_over
from perennia.domain.policies import Policies
from perennia.domain.pricing import Model, Timing
from tests.domain.world import (
    COPENHAGEN,
    DAILY,
    WEEKLY,
    Account,
    follow,
    fresh_ids,
    item,
    key,
    payer,
    price,
    rate,
    seller,
    simple,
    subscription,
    table,
    utc,
)

JANUARY = date(2025, 1, 1)


def account(*subscriptions, **more) -> Account:
    return Account(payer(*subscriptions, **more), seller(rate("25")))


def billed(*subscriptions, month: int = 3, day: int = 31) -> str:
    books = account(*subscriptions)
    books.bill(utc(2025, month, day))
    return table(books.documents)


def test_advance_and_arrears_on_one_subscription() -> None:
    plan = item(price("30.00"), start=JANUARY)
    calls = item(price("5.00", timing=Timing.ARREARS), start=JANUARY, kind=ItemKind.ADD_ON, name="Calls")
    assert billed(subscription(plan, calls, start=JANUARY, cancel=date(2025, 2, 15))) == (
        "2025-01-01 invoice 3000+750 balance 0\n"
        "  01-01..02-01 Plan 3000+750\n"
        "2025-02-01 invoice 2000+500 balance 0\n"
        "  01-01..02-01 Calls 500+125\n"
        "  02-01..02-15 Plan 1500+375\n"
        "2025-02-15 invoice 250+63 balance 0\n"
        "  02-01..02-15 Calls 250+63"
    )


def test_a_trial_bills_nothing_and_its_end_starts_the_first_part() -> None:
    one = simple("31.00", start=JANUARY, trial_ends=date(2025, 1, 11))
    assert billed(one, month=1) == ("2025-01-11 invoice 2100+525 balance 0\n  01-11..02-01 Plan 2100+525")


@pytest.mark.parametrize(
    ("anchor", "first"),
    [
        (date(2025, 1, 20), "01-01..01-20 Plan 1900+475"),  # 19 of the 31 days since 20 December
        (date(2024, 12, 20), "01-01..01-20 Plan 1900+475"),
        (date(2030, 1, 1), "01-01..02-01 Plan 3100+775"),
    ],
)
def test_an_anchor_before_or_after_the_start(anchor: date, first: str) -> None:
    assert first in billed(simple("31.00", start=JANUARY, anchor=anchor), month=1, day=1)


def test_downtime_is_caught_up_in_order_with_one_document_per_missed_date() -> None:
    books = account(simple("10.00", start=JANUARY))
    books.bill(utc(2025, 1, 1))
    decision = books.bill(utc(2025, 4, 20), catch_up=False)
    assert decision is not None
    assert [f"{d.due_at:%m-%d} issued {d.issued_at:%m-%d}" for d in decision.documents] == [
        "02-01 issued 04-20", "03-01 issued 04-20", "04-01 issued 04-20",
    ]  # fmt: skip
    assert decision.next_due_at == utc(2025, 5, 1)


def test_more_than_the_limit_is_held_until_a_person_wants_it() -> None:
    books = account(simple("10.00", start=JANUARY))
    with pytest.raises(CatchUpHeld) as held:
        books.bill(utc(2025, 4, 1), catch_up=False)
    assert (held.value.facts["periods"], held.value.facts["limit"]) == (4, 3)
    assert len(books.bill(utc(2025, 4, 1), catch_up=True).documents) == 4  # type: ignore[union-attr]


def test_one_document_for_what_is_due_together() -> None:
    alike = [simple("10.00", start=JANUARY), simple("20.00", start=JANUARY)]
    apart = [
        simple("30.00", start=JANUARY, collection=CollectionMode.SEND),
        simple("40.00", start=JANUARY, net_days=14),
        simple("50.00", start=JANUARY, zone=COPENHAGEN),
    ]
    books = account(*alike, *apart)
    books.bill(utc(2025, 1, 1))
    assert [(d.net_minor, len(d.lines), (d.pay_by - d.issued_at).days) for d in books.documents] == [
        (5000, 1, 0), (3000, 2, 0), (3000, 1, 0), (4000, 1, 14),
    ]  # fmt: skip


def test_two_currencies_of_one_payer_keep_their_own_documents_and_balances() -> None:
    books = account(simple("10.00", start=JANUARY), simple("1000", start=JANUARY, currency="JPY"), balance=10000)
    books.bill(utc(2025, 1, 1))
    assert [(d.currency, d.total_minor, d.from_balance_minor) for d in books.documents] == [
        ("EUR", 1250, 1250), ("JPY", 1250, 0),
    ]  # fmt: skip


def test_a_cancel_after_payment_goes_to_balance_and_the_next_invoice_is_paid_from_it() -> None:
    start = date(2025, 4, 1)
    books = account(simple("90.00", start=start), simple("10.00", start=date(2025, 5, 1)))
    books.bill(utc(2025, 4, 1))
    books.pay(books.documents[0])
    books.cancel(utc(2025, 4, 11))
    books.run(utc(2025, 4, 11), utc(2025, 5, 2), every=timedelta(days=1))
    assert table(books.documents) == (
        "2025-04-01 invoice 9000+2250 balance 0\n"
        "  04-01..05-01 Plan 9000+2250\n"
        "2025-04-11 credit_note -6000+-1500 balance 0\n"
        "  04-11..05-01 Plan -6000+-1500\n"
        "2025-05-01 invoice 1000+250 balance 1250\n"
        "  05-01..06-01 Plan 1000+250"
    )
    assert books.balance == 6250


@pytest.mark.parametrize(("paid", "still_open", "balance"), [(0, 4166, 0), (5000, 0, 834), (12500, 0, 8334)])
def test_a_credit_first_lowers_what_is_open(paid: int, still_open: int, balance: int) -> None:
    books = account(simple("100.00", start=date(2025, 4, 1)))
    books.bill(utc(2025, 4, 1))
    books.pay(books.documents[0], paid)
    books.cancel(utc(2025, 4, 11))
    books.bill(utc(2025, 4, 11))
    assert (books.documents[1].net_minor, books.documents[1].tax_minor) == (-6667, -1667)
    assert (books.open_on[books.documents[0].id], books.balance) == (still_open, balance)


def test_a_credit_lowers_only_the_document_it_credits() -> None:
    """One paid and one open invoice, both cut short at once: the paid one's credit is balance."""
    start = date(2025, 4, 1)
    paid, owed = simple("100.00", start=start), simple("10.00", start=date(2025, 4, 2), anchor=start)
    books = account(paid, owed)
    books.bill(utc(2025, 4, 2))
    books.pay(books.documents[0])
    for index in (0, 1):
        books.cancel(utc(2025, 4, 16), index=index)
    books.bill(utc(2025, 4, 16))
    assert len(books.documents) == 3
    assert (books.open_on[books.documents[1].id], books.balance) == (1209 - 625, 6250)


def test_two_credits_in_one_run_do_not_lower_the_same_debt_twice() -> None:
    start = date(2025, 4, 1)
    books = account(simple("80.00", start=start), simple("80.00", start=start))
    books.bill(utc(2025, 4, 1))
    books.pay(books.documents[0], 15000)  # 50.00 of 200.00 is open
    books.cancel(utc(2025, 4, 11), index=0)
    books.cancel(utc(2025, 4, 16), index=1)
    books.bill(utc(2025, 4, 20))
    assert [document.total_minor for document in books.documents[1:]] == [-6666, -5000]
    assert (books.open_on[books.documents[0].id], books.balance) == (0, 6666)


def test_an_adjustment_larger_than_the_plan_is_a_credit_note_to_the_balance() -> None:
    plan, less = item(price("30.00"), start=JANUARY), item(price("-50.00"), start=JANUARY, name="Less")
    books = account(subscription(plan, replace(less, kind=ItemKind.ADJUSTMENT), start=JANUARY))
    books.bill(utc(2025, 1, 1))
    assert table(books.documents) == (
        "2025-01-01 credit_note -2000+-500 balance 0\n  01-01..02-01 Plan 3000+750\n  01-01..02-01 Less -5000+-1250"
    )
    assert books.balance == 2500
    books.cancel(utc(2025, 1, 1))  # all of it taken back
    books.bill(utc(2025, 1, 2))
    assert books.documents[1].total_minor == 2500 == books.documents[1].from_balance_minor
    assert books.balance == 0


def test_a_document_of_nothing_is_issued_and_paid() -> None:
    books = account(simple("10.00", start=JANUARY, quantity="0", model=Model.PER_UNIT))
    decision = books.bill(utc(2025, 1, 1))
    assert decision is not None and books.documents[0].total_minor == 0
    assert [event.type for event in decision.events][-2:] == ["invoice.issued", "invoice.paid"]


@pytest.mark.parametrize("timing", Timing)
def test_a_known_last_part_charged_in_full_is_charged_once_and_kept(timing: Timing) -> None:
    for step in (1, 60):
        one = simple(
            "30.00", start=date(2025, 4, 1), cancel=date(2025, 4, 11), timing=timing,
            policies=Policies(known_last_part="full"),
        )  # fmt: skip
        books = account(one).run(utc(2025, 4, 1), utc(2025, 6, 1), every=timedelta(days=step))
        assert [document.net_minor for document in books.documents] == [3000]
        assert books.next_due_at is None and not books.payer.subscriptions


def test_each_daily_period_of_a_strange_night_is_one_line() -> None:
    one = simple("1.00", start=date(2025, 3, 28), zone=COPENHAGEN, interval=DAILY, cancel=date(2025, 4, 1))
    books = account(one)
    books.bill(utc(2025, 4, 5))
    assert [f"{d.due_at:%d %H:%M}" for d in books.documents] == ["27 23:00", "28 23:00", "29 23:00", "30 22:00"]


def test_an_imported_subscription_owes_nothing_for_what_was_billed_before() -> None:
    one = simple("10.00", start=date(2024, 1, 15))
    version = replace(one.items[0].versions[0], billed_through=utc(2025, 1, 15))
    one = replace(one, items=(replace(one.items[0], versions=(version,)),))
    taken = take_over(payer(one), seller=seller(), now=utc(2025, 1, 10))
    assert not taken.documents and taken.next_due_at == utc(2025, 1, 15)
    assert [(move.before, move.after) for move in taken.moves] == [(Status.SCHEDULED, Status.ACTIVE)]
    books = Account(follow(payer(one), taken), seller())
    books.bill(utc(2025, 1, 20))
    assert [f"{d.due_at:%Y-%m-%d}" for d in books.documents] == ["2025-01-15"]


def test_the_cost_of_a_bill_does_not_grow_with_age() -> None:
    def calls(start: date) -> int:
        one = simple("10.00", start=start, anchor=date(1970, 1, 31), interval=WEEKLY)
        version = replace(one.items[0].versions[0], billed_through=utc(2025, 1, 4))
        facts = payer(replace(one, status=Status.ACTIVE, items=(replace(one.items[0], versions=(version,)),)))
        count = 0

        def counted(frame: object, event: str, arg: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counted)
        try:
            made = bill(facts, seller=seller(), through=utc(2025, 1, 10), now=utc(2025, 1, 10), new_ids=fresh_ids())
        finally:
            sys.setprofile(None)
        assert len(made.documents) == 1
        return count

    assert calls(date(1971, 1, 1)) <= calls(date(2024, 12, 1)) * 1.2


def decided(one, *, through=None, **more):
    through = through or utc(2025, 3, 1)
    return bill(payer(one), seller=seller(), through=through, now=through, new_ids=fresh_ids(), **more)


def test_what_one_act_brings_about_stands_on_one_document_up_to_the_last_instant() -> None:
    one = simple("30.00", start=JANUARY)
    assert len(decided(one).documents) == 3
    (document,) = decided(one, together=True).documents
    assert [line.period_start for line in document.lines] == [utc(2025, 1, 1), utc(2025, 2, 1), utc(2025, 3, 1)]


def test_what_begins_at_the_very_instant_of_taking_over_has_begun() -> None:
    taken = take_over(payer(simple("30.00", start=JANUARY)), seller=seller(), now=utc(2025, 1, 1))
    assert [move.after for move in taken.moves] == [Status.ACTIVE]


@pytest.mark.parametrize(("open_debt", "ends"), [("stop_reminders", 1), ("credit_unused", 0)])
def test_only_an_end_under_stop_reminders_lets_its_debts_go(open_debt: str, ends: int) -> None:
    one = simple(
        "30.00", start=JANUARY, cancel=date(2025, 2, 1), policies=Policies(open_debt_at_cancel=open_debt)
    )  # fmt: skip
    assert [move.after for move in decided(one).let_go] == [Status.CANCELED] * ends


def test_a_trial_that_ends_in_a_pause_nobody_asked_for_begins_it() -> None:
    foreseen = Pause(key(), utc(2025, 1, 11), None, is_foreseen=True)
    one = replace(simple("30.00", start=JANUARY, trial_ends=date(2025, 1, 11)), pauses=(foreseen,))
    assert [begun.pause for begun in decided(replace(one, status=Status.TRIALING)).pauses_begun] == [foreseen]
    assert decided(replace(one, status=Status.TRIALING), through=utc(2025, 1, 10)).pauses_begun == ()


def test_what_is_due_for_ever_is_refused_and_named() -> None:
    """So often an instant may come again, as it does where effects bring about others; once more is one too often."""
    customer = key()
    turns = Turns(lambda: utc(2025, 3, 1), payer_id=customer)
    for _ in range(MOST_ROUNDS):
        turns.go_on()
    with pytest.raises(BillingStuck) as refused:
        turns.go_on()
    assert refused.value.facts == {"payer": customer.text("cus"), "at": "2025-03-01T00:00:00+00:00"}


def test_the_rounds_of_one_instant_do_not_count_for_the_next() -> None:
    coming = [utc(2025, 3, 1)] * (MOST_ROUNDS + 1) + [utc(2025, 3, 2)] * (MOST_ROUNDS + 1) + [None] * (MOST_ROUNDS + 2)
    turns = Turns(iter(coming).__next__, payer_id=key())
    for expected in coming:
        assert turns.due == expected
        if turns.due is not None:
            turns.go_on()
    for _ in range(MOST_ROUNDS):
        turns.go_on()
    assert turns.due is None
