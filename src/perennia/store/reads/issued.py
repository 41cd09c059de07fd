"""What came out: documents with their lines as a reader of them wants to see them, and where balances stand."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """One line. `item` and `plan` are codes, None where it belongs to none; `credits` is (kind, number, position)."""

    kind: int
    item: str | None
    plan: str | None
    description: str
    zone: str | None
    start: datetime
    end: datetime
    quantity: Decimal
    net_minor: int
    discount_minor: int
    tax_percent: Decimal
    tax_inclusive: bool
    credits: tuple[str, int, int] | None = None


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """One document; amounts in minor units, those of a credit note below zero."""

    id: Id
    kind: str
    number: int
    payer_id: Id
    currency: str
    net_minor: int
    tax_minor: int
    from_balance_minor: int
    lines: tuple[IssuedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant's payers stand: which documents there are, in order of issue, balances, and who is set aside."""

    documents: tuple[tuple[Id, Id, str], ...]
    """(document, payer, currency)"""
    balances: dict[tuple[Id, str], int]
    """Credit balance in minor units by (payer, currency)."""
    set_aside: dict[Id, str]
    """The code of what the run refused, by payer."""


def standing(cursor: Cursor, *, tenant: Id, but: Collection[Id] = ()) -> Standing:
    """Everything in one question; documents without those in `but`."""
    rows = cursor.execute(
        """SELECT 1, id, payer_id, currency, 0, issued_at, number FROM documents
        WHERE tenant_id = %(tenant)s AND id <> ALL(%(but)s)
        UNION ALL
        SELECT 2, payer_id, payer_id, currency, sum(amount_minor)::bigint, min(at), 0 FROM balance_entries
        WHERE tenant_id = %(tenant)s GROUP BY payer_id, currency
        UNION ALL
        SELECT 3, id, id, set_aside_code, 0, set_aside_at, 0 FROM payers
        WHERE tenant_id = %(tenant)s AND set_aside_at IS NOT NULL
        ORDER BY 1, 6, 2""",
        {"tenant": tenant, "but": keys(but)},
    ).fetchall()
    return Standing(
        tuple((key, payer, currency) for what, key, payer, currency, *_ in rows if what == 1),
        {(payer, currency): amount for what, _, payer, currency, amount, *_ in rows if what == 2},
        {payer: code for what, _, payer, code, *_ in rows if what == 3},
    )


def alerts(cursor: Cursor, *, limits: Collection[Id]) -> list[tuple[Id, datetime, Id, str]]:
    """The alerts that were given of these limits: (limit, start of its period, payer, currency), in order."""
    rows = cursor.execute(
        """SELECT a.limit_id, a.period_start, s.payer_id, s.currency
        FROM usage_alerts a JOIN usage_limits l ON l.id = a.limit_id JOIN subscriptions s ON s.id = l.subscription_id
        WHERE a.limit_id = ANY(%s) ORDER BY a.at, a.period_start, l.id""",
        (keys(limits),),
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with what is open on it, and what each line charged less credits so far: (position, net), minor units."""

    id: Id
    number: int
    currency: str
    open_minor: int
    left: tuple[tuple[int, int], ...] = ()


def invoices(cursor: Cursor, *, customer_id: Id) -> list[Invoice]:
    """The invoices of who pays for a customer, in order of issue."""
    rows = cursor.execute(
        """SELECT d.id, d.number, d.currency, r.open_minor, array_agg(l.position ORDER BY l.position),
            array_agg(l.net_minor + credited.net_minor ORDER BY l.position)
        FROM customers c JOIN documents d ON d.payer_id = c.payer_id AND d.kind = 'invoice'
            JOIN receivables r ON r.document_id = d.id JOIN lines l ON l.document_id = d.id
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(o.net_minor), 0)::bigint AS net_minor FROM lines o
                WHERE o.credits_document_id = l.document_id AND o.credits_position = l.position
            ) credited
        WHERE c.id = %s GROUP BY d.id, r.open_minor ORDER BY d.issued_at, d.id""",
        (customer_id,),
    )
    return [
        replace(Invoice(*row), left=tuple(zip(positions, nets, strict=True)))
        for *row, positions, nets in rows.fetchall()
    ]


def items_by_code(cursor: Cursor, *, subscription_id: Id) -> dict[str, Id]:
    """A subscription's items by the codes of their plan or add-on and of their prices; the newest where two share one."""
    rows = cursor.execute(
        """SELECT i.id, pl.code, ad.code, pr.code FROM items i JOIN item_versions v ON v.item_id = i.id
            JOIN prices pr ON pr.id = v.price_id
            LEFT JOIN plans pl ON pl.id = pr.plan_id AND i.kind = 'plan'
            LEFT JOIN add_ons ad ON ad.id = pr.add_on_id AND i.kind = 'add_on'
        WHERE i.subscription_id = %s AND i.kind <> 'adjustment' ORDER BY v.starts_at, v.id""",
        (subscription_id,),
    )
    return {code: item for item, *codes in rows.fetchall() for code in codes if code is not None}


def documents(cursor: Cursor, *, tenant: Id) -> dict[Id, IssuedDocument]:
    """All documents of a tenant with their lines, by key."""
    lines = _lines(cursor, tenant=tenant)
    rows = cursor.execute(
        """SELECT id, kind, number, payer_id, currency, net_minor, tax_minor, from_balance_minor FROM documents
        WHERE tenant_id = %s""",
        (tenant,),
    )
    return {row[0]: replace(IssuedDocument(*row), lines=tuple(lines[row[0]])) for row in rows.fetchall()}


def _lines(cursor: Cursor, *, tenant: Id) -> dict[Id, list[IssuedLine]]:
    """A line's item is the code of its version's price; the plan is its subscription's when the line begins."""
    rows = cursor.execute(
        """SELECT l.document_id, l.kind, CASE WHEN i.kind = 'adjustment' THEN i.kind ELSE coalesce(pl.code, ad.code) END,
            CASE WHEN i.kind = 'plan' THEN pl.code ELSE (
                SELECT p.code FROM items o JOIN item_versions w ON w.item_id = o.id JOIN prices x ON x.id = w.price_id
                    JOIN plans p ON p.id = x.plan_id
                WHERE o.subscription_id = l.subscription_id AND o.kind = 'plan'
                ORDER BY w.starts_at <= l.period_start DESC, w.starts_at DESC, w.id DESC LIMIT 1
            ) END,
            l.description, coalesce(v.zone, s.zone), l.period_start, l.period_end,
            CASE WHEN l.model = 'credit' THEN v.quantity ELSE l.quantity END,
            l.net_minor, l.discount_minor, l.tax_percent, l.tax_inclusive, c.kind, c.number, l.credits_position
        FROM lines l
            LEFT JOIN subscriptions s ON s.id = l.subscription_id
            LEFT JOIN item_versions v ON v.id = l.version_id
            LEFT JOIN items i ON i.id = v.item_id
            LEFT JOIN prices pr ON pr.id = v.price_id
            LEFT JOIN plans pl ON pl.id = pr.plan_id
            LEFT JOIN add_ons ad ON ad.id = pr.add_on_id
            LEFT JOIN documents c ON c.id = l.credits_document_id
        WHERE l.tenant_id = %s ORDER BY l.document_id, l.position""",
        (tenant,),
    )
    found: dict[Id, list[IssuedLine]] = defaultdict(list)
    for document_id, *values, kind, number, position in rows.fetchall():
        credits = None if kind is None else (kind, number, position)
        found[document_id].append(replace(IssuedLine(*values), credits=credits))
    return found
