"""Subscriptions as the acts have left them: items, versions, series, pauses, ends ("Words", "Changes", "Life cycle")."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import count
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported
from tests.oracle.acts import Coupon
from tests.oracle.calendar import NEVER, Anchor, aligned, later, local_day, measure, midnight, wall
from tests.oracle.policies import Policy
from tests.oracle.prices import Price, worth
from tests.oracle.slots import Cut, Pause, Series, Slot, SlotKey, slots

NUMBERS = count(1)
AT_TRIAL_END = "trial end"
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
Reference = datetime | SlotKey | str | Pause
"""An instant, the end of a period, of the trial, or of a pause, wherever that comes to lie."""


@dataclass
class Version:
    """An item's price and quantity from one instant to another; `real_*` cut usage, the others recurring prices."""

    number: int
    price: Price
    quantity: Fraction
    start: datetime
    real_start: datetime
    terms: Policy
    end: datetime = NEVER
    real_end: datetime = NEVER
    cut: Cut | None = None
    opens: bool = False


@dataclass
class Item:
    code: str
    versions: list[Version]
    chain: list[Series]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def in_force(self, at: datetime) -> Version:
        return next((one for one in reversed(self.versions) if one.start <= at), self.versions[0])


@dataclass
class End:
    """The last instant of a subscription, and from when it counts (a future one may still be undone)."""

    at: Reference
    effective: Reference
    real: datetime | None
    policy: Policy
    since: datetime = NEVER


@dataclass
class Pending:
    """A change that waits for its time."""

    at: Reference
    item: Item | None
    apply: Callable[[datetime, datetime], None]
    is_plan: bool = False


@dataclass
class Redemption:
    coupon: Coupon
    at: datetime
    policy: Policy
    in_scope: bool
    origin: int = 0
    """What it has in common with those that came of the same coupon of a customer; 0 for a subscription's own."""
    from_start: bool = False
    used: set[object] = field(default_factory=set)


@dataclass
class Agreement:
    name: str
    customer: str
    currency: str
    group: tuple[str, ...]
    zone: ZoneInfo
    terms: Policy
    start: datetime
    items: list[Item] = field(default_factory=list)
    trial_end: datetime | None = None
    anchor_follows_trial: bool = False
    pauses: list[Pause] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    coupons: list[Redemption] = field(default_factory=list)
    cancelled: End | None = None
    term: End | None = None
    paid_slots: set[SlotKey] = field(default_factory=set)
    withdrawn: bool = False
    held_since: datetime | None = None
    tangled: str = ""
    """What was done to it while invoices that were due waited."""
    granted_at: datetime = LONG_AGO
    granted: datetime | None = None
    """The end of its trial as it was granted, pauses left out."""
    number: int = field(default_factory=NUMBERS.__next__)
    marks: set[datetime] = field(default_factory=set)
    meters: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        return "second" if self.terms["proration_unit"] == "second" else "day"

    @property
    def base(self) -> Item:
        return self.items[0]

    def item(self, code: str | None) -> Item:
        """The plan's item by default; else the newest live item of that code."""
        if not code or code in (self.base.code, self.base.latest.price.owner):
            return self.base
        live = [item for item in self.items if item.code == code and item.latest.end == NEVER]
        if not live:
            raise NotSupported(f"no live item {code}")
        return live[-1]

    def effective(self, at: datetime) -> datetime:
        """A change takes effect at 00:00 of its local date under day proration."""
        return at if self.unit == "second" else midnight(local_day(at, self.zone), self.zone)

    def slots(self, item: Item, until: datetime) -> Iterator[Slot]:
        def behind(at: datetime) -> bool:
            return item.in_force(at).price.timing != "advance"

        return slots(item.chain, self.pauses, until, self.zone, self.unit, self.paid_slots.__contains__, behind)

    def slot_at(self, item: Item, at: datetime) -> Slot:
        found = self.slot_or_none(item, at)
        if found is None:
            raise NotSupported("an act in a stretch without a period")
        return found

    def slot_or_none(self, item: Item, at: datetime) -> Slot | None:
        return next((slot for slot in reversed([*self.slots(item, at)]) if slot.begin <= at < slot.end), None)

    def in_trial(self, at: datetime) -> bool:
        return self.trial_end is not None and at < self.trial_end

    def paused(self, at: datetime) -> Pause | None:
        return next((pause for pause in self.pauses if pause.start <= at < (pause.end or NEVER)), None)

    def resolve(self, reference: Reference, horizon: datetime) -> datetime:
        """The instant a reference means by now: of a period's end, that end wherever pauses have moved it."""
        if isinstance(reference, datetime):
            return reference
        if isinstance(reference, str):
            return self.trial_end or self.start
        if isinstance(reference, Pause):
            return reference.end or NEVER
        for item in self.items:
            for slot in self.slots(item, horizon):
                if slot.key == reference:
                    return slot.end
        return NEVER

    def life_end(self, horizon: datetime) -> tuple[datetime, datetime, End | None]:
        """The known end, the instant it counts from, and what set it."""
        ends = [end for end in (self.cancelled, self.term) if end]
        known = [(self._clock_stands_still(end, self.resolve(end.at, horizon)), end) for end in ends]
        if self._ends_without_method():
            trial = self.trial_end or NEVER
            known.append((trial, End(trial, trial, None, self.terms)))
        if not known:
            return NEVER, NEVER, None
        at, end = min(known, key=lambda pair: pair[0])
        counts = self.resolve(end.effective, horizon)
        return at, max(at, counts) if end is self.term else counts, end

    def _ends_without_method(self) -> bool:
        """Nobody has a payment method here: at the end of a trial that asks for one it is over, unless more is arranged."""
        asked = self.terms["trial_without_method"] != "invoice" and self.group[1] == "automatic" and self.trial_end
        if asked and (self.terms["trial_without_method"] == "pause" or self.pending or self.pauses or self.term):
            raise NotSupported("trial_without_method=pause, or with something arranged")
        return bool(asked)

    def _clock_stands_still(self, end: End, at: datetime) -> datetime:
        """A term's clock stands still in the pauses that begin before its end."""
        for pause in self.pauses if end is self.term else ():
            if end.since <= pause.start < at:
                if pause.end is None:
                    return NEVER
                at = later(at, measure(pause.start, pause.end, self.unit, self.zone), self.unit, self.zone)
        return at

    def period_end(self, item: Item, at: datetime) -> Reference:
        """Of the period, of the trial, or of the pause between two periods."""
        if self.in_trial(at):
            return AT_TRIAL_END
        if slot := self.slot_or_none(item, at):
            return slot.key
        if at < self.start:
            return next(self.slots(item, self.start)).key
        return self.paused(at) or item.chain[-1].start


