"""What spreadsheets write, read from bytes; and what cannot be read, said with its line."""

from pathlib import Path

import pytest

from perennia.operations.importing.problems import FileUnreadable, Problem
from perennia.operations.importing.reading import Layout, Source

LAYOUT = Layout(required=("id", "name"), optional=("address",))


def read(path: Path, content: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    file = path / "file.csv"
    file.write_bytes(content)
    problems: list[Problem] = []
    rows = [(row.line, row.cells) for row in Source(file, LAYOUT, problems.append).rows()]
    return rows, problems


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,Søren\n",
        "\ufeffid,name\n1,Søren\n",
        "id,name\r\n1,Søren\r\n",
        "id,name\r1,Søren\r",
        "id;name\n1;Søren",
        "id\tname\n1\tSøren\n",
        "name,id\nSøren,1\n",
        ' ID , "Name" \n 1 , Søren \n'.replace(' "Name" ', "Name"),
        '"id","name"\n"1","Søren"\n',
        "id,name\n\n1,Søren\n,\n",
        "id,name,,\n1,Søren,,\n",
    ],
)
def test_one_row_however_it_is_written(tmp_path: Path, content: str) -> None:
    rows, problems = read(tmp_path, content.encode())
    assert problems == []
    assert [cells for _, cells in rows] == [{"id": "1", "name": "Søren"}]


def test_a_row_is_named_by_the_line_on_which_it_begins(tmp_path: Path) -> None:
    rows, problems = read(tmp_path, b'id,name,address\r\n1,A,"Road 1\r\nTown"\r\n\r\n2,B,"x ""y"""\r\n3,C,\r\n')
    assert problems == []
    assert rows == [
        (2, {"id": "1", "name": "A", "address": "Road 1\r\nTown"}),
        (5, {"id": "2", "name": "B", "address": 'x "y"'}),
        (6, {"id": "3", "name": "C"}),
    ]


@pytest.mark.parametrize(
    ("content", "line", "column", "value", "reason", "remedy"),
    [
        ("id,name\n1,Søren\n2,Søren\n".encode("latin-1"), 2, "name", r"S\xf8ren", "not UTF-8", "CSV UTF-8"),
        ("id,name\n1,Søren\n".encode("utf-16"), 1, "", "", "UTF-16", "CSV UTF-8"),
        ("id,name\n1,Søren\n".encode("utf-16-le"), 1, "", "", "UTF-16", "CSV UTF-8"),
        (b"PK\x03\x04...", 1, "", "", "spreadsheet", "CSV UTF-8"),
        (b"id,name\n1,A\n2,B\0C\n", 3, "name", r"B\0C", "NUL", "delete"),
        (b"id,nmae,name\n1,A,B\n", 1, "nmae", "nmae", "no such column", "did you mean name"),
        (b"id,name,ID\n1,A,B\n", 1, "id", "id", "twice", "keep one"),
        (b"id\n1\n", 1, "name", "", "missing", "first line"),
        (b"", 1, "id", "", "missing", "first line"),
        (b"id,name\n1,A\n2,B,C\n", 3, "", "", "3 cells under 2", "quotes"),
        (b"id,name\n1\n", 2, "", "", "1 cells under 2", "quotes"),
        (b'id,name\n1,A\n2,"B\n3,C\n', 3, "", "", "never closed", '""'),
        (b'id,name\n1,"A"x\n', 2, "", "", "quotes are wrong", '""'),
        (b"id,name\n1," + b"x" * 2_000_000, 2, "", "", "1,000,000 characters", "CSV"),
        (b'id,name\n1,"' + b"x\n" * 200_000, 2, "", "", "never closed", '""'),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, content: bytes, line: int, column: str, value: str, reason: str, remedy: str
) -> None:
    _, problems = read(tmp_path, content)
    first = problems[0]
    assert (first.file, first.line, first.column, first.value) == (str(tmp_path / "file.csv"), line, column, value)
    assert reason in first.reason and remedy in first.remedy


def test_reading_goes_on_after_a_bad_row(tmp_path: Path) -> None:
    content = b'id,name\n1,"A"x\n2,B\xe6\n3,C\n4\n5,E\n6,\xc3\xa6\n'
    rows, problems = read(tmp_path, content)
    assert [line for line, _ in rows] == [4, 6, 7]
    assert [problem.line for problem in problems] == [2, 3, 5]


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(FileUnreadable) as refused:
            list(Source(path, LAYOUT, lambda problem: None).rows())
        assert refused.value.facts["file"] == str(path) and refused.value.facts["reason"]
