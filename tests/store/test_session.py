"""One operation, one transaction, one tenant."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from perennia.domain.ids import Id
from perennia.store import session
from perennia.store.session import Cursor
from tests.operations.shop import Shop, open_shop


class Failed(Exception):
    """What goes wrong in the middle of an operation."""


pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def rename(cursor: Cursor, name: str) -> None:
    cursor.execute("UPDATE legal_entities SET name = %s", (name,))
    assert cursor.rowcount == 1


def rename_and_fail(shop: Shop, name: str) -> None:
    with session.transaction(shop.tenant) as cursor:
        rename(cursor, name)
        raise Failed


def name_of(shop: Shop) -> str:
    ((name,),) = shop.rows("SELECT name FROM legal_entities")
    return str(name)


def test_it_commits_on_leaving(shop: Shop):
    with session.transaction(shop.tenant) as cursor:
        rename(cursor, "Nordlys A/S")
    assert name_of(shop) == "Nordlys A/S"


def test_it_rolls_back_on_an_exception(shop: Shop):
    with pytest.raises(Failed):
        rename_and_fail(shop, "Nordlys A/S")
    assert name_of(shop) == "Nordlys ApS"


def test_a_nested_one_joins_and_falls_with_the_outer(shop: Shop):
    def outer() -> None:
        with session.transaction(shop.tenant):
            with session.transaction(shop.tenant) as cursor:
                rename(cursor, "Nordlys A/S")
            raise Failed

    with pytest.raises(Failed):
        outer()
    assert name_of(shop) == "Nordlys ApS"


def test_a_nested_one_that_fails_takes_back_only_its_own(shop: Shop):
    with session.transaction(shop.tenant) as cursor:
        rename(cursor, "Nordlys K/S")
        with pytest.raises(Failed):
            rename_and_fail(shop, "Nordlys A/S")
    assert name_of(shop) == "Nordlys K/S"


@pytest.mark.parametrize("other", [None, Id(bytes(16))])
def test_a_nested_one_for_another_tenant_is_refused_and_the_outer_keeps_its_own(shop: Shop, other: Id | None):
    with session.transaction(shop.tenant) as cursor:
        with pytest.raises(RuntimeError, match="one tenant"), session.transaction(other):
            pass
        rename(cursor, "Nordlys A/S")
    assert name_of(shop) == "Nordlys A/S"


def test_the_tenant_ends_with_the_transaction(shop: Shop):
    with session.transaction(shop.tenant):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT nullif(current_setting('perennia.tenant', true), '')")
        assert cursor.fetchone() == (None,)


def test_keys_come_back_as_ids_and_instants_in_one_utc(shop: Shop):
    at = datetime(2025, 6, 1, 12, 30, 0, 123456, tzinfo=UTC)
    with session.transaction(shop.tenant) as cursor:
        key, first = cursor.execute(
            "SELECT %s::uuid, timestamptz '2025-06-01 14:30:00.123456+02'", (shop.tenant,)
        ).fetchone()
        cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'")
        (second,) = cursor.execute("SELECT %s::timestamptz", (at,)).fetchone()
    assert type(key) is Id and key == shop.tenant
    assert first == at and first.tzinfo is UTC
    assert second is first, "equal instants are one object"


def test_after_forgetting_the_connection_the_next_transaction_works(shop: Shop):
    def backend() -> int:
        ((pid,),) = shop.rows("SELECT pg_backend_pid()")
        return int(pid)

    before = backend()
    session.forget_connection()
    assert backend() != before
    shop.start(shop.customer(), "basic")
    assert shop.rows("SELECT count(*) FROM documents") == [(1,)]


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(shop: Shop, database):
    with session.snapshot(shop.tenant) as cursor:
        assert cursor.execute("SELECT name FROM legal_entities").fetchall() == [("Nordlys ApS",)]
        with psycopg.connect(database.dsn("app")) as other:
            other.execute("SELECT set_config('perennia.tenant', %s, true)", (shop.tenant.hex(),))
            assert other.execute("UPDATE legal_entities SET name = 'Nordlys A/S'").rowcount == 1
        assert cursor.execute("SELECT name FROM legal_entities").fetchall() == [("Nordlys ApS",)]
    assert name_of(shop) == "Nordlys A/S"


def test_a_snapshot_only_reads_and_stands_alone(shop: Shop):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), session.snapshot(shop.tenant) as cursor:
        rename(cursor, "Nordlys A/S")
    with session.transaction(shop.tenant), pytest.raises(RuntimeError), session.snapshot(shop.tenant):
        pass
