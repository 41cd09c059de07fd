"""The table of docs/defects.md: every defect once, every test that it names there, every test of this folder in it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (D\d{3}) \| ([^|]+\.) \| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`(test_\w+)`")


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "docs/defects.md").read_text())


def test_every_defect_stands_in_the_table_once() -> None:
    assert [key for key, _, _ in rows()] == [f"D{number:03d}" for number in range(1, 201)]
    assert len({text for _, text, _ in rows()}) == 200


def test_every_test_that_is_named_exists_and_none_of_ours_is_left_out() -> None:
    ours = {
        name
        for file in (ROOT / "tests/defects").glob("test_*.py")
        for name in re.findall(r"^def (test_d\d{3}_\w+)\(", file.read_text(), re.MULTILINE)
    }
    named = {name for _, _, where in rows() for name in NAME.findall(where)}
    assert named == ours


def test_a_test_bears_the_id_of_its_row_or_the_row_says_why_there_is_none() -> None:
    for key, _, where in rows():
        if not where.startswith(("excluded: ", "later: ")):
            names = NAME.findall(where)
            assert names and all(name.startswith(f"test_{key.lower()}_") for name in names), key


def test_few_are_told_to_be_impossible() -> None:
    concerned = [where for _, _, where in rows() if not where.startswith("later: ")]
    assert len(concerned) > 120
    assert sum(where.startswith("excluded: ") for where in concerned) * 5 <= len(concerned)
