"""What usage comes to: the quantity that counts of a stretch, by its price, and what that lacks to a minimum."""

from dataclasses import dataclass, replace
from decimal import Decimal

from perennia.domain.facts import Subscription
from perennia.domain.ids import Id
from perennia.domain.metering import NOTHING, Aggregation, LimitKind, Measured, Meter, Question, Usage
from perennia.domain.money import ROUNDINGS
from perennia.domain.pricing import Model, missing, period_amount
from perennia.domain.proration import Part, next_part
from perennia.domain.schemes import Basis
from perennia.domain.stretches import Stretch, share

_LEVELS = (Aggregation.MAX, Aggregation.LAST)
"""What is held, and not used up: two stretches of a period do not add up to it."""
_WHOLE = (1, 1)


@dataclass(frozen=True, slots=True)
class Rated:
    """A quantity, and what it comes to in minor units: by the price on this basis, for `part` of it.

    `exact` (numerator, denominator) before it is rounded to the `amount`.
    """

    quantity: Decimal
    basis: Basis
    part: tuple[int, int]
    exact: tuple[int, int]
    amount: int


def questions(stretch: Stretch, *, subscription: Subscription, meter: Meter) -> tuple[Question, ...]:
    """What must be measured to rate a stretch: it alone, and, where that matters, what came before it in the period."""
    alone = Question(subscription.id, meter, stretch.start, stretch.end)
    if stretch.counted_from == stretch.start:
        return (alone,)
    before = Question(subscription.id, meter, stretch.counted_from, stretch.start)
    return alone, before, Question(subscription.id, meter, stretch.counted_from, stretch.end)


def rate(stretch: Stretch, usage: Usage, *, subscription: Subscription) -> Rated:
    """What a stretch comes to. Raises QuantityAboveTiers.

    After a cut, by `tiers_after_cut`: `own` measures and prices the stretch as if it were a period; `prorated` scales
    the tiers to its part of the period; `whole_period` prices what it added to the period's quantity where that falls
    in the tiers. A level, the highest or last value, is held for a time: under the last two it costs that part of it.
    """
    policies, meter = stretch.policies, usage.meters[stretch.meter_id]
    counted, before = _counted(stretch, usage, subscription=subscription, meter=meter)
    by_event = stretch.version.price.model is Model.PERCENTAGE
    events = counted.events if by_event else None
    part, basis = _WHOLE, Basis.of(policies, events=events)
    if policies.tiers_after_cut != "own" and meter.aggregation in _LEVELS:
        part = share(stretch)
    elif policies.tiers_after_cut == "prorated":
        basis = Basis.of(policies, events=events, share=share(_whole(stretch)))
    elif policies.tiers_after_cut == "whole_period":
        earlier = before.events if by_event else 0
        basis = Basis.of(policies, events=events, before=before.quantity, events_before=earlier)
    if stretch.version.price.scheme is None:
        basis = Basis()
    numerator, denominator = period_amount(stretch.version.price, counted.quantity, basis)
    exact = numerator * part[0], denominator * part[1]
    return Rated(counted.quantity, basis, part, exact, ROUNDINGS[policies.rounding_mode](*exact))


def _whole(stretch: Stretch) -> Stretch:
    """A stretch that goes on is expected to last as long as its period."""
    return stretch if stretch.ends else replace(stretch, end=stretch.slot.end)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the fees of a stretch lack to the minimum of its part of the period, before and after it is rounded."""

    part: Part
    fees: int
    exact: tuple[int, int]
    amount: int


def lacking(stretch: Stretch, fees: int) -> Lacking:
    """What is missing to the minimum; nothing without a fee. `fees` in minor units."""
    price, series = stretch.version.price, stretch.version.series
    part = next_part(series=series, start=stretch.start, ends=stretch.end, policies=stretch.policies)
    exact = 0, 1
    if price.period_minimum is not None and fees:
        share = part.part, part.whole
        exact = missing(price.period_minimum, currency=price.currency, fees=[fees], part=share)
    return Lacking(part, fees, exact, ROUNDINGS[stretch.policies.rounding_mode](*exact))


def _counted(stretch: Stretch, usage: Usage, *, subscription: Subscription, meter: Meter) -> tuple[Measured, Measured]:
    """What counts in the stretch, and what counted in its period before; below zero is none, beyond a cap is none."""
    alone, *cut = (usage.answers[one] for one in questions(stretch, subscription=subscription, meter=meter))
    cap = _cap(usage, stretch.meter_id)
    if meter.aggregation in _LEVELS or not cut:
        return _within(alone, cap), NOTHING
    before, together = (_within(one, cap) for one in cut)
    if cap is None and stretch.policies.tiers_after_cut != "whole_period":
        return _within(alone, None), before
    added = Measured(max(together.quantity - before.quantity, NOTHING.quantity), together.events - before.events)
    return added, before


def _within(measured: Measured, cap: Decimal | None) -> Measured:
    quantity = max(measured.quantity, NOTHING.quantity)
    return replace(measured, quantity=quantity if cap is None else min(quantity, cap))


def _cap(usage: Usage, meter_id: Id) -> Decimal | None:
    caps = [
        limit.quantity
        for limit in usage.limits
        if limit.meter_id == meter_id and limit.kind is not LimitKind.ALERT and limit.quantity is not None
    ]
    return min(caps, default=None)
