"""A failed payment: what follows, and when. The classes of declines and the networks' caps are the port's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from perennia.domain.ids import Id
from perennia.domain.policies import Policies

NETWORK_CAP = 15
NETWORK_WINDOW = timedelta(days=30)
"""At most so many declined attempts with one method and amount in so long (the strictest monthly network rule)."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_AFTER_OUTAGES = (timedelta(minutes=5), timedelta(minutes=15), _HOUR, 6 * _HOUR)
_LOOK_UPS = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), _HOUR, 6 * _HOUR, *(n * _DAY for n in range(1, 8)),
)  # fmt: skip


class Decline(StrEnum):
    """What a refusal means for the next attempt."""

    SOFT = "soft"
    HARD = "hard"
    AUTHENTICATION = "authentication"
    FRAUD = "fraud"
    OUTAGE = "outage"
    CONFIG = "config"
    DUPLICATE = "duplicate"
    REVIEW = "review"

    @property
    def is_payers(self) -> bool:
        """A decline that starts dunning; the others are no fault of the payer's."""
        return self in (Decline.SOFT, Decline.HARD, Decline.AUTHENTICATION, Decline.FRAUD)


@dataclass(frozen=True, slots=True)
class Tries:
    """The earlier attempts at one receivable that matter for the next.

    `under_way`: one is open or unknown. `declined` counts the payer's declines with the present method and amount
    within the network's window, `outages` the attempts of the last day that no one decided. `last_*` is the last
    decline that was the payer's.
    """

    under_way: bool = False
    declined: int = 0
    outages: int = 0
    last: Decline | None = None
    last_method_id: Id | None = None
    last_at: datetime | None = None


class Step(StrEnum):
    """What to do with a receivable that is due for an attempt."""

    CHARGE = "charge"
    NO_METHOD = "no_method"
    """There is nothing to charge: it counts as a soft decline, without a call."""
    WAIT = "wait"
    END = "end"
    """Recovery is over: the end action of the policy."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """`at` is when a receivable that must wait is due again; None leaves it to the attempt under way."""

    step: Step
    at: datetime | None = None


def recovery_ends_at(*, policies: Policies, first_failed_at: datetime) -> datetime:
    """The last day of the schedule: the last retry, and the last chance to give another method."""
    return first_failed_at + timedelta(days=max(policies.dunning_days, default=0))


def after_decline(
    *, policies: Policies, first_failed_at: datetime, now: datetime, decline: Decline, declined: int, has_other_method: bool
) -> datetime:  # fmt: skip
    """When the receivable is due again after a decline that was the payer's.

    At once where another method was given meanwhile. A soft decline is repeated on the policy's days counted from
    the first failure (default 1, 3, 5, 7, 14); days already past are skipped, never caught up. Any other decline,
    or a method at the network's cap (`declined`, this one included), waits for the last day.
    """
    if has_other_method:
        return now
    if decline is Decline.SOFT and declined < NETWORK_CAP:
        for day in sorted(policies.dunning_days):
            at = first_failed_at + timedelta(days=day)
            if at > now:
                return at
    return max(now, recovery_ends_at(policies=policies, first_failed_at=first_failed_at))


def when_due(
    *, policies: Policies, first_failed_at: datetime | None, now: datetime, method_id: Id | None, tries: Tries
) -> NextStep:
    """What to do with a receivable whose time has come.

    The end is due on the schedule's last day once that day's attempt was declined, or when the method may not be
    charged again and no other was given.
    """
    if tries.under_way:
        return NextStep(Step.WAIT)
    may_charge = method_id is not None and (tries.last in (None, Decline.SOFT) or method_id != tries.last_method_id)
    if first_failed_at is None:
        return NextStep(Step.CHARGE if may_charge else Step.NO_METHOD)
    ends_at = recovery_ends_at(policies=policies, first_failed_at=first_failed_at)
    other_method = method_id is not None and method_id != tries.last_method_id
    tried_on_last_day = tries.last_at is not None and tries.last_at >= ends_at and not other_method
    spent = tries.declined >= NETWORK_CAP or (method_id is not None and not may_charge)
    if now >= ends_at and (tried_on_last_day or spent or method_id is None):
        return NextStep(Step.END)
    if spent:
        return NextStep(Step.WAIT, ends_at)
    return NextStep(Step.CHARGE if may_charge else Step.NO_METHOD)


def after_outage(*, now: datetime, outages: int, decline: Decline | None = None) -> datetime:
    """When to try again what nobody decided: 5 and 15 minutes, 1 and 6 hours, by the `outages` of the last day.

    An outage behind the gateway waits an hour at least, a wrong set-up a day: a person corrects it first.
    """
    if decline is Decline.CONFIG:
        return now + _DAY
    pause = _AFTER_OUTAGES[min(outages, len(_AFTER_OUTAGES) - 1)]
    return now + (pause if decline is None else max(pause, _HOUR))


def next_look_up(*, created_at: datetime, now: datetime, look_ups: int) -> datetime | None:
    """When to ask again what became of an unknown attempt: 1, 5, 15 min, 1 h, 6 h after it, daily to day 7.

    `look_ups` were made so far; None once all were, whatever the attempt's age: a person decides. One whose time is
    past follows the last after the pause that the schedule has between the two.
    """
    if look_ups >= len(_LOOK_UPS):
        return None
    after = _LOOK_UPS[look_ups]
    pause = after - _LOOK_UPS[look_ups - 1] if look_ups else after
    at = created_at + after
    return at if at > now else now + pause
