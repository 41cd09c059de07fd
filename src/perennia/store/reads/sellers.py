"""What all payers of a tenant share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.errors import NotFound
from perennia.domain.facts import Entity, Seller
from perennia.domain.ids import Id
from perennia.domain.policies import policies
from perennia.domain.tax import TaxRate, TaxTable
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Tenant:
    """One set of books. `clock` is a sandbox's business time; None for a live tenant."""

    id: Id
    business_id: Id
    slug: str
    name: str
    mode: str
    clock: datetime | None
    zone: str
    currency: str
    country: str
    policies: dict[str, Any]


_TENANT = "id, business_id, slug, name, mode, clock, zone, currency, country, policies"


def tenant(cursor: Cursor, *, slug: str) -> Tenant:
    """The tenant of that name. Raises NotFound."""
    row = cursor.execute(f"SELECT {_TENANT} FROM tenants WHERE slug = %s".encode(), (slug,)).fetchone()
    if row is None:
        raise NotFound(kind="tenant", id=slug)
    return Tenant(*row)


def tenant_by_id(cursor: Cursor, *, tenant_id: Id) -> Tenant:
    """The tenant with that key. Raises NotFound."""
    row = cursor.execute(f"SELECT {_TENANT} FROM tenants WHERE id = %s".encode(), (tenant_id,)).fetchone()
    if row is None:
        raise NotFound(kind="tenant", id=tenant_id.hex())
    return Tenant(*row)


def tenants(cursor: Cursor) -> list[Tenant]:
    """All tenants of the installation, by name."""
    return [Tenant(*row) for row in cursor.execute(f"SELECT {_TENANT} FROM tenants ORDER BY slug, id".encode())]


def business(cursor: Cursor, *, slug: str) -> Id:
    """The key of the business of that name. Raises NotFound."""
    row = cursor.execute("SELECT id FROM businesses WHERE slug = %s", (slug,)).fetchone()
    if row is None:
        raise NotFound(kind="business", id=slug)
    key: Id = row[0]
    return key


def seller(cursor: Cursor, *, tenant: Tenant) -> Seller:
    """The tenant's legal entities and dated tax rates."""
    entities = cursor.execute(
        "SELECT id, party_id, country, serves FROM legal_entities WHERE tenant_id = %s ORDER BY id", (tenant.id,)
    )
    found = {
        key: Entity(key, party_id, country, frozenset(serves)) for key, party_id, country, serves in entities.fetchall()
    }
    return Seller(
        tenant.id, tenant.zone, found, TaxTable(tax_rates(cursor, tenant=tenant.id)), policies(tenant.policies)
    )


def tax_rates(cursor: Cursor, *, tenant: Id) -> list[TaxRate]:
    """The dated table of a tenant."""
    rows = cursor.execute(
        """SELECT country, tax_class, percent, valid_from, valid_to FROM tax_rates WHERE tenant_id = %s
        ORDER BY country, tax_class, valid_from, id""",
        (tenant,),
    )
    return [TaxRate(*row) for row in rows]
