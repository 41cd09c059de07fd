"""The story of what a person changed: of what, from what to what, by whom."""

from datetime import datetime

from perennia.domain.events import EventType
from perennia.domain.ids import Id
from perennia.store.identity import new_id
from perennia.store.session import Cursor


def insert_change(
    cursor: Cursor,
    *,
    tenant: Id,
    subject_id: Id,
    change: str,
    actor: str,
    at: datetime,
    payer_id: Id | None = None,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
) -> None:
    """One entry. Of a customer's own data it names the fields and never holds what is in them."""
    cursor.execute(
        """INSERT INTO history (tenant_id, subject_id, payer_id, change, before, after, reason, actor, at, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, now())""",
        (tenant, subject_id, payer_id, change, before, after, reason, actor, at),
    )


def insert_event(cursor: Cursor, *, tenant: Id, type: EventType, subject_id: Id, payer_id: Id, at: datetime) -> None:
    """One event for other systems, where no decision carries it."""
    cursor.execute(
        """INSERT INTO outbox (id, tenant_id, payer_id, type, subject_id, occurred_at, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, now())""",
        (new_id(), tenant, payer_id, type.value, subject_id, at),
    )
