"""Single rows: what a person makes by hand."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from perennia.domain.errors import AlreadyExists
from perennia.store.session import Cursor


def insert(cursor: Cursor, table: str, /, **values: Any) -> None:
    """Insert one row. Raises AlreadyExists where a unique key refuses it."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    adapted = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    try:
        cursor.execute(statement, adapted)
    except psycopg.errors.UniqueViolation as error:
        raise AlreadyExists(kind=table, key=error.diag.constraint_name) from error
