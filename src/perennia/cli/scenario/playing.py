"""Playing a script: each act by its operation, one after the other, in books that are gone afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from perennia.analytics.verification import findings
from perennia.analytics.verification.findings import Finding, Scope
from perennia.cli.scenario import limits, verbs
from perennia.cli.scenario.limits import Notice
from perennia.cli.scenario.script import Act, Script, Unread
from perennia.cli.scenario.stage import Stage
from perennia.cli.scenario.tree import Unreadable
from perennia.domain.errors import ClockGoesForward, DomainError
from perennia.domain.ids import Id
from perennia.operations import clock, feed, previews
from perennia.operations.previews import Drafted
from perennia.operations.rehearsal import throw_away_sandbox
from perennia.store import session
from perennia.store.reads import customers, issued, sellers
from perennia.store.reads.issued import IssuedDocument


@dataclass(frozen=True, slots=True)
class Moment:
    """What came out for a customer in one currency by one act, run or step of the clock."""

    at: datetime
    customer: str
    currency: str
    documents: tuple[IssuedDocument, ...]
    balance_minor: int
    balance_moved: bool
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that was refused; or one of its usage events; or, without `error`, a customer whom the run set aside.

    `place` is that of an entry that was refused as a whole, in the timeline, from 0.
    """

    at: datetime
    code: str
    error: DomainError | Unreadable | None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that happened, in order, and what the checks found; `was_played` unless the set-up was refused."""

    script: Script
    happened: tuple[Moment | Refusal, ...]
    findings: tuple[Finding, ...]
    was_played: bool = True
    drafts: tuple[tuple[str, Drafted], ...] = ()
    """(customer, what fell due and is not issued yet) at the end."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the file calls things, by their ids: subscriptions, customers, documents by their numbers."""

    @property
    def moments(self) -> list[Moment]:
        return [one for one in self.happened if isinstance(one, Moment)]

    @property
    def refusals(self) -> list[Refusal]:
        return [one for one in self.happened if isinstance(one, Refusal)]

    @property
    def verify_ok(self) -> bool:
        return not any(finding.failed for finding in self.findings)


def play(script: Script, *, now: datetime) -> Outcome:
    """Run a script; `now` is the machine's time, and the business time of a script without entries.

    A refused act is told and the timeline goes on. Where the rules refuse the policies or the catalogue, nothing is
    played and that refusal is all there is.
    """
    begins = next((entry.at for entry in script.timeline if entry.at is not None), now)
    with ExitStack() as books:
        try:
            tenant = books.enter_context(
                throw_away_sandbox(
                    country=script.country,
                    currency=script.currency,
                    zone=script.zone,
                    clock=begins,
                    now=now,
                    policies=script.policy,
                )
            )
            stage = Stage(tenant, script, begins)
            stage.set_up()
        except (DomainError, Unreadable) as error:
            return Outcome(script, (Refusal(begins, error.code, error),), (), was_played=False)
        return _played(stage)


