"""Worker processes that prepare, say so, wait for one signal to go, work, and report.

Instants are of the monotonic clock, which all processes of the machine share.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from perennia.config.postgres.parent import start_child

ROOT = Path(__file__).resolve().parents[2]


class Crew:
    """One process for each entry of `orders`, all running the module `task` of this package."""

    def __init__(self, task: str, orders: Sequence[dict[str, Any]]) -> None:
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self._processes = [
            start_child(
                [sys.executable, "-m", f"benchmarks.stand.{task}"],
                parting_signal=signal.SIGKILL,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,
                env=os.environ | {"PYTHONPATH": paths},
            )
            for _ in orders
        ]
        for number, order in enumerate(orders):
            self._tell(number, json.dumps(order))

    def __enter__(self) -> Self:
        self.await_ready()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def await_ready(self) -> None:
        """Return when all are prepared. Raises RuntimeError where one ended before."""
        for number in range(len(self._processes)):
            self._hear(number)

    def go(self) -> float:
        """Give the signal; answers its instant."""
        at = time.monotonic()
        for number in range(len(self._processes)):
            self._tell(number, "go")
        return at

    def reports(self) -> list[dict[str, Any]]:
        """What each process has to say when it is done. Raises RuntimeError where one ended without a word."""
        return [json.loads(self._hear(number)) for number in range(len(self._processes))]

    def await_end(self) -> None:
        for process in self._processes:
            process.wait()

    def _tell(self, number: int, line: str) -> None:
        stdin = self._processes[number].stdin
        assert stdin is not None
        stdin.write(line.encode() + b"\n")
        stdin.flush()

    def _hear(self, number: int) -> bytes:
        stdout = self._processes[number].stdout
        assert stdout is not None
        line: bytes = stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended without a report; its reason stands above")
        return line


def orders() -> dict[str, Any]:
    """In the process: what it was told to prepare."""
    found: dict[str, Any] = json.loads(sys.stdin.readline())
    return found


def await_go() -> None:
    """In the process: say that all is prepared, and return when the signal comes; ends where the crew is gone."""
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit(1)


def report(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def cpu_s() -> float:
    """Processor time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_mb() -> float:
    """The most memory this process ever had. Not from getrusage: that counts what its parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
