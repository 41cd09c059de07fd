"""A throw-away sandbox: the real operations work in it, nobody sees it, nobody waits for it, nothing of it stays."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.jobs import billing
from perennia.operations import catalog, customers, subscriptions
from perennia.operations.chosen import Chosen
from perennia.operations.rehearsal import throw_away_sandbox
from perennia.store import session
from tests.conftest import Database
from tests.operations.shop import make_catalogue, open_shop

pytestmark = pytest.mark.usefixtures("database")
JANUARY = datetime(2025, 1, 31, 12, tzinfo=UTC)
COUNTS = """SELECT count(*) FROM businesses UNION ALL SELECT count(*) FROM tenants UNION ALL SELECT count(*) FROM documents
    UNION ALL SELECT count(*) FROM payers UNION ALL SELECT count(*) FROM outbox"""


@pytest.fixture
def stranger(database: Database) -> Iterator[psycopg.Connection]:
    """Somebody else on the same database, whom no wall keeps from seeing anything, and who does not wait long."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")
    with closing(psycopg.connect(database.dsn("superuser"), autocommit=True)) as connection:
        connection.execute("SET lock_timeout = '2s'")
        yield connection


def a_sandbox():
    return throw_away_sandbox(country="DK", currency="DKK", zone="Europe/Copenhagen", clock=JANUARY, now=JANUARY)


def signed_up(tenant: Id, name: str, price: Id, **more) -> Id:
    bo = customers.create_customer(tenant=tenant, name=name, email=f"{name}@example.com", now=JANUARY)
    return subscriptions.start(
        tenant=tenant, actor="astrid", customer_id=bo, items=[Chosen(price)], now=JANUARY, **more
    )


def documents(tenant: Id) -> int:
    with session.transaction(tenant) as cursor:
        ((count,),) = cursor.execute("SELECT count(*) FROM documents WHERE tenant_id = %s", (tenant,)).fetchall()
    return count


def product_and_a_fault(tenant: Id) -> None:
    with session.transaction(tenant) as cursor:
        cursor.execute("INSERT INTO products (id, tenant_id, code, name) VALUES (%s, %s, 'x', 'x')", (tenant, tenant))
        cursor.execute("SELECT 1 / 0")


def test_nobody_sees_it_and_nothing_of_it_stays(stranger: psycopg.Connection) -> None:
    before = stranger.execute(COUNTS).fetchall()
    with a_sandbox() as tenant:
        signed_up(tenant, "Bo", make_catalogue(tenant)["basic"])
        assert documents(tenant) == 1
        assert stranger.execute(COUNTS).fetchall() == before
    assert stranger.execute(COUNTS).fetchall() == before
    assert documents(tenant) == 0


def sign_up_and_break(tenants: list[Id]) -> None:
    with a_sandbox() as tenant:
        tenants.append(tenant)
        signed_up(tenant, "Bo", make_catalogue(tenant)["basic"])
        raise ZeroDivisionError


def test_nothing_stays_of_one_that_breaks() -> None:
    made: list[Id] = []
    with pytest.raises(ZeroDivisionError):
        sign_up_and_break(made)
    assert documents(made[0]) == 0
    assert not session.is_rehearsal()


def test_a_refused_operation_leaves_nothing_behind_and_the_next_one_works() -> None:
    with a_sandbox() as tenant:
        prices = make_catalogue(tenant)
        for _ in range(3):
            with pytest.raises(InvalidValue):
                signed_up(tenant, "Bo", prices["basic"], cancel_on=date(2025, 1, 1))
        with pytest.raises(psycopg.errors.DivisionByZero):
            product_and_a_fault(tenant)
        signed_up(tenant, "Bo", prices["basic"])
        assert documents(tenant) == 1
        with session.transaction(tenant) as cursor:
            found = cursor.execute("SELECT code FROM products WHERE tenant_id = %s", (tenant,)).fetchall()
        assert found == [("service",)]


def test_others_work_on_meanwhile(stranger: psycopg.Connection) -> None:
    """Whatever a stranger writes to the tables that a rehearsal wrote to, it never waits for the rehearsal's end.

    The rehearsal keeps what it locked until it ends, so a statement that had to wait for it would run into its time limit.
    """
    nordlys = open_shop(opened_on=date(2025, 1, 31))
    nordlys.start(nordlys.customer(), "basic")
    with a_sandbox() as tenant:
        signed_up(tenant, "Bo", make_catalogue(tenant)["basic"])
        stranger.execute(
            "INSERT INTO businesses (id, slug, name, created_at) SELECT g, g::text, 'Sydlys', now() FROM gen_random_uuid() g"
        )
        for table in ("number_series", "tenants", "payers", "subscriptions", "item_versions"):
            assert stranger.execute(f"UPDATE {table} SET id = id".encode()).rowcount > 0


def test_many_rows_more_than_once() -> None:
    """Rows that go by COPY otherwise, through stages that only a commit empties."""
    with a_sandbox() as tenant:
        price = make_catalogue(tenant)["basic"]
        bo = customers.create_customer(tenant=tenant, name="Bo", email="bo@example.com", now=JANUARY)
        for _ in range(70):
            subscriptions.start(
                tenant=tenant, actor="astrid", customer_id=bo, items=[Chosen(price)], now=JANUARY, apart=True
            )
        for month in (3, 4):
            at = datetime(2025, month, 1, tzinfo=UTC)
            assert billing.run_until_done(tenant=tenant, as_of=at, now=at, catch_up=True).lines == 70
        assert documents(tenant) == 210


def test_it_is_of_one_tenant_and_stands_alone() -> None:
    with a_sandbox() as tenant:
        with pytest.raises(RuntimeError, match="one tenant"), session.transaction(None):
            pass
        with pytest.raises(RuntimeError), a_sandbox():
            pass
        catalog.create_product(tenant=tenant, code="still", name="Works")


def test_what_is_asked_afterwards_is_asked_as_before() -> None:
    with a_sandbox() as tenant:
        make_catalogue(tenant)
    shop = open_shop(tax=False)
    shop.start(shop.customer(), "basic")
    assert shop.rows("SELECT sum(net_minor) FROM documents") == [(Decimal(10000),)]
