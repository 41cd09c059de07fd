"""What an act would do, what comes next, and a year ahead: by the rules themselves, and unsaved."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from perennia.domain.calendar import Interval, Unit, add, instant, local_time
from perennia.domain.decision import Decision, Movement, SubscriptionMove
from perennia.domain.documents import Document
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Payer, Seller
from perennia.domain.forecast import Usage, ahead, drafted, metered
from perennia.domain.ids import Id
from perennia.domain.metering import known_until
from perennia.operations import books
from perennia.store import session
from perennia.store.identity import Keys
from perennia.store.reads import customers, facts, payers, prices, sellers, subscriptions, usage
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

T = TypeVar("T")

MOST_MONTHS = 120
_LONGEST_DRAFT = timedelta(days=367)
_FAR = timedelta(days=366 * 11)
"""Beyond the longest interval there is."""

Account = tuple[Id, Id, str]
"""A credit balance: (payer, legal entity, currency)."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What one instant brings a payer: documents as they would be issued, and `usage` that nobody knows yet."""

    at: datetime
    documents: tuple[Document, ...]
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """What fell due and is a draft still, as it would be issued now; `issued_at` is when the first of it will be by itself,
    None where it waits for somebody: to ask, to release what is held, to pay.
    """

    documents: tuple[Document, ...]
    issued_at: datetime | None = None


@dataclass(slots=True)
class Preview:
    """What the acts inside a `preview` would have done; there once the block has ended."""

    decisions: tuple[Decision, ...] = ()
    balances: Mapping[Account, int] = field(default_factory=dict)
    """Afterwards, in minor units, of the payers concerned."""
    next_due_at: datetime | None = None
    upcoming: Upcoming | None = None
    """The next documents after those of the acts themselves."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """In order of issue, without numbers; `from_balance_minor` is what the credit balance would pay."""
        return tuple([document for decision in self.decisions for document in decision.documents])

    @property
    def moves(self) -> tuple[SubscriptionMove, ...]:
        return tuple([move for decision in self.decisions for move in decision.moves])

    @property
    def movements(self) -> tuple[Movement, ...]:
        """Of recurring revenue."""
        return tuple([movement for decision in self.decisions for movement in decision.movements])

    @property
    def balances_before(self) -> Mapping[Account, int]:
        found = dict(self.balances)
        for decision in self.decisions:
            for entry in decision.balance:
                account = decision.payer_id, entry.entity_id, entry.currency
                found[account] = found.get(account, 0) - entry.amount_minor
        return found


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that is known to come for one customer's payer from `now` until before `until`, in order.

    `set_aside` is the code for which the run leaves the payer out until a person has looked.
    """

    payer_id: Id
    zone: str
    now: datetime
    until: datetime
    upcoming: tuple[Upcoming, ...]
    set_aside: str | None = None


@contextmanager
def preview(*, tenant: Id, now: datetime) -> Iterator[Preview]:
    """Operations called inside do all they do, and everything is rolled back at the end; what it came to stays.

    A refusal is raised as ever. No number is taken and nothing is seen by others; the payer is locked meanwhile, as
    by the act itself, so two previews of one payer come after each other.
    """
    found = Preview()
    with session.preview(tenant), books.written() as made:
        yield found
        found.decisions = tuple(made)
        _look_ahead(found, tenant=tenant, now=now)


def next_invoice(*, tenant: Id, customer_id: Id, now: datetime) -> Upcoming | None:
    """The documents of the next instant that brings the customer's payer any; None where nothing is known to come.

    What fell due before `now` and is not billed yet comes first. Raises NotFound.
    """
    with session.looking(tenant) as cursor:
        look = _look_for(cursor, tenant=tenant, customer_id=customer_id, now=now)
        return _asked(cursor, look, _first)


def drafts(*, tenant: Id, customer_id: Id, now: datetime) -> Drafted:
    """What fell due for the customer's payer and is not issued yet: a draft is worked out anew whenever it is looked at.

    Raises NotFound.
    """
    with session.looking(tenant) as cursor:
        look = _look_for(cursor, tenant=tenant, customer_id=customer_id, now=now)
        return _asked(cursor, look, _drafted)


def _drafted(look: "_Look") -> Drafted:
    found = drafted(look.payer, seller=look.seller, now=look.now, new_ids=Keys())
    waiting = {one.due_at for one in found}
    coming = _upcoming(look, through=look.now + _LONGEST_DRAFT) if waiting else ()
    return Drafted(
        found,
        next((one.at for one in coming if any(document.due_at in waiting for document in one.documents)), None),
    )


