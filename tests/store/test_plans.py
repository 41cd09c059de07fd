"""No statement of the run or of collection walks a table: not on tables without statistics, not with generic plans."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest

from perennia.config.clock import now as machine_now
from perennia.jobs.collection import next_collection_at
from perennia.operations import billing, clock, feed
from perennia.store import bulk, session
from perennia.store.session import Cursor
from tests.conftest import Database
from tests.operations.shop import Shop
from tests.store.crowd import collect, crowded_shop
from tests.store.statements import Recording, Statement, faults, generic_plan, plan, recording

pytestmark = pytest.mark.slow

CROWD = 7_000
"""So many that a tenant's rows, by the planner's guess of one in 200, cost more than ten look-ups."""
LARGE = frozenset(model._meta.db_table for model in bulk.STAGED)
"""Tables that grow with the subscribers; the catalogue and the number series do not."""
MOST_STATEMENTS = 40


@dataclass(slots=True)
class Crowd:
    """Thousands of subscribers with a month behind them, and what was asked while some of them were served."""

    shop: Shop
    asked: dict[str, Recording]

    def statements(self) -> list[Statement]:
        everything = Recording([statement for found in self.asked.values() for statement in found.executed])
        return everything.plannable


@pytest.fixture(scope="module")
def crowd(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    if database.server.kind == "foreign":
        pytest.skip("only a superuser can take a table's statistics away")
    with psycopg.connect(database.dsn("owner"), autocommit=True) as owner:
        for table in LARGE:
            owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)".encode())
        shop = crowded_shop(tmp_path_factory.mktemp("crowd"), size=CROWD)
        asked = _serve(shop)
        _forget_statistics(database)
        yield Crowd(shop, asked)
        for table in LARGE:
            owner.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)".encode())


def _serve(shop: Shop) -> dict[str, Recording]:
    """A little of everything that goes over many payers at once."""
    asked = {}
    shop.clock_to(date(2025, 3, 1))
    with recording() as asked["a whole chunk"]:
        assert shop.bill().documents == billing.CHUNK_PAYERS
    while not shop.bill().is_last:
        pass
    collect(shop, limit=2_000, declines=lambda place: place % 5 == 0)
    shop.clock_to(date(2025, 4, 1))
    for payers in (50, 200):
        with recording() as asked[f"a chunk of {payers}"]:
            assert shop.bill(limit=payers).documents == payers
    with recording() as asked["collection"]:
        for _ in range(6):
            assert collect(shop, limit=200, declines=lambda place: place % 5 == 0)
        next_collection_at(tenant=shop.tenant)
        clock.next_billing_at(tenant=shop.tenant)
        feed.sequence(tenant=shop.tenant, limit=200)
    with recording() as asked["by hand"]:
        bo = shop.customer("Bo")
        shop.pays_with(bo, "ok")
        shop.cancel(shop.start(bo, "basic", "seat*2"))
    return asked


def _forget_statistics(database: Database) -> None:
    """As if the rows had been loaded a moment ago."""
    with psycopg.connect(database.dsn("superuser")) as superuser:
        superuser.execute("DELETE FROM pg_statistic")
        superuser.execute(
            """UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE relname = ANY(%(tables)s)
            OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text = ANY(%(tables)s))""",
            {"tables": list(LARGE)},
        )


@pytest.mark.parametrize("planned", [plan, generic_plan])
def test_every_statement_finds_its_rows_by_their_keys(
    crowd: Crowd, planned: Callable[[Cursor, Statement], dict[str, Any]]
):
    with session.transaction(crowd.shop.tenant) as cursor:
        found = {str(asked): faults(planned(cursor, asked), large=LARGE) for asked in crowd.statements()}
    assert {asked[:60]: wrong for asked, wrong in found.items() if wrong} == {}
    touched = {table for table in LARGE for asked in found if f" {table} " in asked}
    assert touched >= {*LARGE} - {"parties", "feed"}, "the recording misses a table"


def test_a_plan_that_walks_a_table_is_noticed(crowd: Crowd):
    walks = [
        Statement(b"SELECT count(*) FROM payers"),
        Statement(b"SELECT * FROM lines WHERE tenant_id = %s AND net_minor > 5", (crowd.shop.tenant,)),
        Statement(b"SELECT d.id FROM documents d JOIN lines l ON l.document_id = d.id"),
        Statement(b"SELECT id FROM subscriptions WHERE tenant_id = %s ORDER BY id LIMIT 5", (crowd.shop.tenant,)),
        Statement(
            b"""UPDATE subscriptions s SET ended_at = e.at FROM unnest(%s::uuid[], %s::timestamptz[]) AS e (id, at)
            WHERE s.id = e.id""",
            ([row[0] for row in crowd.shop.rows("SELECT id FROM subscriptions")], [machine_now()] * CROWD),
        ),
    ]
    with session.transaction(crowd.shop.tenant) as cursor:
        assert [asked for asked in walks if not faults(plan(cursor, asked), large=LARGE)] == []


def test_a_chunk_costs_the_same_number_of_statements_whatever_its_size(crowd: Crowd):
    small, larger = crowd.asked["a chunk of 50"], crowd.asked["a chunk of 200"]
    assert len(small.executed) == len(larger.executed)
    assert 20 < max(len(run.executed) + run.copies for run in (small, larger)) <= MOST_STATEMENTS


def test_a_chunk_with_credit_to_spend_costs_few_more(crowd: Crowd):
    whole = crowd.asked["a whole chunk"]
    assert len(whole.executed) + whole.copies <= MOST_STATEMENTS
