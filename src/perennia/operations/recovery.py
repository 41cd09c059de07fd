"""Receivables that are due but not to be charged: nothing to charge, or recovery is over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from perennia.domain.collection import Debt, DebtChange, DebtState, next_step, payer_decision, without_method
from perennia.domain.decision import Decision, SubscriptionMove
from perennia.domain.dunning import Step
from perennia.domain.errors import DomainError
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Cause, Payer, Status, Subscription, policies_of
from perennia.domain.ids import Id
from perennia.domain.lifecycle import MOVES, OVER, end_of_service
from perennia.domain.policies import CHOICES
from perennia.domain.policies import policies as policies_from
from perennia.domain.scheduling import NOW, effective_at, plan_of, version_at
from perennia.operations.booking import CULPRIT_ERRORS, open_payers, write_bookings
from perennia.operations.books import Books
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import payments as read
from perennia.store.reads.facts import LockedPayer
from perennia.store.writes import agreements, locks
from perennia.store.writes import payments as write
from perennia.store.writes import subscriptions as write_subscriptions
from perennia.store.writes.payments import Intent

_AFTER_A_FAULT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """Receivables `without_method` to charge, recoveries `ended`, and the `invoices` that their ends issued."""

    without_method: int = 0
    ended: int = 0
    invoices: int = 0

    def __add__(self, other: "Settled") -> "Settled":
        return Settled(
            self.without_method + other.without_method, self.ended + other.ended, self.invoices + other.invoices
        )


def settle_without_call(*, tenant: Id, debts: Sequence[Debt], now: datetime, actor: str) -> Settled:
    """Book the failures of those with nothing to charge, and end the recoveries that are over; answers how many.

    Decided anew under the payers' locks. A payer whose end no rule or the database takes is set aside with the
    reason, and its receivable waits a day; it stops nobody else.
    """
    try:
        return _settle(tenant=tenant, debts=debts, now=now, actor=actor)
    except (*CULPRIT_ERRORS, DomainError) as error:
        if len(debts) > 1:
            each = [settle_without_call(tenant=tenant, debts=[debt], now=now, actor=actor) for debt in debts]
            return sum(each, Settled())
        _set_aside(debts[0], tenant=tenant, now=now, error=error)
        return Settled()


def _settle(*, tenant: Id, debts: Sequence[Debt], now: datetime, actor: str) -> Settled:
    with open_payers(tenant=tenant, payer_ids={debt.payer_id for debt in debts}) as (books, locked):
        policies = policies_from(books.tenant.policies)
        due = write.still_due(books.cursor, document_ids=[debt.document_id for debt in debts], now=now)
        found = read.debts(books.cursor, document_ids=due, now=now)
        steps: dict[Step, list[Debt]] = {step: [] for step in Step}
        for debt in found.values():
            steps[next_step(debt, policies=policies, now=now).step].append(debt)
        _fail(books, steps[Step.NO_METHOD], locked=locked, now=now, actor=actor)
        invoices = _end(books, steps[Step.END], locked=locked, now=now, actor=actor)
        return Settled(len(steps[Step.NO_METHOD]), len(steps[Step.END]), invoices)


def _fail(books: Books, debts: Sequence[Debt], *, locked: dict[Id, LockedPayer], now: datetime, actor: str) -> None:
    if not debts:
        return
    intents = [Intent(key, debt) for key, debt in zip(new_ids(len(debts)), debts, strict=True)]
    write.insert_without_call(books.cursor, intents, tenant=books.tenant.id, now=now)
    policies = policies_from(books.tenant.policies)
    bookings = [without_method(i.debt, attempt_id=i.id, policies=policies, now=now)[1] for i in intents]
    write_bookings(books, bookings, locked=locked, recovered=(), now=now, actor=actor)


def _end(books: Books, debts: Sequence[Debt], *, locked: dict[Id, LockedPayer], now: datetime, actor: str) -> int:
    """What each document charged for ends, is unpaid, pauses or goes on, by its own `dunning_end`.

    Where all of it ends, the unused part of an open invoice is credited by the rules of any cancellation and the rest is
    given up; else it stays in recovery without another attempt, unless the payer leaves another method.
    Answers how many invoices were issued on the way.
    """
    if not debts:
        return 0
    payers = [payer for payer_id, payer in locked.items() if payer_id in {debt.payer_id for debt in debts}]
    on_document = read.subscriptions_on(books.cursor, document_ids=[debt.document_id for debt in debts])
    failed = {subscription for found in on_document.values() for subscription, _ in found}
    ended: set[Id] = set()
    for payer in books.facts(payers):
        ended |= _end_of(books, payer, failed, now=now, actor=actor)
    made = [
        books.bill(payer, through=now, now=now, new_ids=new_ids, catch_up=True)
        for payer in books.facts(payers, through=now)
    ]
    ends_all = [
        debt for debt in debts if all(one in ended or s in OVER for one, s in on_document.get(debt.document_id, ()))
    ]
    left = [debt for debt in debts if debt.open_minor > _credited(debt, made)]
    given_up = [_over(debt, DebtState.GIVEN_UP if debt in ends_all else debt.state) for debt in left]
    write.move_receivables(books.cursor, given_up, tenant=books.tenant.id, actor=actor, now=now)
    books.write([_tell(decision, left, now=now) for decision in made], actor=actor)
    return sum(decision.invoices for decision in made)


def _end_of(books: Books, payer: Payer, failed: set[Id], *, now: datetime, actor: str) -> set[Id]:
    """Do the end action for each of the payer's subscriptions whose payment failed; answers which of them end."""
    wanted: dict[str, list[Subscription]] = {word: [] for word in CHOICES["dunning_end"]}
    for subscription in payer.subscriptions:
        if subscription.id in failed:
            wanted[policies_of(version_at(plan_of(subscription), now), subscription).dunning_end].append(subscription)
    cancels = [(one.id, ends) for one in wanted["cancel"] if (ends := _ends(one, now=now)) is not None]
    write_subscriptions.schedule_cancels(books.cursor, cancels, cause=Cause.FAILED_PAYMENT.value, now=now)
    moves = [
        SubscriptionMove(one.id, one.status, Status.UNPAID, now)
        for one in wanted["unpaid"]
        if Status.UNPAID in MOVES[one.status]
    ]
    if moves:
        books.write([payer_decision(payer.id, (), moves, next_due_at=None)], actor=actor)
    for one in wanted["pause"]:
        if Status.PAUSED in MOVES[one.status] and all(pause.is_over for pause in one.pauses):
            _pause(books, one, now=now)
    return {one.id for one in wanted["cancel"]}


