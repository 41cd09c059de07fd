"""One test gateway for all of a module's tills, and machines with a home of their own.

What needs Django is imported in the fixtures: this file is read before Django is loaded.
"""

from collections.abc import Iterator

import pytest

from tests.config.conftest import cold, machine, seed
from tests.gateways.gateway_stands import SandboxStand

__all__ = ["cold", "machine", "seed", "stand"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()
