"""What holds for every file: its size, no secrets, nothing about the machine it was written on, locks that agree."""

import re
from pathlib import Path

import pytest

from tests.architecture import bans

ROOT = Path(__file__).parents[2]
LARGEST_FILE, LONGEST_FUNCTION = 400, 60
FOLDERS = [ROOT / name for name in ("src", "tests", "scripts", "docs", ".ci", "examples", "benchmarks")]
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:sk|rk)_live_\w{8}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}")
PIN = re.compile(r"^([a-z0-9-]+==\S+)", re.MULTILINE)


def _texts() -> list[tuple[str, str]]:
    paths = [path for folder in FOLDERS for path in folder.rglob("*")] + list(ROOT.glob("*"))
    texts = (path for path in paths if path.is_file() and "__pycache__" not in path.parts)
    return [(str(path.relative_to(ROOT)), path.read_text(errors="replace")) for path in texts]


def test_files_stay_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in bans.python_files(ROOT / "src")}
    assert {str(path): length for path, length in lengths.items() if length > LARGEST_FILE} == {}


def test_functions_stay_small() -> None:
    sources = {path: path.read_text() for path in bans.python_files(ROOT / "src")}
    long = {str(path): bans.long_functions(source, limit=LONGEST_FUNCTION) for path, source in sources.items()}
    assert {path: found for path, found in long.items() if found} == {}


def test_a_long_function_is_found() -> None:
    source = "def long():\n" + "    pass\n" * LONGEST_FUNCTION
    assert bans.long_functions(source, limit=LONGEST_FUNCTION)


def test_no_secrets_and_no_paths_of_this_checkout() -> None:
    assert [name for name, text in _texts() if SECRET.search(text)] == []
    if len(ROOT.parts) > 2:  # a checkout at /app would find itself in half the documentation
        assert [name for name, text in _texts() if re.search(re.escape(str(ROOT)) + r"\b", text)] == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_by_hash_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.split(r"\n(?=\S)", text.strip())
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
    assert "://" not in text


def test_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, development = (
        set(PIN.findall((ROOT / lock).read_text())) for lock in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime <= development
