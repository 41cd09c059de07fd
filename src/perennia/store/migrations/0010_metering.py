"""What is metered is read until nothing more is charged for it; what a minimum added is settled beside usage."""

from importlib import import_module

from django.db import migrations, models

guards = import_module("perennia.store.migrations.0002_guards")

METERED_SO_FAR = """
UPDATE item_versions v SET metering = true FROM prices p WHERE p.id = v.price_id AND p.meter_id IS NOT NULL;
UPDATE subscriptions s SET metering = true
    WHERE EXISTS (SELECT FROM item_versions v WHERE v.subscription_id = s.id AND v.metering);
"""
CLAIM = guards.where_roles(
    [
        "CREATE POLICY due_everywhere ON usage_signals FOR SELECT TO perennia_claim USING (true)",
        "GRANT SELECT (tenant_id) ON usage_signals TO perennia_claim",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("store", "0009_money")]

    operations = [
        migrations.AddField("subscription", "metering", models.BooleanField(db_default=False)),
        migrations.AddField("subscription", "used_until", models.DateTimeField(null=True)),
        migrations.AddField("itemversion", "metering", models.BooleanField(db_default=False)),
        migrations.AddField("usagesettlement", "kind", models.SmallIntegerField(db_default=5)),
        migrations.RunSQL(METERED_SO_FAR, migrations.RunSQL.noop),
        migrations.RunSQL(CLAIM, migrations.RunSQL.noop),
    ]
