"""The states of a subscription and the permitted moves, in one table."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from perennia.domain.calendar import start_of_day
from perennia.domain.errors import InvalidValue, MoveNotPermitted
from perennia.domain.facts import Status, Subscription
from perennia.domain.policies import Policies

MOVES: Mapping[Status, frozenset[Status]] = {
    Status.SCHEDULED: frozenset({Status.INCOMPLETE, Status.TRIALING, Status.ACTIVE, Status.CANCELED}),
    Status.INCOMPLETE: frozenset({Status.TRIALING, Status.ACTIVE, Status.INCOMPLETE_EXPIRED}),
    Status.INCOMPLETE_EXPIRED: frozenset(),
    Status.TRIALING: frozenset({Status.ACTIVE, Status.PAUSED, Status.CANCELED}),
    Status.ACTIVE: frozenset({Status.TRIALING, Status.PAST_DUE, Status.UNPAID, Status.PAUSED, Status.CANCELED}),
    Status.PAST_DUE: frozenset({Status.ACTIVE, Status.UNPAID, Status.PAUSED, Status.CANCELED}),
    Status.UNPAID: frozenset({Status.ACTIVE, Status.CANCELED}),
    Status.PAUSED: frozenset({Status.ACTIVE, Status.TRIALING, Status.CANCELED}),
    Status.CANCELED: frozenset(),
}

NOT_BEGUN = frozenset({Status.SCHEDULED, Status.INCOMPLETE})
"""States before the start takes effect; the facts hold an incomplete subscription only while it is being paid."""

OVER = frozenset({Status.CANCELED, Status.INCOMPLETE_EXPIRED})
"""States that nothing leads out of."""

LIVE = frozenset({Status.ACTIVE, Status.PAST_DUE, Status.UNPAID})
"""States that count as a subscriber and in recurring revenue."""


def check_move(*, state: Status, to: Status) -> None:
    """Raises MoveNotPermitted where the table has no such move."""
    if to not in MOVES[state]:
        raise MoveNotPermitted(state=state.value, to=to.value)


def end_of_service(subscription: Subscription, *, asked_for: datetime, policies: Policies | None = None) -> datetime:
    """The instant from which nothing is charged when a cancellation is to take effect at `asked_for`.

    Under day proration it is the start of a local day: of that day (`cancel_day` free), or of the day after
    (`billed`); under second proration it is the instant itself. `policies` are those of the act. Raises
    MoveNotPermitted for an ended subscription, InvalidValue for an end before the start. What has not begun yet may end
    before.
    """
    check_move(state=subscription.status, to=Status.CANCELED)
    if subscription.status is Status.SCHEDULED and asked_for < subscription.started_at:
        return start_of_day(asked_for, subscription.zone)
    if asked_for < start_of_day(subscription.started_at, subscription.zone):
        raise InvalidValue(field="cancel_at", value=asked_for.isoformat(), reason="before the subscription's start")
    policies = policies or subscription.policies
    if policies.proration_unit == "second":
        return max(asked_for, subscription.started_at)
    day = start_of_day(asked_for, subscription.zone)
    if policies.cancel_day == "billed":
        return _next_day(day, subscription.zone)
    return day


def _next_day(day: datetime, zone: str) -> datetime:
    return start_of_day(day + timedelta(hours=26), zone)
