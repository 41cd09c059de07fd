"""Customers, the payers they are billed as, and their payment methods; one or a whole import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.store import bulk, tables
from perennia.store.identity import new_ids
from perennia.store.session import Cursor

_PARTY = ("id", "tenant_id", "frozen_at", "kind", "content")
_PAYER = ("id", "tenant_id", "lines", "has_credit", "has_grants", "has_pending")
_CUSTOMER = (
    "id", "tenant_id", "payer_id", "party_id", "created_at", "external_id", "name", "email", "country", "zone",
    "language", "import_digest",
)  # fmt: skip
_METHOD = ("id", "tenant_id", "customer_id", "is_default", "valid", "created_at", "gateway", "token")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer who pays for itself. `address` goes on documents as it is; `import_digest` is of the imported row."""

    id: Id
    name: str
    email: str
    country: str
    external_id: str | None = None
    zone: str | None = None
    language: str = "en"
    address: str = ""
    import_digest: int | None = None


@dataclass(frozen=True, slots=True)
class NewMethod:
    id: Id
    customer_id: Id
    gateway: str
    token: str


def insert_customers(cursor: Cursor, customers: Sequence[NewCustomer], *, tenant: Id, now: datetime) -> None:
    """Each with its frozen party and its payer row."""
    parties = new_ids(len(customers))
    bulk.insert(
        cursor,
        tables.Party,
        _PARTY,
        [(key, tenant, now, "buyer", _content(c)) for key, c in zip(parties, customers, strict=True)],
    )
    bulk.insert(cursor, tables.Payer, _PAYER, [(c.id, tenant, 0, False, False, False) for c in customers])
    rows = [
        (
            c.id,
            tenant,
            c.id,
            party,
            now,
            c.external_id,
            c.name,
            c.email,
            c.country,
            c.zone,
            c.language,
            c.import_digest,
        )
        for party, c in zip(parties, customers, strict=True)
    ]
    bulk.insert(cursor, tables.Customer, _CUSTOMER, rows)


def _content(customer: NewCustomer) -> dict[str, str]:
    content = {"name": customer.name, "email": customer.email, "country": customer.country}
    return content | ({"address": customer.address} if customer.address else {})


def insert_methods(cursor: Cursor, methods: Sequence[NewMethod], *, tenant: Id, now: datetime) -> None:
    """Each becomes its customer's default, in place of the valid one before it: only those are indexed."""
    cursor.execute(
        """UPDATE payment_methods m SET is_default = false
        WHERE m.customer_id = ANY(%s) AND m.is_default AND m.valid""",
        ([method.customer_id for method in methods],),
    )
    insert_first_methods(cursor, methods, tenant=tenant, now=now)


def insert_first_methods(cursor: Cursor, methods: Sequence[NewMethod], *, tenant: Id, now: datetime) -> None:
    """The methods of customers who have none yet."""
    rows = [(m.id, tenant, m.customer_id, True, True, now, m.gateway, m.token) for m in methods]
    bulk.insert(cursor, tables.PaymentMethod, _METHOD, rows)
