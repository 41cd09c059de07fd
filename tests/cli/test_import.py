"""What `perennia import` prints, and what it refuses before it asks a database."""

import json
from pathlib import Path

import pytest

from perennia.cli import main
from perennia.cli.importing import _JsonListing, _Listing
from perennia.operations.importing.problems import Problem

PROBLEM = Problem("customers.csv", 7, "email", "ida@", "not an e-mail address", "write it as name@example.com")


def test_it_wants_a_file_that_exists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--tenant", "nordlys"]) == 2
    assert main(["import", "--tenant", "nordlys", "--customers", str(tmp_path / "none.csv")]) == 2
    said = capsys.readouterr().err
    assert "docs/import-format.md" in said and "none.csv: there is no such file" in said


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("problems", [[], [PROBLEM], [PROBLEM, PROBLEM]])
def test_json_is_one_object(problems: list[Problem], capsys: pytest.CaptureFixture[str]) -> None:
    from perennia.operations.importing.files import Count, Imported

    listing = _JsonListing()
    for problem in problems:
        listing.problem(problem)
    listing.end(Imported({"customers": Count(9, 0, 2)}, len(problems), written=False), dry_run=True)
    found = json.loads(capsys.readouterr().out)
    assert [one["line"] for one in found["problems"]] == [7] * len(problems)
    assert found["files"] == {"customers": {"rows": 9, "added": 0, "unchanged": 2}}
    assert (found["ok"], found["problem_count"], found["dry_run"]) == (not problems, len(problems), True)


def test_a_person_reads_where_what_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    _Listing().problem(PROBLEM)
    assert capsys.readouterr().out == (
        "customers.csv:7 email 'ida@': not an e-mail address\n    -> write it as name@example.com\n"
    )
