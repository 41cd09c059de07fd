"""The lint bans hold on the tree, and each one bites on a planted line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import bans

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src/perennia"


def _tree(check: Callable[[str], list[bans.Finding]], folder: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in bans.python_files(folder)
        for line, what in check(path.read_text())
    ]


def _ruff(code: str, *, file: str = "src/perennia/operations/planted.py") -> str:
    command = [sys.executable, "-m", "ruff", "check", "--select=TID251", "--no-cache", "--output-format=concise"]
    done = subprocess.run(
        [*command, f"--stdin-filename={file}", "-"], input=code, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_rules_hold_no_floating_point() -> None:
    assert _tree(bans.floats, SOURCES / "domain") == []


def test_rules_import_the_standard_library_only() -> None:
    assert _tree(bans.third_parties, SOURCES / "domain") == []


def test_no_column_reads_the_clock() -> None:
    assert _tree(bans.hidden_clocks, SOURCES) == []


def test_only_config_is_excused_from_the_bans() -> None:
    excused = [path for path in bans.python_files(SOURCES) if "TID251" in path.read_text()]
    assert [str(path) for path in excused if SOURCES / "config" not in path.parents] == []


@pytest.mark.parametrize(
    "line",
    [
        "share = 0.5",
        "amount = float(text)",
        "def half(amount: float): ...",
        "share = part / whole",
        "amount /= 2",
        "unit = 10 ** -digits",
        "seconds = elapsed.total_seconds()",
        "import math",
        "from math import floor",
    ],
)
def test_a_float_in_the_rules_is_refused(line: str) -> None:
    assert bans.floats(line)


@pytest.mark.parametrize("line", ["share = part / whole  # exact", "n = a // b", "from math import gcd", "x = '0.5'"])
def test_exact_arithmetic_passes(line: str) -> None:
    assert not bans.floats(line)


@pytest.mark.parametrize("line", ["import django", "from httpx import get", "from perennia.store import reads"])
def test_a_third_party_in_the_rules_is_refused(line: str) -> None:
    assert bans.third_parties(line)


def test_a_column_that_reads_the_clock_is_refused() -> None:
    assert bans.hidden_clocks("at = models.DateTimeField(auto_now_add=True)")


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "from datetime import datetime as d\nx = d.today()",
        "from datetime import date\nx = date.today()",
        "import time\nx = time.time()",
        "from time import time_ns",
        "from django.utils import timezone\nx = timezone.now()",
        "from django.db.models.functions import Now",
    ],
)
def test_the_wall_clock_is_refused(code: str) -> None:
    assert "TID251" in _ruff(code)


def test_durations_and_the_clock_itself_pass() -> None:
    assert "TID251" not in _ruff("import time\nx = time.monotonic() - time.perf_counter()\n")
    excused = "import time\nx = time.time()  # noqa: TID251\n"
    assert "TID251" not in _ruff(excused, file="src/perennia/config/planted.py")


@pytest.mark.parametrize(
    "code",
    [
        "from django.dispatch import receiver",
        "import django.dispatch",
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from django.db import models\nmodels.signals.post_save.connect(print)",
        "from django.core.signals import request_finished",
    ],
)
def test_a_framework_signal_is_refused(code: str) -> None:
    assert "TID251" in _ruff(code)
