"""What in a tenant's books waits for a person, or should have happened by now."""

from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class SetAside:
    """A payer whom the run left out, with the reason."""

    payer_id: Id
    code: str
    reason: str
    at: datetime


def set_aside(cursor: Cursor, *, tenant: Id, limit: int) -> tuple[int, list[SetAside]]:
    """How many payers are set aside, and the first few."""
    row = cursor.execute(
        "SELECT count(*) FROM payers WHERE tenant_id = %s AND set_aside_at IS NOT NULL", (tenant,)
    ).fetchone()
    rows = cursor.execute(
        """SELECT id, set_aside_code, set_aside_reason, set_aside_at FROM payers
        WHERE tenant_id = %s AND set_aside_at IS NOT NULL ORDER BY set_aside_at, id LIMIT %s""",
        (tenant, limit),
    )
    return (row[0] if row else 0), [SetAside(*found) for found in rows]


def due_since(cursor: Cursor, *, tenant: Id, before: datetime) -> int:
    """Payers that fell due before an instant and are not billed yet."""
    row = cursor.execute(
        "SELECT count(*) FROM payers WHERE tenant_id = %s AND next_due_at < %s AND set_aside_at IS NULL",
        (tenant, before),
    ).fetchone()
    return row[0] if row else 0
