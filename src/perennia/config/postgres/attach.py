"""Using the embedded server: join the one that runs, or have a keeper start it. Any number of processes at once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennia.config.failures import ServerError
from perennia.config.locks import is_locked, take_lock
from perennia.config.postgres.explain import explain

_NO_ANSWER = "The embedded database does not answer"
_PATIENCE_S = 600.0
_LEAVING_PATIENCE_S = 120.0
_HURRY_S = 2.0
_keepers: list[subprocess.Popen[bytes]] = []  # kept, for it is a fault to drop a child that still runs


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers: `host` is the folder of its socket. `keeper` is the keeper's process number."""

    host: str
    port: int
    version: str
    folder: Path
    binaries: Path
    keeper: int


@contextmanager
def attached(*, home: Path) -> Iterator[Address]:
    """The embedded server of this home folder, kept running while the block lasts.

    Raises ServerError, in the keeper's words, when it cannot be started.
    """
    try:
        in_use = take_lock(home / "in-use", shared=True, patience_s=_LEAVING_PATIENCE_S)
    except OSError as error:
        raise explain(what=_NO_ANSWER, log=str(error), folder=home) from None
    if in_use is None:
        raise _no_answer(home, why="The server has been shutting down for two minutes.")
    try:
        yield ensure_running(home=home)
    finally:
        os.close(in_use)


def ensure_running(*, home: Path) -> Address:
    """The address of the running server, after starting one if there is none. The caller holds `in-use`."""
    deadline = time.monotonic() + _PATIENCE_S
    silent_ends = 0
    old_news = _told(home)
    while time.monotonic() < deadline:
        lock = take_lock(home / "keeper.lock")
        if lock is not None:
            _start_keeper(home, lock)
        address = _await_keeper(home, old_news=old_news, deadline=deadline)
        if address is not None:
            return address
        silent_ends += 1
        if silent_ends == 3:
            raise _no_answer(home, why="The process that starts it ended without a word.")
    raise _no_answer(home, why="The server has been starting for ten minutes.")


def keeper_is_alive(*, home: Path) -> bool:
    """Whether a keeper holds its lock; it does so from before its server starts until after it is down."""
    return is_locked(home / "keeper.lock")


def keeper_of(*, home: Path) -> int | None:
    """The process number of the keeper whose server is up, if there is one."""
    return _told(home).get("pid") if keeper_is_alive(home=home) else None


def dismiss_keeper(*, home: Path, keeper: int) -> bool:
    """Let the keeper leave without its three seconds of grace, and wait for it. False when others use the server."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGUSR1)
    deadline = time.monotonic() + _HURRY_S
    while keeper_is_alive(home=home):
        use = take_lock(home / "in-use", shared=True)
        if use is not None:
            os.close(use)
            if time.monotonic() > deadline:
                return False
        time.sleep(0.02)
    return True


def _start_keeper(home: Path, lock: int) -> None:
    """The lock passes to the keeper with the file descriptor: between us and it, nobody else can take it."""
    try:
        (home / "keeper.json").unlink(missing_ok=True)
        with (home / "keeper.log").open("ab") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "perennia.config.postgres.keeper", str(home)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
        _keepers.append(keeper)
    finally:
        os.close(lock)


def _await_keeper(home: Path, *, old_news: dict[str, Any], deadline: float) -> Address | None:
    """What the keeper says when its server is ready; None when it ended without saying anything."""
    while time.monotonic() < deadline:
        has_ended = not keeper_is_alive(home=home)
        told = _told(home)
        if "error" in told and told != old_news:
            raise ServerError(**told["error"])
        if "host" in told and not has_ended and _is_alive(told["pid"]):
            return Address(
                host=told["host"],
                port=told["port"],
                version=told["version"],
                folder=Path(told["folder"]),
                binaries=Path(told["binaries"]),
                keeper=told["pid"],
            )
        if has_ended:
            return None
        time.sleep(0.01)
    return None


def _told(home: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((home / "keeper.json").read_text()))
    except (OSError, ValueError):
        return {}


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def _no_answer(home: Path, *, why: str) -> ServerError:
    """Why, as far as we know; a full disk keeps the keeper from saying so itself."""
    return explain(what=_NO_ANSWER, log=f"{why} See keeper.log in {home}.", folder=home)
