import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennia.config.locks import take_lock
from tests.config.machine import Machine, wait_for


@pytest.fixture
def cold() -> Iterator[Machine]:
    """A machine on which Perennia has never run."""
    machine = Machine()
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def seed() -> Path:
    """A home folder to copy, with a migrated database in it and one table more; made once for all processes."""
    session = Path(os.environ["PERENNIA_HOME"])
    lock = take_lock(session / "seed.lock", patience_s=120)
    assert lock is not None, "another process has been making it for two minutes"
    try:
        if not (session / "seed").exists():
            machine = Machine()
            machine.run("from perennia.config.wiring import database\nwith database(): pass")
            machine.ask("CREATE TABLE receipts (number int PRIMARY KEY)")
            machine.ask("GRANT ALL ON receipts TO perennia_app")
            machine.stop_keeper()
            wait_for(machine.is_quiet, within_s=20)
            machine.home.rename(session / "seed")
            machine.close()
        return session / "seed"
    finally:
        os.close(lock)


@pytest.fixture
def machine(seed: Path) -> Iterator[Machine]:
    """A machine whose database exists and is down."""
    machine = Machine()
    subprocess.run(["cp", "-a", str(seed), str(machine.home)], check=True)
    yield machine
    machine.close()
