"""Prices as rows: what one says, and where it stands in the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.calendar import Interval, Unit
from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.domain.policies import values_of
from perennia.domain.pricing import Model, Price, Timing
from perennia.domain.schemes import scheme_of
from perennia.store.session import Cursor

_NAMES = (
    "id", "model", "currency", "interval_unit", "interval_count", "unit_amount", "timing", "tax_inclusive", "tax_class",
    "scheme", "scale", "meter_id", "period_minimum", "setup_fee", "trial_days", "policies",
)  # fmt: skip
_PRODUCT = """coalesce(
    (SELECT product_id FROM plans WHERE id = pr.plan_id), (SELECT product_id FROM add_ons WHERE id = pr.add_on_id)
)"""
COLUMNS = ", ".join([*(f"pr.{name}" for name in _NAMES), "pr.plan_id", "pr.add_on_id", _PRODUCT])
"""Of prices as `pr`: what `as_price` makes a price of."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A price as the catalogue has it: on sale from `sold_from` up to `sold_until`, None without limit.

    `replaces_id` is the price it was made to replace, `replaced_by` the one made to replace it.
    """

    price: Price
    code: str
    plan_id: Id | None
    add_on_id: Id | None
    sold_from: datetime | None
    sold_until: datetime | None
    replaces_id: Id | None
    replaced_by: Id | None


def as_price(row: Sequence[Any]) -> Price:
    """The price of a row of `COLUMNS`."""
    key, model, currency, unit, count, amount, timing, inclusive, tax_class, scheme, *rest = row
    scale, meter_id, minimum, fee, trial_days, own, *sold = rest
    return Price(
        key,
        Model(model),
        currency,
        Interval(Unit(unit), count),
        amount,
        Timing(timing),
        inclusive,
        tax_class,
        None if scheme is None else scheme_of(scheme),
        scale,
        meter_id,
        minimum,
        fee,
        trial_days,
        values_of(own),
        frozenset(one for one in sold if one is not None),
    )


_LISTING = f"""SELECT pr.code, pr.plan_id, pr.add_on_id, pr.sold_from, pr.sold_until, pr.replaces_id,
    (SELECT later.id FROM prices later WHERE later.tenant_id = pr.tenant_id AND later.replaces_id = pr.id), {COLUMNS}
    FROM prices pr"""


def listing(cursor: Cursor, *, price_id: Id) -> Listing:
    """One price of this tenant. Raises NotFound."""
    row = cursor.execute(f"{_LISTING} WHERE pr.id = %s".encode(), (price_id,)).fetchone()
    if row is None:
        raise NotFound(kind="price", id=price_id.text("price"))
    return _listing(row)


def listings(cursor: Cursor, *, of: Id) -> list[Listing]:
    """All prices of a plan or an add-on, retired ones too, in the order in which they were made."""
    rows = cursor.execute(f"{_LISTING} WHERE %s IN (pr.plan_id, pr.add_on_id) ORDER BY pr.id".encode(), (of,))
    return [_listing(row) for row in rows.fetchall()]


def by_code(cursor: Cursor, *, code: str) -> list[Listing]:
    """The prices of the plan of that code, else the one price of a plan that has it. Raises NotFound."""
    if "\0" not in code:
        plan = cursor.execute("SELECT id FROM plans WHERE code = %s", (code,)).fetchone()
        if plan is not None:
            return listings(cursor, of=plan[0])
        row = cursor.execute(f"{_LISTING} WHERE pr.code = %s AND pr.plan_id IS NOT NULL".encode(), (code,)).fetchone()
        if row is not None:
            return [_listing(row)]
    raise NotFound(kind="plan", id=code)


def find(cursor: Cursor, *, code: str) -> Id:
    """The price of that code. Raises NotFound."""
    row = None
    if "\0" not in code:
        row = cursor.execute("SELECT id FROM prices WHERE code = %s", (code,)).fetchone()
    if row is None:
        raise NotFound(kind="price", id=code)
    found: Id = row[0]
    return found


def successor(cursor: Cursor, *, price_id: Id, at: datetime) -> Id:
    """The price that stands in the catalogue for this one at an instant: the last of those that replace it by then."""
    row = cursor.execute(
        """WITH RECURSIVE line (id, n) AS (
            SELECT %s::uuid, 0
            UNION ALL
            SELECT pr.id, line.n + 1 FROM line JOIN prices pr ON pr.replaces_id = line.id AND pr.sold_from <= %s
        )
        SELECT id FROM line ORDER BY n DESC LIMIT 1""",
        (price_id, at),
    ).fetchone()
    assert row is not None
    found: Id = row[0]
    return found


def _listing(row: Sequence[Any]) -> Listing:
    code, plan_id, add_on_id, sold_from, sold_until, replaces_id, replaced_by, *price = row
    return Listing(as_price(price), code, plan_id, add_on_id, sold_from, sold_until, replaces_id, replaced_by)
