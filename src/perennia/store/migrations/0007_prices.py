"""Prices of every model; one replaces another; what a price says never changes."""

import perennia.store.tables.columns
from django.db import migrations, models

STAYS = [
    "id", "plan_id", "add_on_id", "code", "model", "currency", "interval_unit", "interval_count",
    "unit_amount", "timing", "tax_inclusive", "tax_class", "created_at", "scheme", "scale", "meter_id", "period_minimum",
    "setup_fee", "trial_days", "policies", "replaces_id", "sold_from",
]  # fmt: skip

GUARDS = f"""
ALTER TABLE prices ADD CONSTRAINT prices_replaces_id FOREIGN KEY (replaces_id) REFERENCES prices (id);
CREATE TRIGGER prices_stay BEFORE UPDATE OF {", ".join(STAYS)} ON prices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('prices_stay');
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0006_customers")]

    operations = [
        migrations.RemoveConstraint(model_name='price', name='prices_model'),
        migrations.AddField(model_name='price', name='scheme', field=models.JSONField(null=True)),
        migrations.AddField(model_name='price', name='scale', field=models.SmallIntegerField(default=6)),
        migrations.AddField(model_name='price', name='meter_id', field=models.UUIDField(null=True)),
        migrations.AddField(model_name='price', name='period_minimum', field=perennia.store.tables.columns.Exact(null=True)),
        migrations.AddField(model_name='price', name='setup_fee', field=perennia.store.tables.columns.Exact(null=True)),
        migrations.AddField(model_name='price', name='trial_days', field=models.IntegerField(default=0)),
        migrations.AddField(model_name='price', name='policies', field=models.JSONField(null=True)),
        migrations.AddField(model_name='price', name='replaces_id', field=models.UUIDField(null=True)),
        migrations.AddField(model_name='price', name='sold_from', field=models.DateTimeField(null=True)),
        migrations.AddField(model_name='price', name='sold_until', field=models.DateTimeField(null=True)),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(condition=models.Q(('replaces_id__isnull', False)), fields=('tenant_id', 'replaces_id'), name='prices_replaced_once'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model__in', ['flat', 'per_unit']), ('scheme__isnull', True)), models.Q(models.Q(('model__in', ['graduated', 'volume', 'stairstep', 'package', 'percentage', 'block'])), ('scheme__isnull', False)), _connector='OR'), name='prices_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('meter_id', None), ('timing', 'arrears'), _connector='OR'), name='prices_metered_in_arrears'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('period_minimum', None), ('period_minimum__gte', 0), _connector='OR'), name='prices_minimum_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('setup_fee', None), ('setup_fee__gte', 0), _connector='OR'), name='prices_fee_not_negative'),
        ),
        migrations.AddField(model_name='product', name='one_per_customer', field=models.BooleanField(db_default=False)),
        migrations.AddField(model_name='subscription', name='only_product_id', field=models.UUIDField(null=True)),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(('only_product_id__isnull', False)), fields=('customer_id', 'only_product_id'), name='subscriptions_one_per_product'),
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
