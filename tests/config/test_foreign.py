"""A server of the owner's own, with a login that may make roles and with one that may not."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.config.machine import Machine

pytestmark = pytest.mark.slow
SERVERS = {"embedded": "", **{folder.parent.name: str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")}}
OPEN = """
import sys
from perennia.config.wiring import database
with database() as server:
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM pg_tables WHERE tablename = 'payers'")
        print(server.kind, server.has_roles, *cursor.fetchone())
"""


class Foreign:
    """A running server that Perennia did not start, from the point of view of its administrator."""

    def __init__(self, programs: str) -> None:
        self.host = Machine(**({"PERENNIA_POSTGRES_BIN": programs} if programs else {}))
        self.host.hold()
        passwords = json.loads((self.host.cluster / "passwords.json").read_text())
        self.admin = make_conninfo(
            "", host=str(self.host.data), user="postgres", dbname="postgres", password=passwords["postgres"]
        )
        self.execute("DROP DATABASE perennia", "DROP ROLE perennia_owner, perennia_app, perennia_claim")

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def customer(self, user: str, *, rights: str = "") -> str:
        """The address for a new login that owns a database of its own."""
        self.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'x' {rights}", f"CREATE DATABASE {user}_db OWNER {user}")
        return make_conninfo(self.admin, user=user, password="x", dbname=f"{user}_db")


@pytest.fixture(scope="module", params=SERVERS, ids=lambda name: f"server-{name}")
def foreign(request: pytest.FixtureRequest) -> Iterator[Foreign]:
    foreign = Foreign(SERVERS[request.param])
    yield foreign
    foreign.host.close()


def test_a_login_without_rights_is_everything_at_once(foreign: Foreign, cold: Machine) -> None:
    cold.settings["DATABASE_URL"] = foreign.customer("solo")
    assert cold.run(OPEN).split() == ["foreign", "False", "solo", "1"]
    checks = json.loads(cold.run("from perennia.cli import main; main(['doctor', '--json'])"))["checks"]
    wall = next(check for check in checks if check["name"] == "row security")
    assert wall["state"] == "warning"
    assert "CREATEROLE" in wall["remedy"]
    foreign.execute("ALTER ROLE solo CREATEROLE")
    assert cold.run(OPEN).split() == ["foreign", "False", "solo", "1"], "its tables belong to the login"


def test_a_login_that_may_make_roles_works_as_the_app(foreign: Foreign, cold: Machine) -> None:
    cold.settings["DATABASE_URL"] = foreign.customer("maker", rights="CREATEROLE")
    started = [cold.start("-c", OPEN) for _ in range(2)]
    for process in started:
        assert process.communicate(timeout=60)[0].split() == ["foreign", "True", "perennia_app", "1"]


def test_a_second_login_for_daily_work(foreign: Foreign, cold: Machine) -> None:
    cold.settings["DATABASE_URL"] = owner = foreign.customer("keeper", rights="SUPERUSER")
    foreign.execute("CREATE ROLE daily LOGIN PASSWORD 'x'")
    cold.settings["DATABASE_APP_URL"] = make_conninfo(owner, user="daily")
    who = "SELECT session_user || ' ' || current_user"
    assert cold.ask(who, role="owner") == "keeper perennia_owner"
    assert cold.ask(who, role="app") == "daily perennia_app"
    assert cold.ask(who, role="claim") == "daily perennia_claim"


def test_a_server_that_is_not_there_is_named(cold: Machine) -> None:
    cold.settings["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    words = cold.refusal()
    assert "The server of DATABASE_URL cannot be reached" in words
    assert "Connection refused" in words
