"""Meters: what a window's events come to ("Price models", "usage_cut", "pause_usage")."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracle import NotSupported
from tests.oracle.agreements import Agreement, Version
from tests.oracle.calendar import NEVER
from tests.oracle.desk import Usage


@dataclass(frozen=True)
class Measured:
    value: Fraction
    events: int


def measured(sub: Agreement, version: Version, low: datetime, high: datetime, usage: list[Usage]) -> Measured:
    """The events of [low, high) under the meter's aggregation; those in a pause only where `pause_usage` bills them."""
    meter = version.price.meter
    mine = [one for one in usage if one.subscription == sub.name and one.meter == meter and low <= one.at < high]
    counted = sorted((one for one in mine if not _refused(sub, one.at)), key=lambda one: one.at)
    how = sub.meters.get(str(meter), "sum")
    if how == "sum":
        value = sum((one.value for one in counted), Fraction(0))
    elif how == "count":
        value = Fraction(len(counted))
    elif how == "max":
        value = max((one.value for one in counted), default=Fraction(0))
    elif how == "last":
        value = counted[-1].value if counted else Fraction(0)
    elif how == "unique":
        value = Fraction(len({one.who for one in counted}))
    else:
        raise NotSupported(f"aggregation {how}")
    return Measured(value, len(counted))


def _refused(sub: Agreement, at: datetime) -> bool:
    return any(p.start <= at < (p.end or NEVER) and p.policy["pause_usage"] == "refused" for p in sub.pauses)
