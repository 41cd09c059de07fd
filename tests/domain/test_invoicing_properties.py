"""What holds for every payer, however strange its agreements."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import orjson
from hypothesis import given, settings

from perennia.domain.calendar import midnight
from perennia.domain.decision import Movement
from perennia.domain.documents import DocumentKind, LineKind
from perennia.domain.explanation import evaluate, extras
from perennia.domain.invoicing import bill, next_due_at
from tests.domain.agreements import Agreements, agreements
from tests.domain.world import Account, calculation_of, follow, fresh_ids, image

few = settings(max_examples=15, deadline=None)
MONTH = timedelta(days=30)


def first_instant(drawn: Agreements) -> datetime:
    return midnight(drawn.start, "UTC") - timedelta(days=10)


def lived(drawn: Agreements, *, days: int = 130, every: timedelta = MONTH) -> Account:
    start = first_instant(drawn)
    return Account(drawn.payer, drawn.seller).run(start, start + timedelta(days=days), every=every)


def in_time(movements: list[Movement]) -> list[Movement]:
    return sorted(movements, key=lambda movement: (movement.effective_at, movement.subscription_id))


@few
@given(agreements())
def test_ticks_of_an_hour_a_day_and_a_month_bill_the_same(drawn: Agreements) -> None:
    monthly = lived(drawn, days=70)
    for every in (timedelta(hours=1), timedelta(days=1), timedelta(days=70)):
        other = lived(drawn, days=70, every=every)
        assert image(other) == image(monthly)
        assert in_time(other.movements) == in_time(monthly.movements)
        assert other.payer == monthly.payer


@few
@given(agreements())
def test_a_second_bill_is_empty_and_agrees_on_what_is_next(drawn: Agreements) -> None:
    account = lived(drawn)
    through = first_instant(drawn) + timedelta(days=130)
    again = bill(account.payer, seller=drawn.seller, through=through, now=through, new_ids=fresh_ids(), catch_up=True)
    assert not any(getattr(again, name) for name in again.__slots__ if name not in ("payer_id", "next_due_at"))
    assert again.next_due_at == account.next_due_at == next_due_at(account.payer, seller=drawn.seller)
    assert account.next_due_at is None or account.next_due_at > through


@few
@given(agreements())
def test_the_same_facts_give_the_same_decision(drawn: Agreements) -> None:
    through = first_instant(drawn) + timedelta(days=90)
    one, two = (
        bill(drawn.payer, seller=drawn.seller, through=through, now=through, new_ids=fresh_ids(), catch_up=True)
        for _ in range(2)
    )
    assert one == two
    assert follow(drawn.payer, one) == follow(drawn.payer, two)


@few
@given(agreements())
def test_nothing_happens_before_next_due_at_and_something_does_then(drawn: Agreements) -> None:
    account = Account(drawn.payer, drawn.seller)
    due = next_due_at(drawn.payer, seller=drawn.seller)
    for _ in range(12):
        if due is None:
            break
        just_before = due - timedelta(microseconds=1)
        before = bill(account.payer, seller=drawn.seller, through=just_before, now=just_before, new_ids=fresh_ids())
        assert not before.documents and not before.moves and before.next_due_at == due
        decision = account.bill(due)
        assert decision is not None and (decision.settled or decision.moves)
        assert decision.next_due_at is None or decision.next_due_at > due
        due = decision.next_due_at


@few
@given(agreements())
def test_lines_tile_what_was_agreed(drawn: Agreements) -> None:
    account = lived(drawn, days=150)
    through = first_instant(drawn) + timedelta(days=150)
    spans = defaultdict(list)
    for document in account.documents:
        for line in document.lines:
            spans[line.version_id].append((line.period_start, line.period_end))
    for one in drawn.payer.subscriptions:
        for item in one.items:
            found = spans[item.versions[0].id]
            begins = max(one.started_at, one.trial_ends_at or one.started_at)
            if one.cancel_at is not None and one.cancel_at <= begins:
                assert not found
                continue
            for (_, end), (start, _) in pairwise(found):
                assert end == start
            if found:
                assert found[0][0] == begins
                assert one.cancel_at is None or found[-1][1] <= one.cancel_at
            if item.versions[0].price.timing == "advance":
                assert (found[-1][1] if found else begins) > through or found[-1][1] == one.cancel_at


@few
@given(agreements())
def test_documents_are_sums_of_lines_and_of_the_right_kind(drawn: Agreements) -> None:
    account = lived(drawn, every=timedelta(days=11))
    balance = sum(drawn.payer.balances.values())
    for document in account.documents:
        assert document.lines
        assert document.net_minor == sum(line.net_minor for line in document.lines)
        assert document.tax_minor == sum(line.tax_minor for line in document.lines)
        assert (document.kind is DocumentKind.INVOICE) == (document.total_minor >= 0)
        assert 0 <= document.from_balance_minor <= max(document.total_minor, 0)
        assert document.from_balance_minor in (balance, max(document.total_minor, 0), 0)
        balance -= document.from_balance_minor if document.total_minor >= 0 else document.total_minor
    assert account.balance == balance >= 0
    order = [document.due_at for document in account.documents]
    assert order == sorted(order)
    keys = Counter((d.entity_id, d.currency, d.collection, d.due_at) for d in account.documents)
    assert set(keys.values()) <= {1}


@few
@given(agreements())
def test_every_transaction_sums_to_zero(drawn: Agreements) -> None:
    account = lived(drawn)
    sums: Counter = Counter()
    for posting in account.postings:
        sums[posting.transaction_id, posting.currency] += posting.amount_minor
        assert posting.amount_minor
    assert not any(sums.values())
    by_account: Counter = Counter()
    for posting in account.postings:
        by_account[posting.account.name] += posting.amount_minor
    assert by_account["DEFERRED_REVENUE"] == -sum(document.net_minor for document in account.documents)
    assert by_account["TAX"] == -sum(document.tax_minor for document in account.documents)
    assert by_account["RECEIVABLE"] == sum(document.open_minor for document in account.documents)
    assert by_account["CUSTOMER_CREDIT"] == sum(drawn.payer.balances.values()) - account.balance


@few
@given(agreements())
def test_every_line_passes_its_explanation_also_when_read_back(drawn: Agreements) -> None:
    for document in lived(drawn).documents:
        for line in document.lines:
            stored = None if line.calculation is None else orjson.loads(orjson.dumps(extras(line.calculation)))
            calculation = calculation_of(line, document.currency, stored)
            assert line.calculation in (None, calculation)
            _, result = evaluate(calculation)
            assert result == line.net_minor + (line.tax_minor if line.tax_inclusive else 0)


@few
@given(agreements())
def test_an_end_gives_back_no_more_than_was_charged(drawn: Agreements) -> None:
    """Every subscription is cut short at once, somewhere in what it has paid, some of it unpaid still."""
    account = lived(drawn, days=75)
    cancel_at = midnight(drawn.start + timedelta(days=57), "UTC")
    for index, document in enumerate(account.documents):
        if document.kind is DocumentKind.INVOICE and index % 2:
            account.pay(document, account.open_on[document.id] // 2)
    for index, one in enumerate(account.payer.subscriptions):
        account.cancel(midnight(cancel_at.date(), one.zone), index=index)
    account.bill(first_instant(drawn) + timedelta(days=76))
    assert not account.payer.subscriptions and account.next_due_at is None
    charged, credited = Counter(), Counter()
    for document in account.documents:
        for position, line in enumerate(document.lines):
            if line.kind is LineKind.CREDIT:
                credited[line.credits] -= line.net_minor + line.tax_minor
                assert line.calculation is not None
                assert evaluate(line.calculation)[1] == line.net_minor
            else:
                charged[document.id, position] = line.net_minor + line.tax_minor
    for place, amount in credited.items():
        assert abs(amount) <= abs(charged[place]) and amount * charged[place] >= 0
    sums: Counter = Counter()
    for posting in account.postings:
        sums[posting.transaction_id, posting.currency] += posting.amount_minor
    assert not any(sums.values())
    assert sum(movement.mrr_minor for movement in account.movements) == 0
