"""How a subscription begins: what may be asked of it, its dates, its trial, its coupon."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from perennia.domain.calendar import local_date, midnight
from perennia.domain.entities import selling_entity
from perennia.domain.errors import (
    AlreadySubscribed,
    InvalidValue,
    NotFound,
    StillRunning,
)
from perennia.domain.events import Event, EventType
from perennia.domain.facts import CollectionMode, Payer, Subscription
from perennia.domain.ids import Id
from perennia.domain.policies import Policies, as_given, changed, over, policies
from perennia.domain.ramps import Step
from perennia.domain.scheduling import plan_of, version_at
from perennia.domain.starting import Beginning, beginning
from perennia.operations import drafts, redemptions, trials
from perennia.operations.agreements import Act, Policy, customer_and_payer, of, settle, up_to_date
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import check_net_days, check_po_number, checked
from perennia.operations.chosen import Chosen, Offers, currency_of, new_items, offers_of, sold_by, tried_by
from perennia.operations.ramps import plan_steps
from perennia.store.identity import new_id
from perennia.store.reads import catalog
from perennia.store.reads import subscriptions as read
from perennia.store.reads.customers import Customer
from perennia.store.writes import subscriptions as write
from perennia.store.writes.subscriptions import NewItem, NewSubscription


@dataclass(frozen=True, slots=True)
class TermAsked:
    """A commitment for so many periods of the plan; `then` it is renewed, goes on without one, or ends."""

    periods: int
    then: str = "renew"


class Wanted(TypedDict, total=False):
    """What may be asked of a subscription that starts, beside its items.

    Dates are local; `start_on` may have passed or lie ahead, `anchor_on` is where periods are counted from. `trial_ends_on`
    is what the owner grants whoever asks; `trial_days`, else those of the price, are for those who had no trial of the
    product before. `adjustment`, in currency units and also below zero, is added to each period of the plan.
    `addon_of` counts periods with those of another subscription's plan (`alignment` base). `coupon` is a code.
    `entity_id` is the legal entity that sells, for good; without it the customer's country chooses. `po_number` is the
    customer's own order number. `apart` keeps its documents to itself. With `payment_behavior` incomplete (default: allow)
    it begins only once its first invoice is paid, within 23 hours; where nothing is due at once it begins as ever. `ramp`
    are steps of the plan's price and quantity, `after_periods` counted from the first charge.
    """

    start_on: date | None
    anchor_on: date | None
    trial_ends_on: date | None
    trial_days: int | None
    cancel_on: date | None
    term: TermAsked | None
    adjustment: Decimal
    collection: CollectionMode
    net_days: int
    external_id: str | None
    addon_of: Id | None
    apart: bool
    reactivates: Id | None
    coupon: str | None
    entity_id: Id | None
    po_number: str | None
    payment_behavior: str
    ramp: Sequence[Step]


def start(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    items: Sequence[Chosen],
    now: datetime,
    policy: Policy | None = None,
    **wanted: Unpack[Wanted],
) -> Id:
    """Start a subscription on a local date: today, later, or earlier, which bills what has passed since.

    `items` name one plan and any add-ons in one currency; `policy` holds for this subscription over the tenant's. What
    is due now is invoiced in the same transaction.
    Raises NotFound, InvalidValue, StartTooEarly, CurrencyMismatch, AlreadyExists, PolicyConflict; AlreadySubscribed where
    they have one of a product of which one customer has one; StillRunning where what it
    `reactivates` has not ended; for a coupon what `redeem` raises.
    """
    with open_books(tenant=tenant, of_few=True) as books:
        now = books.business_time(now)
        customer, payer = customer_and_payer(books, customer_id)
        payer = up_to_date(books, payer, actor=actor, now=now)
        if (taken_up := wanted.get("reactivates")) is not None:
            check_ended(books, taken_up, customer_id)
        only_product = _only_product(books, customer, items)
        effective = changed(policies(books.tenant.policies), policy)
        offers = offers_of(books, items)
        chosen = new_items(items, offers, adjustment=wanted.get("adjustment", Decimal(0)), at=now)
        asked = _Asked(books, customer, payer, offers, chosen, effective, wanted, now)
        dates = _dates(asked)
        made = replace(_made(asked, dates), only_product_id=only_product)
        if policy:
            made = replace(made, policies=as_given(changed(Policies(), policy)))
        write.insert_subscriptions(books.cursor, [made], tenant=tenant, now=now)
        if steps := wanted.get("ramp"):
            _agree_on(books, made, steps, actor=actor, now=now)
        told = [Event(EventType.SUBSCRIPTION_CREATED, made.id, now)]
        if made.reactivates_id is not None:
            told.append(Event(EventType.SUBSCRIPTION_REACTIVATED, made.id, now))
        together = effective.backdated_start == "one_invoice" and made.started_at < now
        if _is_incomplete(wanted) and drafts.ask_for_start(
            books, payer_id=customer.payer_id, subscription_id=made.id, collection=made.collection,
            together=together, trial_days=_trial_days_left_open(dates, wanted), actor=actor, now=now,
        ):  # fmt: skip
            return made.id
        settle(books, customer.payer_id, actor=actor, now=now, told=tuple(told), together=together)
    return made.id


def _agree_on(books: Books, made: NewSubscription, steps: Sequence[Step], *, actor: str, now: datetime) -> None:
    """The steps of its plan, counted from the first charge."""
    payer = books.lock(made.payer_id)
    subscription = of(payer, made.id)
    act = Act(books, payer, subscription, subscription.policies, actor, now)
    plan_steps(act, steps, since=made.bills_from)


def check_ended(books: Books, subscription_id: Id, customer_id: Id) -> None:
    """That one may take up this subscription again. Raises NotFound, StillRunning."""
    ended = read.standing(books.cursor, subscription_id=subscription_id)
    if ended.customer_id != customer_id:
        raise NotFound(kind="subscription", id=subscription_id.text("sub"))
    if ended.status != "canceled":
        raise StillRunning(subscription=subscription_id.text("sub"))


def _only_product(books: Books, customer: Customer, items: Sequence[Chosen]) -> Id | None:
    """The product, where one customer may have one live subscription of it. Raises AlreadySubscribed."""
    product_id = catalog.limited_product(books.cursor, price_ids=[item.price_id for item in items])
    if product_id is None:
        return None
    found = read.live_of_product(
        books.cursor, payer_id=customer.payer_id, customer_id=customer.id, product_id=product_id
    )
    if found is not None:
        raise AlreadySubscribed(subscription=found.text("sub"))
    return product_id


def _trial_days_left_open(dates: Beginning, wanted: Wanted) -> int | None:
    """How many days a trial lasts from the first payment on (`trial_from` activation), where that is still to come.

    One that costs something (`trial_price`) lasts as long as its line says.
    """
    ends, given = dates.trial_ends_at, dates.policies
    if ends is None or wanted.get("trial_ends_on") is not None or given.trial_from != "activation" or given.trial_price:
        return None
    return (local_date(ends, dates.zone) - local_date(dates.started_at, dates.zone)).days


def _is_incomplete(wanted: Wanted) -> bool:
    behavior = wanted.get("payment_behavior", "allow")
    if behavior not in ("allow", "incomplete"):
        raise InvalidValue(field="payment_behavior", value=behavior, reason="allow or incomplete")
    return behavior == "incomplete"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a start is worked out from; `chosen` begins with the plan, `policies` are the tenant's under the act's."""

    books: Books
    customer: Customer
    payer: Payer
    offers: Offers
    chosen: Sequence[NewItem]
    policies: Policies
    wanted: Wanted
    now: datetime

    @property
    def base(self) -> Subscription | None:
        """The one that it is an add-on of."""
        addon_of = self.wanted.get("addon_of")
        return None if addon_of is None else of(self.payer, addon_of)