def calendar(*, tenant: Id, customer_id: Id, now: datetime, months: int = 12) -> Calendar:
    """All documents of the customer's payer for so many months, if nobody does anything and everybody pays.

    Renewals, changes that wait, ends of trials, coupons and terms, pauses: all by the rule of the run. Raises
    NotFound, InvalidValue.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidValue(field="months", value=months, reason=f"from 1 to {MOST_MONTHS} months")
    with session.looking(tenant) as cursor:
        look = _look_for(cursor, tenant=tenant, customer_id=customer_id, now=now)
        zone = look.tenant.zone
        until = instant(add(local_time(look.now, zone), Interval(Unit.MONTH), months), zone)
        last = until - timedelta(microseconds=1)
        found = _asked(cursor, look, lambda one: tuple(_upcoming(one, through=last)))
    return Calendar(look.payer.id, zone, look.now, until, found, look.set_aside)


def find_customer(*, tenant: Id, reference: str) -> Id:
    """The customer with that key (`cus_…`) or external id. Raises NotFound."""
    with session.looking(tenant) as cursor:
        return customers.find(cursor, reference=reference).id


def find_subscription(*, tenant: Id, reference: str) -> Id:
    """The subscription with that key (`sub_…`) or external id. Raises NotFound."""
    with session.looking(tenant) as cursor:
        return subscriptions.find(cursor, reference=reference)


def find_price(*, tenant: Id, code: str) -> Id:
    """The price of that code. Raises NotFound."""
    with session.looking(tenant) as cursor:
        return prices.find(cursor, code=code)


@dataclass(frozen=True, slots=True)
class _Look:
    """A payer's facts as they are at the business time `now`."""

    tenant: Tenant
    payer: Payer
    seller: Seller
    now: datetime
    set_aside: str | None


def _look_for(cursor: Cursor, *, tenant: Id, customer_id: Id, now: datetime) -> _Look:
    """At the customer's payer. Raises NotFound."""
    return _look(cursor, tenant=tenant, payer_id=customers.payer_of(cursor, customer_id=customer_id), now=now)


def _look(cursor: Cursor, *, tenant: Id, payer_id: Id, now: datetime) -> _Look:
    shop = sellers.tenant_by_id(cursor, tenant_id=tenant)
    row = payers.payers(cursor, ids=[payer_id])[0]
    at = shop.clock or now
    (payer,) = usage.with_usage(
        cursor,
        facts.payers(cursor, [row.standing], tenant=shop),
        tenant=tenant,
        through=known_until(at),
        running=True,
        waits=False,
    )
    return _Look(shop, payer, sellers.seller(cursor, tenant=shop), at, row.set_aside_code)


def _asked(cursor: Cursor, look: _Look, question: Callable[[_Look], T]) -> T:
    return usage.answered(cursor, look.payer, lambda payer: question(replace(look, payer=payer)), tenant=look.tenant.id)


def _first(look: _Look) -> Upcoming | None:
    return next(_upcoming(look, through=look.now + _FAR), None)


def _upcoming(look: _Look, *, through: datetime) -> Iterator[Upcoming]:
    """Each instant that brings documents, or the end of a metered period."""
    payer, reached = look.payer, look.now
    for happening in ahead(look.payer, seller=look.seller, now=look.now, through=through, new_ids=Keys()):
        periods = metered(payer, after=reached, through=happening.at)
        payer, reached = happening.payer, max(reached, happening.at)
        if happening.decision.documents or periods:
            yield Upcoming(happening.at, happening.decision.documents, tuple(periods))


def _look_ahead(found: Preview, *, tenant: Id, now: datetime) -> None:
    """What follows the acts, from the books as they stand inside the preview."""
    concerned: Sequence[Id] = list(dict.fromkeys(decision.payer_id for decision in found.decisions))
    balances: dict[Account, int] = {}
    with session.looking(tenant) as cursor:
        looks = [_look(cursor, tenant=tenant, payer_id=payer_id, now=now) for payer_id in concerned]
        nexts = [_asked(cursor, look, _first) for look in looks]
    for look in looks:
        balances |= {(look.payer.id, *account): amount for account, amount in look.payer.balances.items()}
    found.balances = balances
    last = {decision.payer_id: decision.next_due_at for decision in found.decisions}
    found.next_due_at = min((due for due in last.values() if due is not None), default=None)
    found.upcoming = min((one for one in nexts if one is not None), key=lambda one: one.at, default=None)
