"""Agreements: start one, end one, take its end back, take up an ended one again, withdraw from one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from perennia.domain.calendar import local_date, midnight, slot_at
from perennia.domain.changes import split
from perennia.domain.corrections import LineCredit
from perennia.domain.decision import Decision, VersionBegun, VersionEnd
from perennia.domain.entities import selling_entity
from perennia.domain.errors import (
    AlreadySubscribed,
    ChangePending,
    InvalidValue,
    NotCanceling,
    NotFound,
    StillRunning,
    WithdrawalOver,
)
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Cause, CollectionMode, Payer, Version
from perennia.domain.ids import Id
from perennia.domain.lifecycle import end_of_service
from perennia.domain.policies import Policies, as_given, changed, over, policies
from perennia.domain.scheduling import NOW, PERIOD_END, PERIOD_START, When, effective_at, plan_of, version_at
from perennia.domain.starting import Beginning, beginning
from perennia.operations import drafts, redemptions, trials
from perennia.operations.agreements import Act, Policy, act_on, of, settle, up_to_date
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import check_po_number
from perennia.operations.chosen import Chosen, currency_of, new_items, products_of, sold_by
from perennia.operations.invoices import credit_note
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import catalog, customers, invoices
from perennia.store.reads import subscriptions as read
from perennia.store.reads.customers import Customer
from perennia.store.writes import agreements
from perennia.store.writes import subscriptions as write
from perennia.store.writes.subscriptions import NewItem, NewSubscription

__all__ = ["Chosen", "TermAsked", "cancel", "new_items", "reactivate", "settle", "start", "uncancel", "withdraw"]


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
    it begins only once its first invoice is paid, within 23 hours; where nothing is due at once it begins as ever.
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
    Raises NotFound, InvalidValue, CurrencyMismatch, AlreadyExists, PolicyConflict; AlreadySubscribed where
    they have one of a product of which one customer has one; StillRunning where what it
    `reactivates` has not ended; for a coupon what `redeem` raises.
    """
    with open_books(tenant=tenant, of_few=True) as books:
        now = books.business_time(now)
        customer = customers.customer(books.cursor, customer_id=customer_id)
        payer = up_to_date(books, books.lock(customer.payer_id), actor=actor, now=now)
        if (taken_up := wanted.get("reactivates")) is not None:
            _check_ended(books, taken_up, customer_id)
        only_product = _only_product(books, customer, items)
        effective = changed(policies(books.tenant.policies), policy)
        chosen = new_items(books, items, adjustment=wanted.get("adjustment", Decimal(0)), at=now)
        dates = _dates(books, customer, payer, chosen, items, effective, wanted, now=now)
        made = _made(books, customer, chosen, items, effective, dates, wanted, now=now)
        made = replace(made, only_product_id=only_product)
        if policy:
            made = replace(made, policies=as_given(changed(Policies(), policy)))
        write.insert_subscriptions(books.cursor, [made], tenant=tenant, now=now)
        told = [Event(EventType.SUBSCRIPTION_CREATED, made.id, now)]
        if made.reactivates_id is not None:
            told.append(Event(EventType.SUBSCRIPTION_REACTIVATED, made.id, now))
        together = effective.backdated_start == "one_invoice" and made.started_at < now
        if _is_incomplete(wanted) and drafts.ask_for_start(
            books, payer_id=customer.payer_id, subscription_id=made.id, collection=made.collection,
            together=together, trial_days=_trial_days_left_open(dates, effective, wanted), actor=actor, now=now,
        ):  # fmt: skip
            return made.id
        settle(books, customer.payer_id, actor=actor, now=now, told=tuple(told), together=together)
    return made.id


def _check_ended(books: Books, subscription_id: Id, customer_id: Id) -> None:
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


def _trial_days_left_open(dates: Beginning, effective: Policies, wanted: Wanted) -> int | None:
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


def _dates(
    books: Books, customer: Customer, payer: Payer, chosen: Sequence[NewItem], items: Sequence[Chosen],
    effective: Policies, wanted: Wanted, *, now: datetime,
) -> Beginning:  # fmt: skip
    """Where it begins; a trial that was had before is left out, one that is granted is remembered."""
    addon_of, days = wanted.get("addon_of"), wanted.get("trial_days")
    given: dict[str, Any] = {
        "now": now,
        "zone": customer.zone or books.tenant.zone,
        "policies": over(effective, chosen[0].own_policies),
        "start_on": wanted.get("start_on"),
        "anchor_on": wanted.get("anchor_on"),
        "customer_day": customer.billing_day,
        "base": None if addon_of is None else version_at(plan_of(of(payer, addon_of)), now).series,
    }
    found = beginning(
        trial_ends_on=wanted.get("trial_ends_on"),
        trial_days=chosen[0].trial_days if days is None else days,
        trial_from=_trial_from(books, customer, payer, given["policies"], addon_of),
        **given,
    )
    if found.trial_ends_at is None:
        return found
    had = trials.remember(books, customer=customer, product_ids=products_of(books, items), now=now)
    return beginning(**given) if had and wanted.get("trial_ends_on") is None else found


