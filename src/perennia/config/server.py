"""Which PostgreSQL this installation uses, and how each role reaches it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from perennia.config import environment, roles
from perennia.config.failures import ServerError
from perennia.config.home import home_folder
from perennia.config.postgres.attach import Address, attached
from perennia.config.postgres.binaries import OLDEST_MAJOR
from perennia.config.postgres.cluster import SUPERUSER, read_passwords

Role = Literal["owner", "app", "claim", "superuser"]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. `has_roles` is false where one foreign login has to be owner, app and claim at once."""

    kind: Literal["embedded", "foreign"]
    version: str
    has_roles: bool
    address: Address | None = None
    _dsns: Mapping[Role, str] = field(default_factory=dict, repr=False)

    def dsn(self, role: Role, *, database: str | None = None) -> str:
        """A connection string of libpq; `superuser` exists on the embedded server only (KeyError elsewhere)."""
        dsn = self._dsns[role]
        return dsn if database is None else make_conninfo(dsn, dbname=database)


@contextmanager
def open_server() -> Iterator[Server]:
    """The server of this installation: `DATABASE_URL`, else the embedded one, kept running while the block lasts.

    Raises ServerError when it cannot be started, reached or used.
    """
    url = environment.DATABASE_URL.read()
    if url:
        yield _foreign(url)
        return
    with attached(home=home_folder()) as address:
        yield _embedded(address)


def _embedded(address: Address) -> Server:
    passwords = read_passwords(address.folder)

    def dsn(user: str, **more: str) -> str:
        return make_conninfo(
            "",
            host=address.host,
            port=address.port,
            dbname=roles.DATABASE,
            user=user,
            password=passwords[user],
            application_name="perennia",
            **more,
        )

    dsns: dict[Role, str] = {
        "owner": dsn(roles.OWNER),
        "app": dsn(roles.APP),
        "claim": dsn(roles.APP, options=_as_role(roles.CLAIM)),
        "superuser": dsn(SUPERUSER),
    }
    return Server(kind="embedded", version=address.version, has_roles=True, address=address, _dsns=dsns)


def _foreign(url: str) -> Server:
    app_url = environment.DATABASE_APP_URL.read()
    with _connect(url, setting="DATABASE_URL") as login:
        version = _refuse_old(login)
        app_login = _login_of(app_url) if app_url else None
        has_roles = roles.ensure_foreign(login, app_login=app_login)
    if app_login and not has_roles:
        raise ServerError(
            what="DATABASE_APP_URL cannot be used",
            why="The login of DATABASE_URL may not make the roles that both logins would share.",
            remedy="Give that login CREATEROLE and the ownership of the database, or unset DATABASE_APP_URL.",
        )
    dsns: dict[Role, str] = dict.fromkeys(("owner", "app", "claim"), make_conninfo(url, application_name="perennia"))
    if has_roles:
        daily = app_url or url
        dsns = {
            "owner": make_conninfo(url, options=_as_role(roles.OWNER), application_name="perennia"),
            "app": make_conninfo(daily, options=_as_role(roles.APP), application_name="perennia"),
            "claim": make_conninfo(daily, options=_as_role(roles.CLAIM), application_name="perennia"),
        }
    return Server(kind="foreign", version=version, has_roles=has_roles, _dsns=dsns)


def _refuse_old(login: psycopg.Connection) -> str:
    major, minor = divmod(login.info.server_version, 10_000)
    if major < OLDEST_MAJOR:
        raise ServerError(
            what="The server of DATABASE_URL is too old",
            why=f"It is PostgreSQL {major}; Perennia needs {OLDEST_MAJOR} or newer.",
            remedy="Upgrade it, or unset DATABASE_URL to use the embedded server.",
        )
    return f"{major}.{minor}"


def _login_of(app_url: str) -> str:
    with _connect(app_url, setting="DATABASE_APP_URL") as connection:
        return connection.info.user


def _connect(url: str, *, setting: str) -> psycopg.Connection:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        raise ServerError(
            what=f"The server of {setting} cannot be reached",
            why=str(error).strip(),
            remedy=f"Check the address, user and password in {setting}, and that the server runs.",
        ) from None


def _as_role(name: str) -> str:
    return f"-c role={name}"
