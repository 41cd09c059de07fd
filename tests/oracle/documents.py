"""Documents, what is open on them, and the credit balance ("Documents, receivables, balance")."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.acts import Act, Scenario
from tests.oracle.agreements import Agreement
from tests.oracle.calendar import local_day, shown
from tests.oracle.desk import Customer
from tests.oracle.discounts import lay_discounts
from tests.oracle.lines import Line
from tests.oracle.policies import word
from tests.oracle.prices import minor, number, plain, rounded, text
from tests.oracle.taxes import lay_tax
from tests.oracle.wallet import Wallet

Group = tuple[str, ...]


@dataclass
class Document:
    """An issued invoice or credit note; `open` is what is still owed on it."""

    kind: str
    lines: list[Line]
    net: int
    tax: int
    from_balance: int = 0
    paid: int = 0
    lowered: int = 0
    refunded: int = 0
    passed: dict[int, int] = field(default_factory=dict)
    written_off: bool = False

    @property
    def total(self) -> int:
        return self.net + self.tax

    @property
    def charges(self) -> list[Line]:
        """The lines that were charged, as the document has them."""
        return [line for line in sorted(self.lines, key=_order) if line.source is None]

    @property
    def open(self) -> int:
        return max(self.total, 0) - self.from_balance - self.paid - self.lowered

    def lower(self, other: "Document", most: int) -> int:
        """Takes so much off what is open on another document, and no more; answers it."""
        amount = max(0, min(most, other.open))
        other.lowered += amount
        self.passed[id(other)] = self.passed.get(id(other), 0) + amount
        return amount

    def pass_on(self, most: int) -> int:
        """What it took in as credits of others that are open still belongs there, once it is given back itself."""
        taken: dict[int, tuple[Document, int]] = {}
        for line in [line for line in self.lines if line.source is not None and line.source.document is not self]:
            other, so_far = taken.get(id(line.source.document), (line.source.document, 0))
            taken[id(other)] = other, so_far - line.net - line.tax
        given = 0
        for key, (other, amount) in taken.items():
            if not other.written_off:
                given += self.lower(other, min(most - given, amount - self.passed.get(key, 0)))
        return given


@dataclass
class Day:
    """All that came out for one customer in one currency on one local day."""

    day: str
    customer: str
    currency: str
    documents: list[Document] = field(default_factory=list)
    balance_after: int = 0
    open_after: int = 0

    @property
    def lines(self) -> list[Line]:
        return [line for document in self.documents for line in document.lines]

    @property
    def net(self) -> int:
        return sum(document.net for document in self.documents)

    @property
    def tax(self) -> int:
        return sum(document.tax for document in self.documents)

    def as_json(self) -> dict[str, Any]:
        money = {"net": self.net, "tax": self.tax, "total": self.net + self.tax}
        money |= {"balance_after": self.balance_after, "open_after": self.open_after}
        return {
            "day": self.day,
            "customer": self.customer,
            "currency": self.currency,
            "lines": [_line(line) for line in self.lines],
            **{name: text(units, self.currency) for name, units in money.items()},
            "documents": [_document(one, self.currency) for one in self.documents],
        }


def _line(line: Line) -> dict[str, Any]:
    zone = line.sub.zone if line.sub else ZoneInfo("UTC")
    return {
        "item": line.item,
        "subscription": line.sub.name if line.sub else None,
        "kind": line.kind,
        "start": shown(line.start, zone),
        "end": shown(line.end, zone),
        "quantity": plain(line.quantity),
        "amount": text(line.net, line.currency),
        "credits": line.source.place if line.source else None,
    }


def _document(one: Document, currency: str) -> dict[str, Any]:
    due = max(one.total, 0) - one.from_balance
    money = {"net": one.net, "tax": one.tax, "total": one.total, "paid_from_balance": one.from_balance, "due": due}
    return {"kind": one.kind, "lines": len(one.lines)} | {name: text(units, currency) for name, units in money.items()}


def _order(line: Line) -> tuple[bool, datetime, bool, int, bool]:
    """Charges by the instant they fall due, arrears first, each subscription's fees before its parts; then credits."""
    at_end = line.end is not None and line.price is not None and line.price.timing != "advance"
    due = line.end if at_end and line.kind != "setup" else line.start
    return line.source is not None, due, not at_end, line.sub.number if line.sub else 0, line.kind != "setup"


def _waits_no_longer(line: Line, now: datetime, ended: set[str]) -> bool:
    return (line.latest is not None and line.latest <= now) or (line.sub is not None and line.sub.name in ended)


def _joins(line: Line, found: list[Line], now: datetime, charged: set[str]) -> bool:
    if line.kind == "one_off" or line.sub is None:
        return True
    begun = [one for one in found if one.renewal and one.sub is line.sub and one.start == line.start]
    anew = any(one.slot is not None and one.slot.series.first == "change" and _of_one_item(one, line) for one in begun)
    return line.sub.name in charged and (line.start < now or (anew and line.latest is not None))


def _of_one_item(one: Line, other: Line) -> bool:
    plans = {version.price.owner for version in one.sub.base.versions} if one.sub else set()
    return one.item == other.item or {one.item, other.item} <= plans


