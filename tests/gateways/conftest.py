from collections.abc import Iterator

import pytest

from tests.gateways.gateway_stands import STANDS, SandboxStand, Stand


@pytest.fixture(scope="module", params=STANDS, ids=lambda kind: kind.__name__)
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Each provider in turn, shared by the tests of a module."""
    stand = request.param(tmp_path_factory.mktemp("provider"))
    yield stand
    stand.stop()


@pytest.fixture
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    """A test gateway of the test's own, with empty books."""
    stand = SandboxStand(tmp_path_factory.mktemp("sandbox"))
    yield stand
    stand.stop()
