"""Who pays for whom."""

from perennia.domain.ids import Id
from perennia.store.session import Cursor


def set_payer(cursor: Cursor, *, tenant: Id, customer_id: Id, before: Id, after: Id) -> None:
    """Move a customer and its subscriptions that have not ended to another payer; both payers' locks are held."""
    cursor.execute("UPDATE customers SET payer_id = %s WHERE id = %s", (after, customer_id))
    cursor.execute(
        """WITH moved AS (
            UPDATE subscriptions SET payer_id = %(after)s
            WHERE tenant_id = %(tenant)s AND payer_id = %(before)s AND customer_id = %(customer)s AND status <> 'canceled'
            RETURNING id
        ), counted AS (
            SELECT count(*)::int AS n FROM moved, LATERAL (
                SELECT DISTINCT v.item_id FROM item_versions v WHERE v.subscription_id = moved.id
            ) AS items
        )
        UPDATE payers p SET lines = p.lines + CASE WHEN p.id = %(after)s THEN c.n ELSE -c.n END
        FROM counted c WHERE p.id IN (%(before)s, %(after)s)""",
        {"tenant": tenant, "customer": customer_id, "before": before, "after": after},
    )
