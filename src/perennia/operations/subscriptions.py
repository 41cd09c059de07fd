"""Agreements: start one, end one, take its end back, take up an ended one again, withdraw from one."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from perennia.domain.calendar import local_date, midnight, slot_at
from perennia.domain.changes import split
from perennia.domain.corrections import LineCredit
from perennia.domain.decision import Decision, VersionBegun, VersionEnd
from perennia.domain.errors import (
    ChangePending,
    InvalidValue,
    NotCanceling,
    WithdrawalOver,
)
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Cause, Version
from perennia.domain.ids import Id
from perennia.domain.lifecycle import end_of_service
from perennia.domain.policies import Policies, changed
from perennia.domain.scheduling import NOW, PERIOD_END, PERIOD_START, When, effective_at, plan_of, version_at
from perennia.operations import drafts
from perennia.operations.agreements import Act, Policy, act_on, up_to_date
from perennia.operations.books import open_books
from perennia.operations.chosen import Chosen
from perennia.operations.invoices import credit_note
from perennia.operations.starts import TermAsked, check_ended, start
from perennia.store.identity import new_ids
from perennia.store.reads import invoices
from perennia.store.reads import subscriptions as read
from perennia.store.writes import agreements

__all__ = ["Chosen", "TermAsked", "cancel", "reactivate", "start", "uncancel", "withdraw"]


def cancel(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    at: datetime | None = None,
    when: When | None = None,
    policy: Policy | None = None,
) -> datetime:
    """End a subscription now, at its period's end or start, or on a date, also one that has passed; answers when it ends.

    What waits for its payment is given up; a subscription whose first payment was never made is over with that.
    Without `when` the policy `cancel_at` says. What was charged for time after the end is credited when the end takes
    effect: to what is still open on its invoice, else as `credit_becomes` says. A date is that of `cancel_day`.
    Raises NotFound, SubscriptionEnded, MoveNotPermitted, InvalidValue.
    """
    try:
        return _cancel(tenant, actor, subscription_id, now=now, when=at or when, policy=policy)
    except ChangePending:
        given_up = drafts.withdraw(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now)
        if given_up is None:  # paid in the meantime
            return _cancel(tenant, actor, subscription_id, now=now, when=at or when, policy=policy)
        return given_up


def _cancel(
    tenant: Id, actor: str, subscription_id: Id, *, now: datetime, when: When | None, policy: Policy | None
) -> datetime:
    with act_on(
        tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy, gives_up=True
    ) as act:
        plan = version_at(plan_of(act.subscription), act.now)
        when = when or act.under(plan.price).cancel_at
        ends = _end(act, plan, when)
        agreements.schedule_end(
            act.books.cursor, subscription_id=subscription_id, cancel_at=ends, policies=_of_end(act, ends, when),
            used_until=_used_until(act, when, ends),
        )  # fmt: skip
        act.settle(Event(EventType.SUBSCRIPTION_CANCEL_SCHEDULED, subscription_id, act.now), since=ends)
    return ends


def uncancel(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> None:
    """Take back an end that is still to come. Raises NotFound, SubscriptionEnded, NotCanceling."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        ends = act.subscription.cancel_at
        if ends is None or act.subscription.ends_with_trial:
            raise NotCanceling(subscription=subscription_id.text("sub"))
        agreements.schedule_end(act.books.cursor, subscription_id=subscription_id, cancel_at=None, policies=None)
        goes_on_at(act, ends)
        act.settle(Event(EventType.SUBSCRIPTION_CANCEL_WITHDRAWN, subscription_id, act.now))


def reactivate(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    start_on: date | None = None,
    policy: Policy | None = None,
) -> Id:
    """Take up an ended subscription again: a new one with what it had last, linked to it.

    Raises NotFound, StillRunning, and what `start` raises.
    """
    with open_books(tenant=tenant, of_few=True) as books:
        payer_id = read.payer_of(books.cursor, subscription_id=subscription_id)
        up_to_date(books, books.lock(payer_id), actor=actor, now=books.business_time(now))
        ended = read.standing(books.cursor, subscription_id=subscription_id)
        check_ended(books, subscription_id, ended.customer_id)
        last = read.last_items(books.cursor, subscription_id=subscription_id)
        adjustment = sum((one.unit_amount or Decimal(0) for one in last if one.kind == "adjustment"), Decimal(0))
        items = [Chosen(one.price_id, one.quantity, one.unit_amount) for one in last if one.kind != "adjustment"]
        return start(
            tenant=tenant,
            actor=actor,
            customer_id=ended.customer_id,
            items=items,
            now=now,
            start_on=start_on,
            adjustment=adjustment,
            policy=policy,
            reactivates=subscription_id,
        )


