"""A payer's facts once a decision was written: what the store would read then, so that a look ahead needs no store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from perennia.domain.decision import DatesMove, Decision, Source, SpanFree, VersionBegun, VersionEnd
from perennia.domain.discounts import Discount
from perennia.domain.documents import SETTLES, Document, DocumentKind, Line, LineKind
from perennia.domain.facts import Item, Paid, Payer, Settled, Status, Subscription, Term, Version
from perennia.domain.ids import Id
from perennia.domain.metering import Usage
from perennia.domain.stretches import metered
from perennia.domain.tax import NO_TAX

_GIVEN_BACK_FOR_TIME = (LineKind.CREDIT, LineKind.PAUSE)


def after(payer: Payer, decision: Decision, *, paid: bool = True) -> Payer:
    """The payer as the store would read it after `decision`. With `paid` nothing is left open on its invoices."""
    written = _Written(decision, paid=paid)
    subscriptions, closing = [], []
    for subscription in (*payer.subscriptions, *payer.closing):
        status = written.states.get(subscription.id, subscription.status)
        if status is not Status.CANCELED:
            subscriptions.append(_subscription(subscription, status, written))
        elif subscription.is_metered:
            ended = _closing(_subscription(subscription, status, written))
            closing += [ended] if ended.items else []
    found = replace(
        payer, subscriptions=tuple(subscriptions), closing=tuple(closing), balances=_balances(payer, decision)
    )
    if decision.refunds and payer.paid:
        found = replace(found, paid=_paid(payer, decision))
    if payer.taken_in and paid:
        found = replace(found, taken_in=())
    if decision.dropped:
        over = {dropped.draft_id for dropped in decision.dropped}
        found = replace(found, drafts=tuple(one for one in payer.drafts if one.id not in over))
    return _wallet(found, decision) if payer.grants or payer.pending else found


@dataclass(slots=True)
class _Written:
    """What a decision changes, by the key of what is changed."""

    decision: Decision
    paid: bool
    states: dict[Id, Status] = field(init=False)
    activated: dict[Id, datetime] = field(init=False)
    through: dict[Id, datetime] = field(init=False)
    ended: dict[Id, VersionEnd] = field(init=False)
    begun: dict[Id, list[VersionBegun]] = field(init=False)
    dates: dict[Id, DatesMove] = field(init=False)
    charged: dict[Id, list[Settled]] = field(init=False)
    touched: set[Id] = field(init=False)
    """Versions, discounts and subscriptions; most of a large payer's are not."""

    def __post_init__(self) -> None:
        decision = self.decision
        self.states = {move.subscription_id: move.after for move in decision.moves}
        self.activated = {
            move.subscription_id: move.at for move in reversed(decision.moves) if move.after is Status.ACTIVE
        }
        self.through = dict(decision.settled)
        self.ended = {end.version_id: end for end in decision.ended}
        self.begun = defaultdict(list)
        for one in decision.begun:
            self.begun[one.subscription_id].append(one)
        self.dates = {one.subscription_id: one for one in decision.dates}
        self.charged = defaultdict(list)
        usage = {(one.document_id, one.position) for one in decision.usage}
        for document in decision.documents:
            for position, line in enumerate(document.lines, start=1):
                if line.kind in SETTLES and line.subscription_id is not None and (document.id, position) not in usage:
                    self.charged[line.subscription_id].append(_settled(document, position, line, paid=self.paid))
        for free in decision.free:
            self.charged[free.subscription_id].append(_free(free))
        self.touched = {*self.states, *self.begun, *self.dates, *self.charged, *self.through, *self.ended}
        self.touched.update(cut.version_id for cut in decision.cuts)
        self.touched.update(decision.closed)
        self.touched.update(one.version_id for one in decision.usage)
        self.touched.update(stretch.version_id for stretch in decision.stretches)
        self.touched.update(change.subscription_id for change in decision.changes)
        self.touched.update(pause.subscription_id for pause in decision.pauses)
        self.touched.update(use.discount_id for use in decision.discounts)

    def touches(self, subscription: Subscription) -> bool:
        keys = [subscription.id, *(discount.id for discount in subscription.discounts)]
        keys += [version.id for item in subscription.items for version in item.versions]
        return not self.touched.isdisjoint(keys)


def _free(free: SpanFree) -> Settled:
    return Settled(free.version_id, free.start, free.end, None, 0, "", free.end, 0, 0, NO_TAX, 0, 0, 0)


