"""The embedded server comes up once, survives what kills others, and leaves when nobody needs it."""

import os
import signal

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
        process.communicate(timeout=10)
    _, still = machine.hold()
    assert still == keeper
    machine.started[-1].communicate(timeout=10)
    wait_for(machine.is_quiet, within_s=GRACE_S + 5)
    assert "database system is shut down" in (machine.cluster / "server.log").read_text()


def test_a_restart_after_a_clean_stop_needs_no_recovery(machine: Machine) -> None:
    assert machine.ask("SELECT count(*) FROM receipts") == "0"
    wait_for(machine.is_quiet, within_s=GRACE_S + 5)
    assert machine.ask("SELECT count(*) FROM receipts") == "0"
    assert "recovery" not in (machine.cluster / "server.log").read_text()


def test_a_command_killed_outright_leaves_nothing(machine: Machine) -> None:
    process, _ = machine.hold()
    process.kill()
    wait_for(machine.is_quiet, within_s=GRACE_S + 5)


def test_a_killed_keeper_loses_no_committed_row(machine: Machine) -> None:
    machine.settings["PERENNIA_POSTGRES_SETTINGS"] = "shared_buffers=16MB"
    client = machine.start("-c", INSERT)
    assert client.stdout is not None
    keeper, *_ = [client.stdout.readline() for _ in range(200)]
    os.kill(int(keeper), signal.SIGKILL)
    words = client.communicate(timeout=30)[0].splitlines()
    acknowledged = max(int(word) for word in words if word.isdecimal())
    wait_for(lambda: not machine.servers(), within_s=5)
    assert int(machine.ask("SELECT max(number) FROM receipts")) >= acknowledged > 150


def test_a_killed_server_recovers_what_was_committed(machine: Machine) -> None:
    machine.settings["PERENNIA_POSTGRES_SETTINGS"] = "shared_buffers=16MB"
    client = machine.start("-c", INSERT)
    assert client.stdout is not None
    for _ in range(200):
        client.stdout.readline()
    postmaster = int((machine.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    words = client.communicate(timeout=30)[0].splitlines()
    acknowledged = max(int(word) for word in words if word.isdecimal())
    assert int(machine.ask("SELECT max(number) FROM receipts")) >= acknowledged > 150
    assert "automatic recovery in progress" in (machine.cluster / "server.log").read_text()


HOLD_BRIEFLY = """
import time
from perennia.config.server import open_server
with open_server() as server:
    print(server.address.keeper, flush=True)
    time.sleep(1)
"""
