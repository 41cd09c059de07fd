"""What is sold: products, their plans and add-ons, and prices that never change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from perennia.domain.calendar import Interval, Unit
from perennia.domain.catalog import check_price
from perennia.domain.errors import InvalidValue, PriceReplaced
from perennia.domain.ids import Id
from perennia.domain.policies import values_of
from perennia.domain.pricing import QUANTITY_DECIMALS, Model, Price, Timing
from perennia.domain.schemes import Scheme
from perennia.operations.books import open_books
from perennia.store.identity import new_id
from perennia.store.reads import prices as read
from perennia.store.writes import catalog as write

MOST_NET_DAYS = 366

MONTHLY = Interval(Unit.MONTH)


def create_product(*, tenant: Id, code: str, name: str, one_per_customer: bool = False) -> Id:
    """Groups the plans one may switch between; with `one_per_customer` a customer has one live subscription of it.

    Raises AlreadyExists.
    """
    with open_books(tenant=tenant) as books:
        return write.insert_product(
            books.cursor, tenant=tenant, code=checked(code), name=checked(name), one_per_customer=one_per_customer
        )


def limit_product(*, tenant: Id, product_id: Id, one_per_customer: bool) -> None:
    """From now on a customer may start one live subscription of it at most, or any number. What runs goes on.

    Raises NotFound.
    """
    with open_books(tenant=tenant) as books:
        write.limit_product(books.cursor, product_id=product_id, one_per_customer=one_per_customer)


def create_plan(*, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises NotFound, AlreadyExists."""
    with open_books(tenant=tenant) as books:
        return write.insert_plan(
            books.cursor, tenant=tenant, product_id=product_id, code=checked(code), name=checked(name)
        )


