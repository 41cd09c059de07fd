"""Parts of periods and what they cost: exact fractions, rounded once at the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from perennia.domain.calendar import Series, days_between, slot_at
from perennia.domain.discounts import Discount, after_percents
from perennia.domain.facts import Pause, Settled, Version
from perennia.domain.fractions import fraction
from perennia.domain.money import round_ratio
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import period_amount
from perennia.domain.tax import credited_tax

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """The stretch of a slot that one item version covers: the share `part` of `whole`, in days for the most part."""

    start: datetime
    end: datetime
    part: int
    whole: int

    @property
    def is_whole(self) -> bool:
        return self.part == self.whole


def next_part(
    *, series: Series, start: datetime, ends: datetime | None, prorate_last: bool = True, full: bool = False,
    policies: Policies = DEFAULTS,
) -> Part:  # fmt: skip
    """The part that begins at `start`: up to the slot's end, or to where the version ends inside it.

    A known end that is not prorated (`known_last_part` full) leaves the last part its whole slot. `full` charges
    a part that begins inside its slot like a whole one.
    """
    slot = slot_at(series, start)
    cut = ends is not None and ends < slot.end and prorate_last
    end = ends if cut and ends is not None else slot.end
    if (start == slot.start and not cut) or (full and not cut):
        return Part(start, end, 1, 1)
    return Part(start, end, *_share(series, start, end, policies))


def _share(series: Series, start: datetime, end: datetime, policies: Policies) -> tuple[int, int]:
    if policies.proration_unit == "day" and policies.denominator == "natural" and policies.factor == "exact":
        slot = slot_at(series, start)
        whole = days_between(slot.start, slot.end, series.zone)
        return (days_between(start, end, series.zone), whole) if whole else (1, 1)
    return fraction(
        series=series, start=start, end=end, unit=policies.proration_unit, denominator=policies.denominator,
        factor=policies.factor,
    )  # fmt: skip


def charge(version: Version, part: Part, discounts: Sequence[Discount]) -> tuple[int, int]:
    """(list amount, amount after percent discounts) of a part in minor units, each rounded once."""
    numerator, denominator = period_amount(version.price, version.quantity)
    if part.part != part.whole:
        numerator, denominator = numerator * part.part, denominator * part.whole
    listed = round_ratio(numerator, denominator)
    if not discounts:
        return listed, listed
    return listed, round_ratio(*after_percents((numerator, denominator), discounts))


@dataclass(frozen=True, slots=True)
class Credit:
    """What a line gives back, minor units above zero, with the share it was worked out from.

    `removed` of `whole` of the line is without use by now; `base` is what of the line can be given back for time.
    `limit` is what was left to give back, where that was less than the share comes to.
    """

    net_minor: int
    tax_minor: int
    removed: int
    whole: int
    base: int
    limit: int | None = None


def credit(
    settled: Settled, *, new_end: datetime, series: Series, policies: Policies = DEFAULTS,
    pauses: Sequence[Pause] = (), resumed: datetime | None = None,
) -> Credit:  # fmt: skip
    """The credit when a settled part shall end at `new_end`: cumulative, in proportion to what was charged.

    Net credited so far = round(base x share removed / share of the line), where the base is what was charged less
    what was given back for other reasons (`credit_basis` charged), or the list price (`list`), and no more than that
    is given. Tax follows the net by the rate of the line it credits, so that credits in thirds add up. With `resumed`
    only the stretch from `new_end` until then is given back, and the part goes on behind it.
    """
    removed, whole = _removed(settled, new_end, series, policies, pauses, resumed)
    charged = settled.line_net - settled.adjusted_net
    base = charged + settled.line_discount if policies.credit_basis == "list" else charged
    share = round_ratio(base * removed, whole) - settled.credited_net
    net = _within(share, charged - settled.credited_net)
    tax_base, credited = settled.line_tax - settled.adjusted_tax, settled.credited_net + net
    if charged:
        tax = credited_tax(line_net=charged, line_tax=tax_base, credited_net=credited)
    else:  # all of an inclusive minor unit may be tax
        tax = round_ratio(tax_base * removed, whole)
    limit = None if net == share else net
    return Credit(net, tax - settled.credited_tax, removed, whole, base, limit)


def _within(net: int, rest: int) -> int:
    """`net` no further from zero than the rest of the line, on the line's side of it."""
    return max(0, min(net, rest)) if rest >= 0 else min(0, max(net, rest))


def _removed(
    settled: Settled, new_end: datetime, series: Series, policies: Policies, pauses: Sequence[Pause],
    resumed: datetime | None,
) -> tuple[int, int]:  # fmt: skip
    """(removed, whole) of a line: the share of its own stretch that is without use once the part ends at `new_end`."""
    zone = series.zone
    if policies.proration_unit == "second":
        whole = _seconds(settled.start, settled.line_end)
        used = _seconds(settled.start, new_end) - sum(
            _seconds(*stretch) for stretch in _unused(settled, new_end, pauses)
        )
        back = 0 if resumed is None else _seconds(resumed, settled.end)
    else:
        whole = days_between(settled.start, settled.line_end, zone)
        used = days_between(settled.start, new_end, zone)
        used -= sum(days_between(*stretch, zone) for stretch in _unused(settled, new_end, pauses))
        back = 0 if resumed is None else days_between(resumed, settled.end, zone)
    if whole == 0:  # within one local day nothing is divided
        return 1, 1
    if resumed is None and not pauses and not _is_plain(policies):
        removed = Fraction(*_share(series, new_end, settled.line_end, policies)) if new_end < settled.line_end else 0
        line = Fraction(*_share(series, settled.start, settled.line_end, policies))
        found = Fraction(removed) / line if new_end > settled.start and line else Fraction(1)  # exact
        return min(found.numerator, found.denominator), found.denominator
    return whole - used - back, whole


def _is_plain(policies: Policies) -> bool:
    natural = policies.denominator in ("natural", "natural_clamped", "running")
    return natural and policies.proration_unit in ("day", "second") and policies.factor == "exact"


def _seconds(start: datetime, end: datetime) -> int:
    return max((end - start) // _SECOND, 0)


def _unused(settled: Settled, new_end: datetime, pauses: Sequence[Pause]) -> list[tuple[datetime, datetime]]:
    """The stretches of pauses inside [start, new_end) of a part that were not counted as used."""
    found = []
    for pause in pauses:
        if pause.is_over and pause.ends_at is not None and pause.policies.pause_rest in ("kept", "credited"):
            start, end = max(pause.starts_at, settled.start), min(pause.ends_at, new_end)
            if start < end:
                found.append((start, end))
    return found
