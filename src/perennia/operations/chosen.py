"""What a subscriber takes, and the items that it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from perennia.domain.errors import CurrencyMismatch, InvalidValue
from perennia.domain.facts import ItemKind
from perennia.domain.ids import Id
from perennia.domain.pricing import Price, check_unit_amount, own_price
from perennia.domain.terms import Terms, check_how_many, check_on_sale, check_period_amounts
from perennia.operations.books import Books
from perennia.store.reads import catalog
from perennia.store.writes.subscriptions import NewItem


@dataclass(frozen=True, slots=True)
class Chosen:
    """A price of the catalogue, how many, and an amount of their own where agreed."""

    price_id: Id
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal | None = None


def new_items(books: Books, items: Sequence[Chosen], *, adjustment: Decimal, at: datetime) -> tuple[NewItem, ...]:
    """The items to insert: the plan first, then add-ons, then the adjustment.

    Raises NotFound, InvalidValue, QuantityAboveTiers; PriceNotSold for what is not on sale at `at`.
    """
    offers = catalog.offers(books.cursor, price_ids=[item.price_id for item in items])
    for offer in offers.values():
        check_on_sale(price=offer.code, at=at, sold_from=offer.sold_from, sold_until=offer.sold_until)
    found = [
        NewItem(
            offers[item.price_id].kind,
            offers[item.price_id].name,
            item.price_id,
            check_how_many(offers[item.price_id].price, item.quantity),
            None if item.unit_amount is None else check_unit_amount(item.unit_amount),
            interval=offers[item.price_id].price.interval,
            metering=offers[item.price_id].price.meter_id is not None,
            trial_days=offers[item.price_id].price.trial_days,
            own_policies=offers[item.price_id].price.own_policies,
        )
        for item in items
    ]
    found.sort(key=lambda item: item.kind is not ItemKind.PLAN)
    if sum(item.kind is ItemKind.PLAN for item in found) != 1:
        raise InvalidValue(field="items", value=len(found), reason="a subscription has one plan, and add-ons beside it")
    check_period_amounts([_terms(item, offers[item.price_id].price) for item in found], adjustment=adjustment)
    if adjustment:
        plan = found[0]
        found.append(
            NewItem(ItemKind.ADJUSTMENT, "Adjustment", plan.price_id, Decimal(1), adjustment, interval=plan.interval)
        )
    return tuple(found)


def _terms(item: NewItem, price: Price) -> Terms:
    own = item.unit_amount
    return (price if own is None else own_price(price, own)), item.quantity


def currency_of(books: Books, items: Sequence[Chosen]) -> str:
    offers = catalog.offers(books.cursor, price_ids=[item.price_id for item in items])
    currencies = sorted({offer.price.currency for offer in offers.values()})
    if len(currencies) > 1:
        raise CurrencyMismatch(expected=currencies[0], given=currencies[1])
    return currencies[0]


def sold_by(books: Books, items: Sequence[Chosen]) -> frozenset[Id]:
    offers = catalog.offers(books.cursor, price_ids=[item.price_id for item in items])
    return frozenset().union(*(offer.price.sold for offer in offers.values()))


def products_of(books: Books, items: Sequence[Chosen]) -> frozenset[Id]:
    """The products of what is taken: whose trials are remembered."""
    return catalog.products(books.cursor, price_ids=[item.price_id for item in items])
