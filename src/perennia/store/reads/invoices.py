"""Issued documents one by one: what they charged, what was credited, what is open and who paid it."""

from collections import defaultdict
from datetime import datetime

from perennia.domain.collection import DebtState
from perennia.domain.corrections import Charged, ChargedLine
from perennia.domain.documents import CreditBasis, DocumentKind, LineKind
from perennia.domain.errors import NotFound
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id
from perennia.domain.receipts import OpenDocument
from perennia.store.reads import receipts
from perennia.store.session import Cursor


def payer_of(cursor: Cursor, *, document_id: Id) -> Id:
    """Whom to lock before touching a document. Raises NotFound."""
    row = cursor.execute("SELECT payer_id FROM documents WHERE id = %s", (document_id,)).fetchone()
    if row is None:
        raise NotFound(kind="document", id=document_id.text("inv"))
    payer: Id = row[0]
    return payer


def charged(cursor: Cursor, *, document_id: Id) -> Charged:
    """A document with its lines and all that was credited of them. Raises NotFound."""
    row = cursor.execute(
        """SELECT d.id, d.kind, d.payer_id, d.entity_id, d.buyer_party_id, d.seller_party_id, d.currency, d.collection,
            d.po_number, coalesce(r.open_minor, 0)
        FROM documents d LEFT JOIN receivables r ON r.document_id = d.id WHERE d.id = %s""",
        (document_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="document", id=document_id.text("inv"))
    key, kind, payer, entity, buyer, seller, currency, collection, po_number, open_minor = row
    return Charged(
        id=key,
        kind=DocumentKind(kind),
        payer_id=payer,
        entity_id=entity,
        buyer_party_id=buyer,
        seller_party_id=seller,
        currency=currency,
        collection=CollectionMode(collection),
        po_number=po_number,
        open_minor=open_minor,
        lines=_lines(cursor, document_id),
        taken_in=receipts.taken_in(cursor, documents=[(payer, document_id)]).get(payer, ()),
    )


def _lines(cursor: Cursor, document_id: Id) -> tuple[ChargedLine, ...]:
    rows = cursor.execute(
        """SELECT l.position, l.kind, l.description, l.subscription_id, l.version_id, l.period_start,
            coalesce(c.cut_at, l.period_end), l.quantity, l.net_minor, l.tax_minor, l.tax_percent, c.net::bigint,
            c.tax::bigint, c.units
        FROM lines l,
        LATERAL (
            SELECT coalesce(-sum(net_minor), 0) AS net, coalesce(-sum(tax_minor), 0) AS tax,
                min(period_start) FILTER (WHERE kind = %(time)s) AS cut_at,
                coalesce(sum(quantity) FILTER (WHERE model = %(units)s), 0) AS units
            FROM lines c WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position
        ) AS c
        WHERE l.document_id = %(document)s ORDER BY l.position""",
        {"document": document_id, "time": int(LineKind.CREDIT), "units": CreditBasis.QUANTITY.value},
    )
    return tuple(ChargedLine(position, LineKind(kind), *rest) for position, kind, *rest in rows)


def of_subscription(
    cursor: Cursor, *, tenant: Id, payer_id: Id, subscription_id: Id, since: datetime
) -> dict[Id, list[int]]:
    """The charge lines of a subscription of which something is left, by the invoices issued since an instant.

    Not those of usage: they are settled by amount, and given back so.
    """
    rows = cursor.execute(
        """SELECT d.id, l.position FROM documents d JOIN lines l ON l.document_id = d.id
        WHERE d.tenant_id = %s AND d.issued_at >= %s AND d.payer_id = %s AND d.kind = 'invoice'
            AND l.subscription_id = %s AND l.credits_document_id IS NULL AND l.net_minor + l.tax_minor > (
                SELECT coalesce(-sum(c.net_minor + c.tax_minor), 0) FROM lines c
                WHERE c.credits_document_id = l.document_id AND c.credits_position = l.position
            ) AND NOT EXISTS (
                SELECT FROM usage_settlements u WHERE u.document_id = l.document_id AND u.position = l.position
            )
        ORDER BY d.issued_at, d.id, l.position""",
        (tenant, since, payer_id, subscription_id),
    )
    found: dict[Id, list[int]] = defaultdict(list)
    for document_id, position in rows.fetchall():
        found[document_id].append(position)
    return found


def receivable(cursor: Cursor, *, document_id: Id) -> OpenDocument:
    """What is open on an invoice, also where that is nothing. Raises NotFound: a credit note is not paid."""
    row = cursor.execute(
        "SELECT document_id, state, open_minor FROM receivables WHERE document_id = %s", (document_id,)
    ).fetchone()
    if row is None:
        raise NotFound(kind="invoice", id=document_id.text("inv"))
    return OpenDocument(row[0], DebtState(row[1]), row[2])


def open_documents(cursor: Cursor, *, payer_id: Id, entity_id: Id, currency: str) -> list[OpenDocument]:
    """What a payer owes a legal entity in one currency, the oldest first; not what was written off."""
    rows = cursor.execute(
        """SELECT r.document_id, r.state, r.open_minor
        FROM receivables r JOIN documents d ON d.id = r.document_id
        WHERE r.payer_id = %s AND r.currency = %s AND r.open_minor > 0 AND r.state <> 'written_off'
            AND d.entity_id = %s
        ORDER BY d.issued_at, d.number, d.id""",
        (payer_id, currency, entity_id),
    )
    return [OpenDocument(key, DebtState(state), open_minor) for key, state, open_minor in rows]


def paid_from_payments(cursor: Cursor, *, document_id: Id) -> list[tuple[Id, int]]:
    """(payment, how much of it settled the document), the latest first."""
    rows = cursor.execute(
        """SELECT source_id, amount_minor FROM allocations WHERE document_id = %s AND source = 'payment'
        ORDER BY at DESC, source_id DESC""",
        (document_id,),
    )
    return rows.fetchall()
