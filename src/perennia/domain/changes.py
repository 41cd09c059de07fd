"""What a change does to the versions of a subscription's items.

A version that ends has its unused part given back, the one that follows is charged from there on: the arithmetic is
that of every part (`proration`). Here it is only decided which versions end where, and which begin.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from perennia.domain.alignment import anchor_for
from perennia.domain.calendar import Series, anchor_at, slot_at, start_of_day
from perennia.domain.errors import NotFound
from perennia.domain.facts import Change, ChangeKind, Item, ItemKind, Pause, Version
from perennia.domain.ids import Id, NewIds
from perennia.domain.lengthened import lengthened
from perennia.domain.policies import Policies, changed, over
from perennia.domain.pricing import Price, Timing


@dataclass(frozen=True, slots=True)
class Ended:
    """A version that ends at an instant, at its own start where it never was; `under` the policies of the act."""

    version: Version
    at: datetime
    under: Policies


@dataclass(frozen=True, slots=True)
class Begun:
    """A version that begins, of an item that may be new."""

    item: Item
    version: Version
    is_new_item: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a change does to versions, in the order of their items."""

    ended: tuple[Ended, ...] = ()
    begun: tuple[Begun, ...] = ()


def applied(
    change: Change, items: Sequence[Item], *, trial_ends_at: datetime | None, new_ids: NewIds,
    pauses: Sequence[Pause] = (),
) -> Outcome:  # fmt: skip
    """What becomes of the items' versions. Raises NotFound where the item is not there at that instant."""
    return _RULES[change.kind](change, items, trial_ends_at, pauses, new_ids)


def touches(change: Change, item: Item) -> bool:
    """Whether a change ends versions of this item."""
    if change.kind is ChangeKind.TRIAL:
        return True
    return change.kind is not ChangeKind.ADD and change.item_id == item.id


