"""A failed payment: what follows, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from perennia.domain.facts import Policies


class Step(StrEnum):
    """`retry` at a later instant, `wait` for the subscriber to give another method, `end` the recovery."""

    RETRY = "retry"
    END = "end"


@dataclass(frozen=True, slots=True)
class NextStep:
    step: Step
    at: datetime | None = None


def after_failure(
    *, policies: Policies, first_failed_at: datetime, now: datetime, attempts: int, retryable: bool
) -> NextStep:
    """The step after a declined attempt.

    Soft declines are repeated on the policy's days counted from the first failure (default 1, 3, 5, 7, 14);
    days already past are skipped, never caught up. A hard or fraud decline is not repeated on the same
    method: recovery waits for the last day of the schedule, so that a new method can still be given.
    `attempts` counts the tries made so far; at most 15 in 30 days go to one card and amount.
    """
    days = policies.dunning_days if retryable and attempts < 15 else ()
    for day in days:
        at = first_failed_at + timedelta(days=day)
        if at > now:
            return NextStep(Step.RETRY, at)
    return NextStep(Step.END, max(now, first_failed_at + timedelta(days=policies.dunning_days[-1])))
