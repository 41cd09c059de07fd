"""Where a new subscription begins: its start, its trial, the anchors of its periods, its first charge, its term."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from perennia.domain.alignment import anchor_for
from perennia.domain.calendar import (
    Interval,
    Series,
    anchor_at,
    boundary,
    instant,
    local_date,
    midnight,
    slot_at,
    start_of_day,
)
from perennia.domain.errors import InvalidValue, StartTooEarly
from perennia.domain.facts import Term
from perennia.domain.policies import Policies

LONGEST_TRIAL_DAYS = 3660
MOST_PERIODS = 1200
EARLIEST_START = date(2000, 1, 1)
"""From when on our own table knows rates of tax; what is older is imported with how far it is billed."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The dates of a subscription that begins; what depends on an interval is asked for each item."""

    started_at: datetime
    trial_ends_at: datetime | None
    zone: str
    policies: Policies
    anchor_on: date | None = None
    customer_day: int | None = None
    base: Series | None = None

    @property
    def first_charge_at(self) -> datetime:
        """The start, or the end of the trial."""
        return self.trial_ends_at or self.started_at

    def anchor(self, interval: Interval) -> datetime:
        """Where periods of this length are counted from, a local time."""
        if self.anchor_on is not None:
            return datetime(self.anchor_on.year, self.anchor_on.month, self.anchor_on.day)
        counted = self.first_charge_at if self.policies.trial_end_is_anchor == "yes" else self.started_at
        local = anchor_at(counted, self.zone)
        alignment = "base" if self.base is not None else self.policies.alignment
        start: date = local if self.policies.proration_unit == "second" else local.date()
        return anchor_for(
            alignment=alignment, start=start, zone=self.zone, interval=interval, customer_day=self.customer_day,
            base=self.base,
        )  # fmt: skip

    def bills_from(self, interval: Interval) -> datetime:
        """Where the first charge of such an item begins: a first part that is free is left out."""
        first = self.first_charge_at
        slot = slot_at(Series(self.anchor(interval), self.zone, interval), first)
        if self.policies.first_part == "free" and slot.start != first:
            return slot.end
        return first

    def term(self, *, periods: int, then: str, interval: Interval) -> Term:
        """A commitment for so many periods of the plan from the first charge on. Raises InvalidValue."""
        if not 1 <= periods <= MOST_PERIODS:
            raise InvalidValue(field="periods", value=periods, reason=f"from 1 to {MOST_PERIODS} periods")
        if then not in ("renew", "go_on", "end"):
            raise InvalidValue(field="then", value=then, reason="renew, go_on or end")
        series = Series(self.anchor(interval), self.zone, interval)
        slot = slot_at(series, self.bills_from(interval))
        return Term(boundary(series, slot.n + periods), periods, then)


def beginning(
    *, now: datetime, zone: str, policies: Policies, start_on: date | None = None, anchor_on: date | None = None,
    trial_ends_on: date | None = None, trial_days: int | None = None, trial_from: datetime | None = None,
    customer_day: int | None = None, base: Series | None = None,
) -> Beginning:  # fmt: skip
    """The dates of a subscription that starts today, later or earlier; under `second` proration at the very instant.

    A trial of so many local days, or of so many times 24 hours (`trial_unit`), or until a date. The days are counted
    from the start, or from where an earlier one began (`trial_from`); what is over by the start is no trial. Raises
    InvalidValue, StartTooEarly.
    """
    today = local_date(now, zone)
    if start_on is not None and start_on < EARLIEST_START:
        raise StartTooEarly(start=start_on.isoformat(), earliest=EARLIEST_START.isoformat())
    exact = policies.proration_unit == "second" and start_on is None
    started_at = now if exact else midnight(start_on or today, zone)
    trial_ends_at = None
    if trial_ends_on is not None:
        trial_ends_at = _not_before(trial_ends_on, started_at, zone)
    elif trial_days:
        if not 0 < trial_days <= LONGEST_TRIAL_DAYS:
            raise InvalidValue(field="trial_days", value=trial_days, reason=f"from 1 to {LONGEST_TRIAL_DAYS} days")
        asked_at = now if start_on is None else started_at
        if trial_from is not None and trial_from < started_at:
            asked_at = started_from = trial_from
        else:
            started_from = started_at
        trial_ends_at = _days_on(asked_at, started_from, trial_days, zone, policies)
        if trial_ends_at <= started_at:
            trial_ends_at = None
    return Beginning(started_at, trial_ends_at, zone, policies, anchor_on, customer_day, base)


def _days_on(asked_at: datetime, started_at: datetime, days: int, zone: str, policies: Policies) -> datetime:
    if policies.trial_unit == "hours24":
        return asked_at + timedelta(days=days)
    return instant(anchor_at(started_at, zone) + timedelta(days=days), zone)


def trial_from_now(*, now: datetime, days: int, zone: str, policies: Policies) -> datetime:
    """The end of a trial of so many days that begins today; under `second` proration at this very instant."""
    begins = now if policies.proration_unit == "second" else start_of_day(now, zone)
    return _days_on(now, begins, days, zone, policies)


def _not_before(day: date, started_at: datetime, zone: str) -> datetime:
    start_on = local_date(started_at, zone)
    if day < start_on:
        raise InvalidValue(field="date", value=day.isoformat(), reason=f"before the start on {start_on.isoformat()}")
    return max(midnight(day, zone), started_at)
