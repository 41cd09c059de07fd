"""Corrections by hand: credit notes, refunds, write-offs, granted credit, one-off charges."""

from importlib import import_module

import perennia.store.tables.columns
from django.db import migrations, models

guards = import_module("perennia.store.migrations.0002_guards")

REFERENCES = [
    ("refunds", "payment_id", "payments"),
    ("refunds", "payer_id", "payers"),
    ("credit_grants", "payer_id", "payers"),
    ("pending_lines", "payer_id", "payers"),
    ("pending_lines", "customer_id", "customers"),
    ("pending_lines", "entity_id", "legal_entities"),
    ("write_offs", "payer_id", "payers"),
]
APPEND_ONLY = ["write_offs"]
TENANT_TABLES = ["credit_grants", "pending_lines", "refunds", "write_offs"]


def references() -> str:
    return "\n".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id);"
        for table, column, target in REFERENCES
    )


def walls() -> str:
    statements = []
    for table in TENANT_TABLES:
        statements += guards.table_wall(table, frozen=table in APPEND_ONLY)
    return guards.where_roles(statements)


class Migration(migrations.Migration):
    dependencies = [("store", "0004_usage")]

    operations = [
        migrations.CreateModel(
            name='CreditGrant',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('payer_id', models.UUIDField()),
                ('entity_id', models.UUIDField()),
                ('currency', models.CharField(max_length=3)),
                ('kind', models.TextField()),
                ('amount_minor', models.BigIntegerField()),
                ('left_minor', models.BigIntegerField()),
                ('reason', models.TextField(null=True)),
                ('granted_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'credit_grants',
            },
        ),
        migrations.CreateModel(
            name='PendingLine',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('payer_id', models.UUIDField()),
                ('customer_id', models.UUIDField()),
                ('entity_id', models.UUIDField()),
                ('subscription_id', models.UUIDField(null=True)),
                ('kind', models.SmallIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('description', models.TextField()),
                ('quantity', perennia.store.tables.columns.Exact()),
                ('unit_amount', perennia.store.tables.columns.Exact()),
                ('tax_class', models.TextField()),
                ('tax_inclusive', models.BooleanField()),
                ('discountable', models.BooleanField()),
                ('at', models.DateTimeField()),
                ('document_id', models.UUIDField(null=True)),
                ('position', models.IntegerField(null=True)),
            ],
            options={
                'db_table': 'pending_lines',
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('payment_id', models.UUIDField()),
                ('payer_id', models.UUIDField()),
                ('gateway', models.TextField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('from_balance_minor', models.BigIntegerField()),
                ('state', models.TextField()),
                ('idempotency_key', models.TextField()),
                ('gateway_reference', models.TextField(null=True)),
                ('reason', models.TextField(null=True)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('next_step_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('tries', models.SmallIntegerField(db_default=0)),
                ('outages', models.SmallIntegerField(db_default=0)),
                ('look_ups', models.SmallIntegerField(db_default=0)),
                ('decline_code', models.TextField(null=True)),
            ],
            options={
                'db_table': 'refunds',
            },
        ),
        migrations.CreateModel(
            name='WriteOff',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('document_id', models.UUIDField()),
                ('payer_id', models.UUIDField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('reason', models.TextField(null=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'write_offs',
            },
        ),
        migrations.RemoveConstraint(
            model_name='receivable',
            name='receivables_state',
        ),
        migrations.AddField(
            model_name='balanceentry',
            name='grant_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='po_number',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='payer',
            name='has_grants',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='payer',
            name='has_pending',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='payment',
            name='entity_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='receivable',
            name='written_off_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='line',
            name='subscription_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name='line',
            name='version_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name='balanceentry',
            index=models.Index(condition=models.Q(('grant_id__isnull', False)), fields=['grant_id'], name='balance_entries_grant'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('attempt_id__isnull', True), ('gateway_reference__isnull', False)), fields=('tenant_id', 'gateway', 'gateway_reference'), name='payments_reference'),
        ),
        migrations.AddConstraint(
            model_name='receivable',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'recovering', 'paid', 'given_up', 'written_off'])), name='receivables_state'),
        ),
        migrations.AddConstraint(
            model_name='receivable',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'written_off'), ('written_off_at__isnull', False)), ('state', 'paid'), models.Q(('state__in', ['open', 'recovering', 'given_up']), ('written_off_at__isnull', True)), _connector='OR'), name='receivables_written_off'),
        ),
        migrations.AddIndex(
            model_name='creditgrant',
            index=models.Index(condition=models.Q(('left_minor__gt', 0)), fields=['payer_id'], name='credit_grants_open'),
        ),
        migrations.AddConstraint(
            model_name='creditgrant',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['promotional', 'paid'])), name='credit_grants_kind'),
        ),
        migrations.AddConstraint(
            model_name='creditgrant',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('left_minor__gte', 0), ('left_minor__lte', models.F('amount_minor'))), name='credit_grants_left'),
        ),
        migrations.AddIndex(
            model_name='pendingline',
            index=models.Index(condition=models.Q(('document_id__isnull', True)), fields=['payer_id'], name='pending_lines_waiting'),
        ),
        migrations.AddConstraint(
            model_name='pendingline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document_id__isnull', True), ('position__isnull', True)), models.Q(('document_id__isnull', False), ('position__isnull', False)), _connector='OR'), name='pending_lines_taken'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['payment_id'], name='refunds_payment'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(
                condition=models.Q(('next_step_at__isnull', False)), fields=['tenant_id', 'next_step_at'], name='refunds_due'
            ),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(
                condition=models.Q(('next_step_at', None), ('state', 'created'), _connector='OR'), name='refunds_step'
            ),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'idempotency_key'), name='refunds_key'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['created', 'succeeded', 'failed'])), name='refunds_state'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('from_balance_minor__gte', 0), ('from_balance_minor__lte', models.F('amount_minor'))), name='refunds_amount'),
        ),
        migrations.AddIndex(
            model_name='writeoff',
            index=models.Index(fields=['document_id'], name='write_offs_document'),
        ),
        migrations.AddConstraint(
            model_name='writeoff',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='write_offs_amount'),
        ),
        *[
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (references(), guards.append_only(*APPEND_ONLY), walls())
        ],
    ]
