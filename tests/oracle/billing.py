"""What must be billed per day: the clock moved from one due instant to the next ("Two clocks", "What is due")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.oracle import NotSupported
from tests.oracle.acts import Act, Scenario, read
from tests.oracle.agreements import Agreement, Pending
from tests.oracle.calendar import NEVER, moment
from tests.oracle.corrections import BY_HAND
from tests.oracle.desk import Desk
from tests.oracle.documents import Day, Group, Ledger
from tests.oracle.due import Charges
from tests.oracle.gated import resolved
from tests.oracle.lines import Line

CLOCK = ("bill_run", "advance_to")
SILENT = ("create_customer", "usage")
"""Acts that bill nobody."""


def billed(raw: Mapping[str, Any], *, in_time: bool = True) -> list[Day]:
    """What the acts of a scenario, all taken as accepted, must have billed by its last moment, in order of the days.

    Not `in_time` nobody looks between the acts: each bills what its own payer owes up to then, `bill_run` all that is due,
    late documents dated that day; `advance_to` does so and goes on from one due instant to the next.
    """
    scenario = read(raw)

    def due_of(acts: Sequence[Act]) -> int:
        return played(scenario, acts, in_time=in_time).ledger.due_now

    book = played(scenario, resolved(scenario.acts, due_of), in_time=in_time)
    return sorted((day for day in book.ledger.days.values() if day.documents), key=lambda day: day.day)


def played(scenario: Scenario, acts: Sequence[Act], *, in_time: bool) -> "Book":
    goals = [moment(act.get("to"), scenario.zone) if act.get("to") else act.issued or act.at for act in acts]
    book = Book(scenario, max(goals))
    since = goals[0]
    for act, goal in zip(acts, goals, strict=True):
        if in_time:
            book.advance(since, goal, inclusive=act.verb in CLOCK)
        elif act.verb == "bill_run":
            book.catch_up(goal)
        elif act.verb == "advance_to":
            book.catch_up(since)
            book.advance(since, goal, inclusive=True)
        if act.verb not in CLOCK:
            book.enter(act, late=not in_time)
        since = max(since, goal)
    return book


@dataclass
class Book:
    scenario: Scenario
    horizon: datetime
    charges: dict[int, Charges] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = Desk(self.scenario, self.horizon)
        self.ledger = Ledger(self.scenario, self.desk.customer, self.desk.agreements)
        self.now = NEVER

    def advance(self, since: datetime, until: datetime, *, inclusive: bool) -> None:
        """Documents come out at every instant at which anything is due, one instant after the other."""
        while True:
            coming = [
                (at, customer)
                for at, customer in self.coming(until)
                if since <= at and (at < until or (inclusive and at == until))
            ]
            if not coming:
                return
            now = min(at for at, _ in coming)
            for customer in dict.fromkeys(customer for at, customer in coming if at == now):
                self.draft(customer, now, now)
            since = now + datetime.resolution

    def coming(self, until: datetime) -> Iterator[tuple[datetime, str]]:
        for sub in self.desk.agreements.values():
            payer = self.desk.payer(sub.customer)
            yield from ((at, payer) for at in instants(sub, until, self.horizon))
        yield from self.ledger.waiting_until()

    def catch_up(self, now: datetime, payer: str | None = None) -> None:
        """What nobody looked at, in order, one document for each instant that was missed, issued now; of one payer or all."""
        for customer in [payer] if payer else dict.fromkeys(who for _, who in self.coming(now)):
            while True:
                since = self.seen.get(customer, datetime.min.replace(tzinfo=now.tzinfo))
                missed = [
                    at for at, who in self.coming(now) if who == customer and since < at and (at < now or not payer)
                ]
                missed = [at for at in missed if at <= now]
                if not missed:
                    break
                self.draft(customer, min(missed), now)

    def enter(self, act: Act, *, late: bool = False) -> None:
        """An act: what its customer owes up to then, the act, and what follows from it at once."""
        customer = self.desk.who(act)
        if late and act.verb not in SILENT:
            self.catch_up(act.issued or act.at, self.desk.payer(customer))
        if act.verb in BY_HAND:
            self.desk.customer(customer)
            customer = self.desk.payer(customer)
            self.draft(customer, act.at, act.at)
            BY_HAND[act.verb](self.ledger, act, customer)
            self.ledger.close_day(customer, act.at)
            return
        held = self._held_since(act)
        self.desk.enter(act)
        if held is not None and act.verb == "release_invoicing":
            sub = self.desk.sub(act)
            for at in sorted({at for at in instants(sub, act.at, self.horizon) if held < at < act.at}):
                self.draft(self.desk.payer(customer), at, act.at)
        if late and act.verb in SILENT:
            return
        if act.verb == "subscribe":
            sub = self.desk.agreements[act.subscription or customer]
            if sub.terms["backdated_start"] == "per_period":
                for at in sorted({at for at in instants(sub, act.at, self.horizon) if at < act.at}):
                    self.draft(self.desk.payer(customer), at, act.at)
        self.draft(self.desk.payer(customer), act.at, act.issued or act.at)

    def _held_since(self, act: Act) -> datetime | None:
        """Since when the invoices of an act's subscription are held; what would change what waits is refused."""
        if act.verb in ("create_customer", "subscribe", "usage", "apply_coupon"):
            return None
        sub = self.desk.sub(act)
        if sub.held_since is None:
            return None
        waits = any(sub.held_since < at < act.at for at in instants(sub, act.at, self.horizon))
        if waits and act.verb not in ("hold_invoicing", "release_invoicing", "cancel", "uncancel"):
            sub.tangled = f"{act.verb} while invoices were held"
        if sub.tangled and act.verb == "release_invoicing":
            raise NotSupported(sub.tangled)
        return sub.held_since

    def draft(self, customer: str, through: datetime, now: datetime) -> None:
        """draft(facts, through): what is due and unsettled, one document for each group of lines."""
        groups: dict[Group, list[Line]] = {}
        self.now, self.ledger.through, self.ledger.due_now = now, through, 0
        self.seen[customer] = max(through, self.seen.get(customer, through))
        for sub in [sub for sub in self.desk.agreements.values() if self.desk.payer(sub.customer) == customer]:
            if sub.held_since is not None:
                if max(sub.life_end(self.horizon)[:2]) > through:
                    continue
                if sub.tangled:
                    raise NotSupported(sub.tangled)
                sub.held_since = None
            apply_pending(sub, through, self.horizon)
            charges = self.charges.setdefault(sub.number, Charges(sub, self.horizon))
            for line in charges.due(through, self.desk.usage):
                groups.setdefault(sub.group, []).append(line)
        for held_by, group in self.ledger.held:
            if held_by == customer:
                groups.setdefault(group, [])
        ended = {sub.name for sub in self.desk.agreements.values() if max(sub.life_end(self.horizon)[:2]) <= through}
        for group, lines in groups.items():
            self.ledger.take(customer, group, lines, now, ended)


