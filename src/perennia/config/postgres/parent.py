"""Children that do not outlive their parent, however it ends.

Linux sends a signal of our choice when the parent dies. Elsewhere a watchdog does: a small process that reads a
pipe of the parent's, and signals the child when the pipe breaks. (The watchdog was tried on Linux only.)
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 1.0
_watchdogs: list[subprocess.Popen[bytes]] = []


def start_child(
    command: Sequence[str], *, parting_signal: signal.Signals, watch: bool = sys.platform != "linux", **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program that receives `parting_signal` when this process dies. Call it from the main thread."""
    if not watch:
        return subprocess.Popen(command, preexec_fn=_follow_parent(parting_signal), **options)  # noqa: PLW1509
    child = subprocess.Popen(command, **options)
    _start_watchdog(child.pid, parting_signal)
    return child


def _follow_parent(parting_signal: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes the program; the account has been changed by then, which would undo it."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def follow() -> None:
        prctl(_PR_SET_PDEATHSIG, int(parting_signal), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return follow


def _start_watchdog(child: int, parting_signal: signal.Signals) -> None:
    """The write end of the pipe stays open in this process, on purpose, for as long as it lives."""
    command = [sys.executable, "-m", __name__, str(child), str(int(parting_signal))]
    _watchdogs.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd="/"))


def _watch(child: int, parting_signal: int) -> None:
    """Wait for the pipe to break; leave when the child is gone by itself, for its number will be given away."""
    with contextlib.suppress(ProcessLookupError):
        while not select.select([sys.stdin], [], [], _LOOK_EVERY_S)[0]:
            os.kill(child, 0)
        os.kill(child, parting_signal)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), int(sys.argv[2]))
