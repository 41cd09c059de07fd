"""The attempts at one receivable, and a payer's receivables that ever failed.

Not "those in recovery": a state in the condition would make every payment touch all of the table's indexes.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0002_guards")]

    operations = [
        migrations.AddIndex("attempt", models.Index(fields=["document_id"], name="attempts_document")),
        migrations.AddIndex(
            "receivable",
            models.Index(
                condition=models.Q(("first_failed_at__isnull", False)), fields=["payer_id"], name="receivables_failed"
            ),
        ),
    ]
