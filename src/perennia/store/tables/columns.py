"""The few kinds of column that the tables are made of."""

from typing import Any

from django.db import models


class Row(models.Model):
    """A row of one tenant, with a UUIDv7 key given by the product."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()

    class Meta:
        abstract = True


def key(**options: Any) -> models.UUIDField:
    """The key of another row; references that the run can afford are added in SQL."""
    return models.UUIDField(**options)


def minor(**options: Any) -> models.BigIntegerField:
    """An amount in minor units of the currency beside it."""
    return models.BigIntegerField(**options)


def currency() -> models.CharField:
    return models.CharField(max_length=3)


def instant(**options: Any) -> models.DateTimeField:
    return models.DateTimeField(**options)


def word(**options: Any) -> models.TextField:
    """One of a few words fixed in `domain`."""
    return models.TextField(**options)


def text(**options: Any) -> models.TextField:
    return models.TextField(**options)


class Exact(models.Field):
    """A decimal number of any length, stored as it is written: `numeric` without a scale."""

    def db_type(self, connection: Any) -> str:
        return "numeric"


class LocalTime(models.Field):
    """A local time without a zone, which stands beside it: where periods are counted from."""

    def db_type(self, connection: Any) -> str:
        return "timestamp without time zone"


def local_time(**options: Any) -> LocalTime:
    return LocalTime(**options)


def policies() -> models.JSONField:
    """The policies of one act, where they differ from those of its subscription."""
    return models.JSONField(null=True)


def rate(**options: Any) -> Exact:
    """A unit price, quantity or percent."""
    return Exact(**options)


def table(name: str, *constraints: Any, indexes: tuple[models.Index, ...] = ()) -> type:
    return type("Meta", (), {"db_table": name, "constraints": list(constraints), "indexes": list(indexes)})


def unique(name: str, *fields: str, **options: Any) -> models.UniqueConstraint:
    return models.UniqueConstraint(name=name, fields=list(fields), **options)


def check(name: str, condition: models.Q) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=condition)


def index(name: str, *fields: str, **options: Any) -> models.Index:
    return models.Index(name=name, fields=list(fields), **options)
