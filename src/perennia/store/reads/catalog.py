"""What is sold."""

from dataclasses import dataclass
from datetime import datetime

from perennia.domain.errors import NotFound
from perennia.domain.facts import ItemKind
from perennia.domain.ids import Id
from perennia.domain.pricing import Price
from perennia.store.reads.facts import prices_by_id
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Offer:
    """A price with the plan or add-on it belongs to, and when it is on sale."""

    price: Price
    kind: ItemKind
    name: str
    code: str = ""
    sold_from: datetime | None = None
    sold_until: datetime | None = None
    product_id: Id | None = None


def offers(cursor: Cursor, *, price_ids: list[Id]) -> dict[Id, Offer]:
    """Each price with what it prices. Raises NotFound for one that is not this tenant's."""
    cursor.execute(
        """SELECT pr.id, pr.plan_id IS NOT NULL, coalesce(pl.name, ad.name), pr.code, pr.sold_from, pr.sold_until,
            coalesce(pl.product_id, ad.product_id)
        FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM prices pr WHERE pr.id = k.id OFFSET 0) AS pr
        LEFT JOIN plans pl ON pl.id = pr.plan_id LEFT JOIN add_ons ad ON ad.id = pr.add_on_id""",
        (price_ids,),
    )
    rows = cursor.fetchall()
    prices = prices_by_id(cursor, price_ids)
    found = {
        key: Offer(prices[key], ItemKind.PLAN if is_plan else ItemKind.ADD_ON, name, *sale)
        for key, is_plan, name, *sale in rows
    }
    for key in price_ids:
        if key not in found:
            raise NotFound(kind="price", id=key.text("price"))
    return found


def limited_product(cursor: Cursor, *, price_ids: list[Id]) -> Id | None:
    """The product of the plan among these prices, where a customer may have one live subscription of it."""
    row = cursor.execute(
        """SELECT p.id FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM prices pr WHERE pr.id = k.id OFFSET 0) AS pr
        JOIN plans pl ON pl.id = pr.plan_id JOIN products p ON p.id = pl.product_id WHERE p.one_per_customer""",
        (price_ids,),
    ).fetchone()
    return None if row is None else row[0]
