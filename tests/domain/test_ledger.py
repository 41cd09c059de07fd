"""Postings of each event: balanced, and on the right accounts."""

from datetime import date

import pytest

from perennia.domain.decision import Account as Book
from perennia.domain.decision import Posting
from perennia.domain.ledger import opening_credit, payment, recognition
from tests.domain.world import Account, key, payer, rate, seller, simple, utc

AT = utc(2025, 4, 1)


def sides(postings: list[Posting]) -> dict[Book, int]:
    assert sum(posting.amount_minor for posting in postings) == 0
    assert len({(posting.transaction_id, posting.currency, posting.at) for posting in postings}) <= 1
    return {posting.account: posting.amount_minor for posting in postings}


def issued(amount: str, **more) -> dict[Book, int]:
    account = Account(payer(simple(amount, start=date(2025, 4, 1)), **more), seller(rate("25")))
    account.bill(AT)
    return sides(account.postings)


def test_an_invoice_is_owed_deferred_and_taxed() -> None:
    expected = {Book.RECEIVABLE: 12500, Book.DEFERRED_REVENUE: -10000, Book.TAX: -2500}
    assert issued("100.00") == expected


def test_balance_spent_is_not_owed() -> None:
    expected = {Book.RECEIVABLE: 10500, Book.CUSTOMER_CREDIT: 2000, Book.DEFERRED_REVENUE: -10000, Book.TAX: -2500}
    assert issued("100.00", balance=2000) == expected


def test_a_document_below_zero_becomes_the_payers_credit() -> None:
    assert issued("-20.00") == {Book.CUSTOMER_CREDIT: -2500, Book.DEFERRED_REVENUE: 2000, Book.TAX: 500}


def test_a_document_of_nothing_books_nothing() -> None:
    assert issued("0.00") == {}


@pytest.mark.parametrize(
    ("captured", "allocated", "expected"),
    [
        (12500, 12500, {Book.CASH_SANDBOX: 12500, Book.RECEIVABLE: -12500}),
        (13000, 12500, {Book.CASH_SANDBOX: 13000, Book.RECEIVABLE: -12500, Book.CUSTOMER_CREDIT: -500}),
        (500, 0, {Book.CASH_SANDBOX: 500, Book.CUSTOMER_CREDIT: -500}),
    ],
)
def test_money_that_arrives_pays_what_is_owed_and_the_rest_is_credit(captured, allocated, expected) -> None:
    booked = payment(
        payment_id=key(), cash=Book.CASH_SANDBOX, currency="EUR", captured_minor=captured, allocated_minor=allocated, at=AT
    )  # fmt: skip
    assert sides(booked) == expected


def test_revenue_is_recognised_out_of_what_was_deferred() -> None:
    booked = recognition(transaction_id=key(), currency="EUR", amount_minor=999, at=AT)
    assert sides(booked) == {Book.DEFERRED_REVENUE: 999, Book.REVENUE: -999}


def test_credit_taken_over_lies_where_it_lay() -> None:
    booked = opening_credit(transaction_id=key(), currency="EUR", amount_minor=999, at=AT)
    assert sides(booked) == {Book.CASH_OTHER: 999, Book.CUSTOMER_CREDIT: -999}
