"""One PostgreSQL for the whole session, however many processes it has, and one database for each of them.

The embedded server by default; `PERENNIA_TEST_SERVER=system` takes the machine's own programs under the same
launcher, `PERENNIA_TEST_DATABASE_URL` a server that runs (its login needs CREATEDB). Nothing is started before a
test asks for `database`, and nothing is left at the end.

Properties are tried with the same examples each time; `--hypothesis-profile=default` draws new ones.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from perennia.config.locks import is_locked, take_lock
from perennia.config.postgres.attach import dismiss_keeper, keeper_is_alive, keeper_of
from perennia.config.roles import OWNER
from perennia.config.schema import bring_up_to_date
from perennia.config.server import Role, Server, open_server
from perennia.config.wiring import load_django, set_up_django

_FOLDER = "perennia-tests-"
_LEFT_BEHIND_AFTER_S = 3600
_PLENTY_BYTES = 2 << 30

settings.register_profile(
    "check",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("check")


@dataclass(frozen=True, slots=True)
class Database:
    """The database of this process: migrated, and Django is set up on it as the app."""

    server: Server
    name: str

    def dsn(self, role: Role) -> str:
        return self.server.dsn(role, database=self.name)


def pytest_configure(config: pytest.Config) -> None:
    """The first process chooses the server; the others inherit its choice with the environment."""
    if hasattr(config, "workerinput"):
        load_django()
        return
    for name in list(os.environ):
        if name.startswith(("PERENNIA_", "DATABASE_")) and not name.startswith("PERENNIA_TEST_"):
            del os.environ[name]
    _sweep()
    home = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=_scratch()))
    home.chmod(0o711)  # as root, the server's account has to pass through
    os.environ["PERENNIA_HOME"] = str(home)
    os.environ["PERENNIA_POSTGRES_SETTINGS"] = "fsync=off synchronous_commit=off full_page_writes=off"
    if os.environ.get("PERENNIA_TEST_SERVER") == "system":
        folders = Path("/usr/lib/postgresql").glob("*/bin")
        os.environ["PERENNIA_POSTGRES_BIN"] = str(max(folders, key=lambda folder: int(folder.parent.name)))
    if "PERENNIA_TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["PERENNIA_TEST_DATABASE_URL"]
    load_django()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Also after Ctrl-C. A session killed outright leaves only its folder, which the next one sweeps up."""
    if hasattr(config, "workerinput"):
        return
    home = Path(os.environ["PERENNIA_HOME"])
    if "DATABASE_URL" in os.environ and (home / "template-is-ready").exists():
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            _drop(connection, _template_name(home))
    keeper = keeper_of(home=home)
    if keeper is not None and not dismiss_keeper(home=home, keeper=keeper):
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGTERM)
        while keeper_is_alive(home=home):
            time.sleep(0.05)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A database of this process's own, cloned from one that was migrated once for the session."""
    home = Path(os.environ["PERENNIA_HOME"])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with open_server() as server:
        template = _template_name(home)
        name = f"{template}_{worker}"
        lock = take_lock(home / "template.lock", patience_s=120)
        assert lock is not None, "another process has been migrating for two minutes"
        try:
            with _connect(server) as connection:
                if not (home / "template-is-ready").exists():
                    _create(connection, server, template, source="template0")
                    dsns = {role: server.dsn(role, database=template) for role in ("owner", "app")}
                    bring_up_to_date(owner_dsn=dsns["owner"], app_dsn=dsns["app"])
                    (home / "template-is-ready").touch()
                _create(connection, server, name, source=template)
        finally:
            os.close(lock)
        database = Database(server=server, name=name)
        set_up_django(dsn=database.dsn("app"))
        yield database
        from django.db import connections

        connections.close_all()
        with _connect(server) as connection:
            _drop(connection, name)


def _template_name(home: Path) -> str:
    return f"template_{home.name.removeprefix(_FOLDER)}"


def _connect(server: Server) -> psycopg.Connection:
    """As somebody who may create databases."""
    if server.kind == "foreign":
        return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return psycopg.connect(server.dsn("superuser", database="postgres"), autocommit=True)


def _create(connection: psycopg.Connection, server: Server, name: str, *, source: str) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
    connection.execute(create + sql.SQL(" OWNER {}").format(sql.Identifier(OWNER)) if server.has_roles else create)


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _scratch() -> Path:
    """Memory where there is plenty: half of what these tests do is making and removing files."""
    memory = Path("/dev/shm")  # noqa: S108
    with contextlib.suppress(OSError):
        if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _PLENTY_BYTES:
            return memory
    return Path(tempfile.gettempdir())


def _sweep() -> None:
    """Remove the folders of sessions that were killed."""
    for folder in _scratch().glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):
            old = time.time() - folder.stat().st_mtime > _LEFT_BEHIND_AFTER_S
            if old and folder.stat().st_uid == os.geteuid() and not is_locked(folder / "keeper.lock"):
                shutil.rmtree(folder, ignore_errors=True)
