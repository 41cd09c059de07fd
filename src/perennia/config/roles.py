"""The three database roles and the database itself: made if missing, whoever comes first.

`perennia_owner` owns the tables and runs migrations, `perennia_app` does the daily work behind row security,
`perennia_claim` reads the due tables across tenants; `app` may step into it for one transaction.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

OWNER, APP, CLAIM = "perennia_owner", "perennia_app", "perennia_claim"
DATABASE = "perennia"
_LOCK = 0x7065_7265_6E6E  # "perenn"
_TRIES = 5

_CREATE_ROLE = """
DO $do$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN
        CREATE ROLE {role} {attributes};
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- made at this moment from another database
END $do$
"""

_GRANT_MEMBERSHIP = """
DO $do$ BEGIN
    IF NOT pg_has_role({member_name}, {name}, {right}) THEN GRANT {role} TO {member}; END IF;
END $do$
"""

_MAY_USE_ROLES = """
SELECT count(*) = 3
    AND bool_and(pg_has_role(session_user, oid, {right}))
    AND bool_and(rolname <> 'perennia_owner' OR (
        has_database_privilege(oid, current_database(), 'CREATE, TEMP') AND has_schema_privilege(oid, 'public', 'CREATE')))
    AND bool_and(rolname <> 'perennia_app' OR (
        has_database_privilege(oid, current_database(), 'TEMP') AND has_schema_privilege(oid, 'public', 'USAGE')))
    AND bool_and(NOT rolsuper AND NOT rolbypassrls)
FROM pg_roles WHERE rolname IN ('perennia_owner', 'perennia_app', 'perennia_claim')
"""


def ensure_embedded(superuser: psycopg.Connection, *, passwords: Mapping[str, str]) -> None:
    """Make roles and database on the embedded server. `superuser` is in autocommit, on any database."""
    superuser.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    _create(superuser, OWNER, "LOGIN PASSWORD {}", _verifier(superuser, OWNER, passwords))
    _create(superuser, APP, "LOGIN NOINHERIT PASSWORD {}", _verifier(superuser, APP, passwords))
    _create(superuser, CLAIM, "NOLOGIN")
    _grant(superuser, CLAIM, to=APP)
    if superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
        make = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        superuser.execute(make)


def ensure_foreign(login: psycopg.Connection, *, app_login: str | None = None) -> bool:
    """Make the roles on a server of the owner's and let `login` step into them; `app_login` into the app's only.

    False when the login may not, or made the tables before it might: everything then runs as that one login,
    without the second wall. Nothing is left half made. `login` is in autocommit.
    """
    if _tables_belong_to_login(login):
        return False
    if _may_use_roles(login) and (app_login is None or _is_member(login, app_login, APP)):
        return True
    for _ in range(_TRIES):
        try:
            with login.transaction():
                login.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                _make_foreign(login, app_login=app_login)
                if not _may_use_roles(login):
                    raise psycopg.errors.InsufficientPrivilege("the login may not grant what the roles need")
            return True
        except psycopg.errors.InsufficientPrivilege:
            return False
        except psycopg.errors.InternalError:
            continue  # "tuple concurrently updated": another database's process granted at the same moment
    return False


def _make_foreign(login: psycopg.Connection, *, app_login: str | None) -> None:
    _create(login, OWNER, "NOLOGIN")
    _create(login, APP, "NOLOGIN NOINHERIT")
    _create(login, CLAIM, "NOLOGIN")
    _grant(login, CLAIM, to=APP)
    for role in (OWNER, APP):
        _grant(login, role, to=login.info.user)
    if app_login is not None:
        _grant(login, APP, to=app_login)
    database = sql.Identifier(login.info.dbname)
    for grant in (
        "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO perennia_owner",
        "GRANT CONNECT, TEMPORARY ON DATABASE {} TO perennia_app",
    ):
        login.execute(sql.SQL(grant).format(database))
    login.execute("GRANT USAGE, CREATE ON SCHEMA public TO perennia_owner")
    login.execute("GRANT USAGE ON SCHEMA public TO perennia_app, perennia_claim")


def _create(connection: psycopg.Connection, role: str, attributes: str, *values: str) -> None:
    words = sql.SQL(attributes).format(*values)
    create = sql.SQL(_CREATE_ROLE).format(name=role, role=sql.Identifier(role), attributes=words)
    connection.execute(create)


def _grant(connection: psycopg.Connection, role: str, *, to: str) -> None:
    grant = sql.SQL(_GRANT_MEMBERSHIP).format(
        name=role, role=sql.Identifier(role), member_name=to, member=sql.Identifier(to), right=_right(connection)
    )
    connection.execute(grant)


def _verifier(connection: psycopg.Connection, role: str, passwords: Mapping[str, str]) -> str:
    """The SCRAM verifier, made here: the password itself never reaches the server or its log."""
    made = connection.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256")
    return made.decode()


def _tables_belong_to_login(login: psycopg.Connection) -> bool:
    owner = login.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'django_migrations'").fetchone()
    return owner is not None and owner[0] != OWNER


def _may_use_roles(login: psycopg.Connection) -> bool:
    row = login.execute(sql.SQL(_MAY_USE_ROLES).format(right=_right(login))).fetchone()
    return bool(row and row[0])


def _is_member(login: psycopg.Connection, member: str, role: str) -> bool:
    row = login.execute("SELECT pg_has_role(%s::name, %s::name, %s)", (member, role, _right(login))).fetchone()
    return bool(row and row[0])


def _right(connection: psycopg.Connection) -> str:
    """The right to step into a role. From version 16 on, whoever makes a role is a member without that right."""
    return "SET" if connection.info.server_version >= 160_000 else "MEMBER"
