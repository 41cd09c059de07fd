"""What the end of a pause does to an item: the paid rest moves on, is given back, or is lost.

Nothing falls due for a part that would begin inside a pause. At its end each item goes on, in a version of its own
where its periods have a gap or other boundaries now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.calendar import Series, anchor_at
from perennia.domain.changes import Begun, split
from perennia.domain.decision import SpanStretch
from perennia.domain.facts import Pause, Settled, Version
from perennia.domain.ids import NewIds
from perennia.domain.lengthened import term_after
from perennia.domain.pricing import Timing
from perennia.domain.proration import Credit, credit


@dataclass(frozen=True, slots=True)
class Resumed:
    """What becomes of a version: a settled part that lasts longer, its end, what follows it, what is given back of it.

    `paid_until` is where what is paid ends now, where that moved.
    """

    stretch: SpanStretch | None = None
    paid_until: datetime | None = None
    ends_at: datetime | None = None
    follower: Version | None = None
    credits: tuple[tuple[Settled, Credit], ...] = ()


def resumed(
    version: Version, pause: Pause, overcharged: Sequence[Settled], *, earlier: Sequence[Pause], new_ids: NewIds
) -> Resumed:
    """How a version goes on when `pause`, which has an end, is over."""
    ends_at = pause.ends_at
    assert ends_at is not None
    through = version.billed_through or version.bills_from or version.starts_at
    if version.price.timing is Timing.ARREARS:  # also what is not charged yet ended with the pause
        return _after_a_gap(version, pause, max(pause.starts_at, version.starts_at), ends_at, new_ids)
    if through <= pause.starts_at:
        return _after_a_gap(version, pause, max(min(through, pause.starts_at), version.starts_at), ends_at, new_ids)
    paid = [settled for settled in overcharged if settled.end == through]
    if pause.policies.pause_rest == "kept" and paid:
        return _moved_on(version, pause, paid[0], new_ids)
    if pause.policies.pause_rest == "kept" and _is_paid_elsewhere(version, pause):
        return _begins_later(version, pause, through, new_ids)
    found = Resumed()
    if pause.policies.pause_rest == "credited":
        found = Resumed(
            credits=tuple([(one, _unused(one, version, pause, ends_at=ends_at, earlier=earlier)) for one in paid])
        )
    if through >= ends_at:
        return found
    gap = _after_a_gap(version, pause, through, ends_at, new_ids)
    return replace(found, ends_at=gap.ends_at, follower=gap.follower)


def _unused(settled: Settled, version: Version, pause: Pause, *, ends_at: datetime, earlier: Sequence[Pause]) -> Credit:
    return credit(
        settled, new_end=pause.starts_at, series=version.series, policies=pause.policies, pauses=earlier,
        resumed=min(ends_at, settled.end),
    )  # fmt: skip


def _after_a_gap(version: Version, pause: Pause, ends_at: datetime, resumes_at: datetime, new_ids: NewIds) -> Resumed:
    """Nothing was paid for the pause: the version ends before it, and the same terms begin behind it."""
    series = version.series
    moves = pause.policies.pause_rest == "kept" and pause.policies.pause_anchor == "moves"
    if moves and version.price.timing is Timing.ADVANCE:
        series = replace(series, anchor=anchor_at(resumes_at, series.zone))
    follower = split(version, start=resumes_at, series=series, bills_from=resumes_at, new_ids=new_ids)
    return Resumed(ends_at=ends_at, follower=replace(follower, ends_at=None))


def _moved_on(version: Version, pause: Pause, paid: Settled, new_ids: NewIds) -> Resumed:
    """The paid rest lasts as much longer as the pause was long; the next part begins behind it."""
    end, series = _moved(version, pause, paid.end)
    follower = split(version, start=end, series=series, bills_from=end, new_ids=new_ids)
    return Resumed(SpanStretch(paid.version_id, paid.start, end), paid_until=end, ends_at=end, follower=follower)


def _begins_later(version: Version, pause: Pause, through: datetime, new_ids: NewIds) -> Resumed:
    """What is paid elsewhere, before an import or by the version before this one, lasts longer, too: it bills from then."""
    assert pause.ends_at is not None
    end, series = _moved(version, pause, through)
    start = max(through, pause.ends_at)
    follower = split(version, start=start, series=series, bills_from=end, new_ids=new_ids)
    return Resumed(paid_until=end, ends_at=through, follower=replace(follower, ends_at=None))


def _is_paid_elsewhere(version: Version, pause: Pause) -> bool:
    """Whether nothing was charged for it yet, and that not because its first part is free."""
    return version.billed_through is None and (version.begun_under or pause.policies).first_part != "free"


def _moved(version: Version, pause: Pause, through: datetime) -> tuple[datetime, Series]:
    """Where what is paid ends now, and the boundaries from there on."""
    end = term_after(through, pause, version.series.zone, unit=pause.policies.proration_unit)
    series = version.series
    if pause.policies.pause_anchor == "moves":
        series = replace(series, anchor=anchor_at(end, series.zone))
    return end, series


def around(begun: Begun, pauses: Sequence[Pause], new_ids: NewIds) -> list[Begun]:
    """A version that an act begins before credited pauses that are over: it has a gap for each of them.

    What stood still was given back by then, or is with the version that this one follows: it is not charged again. One
    that is charged whole wherever it begins, and what is metered, stay as they are.
    """
    under = begun.version.begun_under
    if begun.version.price.meter_id is not None or (under is not None and under.first_part == "full"):
        return [begun]
    found = [begun]
    for pause in pauses:
        version, until = found[-1].version, pause.ends_at
        begins, ends = version.bills_from or version.starts_at, version.ends_at
        is_credited = pause.is_over and pause.policies.pause_rest == "credited"
        if until is None or not is_credited or not begins < pause.starts_at < until:
            continue
        if ends is not None and ends <= pause.starts_at:
            continue
        found[-1] = replace(found[-1], version=replace(version, ends_at=pause.starts_at))
        if ends is None or until < ends:
            follower = split(version, start=until, series=version.series, bills_from=until, new_ids=new_ids)
            found.append(Begun(begun.item, follower))
    return found


def last_used(pause: Pause | None, ends_at: datetime) -> datetime:
    """Until when a paid part was used once its subscription ends: the rest that a running pause keeps was not."""
    if pause is None or pause.policies.pause_rest == "lost":
        return ends_at
    return min(ends_at, pause.starts_at)
