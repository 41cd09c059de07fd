"""Coupons with codes, remembered trials, preferences and consent, payers of others, several legal entities."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.expressions
from django.db import migrations, models

_guards = import_module("perennia.store.migrations.0002_guards")

REFERENCES = [
    ("coupon_codes", "coupon_id", "coupons"),
    ("coupon_redemptions", "coupon_id", "coupons"),
    ("coupon_redemptions", "customer_id", "customers"),
    ("customer_discounts", "customer_id", "customers"),
    ("customer_discounts", "coupon_id", "coupons"),
    ("customer_discounts", "redemption_id", "coupon_redemptions"),
    ("consents", "customer_id", "customers"),
    ("remembered_trials", "product_id", "products"),
]
APPEND_ONLY = ["consents", "remembered_trials"]
TENANT_TABLES = ["coupon_codes", "coupon_redemptions", "customer_discounts", *APPEND_ONLY]

# A coupon's own code is what subscribers type; until now only an import could attach one.
OWN_CODES = """
INSERT INTO coupon_codes (tenant_id, code, coupon_id, created_at)
SELECT tenant_id, upper(trim(code)), id, now() FROM coupons ORDER BY id ON CONFLICT DO NOTHING;
"""


def references() -> str:
    return "\n".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id);"
        for table, column, target in REFERENCES
    )


def walls() -> str:
    statements = [
        statement for table in TENANT_TABLES for statement in _guards.table_wall(table, frozen=table in APPEND_ONLY)
    ]
    return _guards.where_roles(statements)


class Migration(migrations.Migration):
    dependencies = [("store", "0005_corrections")]

    operations = [
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('customer_id', models.UUIDField()),
                ('given', models.BooleanField()),
                ('wording', models.TextField()),
                ('source', models.TextField()),
                ('actor', models.TextField()),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'consents',
            },
        ),
        migrations.CreateModel(
            name='CouponCode',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'code', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('code', models.TextField()),
                ('coupon_id', models.UUIDField()),
                ('max_redemptions', models.IntegerField(null=True)),
                ('redeemed', models.IntegerField(db_default=0)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'coupon_codes',
            },
        ),
        migrations.CreateModel(
            name='CouponRedemption',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('coupon_id', models.UUIDField()),
                ('code', models.TextField()),
                ('customer_id', models.UUIDField()),
                ('subscription_id', models.UUIDField(null=True)),
                ('state', models.TextField()),
                ('redeemed_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'coupon_redemptions',
            },
        ),
        migrations.CreateModel(
            name='CustomerDiscount',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('customer_id', models.UUIDField()),
                ('coupon_id', models.UUIDField()),
                ('redemption_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'customer_discounts',
            },
        ),
        migrations.CreateModel(
            name='RememberedTrial',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'product_id', 'hash', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('product_id', models.UUIDField()),
                ('hash', models.BinaryField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'remembered_trials',
            },
        ),
        migrations.RemoveConstraint(
            model_name='document',
            name='documents_number',
        ),
        migrations.RemoveConstraint(
            model_name='numberseries',
            name='number_series_once',
        ),
        migrations.AddField(
            model_name='coupon',
            name='max_per_customer',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='coupon',
            name='max_redemptions',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='coupon',
            name='new_customers_only',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='coupon',
            name='redeemed',
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='coupon',
            name='scope',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_default=[], size=None),
        ),
        migrations.AddField(
            model_name='coupon',
            name='valid_from',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='coupon',
            name='valid_to',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='customer',
            name='billing_day',
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='customer',
            name='channel',
            field=models.TextField(db_default='email'),
        ),
        migrations.AddField(
            model_name='customer',
            name='discounted',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='customer',
            name='marketing_consent',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='customer',
            name='notices',
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name='document',
            name='series_year',
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='serves',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), db_default=[], size=None),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='yearly',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='year',
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='paymentmethod',
            name='fingerprint',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='next_zone',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='zone',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='zone_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='po_number',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='subscriptiondiscount',
            name='redemption_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='subscriptiondiscount',
            name='scoped',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='tenant',
            name='secret',
            field=models.BinaryField(db_default=django.db.models.expressions.RawSQL("decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')", ())),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('payer_id', models.F('id')), _negated=True), fields=['payer_id'], name='customers_paid_for'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('redeemed__gte', 0), models.Q(('max_redemptions', None), ('redeemed__lte', models.F('max_redemptions')), _connector='OR')), name='coupons_within_limit'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'letter', 'portal'])), name='customers_channel'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('billing_day', None), ('billing_day__range', (1, 31)), _connector='OR'), name='customers_billing_day'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'entity_id', 'kind', 'series_year', 'number'), name='documents_number'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'entity_id', 'kind', 'year'), name='number_series_once'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['customer_id'], name='consents_customer'),
        ),
        migrations.AddConstraint(
            model_name='couponcode',
            constraint=models.CheckConstraint(condition=models.Q(('redeemed__gte', 0), models.Q(('max_redemptions', None), ('redeemed__lte', models.F('max_redemptions')), _connector='OR')), name='coupon_codes_within_limit'),
        ),
        migrations.AddIndex(
            model_name='couponredemption',
            index=models.Index(fields=['customer_id'], name='coupon_redemptions_customer'),
        ),
        migrations.AddConstraint(
            model_name='couponredemption',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('released_at', None), ('state', 'counted')), models.Q(('released_at__isnull', False), ('state', 'released')), _connector='OR'), name='coupon_redemptions_state'),
        ),
        migrations.AddConstraint(
            model_name='customerdiscount',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('customer_id', 'coupon_id'), name='customer_discounts_once'),
        ),
        *(
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (references(), OWN_CODES, _guards.append_only(*APPEND_ONLY), walls())
        ),
    ]
