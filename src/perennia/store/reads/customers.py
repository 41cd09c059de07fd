"""Who buys and who pays."""

from dataclasses import dataclass

from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
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


def customer(cursor: Cursor, *, customer_id: Id) -> Customer:
    """Raises NotFound; a customer of another tenant is not found either."""
    row = cursor.execute(
        "SELECT id, payer_id, name, email, country, zone, external_id FROM customers WHERE id = %s", (customer_id,)
    ).fetchone()
    if row is None:
        raise NotFound(kind="customer", id=customer_id.text("cus"))
    return Customer(*row)
