"""The benchmarks of single acts and of what-if still run, and print what they promise."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.test_billing_bench import _bench


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="perennia-tests-bench-"))
    made.chmod(0o711)  # as root, the server's account has to pass through
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
def test_each_act_is_timed_beside_the_control(folder: Path) -> None:
    done = _bench("acts", "--subscriptions=700", "--rounds=20", folder=folder)
    assert done.returncode == 0, done.stderr
    acts = {act["act"]: act for act in json.loads(done.stdout)["acts"]}
    assert list(acts) == ["preview", "change", "cancel", "control"]
    assert all(0 < act["p50_ms"] <= act["p95_ms"] <= act["max_ms"] for act in acts.values())
    assert acts["change"]["statements"] < 45
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_what_if_asks_the_rule_once_for_equal_terms(folder: Path) -> None:
    done = _bench("what_if", "--subscriptions=400", "--repeat=1", folder=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["subscriptions"] == 400
    assert 0 < told["distinct_terms"] < 400
    assert told["seconds"] > 0 < told["control_seconds"]


def test_too_few_subscriptions_are_refused(folder: Path) -> None:
    refused = _bench("acts", "--subscriptions=100", "--rounds=20", folder=folder)
    assert refused.returncode == 2
    assert "four subscriptions a round" in refused.stderr
