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
    assert found["files"] == {"customers": {"rows": 9, "new": 0, "unchanged": 2}}
    assert (found["ok"], found["problem_count"], found["dry_run"]) == (not problems, len(problems), True)


def test_it_says_what_is_wrong_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--tenant", "nordlys", "--json", "--customers", str(tmp_path)]) == 2
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)  # cannot be opened, by root neither
    assert main(["import", "--tenant", "nordlys", "--json", "--customers", str(loop)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == f"perennia: {tmp_path}: this is a directory; name a CSV file"
    assert said.err.splitlines()[1].startswith(f"perennia: {loop}: this file cannot be read (")


def test_json_begins_with_the_first_problem_or_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    listing = _JsonListing()
    listing.progress("checking customers", 2000)
    assert capsys.readouterr().out == ""
    listing.problem(PROBLEM)
    assert capsys.readouterr().out.startswith('{"problems":[\n{"file"')


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("problems", "written", "lines"),
    [
        (0, True, ["customers: 9 rows, 7 added, 2 there already"]),
        (0, False, [
            "customers: 9 rows, 7 would be added, 2 there already",
            "all rows are good; nothing was written, since this was a dry run",
        ]),
        (1, False, ["customers: 9 rows, 7 new, 2 there already", "1 problem; nothing was written"]),
        (1234, False, ["customers: 9 rows, 7 new, 2 there already", "1,234 problems; nothing was written"]),
    ],
)  # fmt: skip
def test_the_summary_says_added_only_of_what_was(
    problems: int, written: bool, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from perennia.operations.importing.files import Count, Imported

    _Listing().end(Imported({"customers": Count(9, 7, 2)}, problems, written=written), dry_run=not written)
    assert capsys.readouterr().out.splitlines() == lines


def test_a_person_reads_where_what_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    _Listing().problem(PROBLEM)
    assert capsys.readouterr().out == (
        "customers.csv:7 email 'ida@': not an e-mail address\n    -> write it as name@example.com\n"
    )
