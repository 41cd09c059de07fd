"""Ramps: steps of price and quantity agreed in advance, each from a period or a date on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from perennia.domain.calendar import boundary, slot_at
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.policies import Policies
from perennia.domain.scheduling import effective_at
from perennia.domain.starting import MOST_PERIODS

MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """From a date on, or after so many periods of the plan: another price, quantity, or amount of their own.

    What a step does not name stays as it is; a step to another price ends an amount of their own that it does not name.
    """

    at: date | datetime | None = None
    after_periods: int | None = None
    price_id: Id | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None

    @property
    def is_of_quantity(self) -> bool:
        """Whether it leaves the price alone."""
        return self.price_id is None and self.unit_amount is None


def instants(
    steps: Sequence[Step], subscription: Subscription, version: Version, *, since: datetime, policies: Policies
) -> list[datetime]:
    """When each step takes effect; periods are counted from the one in which `since` lies, as the plan has them now, or
    from the first that is charged where that comes later.

    Raises InvalidValue for steps that say nothing, or are not in order.
    """
    if not 1 <= len(steps) <= MOST_STEPS:
        raise InvalidValue(field="ramp", value=len(steps), reason=f"from 1 to {MOST_STEPS} steps")
    found: list[datetime] = []
    for step in steps:
        at = _instant(step, subscription, version, since=since, policies=policies)
        if found and at <= found[-1]:
            raise InvalidValue(field="ramp", value=at.isoformat(), reason="each step comes after the one before it")
        found.append(at)
    return found


def _instant(
    step: Step, subscription: Subscription, version: Version, *, since: datetime, policies: Policies
) -> datetime:
    if step.is_of_quantity and step.quantity is None:
        raise InvalidValue(field="ramp", value="none", reason="a step names a price, a quantity or an amount")
    if (step.at is None) == (step.after_periods is None):
        raise InvalidValue(field="ramp", value="none", reason="a step comes on a date, or after so many periods")
    if step.after_periods is None:
        assert step.at is not None
        return effective_at(subscription, version, when=step.at, now=since, policies=policies)
    if not 1 <= step.after_periods <= MOST_PERIODS:
        raise InvalidValue(field="after_periods", value=step.after_periods, reason=f"from 1 to {MOST_PERIODS} periods")
    charged_from = max(since, version.bills_from or since, subscription.trial_ends_at or since)
    return boundary(version.series, slot_at(version.series, charged_from).n + step.after_periods)
