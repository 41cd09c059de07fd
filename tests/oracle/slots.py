"""Slots of an item's series and how long the parts in them are ("What is due", "Changes and proration", "Pause").

A place inside a slot is an offset: its units (days or seconds) counted from the slot's start, a pause that keeps the paid
rest not counted. So such a pause moves a slot's end without touching what a line covers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported
from tests.oracle.calendar import NEVER, Anchor, Interval, last_day, later, local_day, measure
from tests.oracle.policies import Policy

Stretch = tuple[int, int]
SlotKey = tuple[int, int, int]


@dataclass
class Pause:
    start: datetime
    end: datetime | None
    policy: Policy


@dataclass
class Series:
    """Boundaries from one anchor, from `start` until `stop`; `first` says how a first part period is priced."""

    number: int
    anchor: Anchor
    interval: Interval
    start: datetime
    first: str
    stop: datetime = NEVER
    stopped_by: "Cut | None" = None


@dataclass
class Cut:
    """Why a part is shorter: the act's policy, and whether its credit is given at all."""

    policy: Policy
    credit: bool = True
    cancel: bool = False
    inline: bool = False


@dataclass
class Slot:
    key: SlotKey
    series: Series
    anchor: Anchor
    start: datetime
    begin: datetime
    end: datetime
    length: int
    unit: str
    zone: ZoneInfo
    is_first: bool
    kept: list[tuple[datetime, datetime]] = field(default_factory=list)
    blanks: list[Pause] = field(default_factory=list)

    @property
    def boundary_after(self) -> datetime:
        """Where the period ends by its boundaries, whatever pauses make of it."""
        return self.anchor.boundary(self.series.interval, self.key[2] + 1, self.zone)

    def offset(self, at: datetime) -> int:
        if at >= self.end:
            return self.length
        if at <= self.start:
            return 0
        gone = measure(self.start, at, self.unit, self.zone)
        for start, end in self.kept:
            if at > start:
                gone -= measure(start, min(at, end), self.unit, self.zone)
        return min(gone, self.length)

    def at(self, offset: int, *, ending: bool) -> datetime:
        """The instant of an offset; one at a kept pause ends before it and starts after it."""
        found = later(self.start, offset, self.unit, self.zone) if offset else self.start
        for start, end in self.kept:
            if found > start or (found == start and not ending):
                if end == NEVER:
                    return NEVER
                found = later(found, measure(start, end, self.unit, self.zone), self.unit, self.zone)
        return found


def minus(stretches: Sequence[Stretch], taken: Sequence[Stretch]) -> list[Stretch]:
    """What of `stretches` is left outside `taken`."""
    left = [s for s in stretches if s[0] < s[1]]
    for low, high in taken:
        left = [p for a, b in left for p in ((a, min(b, low)), (max(a, high), b)) if p[0] < p[1]]
    return left


def length(stretches: Sequence[Stretch]) -> int:
    return sum(high - low for low, high in stretches)


def fraction(slot: Slot, parts: Sequence[Stretch], terms: Policy) -> Fraction:
    """part / whole by the policy's denominator, exact; the whole slot is 1, and no part is more ("Changes and proration")."""
    if length(parts) == slot.length:
        return Fraction(1)
    share = Fraction(length(parts), _whole(slot, parts, terms))
    if terms["proration_unit"] == "month30" and slot.series.interval.months:
        share = _month30(slot, parts)
    whole = {"start": terms["first_part"], "change": terms["proration"]}.get(slot.series.first)
    if slot.is_first and slot.begin > slot.start and whole == "full":
        share = Fraction(length(parts), slot.length - slot.offset(slot.begin))
    if terms["factor"] == "scale9":
        share = Fraction((share * 10**9 + Fraction(1, 2)).__floor__(), 10**9)
    return min(share, Fraction(1))


