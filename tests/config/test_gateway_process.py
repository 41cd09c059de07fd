"""Where a command finds the test gateway: named, running already, or a child of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from perennia.config.failures import ServerError
from perennia.config.test_gateway import running_test_gateway


def is_well(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_child_serves_the_block_and_ends_with_it(tmp_path: Path):
    with running_test_gateway(tmp_path) as url:
        assert is_well(url)
    assert not is_well(url) and not (tmp_path / "url").exists()


def test_the_one_that_runs_is_shared_and_outlives_its_guest(tmp_path: Path):
    with running_test_gateway(tmp_path) as url:
        with running_test_gateway(tmp_path) as same:
            assert same == url
        assert is_well(url)


def test_a_stale_address_is_not_believed(tmp_path: Path):
    (tmp_path / "url").write_text("http://127.0.0.1:1")
    with running_test_gateway(tmp_path) as url:
        assert url != "http://127.0.0.1:1" and is_well(url)


def test_the_setting_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PERENNIA_TEST_GATEWAY_URL", "http://127.0.0.1:8430/")
    with running_test_gateway() as url:
        assert url == "http://127.0.0.1:8430"


@pytest.mark.parametrize("text", ["http://example.com:80", "https://127.0.0.1:1", "127.0.0.1:80", "http://127.0.0.1"])
def test_an_address_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("PERENNIA_TEST_GATEWAY_URL", text)
    with pytest.raises(ServerError), running_test_gateway():
        pass


def test_a_command_killed_outright_leaves_no_gateway_behind(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from perennia.config.test_gateway import running_test_gateway\n"
        "with running_test_gateway(Path(sys.argv[1])): time.sleep(60)"
    )
    command = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    give_up_at = time.monotonic() + 30
    while not (tmp_path / "url").exists():
        assert time.monotonic() < give_up_at and command.poll() is None
        time.sleep(0.02)
    url = (tmp_path / "url").read_text()
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    while is_well(url):
        assert time.monotonic() < give_up_at, "the gateway outlived its command"
        time.sleep(0.02)
