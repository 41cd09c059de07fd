"""What a crash or a stranger leaves in the data folder."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.config.machine import HOLD, Machine, wait_for


@pytest.fixture
def stranger(machine: Machine) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's own account that is not a PostgreSQL."""
    process = subprocess.Popen(["sleep", "60"], cwd="/", **machine.account.spawn)
    yield process
    process.kill()
    process.wait()


def leave_pid(machine: Machine, pid: int) -> None:
    """What a server leaves that was cut off: its pid file and its socket's, the number given away since."""
    for name, last in (("postmaster.pid", "ready"), (".s.PGSQL.5432.lock", "")):
        path = machine.data / name
        path.write_text(f"{pid}\n{machine.data}\n1700000000\n5432\n{machine.data}\n\n  1234567  99999999\n{last}\n")
        path.chmod(0o600)
        machine.account.own(path)


def test_the_number_of_another_users_process_is_passed_over(machine: Machine) -> None:
    leave_pid(machine, 1)
    assert machine.ask("SELECT 1") == "1"


def test_the_number_of_another_process_of_the_same_account_is_passed_over(
    machine: Machine, stranger: subprocess.Popen[bytes]
) -> None:
    leave_pid(machine, stranger.pid)
    assert machine.ask("SELECT 1") == "1"
    assert stranger.poll() is None


def test_the_number_of_another_folders_server_is_passed_over(machine: Machine, cold: Machine) -> None:
    subprocess.run(["cp", "-a", str(machine.home), str(cold.home)], check=True)
    cold.hold()
    leave_pid(machine, int((cold.data / "postmaster.pid").read_text().splitlines()[0]))
    assert machine.ask("SELECT 1") == "1"
    assert cold.servers()


def test_a_server_of_this_folder_is_never_passed_over(machine: Machine) -> None:
    holder, keeper = machine.hold()
    os.kill(keeper, signal.SIGSTOP)
    postmaster = int((machine.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    late = machine.start("-c", HOLD)
    time.sleep(1.0)
    assert late.poll() is None, "it must wait for the server that is on its way down"
    assert len((machine.data / "postmaster.pid").read_text().splitlines()) == 8
    os.kill(postmaster, signal.SIGCONT)
    assert late.stdout is not None
    assert int(late.stdout.readline()) != keeper
    holder.kill()


def test_a_start_killed_in_the_middle_of_initdb_is_begun_anew(cold: Machine) -> None:
    command = cold.start("-c", HOLD)
    wait_for(lambda: any(cold.home.glob("pg*.new-*/data/global")), within_s=20)
    for keeper in cold.keepers():
        os.kill(keeper, signal.SIGKILL)
    command.kill()
    assert any(cold.home.glob("pg*.new-*"))
    assert cold.ask("SELECT 1") == "1"
    assert [folder.name for folder in cold.home.glob("pg*")] == [cold.cluster.name]


def test_a_damaged_folder_is_refused_and_kept(machine: Machine) -> None:
    (machine.data / "global" / "pg_control").unlink()
    words = machine.refusal()
    assert "is damaged: global/pg_control missing" in words
    assert "restore the last backup" in words
    assert (machine.data / "base").exists()


def test_a_damaged_file_is_told_in_the_servers_words(machine: Machine) -> None:
    control = machine.data / "global" / "pg_control"
    control.write_bytes(bytes(len(control.read_bytes())))
    words = machine.refusal()
    assert "damaged" in words or "another version" in words


def test_data_of_another_major_version_are_refused(machine: Machine) -> None:
    shutil.move(machine.cluster, machine.home / "pg12")
    words = machine.refusal()
    assert "holds data of PostgreSQL 12" in words
    assert "PERENNIA_POSTGRES_BIN" in words
