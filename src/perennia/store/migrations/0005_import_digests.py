"""The digest of the row that a customer or a subscription was imported from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0004_earnings")]

    operations = [
        migrations.AddField("customer", "import_digest", models.BigIntegerField(null=True)),
        migrations.AddField("subscription", "import_digest", models.BigIntegerField(null=True)),
    ]
