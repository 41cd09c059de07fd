"""A home folder of a test's own, and real processes that use it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perennia.config.postgres.account import Account, server_account
from perennia.config.postgres.attach import keeper_is_alive, keeper_of

HASTE = "fsync=off shared_buffers=16MB"
HOLD = """
import sys
from perennia.config.server import open_server
with open_server() as server:
    print(server.address.keeper, flush=True)
    sys.stdin.read()
"""


class Machine:
    """What one owner sees: a home folder, and commands that run in it. `close` leaves nothing running."""

    def __init__(self, *, home: Path | None = None, **settings: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="m-", dir=os.environ["PERENNIA_HOME"]))
        self.root.chmod(0o711)
        self.home = home or self.root / "home"
        self.settings = {"PERENNIA_POSTGRES_SETTINGS": HASTE, **settings}
        self.started: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PERENNIA_", "DATABASE_"))}
        if "PERENNIA_POSTGRES_BIN" in os.environ:
            own["PERENNIA_POSTGRES_BIN"] = os.environ["PERENNIA_POSTGRES_BIN"]
        return own | {"PERENNIA_HOME": str(self.home), **self.settings}

    @property
    def cluster(self) -> Path:
        return next(folder for folder in self.home.glob("pg*") if folder.name[2:].isdecimal())

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def account(self) -> Account:
        return server_account()

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """Start `python COMMAND` with pipes, in a session of its own."""
        process = subprocess.Popen(
            [sys.executable, *command],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )
        self.started.append(process)
        return process

    def hold(self) -> tuple[subprocess.Popen[str], int]:
        """A command that has the server open until it is let go; with the keeper's process number."""
        process = self.start("-c", HOLD)
        line = process.stdout.readline() if process.stdout else ""
        assert line.strip().isdecimal(), line + self.words_of(process)
        return process, int(line)

    def run(self, code: str) -> str:
        """What a short program prints. Fails the test when the program fails."""
        process = self.start("-c", code)
        words, _ = process.communicate(timeout=180)
        assert process.returncode == 0, words
        return words

    def refusal(self, code: str = HOLD) -> str:
        """What a program says that must be refused."""
        process = self.start("-c", code)
        words, _ = process.communicate(timeout=180)
        assert process.returncode != 0, words
        assert "ServerError" in words, words
        return words

    def ask(self, question: str, *, role: str = "owner") -> str:
        """The single value that answers a question in SQL."""
        return self.run(
            "import psycopg\n"
            "from perennia.config.server import open_server\n"
            f"with open_server() as server, psycopg.connect(server.dsn({role!r})) as connection:\n"
            f"    found = connection.execute({question!r})\n"
            "    print(found.fetchone()[0] if found.description else '')"
        ).strip()

    def words_of(self, process: subprocess.Popen[str]) -> str:
        process.kill()
        return process.communicate()[0]

    def servers(self) -> list[int]:
        """The processes whose program is a PostgreSQL working below the home folder."""
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and self._serves(entry)]

    def keepers(self) -> list[int]:
        """The keepers of this home folder, also those that are not ready yet."""
        words = [b"perennia.config.postgres.keeper", os.fsencode(self.home)]
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [int(entry.name) for entry in entries if _command(entry)[-2:] == words]

    def _serves(self, entry: Path) -> bool:
        try:
            return (entry / "cwd").readlink().is_relative_to(self.home) and "postgres" in (
                entry / "exe"
            ).readlink().name
        except OSError:
            return False

    def is_quiet(self) -> bool:
        return not keeper_is_alive(home=self.home) and not self.servers()

    def stop_keeper(self) -> None:
        keeper = keeper_of(home=self.home)
        if keeper is not None:
            os.kill(keeper, signal.SIGTERM)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        if self.home.exists():
            for server in self.servers():
                os.kill(server, signal.SIGCONT)  # a test that failed may have stopped it
            self.stop_keeper()
            wait_for(self.is_quiet, within_s=30)
        shutil.rmtree(self.root, ignore_errors=True)


def _command(entry: Path) -> list[bytes]:
    try:
        return (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []


def wait_for(condition: Callable[[], object], *, within_s: float) -> None:
    """Poll until the condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{condition} did not come true in {within_s} s"
        time.sleep(0.05)
