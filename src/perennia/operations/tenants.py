"""Businesses, their live books and their sandboxes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennia.domain.calendar import zone_info
from perennia.domain.entities import selling_entity
from perennia.domain.errors import InvalidValue, NoOpenTaxRate, TaxRatesOverlap
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.domain.policies import policies as policies_from
from perennia.domain.tax import TaxRate
from perennia.domain.vat_area import MEMBERS_TODAY
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import checked
from perennia.operations.countries import check_country, check_place
from perennia.operations.vat_rates import NEIGHBOURS, RATES
from perennia.store import session
from perennia.store.identity import new_id
from perennia.store.reads import sellers
from perennia.store.reads.sellers import Tenant
from perennia.store.writes import tenants as write
from perennia.store.writes.history import insert_change

CONTINUOUS, YEARLY = "continuous", "yearly"


def create_business(*, slug: str, name: str, now: datetime, first_tenant: Id | None = None) -> Id:
    """A business without books yet. Raises AlreadyExists for a slug in use.

    `first_tenant` is given within a transaction that also makes its books.
    """
    _check_slug(slug)
    with session.transaction(first_tenant) as cursor:
        return write.insert_business(cursor, slug=slug, name=name, now=now)


def open_business(
    *, slug: str, name: str, country: str, currency: str, zone: str, clock: datetime | None, now: datetime,
    policies: dict[str, Any] | None = None,
) -> Id:  # fmt: skip
    """A business with its first set of books, both of that name, or neither: `create_business` and `create_tenant`."""
    key = new_id()
    with session.transaction(key):
        return create_tenant(
            business_id=create_business(slug=slug, name=name, now=now, first_tenant=key),
            key=key,
            slug=slug,
            name=name,
            country=country,
            currency=currency,
            zone=zone,
            clock=clock,
            now=now,
            policies=policies,
        )


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
    key: Id | None = None,
) -> Id:
    """A set of books with one legal entity: a sandbox that starts at `clock`, or the live one where that is None.

    `key` is its key, where it was chosen beforehand.
    Raises InvalidValue, UnknownCurrency, UnknownZone, AlreadyExists.
    """
    _check_slug(slug)
    check_country(country)
    exponent(currency)
    zone_info(zone)
    policies_from(policies)
    key = key or new_id()
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
    """Add a rate to the dated table. `country` may be a region with a rate of its own: PT-20.

    Raises InvalidValue, TaxRatesOverlap where the country and class have another on one of its days.
    """
    check_place(country)
    checked(tax_class, field="tax_class")
    rate = TaxRate(country, tax_class, percent, valid_from, valid_to)
    if valid_to is not None and valid_to <= valid_from:
        reason = f"the first day without the rate comes after {valid_from.isoformat()}"
        raise InvalidValue(field="valid_to", value=valid_to.isoformat(), reason=reason)
    with open_books(tenant=tenant) as books:
        write.lock_settings(books.cursor, tenant=tenant)
        _check_alone(rate, sellers.tax_rates(books.cursor, tenant=tenant))
        write.insert_tax_rate(books.cursor, tenant=tenant, rate=rate, source=source)


def end_tax_rate(*, tenant: Id, country: str, valid_to: date, tax_class: str = "standard") -> None:
    """Give the rate without an end one: `valid_to` is the first day it no longer holds. Raises NoOpenTaxRate.

    Documents that are issued keep the tax they have.
    """
    with open_books(tenant=tenant) as books:
        write.lock_settings(books.cursor, tenant=tenant)
        if not write.end_tax_rate(books.cursor, tenant=tenant, country=country, tax_class=tax_class, valid_to=valid_to):
            raise NoOpenTaxRate(country=country, tax_class=tax_class, valid_to=valid_to.isoformat())


def load_eu_rates(*, tenant: Id, also: Sequence[str] = (), since: date | None = None) -> int:
    """Put the standard rates of the member states into the dated table, with history and sources; answers how many.

    The countries of the tenant's own legal entities come along, and `also` adds others of `vat_rates` (NO, CH, GB, IS:
    a seller charges there once it is registered). `since` leaves out rates that ended before. A rate that is there
    stays; one without an end is given the end it has. Raises TaxRatesOverlap where the table says otherwise: then
    nothing is added.
    """
    with open_books(tenant=tenant) as books:
        write.lock_settings(books.cursor, tenant=tenant)
        at_home = {entity.country for entity in books.seller().entities.values()}
        wanted = {*MEMBERS_TODAY, *_offered(also), *(at_home & _OFFERED)}
        added = 0
        for row in RATES:
            rate = row.rate
            over = since is not None and rate.valid_to is not None and rate.valid_to <= since
            if rate.country in wanted and not over:
                added += _load(books, rate, source=row.source)
    return added


_OFFERED = frozenset(row.rate.country for row in RATES)


def _offered(countries: Sequence[str]) -> Sequence[str]:
    for country in countries:
        if country not in _OFFERED:
            reason = f"there are rates for the European Union and {', '.join(NEIGHBOURS)}"
            raise InvalidValue(field="country", value=country, reason=reason)
    return countries


def _load(books: Books, rate: TaxRate, *, source: str) -> bool:
    """Add a rate unless the table has that percent already; whether it was added."""
    others = [other for other in sellers.tax_rates(books.cursor, tenant=books.tenant.id) if _overlap(rate, other)]
    if not others or any(other.percent != rate.percent for other in others):
        _check_alone(rate, others)
        write.insert_tax_rate(books.cursor, tenant=books.tenant.id, rate=rate, source=source)
        return True
    if rate.valid_to is not None and any(other.valid_to is None for other in others):
        place = {"country": rate.country, "tax_class": rate.tax_class}
        write.end_tax_rate(books.cursor, tenant=books.tenant.id, valid_to=rate.valid_to, **place)
    return False


def _overlap(one: TaxRate, other: TaxRate) -> bool:
    same = (other.country, other.tax_class) == (one.country, one.tax_class)
    return same and _begins_before_end(other, one) and _begins_before_end(one, other)


def _check_alone(rate: TaxRate, others: list[TaxRate]) -> None:
    for other in others:
        if _overlap(rate, other):
            raise TaxRatesOverlap(
                country=other.country,
                tax_class=other.tax_class,
                percent=f"{other.percent.normalize():f}",
                valid_from=other.valid_from.isoformat(),
                valid_to=other.valid_to.isoformat() if other.valid_to else "further notice",
            )


def _begins_before_end(one: TaxRate, other: TaxRate) -> bool:
    return other.valid_to is None or one.valid_from < other.valid_to


def add_legal_entity(
    *,
    tenant: Id,
    actor: str,
    name: str,
    country: str,
    now: datetime,
    serves: Collection[str] = (),
    number_series: str = CONTINUOUS,
    address: str = "",
    tax_id: str | None = None,
) -> Id:
    """Another legal entity that sells, with number series of its own; what has begun stays with the one it began with.

    It sells to new subscriptions of customers in the countries it `serves`, or where it is named. Its series run on, or
    (`number_series` yearly) begin at 1 with each year. Raises InvalidValue.
    """
    checked(name, field="name")
    check_country(country)
    more = {"address": address, "tax_id": tax_id or ""}
    for field, text in more.items():
        if text:
            checked(text, field=field, longest=1000)
    for served in serves:
        check_country(served)
    yearly = _is_yearly(number_series)
    with open_books(tenant=tenant) as books:
        write.lock_settings(books.cursor, tenant=tenant)
        for other in books.seller().entities.values():
            for served in sorted(other.serves.intersection(serves)):
                raise InvalidValue(field="serves", value=served, reason="another legal entity serves this country")
        key = write.insert_entity(
            books.cursor,
            tenant=tenant,
            name=name,
            country=country,
            now=books.business_time(now),
            serves=serves,
            yearly=yearly,
            more={field: text for field, text in more.items() if text},
        )
        _entity_told(books, key, "legal_entity.added", actor=actor, now=now)
    return key


def set_number_series(*, tenant: Id, actor: str, entity_id: Id, number_series: str, now: datetime) -> None:
    """Number the documents of a legal entity in one series (`continuous`) or one a year (`yearly`), from the next one on.

    The year is the local one of issue. Who goes back goes on where the one series stopped. Raises NotFound, InvalidValue.
    """
    yearly = _is_yearly(number_series)
    with open_books(tenant=tenant) as books:
        write.lock_settings(books.cursor, tenant=tenant)
        selling_entity(books.seller().entities, country="", chosen=entity_id)
        if write.set_yearly(books.cursor, entity_id=entity_id, yearly=yearly):
            _entity_told(books, entity_id, "legal_entity.number_series", actor=actor, now=now, after=number_series)


def _is_yearly(number_series: str) -> bool:
    if number_series not in (CONTINUOUS, YEARLY):
        raise InvalidValue(field="number_series", value=number_series[:50], reason="one of continuous, yearly")
    return number_series == YEARLY


def _entity_told(
    books: Books, entity_id: Id, change: str, *, actor: str, now: datetime, after: str | None = None
) -> None:
    insert_change(
        books.cursor, tenant=books.tenant.id, subject_id=entity_id, change=change, after=after, actor=actor,
        at=books.business_time(now),
    )  # fmt: skip


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
