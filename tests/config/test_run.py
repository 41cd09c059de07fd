"""`perennia run` keeps everything up, stops in order, and leaves no process however it ends."""

import json
import os
import signal
from pathlib import Path

import pytest

from perennia.config.postgres.keeper import GRACE_S
from tests.config.machine import Machine, wait_for

RUN = ("-m", "perennia", "run", "--workers", "0")


class Running:
    """A `perennia run` with what it has said so far."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.process = machine.start(*RUN)
        self.lines: list[str] = []

    def read_until(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} was never said: {''.join(self.lines)}")

    def gateway(self) -> int:
        """The gateway's process number, as told when it started."""
        return int(self.read_until("gateway    started").rpartition("process ")[2].rstrip(")\n"))


@pytest.fixture
def running(machine: Machine) -> Running:
    running = Running(machine)
    running.read_until("PostgreSQL")
    return running


def is_gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def test_it_stops_in_order(running: Running) -> None:
    gateway = running.gateway()
    running.process.send_signal(signal.SIGTERM)
    words = running.process.communicate(timeout=60)[0]
    assert running.process.returncode == 0, words
    assert "gateway    stopped" in words
    assert "database   stopped" in words
    assert is_gone(gateway)
    assert running.machine.is_quiet()


def test_killed_outright_it_leaves_nothing(running: Running) -> None:
    gateway = running.gateway()
    running.process.kill()
    wait_for(lambda: is_gone(gateway), within_s=30)
    wait_for(running.machine.is_quiet, within_s=GRACE_S + 30)


def test_what_dies_is_started_again(running: Running) -> None:
    os.kill(running.gateway(), signal.SIGKILL)
    assert "was killed by SIGKILL, starting again in 0." in running.read_until("starting again")
    running.gateway()
    os.kill(json.loads((running.machine.home / "keeper.json").read_text())["pid"], signal.SIGKILL)
    running.read_until("database   back")
    assert running.machine.ask("SELECT 1") == "1"


def test_commands_share_its_server_and_a_second_run_is_refused(running: Running) -> None:
    assert running.machine.ask("SELECT 1") == "1"
    second = running.machine.start(*RUN)
    assert "Perennia already runs" in second.communicate(timeout=60)[0]
    assert second.returncode == 1


def test_the_server_stays_up_for_another_command(running: Running) -> None:
    running.gateway()
    holder, _ = running.machine.hold()
    running.process.send_signal(signal.SIGINT)
    assert "stays up while another command uses it" in running.process.communicate(timeout=60)[0]
    assert running.machine.servers()
    holder.communicate(timeout=60)


def test_the_watchdog_for_systems_without_a_parent_death_signal(cold: Machine) -> None:
    parent = cold.start(
        "-c",
        "import signal, time\n"
        "from perennia.config.postgres.parent import start_child\n"
        "print(start_child(['sleep', '60'], parting_signal=signal.SIGTERM, watch=True).pid, flush=True)\n"
        "time.sleep(60)",
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not is_gone(child)
    parent.kill()
    wait_for(lambda: is_gone(child), within_s=30)


def test_refusing_a_worker_count_is_wrong_use(cold: Machine) -> None:
    command = cold.start("-m", "perennia", "run", "--workers", "many")
    command.communicate(timeout=60)
    assert command.returncode == 2
