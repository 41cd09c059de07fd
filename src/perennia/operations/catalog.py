"""What is sold: products, their plans and add-ons, and prices that never change."""

from datetime import datetime
from decimal import Decimal

from perennia.domain.calendar import Interval, Unit
from perennia.domain.discounts import Discount
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.domain.pricing import Model, Price, Timing, check_unit_amount
from perennia.operations.books import open_books
from perennia.store.identity import new_id
from perennia.store.writes import catalog as write

MONTHLY = Interval(Unit.MONTH)


def create_product(*, tenant: Id, code: str, name: str) -> Id:
    """Groups the plans one may switch between. Raises AlreadyExists."""
    with open_books(tenant=tenant) as books:
        return write.insert_product(books.cursor, tenant=tenant, code=checked(code), name=checked(name))


def create_plan(*, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises AlreadyExists."""
    with open_books(tenant=tenant) as books:
        return write.insert_plan(
            books.cursor, tenant=tenant, product_id=product_id, code=checked(code), name=checked(name)
        )


def create_add_on(*, tenant: Id, product_id: Id, code: str, name: str) -> Id:
    """Raises AlreadyExists."""
    with open_books(tenant=tenant) as books:
        return write.insert_add_on(
            books.cursor, tenant=tenant, product_id=product_id, code=checked(code), name=checked(name)
        )


def create_price(
    *,
    tenant: Id,
    code: str,
    unit_amount: Decimal,
    currency: str,
    now: datetime,
    plan_id: Id | None = None,
    add_on_id: Id | None = None,
    model: Model = Model.FLAT,
    interval: Interval = MONTHLY,
    timing: Timing = Timing.ADVANCE,
    tax_inclusive: bool = False,
    tax_class: str = "standard",
) -> Id:
    """A price of one plan or one add-on; `unit_amount` in currency units. Raises InvalidValue, AlreadyExists."""
    exponent(currency)
    if check_unit_amount(unit_amount) < 0:
        raise InvalidValue(
            field="unit_amount", value=str(unit_amount), reason="a price in the catalogue is not negative"
        )
    if (plan_id is None) == (add_on_id is None):
        raise InvalidValue(field="plan_id", value=str(plan_id), reason="a price belongs to one plan or one add-on")
    price = Price(new_id(), model, currency, interval, unit_amount, timing, tax_inclusive, checked(tax_class))
    with open_books(tenant=tenant) as books:
        write.insert_price(
            books.cursor, price, tenant=tenant, code=checked(code), plan_id=plan_id, add_on_id=add_on_id, now=now
        )
    return price.id


def create_coupon(
    *,
    tenant: Id,
    code: str,
    percent_off: Decimal | None = None,
    amount_off_minor: int | None = None,
    currency: str | None = None,
    periods: int | None = None,
) -> Id:
    """A percent or an amount off for so many periods, None for ever. Raises InvalidValue, AlreadyExists."""
    Discount(new_id(), percent_off, amount_off_minor, periods, periods)
    if amount_off_minor is not None:
        exponent(currency or "")
    if periods is not None and periods < 1:
        raise InvalidValue(field="periods", value=periods, reason="at least one, or none for ever")
    with open_books(tenant=tenant) as books:
        return write.insert_coupon(
            books.cursor,
            tenant=tenant,
            code=checked(code),
            percent_off=percent_off,
            amount_off_minor=amount_off_minor,
            currency=currency,
            periods=periods,
        )


def checked(text: str, *, field: str = "text", longest: int = 200) -> str:
    """Text that can be stored and printed. Raises InvalidValue."""
    if not text.strip() or len(text) > longest or "\0" in text:
        raise InvalidValue(field=field, value=text[:50], reason=f"1 to {longest} characters, no NUL")
    return text
