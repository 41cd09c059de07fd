"""The supervisor behind `perennia run`: it starts what should run, starts it again when it dies, and stops it in order.

Each program is told to stop when the supervisor dies, however it dies, so nothing is left behind.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from perennia.config.postgres.parent import start_child

_ROUND_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 30.0
_STOP_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Program:
    """Something that should run for as long as the supervisor does."""

    name: str
    argv: tuple[str, ...]


class _Kept:
    """One program with its process; the pause before a new start doubles until it stays up."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.pause_s = _FIRST_PAUSE_S

    def start(self) -> int:
        self.process = start_child(
            self.program.argv, parting_signal=signal.SIGTERM, stdin=subprocess.DEVNULL, process_group=0
        )
        self.started_at = time.monotonic()
        return self.process.pid

    def ended(self) -> int | None:
        """The exit status of a process that has just ended; the next start is planned."""
        if self.process is None or self.process.poll() is None:
            return None
        status = self.process.returncode
        self.process = None
        if time.monotonic() - self.started_at > _STEADY_AFTER_S:
            self.pause_s = _FIRST_PAUSE_S
        self.start_at = time.monotonic() + self.pause_s
        self.pause_s = min(_LONGEST_PAUSE_S, self.pause_s * 2)
        return status


class Supervisor:
    """Keeps programs running until SIGTERM, SIGINT or SIGHUP. `say` takes a name and what happened to it."""

    def __init__(self, *, programs: Sequence[Program], say: Callable[[str, str], None]) -> None:
        self._kept = [_Kept(program) for program in programs]
        self._say = say
        self._is_over = threading.Event()

    def run(self, *, each_round: Callable[[], None]) -> None:
        """Return when all programs have stopped after a signal. `each_round` is called a few times a second."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self._is_over.wait(_ROUND_S):
                each_round()
                for kept in self._kept:
                    self._tend(kept)
        finally:
            self._stop_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_over.set()

    def _tend(self, kept: _Kept) -> None:
        status = kept.ended()
        if status is not None:
            self._say(
                kept.program.name, f"{_describe(status)}, starting again in {kept.start_at - time.monotonic():.1f} s"
            )
        if kept.process is None and time.monotonic() >= kept.start_at:
            self._say(kept.program.name, f"started (process {kept.start()})")

    def _stop_all(self) -> None:
        running = {kept.program.name: kept.process for kept in self._kept if kept.process is not None}
        for process in running.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_PATIENCE_S
        for name, process in running.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
                self._say(name, "stopped")
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self._say(name, f"did not stop in {_STOP_PATIENCE_S:.0f} s and was killed")


def _describe(status: int) -> str:
    return f"ended with code {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"
