"""When lines are earned: the function that spreads a line over days, the roll-up by month, and documents by time."""

from importlib import import_module

from django.db import migrations, models

_guards = import_module("perennia.store.migrations.0002_guards")

EARNED = """
-- What of a line's net is earned before a day: by day, half away from zero on the cumulative amount. domain.ledger.earned
-- is the same rule; `perennia verify` holds the two together.
CREATE FUNCTION earned(net bigint, starts date, ends date, before date) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN before <= starts THEN 0
    WHEN before >= ends THEN net
    ELSE sign(net)::bigint * ((2 * abs(net) * (before - starts) + (ends - starts)) / (2 * (ends - starts)))
END;
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0003_collection")]

    operations = [
        migrations.CreateModel(
            name="Earning",
            fields=[
                ("pk", models.CompositePrimaryKey("tenant_id", "issued_month", "month", "currency", blank=True, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("issued_month", models.DateField()),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
            ],
            options={"db_table": "earnings"},
        ),
        migrations.AddIndex("document", models.Index(name="documents_issued", fields=["tenant_id", "issued_at"])),
        migrations.RunSQL(EARNED, "DROP FUNCTION earned"),
        migrations.RunSQL(_guards.append_only("earnings"), migrations.RunSQL.noop),
        migrations.RunSQL(_guards.where_roles(_guards.table_wall("earnings", frozen=True)), migrations.RunSQL.noop),
    ]
