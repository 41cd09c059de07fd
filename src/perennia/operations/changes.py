"""Changes of an agreement: its plan, its quantities, its add-ons, its billing day; now, later, or back-dated.

A change is a row from the moment it is asked for: made at once where its instant has come, else it waits, is seen,
and can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from perennia.domain.alignment import anchor_for, moved
from perennia.domain.calendar import local_date, local_time
from perennia.domain.errors import CurrencyMismatch, InvalidValue, NotAnAddOn, NotAPlan, NotFound, OtherProduct
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Change, ChangeKind, Item, ItemKind, Version
from perennia.domain.ids import Id
from perennia.domain.pricing import Price, check_unit_amount, own_price
from perennia.domain.scheduling import NOW, When, effective_at, plan_of, timing, version_at
from perennia.domain.terms import check_how_many, check_on_sale, check_period_amounts
from perennia.operations import drafts
from perennia.operations.agreements import Act, Policy, act_on
from perennia.operations.chosen import Chosen
from perennia.store import session
from perennia.store.identity import new_id
from perennia.store.reads import catalog
from perennia.store.reads.catalog import Offer
from perennia.store.writes import agreements as write
from perennia.store.writes.agreements import NewChange


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that was asked for, and when it takes effect (or took, where that is not after now).

    With a `draft_id` it is not made yet, and only will be if that draft is paid.
    """

    change_id: Id
    effective_at: datetime
    draft_id: Id | None = None


def change_plan(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    price_id: Id,
    now: datetime,
    quantity: Decimal | None = None,
    unit_amount: Decimal | None = None,
    when: When | None = None,
    payment_gated: bool = False,
    policy: Policy | None = None,
) -> Asked:
    """Another price for the plan's item, with the subscriber's own `unit_amount` where one is agreed.

    `when` is now, period_end, a date, or by the policy `change_timing`. With `payment_gated` it is priced and effective
    now, and made only if what it costs is paid within 23 hours; what costs nothing is made at once. Raises NotFound,
    NotAPlan, OtherProduct, PriceNotSold, SubscriptionEnded, ChangePending, InvalidValue, CurrencyMismatch,
    PolicyConflict.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        plan = plan_of(act.subscription)
        version = version_at(plan, act.now)
        offer = offered(act, price_id, kind=ItemKind.PLAN)
        price = offer.price
        check_how_many(price, version.quantity if quantity is None else quantity)
        if unit_amount is not None:
            own_price(price, check_unit_amount(unit_amount))
        at = _at(act, version, _when(when, payment_gated), price=price)
        made = act.change(
            ChangeKind.PRICE, at, item_id=plan.id, price_id=price_id, quantity=quantity, unit_amount=unit_amount,
            name=offer.name,
        )  # fmt: skip
        return _ask(act, made, is_gated=payment_gated)


def set_quantity(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    quantity: Decimal,
    now: datetime,
    item_id: Id | None = None,
    when: When | None = None,
    payment_gated: bool = False,
    policy: Policy | None = None,
) -> Asked:
    """Another quantity of an item, the plan's where none is named. Raises as `change_plan` does."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        item = _item(act, item_id)
        version = version_at(item, act.now)
        check_how_many(version.price, quantity)
        check_period_amounts([(version.price, quantity)])
        at = _at(act, version, _when(when, payment_gated))
        made = act.change(ChangeKind.QUANTITY, at, item_id=item.id, quantity=quantity)
        return _ask(act, made, is_gated=payment_gated)


def add_item(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    chosen: Chosen,
    now: datetime,
    when: When | None = None,
    payment_gated: bool = False,
    policy: Policy | None = None,
) -> Asked:
    """Add an add-on. Its periods are counted from the plan's boundaries unless `alignment` says otherwise.

    Raises NotAnAddOn, and what `change_plan` raises.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        version = version_at(plan_of(act.subscription), act.now)
        offer = offered(act, chosen.price_id, kind=ItemKind.ADD_ON)
        price = offer.price
        check_how_many(price, chosen.quantity)
        if chosen.unit_amount is not None:
            own_price(price, check_unit_amount(chosen.unit_amount))
        at = _at(act, version, _when(when, payment_gated), price=price, cuts=False)
        made = act.change(
            ChangeKind.ADD,
            at,
            item_id=new_id(),
            price_id=chosen.price_id,
            quantity=chosen.quantity,
            unit_amount=chosen.unit_amount,
            anchor_at=_anchor(act, price, at, policy),
            item_kind=ItemKind.ADD_ON.value,
            name=offer.name,
        )
        return _ask(act, made, is_gated=payment_gated)


def remove_item(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    item_id: Id,
    now: datetime,
    when: When | None = None,
    policy: Policy | None = None,
) -> Asked:
    """End one add-on or adjustment; the plan ends with its subscription. Raises as `change_plan` does."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        item = _item(act, item_id)
        if item.kind is ItemKind.PLAN:
            raise NotFound(kind="add-on", id=item.id.text("itm"))
        at = _at(act, version_at(item, act.now), when)
        return _ask(act, act.change(ChangeKind.REMOVE, at, item_id=item.id))


