"""Documents that are to be paid before they are issued: of changes, and of subscriptions that only begin then."""

from importlib import import_module

from django.db import migrations, models

guards = import_module("perennia.store.migrations.0002_guards")

OPEN_STATES = ["created", "processing", "requires_action", "unknown"]
CLOSED = (
    models.Q(state__in=["open", "paying"], closed_at=None, document_id=None, reason=None)
    | models.Q(state="paid", closed_at__isnull=False, document_id__isnull=False, next_attempt_at=None)
    | models.Q(state="dropped", closed_at__isnull=False, document_id=None, next_attempt_at=None)
)
WALLS = guards.table_wall("drafts", frozen=False)
REFERENCES = """
ALTER TABLE drafts ADD CONSTRAINT drafts_payer_id FOREIGN KEY (payer_id) REFERENCES payers (id);
ALTER TABLE drafts ADD CONSTRAINT drafts_subscription_id FOREIGN KEY (subscription_id) REFERENCES subscriptions (id);
ALTER TABLE drafts ADD CONSTRAINT drafts_change_id FOREIGN KEY (change_id) REFERENCES changes (id);
ALTER TABLE drafts ADD CONSTRAINT drafts_entity_id FOREIGN KEY (entity_id) REFERENCES legal_entities (id);
ALTER TABLE attempts ADD CONSTRAINT attempts_draft_id FOREIGN KEY (draft_id) REFERENCES drafts (id);
"""


def _states(*states: str) -> models.Q:
    return models.Q(state__in=list(states))


class Migration(migrations.Migration):
    dependencies = [("store", "0010_metering")]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("payer_id", models.UUIDField()),
                ("subscription_id", models.UUIDField()),
                ("change_id", models.UUIDField(null=True)),
                ("entity_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("content", models.JSONField()),
                ("digest", models.TextField()),
                ("together", models.BooleanField(default=False)),
                ("state", models.TextField()),
                ("reason", models.TextField(null=True)),
                ("document_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("next_attempt_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "drafts",
                "indexes": [
                    models.Index(fields=["payer_id"], name="drafts_payer", condition=models.Q(state="open")),
                    models.Index(
                        fields=["tenant_id", "next_attempt_at"],
                        name="drafts_due",
                        condition=models.Q(next_attempt_at__isnull=False),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["subscription_id"], name="drafts_one_open", condition=models.Q(state="open")
                    ),
                    models.CheckConstraint(name="drafts_state", condition=_states("open", "paying", "paid", "dropped")),
                    models.CheckConstraint(
                        name="drafts_kind",
                        condition=models.Q(kind="change", change_id__isnull=False)
                        | models.Q(kind="start", change_id=None),
                    ),
                    models.CheckConstraint(name="drafts_amount", condition=models.Q(amount_minor__gt=0)),
                    models.CheckConstraint(name="drafts_closed", condition=CLOSED),
                ],
            },
        ),
        migrations.AddField("payer", "has_drafts", models.BooleanField(db_default=False)),
        migrations.RemoveConstraint("change", "changes_state"),
        migrations.AddConstraint(
            "change",
            models.CheckConstraint(
                name="changes_state", condition=_states("pending", "gated", "applied", "withdrawn", "discarded")
            ),
        ),
        migrations.AlterField("attempt", "document_id", models.UUIDField(null=True)),
        migrations.AddField("attempt", "draft_id", models.UUIDField(null=True)),
        migrations.AddConstraint(
            "attempt",
            models.UniqueConstraint(
                fields=["draft_id"], name="attempts_one_open_draft", condition=models.Q(state__in=OPEN_STATES)
            ),
        ),
        migrations.AddConstraint(
            "attempt",
            models.CheckConstraint(
                name="attempts_of",
                condition=models.Q(document_id__isnull=False) | models.Q(draft_id__isnull=False),
            ),
        ),
        migrations.RunSQL(REFERENCES, migrations.RunSQL.noop),
        migrations.RunSQL(guards.where_roles(WALLS), migrations.RunSQL.noop),
    ]
