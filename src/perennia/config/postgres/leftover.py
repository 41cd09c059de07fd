"""What an earlier server left in the data folder: a pid file, or the server itself, still on its way down."""

import os
import subprocess
import sys
import time
from pathlib import Path

from perennia.config.failures import ServerError
from perennia.config.postgres.cluster import Cluster

_PATIENCE_S = 90.0


def wait_for_predecessor(cluster: Cluster) -> None:
    """Wait while a server of this folder is going down: its keeper is gone, for we hold the keeper's lock.

    Raises ServerError when it stays.
    """
    deadline = time.monotonic() + _PATIENCE_S
    pid = _noted_pid(cluster)
    while pid is not None and _serves(pid, cluster):
        if time.monotonic() > deadline:
            raise ServerError(
                what="The embedded database cannot be started",
                why=f"Another PostgreSQL (process {pid}), not started by Perennia, serves {cluster.data}.",
                remedy=f"Stop it with `kill -INT {pid}`, then start again.",
            )
        time.sleep(0.05)
        pid = _noted_pid(cluster)


def stale_pid(cluster: Cluster) -> dict[str, str]:
    """The environment that lets PostgreSQL pass over a pid file whose number now belongs to another process.

    PostgreSQL takes a file with its "grandparent's" number for a left-over. It still looks for processes in the
    old server's shared memory, which it could not if we removed the file.
    """
    pid = _noted_pid(cluster)
    return {} if pid is None or _serves(pid, cluster) else {"PG_GRANDPARENT_PID": str(pid)}


def _noted_pid(cluster: Cluster) -> int | None:
    try:
        first = (cluster.data / "postmaster.pid").read_text().splitlines()[0]
    except (OSError, IndexError):
        return None
    return abs(int(first)) if first.lstrip("-").isdecimal() else None


def _serves(pid: int, cluster: Cluster) -> bool:
    """Whether the process is a PostgreSQL of this folder: alive, of the server's account, and working there."""
    if sys.platform != "linux":
        return _serves_by_ps(pid, cluster)
    process = Path("/proc") / str(pid)
    try:
        if process.stat().st_uid != cluster.account.uid or "State:\tZ" in (process / "status").read_text():
            return False
        program = (process / "exe").readlink().name
        return program.startswith("postgres") and (process / "cwd").samefile(cluster.data)
    except PermissionError:
        return os.fsencode(cluster.data) in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _serves_by_ps(pid: int, cluster: Cluster) -> bool:
    command = ["ps", "-o", "uid=,command=", "-p", str(pid)]
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    owner, _, words = told.stdout.strip().partition(" ")
    return owner == str(cluster.account.uid) and f"-D {cluster.data}" in words