def set_billing_day(
    *, tenant: Id, actor: str, subscription_id: Id, day: int, now: datetime, policy: Policy | None = None
) -> Sequence[Asked]:
    """Move the day of the month on which periods of months and years begin, by `billing_day_move` and its timing.

    Items with periods of days or weeks keep theirs. Raises InvalidValue where no item has a day of the month.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        found = []
        at_once = _at(act, version_at(plan_of(act.subscription), act.now), NOW, cuts=False)
        for item in act.subscription.items:
            version = version_at(item, act.now)
            if item.kind is not ItemKind.PLAN and version.series.interval.unit.value in ("day", "week"):
                continue
            to = moved(
                series=version.series,
                day=day,
                now=at_once,
                move=act.under(version.price).billing_day_move,
                effective=act.under(version.price).billing_day_effective,
            )
            found.append((item, to))
        asked = [
            _insert(act, act.change(ChangeKind.ANCHOR, to.holds_from, item_id=item.id, anchor_at=to.series.anchor))
            for item, to in found
        ]
        _told(act, min(one.effective_at for one in asked))
        return asked


def withdraw_change(*, tenant: Id, actor: str, subscription_id: Id, change_id: Id, now: datetime) -> None:
    """Take back a change that waits, for its instant or for its payment. Raises NotFound where it was made already."""
    given_up = drafts.withdraw(
        tenant=tenant, actor=actor, subscription_id=subscription_id, change_id=change_id, now=now
    )
    if given_up is not None:
        return
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        if all(change.id != change_id for change in act.subscription.changes):
            raise NotFound(kind="change", id=change_id.text("chg"))
        write.withdraw_change(act.books.cursor, change_id=change_id, subscription_id=subscription_id, now=act.now)
        act.settle(Event(EventType.SUBSCRIPTION_CHANGE_WITHDRAWN, subscription_id, act.now))


def pending_changes(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> Sequence[Change]:
    """The changes that wait, in the order in which they take effect."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        return act.subscription.changes


def offered(act: Act, price_id: Id, *, kind: ItemKind) -> Offer:
    """The price, in the subscription's currency; on sale, unless they have it; a plan's of the product that they have.

    Raises NotFound, NotAPlan, NotAnAddOn, OtherProduct, CurrencyMismatch, PriceNotSold.
    """
    own_id = version_at(plan_of(act.subscription), act.now).price.id
    offers = catalog.offers(act.books.cursor, price_ids=list({price_id, own_id}))
    offer, own = offers[price_id], offers[own_id]
    price = offer.price
    if offer.kind is not kind:
        raise NotAPlan(price=offer.code) if kind is ItemKind.PLAN else NotAnAddOn(price=offer.code)
    if kind is ItemKind.PLAN and offer.product_id != own.product_id:
        raise OtherProduct(price=offer.code)
    if all(version.price.id != price_id for item in act.subscription.items for version in item.versions):
        check_on_sale(price=offer.code, at=act.now, sold_from=offer.sold_from, sold_until=offer.sold_until)
    if price.currency != act.subscription.currency:
        raise CurrencyMismatch(expected=act.subscription.currency, given=price.currency)
    return offer


def _item(act: Act, item_id: Id | None) -> Item:
    if item_id is None:
        return plan_of(act.subscription)
    for item in act.subscription.items:
        if item.id == item_id:
            return item
    raise NotFound(kind="item", id=item_id.text("itm"))


def _at(act: Act, version: Version, when: When | None, *, price: Price | None = None, cuts: bool = True) -> datetime:
    """When a change takes effect: to the instant where it `cuts` what is metered, or makes it so."""
    under = act.under(price or version.price)
    chosen = timing(version, when=when, price=price, policies=under)
    metered = cuts and any(one is not None and one.meter_id is not None for one in (version.price, price))
    return effective_at(act.subscription, version, when=chosen, now=act.now, policies=under, to_the_instant=metered)


def _anchor(act: Act, price: Price, at: datetime, policy: Policy | None) -> datetime | None:
    """Where an add-on's periods are counted from, where the act names an alignment or the calendar has them all.

    None is with the plan's as they are when it joins.
    """
    alignment = act.policies.alignment
    if alignment == "base" or not (alignment == "calendar" or (policy and "alignment" in policy)):
        return None
    zone = act.subscription.zone
    seconds = act.policies.proration_unit == "second"
    start: date = local_time(at, zone) if seconds else local_date(at, zone)
    return anchor_for(alignment=alignment, start=start, zone=zone, interval=price.interval)


def _when(when: When | None, payment_gated: bool) -> When | None:
    if not payment_gated:
        return when
    if when not in (None, NOW):
        raise InvalidValue(field="when", value=when, reason="a change that is to be paid first takes effect now")
    return NOW


def _ask(act: Act, made: NewChange, *, is_gated: bool = False) -> Asked:
    if is_gated and not session.is_preview():  # a preview shows what comes once it is paid
        draft_id = drafts.ask_for_change(act, made)
        if draft_id is not None:
            return Asked(made.id, made.effective_at, draft_id)
    asked = _insert(act, made)
    _told(act, made.effective_at)
    return asked


def _insert(act: Act, made: NewChange) -> Asked:
    act.insert(made)
    return Asked(made.id, made.effective_at)


def _told(act: Act, at: datetime) -> None:
    told = (Event(EventType.SUBSCRIPTION_CHANGE_SCHEDULED, act.subscription.id, act.now),) if at > act.now else ()
    act.settle(*told, since=at)
