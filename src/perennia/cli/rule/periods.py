"""`boundaries` and `prorate`: periods, and what a part of one costs."""

from datetime import datetime
from typing import Any

from perennia.cli.rule.given import (
    MOST,
    Given,
    interval,
    local,
    local_text,
    moment,
    number,
    start_date,
    whole,
)
from perennia.domain.alignment import anchor_for, check_billing_day
from perennia.domain.calendar import Series, Slot, add, boundary, instant, local_time, slot_at, zone_info
from perennia.domain.errors import InvalidValue
from perennia.domain.fractions import fraction, removed_fraction
from perennia.domain.money import ROUNDINGS, decimal_text, exponent
from perennia.domain.policies import Policies

_ANCHOR = ("anchor", "anchor_date", "billing_cycle_anchor")
_START = ("start", "start_date", "starts_at", "from")
_END = ("end", "end_date", "ends_at", "to")
_ALIGNMENT = ("align",)
_DEFAULT_COUNT = 13


def boundaries(given: Given) -> dict[str, Any]:
    """Where periods begin, as local dates (times where they are not midnight) and as instants."""
    policies = given.policies(alignment=_ALIGNMENT)
    series, start = _series(given, policies)
    first = given.take("first", "first_n")
    n = whole("first", first, least=-MOST) if first is not None else 0 if start is None else slot_at(series, start).n
    count = _count(given, series, n)
    given.done()
    try:
        found = [add(series.anchor, series.interval, n + more) for more in range(count)]
        instants = [boundary(series, n + more) for more in range(count)]
    except (ValueError, OverflowError):
        raise InvalidValue(field="count", value=count, reason="periods end before the year 10000") from None
    return {
        "boundaries": [local_text(begins) for begins in found],
        "instants": [at.astimezone(zone_info(series.zone)).isoformat() for at in instants],
        "anchor": local_text(series.anchor),
        "first": n,
    }


def _count(given: Given, series: Series, first: int) -> int:
    """How many boundaries: `count`, or up to `until`, at most `MOST`."""
    count, until = given.take("count", "n"), given.take("until", "through")
    most = MOST if count is None else whole("count", count)
    if until is None:
        return _DEFAULT_COUNT if count is None else most
    last = slot_at(series, moment("until", until, series.zone)).n
    return max(0, min(most, last - first + 1))


def prorate(given: Given) -> dict[str, Any]:
    """What a part of a period costs, or with `new_end` what goes back of what was charged for it."""
    currency = given.currency()
    amount = number("amount", given.need("amount", "price", "unit_amount"))
    quantity = given.take("quantity")
    policies = given.policies(
        proration_unit=("unit",), denominator=(), factor=(), rounding_mode=("rounding", "mode"), alignment=_ALIGNMENT
    )
    series, start = _series(given, policies)
    start = instant(series.anchor, series.zone) if start is None else start
    slot = slot_at(series, start)
    share, end = _share(given, series, start, slot, policies)
    given.done()
    numerator, denominator = (amount * (1 if quantity is None else number("quantity", quantity))).as_integer_ratio()
    rounded = ROUNDINGS[policies.rounding_mode]
    minor = rounded(numerator * 10 ** exponent(currency) * share[0], denominator * share[1])
    return {
        "amount": decimal_text(minor, currency),
        "currency": currency,
        "fraction": f"{share[0]}/{share[1]}",
        "part": _stretch(start, end, series.zone),
        "period": _stretch(slot.start, slot.end, series.zone),
    }


def _share(
    given: Given, series: Series, start: datetime, slot: Slot, policies: Policies
) -> tuple[tuple[int, int], datetime]:
    """The fraction, and where the part ends: with its period, unless `end` says otherwise."""
    end, new_end = given.take(*_END), given.take("new_end", "credit_from")
    less = given.take("less", "paused_days", "paused_seconds")
    paused = 0 if less is None else whole("less", less, most=10**9)
    ends = slot.end if end is None else moment("end", end, series.zone)
    if ends < start or (ends > slot.end and not paused):
        raise InvalidValue(field="end", value=end, reason="a part lies within one period")
    knobs = {"unit": policies.proration_unit, "denominator": policies.denominator, "factor": policies.factor}
    if new_end is None:
        return fraction(series=series, start=start, end=ends, less=paused, **knobs), ends
    cut = moment("new_end", new_end, series.zone)
    if not start <= cut <= ends:
        raise InvalidValue(field="new_end", value=new_end, reason="within the part that was charged")
    return removed_fraction(series=series, start=start, end=ends, new_end=cut, less=paused, **knobs), ends


def _series(given: Given, policies: Policies) -> tuple[Series, datetime | None]:
    """The series by its anchor, or by the alignment of its start; and the start, if there is one."""
    zone, every = given.zone(), given.interval()
    anchor, day, start = given.take(*_ANCHOR), given.take("billing_day", "anchor_day"), given.take(*_START)
    customer_day, base = given.take("customer_day"), given.take("base")
    begins = None if start is None else moment("start", start, zone)
    alignment = policies.alignment
    if isinstance(anchor, int) and not isinstance(anchor, bool):  # anchor 31 is a day of the month
        anchor, day = None, anchor
    if day is not None:
        alignment = f"billing_day({check_billing_day(whole('billing_day', day))})"
    if anchor is not None:
        return Series(local("anchor", anchor, zone), zone, every), begins
    if start is None:
        raise given.missing("start")
    found = anchor_for(
        alignment=alignment,
        start=start_date(local("start", start, zone)),
        zone=zone,
        interval=every,
        customer_day=None if customer_day is None else whole("customer_day", customer_day),
        base=None if base is None else _base(base, zone),
    )
    return Series(found, zone, every), begins


def _base(value: Any, zone: str) -> Series:
    """The series of the plan that an add-on follows: its anchor alone (monthly), or with its interval."""
    if not isinstance(value, dict):
        return Series(local("base", value, zone), zone, interval("month"))
    of = Given("base", value)
    found = Series(local("base", of.need(*_ANCHOR, "start"), zone), zone, of.interval())
    of.done()
    return found


def _stretch(start: datetime, end: datetime, zone: str) -> dict[str, str]:
    return {"start": local_text(local_time(start, zone)), "end": local_text(local_time(end, zone))}
