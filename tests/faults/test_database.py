"""The database dies in the middle of a run: the command says so, and the next one ends what was begun."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.config.machine import wait_for
from tests.faults.installation import REFUSED, Installation, asked, wait_until

SUBSCRIBERS = 3_000
OPENED_ON = date(2025, 1, 1)
_ABOUT_TO_WRITE = """SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND l.relation = 'documents'::regclass ORDER BY a.backend_start, a.pid"""


def bill_half(installation: Installation, *, late: int) -> "tuple[subprocess.Popen[str], int]":
    """A run of two workers, of whom one has billed its chunk, and the server process of the other.

    That one (0 is the command's own, 1 its helper's) stands still just before its documents get their numbers.
    """
    with installation.superuser() as locking, installation.superuser() as looking:
        locking.execute("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")
        run = installation.start("bill", "--tenant", installation.tenant, "--workers", "2")
        wait_until(looking, f"SELECT count(*) = 2 FROM ({_ABOUT_TO_WRITE}) AS waiting")
        backend = asked(looking, f"{_ABOUT_TO_WRITE} LIMIT 1 OFFSET {late}")
        os.kill(backend, signal.SIGSTOP)
        locking.rollback()
        wait_until(looking, "SELECT count(*) > 0 FROM documents")
        return run, backend


def kill(postmaster: int, backend: int) -> None:
    """Outright: the server, and the process that it leaves in the middle of a transaction."""
    os.kill(postmaster, signal.SIGKILL)
    os.kill(backend, signal.SIGKILL)


def restart(postmaster: int, backend: int) -> None:
    """The immediate way, without a farewell to anybody."""
    os.kill(postmaster, signal.SIGQUIT)
    wait_for(lambda: _is_told_to_quit(backend), within_s=30)
    os.kill(backend, signal.SIGCONT)


def _is_told_to_quit(pid: int) -> bool:
    pending = Path(f"/proc/{pid}/status").read_text().partition("ShdPnd:")[2].split()[0]
    return bool(int(pending, 16) & 1 << signal.SIGQUIT - 1)


@pytest.mark.slow
@pytest.mark.parametrize(("end", "late"), [(kill, 0), (restart, 1)])
def test_a_run_whose_database_dies_ends_in_words_and_the_next_one_bills_the_rest(
    installation: Installation, end: Callable[[int, int], None], late: int
):
    holder, _ = installation.machine.hold()
    installation.open_business(clock=OPENED_ON, subscribers=SUBSCRIBERS, started_on=OPENED_ON)
    run, backend = bill_half(installation, late=late)
    end(installation.postmaster(), backend)
    code, said = installation.ends(run)
    assert code == REFUSED
    assert said.startswith("perennia: the database ") and said.endswith("run it again.\n") and said.count("\n") == 1
    holder.kill()

    installation.machine.hold()
    with installation.superuser() as looking:
        before = asked(looking, "SELECT count(*) FROM documents")
        assert 0 < before < SUBSCRIBERS
        billed = json.loads(installation.do("bill", "--tenant", installation.tenant, "--workers", "2", "--json"))
        assert billed["documents"] == SUBSCRIBERS - before
        numbers = looking.execute("SELECT number FROM documents ORDER BY number").fetchall()
        assert numbers == [(number,) for number in range(1, SUBSCRIBERS + 1)]
        assert asked(looking, "SELECT count(DISTINCT payer_id) FROM documents") == SUBSCRIBERS
        assert asked(looking, "SELECT count(*) FROM billed_spans") == 2 * SUBSCRIBERS
    assert installation.wrong() == []
