"""One test gateway for all of a module's tills, and installations with a home of their own.

What needs Django is imported in the fixtures: this file is read before Django is loaded.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.config.conftest import machine, seed
from tests.config.machine import Machine
from tests.gateways.gateway_stands import SandboxStand

if TYPE_CHECKING:
    from tests.faults.installation import Installation

__all__ = ["installation", "machine", "seed", "stand"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def installation(machine: Machine) -> "Installation":
    from tests.faults.installation import Installation

    return Installation(machine)