def _trial_from(
    books: Books, customer: Customer, payer: Payer, policies: Policies, addon_of: Id | None
) -> datetime | None:
    """Where an earlier subscription began whose start counts for the trial (`trial_from`); None where its own does."""
    if policies.trial_from == "base" and addon_of is not None:
        return of(payer, addon_of).started_at
    if policies.trial_from == "customer_first":
        return read.first_start(books.cursor, payer_id=customer.payer_id, customer_id=customer.id)
    return None


def _made(
    books: Books, customer: Customer, chosen: Sequence[NewItem], items: Sequence[Chosen], effective: Policies,
    dates: Beginning, wanted: Wanted, *, now: datetime,
) -> NewSubscription:  # fmt: skip
    """The row to insert, with its coupon redeemed."""
    key, currency, plan = new_id(), currency_of(books, items), chosen[0].interval
    term, number = wanted.get("term"), wanted.get("po_number")
    discounts = redemptions.at_start(
        books, customer=customer, subscription_id=key, currency=currency, sold=sold_by(books, items),
        policies=effective, code=wanted.get("coupon"), now=now,
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
            for item in chosen
        ),
        external_id=wanted.get("external_id"),
        trial_ends_at=dates.trial_ends_at,
        cancel_at=_later(wanted.get("cancel_on"), local_date(dates.started_at, dates.zone), dates.zone),
        term=None if term is None else dates.term(periods=term.periods, then=term.then, interval=plan),
        collection=wanted.get("collection", CollectionMode.AUTOMATIC),
        net_days=wanted.get("net_days", 0),
        apart=wanted.get("apart", False),
        po_number=None if number is None else check_po_number(number),
        reactivates_id=wanted.get("reactivates"),
        discounts=discounts,
    )


def cancel(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    at: datetime | None = None,
    when: When | None = None,
    policy: Policy | None = None,
) -> datetime:
    """End a subscription now, at its period's end or start, or on a date, also one that has passed; answers when it ends.

    What waits for its payment is given up; a subscription whose first payment was never made is over with that.
    Without `when` the policy `cancel_at` says. What was charged for time after the end is credited when the end takes
    effect: to what is still open on its invoice, else as `credit_becomes` says. A date is that of `cancel_day`.
    Raises NotFound, SubscriptionEnded, MoveNotPermitted, InvalidValue.
    """
    try:
        return _cancel(tenant, actor, subscription_id, now=now, when=at or when, policy=policy)
    except ChangePending:
        given_up = drafts.withdraw(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now)
        if given_up is None:  # paid in the meantime
            return _cancel(tenant, actor, subscription_id, now=now, when=at or when, policy=policy)
        return given_up


def _cancel(
    tenant: Id, actor: str, subscription_id: Id, *, now: datetime, when: When | None, policy: Policy | None
) -> datetime:
    with act_on(
        tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy, gives_up=True
    ) as act:
        plan = version_at(plan_of(act.subscription), act.now)
        ends = _end(act, plan, when)
        agreements.schedule_end(
            act.books.cursor, subscription_id=subscription_id, cancel_at=ends, policies=_of_end(act, ends),
            used_until=_used_until(act, when or act.under(plan.price).cancel_at, ends),
        )  # fmt: skip
        act.settle(Event(EventType.SUBSCRIPTION_CANCEL_SCHEDULED, subscription_id, act.now), since=ends)
    return ends


