"""Credit given to a payer: what is left of it, until when, and in what order it is spent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from perennia.domain.ids import Id


class GrantKind(StrEnum):
    """Given away, or paid for beforehand (prepaid)."""

    PROMOTIONAL = "promotional"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Grant:
    """Credit given in one go, and what is `left_minor` of it; it can be spent before `expires_at` and not at it."""

    id: Id
    entity_id: Id
    currency: str
    kind: GrantKind
    left_minor: int
    granted_at: datetime
    expires_at: datetime | None = None

    @property
    def account(self) -> tuple[Id, str]:
        return self.entity_id, self.currency

    def is_over(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


Draw = tuple[Id | None, int]
"""How much of which grant; of money without one (from credit notes and payments) where that is None."""


def draw(grants: Iterable[Grant], *, balance_minor: int, wanted_minor: int, at: datetime) -> tuple[Draw, ...]:
    """What is taken of one balance (one legal entity and currency) of which `grants` are a part, up to what is wanted.

    What expires first is spent first; without an end: given credit, then paid, each the oldest first; money without a
    grant last. What is over at `at` is not spent any more, also where its expiry is not booked yet.
    """
    taken: list[Draw] = []
    loose, left = balance_minor, wanted_minor
    for grant in sorted((grant for grant in grants if grant.left_minor), key=_order):
        loose -= grant.left_minor
        amount = 0 if grant.is_over(at) else min(grant.left_minor, left)
        if amount > 0:
            taken.append((grant.id, amount))
            left -= amount
    if min(loose, left) > 0:
        taken.append((None, min(loose, left)))
    return tuple(taken)


def without_grant(grants: Iterable[Grant], *, balance_minor: int) -> int:
    """How much of a balance is money that came from credit notes and payments: it can be paid out."""
    return balance_minor - sum(grant.left_minor for grant in grants)


def next_expiry_at(grants: Iterable[Grant]) -> datetime | None:
    """The earliest instant at which something that is left is left no more."""
    return min((grant.expires_at for grant in grants if grant.expires_at and grant.left_minor), default=None)


def _order(grant: Grant) -> tuple[bool, datetime, bool, datetime, Id]:
    paid = grant.kind is GrantKind.PAID
    return grant.expires_at is None, grant.expires_at or grant.granted_at, paid, grant.granted_at, grant.id
