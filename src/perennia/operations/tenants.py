"""Businesses, their live books and their sandboxes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennia.domain.calendar import zone_info
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.domain.tax import TaxRate
from perennia.operations.books import open_books
from perennia.store import session
from perennia.store.identity import new_id
from perennia.store.reads import sellers
from perennia.store.reads.sellers import Tenant, policies_from
from perennia.store.writes import tenants as write


def create_business(*, slug: str, name: str, now: datetime) -> Id:
    """A business without books yet. Raises AlreadyExists for a slug in use."""
    _check_slug(slug)
    with session.transaction(None) as cursor:
        return write.insert_business(cursor, slug=slug, name=name, now=now)


def create_tenant(
    *,
    business_id: Id,
    slug: str,
    name: str,
    country: str,
    currency: str,
    zone: str,
    clock: datetime | None,
    now: datetime,
    policies: dict[str, Any] | None = None,
) -> Id:
    """A set of books with one legal entity: a sandbox that starts at `clock`, or the live one where that is None.

    Raises InvalidValue, UnknownCurrency, UnknownZone, AlreadyExists.
    """
    _check_slug(slug)
    _check_country(country)
    exponent(currency)
    zone_info(zone)
    try:
        policies_from(policies)
    except TypeError as error:
        raise InvalidValue(field="policies", value=str(policies), reason=str(error)) from error
    key = new_id()
    with session.transaction(key) as cursor:
        write.insert_tenant(
            cursor,
            key=key,
            business_id=business_id,
            slug=slug,
            name=name,
            clock=clock,
            zone=zone,
            currency=currency,
            country=country,
            policies=policies or {},
            now=now,
        )
        write.insert_entity(cursor, tenant=key, name=name, country=country, now=clock or now)
    return key


def set_tax_rate(
    *, tenant: Id, country: str, percent: Decimal, valid_from: date, source: str, valid_to: date | None = None,
    tax_class: str = "standard",
) -> None:  # fmt: skip
    """Add a rate to the dated table. Raises InvalidValue, AlreadyExists for a second one from the same date."""
    _check_country(country)
    TaxRate(country, tax_class, percent, valid_from, valid_to)
    with open_books(tenant=tenant) as books:
        write.insert_tax_rate(
            books.cursor,
            tenant=tenant,
            country=country,
            tax_class=tax_class,
            percent=percent,
            valid_from=valid_from,
            valid_to=valid_to,
            source=source,
        )


def find(slug: str) -> Tenant:
    """The tenant of that name. Raises NotFound."""
    with session.transaction(None) as cursor:
        return sellers.tenant(cursor, slug=slug)


def all_tenants() -> list[Tenant]:
    """All tenants of the installation, by name."""
    with session.transaction(None) as cursor:
        return sellers.tenants(cursor)


def find_business(slug: str) -> Id:
    """The business of that name. Raises NotFound."""
    with session.transaction(None) as cursor:
        return sellers.business(cursor, slug=slug)


def _check_slug(slug: str) -> None:
    if not slug or len(slug) > 50 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in slug):
        raise InvalidValue(field="slug", value=slug, reason="1 to 50 letters, digits, - and _")


def _check_country(country: str) -> None:
    if len(country) != 2 or not (country.isascii() and country.isupper()):
        raise InvalidValue(field="country", value=country, reason="two capital letters of ISO 3166, like DK")
