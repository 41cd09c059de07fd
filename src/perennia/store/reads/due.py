"""When something is due: per tenant, and across tenants for the loops."""

from datetime import datetime

from perennia.domain.ids import Id
from perennia.store.session import Cursor


def next_billing_at(cursor: Cursor, *, tenant: Id) -> datetime | None:
    """The earliest instant at which a payer of the tenant falls due; None where nothing ever will."""
    row = cursor.execute(
        """SELECT next_due_at FROM payers
        WHERE tenant_id = %s AND next_due_at IS NOT NULL AND set_aside_at IS NULL ORDER BY next_due_at, id LIMIT 1""",
        (tenant,),
    ).fetchone()
    return row[0] if row else None


def billing_due(cursor: Cursor, *, now: datetime) -> list[Id]:
    """Tenants in which a payer is due; asked as the claim role, across tenants."""
    rows = cursor.execute(
        """SELECT t.id FROM tenants t WHERE t.mode = 'live' AND EXISTS (
            SELECT 1 FROM payers p WHERE p.tenant_id = t.id AND p.next_due_at <= %s AND p.set_aside_at IS NULL
        ) ORDER BY t.id""",
        (now,),
    )
    return [row[0] for row in rows]


def usage_waiting(cursor: Cursor) -> list[Id]:
    """Live tenants in which watched usage came in that nobody looked at; asked as the claim role, across tenants."""
    rows = cursor.execute(
        """SELECT t.id FROM tenants t
        WHERE t.mode = 'live' AND EXISTS (SELECT 1 FROM usage_signals s WHERE s.tenant_id = t.id) ORDER BY t.id"""
    )
    return [row[0] for row in rows]


def events_waiting(cursor: Cursor) -> list[Id]:
    """Tenants with events that have no number yet; asked as the claim role, across tenants."""
    rows = cursor.execute(
        """SELECT t.id FROM tenants t
        WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.tenant_id = t.id) ORDER BY t.id"""
    )
    return [row[0] for row in rows]


def live_tenants(cursor: Cursor) -> list[Id]:
    return [row[0] for row in cursor.execute("SELECT id FROM tenants WHERE mode = 'live' ORDER BY id")]
