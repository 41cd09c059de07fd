"""Which migrations the database lacks, and bringing it up to date.

`python -m perennia.config.schema` applies them, in a process of its own: the owner's login never enters a process
that serves people.
"""

import os
import pkgutil
import subprocess
import sys
from importlib.util import find_spec

import psycopg

from perennia.config import environment
from perennia.config.failures import ServerError

APPS = ("django.contrib.contenttypes", "django.contrib.auth", "perennia.store")
_LOCK = 0x7363_6865_6D61  # "schema"


def bring_up_to_date(*, owner_dsn: str, app_dsn: str) -> None:
    """Apply what is pending; processes that ask at the same moment wait for the first. Cheap when nothing is.

    Raises ServerError when a migration fails, or when the database is newer than this program.
    """
    applied = applied_migrations(dsn=app_dsn)
    shipped = shipped_migrations()
    unknown = sorted(name for name in applied - shipped if name.startswith("store."))
    if unknown:
        raise ServerError(
            what="This program is older than its database",
            why=f"The database has {unknown[-1]}, which this version of Perennia does not know.",
            remedy="Run the newer version, or restore a backup made with this one.",
        )
    if shipped - applied:
        _migrate(owner_dsn)


def shipped_migrations() -> set[str]:
    """Names such as `store.0001_initial`, found without importing them."""
    return {
        f"{app.rpartition('.')[2]}.{module.name}"
        for app in APPS
        if (spec := find_spec(f"{app}.migrations")) is not None
        for module in pkgutil.iter_modules(spec.submodule_search_locations)
        if module.name[0].isdigit()
    }


def applied_migrations(*, dsn: str) -> set[str]:
    """What the database says was applied; nothing on a new one."""
    with psycopg.connect(dsn) as connection:
        try:
            return {f"{app}.{name}" for app, name in connection.execute("SELECT app, name FROM django_migrations")}
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return set()


def _migrate(owner_dsn: str) -> None:
    command = [sys.executable, "-m", __name__]
    surroundings = os.environ | {environment.DSN.name: owner_dsn}
    told = subprocess.run(command, check=False, env=surroundings, capture_output=True, text=True)
    if told.returncode != 0:
        raise ServerError(
            what="The database could not be brought up to date",
            why=" / ".join(told.stderr.strip().splitlines()[-3:]),
            remedy="Nothing was lost: a migration that fails is undone. Report it with the text above.",
        )


def main() -> None:
    """Migrate as the login of PERENNIA_DSN, under a lock of the database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "perennia.config.settings"
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        call_command("migrate", verbosity=0, interactive=False)


if __name__ == "__main__":
    main()
