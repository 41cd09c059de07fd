"""What another price for many subscribers comes to: the rule of the run for each, once for all that have equal terms.

Two payers have equal terms where nothing that the rules look at from now on differs but keys. Every fact counts unless
it is named here as one that makes no difference; a fact that is new counts.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from perennia.domain.calendar import Series, Unit, first_of_month, midnight, next_month, slot_at
from perennia.domain.discounts import Discount
from perennia.domain.facts import (
    Change,
    ChangeKind,
    Item,
    Pause,
    Payer,
    Seller,
    Settled,
    Subscription,
    Version,
)
from perennia.domain.forecast import ahead
from perennia.domain.ids import Id, NewIds
from perennia.domain.lifecycle import LIVE
from perennia.domain.metrics import held_in, subscription_mrr
from perennia.domain.pricing import Price
from perennia.domain.scheduling import effective_at, plan_of, version_at
from perennia.domain.tax import TaxStatus


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price for everyone who has one of `instead_of`, from a date on: at that date, or with the first period from it.

    Who has an amount of their own keeps it.
    """

    instead_of: frozenset[Id]
    price: Price
    on: date
    with_a_period: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """Money of a month, minor units: recurring revenue at its end, and what was issued in it, credits taken off."""

    mrr_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor

    def plus(self, other: "Month", *, times: int = 1) -> "Month":
        return Month(
            self.mrr_minor + other.mrr_minor * times,
            self.net_minor + other.net_minor * times,
            self.tax_minor + other.tax_minor * times,
        )


Months = Mapping[date, Month]
"""By the first day of the month."""


def with_new_price(payer: Payer, new: NewPrice, *, now: datetime, new_ids: NewIds) -> tuple[Payer, frozenset[Id]]:
    """The payer as it stands once the new price has been asked for, and the subscriptions that it changes."""
    subscriptions, changed = [], set()
    for subscription in payer.subscriptions:
        plan = plan_of(subscription)
        version = version_at(plan, max(now, subscription.started_at))
        if version.price.id in new.instead_of and version.own_amount is None:
            at = _effective_at(subscription, version, new, now)
            change = Change(new_ids(1)[0], ChangeKind.PRICE, at, plan.id, new.price, policies=subscription.policies)
            subscriptions.append(replace(subscription, changes=(*subscription.changes, change)))
            changed.add(subscription.id)
        else:
            subscriptions.append(subscription)
    return replace(payer, subscriptions=tuple(subscriptions)), frozenset(changed)


def _effective_at(subscription: Subscription, version: Version, new: NewPrice, now: datetime) -> datetime:
    asked = max(midnight(new.on, subscription.zone), subscription.started_at)
    at = effective_at(subscription, version, when=asked, now=now, policies=subscription.policies)
    if not new.with_a_period:
        return at
    slot = slot_at(version.series, at)
    return at if slot.start == at else slot.end


def money(
    payer: Payer, of: frozenset[Id], *, seller: Seller, now: datetime, through: datetime, new_ids: NewIds
) -> dict[date, Month]:
    """What some subscriptions of a payer bring in each month from now up to and at `through`, in the seller's zone."""
    found: dict[date, Month] = defaultdict(Month)
    moved: dict[date, int] = defaultdict(int)
    mrr = sum(
        subscription_mrr(subscription, at=now, seller=seller, payer=payer)
        for subscription in payer.subscriptions
        if subscription.id in of and subscription.status in LIVE
    )
    for happening in ahead(payer, seller=seller, now=now, through=through, new_ids=new_ids):
        for document in happening.decision.documents:
            month = first_of_month(document.issued_at, seller.zone)
            lines = [line for line in document.lines if line.subscription_id in of]
            net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
            found[month] = found[month].plus(Month(0, net, tax))
        for movement in happening.decision.movements:
            if movement.subscription_id in of:
                moved[first_of_month(movement.effective_at, seller.zone)] += movement.mrr_minor
    month, last = first_of_month(now, seller.zone), first_of_month(through, seller.zone)
    mrr += sum(amount for moved_in, amount in moved.items() if moved_in < month)
    while month <= last:
        mrr += moved[month]
        found[month] = found[month].plus(Month(mrr))
        month = next_month(month)
    return dict(found)


def _but(kind: type[Any], *names: str) -> Callable[[Any], tuple[Any, ...]]:
    """All fields of a fact but those named."""
    return attrgetter(*[field.name for field in fields(kind) if field.name not in names])


