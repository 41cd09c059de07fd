"""Who buys and who pays."""

from contextlib import suppress
from dataclasses import dataclass

from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.domain.tax import TaxStatus
from perennia.store.reads.facts import TAX_STATUS, tax_status
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Customer:
    id: Id
    payer_id: Id
    name: str
    email: str
    country: str
    zone: str | None
    external_id: str | None
    tax: TaxStatus
    discounted: bool = False
    """A coupon works on all its subscriptions."""
    billing_day: int | None = None


def customer(cursor: Cursor, *, customer_id: Id) -> Customer:
    """Raises NotFound; a customer of another tenant is not found either."""
    row = cursor.execute(
        f"""SELECT c.id, c.payer_id, c.name, c.email, c.country, c.zone, c.external_id, c.discounted,
            c.billing_day, {TAX_STATUS}
        FROM customers c WHERE c.id = %s""".encode(),
        (customer_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="customer", id=customer_id.text("cus"))
    key, payer_id, name, email, country, zone, external_id, discounted, billing_day, tax = row
    return Customer(key, payer_id, name, email, country, zone, external_id, tax_status(tax), discounted, billing_day)


def payer_of(cursor: Cursor, *, customer_id: Id) -> Id:
    """Whom to lock before touching what a customer owes. Raises NotFound."""
    return customer(cursor, customer_id=customer_id).payer_id


def find(cursor: Cursor, *, reference: str) -> Customer:
    """The customer with that key, as `cus_…`, or with that external id. Raises NotFound."""
    with suppress(InvalidValue, NotFound):
        return customer(cursor, customer_id=Id.parse(reference, prefix="cus"))
    row = None
    if "\0" not in reference:
        row = cursor.execute("SELECT id FROM customers WHERE external_id = %s", (reference,)).fetchone()
    if row is None:
        raise NotFound(kind="customer", id=reference)
    return customer(cursor, customer_id=row[0])
