"""Coupons: make one, give it codes, end it."""

import secrets
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from perennia.domain.coupons import Coupon, check_coupon, same_code, written_code
from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.operations.books import open_books
from perennia.operations.catalog import checked
from perennia.store.identity import new_id
from perennia.store.reads import coupons as read
from perennia.store.writes import coupons as write
from perennia.store.writes.history import insert_change

MOST_CODES = 250_000


def create_coupon(
    *,
    tenant: Id,
    code: str,
    now: datetime,
    percent_off: Decimal | None = None,
    amount_off_minor: int | None = None,
    currency: str | None = None,
    periods: int | None = None,
    products: Collection[Id] = (),
    plans: Collection[Id] = (),
    new_customers_only: bool = False,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    max_redemptions: int | None = None,
    max_per_customer: int | None = None,
) -> Id:
    """A percent or an amount off for so many periods, None for ever; `code` is its own, which many may share.

    Works on the products and plans named, on all where none is; from `valid_from` until before `valid_to`; in all and
    for each customer as often as is said. Raises InvalidValue, UnknownCurrency, NotFound, AlreadyExists.
    """
    coupon = check_coupon(
        Coupon(
            new_id(),
            percent_off,
            amount_off_minor,
            currency,
            periods,
            frozenset([*products, *plans]),
            new_customers_only,
            valid_from,
            valid_to,
            max_redemptions,
            max_per_customer,
        )
    )
    with open_books(tenant=tenant) as books:
        for lost in read.unknown_sold(books.cursor, ids=[*products, *plans]):
            raise NotFound(kind="plan or product", id=lost.hex())
        now = books.business_time(now)
        return write.insert_coupon(books.cursor, coupon, tenant=tenant, code=checked(code, field="code"), now=now)


def add_code(*, tenant: Id, coupon_id: Id, code: str, now: datetime, max_redemptions: int | None = None) -> None:
    """Another code for a coupon, for so many redemptions. Raises NotFound, InvalidValue, AlreadyExists."""
    check_coupon(Coupon(coupon_id, Decimal(1), max_redemptions=max_redemptions))
    with open_books(tenant=tenant) as books:
        read.coupon(books.cursor, coupon_id=coupon_id)
        write.insert_code(
            books.cursor,
            tenant=tenant,
            coupon_id=coupon_id,
            code=same_code(code),
            max_redemptions=max_redemptions,
            now=books.business_time(now),
        )


def generate_codes(*, tenant: Id, coupon_id: Id, count: int, now: datetime, prefix: str = "") -> list[str]:
    """So many fresh codes that work once each and cannot be guessed. Raises NotFound, InvalidValue."""
    if not 1 <= count <= MOST_CODES:
        raise InvalidValue(field="count", value=count, reason=f"a whole number from 1 to {MOST_CODES}")
    start = same_code(prefix)[:50] if prefix else ""
    with open_books(tenant=tenant) as books:
        read.coupon(books.cursor, coupon_id=coupon_id)
        now = books.business_time(now)
        made: list[str] = []
        while len(made) < count:
            codes = [start + written_code(secrets.token_bytes(9)) for _ in range(count - len(made))]
            made += write.insert_single_use(books.cursor, codes, tenant=tenant, coupon_id=coupon_id, now=now)
    return made


def end_coupon(*, tenant: Id, actor: str, coupon_id: Id, now: datetime) -> None:
    """Refuse further redemptions; what it gave stays. The second time nothing happens. Raises NotFound."""
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        read.coupon(books.cursor, coupon_id=coupon_id)
        if write.end_coupon(books.cursor, coupon_id=coupon_id, at=now):
            insert_change(books.cursor, tenant=tenant, subject_id=coupon_id, change="coupon.ended", actor=actor, at=now)