def _whole(slot: Slot, parts: Sequence[Stretch], terms: Policy) -> int:
    every = slot.series.interval
    if terms["denominator"] == "nominal":
        return every.nominal_days * (86400 if slot.unit == "second" else 1)
    if terms["denominator"] == "natural_clamped":
        end = later(slot.start, slot.length, slot.unit, slot.zone)
        back = Anchor.at_instant(end, slot.zone).boundary(every, -1, slot.zone)
        return measure(back, end, slot.unit, slot.zone)
    if terms["denominator"] == "running":
        begins = slot.at(parts[0][0], ending=False)
        ends = Anchor.at_instant(begins, slot.zone).boundary(every, 1, slot.zone)
        return measure(begins, ends, slot.unit, slot.zone)
    return slot.length


def _month30(slot: Slot, parts: Sequence[Stretch]) -> Fraction:
    """Every month left behind counts as thirty days, the start's month always, over thirty a month."""
    if slot.kept or slot.blanks or len(parts) != 1:
        raise NotSupported("proration_unit=month30 with a pause")
    ((low, high),) = parts
    begins, ends = (local_day(slot.at(place, ending=False), slot.zone) for place in parts[0])
    behind = max(1, (ends.year - begins.year) * 12 + ends.month - begins.month)
    months = [divmod(begins.year * 12 + begins.month - 1 + n, 12) for n in range(behind)]
    days = high - low - sum(last_day(year, month + 1) - 30 for year, month in months)
    return max(Fraction(days, 30 * slot.series.interval.months), Fraction(0))


def slots(
    chain: Sequence[Series],
    pauses: Sequence[Pause],
    until: datetime,
    zone: ZoneInfo,
    unit: str,
    paid: Callable[[SlotKey], bool],
    behind: Callable[[datetime], bool] = lambda at: False,
) -> Iterator[Slot]:
    """Every slot of an item that begins by `until`, from its first day on, each time anew."""
    for series in (series for series in chain if series.start != NEVER):
        anchor, moved, begin, first = series.anchor, 0, series.start, True
        n = anchor.slot_at(series.interval, begin, zone)
        while begin <= until and begin < series.stop:
            start, end = (anchor.boundary(series.interval, k, zone) for k in (n, n + 1))
            whole = measure(start, end, unit, zone)
            slot = Slot((series.number, moved, n), series, anchor, start, begin, end, whole, unit, zone, first)
            step = _pauses(slot, pauses, paid(slot.key), behind(max(begin, start)))
            if isinstance(step, Pause):  # the slot only begins when the pause ends, and its boundaries with it
                if step.end is None:
                    return
                anchor, moved, begin, n = Anchor.at_instant(step.end, zone), moved + 1, step.end, 0
                continue
            yield slot
            if slot.end == NEVER:
                return
            first, begin, n = False, slot.end, n + 1
            if step:
                anchor, moved, n = Anchor.at_instant(slot.end, zone), moved + 1, 0
            else:
                n = max(n, anchor.slot_at(series.interval, begin, zone))


def _pauses(slot: Slot, pauses: Sequence[Pause], paid: bool, behind: bool) -> "Pause | bool":
    """Lay the pauses on a slot: whether its end moved the boundaries, or the pause that it has to wait for.

    What is charged afterwards (`behind`) has no paid rest to keep: its boundaries stay, and it is charged around the pause.
    """
    moved = False
    for pause in pauses:
        end = pause.end or NEVER
        if pause.start >= slot.end or end <= slot.begin or pause.start >= slot.series.stop:
            continue
        if behind and not paid:
            slot.blanks.append(pause)
            continue
        begun = pause.start > slot.begin or paid
        kept, moves = pause.policy["pause_rest"] == "kept", pause.policy["pause_anchor"] == "moves"
        if kept and moves and not begun:
            return pause
        if kept and (moves or paid) and begun:
            slot.kept.append((pause.start, end))
            moved = moved or moves
            slot.end = (
                NEVER
                if end == NEVER
                else later(slot.end, measure(pause.start, end, slot.unit, slot.zone), slot.unit, slot.zone)
            )
            continue
        if moves and not kept and (end > slot.end or not begun):
            raise NotSupported(f"pause_rest={pause.policy['pause_rest']} with pause_anchor=moves over a boundary")
        slot.blanks.append(pause)
    return moved