@dataclass(slots=True)
class _Seen:
    """What came out before, so that each look tells what is new."""

    documents: list[Id] = field(default_factory=list)
    balances: dict[tuple[Id, str], int] = field(default_factory=dict)
    set_aside: set[Id] = field(default_factory=set)
    alerts: set[tuple[Id, datetime]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Look:
    """A moment whose documents are known by key only."""

    at: datetime
    payer: Id
    currency: str
    documents: tuple[Id, ...]
    balance_minor: int
    balance_moved: bool
    notices: tuple[Notice, ...]


def _played(stage: Stage) -> Outcome:
    seen, happened = _Seen(), list[_Look | Refusal]()
    for place, entry in enumerate(stage.script.timeline):
        try:
            happened += _unread(stage, entry, place) if isinstance(entry, Unread) else _act(stage, entry, seen)
        except DomainError as error:
            happened.append(Refusal(entry.at or stage.now, error.code, error, place))
        happened += _looks(stage, seen)
    while feed.sequence(tenant=stage.tenant):
        pass
    names = {key: name for name, key in stage.customers.items()}
    with session.reading(stage.tenant) as cursor:
        documents = issued.documents(cursor, tenant=stage.tenant)
        tenant = sellers.tenant_by_id(cursor, tenant_id=stage.tenant)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = findings(Scope(cursor, tenant, sellers.seller(cursor, tenant=tenant), stage.now))
    told = tuple(
        one
        if isinstance(one, Refusal)
        else Moment(
            one.at,
            names[one.payer],
            one.currency,
            tuple(documents[key] for key in one.documents),
            one.balance_minor,
            one.balance_moved,
            one.notices,
        )
        for one in happened
    )
    called = {key.text("inv"): f"{one.kind.replace('_', ' ')} {one.number}" for key, one in documents.items()}
    called |= {key.text("sub"): name for name, key in stage.subscriptions.items()}
    called |= {key.text("cus"): name for key, name in names.items()}
    return Outcome(stage.script, told, tuple(found), drafts=_drafts(stage), names=called)


def _drafts(stage: Stage) -> tuple[tuple[str, Drafted], ...]:
    """Of each customer that pays for itself; nobody is asked where nothing can wait."""
    if not stage.script.may_draft:
        return ()
    with session.reading(stage.tenant) as cursor:
        payers = {name: customers.customer(cursor, customer_id=key).payer_id for name, key in stage.customers.items()}
    found = [
        (name, previews.drafts(tenant=stage.tenant, customer_id=key, now=stage.now))
        for name, key in stage.customers.items()
        if payers[name] == key
    ]
    return tuple((name, one) for name, one in found if one.documents)


def _unread(stage: Stage, entry: Unread, place: int) -> list[_Look | Refusal]:
    """An entry without a meaning: its time is reached, where it tells one to come, and nothing is done."""
    if entry.at is not None and entry.at > stage.now:
        _reach(stage, entry.at)
    if entry.creates is not None and entry.creates not in stage.customers:
        stage.refused.add(entry.creates)
    return [Refusal(entry.told_at or stage.now, entry.error.code, entry.error, place)]


def _act(stage: Stage, act: Act, seen: _Seen) -> list[_Look | Refusal]:
    """Reach the act's time and do it; answers what came out on the way."""
    if act.verb == "advance_to":
        if "to" in act.given or act.at < stage.now:
            _reach(stage, act.at)
        on_the_way: list[_Look | Refusal] = []
        verbs.advance_to(stage, act, told=lambda: on_the_way.extend(_looks(stage, seen)))
        return on_the_way
    _reach(stage, act.at)
    act = stage.cast(act)
    if act.customer is not None and act.verb != "create_customer":
        stage.customer(act.customer)
    with session.transaction(stage.tenant):
        verbs.PLAYED[act.verb](stage, act)
    turned_away, stage.turned_away = stage.turned_away, []
    return [Refusal(act.at, str(error.facts["kind"]), error) for error in turned_away]


def _reach(stage: Stage, at: datetime) -> None:
    """Set the clock alone: nobody is billed on the way, as if the workers had been down. Raises ClockGoesForward."""
    if at < stage.now:
        raise ClockGoesForward(now=stage.now.isoformat(), to=at.isoformat())
    if at > stage.now:
        clock.set_clock(tenant=stage.tenant, to=at)
        stage.now = at


def _looks(stage: Stage, seen: _Seen) -> Iterator[_Look | Refusal]:
    """What came out since the last look: moments in the order of their first document, then those set aside."""
    with session.reading(stage.tenant) as cursor:
        standing = issued.standing(cursor, tenant=stage.tenant, but=seen.documents)
    new: dict[tuple[Id, str], list[Id]] = {}
    for key, payer, currency in standing.documents:
        new.setdefault((payer, currency), []).append(key)
        seen.documents.append(key)
    moved = [who for who, minor in standing.balances.items() if minor != seen.balances.get(who, 0)]
    told: dict[tuple[Id, str], list[Notice]] = {}
    for payer, currency, notice in limits.newly_given(stage, seen.alerts):
        told.setdefault((payer, currency), []).append(notice)
    for who in dict.fromkeys([*new, *moved, *told]):
        balance = standing.balances.get(who, 0)
        yield _Look(stage.now, *who, tuple(new.get(who, ())), balance, who in moved, tuple(told.get(who, ())))
    seen.balances = standing.balances
    for payer, code in standing.set_aside.items():
        if payer not in seen.set_aside:
            yield Refusal(stage.now, code, None)
    seen.set_aside = set(standing.set_aside)
