"""`perennia tenant` as a person meets it: what is told, and that a corrected command works."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]
PLACE = ["--country", "DK", "--zone", "Europe/Copenhagen", "--name", "Nordlys"]


@pytest.fixture
def tenant(database: Database) -> Run:
    """Run `perennia tenant` on the database of this process."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")
    surroundings = os.environ | {"DATABASE_URL": database.dsn("superuser")}

    def run(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "perennia", "tenant", *words]
        ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout, ended.stderr

    return run


def test_a_corrected_command_works_and_says_what_comes_next(tenant: Run) -> None:
    slug = f"t-{secrets.token_hex(4)}"
    code, _, said = tenant("create", slug, *PLACE, "--currency", "KRONER")
    assert code == 1
    assert said.startswith("perennia: KRONER is not a currency that can be invoiced; write")
    code, out, said = tenant("create", slug, *PLACE, "--currency", "DKK")
    assert (code, said) == (0, "")
    assert out.splitlines() == [
        f"{slug}: live",
        "No tax is charged until there is a rate: "
        f"./run tenant tax {slug} --country DK --percent … --from … --source …",
    ]
    code, _, said = tenant("create", f"{slug}-2", *PLACE, "--currency", "DKK", "--business", slug)
    assert (code, said) == (
        1, "perennia: This business has live books already; a second set is a sandbox (--clock).\n",
    )  # fmt: skip
    tax = ["tax", slug, "--country", "DK"]
    assert tenant(*tax, "--percent", "25", "--from", "1992-01-01", "--source", "law")[0] == 0
    code, _, said = tenant(*tax, "--percent", "26", "--from", "2026-01-01", "--source", "law")
    assert code == 1
    assert "tenant tax SLUG --country DK --class standard --to DATE" in said
    assert tenant(*tax, "--to", "2026-01-01")[0] == 0
    assert tenant(*tax, "--percent", "26", "--from", "2026-01-01", "--source", "law")[:2] == (
        0, "DK standard: 26 % from 2026-01-01\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--percent", "abc"], "--percent abc is not a number; write 25, or 25.5 with a point"),
        (["--percent", "25,5"], "--percent 25,5 is not a number; write 25, or 25.5 with a point"),
        (["--percent", "25", "--from", "1/1/92"], "1/1/92 is not a day; write one like 2026-01-31"),
        (["--source", ""], "a new rate takes --percent, --from and --source"),
    ],
)
def test_what_cannot_be_read_is_said_without_the_names_of_classes(tenant: Run, words: list[str], said: str) -> None:
    rest = [] if words[0] == "--source" else ["--from", "1992-01-01", "--source", "law"]
    code, _, told = tenant("tax", "nosuch", "--country", "DK", *rest, *words)
    assert code == 2
    assert told.startswith(f"perennia: {said}")


def test_the_rates_of_the_european_union_in_one_command(tenant: Run) -> None:
    slug = f"t-{secrets.token_hex(4)}"
    assert tenant("create", slug, *PLACE, "--currency", "DKK")[0] == 0
    code, out, said = tenant("tax", slug, "--eu", "--also", "no, ch")
    assert (code, said) == (0, "")
    assert out.endswith(" standard rates added\n")
    assert tenant("tax", slug, "--eu", "--also", "NO")[:2] == (0, "all standard rates are there\n")
    code, _, said = tenant("tax", slug, "--eu", "--also", "US")
    assert (code, said) == (
        1, "perennia: country cannot be US: there are rates for the European Union and CH, GB, IS, NO.\n",
    )  # fmt: skip
    for wrong in (["--eu", "--percent", "25"], ["--eu", "--country", "DK"], ["--percent", "25"], ["--also", "NO"]):
        assert tenant("tax", slug, *wrong)[0] == 2
