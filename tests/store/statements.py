"""What the product asks the server, written down as it goes, and how the server would answer it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer

from perennia.store.session import Cursor

_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_WAITING = ("attempts_pending",)
"""Indexes of only the rows that wait for something now: walking a tenant's part of them is the question itself."""
_TABLE_SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with the values it was sent with."""

    query: bytes
    values: Sequence[Any] | Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return " ".join(self.query.decode().split())


@dataclass(slots=True)
class Recording:
    """Everything executed, and how often rows went by COPY."""

    executed: list[Statement] = field(default_factory=list)
    copies: int = 0

    @property
    def plannable(self) -> list[Statement]:
        """One statement of each kind that has a plan, those with the most values."""
        found: dict[bytes, Statement] = {}
        for statement in self.executed:
            known = found.get(statement.query)
            if str(statement).startswith(_EXPLAINED) and (known is None or _size(statement) > _size(known)):
                found[statement.query] = statement
        return list(found.values())


def _size(statement: Statement) -> int:
    values = statement.values or ()
    return len(repr(list(values.values()) if isinstance(values, Mapping) else values))


@contextmanager
def recording() -> Iterator[Recording]:
    """Write down what any cursor sends while the block lasts."""
    found = Recording()
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def execute_and_note(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        text = query if isinstance(query, bytes) else query.encode() if isinstance(query, str) else query.as_bytes()
        found.executed.append(Statement(text, params))
        return execute(cursor, query, params, **options)

    def copy_and_note(cursor: Any, *words: Any, **options: Any) -> Any:
        found.copies += 1
        return copy(cursor, *words, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", execute_and_note)
        patch.setattr(psycopg.Cursor, "copy", copy_and_note)
        yield found


def plan(cursor: Cursor, statement: Statement) -> dict[str, Any]:
    """How it would run with the values it had."""
    row = cursor.execute(b"EXPLAIN (FORMAT JSON) " + statement.query, statement.values, prepare=False).fetchone()
    assert row is not None
    tree: dict[str, Any] = row[0][0]["Plan"]
    return tree


def generic_plan(cursor: Cursor, statement: Statement) -> dict[str, Any]:
    """How it would run once the server has stopped looking at the values, as it may after a few repeats."""
    sent = PostgresQuery(Transformer.from_context(cursor))
    sent.convert(statement.query, statement.values)
    types = ", ".join(_name_of_type(cursor, oid) for oid in sent.types)
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"PREPARE asked{f' ({types})' if types else ''} AS ".encode() + sent.query)
    nothing = f"({', '.join(['NULL'] * len(sent.types))})" if types else ""
    row = cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nothing}".encode(), prepare=False).fetchone()
    cursor.execute("DEALLOCATE asked")
    cursor.execute("SET LOCAL plan_cache_mode = auto")
    assert row is not None
    tree: dict[str, Any] = row[0][0]["Plan"]
    return tree


def _name_of_type(cursor: Cursor, oid: int) -> str:
    row = cursor.execute("SELECT format_type(%s, NULL)", (oid,)).fetchone() if oid else ("unknown",)
    assert row is not None
    return str(row[0])


def faults(tree: dict[str, Any], *, large: frozenset[str]) -> list[str]:
    """Where a plan walks more of a large table than the rows whose keys it was given, or the first few of a queue."""
    found = []
    queued = {id(scan) for limit in _nodes(tree) if limit["Node Type"] == "Limit" for scan in _in_order(limit)}
    for node in _nodes(tree):
        kind, table = node["Node Type"], node.get("Relation Name")
        beneath = {inner.get("Relation Name") for inner in _nodes(node)} & large
        if kind == "BitmapAnd":
            found.append("BitmapAnd")
        elif kind in ("Hash Join", "Merge Join") and beneath:
            found.append(f"{kind} over {', '.join(sorted(map(str, beneath)))}")
        elif table in large and kind in _TABLE_SCANS and not (_goes_by_key(node) or id(node) in queued):
            found.append(f"{kind} on {table} by {_conditions(node) or 'nothing'}")
    return found


def _nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for inner in tree.get("Plans", ()):
        yield from _nodes(inner)


def _in_order(limit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The index scans that end when the limit is reached, since nothing between them wants all rows first."""
    for inner in limit.get("Plans", ()):
        if inner["Node Type"] in ("Index Scan", "Index Only Scan"):
            yield inner
        elif inner["Node Type"] in ("LockRows", "Result"):
            yield from _in_order(inner)


def _goes_by_key(node: dict[str, Any]) -> bool:
    """Through an index, by more than whose tenant the row is."""
    if node.get("Index Name") in _WAITING:
        return True
    columns = set(re.findall(r'\(?"?(\w+)"?\)? (?:=|<=|>=|<|>|IS)', _conditions(node)))
    return bool(columns - {"tenant_id"})


def _conditions(node: dict[str, Any]) -> str:
    if node["Node Type"] == "Bitmap Heap Scan":
        return " ".join(inner.get("Index Cond", "") for inner in node["Plans"])
    return str(node.get("Index Cond", ""))
