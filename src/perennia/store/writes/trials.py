"""Trials that began."""

from collections.abc import Sequence
from datetime import datetime

from perennia.domain.ids import Id
from perennia.store.session import Cursor


def remember(
    cursor: Cursor, *, tenant: Id, product_ids: Sequence[Id], hashes: Sequence[bytes], now: datetime
) -> set[Id]:
    """Add each hash for each product, in one order for everybody; answers the products that had one of them."""
    rows = cursor.execute(
        """WITH wanted AS (
            SELECT p.id AS product_id, h.hash FROM unnest(%(products)s::uuid[]) AS p (id),
                unnest(%(hashes)s::bytea[]) AS h (hash) ORDER BY 1, 2
        ), added AS (
            INSERT INTO remembered_trials (tenant_id, product_id, hash, at)
            SELECT %(tenant)s, product_id, hash, %(now)s FROM wanted ON CONFLICT DO NOTHING RETURNING product_id, hash
        )
        SELECT DISTINCT w.product_id FROM wanted w LEFT JOIN added a USING (product_id, hash) WHERE a.hash IS NULL""",
        {"tenant": tenant, "products": list(product_ids), "hashes": list(hashes), "now": now},
    )
    return {row[0] for row in rows}
