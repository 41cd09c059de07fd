"""Row security: a tenant sees its own rows only, and the claim role sees when something is due and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.apps import apps

from perennia.store import session
from tests.conftest import Database
from tests.operations.shop import Shop
from tests.store.lives import lived_live_shop, lived_sandbox

FROZEN = {
    "parties", "documents", "lines", "allocations", "balance_entries", "postings", "movements", "recognitions",
    "earnings", "feed", "history", "consents", "remembered_trials", "write_offs",
    "usage_keys", "usage_events", "usage_alerts", "usage_settlements",
}  # fmt: skip
CLAIMABLE = {
    "payers": {"tenant_id", "next_due_at", "set_aside_at"},
    "receivables": {"tenant_id", "next_attempt_at"},
    "attempts": {"tenant_id", "state", "next_look_up_at", "leased_until"},
    "outbox": {"tenant_id", "position"},
    "tenants": {"id", "mode"},
    "usage_signals": {"tenant_id"},
}
ROLES = ("perennia_owner", "perennia_app", "perennia_claim")


@pytest.fixture(autouse=True, scope="module")
def walled(database: Database) -> Database:
    if not database.server.has_roles:
        pytest.skip("on a server with one role there is no second wall")
    return database


@pytest.fixture(scope="module")
def ours(walled: Database) -> Shop:
    return lived_sandbox()


@pytest.fixture(scope="module")
def theirs(walled: Database) -> Shop:
    return lived_live_shop()


def tenant_tables() -> list[str]:
    """Every table with rows of tenants, by the models."""
    models = apps.get_app_config("store").get_models()
    return sorted(
        model._meta.db_table for model in models if any(field.name == "tenant_id" for field in model._meta.fields)
    )


def count(cursor: Any, table: str, shop: Shop | None = None) -> int:
    where, values = ("true", ()) if shop is None else ("tenant_id = %s", (shop.tenant,))
    row = cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}".encode(), values).fetchone()
    return int(row[0])


@contextmanager
def denied(cursor: Any) -> Iterator[None]:
    """The statement is refused, and the transaction goes on."""
    cursor.execute("SAVEPOINT before")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        yield
    cursor.execute("ROLLBACK TO before")


def test_every_table_of_tenants_has_its_wall(ours: Shop):
    rows = ours.rows(
        """SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND EXISTS (
            SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped
        ) ORDER BY relname"""
    )
    assert [name for name, _ in rows] == tenant_tables()
    assert [name for name, wall in rows if not wall] == []
    assert set(tenant_tables()) >= FROZEN


def test_a_partition_has_the_wall_of_its_table_and_no_door(ours: Shop):
    rows = ours.rows(
        """SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
            has_table_privilege('perennia_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' ORDER BY c.relname"""
    )
    assert ("usage_events_default", True, False) in rows
    assert len(rows) > 3, "months are made ahead"
    assert [row for row in rows if row[1:] != (True, False)] == []
    with session.transaction(ours.tenant) as cursor:
        for name, _, _ in rows:
            with denied(cursor):
                count(cursor, name)


def test_the_app_makes_months_and_nothing_else(ours: Shop):
    ((month, guard),) = ours.rows(
        """SELECT has_function_privilege('perennia_app', 'make_usage_month(date)', 'EXECUTE'),
            has_function_privilege('perennia_app', 'guard_usage_partition(text)', 'EXECUTE')"""
    )
    assert (month, guard) == (True, False)
    ((claims,),) = ours.rows("SELECT has_function_privilege('perennia_claim', 'make_usage_month(date)', 'EXECUTE')")
    assert not claims


def test_without_a_tenant_nothing_is_seen_or_added(ours: Shop):
    with session.transaction(None) as cursor:
        for table in tenant_tables():
            assert count(cursor, table) == 0, table
            with denied(cursor):
                _add(cursor, table, ours)


def test_each_tenant_sees_its_own(ours: Shop, theirs: Shop):
    for shop in (ours, theirs):
        with session.transaction(shop.tenant) as cursor:
            seen = {table: count(cursor, table, shop) for table in tenant_tables()}
            assert {table: count(cursor, table) for table in tenant_tables()} == seen
        assert {table for table, rows in seen.items() if not rows} <= {
            "tax_rates", "changes", "drafts", "pauses", "usage_alerts", "usage_settlements",
        }  # fmt: skip


@pytest.mark.parametrize("table", tenant_tables())
def test_the_rows_of_another_tenant_cannot_be_seen_added_changed_or_removed(table: str, ours: Shop, theirs: Shop):
    with session.transaction(ours.tenant) as cursor:
        assert count(cursor, table, theirs) == 0
        with denied(cursor):
            _add(cursor, table, theirs)
        with pytest.raises(psycopg.errors.NotNullViolation), session.transaction(ours.tenant):
            _add(cursor, table, ours)  # for ours the wall is open, and the next rule refuses the empty row
        if table in FROZEN:
            return
        cursor.execute(f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = %s".encode(), (theirs.tenant,))
        assert cursor.rowcount == 0
        cursor.execute(f"DELETE FROM {table} WHERE tenant_id = %s".encode(), (theirs.tenant,))
        assert cursor.rowcount == 0
        if count(cursor, table):
            with denied(cursor):
                cursor.execute(f"UPDATE {table} SET tenant_id = %s".encode(), (theirs.tenant,))


def _add(cursor: Any, table: str, shop: Shop) -> None:
    """A row with nothing but its tenant: the wall stands before every other rule."""
    cursor.execute(
        f"""INSERT INTO {table} SELECT r.*
        FROM jsonb_populate_record(NULL::{table}, jsonb_build_object('tenant_id', %s::uuid)) AS r""".encode(),
        (shop.tenant,),
    )


def test_rows_cannot_be_copied_past_the_wall(ours: Shop):
    with session.transaction(ours.tenant) as cursor:
        for table in tenant_tables():
            cursor.execute("SAVEPOINT before")
            with pytest.raises(psycopg.errors.FeatureNotSupported), cursor.copy(f"COPY {table} FROM STDIN".encode()):
                pass
            cursor.execute("ROLLBACK TO before")


def test_the_claim_role_sees_what_is_due_in_every_tenant(ours: Shop, theirs: Shop):
    with session.claiming() as cursor:
        for table in CLAIMABLE:
            tenant = "id" if table == "tenants" else "tenant_id"
            seen = {row[0] for row in cursor.execute(f"SELECT {tenant} FROM {table}".encode())}
            assert seen >= {ours.tenant, theirs.tenant}, table


def test_the_claim_role_may_do_nothing_else(ours: Shop):
    columns = ours.rows(
        """SELECT relname, attname, has_column_privilege('perennia_claim', c.oid, attnum, 'SELECT'),
            has_column_privilege('perennia_claim', c.oid, attnum, 'INSERT, UPDATE, REFERENCES'),
            has_table_privilege('perennia_claim', c.oid, 'DELETE, TRUNCATE, TRIGGER')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT attisdropped
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"""
    )
    readable: dict[str, set[str]] = {}
    for table, column, reads, _, _ in columns:
        if reads:
            readable.setdefault(table, set()).add(column)
    assert readable == CLAIMABLE
    assert [(table, column) for table, column, _, adds, removes in columns if adds or removes] == []
    with session.claiming() as cursor:
        for refused in (
            "SELECT * FROM payers",
            "SELECT id FROM payers",
            "SELECT count(*) FROM payers WHERE lines > 0",
            "SELECT slug FROM tenants",
            "SELECT open_minor FROM receivables",
            "SELECT 1 FROM customers",
            "UPDATE payers SET next_due_at = NULL",
            "DELETE FROM outbox",
        ):
            with denied(cursor):
                cursor.execute(refused.encode())


def test_the_roles_have_no_more_power_than_their_grants(ours: Shop):
    rows = ours.rows(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = ANY(%s)",
        list(ROLES),
    )
    assert dict(rows) == dict.fromkeys(ROLES, False)
    ((app, claims, may_claim, owns),) = ours.rows(
        """SELECT current_user::text, pg_has_role('perennia_claim', 'USAGE'), pg_has_role('perennia_claim', 'MEMBER'),
            pg_has_role('perennia_app', 'perennia_owner', 'MEMBER')"""
    )
    assert (app, claims, may_claim, owns) == ("perennia_app", False, True, False)


def test_after_claiming_the_app_is_behind_its_wall_again(ours: Shop):
    with session.claiming():
        pass
    with session.transaction(None) as cursor:
        assert cursor.execute("SELECT current_user::text").fetchone() == ("perennia_app",)
        assert count(cursor, "payers") == 0
    with session.transaction(ours.tenant), pytest.raises(RuntimeError), session.claiming():
        pass
