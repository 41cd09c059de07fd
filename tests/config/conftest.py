import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.machine import Machine, wait_for


@pytest.fixture
def cold() -> Iterator[Machine]:
    """A machine on which Perennia has never run."""
    machine = Machine()
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def seed() -> Iterator[Path]:
    """A home folder with a database in it, to copy."""
    machine = Machine()
    machine.ask("CREATE TABLE receipts (number int PRIMARY KEY)")
    machine.ask("GRANT ALL ON receipts TO perennia_app")
    wait_for(machine.is_quiet, within_s=20)
    yield machine.home
    machine.close()


@pytest.fixture
def machine(seed: Path) -> Iterator[Machine]:
    """A machine whose database exists and is down."""
    machine = Machine()
    subprocess.run(["cp", "-a", str(seed), str(machine.home)], check=True)
    yield machine
    machine.close()
    shutil.rmtree(machine.root, ignore_errors=True)
