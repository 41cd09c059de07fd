"""What is sold."""

from datetime import datetime

from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.domain.pricing import Price
from perennia.domain.schemes import as_stored
from perennia.store.identity import new_id
from perennia.store.session import Cursor
from perennia.store.writes.rows import insert


def insert_product(cursor: Cursor, *, tenant: Id, code: str, name: str, one_per_customer: bool = False) -> Id:
    key = new_id()
    insert(cursor, "products", id=key, tenant_id=tenant, code=code, name=name, one_per_customer=one_per_customer)
    return key


def limit_product(cursor: Cursor, *, product_id: Id, one_per_customer: bool) -> None:
    """Raises NotFound."""
    cursor.execute("UPDATE products SET one_per_customer = %s WHERE id = %s", (one_per_customer, product_id))
    if cursor.rowcount == 0:
        raise NotFound(kind="product", id=product_id.text("prod"))


def insert_plan(cursor: Cursor, *, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises NotFound, AlreadyExists."""
    _check_ours(cursor, "products", product_id, kind="product")
    key = new_id()
    insert(cursor, "plans", id=key, tenant_id=tenant, product_id=product_id, code=code, name=name)
    return key


def insert_add_on(cursor: Cursor, *, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises NotFound, AlreadyExists."""
    _check_ours(cursor, "products", product_id, kind="product")
    key = new_id()
    insert(cursor, "add_ons", id=key, tenant_id=tenant, product_id=product_id, code=code, name=name)
    return key


def insert_price(
    cursor: Cursor,
    price: Price,
    *,
    tenant: Id,
    code: str,
    plan_id: Id | None,
    add_on_id: Id | None,
    now: datetime,
    replaces_id: Id | None = None,
    sold_from: datetime | None = None,
) -> None:
    """Raises NotFound, AlreadyExists."""
    _check_ours(cursor, "plans", plan_id, kind="plan")
    _check_ours(cursor, "add_ons", add_on_id, kind="add-on")
    _check_ours(cursor, "meters", price.meter_id, kind="meter")
    insert(
        cursor,
        "prices",
        id=price.id,
        tenant_id=tenant,
        plan_id=plan_id,
        add_on_id=add_on_id,
        code=code,
        model=price.model.value,
        currency=price.currency,
        interval_unit=price.interval.unit.value,
        interval_count=price.interval.count,
        unit_amount=price.unit_amount,
        timing=price.timing.value,
        tax_inclusive=price.tax_inclusive,
        tax_class=price.tax_class,
        created_at=now,
        scheme=None if price.scheme is None else as_stored(price.scheme),
        scale=price.scale,
        meter_id=price.meter_id,
        period_minimum=price.period_minimum,
        setup_fee=price.setup_fee,
        trial_days=price.trial_days,
        policies=dict(price.own_policies) or None,
        replaces_id=replaces_id,
        sold_from=sold_from,
    )


def lock_price(cursor: Cursor, *, price_id: Id) -> None:
    """Keep others from replacing or retiring it until the end of the transaction. Raises NotFound."""
    if cursor.execute("SELECT 1 FROM prices WHERE id = %s FOR UPDATE", (price_id,)).fetchone() is None:
        raise NotFound(kind="price", id=price_id.text("price"))


def end_sale(cursor: Cursor, *, price_id: Id, at: datetime) -> None:
    cursor.execute("UPDATE prices SET sold_until = %s WHERE id = %s", (at, price_id))


def _check_ours(cursor: Cursor, table: str, key: Id | None, *, kind: str) -> None:
    """A reference alone does not stop at the wall between tenants. Raises NotFound."""
    if key is not None and cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s".encode(), (key,)).fetchone() is None:
        raise NotFound(kind=kind, id=key.hex())
