"""Time, identifiers, settings and release dates."""

import datetime
import os
import re
import uuid
from pathlib import Path

import pytest

from perennia.config import clock, environment
from perennia.config.failures import ServerError
from perennia.config.identity import new_ids
from perennia.config.postgres.explain import explain
from perennia.config.postgres.releases import released_on

ROOT = Path(__file__).parents[2]


def test_identifiers_are_uuids_of_version_7_and_rise() -> None:
    batches = [new_ids(size) for size in (1, 1000, 1, 0, 50_000)]
    ids = [identifier for batch in batches for identifier in batch]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(bytes=identifier).version for identifier in ids[:1000]} == {7}
    assert {uuid.UUID(bytes=identifier).variant for identifier in ids[:1000]} == {uuid.RFC_4122}
    milliseconds = int.from_bytes(ids[0][:6], "big")
    assert abs(milliseconds / 1000 - clock.now().timestamp()) < 60


def test_a_fork_makes_other_identifiers() -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(new_ids(100)))
        os._exit(0)
    ours = set(new_ids(100))
    os.waitpid(child, 0)
    theirs = os.read(read, 1600)
    os.close(read)
    os.close(write)
    assert ours.isdisjoint({theirs[start : start + 16] for start in range(0, 1600, 16)})


def test_the_clock_is_aware() -> None:
    assert clock.now().tzinfo is datetime.UTC


def test_every_setting_is_documented_once_and_nothing_else_is() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    assert documented == [setting.name for setting in environment.ALL]


def test_settings_are_read_in_one_place_only() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        if path.name != "environment.py":
            names = re.findall(r"environ[^\n]*[\"'](PERENNIA_\w+|DATABASE_\w+)", path.read_text())
            assert names == [], path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PERENNIA_POSTGRES_PORT", "70000"),
        ("PERENNIA_POSTGRES_PORT", "five"),
        ("PERENNIA_HOME", "here/below"),
        ("PERENNIA_WORKERS", "-1"),
        ("PERENNIA_POSTGRES_SETTINGS", "work_mem"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    setting = next(setting for setting in environment.ALL if setting.name == name)
    monkeypatch.setenv(name, text)
    with pytest.raises(ServerError, match=f"(?s){name}.*Correct it or unset it"):
        setting.read()
    monkeypatch.setenv(name, "")
    assert setting.read() == setting.default


@pytest.mark.parametrize(
    ("version", "date"),
    [
        ("18.6", datetime.date(2026, 8, 13)),
        ("18.5", datetime.date(2026, 8, 13)),  # never came out; what is between counts as the next one
        ("15.18", datetime.date(2026, 5, 14)),
        ("16.1", datetime.date(2024, 8, 8)),
        ("18.7", None),
        ("19.0", None),
    ],
)
def test_the_age_of_a_version(version: str, date: datetime.date | None) -> None:
    assert released_on(version) == date


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ('FATAL:  could not write to file "x": No space left on device', "disk is full"),
        ("PANIC:  could not locate a valid checkpoint record", "damaged"),
        ("FATAL:  database files are incompatible with server", "another version"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "not enough memory"),
        ("FATAL:  something new", "something new"),
    ],
)
def test_the_servers_last_words_are_explained(log: str, why: str) -> None:
    error = explain(what="It cannot be started", log=log, folder=Path("/"))
    assert why in error.why
    assert error.remedy
