from importlib import import_module

from django.db import migrations, models

import perennia.store.tables.columns

guards = import_module("perennia.store.migrations.0002_guards")

REFERENCES = [
    ("meters", "tenant_id", "tenants"),
    ("usage_limits", "subscription_id", "subscriptions"),
    ("usage_limits", "meter_id", "meters"),
    ("usage_alerts", "limit_id", "usage_limits"),
]
APPEND_ONLY = ["usage_keys", "usage_events", "usage_alerts", "usage_settlements"]
TENANT_TABLES = [*APPEND_ONLY, "meters", "usage_limits", "usage_signals"]

# Partitioned by the event's instant, so that a month can be kept, moved or dropped as one. No primary key: keys are
# in usage_keys. The one index is led by the subscription, which comes in at random, but only within its month; it holds
# all that a sum needs, whose row it is too.
EVENTS = """
CREATE TABLE usage_events (
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    place smallint NOT NULL,
    value numeric,
    key text NOT NULL,
    who text,
    corrects text,
    properties jsonb,
    CONSTRAINT usage_events_value CHECK (value IS NOT NULL OR corrects IS NOT NULL)
) PARTITION BY RANGE (at);
CREATE INDEX usage_events_measure ON usage_events (subscription_id, meter_id, at) INCLUDE (value, tenant_id);
CREATE UNIQUE INDEX usage_events_corrected ON usage_events (subscription_id, meter_id, at, corrects)
    WHERE corrects IS NOT NULL;
CREATE TABLE usage_events_default PARTITION OF usage_events DEFAULT;
"""

# Nobody is granted a partition: rows are reached through the whole table, whose wall stands before them. The same wall
# stands around each partition, and the same triggers, for its owner's sake.
WALLED_PARTITION = """
CREATE FUNCTION guard_usage_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
        name || '_append_only', name);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS removed '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal()', name || '_stay', name);
    IF (SELECT relrowsecurity FROM pg_class WHERE oid = 'usage_events'::regclass) THEN
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner_everywhere ON %I TO perennia_owner USING (true) WITH CHECK (true)', name);
    END IF;
END $$;

-- The partition of the month in which `day` lies, made with the right of the tables' owner. True if it was made: not
-- where it is there, where the month is not near the machine's own, where rows of it lie in the default partition, in
-- which they then stay, or where others held the table for too long: it is asked for again.
CREATE FUNCTION make_usage_month(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    first date = date_trunc('month', day);
    starts timestamptz = first::timestamp AT TIME ZONE 'UTC';
    ends timestamptz = (first + interval '1 month') AT TIME ZONE 'UTC';
    name text = 'usage_events_' || to_char(first, 'YYYY_MM');
BEGIN
    IF first < date_trunc('month', now() - interval '3 months') OR first > now() + interval '13 months' THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_usage_month'));
    IF to_regclass(name) IS NOT NULL OR EXISTS (SELECT FROM usage_events_default WHERE at >= starts AND at < ends) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE usage_events INCLUDING CONSTRAINTS)', name);
    PERFORM guard_usage_partition(name);
    EXECUTE format('ALTER TABLE usage_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, starts, ends);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION guard_usage_partition(text), make_usage_month(date) FROM PUBLIC;
"""


def references() -> str:
    return "\n".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id);"
        for table, column, target in REFERENCES
    )


def walls() -> str:
    statements = []
    for table in TENANT_TABLES:
        statements += guards.table_wall(table, frozen=table in APPEND_ONLY)
    statements += [
        "GRANT USAGE ON SEQUENCE usage_signals_id_seq TO perennia_app",
        "GRANT EXECUTE ON FUNCTION make_usage_month(date) TO perennia_app",
    ]
    return guards.where_roles(statements)


