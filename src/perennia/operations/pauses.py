"""Pauses of an agreement, and periods skipped."""

from datetime import date, datetime

from perennia.domain.calendar import add, anchor_at, boundary, instant, slot_at
from perennia.domain.errors import AlreadyPaused, InvalidValue, NotPaused
from perennia.domain.ids import Id
from perennia.domain.scheduling import NOW, PERIOD_END, When, effective_at, plan_of, version_at
from perennia.operations.agreements import Act, Policy, act_on
from perennia.store.identity import new_id
from perennia.store.writes import agreements as write


def pause(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    when: When = NOW,
    until: date | datetime | None = None,
    periods: int | None = None,
    policy: Policy | None = None,
) -> datetime:
    """No service and no charges from now, the period's end or a date, until another date, for so many periods of the
    plan, or until somebody resumes it; answers when it begins. What was paid beyond it follows `pause_rest`.

    Raises NotFound, SubscriptionEnded, AlreadyPaused, InvalidValue.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        version = version_at(plan_of(act.subscription), act.now)
        starts_at = effective_at(act.subscription, version, when=when, now=act.now, policies=act.policies)
        ends_at = None
        if until is not None:
            ends_at = effective_at(act.subscription, version, when=until, now=act.now, policies=act.policies)
        elif periods is not None:
            zone = act.subscription.zone
            ends_at = instant(add(anchor_at(starts_at, zone), version.series.interval, _count(periods)), zone)
        _insert(act, starts_at, ends_at)
        return starts_at


def skip(
    *, tenant: Id, actor: str, subscription_id: Id, now: datetime, periods: int = 1, policy: Policy | None = None
) -> datetime:
    """Leave out the next period of the plan, or several: a pause of that length; answers when it begins."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        version = version_at(plan_of(act.subscription), act.now)
        starts_at = effective_at(act.subscription, version, when=PERIOD_END, now=act.now, policies=act.policies)
        n = slot_at(version.series, starts_at).n
        _insert(act, starts_at, boundary(version.series, n + _count(periods)))
        return starts_at


def resume(
    *, tenant: Id, actor: str, subscription_id: Id, now: datetime, when: When = NOW, policy: Policy | None = None
) -> datetime:
    """End the pause now or on a date; one that did not begin is taken back. Answers when service goes on.

    Raises NotFound, SubscriptionEnded, NotPaused, InvalidValue.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        found = act.subscription.running_pause
        if found is None:
            raise NotPaused(subscription=subscription_id.text("sub"))
        version = version_at(plan_of(act.subscription), act.now)
        ends_at = effective_at(act.subscription, version, when=when, now=act.now, policies=found.policies)
        if found.starts_at > act.now and ends_at <= found.starts_at:
            write.drop_pause(act.books.cursor, pause_id=found.id)
        else:
            write.end_pause(act.books.cursor, pause_id=found.id, ends_at=max(ends_at, found.starts_at))
        act.settle()
        return max(ends_at, found.starts_at)


def _insert(act: Act, starts_at: datetime, ends_at: datetime | None) -> None:
    for found in act.subscription.pauses:
        if not found.is_over:
            raise AlreadyPaused(subscription=act.subscription.id.text("sub"), starts_at=found.starts_at.isoformat())
    if ends_at is not None and ends_at <= starts_at:
        raise InvalidValue(field="until", value=ends_at.isoformat(), reason="a pause ends after it begins")
    write.insert_pause(
        act.books.cursor,
        key=new_id(),
        tenant=act.books.tenant.id,
        subscription_id=act.subscription.id,
        starts_at=starts_at,
        ends_at=ends_at,
        policies=act.policies,
        now=act.now,
    )
    act.settle(since=starts_at)


def _count(periods: int) -> int:
    if not 1 <= periods <= 1200:
        raise InvalidValue(field="periods", value=periods, reason="from 1 to 1200 periods")
    return periods
