"""Periods that pauses made longer: what was paid lasts beyond the boundary, and is divided as the period it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from perennia.domain.calendar import Slot, anchor_at, boundary, days_between, instant, slot_at
from perennia.domain.facts import Pause, Version
from perennia.domain.pricing import Timing


@dataclass(frozen=True, slots=True)
class Lengthened:
    """A slot that lasts until `end`, so much longer as the pauses in it were long."""

    slot: Slot
    end: datetime
    pauses: tuple[Pause, ...]
    zone: str

    def by_boundaries(self, at: datetime) -> datetime:
        """Where in the slot an instant of the longer period is: paused time is left out."""
        if at >= self.end:
            return self.slot.end
        for pause in reversed(self.pauses):
            if pause.starts_at < at and pause.ends_at is not None:
                at = _moved(at, pause.starts_at, min(at, pause.ends_at), -1, zone=self.zone, unit=_unit(pause))
        return at


def lengthened(version: Version, pauses: Sequence[Pause]) -> Lengthened | None:
    """The period at the end of which a version ends, if kept pauses moved it there; else None."""
    ends_at, series = version.ends_at, version.series
    if ends_at is None or version.price.timing is Timing.ARREARS:
        return None
    kept = [one for one in pauses if one.is_over and one.policies.pause_rest == "kept" and one.starts_at < ends_at]
    if not kept:
        return None
    slot = slot_at(series, ends_at)
    while slot.end > kept[0].starts_at:
        inside = tuple([one for one in kept if one.starts_at >= slot.start])
        end = slot.end
        for pause in inside:
            end = term_after(end, pause, series.zone, unit=_unit(pause))
        if inside and end == ends_at:
            return Lengthened(slot, end, inside, series.zone)
        slot = Slot(slot.n - 1, boundary(series, slot.n - 1), slot.start)
    return None


def term_after(at: datetime, pause: Pause, zone: str, *, unit: str = "day") -> datetime:
    """A date that stood still during a pause, as much later as the pause was long: local days, or seconds."""
    assert pause.ends_at is not None
    return _moved(at, pause.starts_at, pause.ends_at, 1, zone=zone, unit=unit)


def _moved(at: datetime, start: datetime, end: datetime, times: int, *, zone: str, unit: str) -> datetime:
    if unit == "second":
        return at + times * (end - start)
    return instant(anchor_at(at, zone) + timedelta(days=times * days_between(start, end, zone)), zone)


def _unit(pause: Pause) -> str:
    return pause.policies.proration_unit
