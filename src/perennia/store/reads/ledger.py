"""What is recognised as earned, and until when."""

from datetime import date, datetime

from perennia.domain.ids import Id
from perennia.store.session import Cursor


def recognised_through(cursor: Cursor, *, tenant: Id) -> date | None:
    """The last month whose revenue is booked, as its first day."""
    row = cursor.execute(
        "SELECT month FROM recognitions WHERE tenant_id = %s ORDER BY month DESC, currency LIMIT 1", (tenant,)
    ).fetchone()
    return row[0] if row else None


def first_issue(cursor: Cursor, *, tenant: Id) -> datetime | None:
    """When the tenant's first document was issued."""
    row = cursor.execute(
        "SELECT issued_at FROM documents WHERE tenant_id = %s ORDER BY issued_at, id LIMIT 1", (tenant,)
    ).fetchone()
    return row[0] if row else None


def newly_earned(cursor: Cursor, *, tenant: Id, month: date) -> dict[str, int]:
    """By currency, what a month adds to revenue: its share of all lines issued by its end, and what lines issued in it
    earned before it. Minor units.
    """
    rows = cursor.execute(
        """SELECT currency, sum(amount_minor)::bigint FROM earnings
        WHERE tenant_id = %(tenant)s AND issued_month <= %(month)s
        AND (month = %(month)s OR issued_month = %(month)s AND month < %(month)s)
        GROUP BY currency ORDER BY currency""",
        {"tenant": tenant, "month": month},
    )
    return dict(rows.fetchall())
