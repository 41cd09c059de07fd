"""Agreements: start one, end one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from perennia.domain.calendar import local_date, midnight
from perennia.domain.errors import CurrencyMismatch, InvalidValue, NotFound
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Cause, CollectionMode, ItemKind, Payer, Subscription
from perennia.domain.ids import Id
from perennia.domain.invoicing import bill
from perennia.domain.lifecycle import end_of_service
from perennia.domain.pricing import Price, check_unit_amount
from perennia.domain.terms import Terms, check_how_many, check_period_amounts
from perennia.operations.books import Books, open_books
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import catalog, customers
from perennia.store.reads.subscriptions import payer_of
from perennia.store.writes import subscriptions as write
from perennia.store.writes.subscriptions import NewItem, NewSubscription


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a subscriber takes: a price of the catalogue, how many, and an amount of their own where agreed."""

    price_id: Id
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal | None = None


def start(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    items: Sequence[Chosen],
    now: datetime,
    start_on: date | None = None,
    anchor_on: date | None = None,
    trial_ends_on: date | None = None,
    cancel_on: date | None = None,
    adjustment: Decimal = Decimal(0),
    collection: CollectionMode = CollectionMode.AUTOMATIC,
    net_days: int = 0,
    external_id: str | None = None,
) -> Id:
    """Start a subscription on a local date: today, later, or earlier, which bills what has passed since.

    `items` name one plan and any add-ons in one currency. `adjustment`, in currency units and also below
    zero, is added to each period of the plan. What is due now is invoiced in the same transaction. Raises
    NotFound, InvalidValue, CurrencyMismatch, AlreadyExists.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        customer = customers.customer(books.cursor, customer_id=customer_id)
        books.lock(customer.payer_id)
        zone = customer.zone or books.tenant.zone
        start_on = start_on or local_date(now, zone)
        chosen = new_items(books, items, adjustment=adjustment)
        made = NewSubscription(
            id=new_id(),
            customer_id=customer.id,
            payer_id=customer.payer_id,
            entity_id=next(iter(books.seller().entities)),
            currency=_currency(books, items),
            zone=zone,
            started_at=midnight(start_on, zone),
            anchor_on=anchor_on or trial_ends_on or start_on,
            bills_from=midnight(trial_ends_on or start_on, zone),
            items=chosen,
            external_id=external_id,
            trial_ends_at=_later(trial_ends_on, start_on, zone),
            cancel_at=_later(cancel_on, start_on, zone),
            collection=collection,
            net_days=net_days,
        )
        write.insert_subscriptions(books.cursor, [made], tenant=tenant, now=now)
        created = Event(EventType.SUBSCRIPTION_CREATED, made.id, now)
        settle(books, books.lock(customer.payer_id), actor=actor, now=now, told=(created,))
    return made.id


def cancel(*, tenant: Id, actor: str, subscription_id: Id, now: datetime, at: datetime | None = None) -> datetime:
    """End a subscription now or at an instant, also one that has passed; answers when it ends.

    What was charged for time after the end is credited when the end takes effect: to what is still open on
    its invoice, else to the balance. Raises NotFound, MoveNotPermitted, InvalidValue.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer = books.lock(payer_of(books.cursor, subscription_id=subscription_id))
        subscription = _of(payer, subscription_id)
        ends = end_of_service(subscription, asked_for=at or now)
        write.schedule_cancel(books.cursor, subscription_id=subscription_id, cancel_at=ends, cause=Cause.CHOSEN.value)
        told = (Event(EventType.SUBSCRIPTION_CANCEL_SCHEDULED, subscription_id, now),)
        settle(books, books.lock(payer.id), actor=actor, now=now, told=told)
    return ends


def settle(books: Books, payer: Payer, *, actor: str, now: datetime, told: tuple[Event, ...] = ()) -> None:
    """Bill one payer through `now` by the rule of the run, and write it with what is `told` of the cause."""
    decision = bill(payer, seller=books.seller(), through=now, now=now, new_ids=new_ids, catch_up=True)
    books.write([replace(decision, events=told + decision.events)], actor=actor)


def new_items(books: Books, items: Sequence[Chosen], *, adjustment: Decimal) -> tuple[NewItem, ...]:
    """The items to insert: the plan first, then add-ons, then the adjustment. Raises NotFound, InvalidValue."""
    offers = catalog.offers(books.cursor, price_ids=[item.price_id for item in items])
    found = [
        NewItem(
            offers[item.price_id].kind,
            offers[item.price_id].name,
            item.price_id,
            check_how_many(offers[item.price_id].price, item.quantity),
            None if item.unit_amount is None else check_unit_amount(item.unit_amount),
        )
        for item in items
    ]
    found.sort(key=lambda item: item.kind is not ItemKind.PLAN)
    if sum(item.kind is ItemKind.PLAN for item in found) != 1:
        raise InvalidValue(field="items", value=len(found), reason="a subscription has one plan, and add-ons beside it")
    check_period_amounts([_terms(item, offers[item.price_id].price) for item in found], adjustment=adjustment)
    if adjustment:
        found.append(NewItem(ItemKind.ADJUSTMENT, "Adjustment", found[0].price_id, Decimal(1), adjustment))
    return tuple(found)


def _terms(item: NewItem, price: Price) -> Terms:
    own = item.unit_amount
    return (price if own is None else replace(price, unit_amount=own)), item.quantity


def _currency(books: Books, items: Sequence[Chosen]) -> str:
    offers = catalog.offers(books.cursor, price_ids=[item.price_id for item in items])
    currencies = sorted({offer.price.currency for offer in offers.values()})
    if len(currencies) > 1:
        raise CurrencyMismatch(expected=currencies[0], given=currencies[1])
    return currencies[0]


def _later(day: date | None, start_on: date, zone: str) -> datetime | None:
    if day is None:
        return None
    if day < start_on:
        raise InvalidValue(field="date", value=day.isoformat(), reason=f"before the start on {start_on.isoformat()}")
    return midnight(day, zone)


def _of(payer: Payer, subscription_id: Id) -> Subscription:
    for subscription in payer.subscriptions:
        if subscription.id == subscription_id:
            return subscription
    raise NotFound(kind="subscription", id=subscription_id.text("sub"))
