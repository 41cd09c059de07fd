"""Payers as they are, for whoever only looks; who pays for whom, and what is open between them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.reads.facts import LOCKED_PAYER, LockedPayer
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class PayerRow:
    """A payer, and the code for which the run leaves it out, if it does. `standing` is what `facts.payers` takes."""

    standing: LockedPayer
    set_aside_code: str | None


def payers(cursor: Cursor, *, ids: Sequence[Id]) -> list[PayerRow]:
    """The rows of these payers, in the order of their keys; nothing is locked."""
    rows = cursor.execute(
        f"""SELECT {LOCKED_PAYER}, CASE WHEN set_aside_at IS NOT NULL THEN set_aside_code END
        FROM payers WHERE id = ANY(%s) ORDER BY id""".encode(),
        (keys(ids),),
    )
    return [PayerRow(LockedPayer(*row), code) for *row, code in rows.fetchall()]


def holding(cursor: Cursor, *, tenant: Id, price_ids: Collection[Id], at: datetime) -> list[LockedPayer]:
    """The payers of subscriptions that have one of these prices, now or in time to come; nothing is locked."""
    rows = cursor.execute(
        f"""SELECT {LOCKED_PAYER} FROM payers p
        WHERE p.tenant_id = %(tenant)s AND p.id IN (
            SELECT s.payer_id FROM item_versions v JOIN subscriptions s ON s.id = v.subscription_id
            WHERE v.tenant_id = %(tenant)s AND v.price_id = ANY(%(prices)s) AND (v.ends_at IS NULL OR v.ends_at > %(at)s)
                AND s.tenant_id = %(tenant)s AND s.status <> 'canceled'
        ) ORDER BY p.id""".encode(),
        {"tenant": tenant, "prices": keys(price_ids), "at": at},
    )
    return [LockedPayer(*row) for row in rows.fetchall()]


def paid_for(cursor: Cursor, *, payer_id: Id) -> list[Id]:
    """The customers that a payer pays for, but for itself."""
    rows = cursor.execute(
        "SELECT id FROM customers WHERE payer_id = %s AND payer_id <> id ORDER BY id", (payer_id,)
    ).fetchall()
    return [row[0] for row in rows]


def pays_for_others(cursor: Cursor, *, payer_id: Id) -> bool:
    row = cursor.execute(
        "SELECT 1 FROM customers WHERE payer_id = %s AND payer_id <> id LIMIT 1", (payer_id,)
    ).fetchone()
    return row is not None


def open_documents(cursor: Cursor, *, tenant: Id, payer_id: Id, subscription_ids: list[Id]) -> int:
    """How many documents of a payer that hold lines of these subscriptions are not settled, or are being paid."""
    row = cursor.execute(
        """SELECT (SELECT count(*) FROM receivables r
            WHERE r.tenant_id = %(tenant)s AND r.payer_id = %(payer)s AND r.open_minor > 0 AND EXISTS (
                SELECT 1 FROM lines l WHERE l.document_id = r.document_id AND l.subscription_id = ANY(%(subscriptions)s)
            )) + (SELECT count(*) FROM drafts d
            WHERE d.payer_id = %(payer)s AND d.state = 'open' AND d.subscription_id = ANY(%(subscriptions)s))""",
        {"tenant": tenant, "payer": payer_id, "subscriptions": subscription_ids},
    ).fetchone()
    return 0 if row is None else int(row[0])
