"""The benchmark of usage still runs, and prints what it promises."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.benchmarks.test_billing_bench import _bench


@pytest.mark.slow
def test_every_event_is_counted_or_known_and_has_its_figures() -> None:
    folder = Path(tempfile.mkdtemp(prefix="perennia-tests-bench-"))
    folder.chmod(0o711)  # as root, the server's account has to pass through, which pytest's own folders refuse
    try:
        words = ("--events=2000", "--batch=200", "--subscriptions=60", "--workers=2", "--kept=1000")
        done = _bench("usage", *words, folder=folder)
        assert done.returncode == 0, done.stderr
        measured = json.loads(done.stdout)
    finally:
        shutil.rmtree(folder)
    (run,) = measured["runs"]
    assert (run["workers"], run["events"], measured["kept"]) == (2, 2000, 1000)
    figures = {name: value for name, value in run.items() if name not in ("workers", "events", "batch")}
    assert {name for name, value in figures.items() if not value > 0} == set()


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    refused = _bench("usage", "--workers=none", folder=tmp_path)
    assert refused.returncode == 2
    assert "at least one worker" in refused.stderr
