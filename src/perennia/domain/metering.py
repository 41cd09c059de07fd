"""What is measured: meters, the events they count, and which events are counted at all.

An event is counted exactly once or refused with a reason; nothing in between. Its instant, not its arrival, says
which period it belongs to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from perennia.domain.calendar import Interval, Series, Unit, add, anchor_at, instant, slot_at
from perennia.domain.errors import DomainError, InvalidValue
from perennia.domain.ids import Id
from perennia.domain.policies import Policies
from perennia.domain.values import quick

AHEAD = timedelta(minutes=5)
"""How far the sender's clock may run before ours; Stripe's meter events allow as much."""
LONGEST_KEY = LONGEST_WHO = 200
MOST_DECIMALS = 12
_BELOW = Decimal(10) ** 15


class Aggregation(StrEnum):
    """How the events of a stretch become one quantity: of values, of events, or of whoever they are about."""

    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    LAST = "last"
    UNIQUE = "unique"


class Outcome(StrEnum):
    """What became of an event: counted, known already, or refused for a reason."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    KEY_REUSED = "key_reused"
    BAD_KEY = "bad_key"
    BAD_TIME = "bad_time"
    BAD_VALUE = "bad_value"
    BAD_WHO = "bad_who"
    BAD_PROPERTIES = "bad_properties"
    NEGATIVE_VALUE = "negative_value"
    UNKNOWN_METER = "unknown_meter"
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    SEVERAL_SUBSCRIPTIONS = "several_subscriptions"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"
    PAUSED = "paused"
    IN_THE_FUTURE = "in_the_future"
    LATE_WINDOW_CLOSED = "late_window_closed"
    CAP_REACHED = "cap_reached"
    CORRECTED = "corrected"


class UsageRefused(DomainError):
    """An event that is not counted; the kind is an outcome that says why (`event`, `kind`)."""

    code = "usage_refused"


@quick
@dataclass(frozen=True, slots=True)
class UsageEvent:
    """Something used, once for its `key`: by whom, of which meter (its code), when, how much.

    The subscription by its key or its external id; or a customer who has just one at that time. A meter that counts
    needs no `value`; one of unique people needs `who` instead.
    """

    key: str
    meter: str
    at: datetime
    value: Decimal | None = None
    who: str | None = None
    subscription: Id | str | None = None
    customer: Id | str | None = None
    properties: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """What events of one code are counted into. `negative` lets values fall below zero."""

    id: Id
    code: str
    aggregation: Aggregation
    negative: bool = False
    watched: bool = False
    """Of some subscription somebody is to be told when so much is reached."""
    capped: bool = False
    """Of some subscription no more than so much counts, or is taken at all."""


@quick
@dataclass(frozen=True, slots=True)
class Target:
    """The subscription that an event is for, from its start to its end, without the `pauses` that refuse usage."""

    subscription_id: Id
    starts_at: datetime
    ends_at: datetime | None
    policies: Policies
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Metered:
    """An item version whose price charges what a meter counted, and how far that is billed."""

    subscription_id: Id
    meter_id: Id
    series: Series
    starts_at: datetime
    ends_at: datetime | None
    billed_through: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """How much of a meter did a subscription use in [start, end)?"""

    subscription_id: Id
    meter: Meter
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """The answer: a quantity, and the number of events behind it."""

    quantity: Decimal
    events: int


NOTHING = Measured(Decimal(0), 0)


class LimitKind(StrEnum):
    """Tell that it is reached; refuse what goes beyond; take it, but count no further."""

    ALERT = "alert"
    REFUSE = "refuse"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one meter and period: a quantity, or of an alert an amount in minor units."""

    id: Id
    meter_id: Id
    kind: LimitKind
    quantity: Decimal | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A line that charged for a version's usage in a period, or for the minimum of that; amounts in minor units.

    `listed` is what of its amount before discounts still stands; `given_*` what was given back of it for any reason, and
    `open_minor` what is unpaid of its document.
    """

    is_minimum: bool
    document_id: Id
    position: int
    description: str
    start: datetime
    end: datetime
    listed: int
    net: int
    tax: int
    tax_percent: Decimal
    given_net: int
    given_tax: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a rule is told of one subscription's usage.

    `charged` is what lines have charged so far, before discounts and in minor units, for each version and start of a
    period, `trued_up` what they added to its minimum; `told` are the alerts that were given, by limit and start of the
    period. `lines` are those lines, the oldest first, of the periods that gave too much: read when a rule asks for them.
    """

    meters: Mapping[Id, Meter]
    answers: Mapping[Question, Measured]
    charged: Mapping[tuple[Id, datetime], int]
    limits: tuple[Limit, ...] = ()
    told: frozenset[tuple[Id, datetime]] = frozenset()
    trued_up: Mapping[tuple[Id, datetime], int] = field(default_factory=dict)
    lines: Mapping[tuple[Id, datetime], tuple[UsageLine, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Foreseen(Mapping[Question, Measured]):
    """Answers about times to come: what was used before `until` as it is known, and nothing from then on."""

    known: Mapping[Question, Measured]
    until: datetime

    def __getitem__(self, question: Question) -> Measured:
        if question.start >= self.until:
            return NOTHING
        return self.known.get(replace(question, end=min(question.end, self.until))) or self.known[question]

    def __iter__(self) -> Iterator[Question]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


@dataclass(frozen=True, slots=True)
class _AnyMeter(Mapping[Id, Meter]):
    """A meter for whatever is asked for: where nothing is used it does not matter which."""

    def __getitem__(self, key: Id) -> Meter:
        return Meter(key, "", Aggregation.SUM)

    def __iter__(self) -> Iterator[Id]:
        return iter(())

    def __len__(self) -> int:
        return 0


UNUSED = Usage(_AnyMeter(), Foreseen({}, datetime.min.replace(tzinfo=UTC)), {})
"""As if nothing were used at any time."""


def known_until(now: datetime) -> datetime:
    """Up to when usage that was recorded may lie, its senders' clocks running ahead."""
    return now + AHEAD