def _settled(document: Document, position: int, line: Line, *, paid: bool) -> Settled:
    assert line.version_id is not None
    is_open = document.kind is DocumentKind.INVOICE and not paid
    return Settled(
        version_id=line.version_id,
        start=line.period_start,
        end=line.period_end,
        document_id=document.id,
        position=position,
        description=line.description,
        line_end=line.period_end,
        line_net=line.net_minor,
        line_tax=line.tax_minor,
        tax_percent=line.tax_percent,
        credited_net=0,
        credited_tax=0,
        open_minor=document.open_minor if is_open else 0,
        line_discount=line.discount_minor,
    )


def _subscription(subscription: Subscription, status: Status, written: _Written) -> Subscription:
    if not written.touches(subscription):
        return subscription
    decision = written.decision
    done = {change.change_id for change in decision.changes}
    moved = {change.change_id: change.at for change in decision.moved_changes}
    over = {pause.pause_id for pause in decision.pauses}
    changes = tuple(
        replace(change, at=moved.get(change.id, change.at)) for change in subscription.changes if change.id not in done
    )
    known = {one.pause.id for one in decision.pauses_begun}  # each is among the facts, as one that is foreseen
    pauses = tuple(
        replace(one, is_over=one.is_over or one.id in over, is_foreseen=one.is_foreseen and one.id not in known)
        for one in subscription.pauses
    )
    dates = written.dates.get(subscription.id)
    items = _items(subscription, written, all_versions=bool(changes or pauses or subscription.cancel_at))
    found = replace(
        subscription,
        usage=_usage(subscription.usage, decision),
        status=status,
        activated_at=subscription.activated_at or written.activated.get(subscription.id),
        items=items,
        changes=changes,
        returned=subscription.returned if changes else (),
        discounts_so_far=_used(subscription.discounts_so_far, decision) if changes else (),
        zone=next((one.zone for one in decision.changes if one.zone and one.subscription_id == subscription.id), None)
        or subscription.zone,
        pauses=pauses,
        discounts=tuple(one for one in _used(subscription.discounts, decision) if one.ended_at is None),
        trial_ends_at=subscription.trial_ends_at if dates is None else dates.trial_ends_at,
        cancel_at=subscription.cancel_at if dates is None else dates.cancel_at,
        term=subscription.term if dates is None else _term(subscription.term, dates.term_ends_at),
    )
    if _may_give_back(found):
        return replace(found, overcharged=_overcharged(subscription, written))
    return replace(found, overcharged=()) if found.overcharged else found


def _closing(subscription: Subscription) -> Subscription:
    """What is read of an ended subscription: what is metered and not settled for good."""
    items = [replace(item, versions=tuple(metered(item))) for item in subscription.items]
    return replace(subscription, items=tuple(item for item in items if item.versions), held=False)


def _usage(usage: Usage | None, decision: Decision) -> Usage | None:
    """With what its lines charged."""
    if usage is None or not decision.usage:
        return usage
    charged, trued_up = dict(usage.charged), dict(usage.trued_up)
    for one in decision.usage:
        total, key = trued_up if one.kind is LineKind.MINIMUM else charged, (one.version_id, one.period_start)
        total[key] = total.get(key, 0) + one.amount_minor
    return replace(usage, charged=charged, trued_up=trued_up)


def _term(term: Term | None, ends_at: datetime | None) -> Term | None:
    return None if term is None or ends_at is None else replace(term, ends_at=ends_at)


def _may_give_back(subscription: Subscription) -> bool:
    """Whether what was charged may yet reach beyond the end of a version."""
    if subscription.ends_at is not None or subscription.changes or subscription.pauses:
        return True
    versions = (version for item in subscription.items for version in item.versions)
    return any(
        v.ends_at is not None and v.billed_through is not None and v.billed_through > v.ends_at for v in versions
    )


def _items(subscription: Subscription, written: _Written, *, all_versions: bool) -> tuple[Item, ...]:
    versions: dict[Id, tuple[Item, list[Version]]] = {
        item.id: (item, list(item.versions)) for item in subscription.items
    }
    for one in written.begun.get(subscription.id, ()):
        begun = replace(one.version, bills_from=one.version.bills_from or one.version.starts_at)
        versions.setdefault(one.item.id, (one.item, []))[1].append(begun)
    found = []
    for item, of_item in versions.values():
        standing = [_version(version, written) for version in of_item]
        kept = [
            v for v in standing if all_versions or v.ends_at is None or v.billed_through != v.ends_at or _metering(v)
        ]
        if kept:
            kept.sort(key=lambda version: (version.starts_at, version.id))
            found.append(replace(item, versions=tuple(kept)))
    return tuple(found)