def withdraw(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    immediate_start: bool = False,
    policy: Policy | None = None,
) -> datetime:
    """A consumer's right of withdrawal, within `withdrawal_days` of the start (14: directive 2011/83/EU, article 9).

    It ends now and all that was charged is given back; where an immediate start was asked for and explained
    (`immediate_start`, article 14.3), the days used are kept. Answers when it ended.
    Raises NotFound, SubscriptionEnded, WithdrawalOver.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        subscription, zone = act.subscription, act.subscription.zone
        days = act.policies.withdrawal_days
        last = local_date(subscription.started_at, zone) + timedelta(days=days)
        if local_date(act.now, zone) > last:
            raise WithdrawalOver(subscription=subscription_id.text("sub"), until=last.isoformat())
        asked = act.now if immediate_start else min(act.now, subscription.started_at)
        under = changed(
            act.policies,
            {"credit_becomes": "refund", "cancel_credit": "credit_becomes", "proration": "prorate",
             "known_last_part": "prorate", "open_debt_at_cancel": "credit_unused", "cancel_day": "free", "cancel_at": "now"},
        )  # fmt: skip
        ends = end_of_service(subscription, asked_for=asked, policies=under)
        agreements.schedule_end(
            act.books.cursor,
            subscription_id=subscription_id,
            cancel_at=ends,
            policies=under,
            cause=Cause.WITHDRAWN.value,
            used_until=act.now if immediate_start else None,
        )
        act.settle(Event(EventType.SUBSCRIPTION_WITHDRAWN, subscription_id, act.now))
        if not immediate_start:
            _give_back_the_rest(act)
    return ends


def _give_back_the_rest(act: Act) -> None:
    """What no part of a period gave back of all that was charged: set-up fees, and what an earlier act kept."""
    tenant, subscription = act.books.tenant.id, act.subscription
    on = invoices.of_subscription(
        act.books.cursor, tenant=tenant, payer_id=act.payer.id, subscription_id=subscription.id,
        since=subscription.started_at,
    )  # fmt: skip
    for document_id, positions in on.items():
        lines = [LineCredit(position) for position in positions]
        credit_note(tenant=tenant, actor=act.actor, document_id=document_id, now=act.now, lines=lines, becomes="refund")


def goes_on_at(act: Act, at: datetime) -> None:
    """Where a part was charged only up to a known end that is taken back: the same terms begin there anew."""
    begun, ended = [], []
    for item in act.subscription.items:
        for version in item.versions:
            if version.billed_through == at and slot_at(version.series, at).start != at and version.ends_at is None:
                follower = split(version, start=at, series=version.series, bills_from=at, new_ids=new_ids)
                ended.append(VersionEnd(version.id, at))
                begun.append(VersionBegun(act.subscription.id, item, follower))
    if begun:
        act.books.write([Decision(act.payer.id, None, begun=tuple(begun), ended=tuple(ended))], actor=act.actor)


def _of_end(act: Act, ends_at: datetime, when: When) -> Policies:
    """The act's policies, with what was asked for. A last part that was charged whole before goes back from its end."""
    policies = changed(act.policies, {"cancel_at": when if isinstance(when, str) else "date"})
    through = version_at(plan_of(act.subscription), ends_at).billed_through
    if through is None or through <= ends_at:
        return policies
    return changed(policies, {"known_last_part": "prorate"})


def _end(act: Act, plan: Version, when: When) -> datetime:
    under = act.under(plan.price)
    if when == "date":
        raise InvalidValue(field="when", value=when, reason="the policy cancel_at asks for a date; name one")
    if when in (PERIOD_END, PERIOD_START):
        return effective_at(act.subscription, plan, when=when, now=act.now, policies=under)
    asked = act.now
    if isinstance(when, datetime):
        asked = when
    elif isinstance(when, date):
        asked = midnight(when, act.subscription.zone)
    elif when != NOW:
        raise InvalidValue(field="when", value=when, reason="now, period_end, period_start, or a date")
    return end_of_service(act.subscription, asked_for=asked, policies=under)


def _used_until(act: Act, when: When, ends: datetime) -> datetime | None:
    """The real instant of an end that took effect at the beginning of its day: so long usage is charged."""
    asked = act.now if when == NOW else when
    return asked if isinstance(asked, datetime) and ends < asked <= act.now else None
