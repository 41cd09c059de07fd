"""What Django cannot say: references, append-only tables, books that balance, row security, three roles."""

from django.db import migrations

# reference: table, column, referenced table. DEFERRED ones let the children of a run be written before the
# documents, so that the number series is locked as late as possible.
REFERENCES = [
    ("memberships", "business_id", "businesses"),
    ("memberships", "user_id", "users"),
    ("tenants", "business_id", "businesses"),
    ("legal_entities", "tenant_id", "tenants"),
    ("tax_rates", "tenant_id", "tenants"),
    ("products", "tenant_id", "tenants"),
    ("plans", "product_id", "products"),
    ("add_ons", "product_id", "products"),
    ("prices", "plan_id", "plans"),
    ("prices", "add_on_id", "add_ons"),
    ("coupons", "tenant_id", "tenants"),
    ("customers", "tenant_id", "tenants"),
    ("customers", "payer_id", "payers"),
    ("customers", "party_id", "parties"),
    ("payment_methods", "customer_id", "customers"),
    ("subscriptions", "customer_id", "customers"),
    ("subscriptions", "payer_id", "payers"),
    ("subscriptions", "entity_id", "legal_entities"),
    ("items", "subscription_id", "subscriptions"),
    ("item_versions", "item_id", "items"),
    ("item_versions", "price_id", "prices"),
    ("subscription_discounts", "subscription_id", "subscriptions"),
    ("number_series", "entity_id", "legal_entities"),
    ("documents", "payer_id", "payers"),
    ("attempts", "payer_id", "payers"),
    ("payments", "payer_id", "payers"),
    ("balance_entries", "payer_id", "payers"),
]
DEFERRED = [("lines", "document_id", "documents"), ("receivables", "document_id", "documents")]

APPEND_ONLY = [
    "documents", "lines", "allocations", "balance_entries", "postings", "movements", "recognitions", "earnings",
    "history", "feed", "parties",
]  # fmt: skip
DIRECTORY = ["users", "businesses", "memberships", "tenants"]
TENANT_TABLES = [
    "legal_entities", "tax_rates", "products", "plans", "add_ons", "prices", "coupons", "parties", "customers",
    "payers", "payment_methods", "subscriptions", "items", "item_versions", "subscription_discounts",
    "number_series", "documents", "lines", "billed_spans", "receivables", "allocations", "balance_entries",
    "attempts", "payments", "postings", "movements", "recognitions", "earnings", "outbox", "feed", "history",
]  # fmt: skip

# What the claim role may see across tenants: enough to know where work is due, nothing of whose or how much.
CLAIMABLE = {
    "payers": "tenant_id, next_due_at, set_aside_at",
    "receivables": "tenant_id, next_attempt_at",
    "attempts": "tenant_id, state, next_look_up_at, leased_until",
    "outbox": "tenant_id, position",
}

GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE rule text = coalesce(TG_ARGV[0], 'append_only');
BEGIN
    RAISE EXCEPTION '%: % refuses %', rule, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = rule, TABLE = TG_TABLE_NAME;
END $$;

-- The tables' owner may remove rows of sandboxes, and of nothing else.
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = TG_RELID) OR EXISTS (
        SELECT 1 FROM (SELECT DISTINCT tenant_id FROM removed) AS r LEFT JOIN tenants t ON t.id = r.tenant_id
        WHERE t.mode IS DISTINCT FROM 'sandbox'
    ) THEN
        RAISE EXCEPTION 'append_only: % refuses %', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tenants_mode_stays BEFORE UPDATE OF mode ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('tenants_mode_stays');
CREATE TRIGGER payments_captured_stays BEFORE UPDATE OF captured_minor ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('payments_captured_stays');

CREATE FUNCTION postings_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
    SELECT transaction_id, currency, sum(amount_minor) AS total INTO wrong
    FROM added GROUP BY tenant_id, transaction_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'postings_sum_to_zero: transaction % is off by % %', wrong.transaction_id, wrong.total, wrong.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_sum_to_zero', TABLE = 'postings';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER postings_sum_to_zero AFTER INSERT ON postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION postings_sum_to_zero();

