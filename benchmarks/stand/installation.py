"""A home folder of its own on disk, with a server set up as in production; removed at the end, also after Ctrl-C."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg

from perennia.cli import WrongUse
from perennia.config import wiring
from perennia.config.postgres.attach import dismiss_keeper, keeper_is_alive, keeper_of
from perennia.config.server import Server

_KEPT = {"PERENNIA_POSTGRES_BIN", "PERENNIA_POSTGRES_SETTINGS"}
_COUNTING = "shared_preload_libraries=pg_stat_statements"
_STATED = (
    "shared_buffers", "max_wal_size", "checkpoint_timeout", "fsync", "synchronous_commit", "full_page_writes",
    "data_checksums", "wal_compression", "shared_preload_libraries", "jit",
)  # fmt: skip


@contextmanager
def throw_away_installation(*, folder: Path | None) -> Iterator[Server]:
    """A migrated, empty installation in a new folder below `folder` (default: the temporary one, if it is a disk).

    Django is set up on it as the app's role, so a process can have one only. What the environment says of
    another installation is put aside, except PERENNIA_POSTGRES_SETTINGS, which `describe` then shows.
    """
    for name in list(os.environ):
        if name.startswith(("PERENNIA_", "DATABASE_")) and name not in _KEPT:
            del os.environ[name]
    os.environ["PERENNIA_POSTGRES_SETTINGS"] = f"{os.environ.get('PERENNIA_POSTGRES_SETTINGS', '')} {_COUNTING}"
    home = Path(tempfile.mkdtemp(prefix="perennia-bench-", dir=folder or _disk()))
    home.chmod(0o711)  # as root, the server's account has to pass through
    os.environ["PERENNIA_HOME"] = str(home)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with wiring.database() as server:
            yield server
    finally:
        _dismiss(home)
        shutil.rmtree(home, ignore_errors=True)


def describe(server: Server, connection: psycopg.Connection) -> dict[str, object]:
    """What the server is and how it is set, in its own words."""
    settings = connection.execute(
        "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", (list(_STATED),)
    ).fetchall()
    return {"kind": server.kind, "version": server.version, "cores": os.cpu_count(), **dict(settings)}


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _dismiss(home: Path) -> None:
    keeper = keeper_of(home=home)
    if keeper is None or dismiss_keeper(home=home, keeper=keeper):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGTERM)
    while keeper_is_alive(home=home):
        time.sleep(0.05)


def _disk() -> Path:
    """The temporary folder, or /var/tmp where that one is kept in memory."""
    for folder in (Path(tempfile.gettempdir()), Path("/var/tmp")):  # noqa: S108
        if _kind_of_disk(folder) not in ("tmpfs", "ramfs"):
            return folder
    raise WrongUse("the temporary folders are kept in memory; name a folder on a disk with --folder")


def _kind_of_disk(folder: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    covering = [(len(point), kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(covering)[1]
