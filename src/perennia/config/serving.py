"""What `perennia run` keeps up: the database, the built-in test gateway and the workers."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from perennia.config.failures import ServerError
from perennia.config.home import home_folder
from perennia.config.locks import is_locked, take_lock
from perennia.config.postgres.attach import dismiss_keeper, ensure_running, keeper_is_alive
from perennia.config.schema import bring_up_to_date
from perennia.config.server import Server, open_server
from perennia.config.supervisor import Program, Supervisor

Say = Callable[[str, str], None]
_RETRY_S = 5.0


def serve(*, workers: int, say: Say) -> None:
    """Run everything until a signal to stop. Raises ServerError when it cannot start, or already runs here."""
    home = home_folder()
    lock = take_lock(home / "run.lock")
    if lock is None:
        raise ServerError(
            what="Perennia already runs",
            why=f"Another `perennia run` serves {home}.",
            remedy="Stop that one first, or set PERENNIA_HOME to a folder of its own for a second installation.",
        )
    try:
        with open_server() as server:
            database = _Database(server, home=home, say=say)
            bring_up_to_date(owner_dsn=server.dsn("owner"), app_dsn=server.dsn("app"))
            Supervisor(programs=programs(home=home, workers=workers), say=say).run(each_round=database.tend)
        database.dismiss()
    finally:
        os.close(lock)


def is_running(*, home: Path) -> bool:
    """Whether a `perennia run` serves this home folder."""
    return is_locked(home / "run.lock")


def gateway_ready_file(home: Path) -> Path:
    """The file that holds the test gateway's base URL while it runs."""
    return home / "gateway" / "url"


def programs(*, home: Path, workers: int) -> list[Program]:
    """Name and command of everything that is kept up, beside the database."""
    gateway = home / "gateway"
    gateway.mkdir(mode=0o700, exist_ok=True)
    gateway_options = ("--port", "0", "--state", str(gateway), "--ready-file", str(gateway_ready_file(home)))
    return [
        Program("gateway", (sys.executable, "-m", "perennia.gateways.sandbox", *gateway_options)),
        *(Program(f"worker {number}", (sys.executable, "-m", "perennia", "work")) for number in range(1, workers + 1)),
    ]


class _Database:
    """The server as `perennia run` sees it: told of once, brought back when its keeper dies, dismissed at the end."""

    def __init__(self, server: Server, *, home: Path, say: Say) -> None:
        self._address = server.address
        self._home = home
        self._say = say
        self._retry_at = 0.0
        place = f"in {server.address.folder}" if server.address else "of DATABASE_URL"
        say("database", f"PostgreSQL {server.version} {place}")

    def tend(self) -> None:
        if self._address is None or keeper_is_alive(home=self._home) or time.monotonic() < self._retry_at:
            return
        self._say("database", "gone, starting again")
        try:
            self._address = ensure_running(home=self._home)
            self._say("database", "back")
        except ServerError as error:
            self._say("database", str(error))
            self._retry_at = time.monotonic() + _RETRY_S

    def dismiss(self) -> None:
        if self._address is None:
            return
        is_down = dismiss_keeper(home=self._home, keeper=self._address.keeper)
        self._say("database", "stopped" if is_down else "stays up while another command uses it")