TABLES = [
    migrations.CreateModel(
        name="Meter",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("tenant_id", models.UUIDField()),
            ("code", models.TextField()),
            ("name", models.TextField()),
            ("aggregation", models.TextField()),
            ("unit", models.TextField()),
            ("negative", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField()),
        ],
        options={
            "db_table": "meters",
            "constraints": [
                models.UniqueConstraint(fields=("tenant_id", "code"), name="meters_code"),
                models.CheckConstraint(condition=models.Q(("aggregation__in", ["sum", "count", "max", "last", "unique"])), name="meters_aggregation"),
            ],
        },
    ),
    migrations.CreateModel(
        name="UsageKey",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("tenant_id", models.UUIDField()),
            ("content", models.BigIntegerField()),
            ("subscription_id", models.UUIDField()),
            ("at", models.DateTimeField()),
        ],
        options={"db_table": "usage_keys"},
    ),
    migrations.CreateModel(
        name="UsageLimit",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("tenant_id", models.UUIDField()),
            ("subscription_id", models.UUIDField()),
            ("meter_id", models.UUIDField()),
            ("kind", models.TextField()),
            ("quantity", perennia.store.tables.columns.Exact(null=True)),
            ("amount_minor", models.BigIntegerField(null=True)),
            ("created_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(null=True)),
        ],
        options={
            "db_table": "usage_limits",
            "indexes": [models.Index(fields=["subscription_id", "meter_id"], name="usage_limits_subscription")],
            "constraints": [
                models.CheckConstraint(condition=models.Q(("kind__in", ["alert", "refuse", "stop"])), name="usage_limits_kind"),
                models.CheckConstraint(condition=models.Q(("quantity", None), ("amount_minor", None), _connector="XOR"), name="usage_limits_one"),
                models.CheckConstraint(condition=models.Q(("amount_minor", None), ("kind", "alert"), _connector="OR"), name="usage_limits_amount_alerts"),
            ],
        },
    ),
    migrations.CreateModel(
        name="UsageAlert",
        fields=[
            ("pk", models.CompositePrimaryKey("limit_id", "period_start", blank=True, editable=False, primary_key=True, serialize=False)),
            ("limit_id", models.UUIDField()),
            ("period_start", models.DateTimeField()),
            ("tenant_id", models.UUIDField()),
            ("at", models.DateTimeField()),
        ],
        options={"db_table": "usage_alerts"},
    ),
    migrations.CreateModel(
        name="UsageSignal",
        fields=[
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("tenant_id", models.UUIDField()),
            ("subscription_id", models.UUIDField()),
            ("recorded_at", models.DateTimeField()),
        ],
        options={
            "db_table": "usage_signals",
            "indexes": [models.Index(fields=["tenant_id", "id"], name="usage_signals_tenant")],
        },
    ),
    migrations.CreateModel(
        name="UsageSettlement",
        fields=[
            ("pk", models.CompositePrimaryKey("document_id", "position", blank=True, editable=False, primary_key=True, serialize=False)),
            ("document_id", models.UUIDField()),
            ("position", models.IntegerField()),
            ("tenant_id", models.UUIDField()),
            ("version_id", models.UUIDField()),
            ("period_start", models.DateTimeField()),
            ("quantity", perennia.store.tables.columns.Exact()),
            ("amount_minor", models.BigIntegerField()),
        ],
        options={
            "db_table": "usage_settlements",
            "indexes": [models.Index(fields=["tenant_id", "period_start", "version_id"], name="usage_settlements_period")],
        },
    ),
]
EVENTS_AS_DJANGO_SEES_THEM = migrations.CreateModel(
    name="UsageEvent",
    fields=[
        ("pk", models.CompositePrimaryKey("tenant_id", "key", blank=True, editable=False, primary_key=True, serialize=False)),
        ("at", models.DateTimeField()),
        ("recorded_at", models.DateTimeField()),
        ("tenant_id", models.UUIDField()),
        ("subscription_id", models.UUIDField()),
        ("meter_id", models.UUIDField()),
        ("place", models.SmallIntegerField()),
        ("value", perennia.store.tables.columns.Exact(null=True)),
        ("key", models.TextField()),
        ("who", models.TextField(null=True)),
        ("corrects", models.TextField(null=True)),
        ("properties", models.JSONField(null=True)),
    ],
    options={"db_table": "usage_events"},
)


class Migration(migrations.Migration):
    dependencies = [("store", "0003_changes")]

    operations = [
        *TABLES,
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EVENTS, migrations.RunSQL.noop)],
            state_operations=[EVENTS_AS_DJANGO_SEES_THEM],
        ),
        *(
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (
                references(),
                guards.append_only(*APPEND_ONLY),
                WALLED_PARTITION,
                walls(),
                "SELECT guard_usage_partition('usage_events_default')",
            )
        ),
    ]
