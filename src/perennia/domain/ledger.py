"""Balanced postings for each event. A debit is above zero; every transaction sums to zero per currency."""

from collections.abc import Mapping
from datetime import datetime

from perennia.domain.decision import Account, Posting
from perennia.domain.documents import Document
from perennia.domain.grants import GrantKind
from perennia.domain.ids import Id
from perennia.domain.money import round_ratio

_CASH: Mapping[str, Account] = {"sandbox": Account.CASH_SANDBOX}


def cash_of(gateway: str) -> Account:
    """Where the money of a gateway lies; that of a bank transfer or a till with all other."""
    return _CASH.get(gateway, Account.CASH_OTHER)


def issue(document: Document, *, to_balance: int = 0) -> list[Posting]:
    """A document on issue: receivable against deferred revenue and tax, and what cash was rounded by.

    The balance spent on an invoice lowers the receivable; what a credit note sends `to_balance` becomes
    customer credit instead of lowering a receivable.
    """
    used, rounding = document.from_balance_minor, document.rounding_minor
    amounts = (
        (Account.RECEIVABLE, document.total_minor - used + to_balance),
        (Account.CUSTOMER_CREDIT, used - to_balance),
        (Account.DEFERRED_REVENUE, rounding - document.net_minor),
        (Account.TAX, -document.tax_minor),
        (Account.ROUNDING, -rounding),
    )
    return _postings(document.id, document.currency, document.issued_at, amounts)


def payment(
    *, payment_id: Id, cash: Account, currency: str, captured_minor: int, allocated_minor: int, at: datetime
) -> list[Posting]:
    """Money that arrived: cash against the receivable, what is over against the payer's credit."""
    amounts = (
        (cash, captured_minor),
        (Account.RECEIVABLE, -allocated_minor),
        (Account.CUSTOMER_CREDIT, allocated_minor - captured_minor),
    )
    return _postings(payment_id, currency, at, amounts)


def recognition(*, transaction_id: Id, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """Revenue earned in a month, one summarised booking per currency."""
    amounts = ((Account.DEFERRED_REVENUE, amount_minor), (Account.REVENUE, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def earned(*, net_minor: int, days: int, elapsed: int) -> int:
    """How much of a line's net is earned once `elapsed` of its period's `days` have begun.

    Earned day by day and rounded on the cumulative amount, so that the months of a line add up to its net.
    A line whose period has no day is earned on its first.
    """
    if elapsed <= 0:
        return 0
    return net_minor if elapsed >= days else round_ratio(net_minor * elapsed, days)


def opening_credit(*, transaction_id: Id, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """Credit taken over from another system: the money lies where that system left it."""
    amounts = ((Account.CASH_OTHER, amount_minor), (Account.CUSTOMER_CREDIT, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def refund(
    *, refund_id: Id, cash: Account, currency: str, amount_minor: int, from_balance_minor: int, at: datetime
) -> list[Posting]:
    """Money given back: what was on the payer's balance, the rest as a loss of ours. `cash` is what it leaves.

    One that a gateway is still to make stands against `REFUNDS_UNDERWAY`.
    """
    amounts = (
        (cash, -amount_minor),
        (Account.CUSTOMER_CREDIT, from_balance_minor),
        (Account.REFUNDS, amount_minor - from_balance_minor),
    )
    return _postings(refund_id, currency, at, amounts)


def refund_made(*, transaction_id: Id, cash: Account, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """A refund that was under way has left the gateway's account."""
    amounts = ((Account.REFUNDS_UNDERWAY, amount_minor), (cash, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def grant(*, transaction_id: Id, kind: GrantKind, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """Credit given: away, or against money that lies elsewhere."""
    against = Account.CASH_OTHER if kind is GrantKind.PAID else Account.GRANTED
    amounts = ((against, amount_minor), (Account.CUSTOMER_CREDIT, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def expiry(*, transaction_id: Id, kind: GrantKind, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """Credit that can be spent no more: what was given away is taken back, what was paid for is ours."""
    against = Account.EXPIRED if kind is GrantKind.PAID else Account.GRANTED
    amounts = ((Account.CUSTOMER_CREDIT, amount_minor), (against, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def write_off(*, transaction_id: Id, currency: str, amount_minor: int, at: datetime) -> list[Posting]:
    """A receivable taken for lost; below zero, one that was settled after all."""
    amounts = ((Account.WRITE_OFF, amount_minor), (Account.RECEIVABLE, -amount_minor))
    return _postings(transaction_id, currency, at, amounts)


def _postings(
    transaction_id: Id, currency: str, at: datetime, amounts: tuple[tuple[Account, int], ...]
) -> list[Posting]:
    return [Posting(transaction_id, account, currency, amount, at) for account, amount in amounts if amount]
