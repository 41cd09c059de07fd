"""Parts that are settled without a line."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0008_tax")]

    operations = [
        migrations.AlterField("billedspan", "document_id", models.UUIDField(null=True)),
        migrations.AlterField("billedspan", "position", models.IntegerField(null=True)),
    ]
