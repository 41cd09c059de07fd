"""Customers and their payment methods."""

from dataclasses import replace
from datetime import datetime

from perennia.domain.calendar import zone_info
from perennia.domain.decision import Decision
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Payer, Seller
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.domain.tax import tax_status
from perennia.domain.taxing import revalued
from perennia.operations.books import open_books
from perennia.operations.catalog import checked
from perennia.store.identity import new_id
from perennia.store.reads import customers as read
from perennia.store.writes import customers as write
from perennia.store.writes import locks, payments
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
) -> Id:
    """A customer who pays for itself; country and zone are the tenant's where none is given. Raises InvalidValue."""
    if zone is not None:
        zone_info(zone)
    checked(name, field="name")
    checked(email, field="email", longest=320)
    with open_books(tenant=tenant) as books:
        made = NewCustomer(
            id=new_id(),
            name=name,
            email=email,
            country=country or books.tenant.country,
            external_id=external_id,
            zone=zone,
            language=language,
            address=address,
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
        customer = read.customer(books.cursor, customer_id=customer_id)
        payer = books.lock(customer.payer_id)
        before = read.customer(books.cursor, customer_id=customer_id).tax
        after = tax_status(status, country=customer.country, tax_id=tax_id, region=region, exempt_reason=exempt_reason)
        if after == before:
            return
        write.change_tax_status(
            books.cursor, tenant=tenant, customer_id=customer_id, before=before, after=after, actor=actor, now=now
        )
        changed = replace(payer, tax=after) if customer_id == payer.id else payer
        books.write([_status_changed(payer, changed, customer_id, seller=books.seller(), now=now)], actor=actor)


def _status_changed(before: Payer, after: Payer, customer_id: Id, *, seller: Seller, now: datetime) -> Decision:
    return Decision(
        payer_id=before.id,
        next_due_at=next_due_at(after, seller=seller),
        movements=revalued(before, after, seller=seller, at=now),
        events=(Event(EventType.CUSTOMER_TAX_STATUS_CHANGED, customer_id, now),),
    )


def add_payment_method(*, tenant: Id, customer_id: Id, gateway: str, token: str, now: datetime) -> Id:
    """Keep a gateway's token as the customer's default method, and try it at once on debts in recovery.

    Raises NotFound.
    """
    checked(token, field="token")
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer_id = read.customer(books.cursor, customer_id=customer_id).payer_id
        locks.lock_payers(books.cursor, tenant=tenant, ids=[payer_id])
        made = NewMethod(new_id(), customer_id, gateway, token)
        write.insert_methods(books.cursor, [made], tenant=tenant, now=now)
        payments.try_at_once(books.cursor, payer_ids=[payer_id], now=now)
    return made.id
