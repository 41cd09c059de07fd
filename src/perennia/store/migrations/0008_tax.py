"""A customer's tax status, what decided the tax of a document, and rates of regions."""

from django.db import migrations, models

# Columns of the customer that prove its status; all of them empty is a taxable customer of its country.
CONDITION = (
    models.Q(tax_status=None, tax_id=None, region=None, exempt_reason=None)
    | models.Q(tax_status__isnull=False, tax_status="taxable", exempt_reason=None)
    | models.Q(tax_status__isnull=False, tax_status="reverse_charge", tax_id__isnull=False, exempt_reason=None)
    | models.Q(tax_status__isnull=False, tax_status="exempt", exempt_reason__isnull=False)
)


class Migration(migrations.Migration):
    dependencies = [("store", "0007_prices")]

    operations = [
        migrations.AddField("customer", "tax_status", models.TextField(null=True)),
        migrations.AddField("customer", "tax_id", models.TextField(null=True)),
        migrations.AddField("customer", "region", models.CharField(max_length=6, null=True)),
        migrations.AddField("customer", "exempt_reason", models.TextField(null=True)),
        migrations.AddConstraint("customer", models.CheckConstraint(condition=CONDITION, name="customers_tax_status")),
        migrations.AddField("document", "tax_evidence", models.JSONField(null=True)),
        migrations.AlterField("taxrate", "country", models.CharField(max_length=6)),
    ]
