"""Rows arrive as they were sent: a few as one parameter, many by binary COPY, into every table written in bulk."""

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import models

from perennia.domain.documents import LineKind
from perennia.domain.errors import AlreadyExists
from perennia.domain.events import EventType
from perennia.domain.ids import Id
from perennia.store import bulk, session, tables
from perennia.store.arrays import instants, keys
from perennia.store.identity import new_id, new_ids
from perennia.store.session import Cursor
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")

FEW, MANY = 7, 150
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
_WORDS = ["", "plain", "Ærø – “kvote” 🦊", "quotes \" and ' and \\ and \\N", "two\nlines\tand\r\nmore", "{[,]}"]
_SAMPLES: dict[type, list[Any]] = {
    models.UUIDField: [Id(bytes(16)), Id(b"\xff" * 16), Id(bytes(range(16)))],
    models.BigIntegerField: [0, -1, 2**63 - 1, -(2**63)],
    models.IntegerField: [0, -1, 2**31 - 1, -(2**31)],
    models.SmallIntegerField: [0, LineKind.CREDIT, 2**15 - 1, -(2**15)],
    models.BooleanField: [True, False],
    models.DateTimeField: [
        NOON,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2025, 3, 30, 3, 0, 0, 1, tzinfo=ZoneInfo("Europe/Copenhagen")),
        datetime(2199, 12, 31, 0, 0, 0, 500_001, tzinfo=UTC),
    ],
    tables.columns.LocalTime: [NOON.replace(tzinfo=None, hour=2), NOON.replace(tzinfo=None, microsecond=999_999)],
    models.DateField: [date(1970, 1, 1), date(1999, 12, 31), date(2024, 2, 29), date(2199, 12, 31)],
    tables.columns.Exact: [
        Decimal(text)
        for text in ("0", "-0.01", "1.50", "100", "0.000000000001", "-12345678901234567890.123456789012", "9e3", "25.00")
    ],
    models.BinaryField: [b"", b"\x00\xff\\x00", bytes(32)],
    models.JSONField: [{}, {"name": 'Bø "x"\n', "n": [1, 2.5, None, True]}, ["a"], "text", 7],
    models.CharField: ["da", "x"],
    models.TextField: [*_WORDS, EventType.INVOICE_PAID],
}  # fmt: skip


def _samples(field: Any) -> list[Any]:
    found = next(_SAMPLES[cls] for cls in type(field).__mro__ if cls in _SAMPLES)
    return [*found, None] if field.null else found


