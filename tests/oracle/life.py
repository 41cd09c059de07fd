"""The acts of a subscription's life: cancel, pause, trial ends, billing day ("Life cycle", "Trials")."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.oracle import NotSupported
from tests.oracle.acts import Act
from tests.oracle.agreements import NUMBERS, Agreement, End, Item, Pending
from tests.oracle.calendar import NEVER, Anchor, day_from, later, local_day, measure, midnight, moment, wall
from tests.oracle.policies import Policy
from tests.oracle.slots import Cut, Pause, Series


def cancel(sub: Agreement, act: Act, terms: Policy) -> None:
    when, now = str(act.get("when") or terms["cancel_at"]), sub.effective(act.at)
    if pause := sub.paused(act.at):  # the rest that was kept is given back, and the pause is over
        if (
            when not in ("now", *_today(sub, act))
            or pause.policy["pause_rest"] != "kept"
            or terms["cancel_day"] == "billed"
        ):
            raise NotSupported("cancel during a pause")
        sub.pauses.remove(pause)
        when, now = "now", pause.start
    if when == "period_end":
        end = _known_end(sub, act.at) or sub.period_end(sub.base, act.at)
        sub.cancelled = End(end, end, None, terms)
        return
    effective, real = act.at, None
    if when == "period_start":
        at = sub.start if sub.in_trial(act.at) else sub.slot_at(sub.base, act.at).begin
    elif when == "now":
        at, real = now, act.at
    else:
        at = moment(when, sub.zone)
        effective = max(act.at, at)
    if terms["cancel_day"] == "billed" and when != "period_start":
        if sub.unit == "second":
            raise NotSupported("cancel_day=billed under second proration")
        at = midnight(local_day(at, sub.zone) + timedelta(days=1), sub.zone)
    sub.cancelled = End(at, effective, real, terms, since=act.at)
    if effective <= act.at:
        sub.pauses = [pause for pause in sub.pauses if pause.start < at]


def _today(sub: Agreement, act: Act) -> tuple[str, ...]:
    return (local_day(act.at, sub.zone).isoformat(),)


def _known_end(sub: Agreement, at: datetime) -> datetime | None:
    """Where a period that was only charged up to a known end is over."""
    for end in (sub.cancelled, sub.term):
        if end and isinstance(end.at, datetime) and end.policy["known_last_part"] == "prorate" and not sub.in_trial(at):
            slot = sub.slot_at(sub.base, at)
            if end.since <= max(slot.begin, sub.start) and at < end.at < slot.end:
                return end.at
    return None


def uncancel(sub: Agreement, act: Act, terms: Policy) -> None:
    if sub.cancelled and isinstance(sub.cancelled.at, datetime):
        sub.marks.add(sub.cancelled.at)
    sub.cancelled = None


def pause(sub: Agreement, act: Act, terms: Policy) -> None:
    if any(one.coupon.periods and one.policy["coupon_counts"] == "months" for one in sub.coupons):
        raise NotSupported("coupon_counts=months with a pause")
    if sub.pauses and (sub.pauses[-1].end is None or sub.pauses[-1].end > act.at):
        raise NotSupported("a pause while another waits or runs")
    if any(series.stop > act.at for item in sub.items for series in item.chain[:-1]):
        raise NotSupported("a pause before a moved billing day")
    every, at_end = sub.base.latest.price.interval, str(act.get("when") or "now") == "period_end"
    if sub.in_trial(act.at) or act.at < sub.start:
        slot, end = None, sub.resolve(sub.period_end(sub.base, act.at), max(act.at, sub.start))
    else:
        slot = sub.slot_at(sub.base, act.at)
        end = slot.end
    start = end if at_end else sub.effective(act.at)
    end = None
    if act.get("until"):
        end = moment(act.get("until"), sub.zone)
    elif act.get("periods"):
        local = Anchor.at_instant(start, sub.zone)
        anchor, n = (slot.anchor, slot.key[2] + 1) if slot and start == slot.end and not slot.kept else (local, 0)
        end = anchor.boundary(every, n + int(str(act.get("periods"))), sub.zone)
    sub.pauses.append(Pause(start, end, terms))
    trial_stands_still(sub)


def trial_stands_still(sub: Agreement) -> None:
    """A trial's clock stands still in the pauses that begin in it."""
    at = sub.granted
    for pause in sub.pauses if at is not None else ():
        if sub.granted_at <= pause.start < at:
            days = measure(pause.start, pause.end or NEVER, "day", sub.zone)
            at = later(at, days, "day", sub.zone) if pause.end else NEVER
    if at is not None and at != sub.trial_end:
        _trial_until(sub, at)


def skip(sub: Agreement, act: Act, terms: Policy) -> None:
    """Skip a period: a pause of its length."""
    pause(sub, replace(act, args={"when": "period_end", "periods": 1}), terms)


def resume(sub: Agreement, act: Act, terms: Policy) -> None:
    now = sub.effective(act.at)
    if not sub.pauses or (sub.pauses[-1].end is not None and sub.pauses[-1].end <= now):
        raise NotSupported("resume without a pause")
    last = sub.pauses[-1]
    if last.start >= now:
        sub.pauses.pop()
    else:
        last.end = now
    trial_stands_still(sub)


def end_trial(sub: Agreement, act: Act, terms: Policy) -> None:
    if not sub.in_trial(act.at):
        raise NotSupported("end_trial without a trial")
    _trial_until(sub, sub.effective(act.at))
    sub.granted = None


