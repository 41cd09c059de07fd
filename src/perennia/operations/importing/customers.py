"""customers.csv: who buys and pays, a row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.operations.books import Books
from perennia.operations.importing import cells as read
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.problems import BadCell
from perennia.operations.importing.reading import Layout
from perennia.store.identity import new_ids
from perennia.store.reads import importing as stored
from perennia.store.writes import customers as write
from perennia.store.writes import importing as staging
from perennia.store.writes.customers import NewCustomer, NewMethod

LAYOUT = Layout(
    required=("external_id", "name", "email"),
    optional=("country", "time_zone", "language", "address", "payment_gateway", "payment_token"),
)
GATEWAYS = ("sandbox",)


@dataclass(frozen=True, slots=True)
class Row:
    """A customer as read. `method` is (gateway, token)."""

    external_id: str
    name: str
    email: str
    country: str | None
    zone: str | None
    language: str
    address: str
    method: tuple[str, str] | None
    digest: int


def read_row(cells: Cells) -> Row | None:
    """The customer of one row; None where something is wrong, which is reported."""
    external_id = cells.need("external_id", read.code, remedy="write the customer's number in the old system")
    name = cells.need("name", read.text(lines=True), remedy="write the name that stands on invoices")
    email = cells.need("email", read.email, remedy="write the address that invoices are sent to")
    country = cells.take("country", read.country)
    zone = cells.take("time_zone", read.zone)
    language = cells.take("language", _language)
    address = cells.take("address", read.text(1000, lines=True))
    gateway = cells.take("payment_gateway", read.choice(*GATEWAYS, "none"))
    token = cells.take("payment_token", read.text())
    if cells.filled("payment_gateway") != cells.filled("payment_token") and gateway != "none":
        empty = "payment_token" if cells.filled("payment_gateway") else "payment_gateway"
        cells.refuse(empty, "this cell is empty", "fill both payment columns, or none")
    if not cells.sound or external_id is None or name is None or email is None:
        return None
    method = (gateway, token) if gateway and token else None
    return Row(external_id, name, email, country, zone, language or "en", address or "", method, cells.digest())


def _language(given: str) -> str:
    if not (2 <= len(given) <= 5 and given.isascii() and given.replace("-", "").isalpha()):
        raise BadCell("not a language", "write it like da or en-GB")
    return given


def write_batch(books: Books, rows: Sequence[Row], *, now: datetime) -> int:
    """Insert those that are not there yet, with their payment methods; answers how many."""
    cursor, tenant = books.cursor, books.tenant
    there = stored.customer_ids(cursor, tenant=tenant.id, external_ids=[row.external_id for row in rows])
    fresh = [row for row in rows if row.external_id not in there]
    made = [
        NewCustomer(
            id=key,
            name=row.name,
            email=row.email,
            country=row.country or tenant.country,
            external_id=row.external_id,
            zone=row.zone,
            language=row.language,
            address=row.address,
            import_digest=row.digest,
        )
        for key, row in zip(new_ids(len(fresh)), fresh, strict=True)
    ]
    write.insert_customers(cursor, made, tenant=tenant.id, now=now)
    with_method = [(one.id, row.method) for one, row in zip(made, fresh, strict=True) if row.method]
    methods = [
        NewMethod(key, customer_id, *method)
        for key, (customer_id, method) in zip(new_ids(len(with_method)), with_method, strict=True)
    ]
    write.insert_first_methods(cursor, methods, tenant=tenant.id, now=now)
    staging.end_batch(cursor)
    return len(made)
