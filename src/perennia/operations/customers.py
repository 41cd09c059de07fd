"""Customers and their payment methods."""

from dataclasses import replace
from datetime import datetime

from perennia.domain.calendar import zone_info
from perennia.domain.decision import Decision
from perennia.domain.errors import InvalidValue
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Payer, Seller
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.domain.preferences import checked_email, checked_language
from perennia.domain.tax import tax_status
from perennia.domain.taxing import revalued
from perennia.operations.agreements import customer_and_payer
from perennia.operations.books import open_books
from perennia.operations.catalog import checked
from perennia.operations.countries import check_country
from perennia.operations.payers import check_may_pay
from perennia.store.identity import new_id
from perennia.store.reads import customers as read
from perennia.store.writes import customers as write
from perennia.store.writes import drafts, locks, payments
from perennia.store.writes.customers import NewCustomer, NewMethod


def create_customer(
    *,
    tenant: Id,
    name: str,
    email: str,
    now: datetime,
    country: str | None = None,
    zone: str | None = None,
    external_id: str | None = None,
    language: str = "en",
    address: str = "",
    payer_id: Id | None = None,
    billing_day: int | None = None,
) -> Id:
    """A customer who pays for itself, or for whom a parent pays; country and zone are the tenant's where none is given.

    `billing_day` is the day of the month its periods begin on, the last day of a shorter month. Raises InvalidValue,
    NotFound, PayerChain, AlreadyExists.
    """
    check_zone(zone)
    check_billing_day(billing_day)
    if country is not None:
        check_country(country)
    checked_language(language)
    checked(name, field="name")
    checked_email(email)
    for text, field, longest in ((external_id, "external_id", 200), (address, "address", 1000)):
        if text:
            checked(text, field=field, longest=longest)
    with open_books(tenant=tenant) as books:
        if payer_id is not None:
            books.lock(payer_id)
            check_may_pay(books, customer_id=None, payer=read.customer(books.cursor, customer_id=payer_id))
        made = NewCustomer(
            id=new_id(),
            name=name,
            email=email,
            country=country or books.tenant.country,
            external_id=external_id,
            zone=zone,
            language=language,
            address=address,
            payer_id=payer_id,
            billing_day=billing_day,
        )
        write.insert_customers(books.cursor, [made], tenant=tenant, now=books.business_time(now))
    return made.id


def set_tax_status(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    status: str,
    now: datetime,
    tax_id: str | None = None,
    region: str | None = None,
    exempt_reason: str | None = None,
) -> None:
    """Say what a customer is to the tax law; holds for documents issued from now on, older ones stay.

    `status` is taxable, reverse_charge (a business with a VAT number, `tax_id`) or exempt (with `exempt_reason`); a
    taxable customer may have a number too. `region` is a part of the country with tax of its own (ES-CN). The
    number's shape is checked for the countries of `vat_numbers`, not whether it is registered. Raises NotFound,
    InvalidValue.
    """
    if exempt_reason is not None:
        checked(exempt_reason, field="exempt_reason")
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        customer, payer = customer_and_payer(books, customer_id)
        before = customer.tax
        after = tax_status(status, country=customer.country, tax_id=tax_id, region=region, exempt_reason=exempt_reason)
        if after == before:
            return
        write.change_tax_status(books.cursor, customer_id=customer_id, before=before, after=after, actor=actor, now=now)
        changed = replace(payer, tax=after) if customer_id == payer.id else payer
        books.write([_status_changed(payer, changed, customer_id, seller=books.seller(), now=now)], actor=actor)


def _status_changed(before: Payer, after: Payer, customer_id: Id, *, seller: Seller, now: datetime) -> Decision:
    return Decision(
        payer_id=before.id,
        next_due_at=next_due_at(after, seller=seller),
        movements=revalued(before, after, seller=seller, at=now),
        events=(Event(EventType.CUSTOMER_TAX_STATUS_CHANGED, customer_id, now),),
    )


def add_payment_method(
    *, tenant: Id, customer_id: Id, gateway: str, token: str, now: datetime, fingerprint: str | None = None
) -> Id:
    """Keep a gateway's token as the customer's default method, and try it at once on debts in recovery.

    `fingerprint` is the gateway's word for the card or account, by which a trial is known again. Raises NotFound.
    """
    checked(token, field="token")
    if fingerprint is not None:
        checked(fingerprint, field="fingerprint")
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer_id = read.payer_of(books.cursor, customer_id=customer_id)
        locks.lock_payer(books.cursor, tenant=tenant, payer_id=payer_id)
        made = NewMethod(new_id(), customer_id, gateway, token, fingerprint)
        write.insert_methods(books.cursor, [made], tenant=tenant, now=now)
        payments.try_at_once(books.cursor, payer_ids=[payer_id], now=now)
        drafts.try_at_once(books.cursor, payer_ids=[payer_id], now=now)
    return made.id


def check_zone(zone: str | None) -> None:
    """Raises UnknownZone."""
    if zone is not None:
        zone_info(zone)


def check_billing_day(day: int | None) -> None:
    """Raises InvalidValue."""
    if day is not None and not 1 <= day <= 31:
        raise InvalidValue(field="billing_day", value=day, reason="a day of the month is from 1 to 31")
