"""catalogue.csv: what is sold. Products, plans, add-ons, prices and coupons, a row each, in any order.

A catalogue is small, so it is held in memory, and written in the import's transaction before the other files are
checked against it; an import that is refused takes it back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from perennia.domain.calendar import Interval, Unit
from perennia.domain.coupons import Coupon
from perennia.domain.discounts import Discount
from perennia.domain.errors import DomainError, InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import minor_units
from perennia.domain.pricing import Model, Price, Timing, check_unit_amount
from perennia.operations.importing import cells as read
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.reading import Layout
from perennia.store.identity import new_id
from perennia.store.reads import importing as stored
from perennia.store.session import Cursor
from perennia.store.writes import catalog as write
from perennia.store.writes import coupons

LAYOUT = Layout(
    required=("kind", "code"),
    optional=(
        "name", "product", "plan", "add_on", "currency", "amount", "interval", "interval_count", "model", "timing",
        "tax", "tax_class", "percent_off", "amount_off", "periods",
    ),
)  # fmt: skip
MOST_ROWS = 100_000

_FIELDS = {
    "product": ("name",),
    "plan": ("name", "product"),
    "add_on": ("name", "product"),
    "price": (
        "plan", "add_on", "currency", "amount", "interval", "interval_count", "model", "timing", "tax", "tax_class",
    ),
    "coupon": ("percent_off", "amount_off", "currency", "periods"),
}  # fmt: skip
_KINDS = tuple(_FIELDS)

Key = tuple[str, str]
"""Kind and code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it would be stored: `parent` is what it belongs to, `content` the rest."""

    parent: Key | None
    content: tuple[Any, ...]


class Catalogue:
    """The rows of one file on their way into the tenant's catalogue."""

    def __init__(self) -> None:
        self.new = self.unchanged = 0
        self._rows: dict[Key, tuple[Cells, Entry]] = {}
        self._bad: set[Key] = set()

    def add(self, cells: Cells) -> None:
        """Take one row in; what is wrong with it is reported."""
        kind = cells.need("kind", read.choice(*_KINDS), remedy=f"write one of {', '.join(_KINDS)}")
        code = cells.need("code", read.code, remedy="give each row a code of its own")
        if kind is None or code is None:
            return
        for column in LAYOUT.optional:
            if cells.filled(column) and column not in _FIELDS[kind]:
                cells.refuse(column, f"a {kind} has no {column}", "leave this cell empty")
        if (kind, code) in self._rows or (kind, code) in self._bad:
            cells.refuse("code", f"a {kind} with this code stands on an earlier line", "keep one of them")
        elif len(self._rows) == MOST_ROWS:
            cells.refuse("", f"a catalogue of more than {MOST_ROWS:,} rows", "import it in parts")
        entry = Entry(_parent(cells, kind), _CONTENT[kind](cells))
        if cells.sound:
            self._rows[kind, code] = (cells, entry)
        else:
            self._bad.add((kind, code))

    def is_bad(self, kind: str, code: str) -> bool:
        """Its row was reported; what refers to it need not be."""
        return (kind, code) in self._bad

    def write(self, cursor: Cursor, *, tenant: Id, now: datetime) -> None:
        """Write what is new, parents first; report what belongs to nothing or differs from what is there."""
        there = stored.catalogue(cursor)
        for (kind, code), (cells, entry) in sorted(self._rows.items(), key=lambda row: _KINDS.index(row[0][0])):
            if (kind, code) in there:
                if there[kind, code][1:] == (entry.parent, entry.content):
                    self.unchanged += 1
                else:
                    remedy = "leave the row out, or give it a new code; what is there is never changed"
                    cells.refuse("code", f"this {kind} is there already, with other content", remedy)
            elif entry.parent is None or entry.parent in there:
                parent = there[entry.parent][0] if entry.parent else None
                key = _INSERT[kind](cursor, tenant, code, parent, entry, now)
                there[kind, code] = (key, entry.parent, entry.content)
                self.new += 1
            elif entry.parent not in self._bad:
                remedy = f"add a row of kind {entry.parent[0]}, or mend the code"
                cells.refuse(entry.parent[0], f"there is no {entry.parent[0]} with this code", remedy)


def _parent(cells: Cells, kind: str) -> Key | None:
    wanted = [column for column in ("product", "plan", "add_on") if column in _FIELDS[kind]]
    if not wanted:
        return None
    given = [column for column in wanted if cells.filled(column)]
    if len(given) != 1:
        named = " or ".join(f"one {column}" for column in wanted)
        cells.refuse(wanted[0], f"a {kind} belongs to {named}", "write its code")
        return None
    return given[0], cells.take(given[0], read.code) or ""


def _name(cells: Cells) -> tuple[Any, ...]:
    return (cells.need("name", read.text(), remedy="write the name that stands on invoices"),)