def create_add_on(*, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises NotFound, AlreadyExists."""
    with open_books(tenant=tenant) as books:
        return write.insert_add_on(
            books.cursor, tenant=tenant, product_id=product_id, code=checked(code), name=checked(name)
        )


def create_price(
    *,
    tenant: Id,
    code: str,
    currency: str,
    now: datetime,
    unit_amount: Decimal | None = None,
    plan_id: Id | None = None,
    add_on_id: Id | None = None,
    model: Model = Model.FLAT,
    interval: Interval = MONTHLY,
    timing: Timing | None = None,
    tax_inclusive: bool = False,
    tax_class: str = "standard",
    scheme: Scheme | None = None,
    scale: int | None = None,
    meter_id: Id | None = None,
    period_minimum: Decimal | None = None,
    setup_fee: Decimal | None = None,
    trial_days: int = 0,
    policies: Mapping[str, Any] | None = None,
) -> Id:
    """A price of one plan or one add-on, amounts in currency units.

    Flat prices, those per unit and by package have a `unit_amount`; the other models and the package have a
    `scheme`. A quantity has at most `scale` decimals: none unless the price says so, 6 where it is metered or an amount.
    A metered price is charged in arrears, others in advance unless `timing` says so. Raises InvalidValue,
    UnknownCurrency, PolicyConflict, NotFound, AlreadyExists.
    """
    if (plan_id is None) == (add_on_id is None):
        raise InvalidValue(field="plan_id", value=str(plan_id), reason="a price belongs to one plan or one add-on")
    price = Price(
        id=new_id(),
        model=model,
        currency=currency,
        interval=interval,
        unit_amount=unit_amount or Decimal(0),
        timing=timing or (Timing.ADVANCE if meter_id is None else Timing.ARREARS),
        tax_inclusive=tax_inclusive,
        tax_class=checked(tax_class, field="tax_class"),
        scheme=scheme,
        scale=_scale(model, meter_id) if scale is None else scale,
        meter_id=meter_id,
        period_minimum=period_minimum,
        setup_fee=setup_fee,
        trial_days=trial_days,
        own_policies=values_of(policies),
    )
    if unit_amount is None and price.has_unit_amount:
        raise InvalidValue(field="unit_amount", value="none", reason=f"a {model} price needs it")
    check_price(price)
    with open_books(tenant=tenant) as books:
        write.insert_price(
            books.cursor, price, tenant=tenant, code=checked(code), plan_id=plan_id, add_on_id=add_on_id, now=now
        )
    return price.id


def _scale(model: Model, meter_id: Id | None) -> int:
    return 0 if meter_id is None and model is not Model.PERCENTAGE else QUANTITY_DECIMALS


class PriceChanges(TypedDict, total=False):
    """What a replacement says differently; what it prices, its currency and its interval stay."""

    unit_amount: Decimal
    model: Model
    timing: Timing
    tax_inclusive: bool
    tax_class: str
    scheme: Scheme | None
    scale: int
    meter_id: Id | None
    period_minimum: Decimal | None
    setup_fee: Decimal | None
    trial_days: int
    own_policies: tuple[tuple[str, Any], ...]


def replace_price(
    *,
    tenant: Id,
    price_id: Id,
    code: str,
    now: datetime,
    sold_from: datetime | None = None,
    **changes: Unpack[PriceChanges],
) -> Id:
    """A new price in the place of one that is sold until then; who has the old one keeps it until moved.

    `sold_from` is when the new one goes on sale and the old one off it: now, or later. Raises NotFound,
    PriceReplaced for a price that has a successor, InvalidValue, PolicyConflict, AlreadyExists.
    """
    with open_books(tenant=tenant) as books:
        at = _from_now_on(sold_from, books.business_time(now))
        write.lock_price(books.cursor, price_id=price_id)
        old = read.listing(books.cursor, price_id=price_id)
        if old.replaced_by is not None:
            raise PriceReplaced(price=old.code, successor=old.replaced_by.text("price"))
        new = check_price(replace(old.price, id=new_id(), **changes))
        checked(new.tax_class, field="tax_class")
        write.insert_price(
            books.cursor,
            new,
            tenant=tenant,
            code=checked(code),
            plan_id=old.plan_id,
            add_on_id=old.add_on_id,
            now=now,
            replaces_id=price_id,
            sold_from=at,
        )
        if old.sold_until is None or old.sold_until > at:
            write.end_sale(books.cursor, price_id=price_id, at=at)
    return new.id


def retire_price(*, tenant: Id, price_id: Id, now: datetime, at: datetime | None = None) -> datetime:
    """Take a price off sale, now or later; who has it keeps it. Answers when it is, or was, sold no more.

    Raises NotFound, InvalidValue.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        until = _from_now_on(at, now)
        write.lock_price(books.cursor, price_id=price_id)
        old = read.listing(books.cursor, price_id=price_id)
        if old.sold_until is not None and (old.sold_until <= now or old.replaced_by is not None):
            return old.sold_until
        write.end_sale(books.cursor, price_id=price_id, at=until)
    return until


def price_list(*, tenant: Id, of: Id) -> list[read.Listing]:
    """Every price of a plan or an add-on, retired ones too, in the order in which they were made."""
    with open_books(tenant=tenant) as books:
        return read.listings(books.cursor, of=of)


def current_price(*, tenant: Id, price_id: Id, now: datetime) -> Id:
    """The price that is sold in the place of this one by now; itself, where nothing replaced it. Raises NotFound."""
    with open_books(tenant=tenant) as books:
        read.listing(books.cursor, price_id=price_id)
        return read.successor(books.cursor, price_id=price_id, at=books.business_time(now))


def _from_now_on(at: datetime | None, now: datetime) -> datetime:
    if at is not None and at < now:
        raise InvalidValue(field="date", value=at.isoformat(), reason="what is sold changes from now on, not before")
    return at or now


def checked(text: str, *, field: str = "text", longest: int = 200) -> str:
    """Text that can be stored and printed. Raises InvalidValue."""
    printable = text.encode(errors="replace").decode()  # half of a surrogate pair, as JSON may hold, is no character
    if not text.strip() or len(text) > longest or "\0" in text or printable != text:
        raise InvalidValue(field=field, value=printable[:50], reason=f"1 to {longest} characters, no NUL")
    return text


def check_po_number(po_number: str) -> str:
    """A customer's own order number, if it can be printed. Raises InvalidValue."""
    return checked(po_number, field="po_number", longest=100)


def check_net_days(net_days: int) -> int:
    """So many days to pay, up to a year. Raises InvalidValue."""
    if not 0 <= net_days <= MOST_NET_DAYS:
        raise InvalidValue(field="net_days", value=net_days, reason=f"a whole number from 0 to {MOST_NET_DAYS}")
    return net_days
