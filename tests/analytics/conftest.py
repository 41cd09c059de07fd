"""A lived-in business per process, and a way to spoil it that leaves no trace.

What needs Django is imported in the fixtures: this file is read before Django is loaded.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.pq import Format

from tests.conftest import Database

if TYPE_CHECKING:
    from perennia.analytics.verification.findings import Scope
    from tests.operations.shop import Shop


@pytest.fixture(scope="session")
def shop(database: Database) -> "Shop":
    """Read only: what a test changes here it must take back."""
    from tests.analytics.year import lived_shop

    return lived_shop()


@pytest.fixture
def spoiled(database: Database, shop: "Shop") -> "Iterator[Scope]":
    """A transaction of a superuser that no trigger and no row security stops; it is rolled back."""
    from perennia.analytics.verification.findings import Scope
    from perennia.operations import tenants
    from perennia.store import session
    from perennia.store.reads import sellers

    if database.server.kind == "foreign":
        pytest.skip("faults are planted by a superuser of the embedded server")
    with psycopg.connect(database.dsn("superuser")) as raw:
        session.adapt(raw)
        cursor = psycopg.Cursor(raw)
        cursor.format = Format.BINARY
        cursor.execute("SET LOCAL session_replication_role = replica")
        tenant = tenants.find(shop.slug)
        yield Scope(cursor, tenant, sellers.seller(cursor, tenant=tenant), shop.now)
        raw.rollback()


@pytest.fixture
def perennia(database: Database) -> "Callable[..., subprocess.CompletedProcess[str]]":
    """Run the command on the database of this process, as its users do."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")
    surroundings = os.environ | {"DATABASE_URL": database.dsn("superuser")}

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "perennia", *words]
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)

    return run