def refusal(event: UsageEvent, meter: Meter, *, now: datetime) -> Outcome | None:
    """Why the event cannot be what it says, whoever it is for; None where it can, if its value has a `value_text`."""
    if not _is_text(event.key, LONGEST_KEY):
        return Outcome.BAD_KEY
    if event.at.tzinfo is None:
        return Outcome.BAD_TIME
    if event.at > now + AHEAD:
        return Outcome.IN_THE_FUTURE
    if meter.aggregation is Aggregation.UNIQUE:
        return None if event.who is not None and _is_text(event.who, LONGEST_WHO) else Outcome.BAD_WHO
    if event.who is not None and not _is_text(event.who, LONGEST_WHO):
        return Outcome.BAD_WHO
    if event.value is None:
        return None if meter.aggregation is Aggregation.COUNT else Outcome.BAD_VALUE
    if not isinstance(event.value, Decimal) or not event.value.is_finite():
        return Outcome.BAD_VALUE
    return Outcome.NEGATIVE_VALUE if event.value < 0 and not meter.negative else None


def outside(at: datetime, target: Target) -> Outcome | None:
    """Why the subscription had no use of anything at that instant; None where it had."""
    if at < target.starts_at:
        return Outcome.BEFORE_START
    if target.ends_at is not None and at >= target.ends_at:
        return Outcome.AFTER_END
    for starts_at, ends_at in target.pauses:
        if starts_at <= at and (ends_at is None or at < ends_at):
            return Outcome.PAUSED
    return None


def grown(quantity: Decimal, value: Decimal, aggregation: Aggregation) -> Decimal:
    """What a quantity becomes with one more event; people are never told apart here."""
    if aggregation is Aggregation.SUM:
        return quantity + value
    if aggregation is Aggregation.MAX:
        return max(quantity, value)
    return value if aggregation is Aggregation.LAST else quantity + 1


def exceeds(quantity: Decimal, cap: Decimal, *, before: Decimal) -> bool:
    """Whether a quantity goes beyond a cap; one that was beyond it already may fall."""
    return quantity > cap and quantity >= before


def may_be_closed(at: datetime, target: Target, *, now: datetime) -> bool:
    """Whether the late window of the period in which `at` lies can have closed: a period ends after what is in it."""
    return at < _surely_open_from(now, target.policies.late_window_days)


@lru_cache(maxsize=1024)
def _surely_open_from(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days - 1)  # a local day is not always 24 hours


def is_closed(at: datetime, versions: Sequence[Metered], target: Target, *, now: datetime) -> bool:
    """Whether the period in which `at` lies is billed and its late window has closed."""
    return any(
        version.billed_through is not None
        and version.starts_at <= at < min(version.billed_through, version.ends_at or version.billed_through)
        and closes_at(
            _end(version, at, versions, target.policies),
            zone=version.series.zone,
            days=target.policies.late_window_days,
        )
        <= now
        for version in versions
    )


def _end(version: Metered, at: datetime, versions: Sequence[Metered], policies: Policies) -> datetime:
    slot = slot_at(version.series, at)
    if version.ends_at is None:
        return slot.end
    if policies.usage_cut == "at_invoice" and any(other.starts_at == version.ends_at for other in versions):
        return slot.end
    return min(slot.end, version.ends_at)


@lru_cache(maxsize=65536)
def closes_at(end: datetime, *, zone: str, days: int) -> datetime:
    """Until when late events are taken for a stretch that ends at `end`: so many local days later."""
    return instant(add(anchor_at(end, zone), Interval(Unit.DAY), days), zone)


def target_at(at: datetime, targets: Sequence[Target]) -> Target | Outcome:
    """The one subscription of a customer that has begun and not ended at that instant."""
    found = [target for target in targets if outside(at, target) is None]
    if len(found) == 1:
        return found[0]
    return Outcome.SEVERAL_SUBSCRIPTIONS if found else Outcome.UNKNOWN_SUBSCRIPTION


def value_text(value: Decimal) -> str | None:
    """The value as plain decimal text, equal values alike; None for one that no meter can hold."""
    if not value.is_finite() or not -_BELOW < value < _BELOW:
        return None
    text = str(value)
    whole, _, decimals = (f"{value:f}" if "E" in text else text).partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > MOST_DECIMALS:
        return None
    if decimals:
        return f"{whole}.{decimals}"
    return "0" if whole == "-0" else whole


def check_value(value: Decimal) -> Decimal:
    """The value itself, if a meter can hold it. Raises InvalidValue."""
    if value_text(value) is None:
        reason = "a measured value is below 10 to the 15th and has at most 12 decimals"
        raise InvalidValue(field="value", value=str(value), reason=reason)
    return value


def _is_text(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and not text.isspace()
