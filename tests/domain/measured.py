"""Usage without a database: events in a list, meters read by hand, and a subscription whose plan is metered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennia.domain.calendar import Series
from perennia.domain.facts import Item, ItemKind, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, Limit, LimitKind, Measured, Meter, Question, Usage
from perennia.domain.policies import policies
from perennia.domain.pricing import Model, Price, Timing
from perennia.domain.usage import Tally, UsageCharge, wanted
from tests.domain.prices import tiered
from tests.domain.world import key, price, subscription, utc


@dataclass(frozen=True, slots=True)
class Used:
    at: datetime
    value: Decimal
    who: str = ""


@dataclass(slots=True)
class Book:
    """One subscription with its events; what was charged is kept as the settlements of its lines would."""

    subscription: Subscription
    meters: dict[Id, Meter]
    events: list[Used] = field(default_factory=list)
    charged: dict[tuple[Id, datetime], int] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    told: frozenset[tuple[Id, datetime]] = frozenset()

    @property
    def item(self) -> Item:
        return self.subscription.items[0]

    def use(self, *events: str) -> None:
        """`4-10 12:00 30` is thirty on 10 April 2025 at noon; `4-10 eva` somebody on that day."""
        for event in events:
            day, *clock, what = event.split()
            at = moment(" ".join([day, *clock]))
            number = what.lstrip("-").replace(".", "").isdigit()
            self.events.append(Used(at, Decimal(what) if number else Decimal(1), "" if number else what))

    def told_at(self, through: datetime, *, running: bool = True) -> Usage:
        asked = wanted(self.subscription, self.meters, through=through, running=running)
        answers = {question: measure(question, self.events) for question in asked.questions}
        return Usage(self.meters, answers, dict(self.charged), self.limits, self.told)

    def tally(self, at: datetime, *, running: bool = True) -> Tally:
        return Tally(self.told_at(at, running=running))

    def due(self, when: str) -> str:
        """What is due at an instant, charged from then on, as a small table."""
        at = moment(when)
        return self._taken(self.tally(at, running=False).due(self.subscription, self.item, at))

    def progressive(self, when: str) -> str:
        at = moment(when)
        return self._taken(self.tally(at).progressive(self.subscription, at))

    def reached(self, when: str) -> list[Limit]:
        """The alerts to tell, told from then on."""
        at = moment(when)
        found = self.tally(at).alerts(self.subscription, at)
        self.told |= {(one.limit.id, one.period_start) for one in found}
        return [one.limit for one in found]

    def _taken(self, charges: Sequence[UsageCharge]) -> str:
        for charge in charges:
            self.charged[charge.stretch.key] = self.charged.get(charge.stretch.key, 0) + charge.amount
        return table(charges)


def table(charges: Iterable[UsageCharge]) -> str:
    return "\n".join(
        f"{_short(c.stretch.start)}..{_short(c.stretch.end)}: {c.rated.quantity} = {c.rated.amount} - {c.charged}"
        for c in charges
    )


def _short(at: datetime) -> str:
    return f"{at:%-m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%-m-%d %H:%M}"


def moment(when: str) -> datetime:
    day, _, clock = when.partition(" ")
    month, date = map(int, day.split("-"))
    hour, minute = map(int, clock.split(":")) if clock else (0, 0)
    return utc(2025, month, date, hour, minute)


def measure(question: Question, events: Sequence[Used]) -> Measured:
    """By the words of BILLING: half-open, the last of two at one instant is the later sent."""
    found = sorted((one for one in events if question.start <= one.at < question.end), key=lambda one: one.at)
    values = [one.value for one in found]
    quantity = {
        Aggregation.SUM: lambda: sum(values, Decimal(0)),
        Aggregation.COUNT: lambda: Decimal(len(values)),
        Aggregation.MAX: lambda: max(values, default=Decimal(0)),
        Aggregation.LAST: lambda: values[-1] if values else Decimal(0),
        Aggregation.UNIQUE: lambda: Decimal(len({one.who for one in found})),
    }[question.meter.aggregation]()
    return Measured(quantity, len(found))


def metered(of: Price, meter: Meter) -> Price:
    return replace(of, meter_id=meter.id, timing=Timing.ARREARS)


def per_unit(amount: str, meter: Meter) -> Price:
    return metered(price(amount, model=Model.PER_UNIT), meter)


def graduated(meter: Meter, *tiers: str) -> Price:
    return metered(tiered(Model.GRADUATED, *tiers), meter)


def a_meter(aggregation: Aggregation = Aggregation.SUM) -> Meter:
    return Meter(key(), "calls", aggregation)


def book(
    meter: Meter, *prices: tuple[str, Price], ends: str | None = None, limits: Sequence[Limit] = (), **knobs: Any
) -> Book:
    """A subscription since 1 March 2025, monthly from the 1st in UTC, with a price from each day named."""
    days = [moment(day) for day, _ in prices]
    versions = tuple(
        Version(key(), of, Decimal(1), Series(datetime(2025, 3, 1), "UTC", of.interval), start, until)
        for (_, of), start, until in zip(prices, days, [*days[1:], None], strict=True)
    )
    plan = Item(key(), ItemKind.PLAN, "Calls", versions)
    made = subscription(plan, start=date(2025, 3, 1), policies=policies(knobs))
    if ends is not None:
        made = replace(made, cancel_at=moment(ends))
    return Book(made, {meter.id: meter}, limits=tuple(limits))


def alert(meter: Meter, quantity: str | None = None, *, amount: int | None = None) -> Limit:
    return Limit(key(), meter.id, LimitKind.ALERT, None if quantity is None else Decimal(quantity), amount)


def cap(meter: Meter, quantity: str) -> Limit:
    return Limit(key(), meter.id, LimitKind.STOP, Decimal(quantity))
