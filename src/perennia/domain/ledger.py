"""Balanced postings for each event. A debit is above zero; every transaction sums to zero per currency."""

from datetime import datetime

from perennia.domain.decision import Account, Posting
from perennia.domain.documents import Document
from perennia.domain.ids import Id
from perennia.domain.money import round_ratio


def issue(document: Document, *, to_balance: int = 0) -> list[Posting]:
    """A document on issue: receivable against deferred revenue and tax.

    The balance spent on an invoice lowers the receivable; what a credit note sends `to_balance` becomes
    customer credit instead of lowering a receivable.
    """
    used = document.from_balance_minor
    amounts = (
        (Account.RECEIVABLE, document.total_minor - used + to_balance),
        (Account.CUSTOMER_CREDIT, used - to_balance),
        (Account.DEFERRED_REVENUE, -document.net_minor),
        (Account.TAX, -document.tax_minor),
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


def _postings(
    transaction_id: Id, currency: str, at: datetime, amounts: tuple[tuple[Account, int], ...]
) -> list[Posting]:
    return [Posting(transaction_id, account, currency, amount, at) for account, amount in amounts if amount]