def waits_until(sub: Agreement, pending: Pending, horizon: datetime) -> datetime:
    """When a scheduled change is applied; one inside a pause at its end."""
    at = sub.resolve(pending.at, horizon)
    while pause := sub.paused(at):
        at = pause.end or NEVER
    return at


def apply_pending(sub: Agreement, through: datetime, horizon: datetime) -> None:
    """Scheduled changes whose time has come, in order; ends come before them."""
    while True:
        ready = [(waits_until(sub, one, horizon), one) for one in sub.pending]
        ready = [(at, one) for at, one in ready if at <= through]
        if not ready:
            return
        at, first = min(ready, key=lambda pair: pair[0])
        sub.pending.remove(first)
        life, counts, _ = sub.life_end(horizon)
        if at < life or counts > through:
            first.apply(at, at)


def instants(sub: Agreement, until: datetime, horizon: datetime) -> Iterator[datetime]:
    """Every instant at which anything may be due for a subscription."""
    yield from (at for at in (sub.start, sub.trial_end, *sub.marks) if at)
    yield from (at for pause in sub.pauses for at in (pause.start, pause.end) if at)
    yield from (waits_until(sub, one, horizon) for one in sub.pending)
    yield from sub.life_end(horizon)[:2]
    for item in sub.items:
        for version in item.versions:
            yield from (version.start, version.end, version.real_end)
        for slot in sub.slots(item, until):
            yield from (slot.begin, slot.end, slot.series.stop)