def _metering(version: Version) -> bool:
    return version.price.meter_id is not None and not version.closed


def _version(version: Version, written: _Written) -> Version:
    if version.id not in written.touched:
        return version
    through = written.through.get(version.id, version.billed_through)
    for cut in written.decision.cuts:
        if cut.version_id == version.id:
            through = cut.end if through is None else min(through, cut.end)
    for stretch in written.decision.stretches:
        if stretch.version_id == version.id:
            through = stretch.end
    end, closed = written.ended.get(version.id), version.closed or version.id in written.decision.closed
    if end is None:
        return replace(version, billed_through=through, closed=closed)
    return replace(version, billed_through=through, closed=closed, ends_at=end.ends_at, ended_under=end.under)


def _used(discounts: tuple[Discount, ...], decision: Decision) -> tuple[Discount, ...]:
    """Discounts as they are now, those that have ended with their end."""
    uses = {use.discount_id: use for use in decision.discounts}
    return tuple(
        replace(one, periods_left=use.periods_left, ended_at=use.ended_at) if (use := uses.get(one.id)) else one
        for one in discounts
    )


def _overcharged(subscription: Subscription, written: _Written) -> tuple[Settled, ...]:
    """All charged parts that are known, those charged just now with them, less what was given back of each."""
    decision = written.decision
    given = _given_back(decision.documents)
    lowered: dict[Id, int] = defaultdict(int)
    for allocation in decision.allocations:
        if allocation.source is Source.CREDIT_NOTE:
            lowered[allocation.document_id] += allocation.amount_minor
    ends = {(cut.version_id, cut.start): cut.end for cut in decision.cuts}
    ends |= {(stretch.version_id, stretch.start): stretch.end for stretch in decision.stretches}
    found = []
    for settled in (*subscription.overcharged, *written.charged.get(subscription.id, ())):
        end = ends.get((settled.version_id, settled.start), settled.end)
        if end == settled.start:
            continue
        net, tax, other_net, other_tax = given.get((settled.document_id, settled.position), (0, 0, 0, 0))
        found.append(
            replace(
                settled,
                end=end,
                credited_net=settled.credited_net + net,
                credited_tax=settled.credited_tax + tax,
                adjusted_net=settled.adjusted_net + other_net,
                adjusted_tax=settled.adjusted_tax + other_tax,
                open_minor=settled.open_minor - lowered.get(settled.document_id, 0),
            )
        )
    return tuple(found)


def _given_back(documents: Iterable[Document]) -> Mapping[tuple[Id, int], tuple[int, int, int, int]]:
    """By charge line (document, position): net and tax given back for time, and for other reasons."""
    found: dict[tuple[Id, int], tuple[int, int, int, int]] = {}
    for document in documents:
        for line in document.lines:
            if line.credits is not None:
                net, tax, other_net, other_tax = found.get(line.credits, (0, 0, 0, 0))
                if line.kind in _GIVEN_BACK_FOR_TIME:
                    found[line.credits] = net - line.net_minor, tax - line.tax_minor, other_net, other_tax
                else:
                    found[line.credits] = net, tax, other_net - line.net_minor, other_tax - line.tax_minor
    return found


def _balances(payer: Payer, decision: Decision) -> dict[tuple[Id, str], int]:
    if not decision.balance:
        return payer.balances
    found = dict(payer.balances)
    for entry in decision.balance:
        account = entry.entity_id, entry.currency
        found[account] = found.get(account, 0) + entry.amount_minor
    return found


def _paid(payer: Payer, decision: Decision) -> tuple[Paid, ...]:
    """What can be given back of payments after what just was."""
    refunded: dict[Id, int] = defaultdict(int)
    for payment_id, minor in decision.refunded:
        refunded[payment_id] += minor
    return tuple(replace(one, left_minor=one.left_minor - refunded[one.payment_id]) for one in payer.paid)


def _wallet(payer: Payer, decision: Decision) -> Payer:
    """What is left of granted credit, and the charges that still wait."""
    left = {grant.id: grant for grant in payer.grants}
    for entry in decision.balance:
        if entry.grant_id in left:
            grant = left[entry.grant_id]
            left[entry.grant_id] = replace(grant, left_minor=grant.left_minor + entry.amount_minor)
    taken = {one.pending_id for one in decision.taken}
    return replace(
        payer,
        grants=tuple(grant for grant in left.values() if grant.left_minor),
        pending=tuple(one for one in payer.pending if one.id not in taken),
    )
