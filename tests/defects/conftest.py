"""One test gateway for all tills of these stories.

What needs Django is imported in the fixtures: this file is read before Django is loaded.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.gateways.gateway_stands import SandboxStand

if TYPE_CHECKING:
    from tests.operations.till import Till


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand, database: object) -> Iterator["Till"]:
    """A fresh shop with a till that waits half a second for an answer."""
    from tests.operations.shop import open_shop
    from tests.operations.till import open_till

    with open_till(open_shop(), stand, timeout_s=0.5) as till:
        yield till
