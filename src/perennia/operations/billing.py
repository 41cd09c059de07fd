"""The billing run: claim due payers, decide by the rules, write it all, in one transaction a chunk.

Any number of workers may run beside each other, also on other machines: each claims payers that nobody
else holds. A run that is stopped at any point is simply run again; what was billed is settled.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from perennia.domain.decision import Decision
from perennia.domain.facts import Payer
from perennia.domain.ids import Id
from perennia.operations.books import Books, open_books
from perennia.store.identity import Keys, new_ids
from perennia.store.reads.facts import LockedPayer
from perennia.store.writes import locks

CHUNK_PAYERS = 2_500
CHUNK_LINES = 10_000
# What one payer's rows can provoke in the writer or the database; anything else (a lost connection) is nobody's fault.
_CULPRIT_ERRORS = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException, struct.error, ValueError)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk did; `invoices` are the documents that are no credit notes.

    `after` is where the next claim may begin; `is_last` when it took all it found.
    """

    payers: int
    documents: int
    invoices: int
    lines: int
    set_aside: int
    after: datetime | None
    is_last: bool


def run_chunk(
    *,
    tenant: Id,
    as_of: datetime,
    now: datetime,
    actor: str = "billing",
    after: datetime | None = None,
    catch_up: bool = False,
    limit: int = CHUNK_PAYERS,
) -> Chunk:
    """Bill one chunk of payers due at `as_of`; documents are issued at `now`.

    A payer whose facts no rule can take is set aside with the reason and stops nobody else. Where the
    database refuses the chunk it is halved until the culprit is alone, who is then set aside too.
    """
    try:
        return _bill_chunk(
            tenant=tenant, as_of=as_of, now=now, actor=actor, after=after, catch_up=catch_up, limit=limit
        )
    except _CULPRIT_ERRORS as error:
        if limit > 1:
            half = min(limit // 2, 256)
            chunk = run_chunk(
                tenant=tenant, as_of=as_of, now=now, actor=actor, after=after, catch_up=catch_up, limit=half
            )
            return replace(chunk, is_last=False)
        return _set_first_aside(tenant=tenant, as_of=as_of, after=after, error=error)


def bill_payer(*, tenant: Id, payer_id: Id, now: datetime, actor: str) -> int:
    """Bill all that one payer owes up to now, however many periods, and release it; answers the documents issued.

    The way out of a payer held for `catch_up`: a person has looked and wants it.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer = books.lock(payer_id, through=now)
        locks.release(books.cursor, payer_id=payer_id)
        decision = books.bill(payer, through=now, now=now, new_ids=new_ids, catch_up=True)
        books.write([decision], actor=actor)
    return len(decision.documents)


def _bill_chunk(
    *, tenant: Id, as_of: datetime, now: datetime, actor: str, after: datetime | None, catch_up: bool, limit: int
) -> Chunk:
    with open_books(tenant=tenant) as books:
        due = locks.claim_due_payers(books.cursor, tenant=tenant, as_of=as_of, after=after, limit=limit)
        if not due:
            return Chunk(0, 0, 0, 0, 0, None, is_last=True)
        claimed = _within_lines(due)
        made, aside = _decide(books, books.facts(claimed, through=as_of), as_of=as_of, now=now, catch_up=catch_up)
        books.write(made, actor=actor)
        return Chunk(
            payers=len(made),
            documents=sum(len(decision.documents) for decision in made),
            invoices=sum(decision.invoices for decision in made),
            lines=sum(len(document.lines) for decision in made for document in decision.documents),
            set_aside=aside,
            after=claimed[-1].next_due_at,
            is_last=len(claimed) < limit and len(claimed) == len(due),
        )


def _within_lines(claimed: Sequence[LockedPayer]) -> Sequence[LockedPayer]:
    """As many of the claimed payers as a chunk's lines allow, at least one; the others stay due."""
    lines = 0
    for count, payer in enumerate(claimed):
        lines += payer.lines
        if lines > CHUNK_LINES and count:
            return claimed[:count]
    return claimed


def _decide(
    books: Books, payers: Sequence[Payer], *, as_of: datetime, now: datetime, catch_up: bool
) -> tuple[list[Decision], int]:
    keys = Keys()
    made: list[Decision] = []
    aside = 0
    for payer in payers:
        try:
            made.append(books.bill(payer, through=as_of, now=now, new_ids=keys, catch_up=catch_up))
        except Exception as error:  # one payer's poison must not stop the tenant; kept with the payer, shown by doctor
            books.set_aside(payer.id, error)
            aside += 1
    return made, aside


def _set_first_aside(*, tenant: Id, as_of: datetime, after: datetime | None, error: Exception) -> Chunk:
    with open_books(tenant=tenant) as books:
        claimed = locks.claim_due_payers(books.cursor, tenant=tenant, as_of=as_of, after=after, limit=1)
        for payer in claimed:
            constraint = error.diag.constraint_name if isinstance(error, psycopg.Error) else None
            code = constraint or type(error).__name__
            locks.set_aside(books.cursor, payer_id=payer.id, code=code, reason=str(error))
        return Chunk(0, 0, 0, 0, len(claimed), after, is_last=False)