_OF_STATUS = _but(TaxStatus, "tax_id", "exempt_reason")
_OF_PAYER = _but(Payer, "id", "party_id", "subscriptions", "balances", "tax", "taken_in")
_OF_SUBSCRIPTION = _but(
    Subscription, "id", "customer_id", "started_at", "activated_at", "trial_ends_at", "items", "discounts",
    "discounts_so_far", "overcharged", "changes", "pauses", "po_number", "cancel_cause", "reactivates",
)  # fmt: skip
_OF_ITEM = _but(Item, "id", "name", "versions")
_OF_VERSION = _but(Version, "id", "series", "starts_at", "bills_from", "name")
_OF_CHANGE = _but(Change, "id", "item_id", "name")
_OF_PAUSE = _but(Pause, "id")
_OF_DISCOUNT = _but(Discount, "id", "redemption_id", "since")
_OF_SETTLED = _but(Settled, "version_id", "document_id", "position", "description", "open_minor")


def terms(payer: Payer, *, seller: Seller, now: datetime) -> tuple[Any, ...]:
    """A key that payers share who have equal terms: whatever comes, the same amounts come at the same instants.

    What balances and payments make of the documents is left out.
    """
    numbers = _Numbers()
    return (
        _OF_PAYER(payer),
        _OF_STATUS(payer.tax),
        tuple([_subscription(subscription, payer, seller, now, numbers) for subscription in payer.subscriptions]),
    )  # fmt: skip


class _Numbers:
    """Keys as the order in which they are met: what matters is which are the same."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[Any, int] = {}

    def __call__(self, key: Any) -> int | None:
        return None if key is None else self._of.setdefault(key, len(self._of))


def _subscription(
    subscription: Subscription, payer: Payer, seller: Seller, now: datetime, number: _Numbers
) -> tuple[Any, ...]:
    s = subscription
    return (
        _OF_SUBSCRIPTION(s),
        s.started_at if s.started_at > now else None,
        s.activated_at is not None,
        s.trial_ends_at if s.trial_ends_at is not None and _matters(s.trial_ends_at, s, now) else None,
        number(s.po_number),
        tuple([_item(item, s, payer, seller, now, number) for item in s.items]),
        tuple([(_OF_DISCOUNT(d), number(d.counted_as), _since(d, s)) for d in s.discounts]),
        tuple([(_OF_CHANGE(c), number(c.item_id), c.name if c.kind is ChangeKind.ZONE else "") for c in s.changes]),
        tuple([_OF_PAUSE(pause) for pause in s.pauses]),
        tuple([
            (_OF_SETTLED(one), number(one.version_id), number(one.document_id), one.open_minor > 0)
            for one in s.overcharged
        ]),
    )  # fmt: skip


def _matters(trial_ends_at: datetime, subscription: Subscription, now: datetime) -> bool:
    """Whether a trial runs, or nothing has been charged since its end."""
    settled = (v.billed_through for item in subscription.items for v in item.versions if v.ends_at is None)
    return trial_ends_at > now or any(through is None or through < trial_ends_at for through in settled)


def _since(discount: Discount, subscription: Subscription) -> datetime | None:
    """When it was attached: it counts from there only where months are counted."""
    if subscription.policies.coupon_counts != "months" or discount.periods is None:
        return None
    return max(discount.since or subscription.started_at, subscription.started_at)


def _item(
    item: Item, subscription: Subscription, payer: Payer, seller: Seller, now: datetime, number: _Numbers
) -> tuple[Any, ...]:
    return (
        _OF_ITEM(item),
        number(item.id),
        tuple([_version(version, subscription, payer, seller, now, number) for version in item.versions]),
    )


def _version(
    version: Version, subscription: Subscription, payer: Payer, seller: Seller, now: datetime, number: _Numbers
) -> tuple[Any, ...]:
    """What began before the period that runs makes no difference, but for the tax in a gross price."""
    settled = version.billed_through or version.bills_from or version.starts_at
    edge = slot_at(version.series, min(settled, now)).start
    bills_from = version.bills_from
    return (
        _OF_VERSION(version),
        number(version.id),
        _rhythm(version.series),
        version.starts_at if version.starts_at >= edge else None,
        bills_from if bills_from is not None and bills_from >= edge else None,
        held_in(version, subscription, seller=seller, payer=payer) if version.price.tax_inclusive else None,
    )


_STEP = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 1, Unit.YEAR: 12}


def _rhythm(series: Series) -> tuple[Any, ...]:
    """What two series share whose boundaries are the same from some day on: where in its cycle the anchor lies."""
    anchor, interval = series.anchor, series.interval
    cycle = _STEP[interval.unit] * interval.count
    if interval.unit in (Unit.DAY, Unit.WEEK):
        return series.zone, series.since, interval.unit, cycle, anchor.toordinal() % cycle, anchor.time()
    months = anchor.year * 12 + anchor.month
    return series.zone, series.since, interval.unit, cycle, months % cycle, anchor.day, anchor.time()
