"""Changes that wait for their instant, and pauses."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from perennia.domain.facts import Change, ChangeKind, ItemKind, Pause
from perennia.domain.ids import Id
from perennia.domain.policies import as_stored
from perennia.domain.pricing import Price
from perennia.store.arrays import keys
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change as it was asked for; `unit_amount` is the subscriber's own."""

    subscription_id: Id
    id: Id
    kind: str
    effective_at: datetime
    item_id: Id | None
    price_id: Id | None
    quantity: Decimal | None
    unit_amount: Decimal | None
    anchor_at: datetime | None
    until: datetime | None
    item_kind: str | None
    name: str | None
    policies: dict[str, Any] | None


def pending(cursor: Cursor, subscription_ids: list[Id]) -> list[PendingChange]:
    """The changes of these subscriptions that nobody took back and that did not happen yet, in order."""
    rows = cursor.execute(
        """SELECT c.subscription_id, c.id, c.kind, c.effective_at, c.item_id, c.price_id, c.quantity, c.unit_amount,
            c.anchor_at, c.until, c.item_kind, c.name, c.policies
        FROM unnest(%s::uuid[]) AS s (id),
        LATERAL (SELECT * FROM changes c WHERE c.subscription_id = s.id AND c.state = 'pending' OFFSET 0) AS c
        ORDER BY c.subscription_id, c.effective_at, c.id""",
        (keys(subscription_ids),),
    )
    return [PendingChange(*row) for row in rows]


def as_fact(row: PendingChange, price: Price | None) -> Change:
    """The change as the rules know it."""
    return Change(
        id=row.id,
        kind=ChangeKind(row.kind),
        at=row.effective_at,
        item_id=row.item_id,
        price=price,
        quantity=row.quantity,
        own_amount=row.unit_amount,
        anchor=row.anchor_at,
        until=row.until,
        item_kind=ItemKind(row.item_kind or "add_on"),
        name=row.name or "",
        policies=as_stored(row.policies or {}),
    )


def pauses(cursor: Cursor, subscription_ids: list[Id]) -> dict[Id, tuple[Pause, ...]]:
    """All pauses of these subscriptions, in order."""
    if not subscription_ids:
        return {}
    rows = cursor.execute(
        """SELECT p.subscription_id, p.id, p.starts_at, p.ends_at, p.policies, p.is_over FROM unnest(%s::uuid[]) AS s (id),
        LATERAL (SELECT * FROM pauses p WHERE p.subscription_id = s.id OFFSET 0) AS p
        ORDER BY p.subscription_id, p.starts_at, p.id""",
        (keys(subscription_ids),),
    )
    found: dict[Id, tuple[Pause, ...]] = defaultdict(tuple)
    for subscription_id, key, starts_at, ends_at, stored, is_over in rows:
        found[subscription_id] += (Pause(key, starts_at, ends_at, as_stored(stored), is_over),)
    return found