def _dates(asked: _Asked) -> Beginning:
    """Where it begins; a trial that was had before is left out, one that is granted is remembered."""
    customer, plan, base, wanted = asked.customer, asked.chosen[0], asked.base, asked.wanted
    days = wanted.get("trial_days")
    given: dict[str, Any] = {
        "now": asked.now,
        "zone": customer.zone or asked.books.tenant.zone,
        "policies": over(asked.policies, plan.own_policies),
        "start_on": wanted.get("start_on"),
        "anchor_on": wanted.get("anchor_on"),
        "customer_day": customer.billing_day,
        "base": None if base is None else version_at(plan_of(base), asked.now).series,
    }
    found = beginning(
        trial_ends_on=wanted.get("trial_ends_on"),
        trial_days=plan.trial_days if days is None else days,
        trial_from=_trial_from(asked, given["policies"]),
        **given,
    )
    if found.trial_ends_at is None:
        return found
    had = trials.remember(asked.books, customer=customer, product_ids=tried_by(asked.offers), now=asked.now)
    return beginning(**given) if had and wanted.get("trial_ends_on") is None else found


def _trial_from(asked: _Asked, policies: Policies) -> datetime | None:
    """Where an earlier subscription began whose start counts for the trial (`trial_from`); None where its own does."""
    if policies.trial_from == "base" and asked.base is not None:
        return asked.base.started_at
    if policies.trial_from == "customer_first":
        customer = asked.customer
        return read.first_start(asked.books.cursor, payer_id=customer.payer_id, customer_id=customer.id)
    return None


def _made(asked: _Asked, dates: Beginning) -> NewSubscription:
    """The row to insert, with its coupon redeemed."""
    books, customer, wanted = asked.books, asked.customer, asked.wanted
    key, currency, plan = new_id(), currency_of(asked.offers), asked.chosen[0].interval
    term, number, known_as = wanted.get("term"), wanted.get("po_number"), wanted.get("external_id")
    discounts = redemptions.at_start(
        books, customer=customer, subscription_id=key, currency=currency, sold=sold_by(asked.offers),
        policies=asked.policies, code=wanted.get("coupon"), now=asked.now,
    )  # fmt: skip
    return NewSubscription(
        id=key,
        customer_id=customer.id,
        payer_id=customer.payer_id,
        entity_id=selling_entity(books.seller().entities, country=customer.country, chosen=wanted.get("entity_id")),
        currency=currency,
        zone=dates.zone,
        started_at=dates.started_at,
        anchor_on=dates.anchor(plan).date(),
        bills_from=dates.bills_from(plan),
        items=tuple(
            replace(item, anchor_at=dates.anchor(item.interval), bills_from=dates.bills_from(item.interval))
            for item in asked.chosen
        ),
        external_id=None if known_as is None else checked(known_as, field="external_id"),
        trial_ends_at=dates.trial_ends_at,
        cancel_at=_later(wanted.get("cancel_on"), local_date(dates.started_at, dates.zone), dates.zone),
        term=None if term is None else dates.term(periods=term.periods, then=term.then, interval=plan),
        collection=wanted.get("collection", CollectionMode.AUTOMATIC),
        net_days=check_net_days(wanted.get("net_days", 0)),
        apart=wanted.get("apart", False),
        po_number=None if number is None else check_po_number(number),
        reactivates_id=wanted.get("reactivates"),
        discounts=discounts,
    )


def _later(day: date | None, start_on: date, zone: str) -> datetime | None:
    if day is None:
        return None
    if day < start_on:
        raise InvalidValue(field="date", value=day.isoformat(), reason=f"before the start on {start_on.isoformat()}")
    return midnight(day, zone)
