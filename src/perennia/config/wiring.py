"""The one place that wires: server, schema, Django and the source of ids, in this order."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from perennia.config import environment
from perennia.config.identity import new_ids
from perennia.config.schema import bring_up_to_date
from perennia.config.server import Role, Server, open_server


@contextmanager
def database(role: Role = "app") -> Iterator[Server]:
    """Everything a command or a loop needs before it may call operations and reads.

    The server answers, the schema is current, and Django is set up on it as `role`, for as long as the block lasts.
    Raises ServerError when the machine or the server stands in the way.
    """
    with open_server() as server:
        bring_up_to_date(owner_dsn=server.dsn("owner"), app_dsn=server.dsn("app"))
        set_up_django(dsn=server.dsn(role))
        gc.freeze()  # what is loaded now stays for good; the collector need not walk it again
        try:
            yield server
        finally:
            from django.db import connections

            connections.close_all()


def load_django() -> None:
    """Load Django's settings and the tables, on no database yet; the second time nothing happens."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "perennia.config.settings"
    import django

    django.setup()


def set_up_django(*, dsn: str) -> None:
    """Set Django up on this database, once in a process, and hand the store its source of ids."""
    from django.apps import apps

    before = os.environ.get(environment.DSN.name)
    if apps.ready and before and before != dsn:
        raise RuntimeError("Django is set up on another database; a process has one")
    os.environ[environment.DSN.name] = dsn
    load_django()
    from django.db import connections

    from perennia.config.settings import database
    from perennia.store import identity

    if before != dsn:
        connections.settings = connections.configure_settings({"default": database(dsn)})
        if connections.all(initialized_only=True):
            del connections["default"]
    identity.wire(new_ids)
