"""subscriptions.csv: the agreements, a row each, with how far the old system has charged them."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from perennia.domain.errors import InvalidValue
from perennia.domain.facts import CollectionMode, ItemKind
from perennia.domain.money import minor_units
from perennia.domain.pricing import Model, check_unit_amount
from perennia.domain.terms import check_how_many, check_period_amounts
from perennia.operations.importing import cells as read
from perennia.operations.importing.catalogue import Catalogue
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.problems import BadCell
from perennia.operations.importing.reading import Layout
from perennia.store.reads import importing as stored
from perennia.store.reads.catalog import Offer
from perennia.store.reads.importing import Coupon
from perennia.store.session import Cursor

LAYOUT = Layout(
    required=("external_id", "customer", "plan", "started_on"),
    optional=(
        "quantity", "add_ons", "adjustment", "billed_through", "anchor_on", "trial_ends_on", "cancel_on", "coupon",
        "coupon_periods_left", "term_periods_left", "credit_balance", "collection", "net_days",
    ),
)  # fmt: skip
_MOST_REMEMBERED = 100_000


class Taken(NamedTuple):
    """A price and how many."""

    offer: Offer
    quantity: Decimal


class Row(NamedTuple):
    """An agreement as read; dates are local in the customer's zone, which is not known yet."""

    external_id: str
    customer: str
    items: tuple[Taken, ...]
    adjustment: Decimal
    started_on: date
    billed_through: date | None
    anchor_on: date
    trial_ends_on: date | None
    cancel_on: date | None
    coupon: Coupon | None
    coupon_periods_left: int | None
    term_periods_left: int | None
    credit_minor: int
    collection: CollectionMode
    net_days: int
    digest: int

    @property
    def currency(self) -> str:
        return self.items[0].offer.price.currency


class Shelf:
    """The tenant's prices and coupons by code, each asked for once."""

    def __init__(self, cursor: Cursor, catalogue: Catalogue) -> None:
        self._cursor, self._catalogue = cursor, catalogue
        self._offers: dict[str, Offer | None] = {}
        self._coupons: dict[str, Coupon | None] = {}

    def offer(self, code: str) -> Offer | None:
        if code not in self._offers:
            if len(self._offers) >= _MOST_REMEMBERED:
                self._offers.clear()
            self._offers[code] = stored.offer(self._cursor, code=code)
        return self._offers[code]

    def coupon(self, code: str) -> Coupon | None:
        if code not in self._coupons:
            if len(self._coupons) >= _MOST_REMEMBERED:
                self._coupons.clear()
            self._coupons[code] = stored.coupon(self._cursor, code=code)
        return self._coupons[code]

    def reported(self, kind: str, code: str) -> bool:
        """Its own row is bad and was reported."""
        return self._catalogue.is_bad(kind, code)


def read_row(cells: Cells, *, shelf: Shelf, today: date) -> Row | None:
    """The agreement of one row; None where something is wrong, which is reported. `today` is the tenant's."""
    external_id = cells.need("external_id", read.code, remedy="write the subscription's number in the old system")
    customer = cells.need("customer", read.code, remedy="write the external_id of a customer")
    items = _items(cells, shelf)
    adjustment = _adjustment(cells)
    _check_amounts(cells, items, adjustment)
    started = cells.need("started_on", read.day, remedy="write the first day of the subscription, like 2026-01-31")
    billed = cells.take("billed_through", read.day)
    trial = cells.take("trial_ends_on", read.day)
    cancel = cells.take("cancel_on", read.day)
    anchor = cells.take("anchor_on", read.day)
    _check_dates(
        cells,
        started=started,
        today=today,
        days={"trial_ends_on": trial, "cancel_on": cancel, "billed_through": billed},
    )
    coupon, periods_left = _coupon(cells, shelf, items, running=billed is not None)
    term = cells.take("term_periods_left", read.whole(0, 1200))
    credit = _credit(cells, items)
    collection = cells.take("collection", read.choice(*CollectionMode))
    net_days = cells.take("net_days", read.whole(0, 365))
    if not cells.sound or external_id is None or customer is None or started is None or not items:
        return None
    return Row(
        external_id=external_id,
        customer=customer,
        items=items,
        adjustment=adjustment,
        started_on=started,
        billed_through=billed,
        anchor_on=anchor or trial or started,
        trial_ends_on=trial,
        cancel_on=cancel,
        coupon=coupon,
        coupon_periods_left=periods_left,
        term_periods_left=term,
        credit_minor=credit,
        collection=CollectionMode(collection or CollectionMode.AUTOMATIC),
        net_days=net_days or 0,
        digest=cells.digest(),
    )  # fmt: skip


def _check_dates(cells: Cells, *, started: date | None, today: date, days: dict[str, date | None]) -> None:
    if started is None:
        return
    if started < today and not cells.filled("billed_through"):
        reason = f"the subscription began before today, {today.isoformat()} in these books"
        cells.refuse("billed_through", reason, "write the first day that the old system has not charged")
    for column, day in days.items():
        if day is not None and day < started:
            cells.refuse(column, f"before started_on, {started.isoformat()}", "write a later day, or mend started_on")