def uncancel(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> None:
    """Take back an end that is still to come. Raises NotFound, SubscriptionEnded, NotCanceling."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        ends = act.subscription.cancel_at
        if ends is None or act.subscription.ends_with_trial:
            raise NotCanceling(subscription=subscription_id.text("sub"))
        agreements.schedule_end(act.books.cursor, subscription_id=subscription_id, cancel_at=None, policies=None)
        goes_on_at(act, ends)
        act.settle(Event(EventType.SUBSCRIPTION_CANCEL_WITHDRAWN, subscription_id, act.now))


def reactivate(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    start_on: date | None = None,
    policy: Policy | None = None,
) -> Id:
    """Take up an ended subscription again: a new one with what it had last, linked to it.

    Raises NotFound, StillRunning, and what `start` raises.
    """
    with open_books(tenant=tenant, of_few=True) as books:
        payer_id = read.standing(books.cursor, subscription_id=subscription_id).payer_id
        up_to_date(books, books.lock(payer_id), actor=actor, now=books.business_time(now))
        ended = read.standing(books.cursor, subscription_id=subscription_id)
        _check_ended(books, subscription_id, ended.customer_id)
        last = read.last_items(books.cursor, subscription_id=subscription_id)
        adjustment = sum((one.unit_amount or Decimal(0) for one in last if one.kind == "adjustment"), Decimal(0))
        items = [Chosen(one.price_id, one.quantity, one.unit_amount) for one in last if one.kind != "adjustment"]
        return start(
            tenant=tenant,
            actor=actor,
            customer_id=ended.customer_id,
            items=items,
            now=now,
            start_on=start_on,
            adjustment=adjustment,
            policy=policy,
            reactivates=subscription_id,
        )


def withdraw(*, tenant: Id, actor: str, subscription_id: Id, now: datetime, immediate_start: bool = False) -> datetime:
    """A consumer's right of withdrawal, within `withdrawal_days` of the start (14: directive 2011/83/EU, article 9).

    It ends now and all that was charged is given back; where an immediate start was asked for and explained
    (`immediate_start`, article 14.3), the days used are kept. Answers when it ended.
    Raises NotFound, SubscriptionEnded, WithdrawalOver.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        subscription, zone = act.subscription, act.subscription.zone
        days = subscription.policies.withdrawal_days
        last = local_date(subscription.started_at, zone) + timedelta(days=days)
        if local_date(act.now, zone) > last:
            raise WithdrawalOver(subscription=subscription_id.text("sub"), until=last.isoformat())
        asked = act.now if immediate_start else min(act.now, subscription.started_at)
        under = changed(
            act.policies,
            {"credit_becomes": "refund", "cancel_credit": "credit_becomes", "proration": "prorate",
             "known_last_part": "prorate", "open_debt_at_cancel": "credit_unused", "cancel_day": "free"},
        )  # fmt: skip
        ends = end_of_service(subscription, asked_for=asked, policies=under)
        agreements.schedule_end(
            act.books.cursor,
            subscription_id=subscription_id,
            cancel_at=ends,
            policies=under,
            cause=Cause.WITHDRAWN.value,
            used_until=act.now if immediate_start else None,
        )
        act.settle(Event(EventType.SUBSCRIPTION_WITHDRAWN, subscription_id, act.now), since=None)
        if not immediate_start:
            _give_back_the_rest(act)
    return ends


def _give_back_the_rest(act: Act) -> None:
    """What no part of a period gave back of all that was charged: set-up fees, and what an earlier act kept."""
    tenant, subscription = act.books.tenant.id, act.subscription
    on = invoices.of_subscription(
        act.books.cursor, tenant=tenant, payer_id=act.payer.id, subscription_id=subscription.id,
        since=subscription.started_at,
    )  # fmt: skip
    for document_id, positions in on.items():
        lines = [LineCredit(position) for position in positions]
        credit_note(tenant=tenant, actor=act.actor, document_id=document_id, now=act.now, lines=lines, becomes="refund")


def goes_on_at(act: Act, at: datetime) -> None:
    """Where a part was charged only up to a known end that is taken back: the same terms begin there anew."""
    begun, ended = [], []
    for item in act.subscription.items:
        for version in item.versions:
            if version.billed_through == at and slot_at(version.series, at).start != at and version.ends_at is None:
                follower = split(version, start=at, series=version.series, bills_from=at, new_ids=new_ids)
                ended.append(VersionEnd(version.id, at))
                begun.append(VersionBegun(act.subscription.id, item, follower))
    if begun:
        act.books.write([Decision(act.payer.id, None, begun=tuple(begun), ended=tuple(ended))], actor=act.actor)


def _of_end(act: Act, ends_at: datetime) -> Policies:
    """The act's policies. The last part was charged whole before its end was known: what is left of it goes back."""
    through = version_at(plan_of(act.subscription), ends_at).billed_through
    if through is None or through <= ends_at:
        return act.policies
    return changed(act.policies, {"known_last_part": "prorate"})


def _end(act: Act, plan: Version, when: When | None) -> datetime:
    under = act.under(plan.price)
    when = when or under.cancel_at
    if when == "date":
        raise InvalidValue(field="when", value=when, reason="the policy cancel_at asks for a date; name one")
    if when in (PERIOD_END, PERIOD_START):
        return effective_at(act.subscription, plan, when=when, now=act.now, policies=under)
    asked = act.now
    if isinstance(when, datetime):
        asked = when
    elif isinstance(when, date):
        asked = midnight(when, act.subscription.zone)
    elif when != NOW:
        raise InvalidValue(field="when", value=when, reason="now, period_end, period_start, or a date")
    return end_of_service(act.subscription, asked_for=asked, policies=under)


def _used_until(act: Act, when: When, ends: datetime) -> datetime | None:
    """The real instant of an end that took effect at the beginning of its day: so long usage is charged."""
    asked = act.now if when == NOW else when
    return asked if isinstance(asked, datetime) and ends < asked <= act.now else None


def _later(day: date | None, start_on: date, zone: str) -> datetime | None:
    if day is None:
        return None
    if day < start_on:
        raise InvalidValue(field="date", value=day.isoformat(), reason=f"before the start on {start_on.isoformat()}")
    return midnight(day, zone)
