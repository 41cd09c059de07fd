"""What stories about money by hand ask of a shop: its documents, its balances, its books, and whether they agree."""

from decimal import Decimal
from typing import Any

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.corrections import LineCredit
from perennia.domain.documents import LineKind
from perennia.domain.ids import Id
from perennia.operations import invoices, one_offs, payments, tenants
from perennia.operations.one_offs import FreeLine
from tests.operations.shop import Shop


def document(shop: Shop, number: int = 1, kind: str = "invoice") -> Id:
    return shop.rows("SELECT id FROM documents WHERE kind = %s AND number = %s", kind, number)[0][0]


def pays(shop: Shop, amount: int, reference: str = "bank 1", **more: Any) -> Id:
    return payments.record_payment(
        tenant=shop.tenant, actor="astrid", amount_minor=amount, reference=reference, now=machine_now(),
        currency=more.pop("currency", "DKK"), **more,
    )  # fmt: skip


def credits(shop: Shop, of: Id, *lines: LineCredit, **more: Any) -> Id:
    return invoices.credit_note(
        tenant=shop.tenant, actor="astrid", document_id=of, lines=lines or None, now=machine_now(), **more
    )


def refunds(shop: Shop, payment: Id, amount: int | None = None, **more: Any) -> Id:
    return payments.refund(
        tenant=shop.tenant, actor="astrid", payment_id=payment, amount_minor=amount, now=machine_now(), **more
    )


def grants(shop: Shop, customer: Id, amount: int, **more: Any) -> Id:
    return payments.grant_credit(
        tenant=shop.tenant, actor="astrid", customer_id=customer, amount_minor=amount, now=machine_now(),
        currency=more.pop("currency", "DKK"), **more,
    )  # fmt: skip


def charges(shop: Shop, name: str, amount: str, *, quantity: str = "1", **more: Any) -> Id:
    line = FreeLine(name, Decimal(amount), Decimal(quantity), tax_inclusive=more.pop("tax_inclusive", False))
    return one_offs.one_off(tenant=shop.tenant, actor="astrid", line=line, now=machine_now(), **more)


def invoiced(shop: Shop, customer: Id, *lines: FreeLine, **more: Any) -> Id:
    return one_offs.invoice(
        tenant=shop.tenant, actor="astrid", customer_id=customer, lines=lines, now=machine_now(), **more
    )


def by_hand(shop: Shop) -> str:
    """All documents with their lines in order of issue, whole: what each line is of and what is left to pay."""
    rows = shop.rows(
        """SELECT d.kind, d.number, l.position, l.kind, l.description, l.quantity, l.net_minor, l.tax_minor,
            c.number, l.credits_position, d.from_balance_minor, r.open_minor, r.state
        FROM documents d JOIN lines l ON l.document_id = d.id LEFT JOIN receivables r ON r.document_id = d.id
            LEFT JOIN documents c ON c.id = l.credits_document_id
        ORDER BY d.issued_at, d.id, l.position"""
    )
    told = []
    for kind, number, position, line, name, quantity, net, tax, credited, of, balance, left, state in rows:
        if position == 1:
            paid = "" if left is None else f" ({balance} from balance, {left} {state})"
            told.append(f"{kind} {number}{paid}")
        back = "" if credited is None else f" of {credited}/{of}"
        told.append(f"  {LineKind(line).name.lower()} {quantity.normalize():f} {name}{back}: {net} + {tax}")
    return "\n".join(told)


def balance(shop: Shop) -> int:
    return int(shop.rows("SELECT coalesce(sum(amount_minor), 0) FROM balance_entries")[0][0])


def books(shop: Shop) -> dict[int, int]:
    """The ledger's balances by account, minor units; accounts at zero left out."""
    rows = shop.rows("SELECT account, sum(amount_minor)::bigint FROM postings GROUP BY account ORDER BY account")
    return {account: amount for account, amount in rows if amount}


def told(shop: Shop, *prefixes: str) -> list[str]:
    rows = shop.rows("SELECT type FROM outbox ORDER BY position")
    return [row[0] for row in rows if row[0].startswith(prefixes)]


def counts(shop: Shop) -> list[int]:
    """How many rows there are of everything that money by hand writes: a refusal leaves them as they were."""
    tables = "documents", "lines", "allocations", "balance_entries", "postings", "payments", "refunds", "write_offs"
    more = "credit_grants", "pending_lines", "outbox", "history"
    return [shop.rows(f"SELECT count(*) FROM {table}")[0][0] for table in (*tables, *more)]


def agrees(shop: Shop) -> None:
    """Nothing is found by `perennia verify`."""
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    problems = [(one.name, one.examples) for one in found if one.failed]
    assert not problems, problems
