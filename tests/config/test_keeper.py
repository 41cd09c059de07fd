"""The embedded server comes up once, survives what kills others, and leaves when nobody needs it."""

import os
import signal
import subprocess
from itertools import islice

from perennia.config.postgres.keeper import GRACE_S
from tests.config.machine import Machine, wait_for

INSERT = """
import psycopg, sys
from perennia.config.server import open_server
with open_server() as server, psycopg.connect(server.dsn('app'), autocommit=True) as connection:
    print(server.address.keeper, flush=True)
    for number in range(100_000):
        connection.execute('INSERT INTO receipts VALUES (%s)', (number,))
        print(number, flush=True)
"""


def _told(client: "subprocess.Popen[str]", *, lines: int | None = None) -> list[int]:
    """The numbers it prints: of so many lines, or of all that come until it ends, which may be none."""
    assert client.stdout is not None
    return [int(line) for line in islice(client.stdout, lines) if line.strip().isdecimal()]


def test_two_cold_starts_at_once_share_one_server(cold: Machine) -> None:
    processes = [cold.start("-c", HOLD_BRIEFLY) for _ in range(4)]
    keepers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(keepers) == 1, keepers
    assert keepers.pop().isdecimal()
    assert [folder.name for folder in cold.home.glob("pg*")] == [cold.cluster.name]


def test_quick_commands_share_a_server_and_it_leaves_by_itself(machine: Machine) -> None:
    first, keeper = machine.hold()
    second, same = machine.hold()
    assert keeper == same
    for process in (first, second):
        process.communicate(timeout=60)
    _, still = machine.hold()
    assert still == keeper
    machine.started[-1].communicate(timeout=60)
    wait_for(machine.is_quiet, within_s=GRACE_S + 30)
    assert "database system is shut down" in (machine.cluster / "server.log").read_text()


def test_a_restart_after_a_clean_stop_needs_no_recovery(machine: Machine) -> None:
    assert machine.ask("SELECT count(*) FROM receipts") == "0"
    wait_for(machine.is_quiet, within_s=GRACE_S + 30)
    assert machine.ask("SELECT count(*) FROM receipts") == "0"
    assert "recovery" not in (machine.cluster / "server.log").read_text()


def test_a_command_killed_outright_leaves_nothing(machine: Machine) -> None:
    process, _ = machine.hold()
    process.kill()
    wait_for(machine.is_quiet, within_s=GRACE_S + 30)


def test_a_killed_keeper_loses_no_committed_row(machine: Machine) -> None:
    machine.settings["PERENNIA_POSTGRES_SETTINGS"] = "shared_buffers=16MB"
    client = machine.start("-c", INSERT)
    keeper, *numbers = _told(client, lines=200)
    os.kill(keeper, signal.SIGKILL)
    acknowledged = max(numbers + _told(client))
    wait_for(lambda: not machine.servers(), within_s=30)
    assert int(machine.ask("SELECT max(number) FROM receipts")) >= acknowledged > 150


def test_a_killed_server_recovers_what_was_committed(machine: Machine) -> None:
    machine.settings["PERENNIA_POSTGRES_SETTINGS"] = "shared_buffers=16MB"
    client = machine.start("-c", INSERT)
    _, *numbers = _told(client, lines=200)
    postmaster = int((machine.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    acknowledged = max(numbers + _told(client))
    assert int(machine.ask("SELECT max(number) FROM receipts")) >= acknowledged > 150
    assert "automatic recovery in progress" in (machine.cluster / "server.log").read_text()


HOLD_BRIEFLY = """
import time
from perennia.config.server import open_server
with open_server() as server:
    print(server.address.keeper, flush=True)
    time.sleep(1)
"""
