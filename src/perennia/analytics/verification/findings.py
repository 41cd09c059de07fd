"""What a check is given and what it answers, and how one asks about many rows at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perennia.domain.facts import Seller
from perennia.domain.ids import Id
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

EXAMPLES = 5
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant's rows as of one instant; of one payer where that is given."""

    cursor: Cursor
    tenant: Tenant
    seller: Seller
    now: datetime
    payer: Id | None = None

    def values(self, **more: Any) -> dict[str, Any]:
        """The values that every query may name."""
        return {"tenant": self.tenant.id, "payer": self.payer, "zone": self.tenant.zone, "now": self.now, **more}

    def ask(self, query: str, **more: Any) -> list[tuple[Any, ...]]:
        return self.cursor.execute(query.encode(), self.values(**more)).fetchall()

    def stream(self, name: str, query: str, **more: Any) -> Iterator[list[tuple[Any, ...]]]:
        """The answer in batches, through a cursor of that name: flat memory, and other questions may be asked between."""
        self.cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}".encode(), self.values(**more))
        while rows := self.cursor.execute(f"FETCH {_BATCH} FROM {name}".encode()).fetchall():
            yield rows
        self.cursor.execute(f"CLOSE {name}".encode())


@dataclass(frozen=True, slots=True)
class Found:
    """How many things were looked at, how many were wrong, and some of these in words."""

    checked: int
    failed: int
    examples: tuple[str, ...] = ()


Check = Callable[[Scope], Found]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, under its name."""

    name: str
    checked: int
    failed: int
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, check: Check, found: Found) -> "Finding":
        return cls(check.__name__, found.checked, found.failed, found.examples)


@dataclass(slots=True)
class Tally:
    """Counts for a check that looks at things one by one."""

    checked: int = 0
    failed: int = 0
    examples: list[str] | None = None

    def note(self, problem: str | None, *, count: int = 1) -> None:
        """One more was looked at (or `count` that are alike); `problem` says what is wrong, None that nothing is."""
        self.checked += count
        if problem is not None:
            self.failed += count
            self.examples = [*(self.examples or []), problem][:EXAMPLES]

    def found(self) -> Found:
        return Found(self.checked, self.failed, tuple(self.examples or ()))


def look(scope: Scope, *, rows: str, right: str, tell: str) -> Found:
    """Count the `rows` of which `right` is not true, and `tell` about some. All three are SQL.

    `rows` may use the parameters tenant, payer (null for all) and those of `Scope.values`. A `right` that is null is wrong.
    """
    counted = scope.ask(f"SELECT count(*), count(*) FILTER (WHERE ({right}) IS NOT TRUE) FROM ({rows}) AS r")
    checked, failed = counted[0]
    examples: list[tuple[Any, ...]] = []
    if failed:
        examples = scope.ask(
            f"SELECT {tell} FROM ({rows}) AS r WHERE ({right}) IS NOT TRUE ORDER BY 1 LIMIT {EXAMPLES}"
        )
    return Found(checked, failed, tuple(str(text) for (text,) in examples))


def together(*questions: Found) -> Found:
    """Several questions that make up one check."""
    examples = [example for one in questions for example in one.examples]
    return Found(sum(q.checked for q in questions), sum(q.failed for q in questions), tuple(examples[:EXAMPLES]))


def named(column: str, prefix: str) -> str:
    """SQL for a key in its outside form."""
    return f"'{prefix}_' || replace({column}::text, '-', '')"


OF_PAYER = "(%(payer)s::uuid IS NULL OR {} = %(payer)s::uuid)"


def of_payer(column: str) -> str:
    """SQL that holds for rows of the payer asked for, or for all."""
    return OF_PAYER.format(column)