@dataclass
class Ledger:
    """What was issued, what is open, and the balances."""

    scenario: Scenario
    customer: Callable[[str], Customer]
    agreements: Mapping[str, Agreement]
    held: dict[tuple[str, Group], list[Line]] = field(default_factory=dict)
    wallets: dict[tuple[str, str], Wallet] = field(default_factory=dict)
    payments: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    documents: dict[tuple[str, str], list[Document]] = field(default_factory=dict)
    days: dict[tuple[str, str, str], Day] = field(default_factory=dict)
    due_now: int = 0
    """What the documents issued last ask for."""
    through: datetime | None = None
    """The instant at which what is being issued fell due."""

    def wallet(self, key: tuple[str, str]) -> Wallet:
        return self.wallets.setdefault(key, Wallet())

    def take(self, customer: str, group: Group, lines: list[Line], now: datetime, ended: set[str]) -> None:
        """One document of what is ready now, with what waited for the next one of its subscription.

        That waits no longer than to the next boundary, and not beyond the end of its subscription.
        """
        waiting = [line for line in self.held.get((customer, group), []) if not line.dropped]
        found = [line for line in lines if not line.held]
        found = [line for line in waiting if _waits_no_longer(line, now, ended)] + found
        charged = {line.sub.name for line in found if line.sub and line.source is None}
        for (who, other), lines_there in self.held.items():  # what waits for a customer joins whatever comes first
            if found and who == customer and other != group and other[0] == group[0] and len(group) == len(other) == 3:
                joined = [line for line in lines_there if line.sub is None]
                self.held[who, other] = [line for line in lines_there if line.sub is not None]
                found = joined + found
        joins = [line for line in waiting if line not in found and found and _joins(line, found, now, charged)]
        if found:
            self.issue(customer, group[0], joins + found, now)
        left = [line for line in waiting if line not in joins and line not in found]
        self.held[customer, group] = left + [line for line in lines if line.held]

    def waiting_until(self) -> Iterator[tuple[datetime, str]]:
        """When what waits for a document is due without one, and for whom."""
        for (customer, _), lines in self.held.items():
            yield from ((line.latest, customer) for line in lines if line.latest and not line.dropped)

    def issue(self, customer: str, currency: str, lines: list[Line], now: datetime) -> None:
        """Discounts, tax, then the credit balance as a means of payment; below zero it is a credit note."""
        owner = self.customer(customer)
        day = local_day(now, owner.zone)
        ordered = sorted(lines, key=_order)
        lay_discounts(ordered)
        for line in ordered:
            if line.returns is not None and abs(line.amount - line.returns) == 1:
                line.amount = line.returns
        lay_tax(self.scenario, owner, ordered, day)
        lines = lines + self._cash(customer, currency, lines, now)
        net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
        document = Document("credit_note" if net + tax < 0 else "invoice", lines, net, tax)
        key = (customer, currency)
        self.documents.setdefault(key, []).append(document)
        record = self.days.setdefault((day.isoformat(), customer, currency), Day(day.isoformat(), customer, currency))
        for line in lines:
            line.document = document
        if document.total < 0:
            self.give_back(key, document)
        else:
            wallet = self.wallet(key)
            wallet.expire(self.through or now)
            document.from_balance = wallet.spend(document.total)
        if document.total or self.scenario.policy["zero_document"] == "issue":
            record.documents.append(document)
            for place, line in enumerate(record.lines, 1):
                line.place = f"{record.day}/{place}"
        self.due_now += max(document.total, 0) - document.from_balance
        self.close_day(customer, now)
        record.open_after = sum(one.open for one in self.documents[key])

    def _cash(self, customer: str, currency: str, lines: list[Line], now: datetime) -> list[Line]:
        """The total brought to a multiple of `cash_step`, by a line without tax."""
        first = next((line for line in sorted(lines, key=_order) if line.source is None), lines[0])
        terms = first.sub.terms if first.sub else self.scenario.policy
        if terms["cash_step"] == "none":
            return []
        step = rounded(minor(number(terms["cash_step"]), currency))
        total = sum(line.net + line.tax for line in lines)
        if step < 2 or total % step == 0:
            return []
        off = rounded(Fraction(total, step), terms["rounding_mode"]) * step - total
        return [Line(None, "", "rounding", now, None, Fraction(1), off, currency)]

    def close_day(self, customer: str, now: datetime) -> None:
        """The balance with which the day ends, as far as it went."""
        day = local_day(now, self.customer(customer).zone).isoformat()
        for (on, who, currency), record in self.days.items():
            if (on, who) == (day, customer):
                self.wallet((who, currency)).expire(now)
                record.balance_after = self.wallet((who, currency)).balance

    def give_back(self, key: tuple[str, str], note: Document) -> None:
        """First what is open on the credited documents; the paid part to the balance, or back (`credit_becomes`)."""
        left = -note.total
        parts: list[tuple[Line, int]] = []
        for line in [line for line in note.lines if line.source is not None]:
            part = min(left, -(line.net + line.tax))
            left -= part
            if line.source.document is not note:
                part -= note.lower(line.source.document, part)
            parts.append((line, part))
        for line, part in parts:
            credited = line.source.document
            rest = part if credited is note else part - credited.pass_on(part)
            if line.becomes == "refund":
                refund = min(rest, credited.paid - credited.refunded)
                credited.refunded += refund
                rest -= refund
            self.wallet(key).put(rest)
        self.wallet(key).put(left)

    def one_off(self, act: Act, customer: str) -> None:
        sub = self.agreements.get(act.subscription)
        group = sub.group if sub else (self.scenario.currency, "automatic", "")
        quantity = number(act.get("quantity", 1))
        inclusive = word(act.get("tax_inclusive", self.scenario.inclusive)) in ("yes", "true")
        exact = minor(number(act.get("amount")) * quantity, group[0])
        name, amount = str(act.get("name", "one_off")), rounded(exact)
        line = Line(sub, name, "one_off", act.at, None, quantity, amount, group[0], act.get("tax_class"))
        line.inclusive = inclusive
        if str(act.get("when") or "now") == "next_invoice":
            self.held.setdefault((customer, group), []).append(line)
        else:
            self.issue(customer, group[0], [line], act.at)
