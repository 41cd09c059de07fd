"""catalogue.csv: what is sold. Products, plans, add-ons, prices and coupons, a row each, in any order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.calendar import Interval, Unit
from perennia.domain.discounts import Discount
from perennia.domain.errors import DomainError
from perennia.domain.facts import ItemKind
from perennia.domain.ids import Id
from perennia.domain.money import minor_units
from perennia.domain.pricing import Model, Price, Timing, check_unit_amount
from perennia.operations.books import Books
from perennia.operations.importing import cells as read
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.problems import BadCell
from perennia.operations.importing.reading import Layout
from perennia.store.identity import new_id
from perennia.store.reads import importing as stored
from perennia.store.reads.catalog import Offer
from perennia.store.reads.importing import Coupon
from perennia.store.writes import catalog as write

LAYOUT = Layout(
    required=("kind", "code"),
    optional=(
        "name", "product", "plan", "add_on", "currency", "amount", "interval", "interval_count", "model", "timing",
        "tax", "tax_class", "percent_off", "amount_off", "periods",
    ),
)  # fmt: skip
MOST_ROWS = 100_000

_FIELDS = {
    "product": {"name"},
    "plan": {"name", "product"},
    "add_on": {"name", "product"},
    "price": {
        "plan", "add_on", "currency", "amount", "interval", "interval_count", "model", "timing", "tax", "tax_class",
    },
    "coupon": {"percent_off", "amount_off", "currency", "periods"},
}  # fmt: skip
_KINDS = tuple(_FIELDS)
_PARENTS = {"plan": ("product",), "add_on": ("product",), "price": ("plan", "add_on")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that was read: its kind and code, whose it is, and its content."""

    kind: str
    code: str
    parent: tuple[str, str] | None
    content: object
    line: int


class Catalogue:
    """What this import's own file offers, over what the tenant has already."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._entries: dict[tuple[str, str], Entry] = {}
        self._bad: set[tuple[str, str]] = set()
        self.new: list[Entry] = []
        self.unchanged = 0
        self._offers: dict[str, Offer | None] = {}
        self._coupons: dict[str, Coupon | None] = {}

    def add(self, cells: Cells) -> None:
        """Take one row of the file in; what is wrong with it is reported."""
        kind = cells.need("kind", read.choice(*_KINDS), remedy=f"write one of {', '.join(_KINDS)}")
        code = cells.need("code", read.code, remedy="give each row a code of its own")
        if kind is None or code is None:
            return
        for column in LAYOUT.optional:
            if cells.filled(column) and column not in _FIELDS[kind]:
                cells.refuse(column, f"a {kind} has no {column}", "leave this cell empty")
        entry = Entry(kind, code, _parent(cells, kind), _CONTENT[kind](cells), cells.line)
        if (kind, code) in self._entries or (kind, code) in self._bad:
            cells.refuse("code", f"a {kind} with this code stands on an earlier line", "keep one of them")
        elif cells.sound and len(self._entries) < MOST_ROWS:
            self._entries[kind, code] = entry
        else:
            self._bad.add((kind, code))
        if len(self._entries) >= MOST_ROWS:
            cells.refuse("", f"a catalogue of more than {MOST_ROWS:,} rows", "import it in parts")

    def compare(self, refuse: Callable[[Entry, str, str, str], None]) -> None:
        """Once all rows are in: find what they belong to, and what the tenant has already."""
        there = stored.catalogue(self._books.cursor)
        for key, entry in self._entries.items():
            if entry.parent is not None and not any(entry.parent in known for known in (self._entries, self._bad, there)):
                kind, code = entry.parent
                refuse(entry, kind, f"there is no {kind} {code}", f"add a row for the {kind}, here or above")
            elif key not in there:
                self.new.append(entry)
            elif there[key] == (entry.parent and entry.parent[1], _comparable(entry.content)):
                self.unchanged += 1
            else:
                remedy = "leave the row out, or give it a new code; what is there is never changed"
                refuse(entry, "code", f"this {entry.kind} is there already, with other content", remedy)

    def insert(self, *, tenant: Id, now: datetime) -> None:
        """Write the rows that are new, what others belong to first."""
        cursor, keys = self._books.cursor, dict(stored.catalogue_keys(self._books.cursor))
        for entry in sorted(self.new, key=lambda entry: _KINDS.index(entry.kind)):
            parent = keys[entry.parent] if entry.parent else None
            if isinstance(entry.content, Price):
                of_plan = entry.parent is not None and entry.parent[0] == "plan"
                write.insert_price(
                    cursor,
                    entry.content,
                    tenant=tenant,
                    code=entry.code,
                    plan_id=parent if of_plan else None,
                    add_on_id=None if of_plan else parent,
                    now=now,
                )
            elif isinstance(entry.content, Coupon):
                write.insert_coupon(cursor, entry.content, tenant=tenant)
            else:
                name = str(entry.content)
                keys[entry.kind, entry.code] = _insert_named(self._books, entry, name, tenant=tenant, parent=parent)

    def offer(self, code: str) -> Offer | None:
        """The price of that code with what it prices; None where there is none."""
        entry = self._entries.get(("price", code))
        if entry is not None and entry in self._new_prices():
            assert isinstance(entry.content, Price) and entry.parent is not None
            kind, parent = entry.parent
            named = self._entries.get(entry.parent)
            name = str(named.content) if named else stored.catalogue(self._books.cursor)[kind, parent][1]
            return Offer(entry.content, ItemKind(kind), str(name))
        return stored.offer(self._books.cursor, code=code)

    def _new_prices(self) -> Iterator[Entry]:
        return (entry for entry in self.new if entry.kind == "price")
