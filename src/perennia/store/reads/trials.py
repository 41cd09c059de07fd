"""Who had a trial, by hashes under the tenant's own key; and who has nothing to charge when it ends."""

from collections.abc import Collection

from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.session import Cursor


def secret(cursor: Cursor, *, tenant: Id) -> bytes:
    """The tenant's own key for hashes; it never changes."""
    row = cursor.execute("SELECT secret FROM tenants WHERE id = %s", (tenant,)).fetchone()
    assert row is not None
    return bytes(row[0])


def fingerprints(cursor: Cursor, *, customer_id: Id) -> list[str]:
    """The gateways' words for the cards and accounts a customer ever stored."""
    rows = cursor.execute(
        """SELECT DISTINCT fingerprint FROM payment_methods WHERE customer_id = %s AND fingerprint IS NOT NULL
        ORDER BY fingerprint""",
        (customer_id,),
    )
    return [row[0] for row in rows]


def remembered(cursor: Cursor, *, product_ids: Collection[Id], hashes: Collection[bytes]) -> set[Id]:
    """Those of the products of which any of these hashes had a trial."""
    rows = cursor.execute(
        "SELECT DISTINCT product_id FROM remembered_trials WHERE product_id = ANY(%s) AND hash = ANY(%s)",
        (list(product_ids), list(hashes)),
    )
    return {row[0] for row in rows}


def payers_without_method(cursor: Cursor, *, payer_ids: Collection[Id]) -> set[Id]:
    """Those of these payers that have nothing to charge."""
    rows = cursor.execute(
        """SELECT k.id FROM unnest((SELECT %s::uuid[])) AS k (id) WHERE NOT EXISTS (
            SELECT 1 FROM payment_methods m WHERE m.customer_id = k.id AND m.is_default AND m.valid
        )""",
        (keys(payer_ids),),
    )
    return {row[0] for row in rows}