def change(
    sub: Agreement,
    item: Item,
    at: datetime,
    real: datetime,
    terms: Policy,
    price: Price | None,
    quantity: Fraction | None,
) -> None:
    """One version ends and the next begins; another interval restarts the item's series or keeps its anchor."""
    old = item.latest
    if at < old.start:
        raise NotSupported("a change back-dated before the latest version")
    price, quantity = price or old.price, old.quantity if quantity is None else quantity
    if (price, quantity) == (old.price, old.quantity):
        return
    if price.currency != old.price.currency:
        raise NotSupported("a change of currency")
    restarts = price.interval != old.price.interval
    if terms["proration"] == "none" and "arrears" in (price.timing, old.price.timing):
        raise NotSupported("proration=none in arrears")
    trial = sub.in_trial(at)
    into_arrears = price.timing == "arrears" and old.price.timing == "advance" and not trial
    if into_arrears and (slot := sub.slot_or_none(item, at)) and slot.kept:
        raise NotSupported("a change into arrears in a period that a pause made longer")
    if restarts and not trial and at < item.chain[-1].start:
        raise NotSupported("another interval before a moved billing day")
    if terms["proration"] == "none" and not trial and at < sub.slot_at(item, real).begin:
        raise NotSupported("proration=none back-dated before the period")
    begun = at
    if terms["proration"] == "full" and not trial:  # the running part is exchanged whole
        begun = max(sub.slot_at(item, at).begin, old.start)
        at = at if restarts else begun
    credit = terms["proration"] != "none" and not (restarts and terms["interval_change"] == "restart_without_credit")
    anew = restarts and terms["interval_change"] != "keep_anchor"
    old.end, old.real_end, old.cut = begun, real, Cut(terms, credit, inline=anew)
    item.versions.append(Version(next(NUMBERS), price, quantity, at, real, terms))
    if restarts:
        _another_interval(sub, item, at, price, old.cut, anew, trial)


def _another_interval(
    sub: Agreement, item: Item, at: datetime, price: Price, cut: Cut, anew: bool, trial: bool
) -> None:
    series = item.chain[-1]
    if trial:
        series.interval = price.interval
        return
    anchor = Anchor.at_instant(at, sub.zone) if anew else sub.slot_at(item, at).anchor
    series.stop, series.stopped_by = at, cut
    item.chain.append(Series(next(NUMBERS), anchor, price.interval, at, "change"))


def remove(sub: Agreement, item: Item, at: datetime, real: datetime, terms: Policy) -> None:
    old = item.latest
    if at < old.start:
        raise NotSupported("a change back-dated before the latest version")
    if terms["proration"] == "full" and not sub.in_trial(at):
        at = max(sub.slot_at(item, at).begin, old.start)
    old.end, old.real_end, old.cut = at, real, Cut(terms, terms["proration"] != "none")


def add(sub: Agreement, price: Price, quantity: Fraction, at: datetime, real: datetime, terms: Policy) -> None:
    """An add-on counts from the subscription's anchor; in a trial it shares the trial."""
    base = sub.base.chain[-1]
    if sub.in_trial(at):
        series = Series(next(NUMBERS), base.anchor, price.interval, base.start, "change")
    else:
        anchor = sub.slot_at(sub.base, at).anchor
        if sub.terms["alignment"] == "calendar":
            anchor = aligned("calendar", None, wall(at, sub.zone), price.interval)
        series = Series(next(NUMBERS), anchor, price.interval, at, "change")
    version = Version(next(NUMBERS), price, quantity, at, real, terms, opens=True)
    sub.items.append(Item(price.owner, [version], [series]))


def yearly(price: Price, quantity: Fraction) -> Fraction:
    """The yearly equivalent that gives a change its direction."""
    every = price.interval
    times = Fraction(12, every.months) if every.months else Fraction(365 if every.unit == "day" else 52 * 7, every.days)
    return worth(price, quantity) * times
