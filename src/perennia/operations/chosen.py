"""What a subscriber takes, and the items that it makes."""

from collections.abc import Mapping, Sequence
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
from perennia.store.reads.catalog import Offer
from perennia.store.writes.subscriptions import NewItem


@dataclass(frozen=True, slots=True)
class Chosen:
    """A price of the catalogue, how many, and an amount of their own where agreed."""

    price_id: Id
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal | None = None


Offers = Mapping[Id, Offer]
"""What the catalogue says of each price that is taken."""


def offers_of(books: Books, items: Sequence[Chosen]) -> Offers:
    """Raises NotFound."""
    return catalog.offers(books.cursor, price_ids=[item.price_id for item in items])


def new_items(items: Sequence[Chosen], offers: Offers, *, adjustment: Decimal, at: datetime) -> tuple[NewItem, ...]:
    """The items to insert: the plan first, then add-ons, then the adjustment.

    Raises InvalidValue, QuantityAboveTiers; PriceNotSold for what is not on sale at `at`.
    """
    for offer in offers.values():
        check_on_sale(price=offer.code, at=at, sold_from=offer.sold_from, sold_until=offer.sold_until)
    found = [_new_item(item, offers[item.price_id]) for item in items]
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


def _new_item(item: Chosen, offer: Offer) -> NewItem:
    price = offer.price
    return NewItem(
        offer.kind,
        offer.name,
        item.price_id,
        check_how_many(price, item.quantity),
        None if item.unit_amount is None else check_unit_amount(item.unit_amount),
        interval=price.interval,
        metering=price.meter_id is not None,
        trial_days=price.trial_days,
        own_policies=price.own_policies,
    )


def _terms(item: NewItem, price: Price) -> Terms:
    own = item.unit_amount
    return (price if own is None else own_price(price, own)), item.quantity


def currency_of(offers: Offers) -> str:
    """The one currency of all. Raises CurrencyMismatch."""
    currencies = sorted({offer.price.currency for offer in offers.values()})
    if len(currencies) > 1:
        raise CurrencyMismatch(expected=currencies[0], given=currencies[1])
    return currencies[0]


def sold_by(offers: Offers) -> frozenset[Id]:
    """What coupons may be limited to: the plans, add-ons and products."""
    return frozenset().union(*(offer.price.sold for offer in offers.values()))


def tried_by(offers: Offers) -> frozenset[Id]:
    """The products of the plans: whose trials are remembered."""
    return frozenset(
        offer.product_id for offer in offers.values() if offer.kind is ItemKind.PLAN and offer.product_id is not None
    )
