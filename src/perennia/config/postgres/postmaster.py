"""The running server: started as our own child, waited for, stopped in order."""

import os
import pwd
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from perennia.config.failures import ServerError
from perennia.config.postgres.cluster import Cluster, plain_environment
from perennia.config.postgres.explain import explain
from perennia.config.postgres.leftover import stale_pid, wait_for_predecessor
from perennia.config.postgres.parent import start_child
from perennia.config.postgres.tuning import server_settings

_SOCKET_LIMIT_BYTES = 103
_LOG_LIMIT_BYTES = 10 << 20
_STOP_PATIENCE_S = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server that accepts connections on `<socket_folder>/.s.PGSQL.<port>`."""

    process: subprocess.Popen[bytes]
    socket_folder: Path
    port: int

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, committed ones are safe. Returns when it is down."""
        for number, patience_s in _STOP_PATIENCE_S:
            if self.has_ended():
                return
            self.process.send_signal(number)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue


def start_postmaster(cluster: Cluster) -> Postmaster:
    """Start PostgreSQL and wait until it is ready, however long a crash recovery takes.

    Raises ServerError with the server's own reason when it gives up.
    """
    wait_for_predecessor(cluster)
    socket_folder = _socket_folder(cluster)
    settings = server_settings(socket_folder=socket_folder)
    choices = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    log = _open_log(cluster.folder / "server.log")
    began_at = os.fstat(log).st_size
    process = start_child(
        [cluster.binaries.program("postgres"), "-D", str(cluster.data), *choices],
        parting_signal=signal.SIGINT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=plain_environment() | stale_pid(cluster),
        **cluster.account.spawn,
    )
    os.close(log)
    postmaster = Postmaster(process=process, socket_folder=socket_folder, port=int(settings["port"]))
    while not _is_ready(cluster, process.pid):
        if postmaster.has_ended():
            with (cluster.folder / "server.log").open("rb") as file:
                file.seek(began_at)
                said = file.read().decode(errors="replace")
            raise explain(what="The embedded database cannot be started", log=said, folder=cluster.folder)
        time.sleep(0.01)
    return postmaster


def _is_ready(cluster: Cluster, pid: int) -> bool:
    """The server writes its state into the last line of its pid file, as pg_ctl expects it."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _socket_folder(cluster: Cluster) -> Path:
    """The data folder; where its path is too long for a socket, a folder of our own with mode 700 in /tmp."""
    if len(os.fsencode(cluster.data / ".s.PGSQL.65535")) <= _SOCKET_LIMIT_BYTES:
        return cluster.data
    folder = Path("/tmp") / f"perennia-{sha256(os.fsencode(cluster.data)).hexdigest()[:12]}"  # noqa: S108
    try:
        folder.mkdir(mode=0o700)
        cluster.account.own(folder)
    except FileExistsError:
        pass
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == cluster.account.uid and stat.S_IMODE(found.st_mode) == 0o700:
        return folder
    raise ServerError(
        what="The embedded database has no safe place for its socket",
        why=f"{cluster.home} is too long a path, and {folder} belongs to {pwd.getpwuid(found.st_uid).pw_name} "
        "or is open to others.",
        remedy=f"Set PERENNIA_HOME to a shorter path, or remove {folder}.",
    )


def _open_log(path: Path) -> int:
    """The server's words go here; the previous file is kept once this one is large."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