def _ends(subscription: Subscription, *, now: datetime) -> datetime | None:
    """When it ends; None where it ends by then anyway."""
    ends = end_of_service(subscription, asked_for=now)
    return ends if subscription.cancel_at is None or subscription.cancel_at > ends else None


def _pause(books: Books, subscription: Subscription, *, now: datetime) -> None:
    """A pause from now on, until somebody resumes it."""
    version = version_at(plan_of(subscription), now)
    starts_at = effective_at(subscription, version, when=NOW, now=now, policies=subscription.policies)
    agreements.insert_pause(
        books.cursor, key=new_id(), tenant=books.tenant.id, subscription_id=subscription.id, starts_at=starts_at,
        ends_at=None, policies=subscription.policies, now=now,
    )  # fmt: skip


def _credited(debt: Debt, made: Sequence[Decision]) -> int:
    """What the credit notes of the end take off a debt, minor units."""
    return sum(a.amount_minor for decision in made for a in decision.allocations if a.document_id == debt.document_id)


def _over(debt: Debt, state: DebtState) -> DebtChange:
    return DebtChange(
        document_id=debt.document_id,
        payer_id=debt.payer_id,
        before=debt.state,
        state=state,
        attempts=debt.attempts,
        first_failed_at=debt.first_failed_at,
        next_attempt_at=None,
        reason=Cause.FAILED_PAYMENT.value,
    )


def _tell(decision: Decision, given_up: Sequence[Debt], *, now: datetime) -> Decision:
    told = [
        Event(EventType.INVOICE_UNCOLLECTIBLE, debt.document_id, now)
        for debt in given_up
        if debt.payer_id == decision.payer_id
    ]
    return replace(decision, events=(*decision.events, *told))


def _set_aside(debt: Debt, *, tenant: Id, now: datetime, error: Exception) -> None:
    code = error.code if isinstance(error, DomainError) else type(error).__name__
    with open_payers(tenant=tenant, payer_ids=[debt.payer_id]) as (books, _):
        locks.set_aside(books.cursor, payer_id=debt.payer_id, code=code, reason=f"end of recovery: {error}")
        write.postpone(books.cursor, [(debt.document_id, now + _AFTER_A_FAULT)])