def _other_terms(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:  # fmt: skip
    """Another price or quantity, until the next version that was given another one of its own."""
    item = _item(change, items)
    found = _in_force_from(item, change.at)
    restarts = change.price is not None and change.price.interval != found[0].price.interval
    versions, absorbed = _joined(found, () if restarts else pauses)
    told = versions[0]
    ended, begun = [], []
    for version in versions:
        if version is not told and _aspect(change, version) != _aspect(change, told):
            break
        if _has_already(change, version):
            continue
        start = max(_effective(change, version), version.starts_at)
        begins = _of(change.price or version.price, start, version, change)
        ended.append(Ended(version, _of(version.price, start, version, change), _ending(change, version)))
        begun.append(Begun(item, _follower(change, version, begins, trial_ends_at, new_ids)))
        ended += [Ended(one, one.starts_at, change.policies) for one in absorbed.get(version.id, ())]
    return Outcome(tuple(ended), tuple(begun))


def _of(price: Price, at: datetime, version: Version, change: Change) -> datetime:
    """Where a version of that price ends or begins: what is metered to the instant, all else with its day."""
    if at != change.at or price.meter_id is not None or under(change, version).proration_unit == "second":
        return at
    return max(start_of_day(at, version.series.zone), version.starts_at)


def _has_already(change: Change, version: Version) -> bool:
    """Whether nothing would be other than it is."""
    same_price = change.price is None or (change.price.id, change.own_amount) == (version.price.id, version.own_amount)
    return same_price and (change.quantity is None or change.quantity == version.quantity)


def _aspect(change: Change, version: Version) -> object:
    if change.kind is ChangeKind.QUANTITY:
        return version.quantity
    return version.price.id, version.own_amount


def under(change: Change, version: Version) -> Policies:
    """The policies by which a version goes over into what the change makes of it: those of the price it then has."""
    return over(change.policies, (change.price or version.price).own_policies)


def _effective(change: Change, version: Version) -> datetime:
    """Where the new terms begin: at the change, or with the part it lies in where that is not divided."""
    proration = under(change, version).proration
    undivided = proration == "full"
    if proration == "none" and version.price.timing is Timing.ARREARS:
        undivided = True
    if not undivided or version.starts_at >= change.at:
        return change.at
    return max(slot_at(version.series, change.at).start, version.starts_at)


def _ending(change: Change, version: Version) -> Policies:
    """The policies under which what is left of the version is given back: its own price's stand behind them there.

    Whether a change is prorated at all holds for both sides of it.
    """
    found, after = change.policies, under(change, version)
    restarts = change.price is not None and change.price.interval != version.price.interval
    if restarts and after.interval_change == "restart_without_credit":
        found = changed(found, {"credit_becomes": "none"})
    if change.price is not None and (change.price.own_policies or version.price.own_policies):
        found = changed(found, {"proration": after.proration})
    return found


def _follower(
    change: Change, version: Version, start: datetime, trial_ends_at: datetime | None, new_ids: NewIds
) -> Version:
    price, own_amount = version.price, version.own_amount
    if change.price is not None:
        price, own_amount = change.price, change.own_amount
    in_trial = trial_ends_at is not None and trial_ends_at > start
    series = version.series
    if price.interval != series.interval:
        keeps = in_trial or under(change, version).interval_change == "keep_anchor"
        anchor = series.anchor if keeps else _restarted(start, series.zone, under(change, version))
        series = Series(anchor, series.zone, price.interval)
    return Version(
        id=new_ids(1)[0],
        price=price,
        own_amount=own_amount,
        quantity=version.quantity if change.quantity is None else change.quantity,
        series=series,
        starts_at=start,
        ends_at=version.ends_at,
        bills_from=_bills_from(change, version, series, start),
        begun_under=_beginning(change, version, start),
        name=version.name if change.price is None else change.name or version.name,
    )


def _restarted(start: datetime, zone: str, policies: Policies) -> datetime:
    """Where periods are counted from anew: the day, also where usage is cut within it."""
    return anchor_at(start if policies.proration_unit == "second" else start_of_day(start, zone), zone)


def _beginning(change: Change, version: Version, start: datetime) -> Policies:
    """A part that a change divides costs its share; where nothing was to be paid yet, the first is what it was."""
    policies = under(change, version)
    if change.at < version.starts_at == version.bills_from:  # what follows a longer period waits for nothing
        policies = replace(policies, difference_invoiced="now")
    if version.bills_from is None or version.bills_from <= start or version.billed_through is not None:
        return replace(policies, first_part="prorate")
    first_part = (version.begun_under or policies).first_part
    return replace(policies, first_part=first_part, difference_invoiced="now")


def _bills_from(change: Change, version: Version, series: Series, start: datetime) -> datetime | None:
    """Later than the start where what was paid counts, or where nothing was to be paid anyhow."""
    if version.bills_from is not None and version.bills_from > start:
        return version.bills_from
    is_settled = version.billed_through is not None and version.billed_through > start
    if under(change, version).proration == "none" and is_settled and series is version.series:
        return version.billed_through
    return None


def _added(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:
    assert change.item_id is not None and change.price is not None
    plan = next(item for item in items if item.kind is ItemKind.PLAN)
    zone = _in_force_from(plan, change.at)[0].series.zone
    series = Series(change.anchor or _anchor_of_plan(items, change), zone, change.price.interval)
    policies = over(change.policies, change.price.own_policies)
    first = {"none": "free", "full": "full"}.get(policies.proration, "prorate")
    policies = replace(policies, first_part=first)
    slot = slot_at(series, change.at)
    free = policies.first_part == "free" and slot.start != change.at
    version = Version(
        id=new_ids(1)[0],
        price=change.price,
        own_amount=change.own_amount,
        quantity=Decimal(1) if change.quantity is None else change.quantity,
        series=series,
        starts_at=change.at,
        bills_from=slot.end if free else None,
        begun_under=policies,
    )
    item = Item(change.item_id, change.item_kind, change.name, (version,))
    return Outcome(begun=(Begun(item, version, is_new_item=True),))


def _anchor_of_plan(items: Sequence[Item], change: Change) -> datetime:
    assert change.price is not None
    plan = next(item for item in items if item.kind is ItemKind.PLAN)
    base = _in_force_from(plan, change.at)[0].series
    local = anchor_at(change.at, base.zone)
    start = local if change.policies.proration_unit == "second" else local.date()
    return anchor_for(alignment="base", start=start, zone=base.zone, interval=change.price.interval, base=base)


def _removed(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:
    item = _item(change, items)
    ended = [
        Ended(version, max(_effective(change, version), version.starts_at), change.policies)
        for version in _in_force_from(item, change.at)
    ]
    return Outcome(tuple(ended))


def _moved(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:
    """Other boundaries for one item from the change on: what is paid beyond it is given back, the gap is charged."""
    item = _item(change, items)
    assert change.anchor is not None
    ended, begun = [], []
    versions, absorbed = _joined(_in_force_from(item, change.at))
    for version in versions:
        start = max(change.at, version.starts_at)
        series = Series(change.anchor, version.series.zone, version.series.interval)
        policies = under(change, version)
        free = policies.billing_day_move == "free_gap" and slot_at(series, start).start != start
        followed = _renewed(version, start, series, replace(policies, difference_invoiced="now"), new_ids)
        begun.append(Begun(item, replace(followed, bills_from=slot_at(series, start).end if free else None)))
        kept = change.policies.billing_day_move == "restart"
        policies = changed(change.policies, {"credit_becomes": "none"}) if kept else change.policies
        ended.append(Ended(version, start, policies))
        ended += [Ended(one, one.starts_at, policies) for one in absorbed.get(version.id, ())]
    return Outcome(tuple(ended), tuple(begun))


def _tried(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:
    """A trial in a running subscription: nothing is charged until its end, and periods are counted from there."""
    until = change.until
    assert until is not None
    ended, begun = [], []
    for item in items:
        versions, absorbed = _joined(_found_from(item, change.at))
        for version in versions:
            start = max(change.at, version.starts_at)
            series = version.series
            policies = under(change, version)
            if policies.trial_end_is_anchor == "yes" and policies.alignment == "anniversary":
                series = replace(series, anchor=anchor_at(until, series.zone))
            followed = _renewed(version, start, series, policies, new_ids)
            begun.append(Begun(item, replace(followed, bills_from=max(until, start))))
            ended.append(Ended(version, start, change.policies))
            ended += [Ended(one, one.starts_at, change.policies) for one in absorbed.get(version.id, ())]
    return Outcome(tuple(ended), tuple(begun))


def _rezoned(
    change: Change, items: Sequence[Item], trial_ends_at: datetime | None, pauses: Sequence[Pause], new_ids: NewIds
) -> Outcome:
    """Periods end by the clocks of another zone from the next boundary on; nothing of one that was charged moves."""
    item = _item(change, items)
    ended, begun = [], []
    for version in _in_force_from(item, change.at):
        start = next_boundary(version, change.at)
        if version.series.zone == change.name or (version.ends_at is not None and start >= version.ends_at):
            continue
        series = Series(version.series.anchor, change.name, version.series.interval, start)
        begun.append(Begun(item, split(version, start=start, series=series, bills_from=start, new_ids=new_ids)))
        ended.append(Ended(version, start, change.policies))
    return Outcome(tuple(ended), tuple(begun))


def next_boundary(version: Version, at: datetime) -> datetime:
    """The first boundary of a version at or after an instant up to which everything is charged, if anything is to be."""
    after = max(at, version.starts_at, version.billed_through or at, version.bills_from or at)
    slot = slot_at(version.series, after)
    return after if slot.start == after else slot.end


def _renewed(version: Version, start: datetime, series: Series, policies: Policies, new_ids: NewIds) -> Version:
    """The same terms from another start on, in another series."""
    return replace(
        version, id=new_ids(1)[0], series=series, starts_at=start, bills_from=None, billed_through=None,
        begun_under=replace(policies, first_part="prorate"), ended_under=None,
    )  # fmt: skip


def split(version: Version, *, start: datetime, series: Series, bills_from: datetime, new_ids: NewIds) -> Version:
    """The same terms from `start` on in a version of its own, as the act that began them had it."""
    return replace(
        version, id=new_ids(1)[0], series=series, starts_at=start, bills_from=bills_from, billed_through=None,
        ended_under=None,
    )  # fmt: skip


def _item(change: Change, items: Iterable[Item]) -> Item:
    for item in items:
        if item.id == change.item_id:
            return item
    raise NotFound(kind="item", id=change.item_id.text("itm") if change.item_id is not None else "")


def _in_force_from(item: Item, at: datetime) -> list[Version]:
    """The version in force at an instant and all that follow it. Raises NotFound where there is none."""
    found = _found_from(item, at)
    if not found:
        raise NotFound(kind="item", id=item.id.text("itm"))
    return found


def _found_from(item: Item, at: datetime) -> list[Version]:
    """One that is metered may end later on the day on which the next begins: it is that one's day all the same."""
    found = [v for v in item.versions if (v.ends_at is None or v.ends_at > at) and v.ends_at != v.starts_at]
    found.sort(key=lambda version: version.starts_at)
    over = [version for version, follower in pairwise(found) if follower.starts_at <= at]
    return [version for version in found if version not in over]


def _joined(versions: Sequence[Version], pauses: Sequence[Pause] = ()) -> tuple[list[Version], dict[Id, list[Version]]]:
    """Versions of the same terms that only a pause set apart, as one, with the boundaries that it left behind.

    With `pauses` a period that these made longer stays apart from what follows it. A version that was not billed yet is
    taken in by the one before it; answers also which were, by that one's key.
    """
    found: list[Version] = []
    absorbed: dict[Id, list[Version]] = {}
    for version in versions:
        last = found[-1] if found else None
        if last is not None and goes_on_in(last, version) and lengthened(last, pauses) is None:
            found[-1] = replace(last, series=version.series, ends_at=version.ends_at)
            absorbed.setdefault(last.id, []).append(version)
        else:
            found.append(version)
    return found, absorbed


def goes_on_in(version: Version, other: Version) -> bool:
    """Whether another version has the same terms from its end on, and was not billed yet."""
    return _same_terms(version, other) and version.ends_at == other.starts_at and other.billed_through is None


def goes_back_to(version: Version, earlier: Iterable[Version]) -> Version | None:
    """The version with the same terms and boundaries that ended where this one begins: back to it on its last day."""
    for one in earlier:
        if (
            one.starts_at < version.starts_at == one.ends_at
            and one.series == version.series
            and _same_terms(one, version)
        ):
            return one
    return None


def _same_terms(one: Version, other: Version) -> bool:
    return (one.price.id, one.own_amount, one.quantity) == (other.price.id, other.own_amount, other.quantity)


Rule = Callable[[Change, Sequence[Item], datetime | None, Sequence[Pause], NewIds], Outcome]

_RULES: Mapping[ChangeKind, Rule] = {
    ChangeKind.ZONE: _rezoned,
    ChangeKind.PRICE: _other_terms,
    ChangeKind.QUANTITY: _other_terms,
    ChangeKind.ADD: _added,
    ChangeKind.REMOVE: _removed,
    ChangeKind.ANCHOR: _moved,
    ChangeKind.TRIAL: _tried,
}
