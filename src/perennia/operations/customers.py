"""Customers and their payment methods."""

from datetime import datetime

from perennia.domain.calendar import zone_info
from perennia.domain.ids import Id
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
