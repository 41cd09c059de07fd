"""Customers, the payers they are billed as, and their payment methods; one or a whole import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from perennia.domain.ids import Id
from perennia.domain.tax import TAXABLE, TaxStatus
from perennia.store import bulk, tables
from perennia.store.identity import new_id, new_ids
from perennia.store.session import Cursor

_PARTY = ("id", "tenant_id", "frozen_at", "kind", "content")
_PAYER = ("id", "tenant_id", "lines", "has_credit", "has_grants", "has_pending")
_CUSTOMER = (
    "id", "tenant_id", "payer_id", "party_id", "created_at", "external_id", "name", "email", "country", "zone",
    "language", "import_digest", "billing_day",
)  # fmt: skip
_METHOD = ("id", "tenant_id", "customer_id", "is_default", "valid", "created_at", "gateway", "token", "fingerprint")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer who pays for itself, or is paid for by another.

    `address` goes on documents as it is; `import_digest` is of the imported row.
    """

    id: Id
    name: str
    email: str
    country: str
    external_id: str | None = None
    zone: str | None = None
    language: str = "en"
    address: str = ""
    import_digest: int | None = None
    payer_id: Id | None = None
    billing_day: int | None = None


@dataclass(frozen=True, slots=True)
class NewMethod:
    """`fingerprint` is the gateway's word for the card or account, the same for every token of it."""

    id: Id
    customer_id: Id
    gateway: str
    token: str
    fingerprint: str | None = None


def insert_customers(cursor: Cursor, customers: Sequence[NewCustomer], *, tenant: Id, now: datetime) -> None:
    """Each with its frozen party and a payer row of its own, also where another pays for now."""
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
            c.payer_id or c.id,
            party,
            now,
            c.external_id,
            c.name,
            c.email,
            c.country,
            c.zone,
            c.language,
            c.import_digest,
            c.billing_day,
        )
        for party, c in zip(parties, customers, strict=True)
    ]
    bulk.insert(cursor, tables.Customer, _CUSTOMER, rows)


def _content(customer: NewCustomer) -> dict[str, str]:
    content = {"name": customer.name, "email": customer.email, "country": customer.country}
    return content | ({"address": customer.address} if customer.address else {})


def change_tax_status(
    cursor: Cursor, *, customer_id: Id, before: TaxStatus, after: TaxStatus, actor: str, now: datetime
) -> None:
    """From the next document on: the status, a new frozen party that says it, and an entry in the history."""
    party = new_id()
    said = {
        "tax_status": after.kind.value,
        "tax_id": after.tax_id,
        "region": after.region,
        "exempt_reason": after.exempt_reason,
    }
    columns = dict.fromkeys(said) if after == TAXABLE else said
    cursor.execute(
        """INSERT INTO parties (id, tenant_id, kind, content, frozen_at, retain_until)
        SELECT %(party)s, p.tenant_id, p.kind, (p.content - %(names)s::text[]) || jsonb_strip_nulls(%(content)s),
            %(now)s, p.retain_until
        FROM customers c JOIN parties p ON p.id = c.party_id WHERE c.id = %(customer)s""",
        {"party": party, "names": list(said), "content": Jsonb(columns), "now": now, "customer": customer_id},
    )
    cursor.execute(
        """UPDATE customers SET party_id = %(party)s, tax_status = %(tax_status)s, tax_id = %(tax_id)s,
            region = %(region)s, exempt_reason = %(exempt_reason)s
        WHERE id = %(customer)s""",
        {"party": party, "customer": customer_id, **columns},
    )
    cursor.execute(
        """INSERT INTO history (tenant_id, subject_id, payer_id, change, before, after, actor, at, recorded_at)
        SELECT tenant_id, id, payer_id, 'customer.tax_status', %s, %s, %s, %s, now() FROM customers WHERE id = %s""",
        (before.kind.value, after.kind.value, actor, now, customer_id),
    )


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
    rows = [(m.id, tenant, m.customer_id, True, True, now, m.gateway, m.token, m.fingerprint) for m in methods]
    bulk.insert(cursor, tables.PaymentMethod, _METHOD, rows)


def set_billing_day(cursor: Cursor, *, customer_id: Id, day: int | None) -> bool:
    """False where it is that already."""
    cursor.execute(
        "UPDATE customers SET billing_day = %s WHERE id = %s AND billing_day IS DISTINCT FROM %s",
        (day, customer_id, day),
    )
    return cursor.rowcount == 1


def set_zone(cursor: Cursor, *, customer_id: Id, zone: str | None) -> bool:
    """False where it is that already."""
    cursor.execute(
        "UPDATE customers SET zone = %s WHERE id = %s AND zone IS DISTINCT FROM %s", (zone, customer_id, zone)
    )
    return cursor.rowcount == 1


def set_next_zone(cursor: Cursor, *, tenant: Id, customer_id: Id, payer_id: Id, zone: str) -> None:
    """The zone over to which each subscription of a customer goes, where a change to it waits."""
    cursor.execute(
        """UPDATE subscriptions SET next_zone = nullif(%s, zone)
        WHERE tenant_id = %s AND payer_id = %s AND customer_id = %s AND changing""",
        (zone, tenant, payer_id, customer_id),
    )
