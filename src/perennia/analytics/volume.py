"""How much there is: documents and lines so far, and which subscriptions are about to start and to end."""

from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.store.session import snapshot


@dataclass(frozen=True, slots=True)
class Volume:
    """Counts of one tenant's rows."""

    invoices: int
    lines: int
    starts_due: int
    ends_due: int


def volume(*, tenant: Id, through: datetime) -> Volume:
    """Invoices, lines of all documents, and the subscriptions that have yet to start, or to end, at or before `through`."""
    with snapshot(tenant) as cursor:
        row = cursor.execute(
            """SELECT
                (SELECT count(*) FROM documents WHERE tenant_id = %(tenant)s AND kind = 'invoice'),
                (SELECT count(*) FROM lines WHERE tenant_id = %(tenant)s),
                (SELECT count(*) FROM subscriptions
                    WHERE tenant_id = %(tenant)s AND status = 'scheduled' AND started_at <= %(through)s),
                (SELECT count(*) FROM subscriptions
                    WHERE tenant_id = %(tenant)s AND ended_at IS NULL AND cancel_at <= %(through)s)""",
            {"tenant": tenant, "through": through},
        ).fetchone()
    assert row is not None
    return Volume(*row)