def set_trial_end(sub: Agreement, act: Act, terms: Policy) -> None:
    """Extending never shortens; a trial added to a paid period gives its unused part back or not, by `proration`."""
    until, now = moment(act.get("trial_end"), sub.zone), sub.effective(act.at)
    if sub.in_trial(act.at):
        if until > (sub.trial_end or until):
            _trial_until(sub, until)
            sub.granted = until
        return
    if sub.pending or sub.paused(act.at) or any(item.chain[-1].start > now for item in sub.items):
        raise NotSupported("a trial given while a change waits, or in a pause")
    follows = terms["trial_end_is_anchor"] == "yes" and terms["alignment"] == "anniversary"
    for item in sub.items:
        old = item.chain[-1]
        old.stop, old.stopped_by = now, Cut(terms, terms["proration"] != "none")
        anchor = Anchor.at_instant(until, sub.zone) if follows else old.anchor
        item.chain.append(Series(next(NUMBERS), anchor, old.interval, until, "start"))
    sub.trial_end = sub.granted = until
    sub.anchor_follows_trial = follows
    sub.granted_at = now


def _trial_until(sub: Agreement, until: datetime) -> None:
    for item in sub.items:
        item.chain[-1].start = until
        if sub.anchor_follows_trial:
            item.chain[-1].anchor = Anchor.at_instant(sub.effective(until), sub.zone)
    sub.trial_end = until


def set_anchor_day(sub: Agreement, act: Act, terms: Policy) -> None:
    """The billing day moves at the next boundary; the gap to the new day is charged or free ("billing_day_move")."""
    if any(pause.start > act.at for pause in sub.pauses):
        raise NotSupported("a billing day moved while a pause waits")
    for item in sub.items:
        if act.get("anchor") is None and not item.latest.price.interval.months:
            continue  # weeks and days have no day of the month
        end, old = sub.resolve(sub.period_end(item, act.at), act.at), item.chain[-1]
        if end == NEVER:
            raise NotSupported("set_anchor_day in a pause without end")
        local = wall(end, sub.zone)
        if act.get("anchor") is not None:
            anchor = Anchor.at_instant(moment(act.get("anchor"), sub.zone), sub.zone)
        else:
            day = int(str(act.get("day")))
            if old.anchor.day == day:
                continue
            anchor = day_from(local, day, old.interval)
        if terms["billing_day_move"] in ("credit_surplus", "restart"):
            _whole_period_from(sub, item, anchor, terms, end)
            continue
        if sub.in_trial(act.at):
            old.anchor, old.first, sub.anchor_follows_trial = anchor, terms["billing_day_move"], False
            continue
        old.stop, old.stopped_by = end, Cut(terms)
        item.chain.append(Series(next(NUMBERS), anchor, old.interval, end, terms["billing_day_move"]))


def _whole_period_from(sub: Agreement, item: Item, anchor: Anchor, terms: Policy, end: datetime) -> None:
    """The old days go on until the new one, where a whole period begins."""
    old = item.chain[-1]
    first = anchor.boundary(old.interval, 0, sub.zone)
    while first < end:
        first = anchor.boundary(old.interval, anchor.slot_at(old.interval, first, sub.zone) + 1, sub.zone)

    def apply(at: datetime, real: datetime) -> None:
        old.stop, old.stopped_by = at, Cut(terms, terms["billing_day_move"] == "credit_surplus")
        item.chain.append(Series(next(NUMBERS), anchor, old.interval, at, "change"))

    if sub.in_trial(end - timedelta(seconds=1)) or item.latest.price.timing != "advance":
        raise NotSupported(f"billing_day_move={terms['billing_day_move']} in a trial or in arrears")
    sub.pending.append(Pending(first, item, apply, is_plan=False))


def set_term_end(sub: Agreement, act: Act, terms: Policy) -> None:
    if act.get("then", "renew") != "end":
        sub.term = None
        return
    if sub.paused(act.at) or terms["known_last_part"] == "full":
        raise NotSupported("a term in a pause, or one in a period that was charged whole")
    if act.get("term_end") is None:
        raise NotSupported("a term of so many periods on a running subscription")
    at = moment(act.get("term_end"), sub.zone)
    sub.term = End(at, max(at, act.at), None, terms, since=act.at)


def unchange(sub: Agreement, act: Act, terms: Policy) -> None:
    if act.get("change") is not None or len(sub.pending) != 1:
        raise NotSupported("unchange of one among several")
    sub.pending.clear()


def withdraw(sub: Agreement, act: Act, terms: Policy) -> None:
    """Within 14 days as if it had never been: nothing is due any more, and all that was charged is refunded."""
    if act.at > sub.start + timedelta(days=14):
        raise NotSupported("a withdrawal after 14 days")
    sub.cancelled = End(sub.start, act.at, None, terms)
    sub.withdrawn = True


def hold_invoicing(sub: Agreement, act: Act, terms: Policy) -> None:
    sub.held_since = sub.held_since or act.at


def release_invoicing(sub: Agreement, act: Act, terms: Policy) -> None:
    sub.held_since = None


LIFE: dict[str, Callable[[Agreement, Act, Policy], None]] = {
    "cancel": cancel,
    "uncancel": uncancel,
    "pause": pause,
    "skip": skip,
    "resume": resume,
    "end_trial": end_trial,
    "set_trial_end": set_trial_end,
    "set_anchor_day": set_anchor_day,
    "set_term_end": set_term_end,
    "unchange": unchange,
    "withdraw": withdraw,
    "hold_invoicing": hold_invoicing,
    "release_invoicing": release_invoicing,
}
