"""Coupons on the lines of one document ("Discounts")."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from tests.oracle import NotSupported
from tests.oracle.agreements import Agreement, Redemption
from tests.oracle.calendar import Anchor, Interval, instant, local_day, midnight
from tests.oracle.lines import Line
from tests.oracle.prices import minor, rounded, share, split
from tests.oracle.slots import Slot


def lay_discounts(lines: Sequence[Line]) -> None:
    """Percent before amounts, each on what is left, never below zero; an amount once for each document.

    A line is rounded once, at its end.
    """
    document = object()
    subs = list({line.sub.name: line.sub for line in lines if line.sub and line.sub.coupons}.values())
    shared: dict[int, tuple[Redemption, list[Line]]] = {}
    for sub in subs:
        mine = [line for line in lines if line.sub is sub and line.source is None and line.kind != "one_off"]
        order = sub.coupons
        if sub.terms["coupon_order"] == "percent_first":
            order = sorted(order, key=lambda one: one.coupon.percent is None)
        for redemption in order:
            lines_of_it = [line for line in mine if _eligible(sub, redemption, line, document)]
            if redemption.coupon.amount is not None and not _renews(sub, mine):
                continue
            if redemption.origin and redemption.coupon.amount is not None and len(subs) > 1:
                shared.setdefault(redemption.origin, (redemption, []))[1].extend(lines_of_it)
            else:
                _lay(sub, redemption, lines_of_it)
    for redemption, lines_of_it in shared.values():
        _lay(subs[0], redemption, lines_of_it)
    for line in lines:
        if line.source is None and line.sub in subs:
            line.amount = rounded(line.exact, line.sub.terms["rounding_mode"])
    for inclusive in (False, True):
        _round_together([line for line in lines if line.inclusive is inclusive])


def _round_together(lines: Sequence[Line]) -> None:
    """`rounding_level` invoice: the exact amounts summed, rounded once and shared back; what is settled by amount apart."""
    found = [
        line
        for line in lines
        if line.source is None and line.kind in ("recurring", "setup", "trial")
        if line.sub and line.sub.terms["rounding_level"] == "invoice"
    ]
    if found:
        total = rounded(sum((line.exact for line in found), Fraction(0)), found[0].sub.terms["rounding_mode"])
        for line, amount in zip(found, share(total, [line.exact for line in found]), strict=True):
            line.amount = amount


def _renews(sub: Agreement, lines: Sequence[Line]) -> bool:
    """Whether the plan is charged on the document: an add-on between its periods does not get the amount once more."""
    plans = [version.price for version in sub.base.versions]
    return any(line.kind in ("recurring", "usage") and line.price in plans for line in lines)


def _lay(sub: Agreement, redemption: Redemption, lines: list[Line]) -> None:
    coupon, mode = redemption.coupon, sub.terms["rounding_mode"]
    if coupon.percent is not None:
        for line in lines:
            line.exact *= 1 - coupon.percent / 100
    elif coupon.amount is not None:
        lines = [line for line in lines if rounded(line.exact, mode) > 0]
        left = [rounded(line.exact, mode) for line in lines]
        off = min(rounded(minor(coupon.amount, sub.currency), mode), sum(left))
        parts = split(off, [Fraction(units) for units in left]) if lines else ()
        for line, units, part in zip(lines, left, parts, strict=True):
            line.exact = line.exact - part if part < units else Fraction(0)


def _eligible(sub: Agreement, redemption: Redemption, line: Line, document: object) -> bool:
    """A renewal period is counted by the plan's line; a proration line, also that of a first part period, has the
    discount of the period it lies in, or one given since it began, and counts nothing. A change dated back to before
    a coupon was given has none of it.
    """
    if not _in_scope(redemption, line):
        return False
    period = _period(sub, line)
    if period is None:
        return _lasts(sub, redemption, line)
    slot: object = period.key
    if redemption.coupon.periods and "usage" in {version.price.timing for version in sub.base.versions}:
        raise NotSupported("a coupon of so many periods on a metered plan")
    if redemption.policy["coupon_counts"] == "invoices":  # each counts once, whatever stands on it
        if not line.renewal and line.kind != "setup" and redemption.policy["coupon_on_prorations"] == "none":
            return False
        if document not in redemption.used and not _lasts(sub, redemption, line):
            return False
        redemption.used.add(document)
        return True
    came_later = local_day(redemption.at, sub.zone) > local_day(_to_be_charged(line), sub.zone)
    if came_later and not redemption.from_start:
        return False
    if not line.renewal and line.kind != "setup":
        has_it = slot in redemption.used or _lasts(sub, redemption, line)
        return has_it and redemption.policy["coupon_on_prorations"] == "inherit"
    if slot in redemption.used and redemption.policy["coupon_counts"] == "periods":
        return True
    if not _lasts(sub, redemption, line):
        return False
    if line.renewal and line.price in [version.price for version in sub.base.versions]:
        redemption.used.add(slot)
    return True


def _to_be_charged(line: Line) -> datetime:
    """When a line is due, also one that a change dated back brings about later."""
    if line.held and line.latest is not None:
        return line.latest
    in_arrears = line.price is not None and line.price.timing != "advance" and line.kind != "setup"
    return line.end if in_arrears and line.end is not None else line.start


def _lasts(sub: Agreement, redemption: Redemption, line: Line) -> bool:
    periods = redemption.coupon.periods
    if periods is None:
        return True
    if redemption.policy["coupon_counts"] == "months":
        from_day = Anchor.at_instant(midnight(local_day(redemption.at, sub.zone), sub.zone), sub.zone)
        return line.start < instant(from_day.plus(Interval("month", 1), periods), sub.zone)
    return len(redemption.used) < periods


def _in_scope(redemption: Redemption, line: Line) -> bool:
    coupon, price = redemption.coupon, line.price
    if not (coupon.plans or coupon.products):
        return True
    if redemption.policy["coupon_scope_checked"] == "at_redemption":
        return redemption.in_scope
    return price is not None and (price.owner in coupon.plans or price.product in coupon.products)


def _period(sub: Agreement, line: Line) -> Slot | None:
    """The plan's period that a line lies in: what is charged in arrears lies where it ends."""
    start = line.start
    if line.price and line.price.timing == "arrears" and line.end:
        start = line.end - timedelta(seconds=1)
    return next(
        (slot for slot in sub.slots(sub.base, start) if slot.begin <= start < min(slot.end, slot.series.stop)), None
    )
