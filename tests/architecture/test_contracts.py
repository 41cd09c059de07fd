"""The import contracts hold on the tree, and each one refuses the violation it was written for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTS = {
    "Rooms import downwards only": ("wording/planted.py", "import perennia.operations"),
    "Inside the domain, rules build on values": ("domain/money.py", "import perennia.domain.pricing"),
    "The domain knows no framework and no network": ("domain/pricing.py", "import httpx"),
    "Only operations write": ("jobs/planted.py", "import perennia.store.writes"),
    "Only the store and analytics see tables": ("operations/planted.py", "import perennia.store.tables"),
    "Gateways know the port, not each other": ("gateways/stripe.py", "import perennia.gateways.sandbox"),
}


def _copy(target: Path) -> Path:
    shutil.copytree(ROOT / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", target)
    return target


def _broken(folder: Path) -> set[str]:
    """Lint the tree in `folder`; the names of the contracts that broke."""
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    broken = {line.partition(" BROKEN")[0] for line in done.stdout.splitlines() if " BROKEN" in line}
    assert bool(broken) == bool(done.returncode)
    return broken


def test_the_tree_keeps_every_contract() -> None:
    assert _broken(ROOT) == set()


@pytest.mark.parametrize("contract", PLANTS)
def test_a_contract_refuses_its_violation(contract: str, tmp_path: Path) -> None:
    file, line = PLANTS[contract]
    with (_copy(tmp_path) / "src/perennia" / file).open("a") as planted:
        planted.write(f"\n{line}\n")
    assert contract in _broken(tmp_path)


def test_every_contract_has_its_violation_here() -> None:
    names = [line for line in (ROOT / ".importlinter").read_text().splitlines() if line.startswith("name = ")]
    assert {line.removeprefix("name = ") for line in names} == set(PLANTS)


def test_an_undeclared_room_and_an_undeclared_rule_are_refused(tmp_path: Path) -> None:
    package = _copy(tmp_path) / "src/perennia"
    (package / "misc").mkdir()
    (package / "misc/__init__.py").touch()
    (package / "domain/misc.py").touch()
    assert {"Rooms import downwards only", "Inside the domain, rules build on values"} <= _broken(tmp_path)