def _rows(model: Any, columns: Sequence[str], number: int) -> list[tuple[Any, ...]]:
    """Every sample of every column, each column at a pace of its own."""
    samples = [_samples(model._meta.get_field(column)) for column in columns]
    return [tuple(values[(n + n // 7 * c) % len(values)] for c, values in enumerate(samples)) for n in range(number)]


def _columns(model: Any) -> tuple[str, ...]:
    filled = bulk._FILLED_BY_INSERT.get(model, ())
    return tuple(field.name for field in model._meta.local_fields if field.name not in ("pk", *filled))


def _told(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Row by row in an order of their own; numbers digit by digit, since equal ones may differ in those."""
    return sorted(([_word(value) for value in row] for row in rows), key=repr)


def _word(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value.value if isinstance(value, Enum) else value


@pytest.mark.parametrize("number", [FEW, MANY])
@pytest.mark.parametrize("model", bulk.STAGED, ids=lambda model: model._meta.db_table)
def test_what_is_read_back_is_what_went_in(model: Any, number: int):
    columns = _columns(model)
    rows = _rows(model, columns, number)
    bulk._numeric.cache_clear()  # it takes equal numbers for one, also those that other tests have left there
    with session.transaction(None) as cursor:
        offered = bulk.offer(cursor, model, columns, rows)
        cursor.execute(f"SELECT {', '.join(columns)} FROM {offered.source}".encode(), offered.values)
        found = cursor.fetchall()
    assert ("json" in offered.source) == (number == FEW)
    assert _told(found) == _told(rows)


def test_every_kind_of_column_was_among_them():
    met = {field for model in bulk.STAGED for field in model._meta.local_fields if field.name in _columns(model)}
    kinds = {next(kind for kind in type(field).__mro__ if kind in bulk._KINDS) for field in met}
    assert kinds == set(bulk._KINDS)
    nullable = {next(kind for kind in type(field).__mro__ if kind in bulk._KINDS) for field in met if field.null}
    assert nullable >= {*kinds} - {models.BooleanField, models.SmallIntegerField, models.BinaryField, models.CharField}


_EVENT = ("id", "tenant_id", "subject_id", "occurred_at", "payer_id", "type")


def _events(tenant: Id, number: int) -> list[tuple[Any, ...]]:
    """Of very different length: on a page where a long row found no place, a short one may."""
    return [(key, tenant, key, NOON, None, "x" * (n * 37 % 400)) for n, key in enumerate(new_ids(number))]


@pytest.mark.parametrize("number", [FEW, MANY, 20 * MANY])
def test_positions_in_the_outbox_keep_the_order_of_the_rows(number: int):
    tenant = open_shop().tenant
    rows = _events(tenant, number)[::-1]
    with session.transaction(tenant) as cursor:
        bulk.insert(cursor, tables.Outbox, _EVENT, rows, recorded_at=True)
        found = cursor.execute("SELECT id, recorded_at FROM outbox ORDER BY position").fetchall()
    assert [key for key, _ in found] == [row[0] for row in rows]
    assert {recorded for _, recorded in found} != {NOON}


def test_several_tables_in_one_transaction_and_the_stages_are_empty_in_the_next():
    tenant = open_shop().tenant
    history = ("tenant_id", "subject_id", "at", "payer_id", "before", "after", "reason", "change", "actor")
    for _ in range(2):
        with session.transaction(tenant) as cursor:
            changes = [(tenant, row[0], NOON, None, None, "new", None, "x", "astrid") for row in _events(tenant, MANY)]
            bulk.insert(cursor, tables.Outbox, _EVENT, _events(tenant, MANY), recorded_at=True)
            bulk.insert(cursor, tables.History, history, changes, recorded_at=True)
    with session.transaction(tenant) as cursor:
        assert cursor.execute("SELECT count(*) FROM outbox").fetchone() == (2 * MANY,)
        assert cursor.execute("SELECT count(*) FROM history WHERE change = 'x'").fetchone() == (2 * MANY,)


def test_one_table_twice_in_a_transaction_needs_its_stage_emptied_between():
    tenant = open_shop().tenant
    with session.transaction(tenant) as cursor:
        bulk.insert(cursor, tables.Outbox, _EVENT, _events(tenant, MANY), recorded_at=True)
        bulk.empty_stages(cursor)
        bulk.insert(cursor, tables.Outbox, _EVENT, _events(tenant, MANY), recorded_at=True)
        assert cursor.execute("SELECT count(*), count(DISTINCT id) FROM outbox").fetchone() == (2 * MANY, 2 * MANY)


def _customers(cursor: Cursor, tenant: Id, external_ids: Sequence[str | None], *, key: Id | None = None) -> None:
    columns = ("id", "tenant_id", "payer_id", "party_id", "created_at", "external_id", "name", "email", "country",
               "language")  # fmt: skip
    rows = [(key or new_id(), tenant, new_id(), new_id(), NOON, it, "Bo", "bo@x", "DK", "da") for it in external_ids]
    bulk.insert(cursor, tables.Customer, columns, rows)


@pytest.mark.parametrize("number", [FEW, MANY])
def test_an_external_id_given_twice_is_told_as_that(number: int):
    tenant = open_shop().tenant
    names = [f"c{n}" for n in range(number)]
    with pytest.raises(AlreadyExists) as refused, session.transaction(tenant) as cursor:
        _customers(cursor, tenant, [*names, names[-1]])
    assert refused.value.facts == {"kind": "customers", "key": "external_id"}
    with pytest.raises(psycopg.errors.UniqueViolation, match="customers_pkey"), session.transaction(tenant) as cursor:
        _customers(cursor, tenant, names, key=new_id())


@pytest.mark.parametrize("number", [1, MANY])
@pytest.mark.parametrize(("column", "value"), [("lines", 2**31), ("lines", 2**70), ("set_aside_code", "nul \x00")])
def test_a_value_that_its_column_cannot_hold_is_the_culprits_error(number: int, column: str, value: object):
    columns = ("id", "tenant_id", "has_credit", "lines", "set_aside_code")
    row = {"id": new_id(), "tenant_id": new_id(), "has_credit": False, "lines": 1, "set_aside_code": None} | {
        column: value
    }
    culprits = (struct.error, ValueError, psycopg.DataError)  # what the run sets a payer aside for
    with pytest.raises(culprits), session.transaction(None) as cursor:
        bulk.insert(cursor, tables.Payer, columns, [tuple(row.values())] * number)


@pytest.mark.parametrize("number", [0, 1, 3_000])
def test_keys_and_instants_travel_as_one_parameter(number: int):
    ids = new_ids(number)
    at = [None if n % 3 == 2 else NOON + timedelta(days=n - 20_000, microseconds=n) for n in range(number)]
    with session.transaction(None) as cursor:
        row = cursor.execute("SELECT %s::uuid[], %s::timestamptz[]", (keys(ids), instants(at))).fetchone()
        nothing = cursor.execute("SELECT count(*) FROM unnest(%s::timestamptz[]) AS i", (instants([]),)).fetchone()
    assert row == (ids, at)
    assert nothing == (0,)