def _price(cells: Cells) -> tuple[Any, ...]:
    currency = cells.need("currency", read.currency, remedy="write three letters, like DKK")
    amount = cells.take_number("amount")
    if amount is None and not cells.filled("amount"):
        cells.refuse("amount", "this cell is empty", "write the price of one period, like 99.00; 0.00 where it is free")
    if amount is not None and amount < 0:
        cells.refuse("amount", "a price in the catalogue is not negative", "use adjustment in subscriptions.csv")
    if amount is not None:
        _check(cells, "amount", check_unit_amount, amount)
    units = tuple(unit.value for unit in Unit)
    return (
        cells.take("model", read.choice(Model.FLAT, Model.PER_UNIT)) or Model.FLAT.value,
        currency,
        cells.need("interval", read.choice(*units), remedy=f"write one of {', '.join(units)}"),
        cells.take("interval_count", read.whole(1, 3660)) or 1,
        amount,
        cells.take("timing", read.choice(*Timing)) or Timing.ADVANCE.value,
        cells.take("tax", read.choice("exclusive", "inclusive")) == "inclusive",
        cells.take("tax_class", read.code) or "standard",
    )


def _coupon(cells: Cells) -> tuple[Any, ...]:
    percent, amount = cells.take_number("percent_off"), cells.take_number("amount_off")
    currency = cells.take("currency", read.currency)
    minor = None
    if cells.filled("percent_off") == cells.filled("amount_off"):
        cells.refuse("percent_off", "a coupon takes off a percent or an amount", "fill one of the two columns")
    elif cells.filled("amount_off") and not cells.filled("currency"):
        cells.refuse("currency", "this cell is empty", "write the currency of the amount, like DKK")
    elif amount is not None and currency is not None:
        minor = _check(cells, "amount_off", lambda value: minor_units(value, currency), amount)
    periods = cells.take("periods", read.whole(1))
    if cells.sound:
        column = "percent_off" if minor is None else "amount_off"
        _check(cells, column, lambda value: Discount(new_id(), value, minor, periods, periods), percent)
    return percent, minor, None if minor is None else currency, periods


def _check(cells: Cells, column: str, rule: Callable[[Any], Any], value: Any) -> Any:
    """What a rule of the domain makes of a value; None where it refuses it, which is reported."""
    try:
        return rule(value)
    except InvalidValue as error:
        cells.refuse(column, str(error.facts["reason"]), "write another amount")
    except DomainError as error:
        cells.refuse(column, str(error), "write another amount")
    return None


_CONTENT: dict[str, Callable[[Cells], tuple[Any, ...]]] = {
    "product": _name,
    "plan": _name,
    "add_on": _name,
    "price": _price,
    "coupon": _coupon,
}


def _insert_product(cursor: Cursor, tenant: Id, code: str, parent: Id | None, entry: Entry, now: datetime) -> Id:
    return write.insert_product(cursor, tenant=tenant, code=code, name=entry.content[0])


def _insert_plan(cursor: Cursor, tenant: Id, code: str, parent: Id | None, entry: Entry, now: datetime) -> Id:
    assert parent is not None
    return write.insert_plan(cursor, tenant=tenant, product_id=parent, code=code, name=entry.content[0])


def _insert_add_on(cursor: Cursor, tenant: Id, code: str, parent: Id | None, entry: Entry, now: datetime) -> Id:
    assert parent is not None
    return write.insert_add_on(cursor, tenant=tenant, product_id=parent, code=code, name=entry.content[0])


def _insert_price(cursor: Cursor, tenant: Id, code: str, parent: Id | None, entry: Entry, now: datetime) -> Id:
    assert entry.parent is not None
    model, currency, unit, count, amount, timing, inclusive, tax_class = entry.content
    interval = Interval(Unit(unit), count)
    price = Price(new_id(), Model(model), currency, interval, Decimal(amount), Timing(timing), inclusive, tax_class)
    of_plan = entry.parent[0] == "plan"
    plan_id, add_on_id = (parent, None) if of_plan else (None, parent)
    write.insert_price(cursor, price, tenant=tenant, code=code, plan_id=plan_id, add_on_id=add_on_id, now=now)
    return price.id


def _insert_coupon(cursor: Cursor, tenant: Id, code: str, parent: Id | None, entry: Entry, now: datetime) -> Id:
    percent, minor, currency, periods = entry.content
    coupon = Coupon(new_id(), percent, minor, currency, periods)
    return coupons.insert_coupon(cursor, coupon, tenant=tenant, code=code, now=now)


_INSERT: dict[str, Callable[[Cursor, Id, str, Id | None, Entry, datetime], Id]] = {
    "product": _insert_product,
    "plan": _insert_plan,
    "add_on": _insert_add_on,
    "price": _insert_price,
    "coupon": _insert_coupon,
}
