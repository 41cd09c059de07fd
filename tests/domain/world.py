"""A small world in the domain's own values: a seller, payers, and what becomes of them without a database.

`follow` applies a decision to the facts as the store does; an `Account` keeps the books of one payer, so that
properties can run years of it in milliseconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from perennia.domain.calendar import Interval, Series, Unit, midnight
from perennia.domain.decision import Decision, Movement, Posting
from perennia.domain.discounts import Discount
from perennia.domain.documents import Calculation, Document, DocumentKind, Line, LineKind
from perennia.domain.explanation import from_row
from perennia.domain.facts import Entity, Item, ItemKind, Payer, Seller, Settled, Status, Subscription, Version
from perennia.domain.ids import Id, NewIds
from perennia.domain.invoicing import bill
from perennia.domain.money import exponent
from perennia.domain.pricing import Model, Price, Timing
from perennia.domain.tax import TAXABLE, TaxRate, TaxStatus, TaxTable

MONTHLY, YEARLY = Interval(Unit.MONTH), Interval(Unit.YEAR)
DAILY, WEEKLY = Interval(Unit.DAY), Interval(Unit.WEEK)
COPENHAGEN = "Europe/Copenhagen"
EVER = datetime(1, 1, 1, tzinfo=UTC)
_keys = count(1)


def key() -> Id:
    return Id(next(_keys).to_bytes(16))


ENTITY = Entity(key(), key(), "DK")


def fresh_ids(start: int = 1) -> NewIds:
    """A source of keys of its own, the same for every run that begins at the same number."""
    numbers = count(start << 64)
    return lambda n: [Id(next(numbers).to_bytes(16)) for _ in range(n)]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def rate(percent: str, *, since: date = date(2000, 1, 1), until: date | None = None, country: str = "DK") -> TaxRate:
    return TaxRate(country, "standard", Decimal(percent), since, until)


def seller(*rates: TaxRate, zone: str = "UTC") -> Seller:
    return Seller(key(), zone, {ENTITY.id: ENTITY}, TaxTable(rates))


def price(
    amount: str,
    *,
    currency: str = "EUR",
    interval: Interval = MONTHLY,
    model: Model = Model.FLAT,
    timing: Timing = Timing.ADVANCE,
    inclusive: bool = False,
) -> Price:
    return Price(key(), model, currency, interval, Decimal(amount), timing, inclusive)


def item(
    of: Price, *, start: date, anchor: date | None = None, zone: str = "UTC", kind: ItemKind = ItemKind.PLAN,
    quantity: str = "1", name: str = "Plan",
) -> Item:  # fmt: skip
    anchor = anchor or start
    series = Series(datetime(anchor.year, anchor.month, anchor.day), zone, of.interval)
    return Item(key(), kind, name, (Version(key(), of, Decimal(quantity), series, midnight(start, zone)),))


def subscription(
    *items: Item, start: date, zone: str = "UTC", trial_ends: date | None = None, cancel: date | None = None, **more
) -> Subscription:
    """A scheduled one, as it stands before its first bill."""
    return Subscription(
        id=key(),
        customer_id=key(),
        entity_id=ENTITY.id,
        status=Status.SCHEDULED,
        currency=items[0].versions[0].price.currency,
        zone=zone,
        started_at=midnight(start, zone),
        items=items,
        trial_ends_at=trial_ends and midnight(trial_ends, zone),
        cancel_at=cancel and midnight(cancel, zone),
        **more,
    )


def simple(amount: str, *, start: date, anchor: date | None = None, zone: str = "UTC", **more) -> Subscription:
    """One plan at one price; what a price takes goes to the price, the rest to the subscription."""
    own = {name: more.pop(name) for name in ("currency", "interval", "timing", "inclusive", "model") if name in more}
    plan = item(price(amount, **own), start=start, anchor=anchor, zone=zone, quantity=more.pop("quantity", "1"))
    return subscription(plan, start=start, zone=zone, **more)


def payer(*subscriptions: Subscription, country: str = "DK", balance: int = 0, tax: TaxStatus = TAXABLE) -> Payer:
    balances = {(ENTITY.id, subscriptions[0].currency): balance} if balance else {}
    return Payer(key(), key(), country, subscriptions, balances, tax)


def off(*, percent: str | None = None, amount: int | None = None, periods: int | None = None) -> Discount:
    return Discount(key(), percent and Decimal(percent), amount, periods, periods)


def follow(payer: Payer, decision: Decision) -> Payer:
    """The facts after a decision, as the store would read them: ended subscriptions and discounts are gone."""
    status = {move.subscription_id: move.after for move in decision.moves}
    settled = dict(decision.settled)
    uses = {use.discount_id: use for use in decision.discounts}
    balances = dict(payer.balances)
    for entry in decision.balance:
        account = (entry.entity_id, entry.currency)
        balances[account] = balances.get(account, 0) + entry.amount_minor
    followed = (
        replace(
            one,
            status=status.get(one.id, one.status),
            items=tuple(_followed(item, settled) for item in one.items),
            discounts=tuple(_used(one.discounts, uses)),
        )
        for one in payer.subscriptions
    )
    living = tuple(one for one in followed if one.status is not Status.CANCELED)
    return replace(payer, subscriptions=living, balances=balances)


def _followed(item: Item, settled: dict[Id, datetime]) -> Item:
    versions = (replace(v, billed_through=settled.get(v.id, v.billed_through)) for v in item.versions)
    return replace(item, versions=tuple(versions))


def _used(discounts: Iterable[Discount], uses: dict) -> Iterator[Discount]:
    for discount in discounts:
        use = uses.get(discount.id)
        if use is None:
            yield discount
        elif use.ended_at is None:
            yield replace(discount, periods_left=use.periods_left)


@dataclass(slots=True)
class Span:
    end: datetime
    document: Document | None
    position: int


@dataclass(slots=True)
class Account:
    """One payer through time, with everything that was decided for it."""

    payer: Payer
    seller: Seller
    new_ids: NewIds = field(default_factory=fresh_ids)
    next_due_at: datetime | None = EVER
    documents: list[Document] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    spans: dict[tuple[Id, datetime], Span] = field(default_factory=dict)
    open_on: dict[Id, int] = field(default_factory=dict)

    def bill(self, through: datetime, *, now: datetime | None = None, catch_up: bool = True) -> Decision | None:
        """As the run does it: a payer of whom nothing is due is not even looked at."""
        if self.next_due_at is None or self.next_due_at > through:
            return None
        facts, issued_at = self.facts(), now or through
        decision = bill(
            facts, seller=self.seller, through=through, now=issued_at, new_ids=self.new_ids, catch_up=catch_up
        )
        self._keep(decision)
        return decision

    def run(self, start: datetime, end: datetime, *, every: timedelta) -> "Account":
        tick = start
        while tick < end:
            self.bill(tick)
            tick += every
        self.bill(end)
        return self

    def cancel(self, at: datetime, *, index: int = 0) -> None:
        """What the operation of that name writes, before it bills."""
        subscriptions = list(self.payer.subscriptions)
        subscriptions[index] = replace(subscriptions[index], cancel_at=at)
        self.payer = replace(self.payer, subscriptions=tuple(subscriptions))
        self.next_due_at = min(at, self.next_due_at or at)

    def pay(self, document: Document, minor: int | None = None) -> None:
        self.open_on[document.id] = 0 if minor is None else self.open_on[document.id] - minor

    @property
    def balance(self) -> int:
        return sum(self.payer.balances.values())

    def facts(self) -> Payer:
        """With what was charged beyond an end, which the store reads from lines and spans."""
        living = (replace(one, overcharged=tuple(self._overcharged(one))) for one in self.payer.subscriptions)
        return replace(self.payer, subscriptions=tuple(living))

    def _overcharged(self, one: Subscription) -> Iterator[Settled]:
        for item in one.items:
            for version in item.versions:
                for (version_id, start), span in sorted(self.spans.items()):
                    if version_id == version.id and one.cancel_at is not None and span.end > one.cancel_at:
                        yield self._settled(version_id, start, span)

    def _settled(self, version_id: Id, start: datetime, span: Span) -> Settled:
        if span.document is None:
            return Settled(version_id, start, span.end, None, 0, "", span.end, 0, 0, Decimal(0), 0, 0, 0)
        line, place = span.document.lines[span.position], (span.document.id, span.position)
        credits = [credit for document in self.documents for credit in document.lines if credit.credits == place]
        return Settled(
            version_id, start, span.end, *place, line.description, line.period_end, line.net_minor, line.tax_minor,
            line.tax_percent, -sum(c.net_minor for c in credits), -sum(c.tax_minor for c in credits),
            self.open_on.get(span.document.id, 0),
        )  # fmt: skip

    def _keep(self, decision: Decision) -> None:
        self.decisions.append(decision)
        self.documents += decision.documents
        self.movements += decision.movements
        self.postings += decision.postings
        for document in decision.documents:
            if document.kind is DocumentKind.INVOICE:
                self.open_on[document.id] = document.open_minor
            for position, line in enumerate(document.lines):
                if line.kind is LineKind.RECURRING:
                    part = (line.version_id, line.period_start)
                    assert part not in self.spans, "one part was settled twice"
                    self.spans[part] = Span(line.period_end, document, position)
        for free in decision.free:
            assert (free.version_id, free.start) not in self.spans, "one part was settled twice"
            self.spans[free.version_id, free.start] = Span(free.end, None, 0)
        for cut in decision.cuts:
            self.spans[cut.version_id, cut.start].end = cut.end
        for allocation in decision.allocations:
            if allocation.source == "credit_note":
                self.open_on[allocation.document_id] -= allocation.amount_minor
                assert self.open_on[allocation.document_id] >= 0, "more was settled than was open"
        self.payer, self.next_due_at = follow(self.payer, decision), decision.next_due_at


def calculation_of(line: Line, currency: str, stored: dict | None) -> Calculation:
    """A line's calculation put together from its columns, as a reader of the store does."""
    return from_row(
        kind=line.kind,
        model=line.model,
        unit_amount=line.unit_amount,
        quantity=line.quantity,
        exponent=exponent(currency),
        stored=stored,
    )


def table(documents: Iterable[Document]) -> str:
    """Documents as text to compare whole: due date, kind, net + tax, and each line's period and net."""
    rows = []
    for one in documents:
        rows.append(
            f"{one.due_at:%Y-%m-%d} {one.kind} {one.net_minor}+{one.tax_minor} balance {one.from_balance_minor}"
        )
        rows += [
            f"  {line.period_start:%m-%d}..{line.period_end:%m-%d} {line.description} {line.net_minor}+{line.tax_minor}"
            for line in one.lines
        ]
    return "\n".join(rows)


def image(account: Account) -> list[tuple]:
    """All that must not depend on when the run happened to look."""
    return [
        (
            one.due_at, one.kind, one.currency, one.net_minor, one.tax_minor, one.from_balance_minor,
            [replace(line, credits=None) for line in one.lines],
        )
        for one in account.documents
    ]  # fmt: skip
