"""Businesses, their sets of books and the clocks of sandboxes."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from perennia.domain.documents import DocumentKind
from perennia.domain.ids import Id
from perennia.domain.tax import TaxRate
from perennia.store.identity import new_id
from perennia.store.session import Cursor
from perennia.store.writes.rows import insert


def insert_business(cursor: Cursor, *, slug: str, name: str, now: datetime) -> Id:
    key = new_id()
    insert(cursor, "businesses", id=key, slug=slug, name=name, created_at=now)
    return key


def insert_tenant(
    cursor: Cursor,
    *,
    key: Id,
    business_id: Id,
    slug: str,
    name: str,
    clock: datetime | None,
    zone: str,
    currency: str,
    country: str,
    policies: dict[str, Any],
    now: datetime,
) -> None:
    """A sandbox where a clock is given, else the live tenant."""
    insert(
        cursor,
        "tenants",
        id=key,
        business_id=business_id,
        slug=slug,
        name=name,
        mode="live" if clock is None else "sandbox",
        clock=clock,
        zone=zone,
        currency=currency,
        country=country,
        policies=policies,
        created_at=now,
    )


def insert_entity(
    cursor: Cursor,
    *,
    tenant: Id,
    name: str,
    country: str,
    now: datetime,
    serves: Collection[str] = (),
    yearly: bool = False,
    more: Mapping[str, str] | None = None,
) -> Id:
    """A legal entity with its frozen party and a number series for each kind of document.

    `more` is what its documents say beside name and country.
    """
    key, party = new_id(), new_id()
    content = {"name": name, "country": country, **(more or {})}
    insert(cursor, "parties", id=party, tenant_id=tenant, kind="seller", content=content, frozen_at=now)
    insert(
        cursor, "legal_entities", id=key, tenant_id=tenant, name=name, country=country, party_id=party, yearly=yearly
    )
    cursor.execute("UPDATE legal_entities SET serves = %s::varchar[] WHERE id = %s", (sorted(serves), key))
    for kind in DocumentKind:
        insert(cursor, "number_series", id=new_id(), tenant_id=tenant, entity_id=key, kind=kind.value, next_number=1)
    return key


def lock_settings(cursor: Cursor, *, tenant: Id) -> None:
    """Let nobody else change who sells, or the dated table of rates, until the transaction ends."""
    cursor.execute("SELECT 1 FROM tenants WHERE id = %s FOR NO KEY UPDATE", (tenant,))


def set_yearly(cursor: Cursor, *, entity_id: Id, yearly: bool) -> bool:
    """Number its documents by year or in one series, from the next one on; False where it does already."""
    cursor.execute("UPDATE legal_entities SET yearly = %s WHERE id = %s AND yearly <> %s", (yearly, entity_id, yearly))
    return cursor.rowcount == 1


def insert_tax_rate(cursor: Cursor, *, tenant: Id, rate: TaxRate, source: str) -> None:
    insert(
        cursor,
        "tax_rates",
        id=new_id(),
        tenant_id=tenant,
        country=rate.country,
        tax_class=rate.tax_class,
        percent=rate.percent,
        valid_from=rate.valid_from,
        valid_to=rate.valid_to,
        source=source,
    )


def end_tax_rate(cursor: Cursor, *, tenant: Id, country: str, tax_class: str, valid_to: date) -> bool:
    """End the rate that has no end and began before `valid_to`; False where there is none."""
    cursor.execute(
        """UPDATE tax_rates SET valid_to = %s
        WHERE tenant_id = %s AND country = %s AND tax_class = %s AND valid_to IS NULL AND valid_from < %s""",
        (valid_to, tenant, country, tax_class, valid_to),
    )
    return cursor.rowcount == 1


def move_clock(cursor: Cursor, *, tenant: Id, to: datetime) -> None:
    """Set a sandbox's clock; never back."""
    cursor.execute("UPDATE tenants SET clock = %s WHERE id = %s AND mode = 'sandbox' AND clock <= %s", (to, tenant, to))
    if cursor.rowcount != 1:
        raise RuntimeError("the clock of a live tenant, or a move back, got past the rules")