CREATE FUNCTION allocations_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
    SELECT touched.source_id, coalesce(p.captured_minor, 0) AS captured, total.amount INTO wrong
    FROM (SELECT DISTINCT source_id FROM added WHERE source = 'payment') AS touched
        CROSS JOIN LATERAL (
            SELECT sum(a.amount_minor) AS amount FROM allocations a WHERE a.source_id = touched.source_id OFFSET 0
        ) AS total
        LEFT JOIN LATERAL (SELECT captured_minor FROM payments p WHERE p.id = touched.source_id OFFSET 0) AS p ON true
    WHERE total.amount > coalesce(p.captured_minor, 0) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'allocations_within_payment: payment % captured %, allocated %', wrong.source_id, wrong.captured, wrong.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocations_within_payment', TABLE = 'allocations';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER allocations_within_payment AFTER INSERT ON allocations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION allocations_within_payment();

CREATE FUNCTION balance_not_negative() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
    SELECT touched.payer_id, total.amount INTO wrong
    FROM (SELECT DISTINCT payer_id, entity_id, currency FROM added) AS touched,
        LATERAL (
            SELECT sum(b.amount_minor) AS amount FROM balance_entries b
            WHERE b.payer_id = touched.payer_id AND b.entity_id = touched.entity_id AND b.currency = touched.currency
            OFFSET 0
        ) AS total
    WHERE total.amount < 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'balance_not_negative: payer % would have %', wrong.payer_id, wrong.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_not_negative', TABLE = 'balance_entries';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balance_not_negative AFTER INSERT ON balance_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION balance_not_negative();

-- What of a line's net is earned before a day: by day, half away from zero on the cumulative amount. domain.ledger.earned
-- is the same rule; `perennia verify` holds the two together.
CREATE FUNCTION earned(net bigint, starts date, ends date, before date) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN before <= starts THEN 0
    WHEN before >= ends THEN net
    ELSE sign(net)::bigint * ((2 * abs(net) * (before - starts) + (ends - starts)) / (2 * (ends - starts)))
END;

ALTER TABLE receivables SET (fillfactor = 80);
ALTER TABLE attempts SET (fillfactor = 80);
ALTER TABLE payers SET (fillfactor = 80);
ALTER TABLE item_versions SET (fillfactor = 80);
"""


def references() -> str:
    plain = [
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id);"
        for table, column, target in REFERENCES
    ]
    deferred = [
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id) "
        "DEFERRABLE INITIALLY DEFERRED;"
        for table, column, target in DEFERRED
    ]
    return "\n".join(plain + deferred)


def append_only(*tables: str) -> str:
    return "\n".join(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();\n"
        f"CREATE TRIGGER {table}_stay AFTER DELETE ON {table} REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();"
        for table in tables
    )


def table_wall(table: str, *, frozen: bool) -> list[str]:
    """Row security and grants of one table of tenants' rows; a frozen one is only read and added to."""
    own = "tenant_id = (SELECT nullif(current_setting('perennia.tenant', true), '')::uuid)"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_tenant ON {table} TO perennia_app USING ({own}) WITH CHECK ({own})",
        f"CREATE POLICY owner_everywhere ON {table} TO perennia_owner USING (true) WITH CHECK (true)",
        f"GRANT {'SELECT, INSERT' if frozen else 'SELECT, INSERT, UPDATE, DELETE'} ON {table} TO perennia_app",
    ]


def walls() -> str:
    """Row security and grants for the three roles; nothing where the server has only one."""
    statements = []
    for table in TENANT_TABLES:
        statements += table_wall(table, frozen=table in APPEND_ONLY)
    for table, columns in CLAIMABLE.items():
        statements += [
            f"CREATE POLICY due_everywhere ON {table} FOR SELECT TO perennia_claim USING (true)",
            f"GRANT SELECT ({columns}) ON {table} TO perennia_claim",
        ]
    statements += [f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO perennia_app" for table in DIRECTORY]
    statements += [
        "GRANT SELECT (id, mode) ON tenants TO perennia_claim",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO perennia_app",
        "GRANT USAGE ON SCHEMA public TO perennia_app, perennia_claim",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON django_content_type, auth_permission, auth_group TO perennia_app",
        "GRANT SELECT ON django_migrations TO perennia_app",
    ]
    return where_roles(statements)


def where_roles(statements: list[str]) -> str:
    body = "\n".join(f"EXECUTE $sql${statement}$sql$;" for statement in statements)
    return (
        "DO $do$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'perennia_app') "
        f"AND pg_has_role(current_user, 'perennia_owner', 'MEMBER') THEN\n{body}\nEND IF; END $do$;"
    )


class Migration(migrations.Migration):
    dependencies = [("store", "0001_tables"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (references(), GUARDS, append_only(*APPEND_ONLY), walls())]
