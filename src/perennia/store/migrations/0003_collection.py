"""The attempts at one receivable, and a payer's receivables in recovery."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0002_guards")]

    operations = [
        migrations.AddIndex("attempt", models.Index(fields=["document_id"], name="attempts_document")),
        migrations.AddIndex(
            "receivable",
            models.Index(condition=models.Q(("state", "recovering")), fields=["payer_id"], name="receivables_recovering"),
        ),
    ]
