"""Years of old invoices for the same payers: documents, two lines each, settled spans and paid receivables."""

import psycopg

from benchmarks.stand.population import Shop, due_at
from benchmarks.stand.runs import LATE

LOADED = ("documents", "lines", "billed_spans", "receivables")

# Keys are UUIDv7s of their own time, rows come month by month and within a month payer by payer: the indexes are
# as years of runs would have left them. Foreign keys are not looked up again for rows known to be right.
_WHO = """
CREATE UNLOGGED TABLE who AS
SELECT row_number() OVER (ORDER BY s.payer_id) AS n, s.tenant_id, s.payer_id, s.id AS subscription_id, s.entity_id,
    c.party_id AS buyer, e.party_id AS seller, v.ids AS versions
FROM subscriptions s JOIN customers c ON c.id = s.customer_id JOIN legal_entities e ON e.id = s.entity_id,
    LATERAL (SELECT array_agg(v.id ORDER BY v.id) AS ids FROM item_versions v WHERE v.subscription_id = s.id) AS v
WHERE s.tenant_id = %s::uuid
"""
_BATCH = """
CREATE UNLOGGED TABLE batch AS
SELECT uuidv7(make_interval(months => %(month)s)) AS id, %(first)s + n AS number, who.*
FROM who WHERE n <= %(count)s ORDER BY n
"""
_DOCUMENTS = """
INSERT INTO documents (id, tenant_id, kind, entity_id, number, payer_id, buyer_party_id, seller_party_id, currency,
    issued_at, due_at, pay_by, collection, net_minor, tax_minor, from_balance_minor)
SELECT id, tenant_id, 'invoice', entity_id, number, payer_id, buyer, seller, 'DKK', %(issued)s, %(due)s, %(issued)s,
    'automatic', 11745, 2936, 0
FROM batch ORDER BY n
"""
_LINES = """
INSERT INTO lines (tenant_id, document_id, position, kind, subscription_id, version_id, description, period_start,
    period_end, model, quantity, unit_amount, net_minor, tax_minor, discount_minor, tax_percent, tax_inclusive)
SELECT tenant_id, id, p.position, 1, subscription_id, versions[p.position], p.description, %(due)s, %(ends)s, p.model,
    p.quantity, p.unit_amount, p.net, p.tax, 0, 25, false
FROM batch, (VALUES (1, 'Basic', 'flat', 1::numeric, 79.95, 7995, 1999), (2, 'Extra reader', 'per_unit', 3, 12.5, 3750, 937))
    AS p (position, description, model, quantity, unit_amount, net, tax)
ORDER BY n, p.position
"""
_SPANS = """
INSERT INTO billed_spans (tenant_id, span_start, version_id, kind, span_end, document_id, position)
SELECT tenant_id, %(due)s, versions[position], 1, %(ends)s, id, position
FROM batch, generate_series(1, 2) AS position ORDER BY n, position
"""
_RECEIVABLES = """
INSERT INTO receivables (document_id, tenant_id, payer_id, currency, state, due_minor, open_minor, pay_by, attempts)
SELECT id, tenant_id, payer_id, 'DKK', 'paid', 14681, 0, %(issued)s, 1 FROM batch ORDER BY n
"""


def load_history(connection: psycopg.Connection, shop: Shop, *, documents: int) -> None:
    """Load so many invoices as superuser, in autocommit, a month a transaction; then vacuum, as years would have."""
    cursor = connection.cursor()
    cursor.execute(_WHO, (shop.tenant.hex(),))
    row = cursor.execute("SELECT count(*) FROM who").fetchone()
    assert row is not None
    payers = int(row[0])
    cursor.execute("SET session_replication_role = replica")
    months = -(-documents // payers)
    for month in range(-months, 0):
        loaded = (month + months) * payers
        values = {
            "month": month,
            "first": loaded,
            "count": min(payers, documents - loaded),
            "due": due_at(month),
            "ends": due_at(month + 1),
            "issued": due_at(month) + LATE,
        }
        with connection.transaction():
            for statement in (_BATCH, _DOCUMENTS, _LINES, _SPANS, _RECEIVABLES):
                cursor.execute(statement, values)
            cursor.execute("DROP TABLE batch")
    cursor.execute("RESET session_replication_role")
    cursor.execute("DROP TABLE who")
    cursor.execute(
        "UPDATE number_series SET next_number = %s WHERE tenant_id = %s::uuid AND kind = 'invoice'",
        (documents + 1, shop.tenant.hex()),
    )
    for table in LOADED:
        cursor.execute(f"VACUUM (ANALYZE) {table}".encode())