def _items(cells: Cells, shelf: Shelf) -> tuple[Taken, ...]:
    """The plan, then its add-ons; empty where one of them is wrong."""
    code = cells.need("plan", read.code, remedy="write the code of a plan's price")
    quantity = cells.take_number("quantity")
    found = [_taken(cells, "plan", code, quantity if cells.filled("quantity") else Decimal(1), shelf)] if code else []
    for code, number in cells.take("add_ons", _add_ons) or ():
        found.append(_taken(cells, "add_ons", code, number, shelf))
    sound = tuple(one for one in found if one is not None)
    for one in sound[1:]:
        if one.offer.price.currency != sound[0].offer.price.currency:
            reason = f"prices in {sound[0].offer.price.currency} and {one.offer.price.currency}"
            cells.refuse("add_ons", reason, "a subscription has one currency: make a price in it")
    return sound if len(sound) == len(found) else ()


def _taken(cells: Cells, column: str, code: str, quantity: Decimal | None, shelf: Shelf) -> Taken | None:
    wanted = ItemKind.PLAN if column == "plan" else ItemKind.ADD_ON
    offer = shelf.offer(code)
    if offer is None:
        if shelf.reported("price", code):
            cells.sound = False
        else:
            cells.refuse(column, f"there is no price {code}", "add it to the catalogue, or mend the code")
        return None
    if offer.kind is not wanted:
        kind = wanted.value.replace("_", "-")
        cells.refuse(
            column, f"{code} is not the price of {'a' if kind == 'plan' else 'an'} {kind}", "write one that is"
        )
        return None
    if quantity is None:
        return None
    try:
        return Taken(offer, check_how_many(offer.price, quantity))
    except InvalidValue as error:
        flat = offer.price.model is Model.FLAT
        remedy = "write 1, or use a price of model per_unit" if flat else "write another quantity"
        cells.refuse("quantity" if column == "plan" else column, str(error.facts["reason"]), remedy)
        return None


def _add_ons(given: str) -> tuple[tuple[str, Decimal], ...]:
    """`seat:3|support` as ((seat, 3), (support, 1))."""
    found = []
    for part in given.split("|"):
        code, colon, number = part.strip().rpartition(":")
        if not colon:
            code, number = number, "1"
        if not code.strip() or not number.strip():
            raise BadCell("an add-on without a code or a quantity", "write them like seat:3|support:1")
        found.append((code.strip(), read.number(number.strip())))
    if len({code for code, _ in found}) != len(found):
        raise BadCell("the same add-on twice", "write it once, with the sum of the quantities")
    return tuple(found)


def _adjustment(cells: Cells) -> Decimal:
    amount = cells.take_number("adjustment")
    if amount is None:
        return Decimal(0)
    try:
        return check_unit_amount(amount)
    except InvalidValue as error:
        cells.refuse("adjustment", str(error.facts["reason"]), "write an amount like -5.00")
        return Decimal(0)


def _check_amounts(cells: Cells, items: tuple[Taken, ...], adjustment: Decimal) -> None:
    """What one period costs, once its prices and quantities are sound by themselves."""
    if not items or len({one.offer.price.currency for one in items}) > 1:
        return
    try:
        check_period_amounts([(one.offer.price, one.quantity) for one in items], adjustment=adjustment)
    except InvalidValue as error:
        if error.facts["field"] == "adjustment":
            cells.refuse("adjustment", str(error.facts["reason"]), "take off less: a period costs 0 or more")
        else:
            cells.refuse("", str(error.facts["reason"]), "mend the quantities or the prices")


def _coupon(cells: Cells, shelf: Shelf, items: tuple[Taken, ...], *, running: bool) -> tuple[Coupon | None, int | None]:
    """The coupon and how many periods it still has; `running` where some may be used up already."""
    code = cells.take("coupon", read.code)
    left = cells.take("coupon_periods_left", read.whole(0))
    if code is None:
        if cells.filled("coupon_periods_left"):
            cells.refuse("coupon_periods_left", "there is no coupon in this row", "write its code, or leave this empty")
        return None, None
    found = shelf.coupon(code)
    if found is None:
        if shelf.reported("coupon", code):
            cells.sound = False
        else:
            cells.refuse("coupon", "there is no such coupon", "add it to the catalogue, or mend the code")
        return None, None
    if found.currency is not None and items and found.currency != items[0].offer.price.currency:
        cells.refuse("coupon", f"it takes off an amount in {found.currency}", "use a coupon in the plan's currency")
    if found.periods is None and left is not None:
        cells.refuse("coupon_periods_left", "this coupon never ends", "leave this empty")
    elif found.periods is not None and left is not None and left > found.periods:
        cells.refuse("coupon_periods_left", f"this coupon is for {found.periods} periods", "write what is left of them")
    elif found.periods is not None and running and not cells.filled("coupon_periods_left"):
        remedy = "write how many periods it still has after billed_through"
        cells.refuse("coupon_periods_left", f"this coupon is for {found.periods} periods, and some may be used", remedy)
    return found, found.periods if left is None else left


def _credit(cells: Cells, items: tuple[Taken, ...]) -> int:
    amount = cells.take_number("credit_balance")
    if not amount or not items:
        return 0
    try:
        credit = minor_units(amount, items[0].offer.price.currency)
    except InvalidValue as error:
        cells.refuse("credit_balance", str(error.facts["reason"]), "round it to what can be paid")
        return 0
    if not 0 <= credit < 10**15:
        cells.refuse("credit_balance", "not an amount that is owed to a customer", "write 0 or more; debts stay behind")
        return 0
    return credit
