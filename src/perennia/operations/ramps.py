"""Ramps: steps of a plan's price and quantity agreed in advance; each is a change that waits and can be taken back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from perennia.domain.events import Event, EventType
from perennia.domain.facts import ChangeKind, ItemKind
from perennia.domain.ids import Id
from perennia.domain.pricing import Price, check_unit_amount, own_price
from perennia.domain.ramps import Step, instants
from perennia.domain.scheduling import plan_of, version_at
from perennia.domain.terms import check_how_many, check_period_amounts
from perennia.operations.agreements import Act, Policy, act_on
from perennia.operations.changes import Asked, offered

__all__ = ["Step", "plan_steps", "ramp"]


def ramp(
    *, tenant: Id, actor: str, subscription_id: Id, steps: Sequence[Step], now: datetime, policy: Policy | None = None
) -> Sequence[Asked]:
    """Agree on the steps of a subscription's plan, in order; `after_periods` counts from the running period.

    All of them are agreed, or none. Raises InvalidValue, and what `changes.change_plan` raises.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        asked = plan_steps(act, steps, since=max(act.now, act.subscription.started_at))
        told = Event(EventType.SUBSCRIPTION_CHANGE_SCHEDULED, subscription_id, act.now)
        act.settle(told, since=asked[0].effective_at)
        return asked


def plan_steps(act: Act, steps: Sequence[Step], *, since: datetime) -> Sequence[Asked]:
    """Write the steps as changes; nothing is billed yet. Raises as `ramp` does."""
    plan = plan_of(act.subscription)
    version = version_at(plan, since)
    price, own, quantity = version.price, version.own_amount, version.quantity
    asked = []
    for step, at in zip(
        steps, instants(steps, act.subscription, version, since=since, policies=act.policies), strict=True
    ):
        offer = offered(act, step.price_id or price.id, kind=ItemKind.PLAN)
        own = step.unit_amount if step.price_id is not None or step.unit_amount is not None else own
        price, quantity = offer.price, quantity if step.quantity is None else step.quantity
        _check(price, own, quantity)
        by_quantity = step.is_of_quantity
        kind = ChangeKind.QUANTITY if by_quantity else ChangeKind.PRICE
        made = act.change(
            kind,
            at,
            item_id=plan.id,
            price_id=None if by_quantity else price.id,
            quantity=step.quantity,
            unit_amount=None if by_quantity else own,
            name=None if by_quantity else offer.name,
        )
        act.insert(made)
        asked.append(Asked(made.id, at))
    return asked


def _check(price: Price, own: Decimal | None, quantity: Decimal) -> None:
    """That so many can be sold at this price. Raises InvalidValue, QuantityAboveTiers."""
    check_how_many(price, quantity)
    check_period_amounts([(price if own is None else own_price(price, check_unit_amount(own)), quantity)])
