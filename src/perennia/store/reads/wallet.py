"""Payers' balances, what of them was given and may expire, and the charges that wait for their next document.

Asked only of payers whose row says that there is something to find.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from perennia.domain.documents import LineKind
from perennia.domain.errors import NotFound
from perennia.domain.grants import Grant, GrantKind
from perennia.domain.ids import Id
from perennia.domain.pending import Pending
from perennia.store.arrays import keys
from perennia.store.session import Cursor


def balances(cursor: Cursor, *, payer_ids: Sequence[Id]) -> dict[Id, dict[tuple[Id, str], int]]:
    """By payer, the credit by legal entity and currency, in minor units."""
    if not payer_ids:
        return {}
    rows = cursor.execute(
        """SELECT p.id, b.entity_id, b.currency, b.amount FROM unnest(%s::uuid[]) AS p (id),
        LATERAL (
            SELECT entity_id, currency, sum(amount_minor)::bigint AS amount FROM balance_entries b
            WHERE b.payer_id = p.id GROUP BY entity_id, currency OFFSET 0
        ) AS b""",
        (keys(payer_ids),),
    )
    found: dict[Id, dict[tuple[Id, str], int]] = defaultdict(dict)
    for payer_id, entity_id, currency, amount in rows:
        found[payer_id][entity_id, currency] = amount
    return found


def grants(cursor: Cursor, *, payer_ids: Sequence[Id]) -> dict[Id, tuple[Grant, ...]]:
    """By payer, the grants of which something is left."""
    rows = cursor.execute(
        """SELECT k.id, g.id, g.entity_id, g.currency, g.kind, g.left_minor, g.granted_at, g.expires_at
        FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM credit_grants g WHERE g.payer_id = k.id AND g.left_minor > 0 OFFSET 0) AS g
        ORDER BY k.id, g.id""",
        (keys(payer_ids),),
    )
    found: dict[Id, tuple[Grant, ...]] = defaultdict(tuple)
    for payer_id, key, entity_id, currency, kind, left, granted_at, expires_at in rows:
        found[payer_id] += (Grant(key, entity_id, currency, GrantKind(kind), left, granted_at, expires_at),)
    return found


def pending(cursor: Cursor, *, payer_ids: Sequence[Id]) -> dict[Id, tuple[Pending, ...]]:
    """By payer, the charges that wait, in the order in which they were made."""
    rows = cursor.execute(
        """SELECT k.id, l.id, l.customer_id, l.entity_id, l.currency, l.description, l.quantity, l.unit_amount, l.at,
            l.tax_class, l.tax_inclusive, l.subscription_id, l.discountable, l.kind
        FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM pending_lines l WHERE l.payer_id = k.id AND l.document_id IS NULL OFFSET 0) AS l
        ORDER BY k.id, l.at, l.id""",
        (keys(payer_ids),),
    )
    found: dict[Id, tuple[Pending, ...]] = defaultdict(tuple)
    for row in rows:
        found[row[0]] += (replace(Pending(*row[1:-1]), is_setup=row[-1] == LineKind.SETUP),)
    return found


def payer_of_pending(cursor: Cursor, *, pending_id: Id) -> Id:
    """Whom to lock before touching a charge that waits. Raises NotFound."""
    row = cursor.execute("SELECT payer_id FROM pending_lines WHERE id = %s", (pending_id,)).fetchone()
    if row is None:
        raise NotFound(kind="pending charge", id=pending_id.text("pen"))
    payer: Id = row[0]
    return payer
