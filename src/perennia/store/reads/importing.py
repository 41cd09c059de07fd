"""What an import asks: what is there already, what repeats, what is missing.

The temporary tables it asks are made by `store.writes.importing`. Look-ups by external id are LATERAL ones
that cannot be flattened: inside the import's transaction the big tables have no statistics.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from perennia.domain.facts import ItemKind
from perennia.domain.ids import Id
from perennia.store.reads.catalog import Offer
from perennia.store.reads.facts import prices_by_id
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Coupon:
    id: Id
    percent_off: Decimal | None
    amount_off_minor: int | None
    currency: str | None
    periods: int | None


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer that subscriptions can be given to."""

    id: Id
    payer_id: Id
    zone: str | None


Stored = tuple[Id, tuple[str, str] | None, tuple[Any, ...]]


def catalogue(cursor: Cursor) -> dict[tuple[str, str], Stored]:
    """The tenant's catalogue by (kind, code): key, (kind, code) of what it belongs to, and content."""
    found: dict[tuple[str, str], Stored] = {}
    for key, code, name in cursor.execute("SELECT id, code, name FROM products ORDER BY id"):
        found["product", code] = (key, None, (name,))
    for kind, table in (("plan", "plans"), ("add_on", "add_ons")):
        rows = cursor.execute(
            f"""SELECT t.id, t.code, p.code, t.name FROM {table} t JOIN products p ON p.id = t.product_id
            ORDER BY t.id""".encode()
        )
        for key, code, product, name in rows:
            found[kind, code] = (key, ("product", product), (name,))
    rows = cursor.execute(
        """SELECT pr.id, pr.code, pl.code, ad.code, pr.model, pr.currency, pr.interval_unit, pr.interval_count,
            pr.unit_amount, pr.timing, pr.tax_inclusive, pr.tax_class
        FROM prices pr LEFT JOIN plans pl ON pl.id = pr.plan_id LEFT JOIN add_ons ad ON ad.id = pr.add_on_id
        ORDER BY pr.id"""
    )
    for key, code, plan, add_on, *content in rows:
        found["price", code] = (key, ("plan", plan) if plan is not None else ("add_on", add_on), tuple(content))
    rows = cursor.execute("SELECT id, code, percent_off, amount_off_minor, currency, periods FROM coupons ORDER BY id")
    for key, code, *content in rows:
        found["coupon", code] = (key, None, tuple(content))
    return found


def offer(cursor: Cursor, *, code: str) -> Offer | None:
    """The price with that code, and what it prices; None where there is none."""
    row = cursor.execute(
        """SELECT pr.id, pr.plan_id IS NOT NULL, coalesce(pl.name, ad.name)
        FROM prices pr LEFT JOIN plans pl ON pl.id = pr.plan_id LEFT JOIN add_ons ad ON ad.id = pr.add_on_id
        WHERE pr.code = %s""",
        (code,),
    ).fetchone()
    if row is None:
        return None
    key, is_plan, name = row
    return Offer(prices_by_id(cursor, [key])[key], ItemKind.PLAN if is_plan else ItemKind.ADD_ON, name)


def coupon(cursor: Cursor, *, code: str) -> Coupon | None:
    """The coupon with that code; None where there is none."""
    row = cursor.execute(
        "SELECT id, percent_off, amount_off_minor, currency, periods FROM coupons WHERE code = %s", (code,)
    ).fetchone()
    return None if row is None else Coupon(*row)


def customer_ids(cursor: Cursor, *, tenant: Id, external_ids: Sequence[str]) -> dict[str, Owner]:
    """Those of the customers that exist, by external id."""
    rows = cursor.execute(
        """SELECT c.external_id, c.id, c.payer_id, c.zone FROM unnest(%s::text[]) AS x (external_id),
        LATERAL (
            SELECT * FROM customers c WHERE c.tenant_id = %s AND c.external_id = x.external_id OFFSET 0
        ) AS c""",
        (list(external_ids), tenant),
    )
    return {row[0]: Owner(*row[1:]) for row in rows}


def subscription_ids(cursor: Cursor, *, tenant: Id, external_ids: Sequence[str]) -> set[str]:
    """Which of these external ids are subscriptions already."""
    rows = cursor.execute(
        """SELECT s.external_id FROM unnest(%s::text[]) AS x (external_id),
        LATERAL (
            SELECT * FROM subscriptions s WHERE s.tenant_id = %s AND s.external_id = x.external_id OFFSET 0
        ) AS s""",
        (list(external_ids), tenant),
    )
    return {row[0] for row in rows}


def repeated(cursor: Cursor, *, file: str) -> Iterator[tuple[int, str, int]]:
    """(line, external id, line on which it stands first) of rows whose external id was given before."""
    return cursor.stream(
        f"""SELECT line, external_id, first FROM (
            SELECT line, external_id, min(line) OVER (PARTITION BY external_id) AS first FROM import_{file}
        ) AS i WHERE line > first ORDER BY line""".encode()
    )


def different(cursor: Cursor, *, tenant: Id, file: str) -> Iterator[tuple[int, str, bool]]:
    """(line, external id, whether an import made it) of sound rows that are there with other content."""
    return cursor.stream(
        f"""SELECT i.line, i.external_id, t.import_digest IS NOT NULL FROM import_{file} i,
        LATERAL (SELECT * FROM {file} t WHERE t.tenant_id = %s AND t.external_id = i.external_id OFFSET 0) AS t
        WHERE i.digest IS NOT NULL AND t.import_digest IS DISTINCT FROM i.digest ORDER BY i.line""".encode(),
        (tenant,),
    )


def unchanged(cursor: Cursor, *, tenant: Id, file: str) -> int:
    """How many rows of the file are there already with the same content."""
    row = cursor.execute(
        f"""SELECT count(*) FROM import_{file} i,
        LATERAL (SELECT * FROM {file} t WHERE t.tenant_id = %s AND t.external_id = i.external_id OFFSET 0) AS t
        WHERE t.import_digest = i.digest""".encode(),
        (tenant,),
    ).fetchone()
    return row[0] if row else 0


def new(cursor: Cursor, *, tenant: Id, file: str) -> int:
    """How many sound rows of the file, one per external id, are not there yet."""
    row = cursor.execute(
        f"""SELECT count(DISTINCT i.external_id) FROM import_{file} i
        LEFT JOIN LATERAL (
            SELECT 1 AS one FROM {file} t WHERE t.tenant_id = %s AND t.external_id = i.external_id OFFSET 0
        ) AS t ON TRUE
        WHERE i.digest IS NOT NULL AND t.one IS NULL""".encode(),
        (tenant,),
    ).fetchone()
    return row[0] if row else 0


def without_customer(cursor: Cursor, *, tenant: Id) -> Iterator[tuple[int, str]]:
    """(line, customer) of subscriptions whose customer is neither in the files nor in the books."""
    return cursor.stream(
        """SELECT s.line, s.refers_to FROM import_subscriptions s
        WHERE s.refers_to IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM import_customers i WHERE i.external_id = s.refers_to)
            AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.tenant_id = %s AND c.external_id = s.refers_to)
        ORDER BY s.line""",
        (tenant,),
    )
