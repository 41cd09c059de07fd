"""From the text of a cell to a value; what has two meanings is refused."""

from datetime import date
from decimal import Decimal

import pytest

from perennia.operations.importing import cells as read
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.problems import BadCell, Problem
from perennia.operations.importing.reading import Row


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.50", "1234.50"),
        ("1234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234", "1.234"),
        ("0,125", "0.125"),
        ("12,5", "12.5"),
        ("1234,567", "1234.567"),
        ("-5", "-5"),
        ("\N{MINUS SIGN}5.00", "-5.00"),
        ("0", "0"),
    ],
)
def test_numbers(text: str, value: str) -> None:
    assert read.number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1,234", "-12,345", "kr 5", "5 kr", "1 234,50", "1.23.4", "1e5", "NaN", "٣", "--5", "5.", "1,23,4"]
)
def test_no_numbers(text: str) -> None:
    with pytest.raises(BadCell) as refused:
        read.number(text)
    assert refused.value.remedy


def test_a_point_between_semicolons_may_group_thousands() -> None:
    problems: list[Problem] = []
    for semicolons in (False, True):
        cells = Cells(Row(2, {"amount": "1.234"}, semicolons), file="f", refuse=problems.append)
        assert cells.take_number("amount") == (None if semicolons else Decimal("1.234"))
    assert "two ways" in problems[0].reason


@pytest.mark.parametrize(
    "text", ["31-01-2026", "2026-1-31", "2026-02-30", "20260131", "2026-W05-6", "46053", "0001-01-01"]
)
def test_no_dates(text: str) -> None:
    with pytest.raises(BadCell):
        read.day(text)


def test_dates() -> None:
    assert read.day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read.email, "nobody"),
        (read.email, "a b@example.com"),
        (read.country, "dk"),
        (read.country, "DNK"),
        (read.zone, "Copenhagen"),
        (read.currency, "KR"),
        (read.text(5), "sixsix"),
        (read.text(), "bell\x07"),
        (read.text(), "two\nlines"),
        (read.whole(0), "-1"),
        (read.whole(1), "0"),
        (read.whole(0), "1.0"),
        (read.choice("a", "b"), "c"),
    ],
)
def test_what_is_refused(reader, text: str) -> None:
    with pytest.raises(BadCell):
        reader(text)


def test_the_digest_is_of_the_values_not_of_how_they_are_written() -> None:
    def digest(**cells: str) -> int:
        made = Cells(Row(1, cells), file="f", refuse=lambda problem: None)
        for column in cells:
            if column == "amount":
                made.take_number(column)
            else:
                made.take(column, read.code)
        return made.digest()

    assert digest(amount="10", name="a") == digest(name="a", amount="10.00")
    assert digest(amount="10", name="a") != digest(amount="10.01", name="a")
    assert digest(name="a") != digest(code="a")
