"""What happened: the outbox of a transaction, the numbered feed, the history of each thing."""

from django.db import models

from perennia.store.tables.columns import index, instant, key, table, text, word


class Outbox(models.Model):
    """Events of committed transactions that have no number yet; the position orders those of one payer."""

    position = models.BigAutoField(primary_key=True)
    id = key()
    tenant_id = key()
    payer_id = key(null=True)
    type = word()
    subject_id = key()
    occurred_at = instant()
    recorded_at = instant()

    Meta = table("outbox", indexes=(index("outbox_tenant", "tenant_id", "position"),))


class Feed(models.Model):
    """Events in order, numbered without gaps, each chained to the one before by its hash."""

    pk = models.CompositePrimaryKey("tenant_id", "seq")
    tenant_id = key()
    seq = models.BigIntegerField()
    id = key()
    payer_id = key(null=True)
    type = word()
    subject_id = key()
    occurred_at = instant()
    recorded_at = instant()
    hash = models.BinaryField()

    Meta = table("feed")


class History(models.Model):
    """A change of state: of what, from what to what, when, by whom and why."""

    id = models.BigAutoField(primary_key=True)
    tenant_id = key()
    subject_id = key()
    payer_id = key(null=True)
    change = word()
    before = text(null=True)
    after = text(null=True)
    reason = text(null=True)
    actor = text()
    at = instant()
    recorded_at = instant()

    Meta = table("history", indexes=(index("history_time", "tenant_id", "at"),))
