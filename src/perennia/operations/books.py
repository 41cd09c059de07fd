"""The books of one tenant, opened for one operation: a transaction, the tenant, and what its payers share."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Required, TypedDict, Unpack

from perennia.domain.decision import Decision
from perennia.domain.errors import ClockMoving, DomainError
from perennia.domain.facts import Payer, Seller
from perennia.domain.ids import Id, NewIds
from perennia.domain.invoicing import bill
from perennia.store import bulk, session
from perennia.store.reads import facts, sellers, usage
from perennia.store.reads.facts import LockedPayer
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor
from perennia.store.writes import clocks, decisions, locks

_listener: ContextVar[list[Decision] | None] = ContextVar("listener", default=None)


class HowBilled(TypedDict, total=False):
    """What `invoicing.bill` is told beside the facts."""

    through: Required[datetime]
    now: Required[datetime]
    new_ids: Required[NewIds]
    catch_up: bool
    together: bool


@dataclass(frozen=True, slots=True)
class Books:
    """An open transaction on one tenant's rows."""

    cursor: Cursor
    tenant: Tenant
    _read: list[Seller] = field(default_factory=list, repr=False)
    _held: dict[Id, LockedPayer] = field(default_factory=dict, repr=False)
    """Locked payers of whom nothing was written since."""

    def seller(self) -> Seller:
        """What all payers share, read once."""
        if not self._read:
            self._read.append(sellers.seller(self.cursor, tenant=self.tenant))
        return self._read[0]

    def business_time(self, machine_now: datetime) -> datetime:
        """What time it is in these books: a sandbox has its own clock."""
        return self.tenant.clock or machine_now

    def lock(self, payer_id: Id, *, through: datetime | None = None) -> Payer:
        """Lock one payer and read its facts, those needed to bill it `through` an instant too. Raises NotFound."""
        held = self._held.get(payer_id)
        if held is None:
            held = self._held[payer_id] = locks.lock_payer(self.cursor, tenant=self.tenant.id, payer_id=payer_id)
        return self.facts([held], through=through)[0]

    def facts(
        self, locked: Sequence[LockedPayer], *, through: datetime | None = None, running: bool = False
    ) -> list[Payer]:
        """The facts of locked payers; what they used only where they are to be billed `through` an instant."""
        found = facts.payers(self.cursor, locked, tenant=self.tenant)
        if through is None:
            return found
        return usage.with_usage(self.cursor, found, tenant=self.tenant.id, through=through, running=running)

    def bill(self, payer: Payer, **how: Unpack[HowBilled]) -> Decision:
        """What the rule makes of a payer; what it finds that nobody measured is measured, and it is asked again."""
        return usage.answered(
            self.cursor, payer, lambda one: bill(one, seller=self.seller(), **how), tenant=self.tenant.id
        )

    def set_aside(self, payer_id: Id, error: Exception) -> None:
        """Take a payer out of the run until a person has looked: a refusal with its code, a fault with its trace."""
        code, reason = type(error).__name__, "".join(traceback.format_exception(error))
        if isinstance(error, DomainError):
            code, reason = error.code, str(error)
        locks.set_aside(self.cursor, payer_id=payer_id, code=code, reason=reason)

    def write(self, made: Sequence[Decision], *, actor: str) -> None:
        """Write decisions, one time after another as often as it takes."""
        bulk.empty_stages(self.cursor)
        decisions.apply(self.cursor, made, tenant=self.tenant.id, actor=actor)
        self._held.clear()
        listener = _listener.get()
        if listener is not None:
            listener += made


@contextmanager
def written() -> Iterator[list[Decision]]:
    """All decisions that this thread writes inside the block, in order."""
    found: list[Decision] = []
    before = _listener.set(found)
    try:
        yield found
    finally:
        _listener.reset(before)


@contextmanager
def open_books(*, tenant: Id, of_few: bool = False) -> Iterator[Books]:
    """One transaction; commits on leaving. Raises NotFound, and ClockMoving while another advances the sandbox.

    `of_few` is for an act of one person, which looks up and writes few rows: see `session.transaction`.
    """
    with session.transaction(tenant, of_few=of_few) as cursor:
        found = sellers.tenant_by_id(cursor, tenant_id=tenant)
        if found.clock is not None and not session.is_rehearsal():
            if not clocks.may_write(cursor, tenant=tenant):
                raise ClockMoving(tenant=found.slug)
            found = sellers.tenant_by_id(cursor, tenant_id=tenant)  # now that its clock stands still
        yield Books(cursor, found)
