"""Changes, pauses, terms and holds of subscriptions, and versions with an anchor and policies of their own."""

from importlib import import_module

from django.db import migrations, models

import perennia.store.tables.columns

guards = import_module("perennia.store.migrations.0002_guards")

WALLS = [statement for table in ("changes", "pauses") for statement in guards.table_wall(table, frozen=False)]
REFERENCES = """
UPDATE subscriptions SET activated_at = greatest(started_at, trial_ends_at)
    WHERE status NOT IN ('scheduled', 'trialing') AND (ended_at IS NULL OR ended_at > greatest(started_at, trial_ends_at));
ALTER TABLE changes ADD CONSTRAINT changes_subscription_id FOREIGN KEY (subscription_id) REFERENCES subscriptions (id);
ALTER TABLE pauses ADD CONSTRAINT pauses_subscription_id FOREIGN KEY (subscription_id) REFERENCES subscriptions (id);
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0002_guards")]

    operations = [
        migrations.AddField(
            model_name='itemversion',
            name='anchor_at',
            field=perennia.store.tables.columns.LocalTime(null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='begun_under',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='ended_under',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='name',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='activated_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='apart',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='cancel_policies',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='changing',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='held_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='issue_asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='pausing',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='reactivates_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='term_periods',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='term_then',
            field=models.TextField(null=True),
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('subscription_id', models.UUIDField()),
                ('kind', models.TextField()),
                ('effective_at', models.DateTimeField()),
                ('state', models.TextField()),
                ('item_id', models.UUIDField(null=True)),
                ('price_id', models.UUIDField(null=True)),
                ('quantity', perennia.store.tables.columns.Exact(null=True)),
                ('unit_amount', perennia.store.tables.columns.Exact(null=True)),
                ('anchor_at', perennia.store.tables.columns.LocalTime(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('item_kind', models.TextField(null=True)),
                ('name', models.TextField(null=True)),
                ('policies', models.JSONField(null=True)),
                ('actor', models.TextField()),
                ('requested_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'changes',
                'indexes': [models.Index(fields=['subscription_id', 'effective_at'], name='changes_subscription')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'applied', 'withdrawn', 'discarded'])), name='changes_state')],
            },
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('subscription_id', models.UUIDField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('policies', models.JSONField(null=True)),
                ('is_over', models.BooleanField(db_default=False)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'pauses',
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='pauses_end'), models.UniqueConstraint(condition=models.Q(('is_over', False)), fields=('subscription_id',), name='pauses_one_at_a_time')],
            },
        ),
        migrations.RunSQL(REFERENCES, migrations.RunSQL.noop),
        migrations.RunSQL(guards.where_roles(WALLS), migrations.RunSQL.noop),
    ]
