"""`perennia run` with live books: its workers are killed, then it is killed itself; all are billed and paid once."""

import json
import os
import re
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from perennia.config.clock import now
from perennia.domain.calendar import local_date
from tests.config.machine import wait_for
from tests.config.test_run import is_gone
from tests.faults.installation import Installation, asked, wait_until

SUBSCRIBERS = 60
WORKERS = 2


class Run:
    """A `perennia run` and what it says."""

    def __init__(self, installation: Installation) -> None:
        self.process = installation.start("run", "--workers", str(WORKERS))
        self.words = ""
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.words += line

    def workers(self) -> list[int]:
        """The process numbers of all workers it has started so far."""
        return [int(pid) for pid in re.findall(r"worker \d+ +started \(process (\d+)\)", self.words)]

    def kill(self) -> None:
        self.process.kill()
        assert self.process.wait(30) == -signal.SIGKILL
        self._reader.join(30)


def charges(installation: Installation) -> dict[str, Any]:
    """What the test gateway says it has done."""
    try:
        url = (installation.machine.home / "gateway" / "url").read_text().strip()
        with urllib.request.urlopen(f"{url}/v1/charges", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:  # it is not there yet, or not any more
        return {"count": 0}


def eventually(condition: Callable[[], object], run: Run) -> None:
    try:
        wait_for(condition, within_s=60)
    except AssertionError as error:
        raise AssertionError(f"{error}; it said:\n{run.words}") from None


@pytest.mark.slow
def test_workers_killed_and_then_the_supervisor_leave_everybody_billed_and_paid_once(installation: Installation):
    holder, _ = installation.machine.hold()
    today = local_date(now(), "Europe/Copenhagen")
    installation.open_business(clock=None, subscribers=SUBSCRIBERS, started_on=today, card="slow-after-1s")

    with installation.superuser() as locking, installation.superuser() as looking:
        locking.execute("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")
        run = Run(installation)
        wait_until(looking, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'documents'::regclass")
        killed = run.workers()
        assert len(killed) == WORKERS
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(run.workers()) == 2 * WORKERS, run)
        assert run.words.count("was killed by SIGKILL, starting again") == WORKERS
        assert asked(looking, "SELECT count(*) FROM documents") == 0
        locking.rollback()
        eventually(lambda: charges(installation)["count"], run)
        run.kill()  # charges have taken effect, and nobody has heard of it
        eventually(lambda: all(is_gone(worker) for worker in run.workers()), run)
        assert asked(looking, "SELECT count(*) FROM receivables WHERE state = 'paid'") < SUBSCRIBERS
        looking.execute(
            """UPDATE attempts SET leased_until = leased_until - interval '3 minutes',
                next_look_up_at = next_look_up_at - interval '3 minutes'"""
        )
        looking.commit()

        run = Run(installation)
        paid = f"SELECT count(*) = {SUBSCRIBERS} FROM receivables WHERE state = 'paid'"
        eventually(lambda: asked(looking, f"{paid} AND NOT EXISTS (SELECT FROM outbox)"), run)
        done = charges(installation)
        assert (done["succeeded"], done["charged_more_than_once"]) == (SUBSCRIBERS, {})
        assert asked(looking, "SELECT count(*) FROM payments") == SUBSCRIBERS
        assert asked(looking, "SELECT count(DISTINCT payer_id) FROM documents") == SUBSCRIBERS
        numbers = looking.execute("SELECT number FROM documents ORDER BY number").fetchall()
        assert numbers == [(number,) for number in range(1, SUBSCRIBERS + 1)]
        looking.rollback()
    assert installation.wrong() == []
    holder.kill()
