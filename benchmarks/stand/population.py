"""Subscribers who all fall due on one day, month after month: plan and add-on, 25 % VAT, some new each month."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from random import Random

from django.db import connections

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.domain.decision import Decision
from perennia.domain.facts import ItemKind, Payer, Seller
from perennia.domain.ids import Id
from perennia.domain.invoicing import bill, take_over
from perennia.domain.pricing import Model
from perennia.domain.schemes import Scheme, Tier
from perennia.operations import catalog, coupons, tenants
from perennia.operations.books import open_books
from perennia.store import session
from perennia.store.identity import new_id, new_ids
from perennia.store.writes import customers, locks, subscriptions
from perennia.store.writes.customers import NewCustomer, NewMethod
from perennia.store.writes.subscriptions import NewDiscount, NewItem, NewSubscription

ZONE = "Europe/Copenhagen"
FIRST_DUE_ON = date(2026, 1, 1)
OLDEST_MONTHS = 24
NEW_EACH_MONTH = 20
"""One in so many starts on the day of the run; as many left the month before, so every run bills as many."""
_CHUNK = 5_000
_AT_ONCE = 2
_LAST_BEFORE = 2_000

Decide = Callable[[Payer, Seller], Decision]


@dataclass(frozen=True, slots=True)
class Sold:
    """What one subscriber has: a plan, three units of an add-on, perhaps a discount."""

    plan_price: Id
    add_on_price: Id
    plan_quantity: Decimal = Decimal(1)
    discount: NewDiscount | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """Who sells what: the tenant and what its subscribers have, in turn."""

    tenant: Id
    sold: tuple[Sold, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """`leavers[k]` end on the due day of month k, before its run."""

    shop: Shop
    size: int
    leavers: dict[int, list[Id]]

    @property
    def tenant_text(self) -> str:
        return self.shop.tenant.text("ten")


@dataclass(frozen=True, slots=True)
class _Subscriber:
    started_on: date
    bills_from: date
    leaves_on: date | None
    day: int = FIRST_DUE_ON.day
    quantity: Decimal = Decimal(3)


def due_on(month: int) -> date:
    """The day of the run of month 0, 1, 2 …; earlier months are below zero."""
    years, index = divmod(FIRST_DUE_ON.month - 1 + month, 12)
    return FIRST_DUE_ON.replace(year=FIRST_DUE_ON.year + years, month=index + 1)


def due_at(month: int) -> datetime:
    """When everything of month 0, 1, 2 … falls due."""
    return midnight(due_on(month), ZONE)


def make_shop(*, mixed: bool = False) -> Shop:
    """A live tenant in Denmark with a flat plan and an add-on per unit. Through the operations, as a person would.

    `mixed`: one in three has a graduated plan instead, one in three packages of the add-on; every second a discount, of
    10 percent or of 5.00.
    """
    now = machine_now()
    business = tenants.create_business(slug="bench", name="Benchmark ApS", now=now)
    tenant = tenants.create_tenant(
        business_id=business,
        slug="bench",
        name="Benchmark ApS",
        country="DK",
        currency="DKK",
        zone=ZONE,
        clock=None,
        now=now,
    )
    tenants.set_tax_rate(
        tenant=tenant, country="DK", percent=Decimal(25), valid_from=date(1992, 1, 1), source="momsloven § 33"
    )
    product = catalog.create_product(tenant=tenant, code="news", name="The Daily")
    plan = catalog.create_plan(tenant=tenant, product_id=product, code="basic", name="Basic")
    add_on = catalog.create_add_on(tenant=tenant, product_id=product, code="reader", name="Extra reader")
    plan_price = catalog.create_price(
        tenant=tenant, code="basic-month", plan_id=plan, unit_amount=Decimal("79.95"), currency="DKK", now=now
    )
    add_on_price = catalog.create_price(
        tenant=tenant,
        code="reader-month",
        add_on_id=add_on,
        unit_amount=Decimal("12.50"),
        currency="DKK",
        now=now,
        model=Model.PER_UNIT,
    )
    plain = Sold(plan_price, add_on_price)
    return Shop(tenant, _mixed(tenant, plain, plan, add_on) if mixed else (plain,))


def _mixed(tenant: Id, plain: Sold, plan: Id, add_on: Id) -> tuple[Sold, ...]:
    """Three price models with and without discounts, six mixtures in turn."""
    now = machine_now()
    tiers = (Tier(Decimal(10), Decimal("7.95")), Tier(None, Decimal("5.95")))
    seats = catalog.create_price(
        tenant=tenant, code="seats-month", plan_id=plan, unit_amount=Decimal(0), currency="DKK", now=now,
        model=Model.GRADUATED, scheme=Scheme(tiers=tiers),
    )  # fmt: skip
    packages = catalog.create_price(
        tenant=tenant, code="packages-month", add_on_id=add_on, unit_amount=Decimal(15), currency="DKK", now=now,
        model=Model.PACKAGE, scheme=Scheme(package_size=Decimal(2)),
    )  # fmt: skip
    tenth = coupons.create_coupon(tenant=tenant, code="TENTH", percent_off=Decimal(10), now=now)
    five = coupons.create_coupon(tenant=tenant, code="FIVE", amount_off_minor=500, currency="DKK", now=now)
    percent = NewDiscount(tenth, Decimal(10), None, None, None)
    amount = NewDiscount(five, None, 500, None, None)
    graduated = replace(plain, plan_price=seats, plan_quantity=Decimal(15))
    packaged = replace(plain, add_on_price=packages)
    return (
        plain, replace(graduated, discount=percent), packaged,
        replace(plain, discount=amount), graduated, replace(packaged, discount=percent),
    )  # fmt: skip


def make_population(shop: Shop, *, size: int, months: int, with_methods: bool = False) -> Population:
    """`size` subscriptions due in each of `months` months, each of a customer of its own.

    One in twenty starts on the due day itself and is still scheduled before it; the others have been active for
    up to two years and are taken over as from another system, billed until the due day. `with_methods` gives each
    customer a payment method of the test gateway.
    """
    leavers: dict[int, list[Id]] = {month: [] for month in range(1, months)}
    subscribers = _subscribers(size, months)
    chunks = [subscribers[begin : begin + _CHUNK] for begin in range(0, len(subscribers), _CHUNK)]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        made = pool.map(lambda some: _insert(shop, some, with_methods=with_methods), chunks)
        for payer, one in zip(chain.from_iterable(made), subscribers, strict=True):
            if one.leaves_on is not None:
                leavers[_month_of(one.leaves_on)].append(payer)
    return Population(shop, size, leavers)


def make_mixed(shop: Shop, *, size: int) -> None:
    """`size` active subscriptions, each of a customer of its own, with anchors on all days of the month."""
    dice = Random(20_260_101)  # noqa: S311  a fixed seed is the point
    subscribers = []
    for _ in range(size):
        day = dice.randrange(1, 29)
        started = due_on(-dice.randrange(1, OLDEST_MONTHS)).replace(day=day)
        subscribers.append(_Subscriber(started, due_on(0).replace(day=day), None, day, Decimal(dice.randrange(1, 5))))
    for begin in range(0, size, _CHUNK):
        _insert(shop, subscribers[begin : begin + _CHUNK], with_methods=False)


def make_large_payer(shop: Shop, *, subscriptions_count: int) -> Id:
    """One customer with many subscriptions, all active and due in month 0."""
    payer = new_id()
    subscriber = _Subscriber(due_on(-6), due_on(0), None)
    with open_books(tenant=shop.tenant) as books:
        entity = next(iter(books.seller().entities))
        customers.insert_customers(books.cursor, [_customer(payer, 0)], tenant=shop.tenant, now=due_at(-6))
        agreements = [_agreement(shop, payer, subscriber, entity) for _ in range(subscriptions_count)]
        subscriptions.insert_subscriptions(books.cursor, agreements, tenant=shop.tenant, now=due_at(-6))
    opening = due_at(0) - timedelta(days=1)
    _decide_for(shop, [payer], lambda facts, seller: take_over(facts, seller=seller, now=opening))
    return payer


def end_leavers(population: Population, *, month: int) -> None:
    """Those who leave on the due day of this month are gone before its run; nothing is left to charge them."""
    at = due_at(month)
    leavers = population.leavers.get(month, [])
    for begin in range(0, len(leavers), _LAST_BEFORE):
        some = leavers[begin : begin + _LAST_BEFORE]
        _decide_for(
            population.shop, some, lambda payer, seller: bill(payer, seller=seller, through=at, now=at, new_ids=new_ids)
        )
    connections.close_all()  # a session that ends hands in its counts; one that idles keeps them for the run's


def _subscribers(size: int, months: int) -> list[_Subscriber]:
    """Mixed as years of sign-ups would mix them, the same on every machine."""
    dice = Random(20_260_101)  # noqa: S311  a fixed seed is the point
    share = size // NEW_EACH_MONTH
    made = [_Subscriber(due_on(month), due_on(month), None) for month in range(months) for _ in range(share)]
    leaving = [due_on(month) for month in range(1, months) for _ in range(share)]
    for number in range(size - share):
        started = due_on(0) - timedelta(days=dice.randrange(1, OLDEST_MONTHS * 30))
        made.append(_Subscriber(started, due_on(0), leaving[number] if number < len(leaving) else None))
    dice.shuffle(made)
    return made


def _insert(shop: Shop, subscribers: Sequence[_Subscriber], *, with_methods: bool) -> list[Id]:
    opening = due_at(0) - timedelta(days=1)
    payers = new_ids(len(subscribers))
    with open_books(tenant=shop.tenant) as books:
        entity = next(iter(books.seller().entities))
        made = [_customer(payer, number) for number, payer in enumerate(payers)]
        customers.insert_customers(books.cursor, made, tenant=shop.tenant, now=opening)
        if with_methods:
            methods = [NewMethod(new_id(), payer, "sandbox", f"card_{payer.hex()}") for payer in payers]
            customers.insert_methods(books.cursor, methods, tenant=shop.tenant, now=opening)
        agreements = [_agreement(shop, *pair, entity) for pair in zip(payers, subscribers, strict=True)]
        subscriptions.insert_subscriptions(books.cursor, agreements, tenant=shop.tenant, now=opening)
    _decide_for(shop, payers, lambda payer, seller: take_over(payer, seller=seller, now=opening))
    session.forget_connection()  # this thread's own
    return payers


def _decide_for(shop: Shop, payers: Sequence[Id], decide: Decide) -> None:
    with open_books(tenant=shop.tenant) as books:
        seller = books.seller()
        locked = locks.lock_payers(books.cursor, tenant=shop.tenant, ids=payers)
        made = [decide(payer, seller) for payer in books.facts(locked)]
        if any(decision.documents for decision in made):
            raise RuntimeError("the preparation of a benchmark must not issue documents")
        books.write(made, actor="bench")


def _customer(key: Id, number: int) -> NewCustomer:
    return NewCustomer(
        id=key,
        name=f"Subscriber {key.hex()[-8:]}",
        email=f"subscriber-{key.hex()[-12:]}@example.com",
        country="DK",
        address=f"Nørregade {number % 200 + 1}, 1165 København K",
    )


def _agreement(shop: Shop, payer: Id, one: _Subscriber, entity: Id) -> NewSubscription:
    sold = shop.sold[int.from_bytes(payer) % len(shop.sold)]
    return NewSubscription(
        id=new_id(),
        customer_id=payer,
        payer_id=payer,
        entity_id=entity,
        currency="DKK",
        zone=ZONE,
        started_at=midnight(one.started_on, ZONE),
        anchor_on=one.started_on.replace(day=one.day),
        bills_from=midnight(one.bills_from, ZONE),
        cancel_at=None if one.leaves_on is None else midnight(one.leaves_on, ZONE),
        items=(
            NewItem(ItemKind.PLAN, "Basic", sold.plan_price, sold.plan_quantity),
            NewItem(ItemKind.ADD_ON, "Extra reader", sold.add_on_price, one.quantity),
        ),
        discounts=() if sold.discount is None else (sold.discount,),
    )


def _month_of(day: date) -> int:
    return (day.year - FIRST_DUE_ON.year) * 12 + day.month - FIRST_DUE_ON.month
