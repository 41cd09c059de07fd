"""The benchmark of the billing run still runs, and prints what it promises."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SIZE = 300
NUMBERS = {
    "seconds", "invoices_per_s", "copy_limit_per_s", "ratio", "control_per_s", "statements_per_1000", "peak_rss_mb",
    "rate_last_tenth_over_first", "cpu_us_per_invoice", "disk_bytes_per_invoice", "wal_bytes_per_invoice",
    "repeat_seconds", "empty_claim_ms",
}  # fmt: skip


def _bench(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(("PERENNIA_", "DATABASE_"))
    }
    command = [sys.executable, "-m", "perennia", "bench", *words, "--folder", str(folder), "--json"]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True)


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="perennia-tests-bench-"))
    folder.chmod(0o711)  # as root, the server's account has to pass through, which pytest's own folders refuse
    try:
        done = _bench("billing", f"--subscriptions={SIZE}", folder=folder)
        assert done.returncode == 0, done.stderr
        assert list(folder.iterdir()) == [], "the installation is thrown away"
        yield json.loads(done.stdout)
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_two_runs_with_one_and_two_workers_bill_everything(measured: dict[str, Any]) -> None:
    assert measured["subscriptions"] == SIZE
    assert [(run["workers"], run["invoices"]) for run in measured["runs"]] == [(1, SIZE), (2, SIZE)]


@pytest.mark.slow
def test_every_figure_is_there_and_above_zero(measured: dict[str, Any]) -> None:
    for run in measured["runs"]:
        assert {name for name in NUMBERS if not (isinstance(run.get(name), int | float) and run[name] > 0)} == set()


@pytest.mark.slow
def test_an_invoice_has_every_row_it_should(measured: dict[str, Any]) -> None:
    for run in measured["runs"]:
        rows = run["rows_per_invoice"]
        assert {name: rows[name] for name in ("documents", "lines", "postings", "receivables", "billed_spans")} == {
            "documents": 1, "lines": 2, "postings": 3, "receivables": 1, "billed_spans": 2,
        }  # fmt: skip
        assert (rows["movements"], rows["history"], rows["outbox"]) == (0.05, 0.05, 1.05)


@pytest.mark.slow
def test_the_server_keeps_what_it_commits(measured: dict[str, Any]) -> None:
    server = measured["server"]
    assert [server[name] for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on", "on", "on"]


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    refused = _bench("billing", "--subscriptions=300", "--workers=none", folder=tmp_path)
    assert refused.returncode == 2
    assert "at least one worker" in refused.stderr
    assert refused.stdout == ""
