"""Trials that run or are given, commitments, holds of invoicing, and arrears that are closed on request."""

from datetime import date, datetime

from perennia.domain.calendar import anchor_at, boundary, slot_at
from perennia.domain.errors import InvalidValue, NotTrialing
from perennia.domain.events import Event, EventType
from perennia.domain.facts import ChangeKind
from perennia.domain.ids import Id
from perennia.domain.scheduling import NOW, effective_at, is_trialing, plan_of, version_at
from perennia.domain.starting import MOST_PERIODS
from perennia.operations.agreements import Act, Policy, act_on, settle
from perennia.store.writes import agreements as write


def set_trial_end(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    trial_ends_on: date | datetime,
    now: datetime,
    policy: Policy | None = None,
) -> datetime:
    """Move the end of a trial on, never back, or give a running subscription one; answers when it ends.

    What was paid beyond its beginning is given back by `proration`; periods are counted from its end unless
    `trial_end_is_anchor` is no. Raises NotFound, SubscriptionEnded, InvalidValue.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        version = version_at(plan_of(act.subscription), act.now)
        until = effective_at(act.subscription, version, when=trial_ends_on, now=act.now, policies=act.policies)
        if is_trialing(act.subscription) or act.subscription.started_at > act.now:
            until = max(until, act.subscription.trial_ends_at or until)
            move_trial(act, until)
            act.settle()
            return until
        at = effective_at(act.subscription, version, when=NOW, now=act.now, policies=act.policies)
        if until <= at:
            raise InvalidValue(field="trial_end", value=until.isoformat(), reason="a trial that begins ends later")
        act.insert(act.change(ChangeKind.TRIAL, at, until=until))
        act.settle()
        return until


def end_trial(*, tenant: Id, actor: str, subscription_id: Id, now: datetime, policy: Policy | None = None) -> datetime:
    """End a trial now and bill from there on; answers when. Raises NotFound, SubscriptionEnded, NotTrialing."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, policy=policy) as act:
        if not is_trialing(act.subscription):
            raise NotTrialing(subscription=subscription_id.text("sub"))
        version = version_at(plan_of(act.subscription), act.now)
        until = effective_at(act.subscription, version, when=act.now, now=act.now, policies=act.policies)
        move_trial(act, until)
        act.settle()
        return until


def set_term(
    *,
    tenant: Id,
    actor: str,
    subscription_id: Id,
    now: datetime,
    ends_on: date | datetime | None = None,
    periods: int | None = None,
    then: str = "renew",
) -> datetime | None:
    """A commitment until a date, or for so many periods of the plan from the running one on; None takes it away.

    `then` it is renewed for as many periods, goes on without one, or ends the subscription. Answers when it ends.
    Raises NotFound, SubscriptionEnded, InvalidValue.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        version = version_at(plan_of(act.subscription), act.now)
        if then not in ("renew", "go_on", "end"):
            raise InvalidValue(field="then", value=then, reason="renew, go_on or end")
        slot = slot_at(version.series, max(act.now, act.subscription.started_at))
        ends_at = None
        if ends_on is not None:
            ends_at = effective_at(act.subscription, version, when=ends_on, now=act.now, policies=act.policies)
            periods = max(slot_at(version.series, ends_at).n - slot.n, 1)
        elif periods is not None:
            if not 1 <= periods <= MOST_PERIODS:
                raise InvalidValue(field="periods", value=periods, reason=f"from 1 to {MOST_PERIODS} periods")
            ends_at = boundary(version.series, slot.n + periods)
        if ends_at is not None and ends_at <= act.now:
            raise InvalidValue(field="term_end", value=ends_at.isoformat(), reason="a term ends after now")
        write.set_term(
            act.books.cursor, subscription_id=subscription_id, ends_at=ends_at, periods=periods,
            then=None if ends_at is None else then,
        )  # fmt: skip
        act.settle()
        return ends_at


def hold_invoicing(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> None:
    """Invoice nothing of a subscription until it is released; service and states go on."""
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        write.hold(act.books.cursor, subscription_id=subscription_id, since=act.now)
        act.settle(Event(EventType.SUBSCRIPTION_HELD, subscription_id, act.now))


def release_invoicing(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> None:
    """Invoice what fell due since invoicing was held, in order, and go on.

    Also where it ended meanwhile and more periods than are let pass kept its end from releasing it. Raises NotFound,
    SubscriptionEnded where nothing is held any more.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now, may_end=True) as act:
        write.hold(act.books.cursor, subscription_id=subscription_id, since=None)
        act.settle(Event(EventType.SUBSCRIPTION_RELEASED, subscription_id, act.now))


def issue_drafts(*, tenant: Id, actor: str, subscription_id: Id, now: datetime) -> None:
    """Issue now what fell due and waits: drafts whose time is not over (`draft_hours`), and what gathers until somebody
    asks for it (`arrears_close` on_request). All of it stands on one document. Raises NotFound, SubscriptionEnded.
    """
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        write.ask_to_issue(act.books.cursor, subscription_id=subscription_id, at=act.now)
        told = (Event(EventType.SUBSCRIPTION_DRAFTS_ISSUED, subscription_id, act.now),)
        settle(act.books, act.payer.id, actor=act.actor, now=act.now, told=told, together=True)


def move_trial(act: Act, until: datetime) -> None:
    """The first charges and, by policy, the anchors follow the end of the trial."""
    zone, old = act.subscription.zone, act.subscription.trial_ends_at
    bills_from: dict[Id, datetime] = {}
    anchors: dict[Id, datetime] = {}
    for item in act.subscription.items:
        for version in item.versions:
            if version.billed_through is not None or version.ends_at == version.starts_at:
                continue
            if version.ends_at is not None and (version.bills_from or version.starts_at) < version.ends_at:
                continue  # it ended when the trial was given, and what it comes to waits to be invoiced
            bills_from[version.id] = max(until, version.starts_at)
            counted_from_it = old is not None and version.series.anchor == anchor_at(old, zone)
            if (
                act.policies.trial_end_is_anchor == "yes"
                and act.policies.alignment == "anniversary"
                and (old is None or counted_from_it)
            ):
                anchors[version.id] = anchor_at(until, zone)
    write.move_trial(
        act.books.cursor, subscription_id=act.subscription.id, until=until, bills_from=bills_from, anchors=anchors
    )
