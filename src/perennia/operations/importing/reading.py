"""From the bytes of a CSV file to rows with line numbers, one at a time.

Takes what spreadsheets write: a byte-order mark or none, any line ending, commas, semicolons or tabs, quoted
line breaks, columns in any order. Refuses what would be read wrongly: another encoding, unknown columns.
"""

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from perennia.operations.importing.problems import FileUnreadable, Problem, Refuse

LONGEST_LINE = 1_000_000
Reader = Any  # what csv.reader returns has no name of its own in Python 3.11
_DELIMITERS = ",;\t"
_SAVE_AS = 'save the file as "CSV UTF-8"'


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, those it must have first."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of a row by column, and the line on which it begins.

    `semicolons` separate the cells where a comma marks decimals, so there a point may group thousands.
    """

    line: int
    cells: dict[str, str]
    semicolons: bool = False


class _Stop(Exception):
    """Nothing after this can be read."""


class Source:
    """One file being read; reports what cannot be read and goes on where it can."""

    def __init__(self, path: Path, layout: Layout, refuse: Refuse) -> None:
        self.name = str(path)
        self._path, self._layout, self._refuse = path, layout, refuse
        self._foul = False

    def rows(self) -> Iterator[Row]:
        """The rows that can be read. Raises FileUnreadable where the file cannot."""
        try:
            with self._path.open("rb") as raw:
                self._check_kind(raw.read(4))
            with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                yield from self._rows(text)
        except _Stop:
            return
        except OSError as error:
            raise FileUnreadable(file=self.name, reason=error.strerror or str(error)) from error

    def _check_kind(self, head: bytes) -> None:
        if head.startswith(b"PK"):
            self._stop(1, "this is a spreadsheet, not CSV", _SAVE_AS)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
            self._stop(1, "the file is UTF-16", _SAVE_AS)

    def _rows(self, text: IO[str]) -> Iterator[Row]:
        lines = self._lines(text)
        first = next(lines, "")
        delimiter = max(_DELIMITERS, key=lambda sign: (first.count(sign), -_DELIMITERS.index(sign)))
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        header = self._header(self._record(reader, line=1) or [])
        while True:
            line, self._foul = reader.line_num + 1, False
            try:
                cells = self._record(reader, line=line)
            except StopIteration:
                return
            if cells is not None and any(cells):
                row = self._row(header, cells, line, semicolons=delimiter == ";")
                if row is not None:
                    yield row

    def _lines(self, text: IO[str]) -> Iterator[str]:
        """Physical lines; notes where one holds bytes that are not UTF-8, or NUL."""
        number = 0
        while line := text.readline(LONGEST_LINE):
            number += 1
            if len(line) >= LONGEST_LINE:
                self._stop(number, f"a line of {LONGEST_LINE:,} characters or more", "is this file CSV?")
            if "\0" in line or not (line.isascii() or _escaped(line) is None):
                self._foul = True
            yield line

    def _record(self, reader: Reader, *, line: int) -> list[str] | None:
        """The next record; None for one whose quotes are wrong. Raises StopIteration at the end."""
        try:
            record: list[str] = next(reader)
            return record
        except csv.Error as error:
            reason = str(error)
            if "unexpected end" in reason or "field larger" in reason:
                self._stop(line, "a quote that opens on this line is never closed", 'write a quote in a text as ""')
            self._say(line, "", "", f"the quotes are wrong ({reason})", 'write a quote in a text as ""')
            return None

    def _header(self, cells: list[str]) -> list[str]:
        """The columns in the file's order. Stops for one that is unknown, given twice or missing."""
        names = [cell.strip().casefold().replace(" ", "_") for cell in cells]
        while names and not names[-1]:
            names.pop()
        known = ", ".join(self._layout.columns)
        wrong = False
        for position, name in enumerate(names):
            if name not in self._layout.columns:
                close = difflib.get_close_matches(name, self._layout.columns, n=1)
                remedy = f"did you mean {close[0]}? " if close else ""
                self._say(1, name, name, "no such column", f"{remedy}known columns: {known}")
                wrong = True
            elif name in names[:position]:
                self._say(1, name, name, "this column is there twice", "keep one of them")
                wrong = True
        for name in self._layout.required:
            if name not in names:
                self._say(1, name, "", "this column is missing", f"the first line names the columns: {known}")
                wrong = True
        if wrong:
            raise _Stop
        return names

    def _row(self, header: list[str], cells: list[str], line: int, *, semicolons: bool) -> Row | None:
        if len(cells) != len(header) and (len(cells) < len(header) or any(map(str.strip, cells[len(header) :]))):
            reason = f"{len(cells)} cells under {len(header)} columns"
            self._say(line, "", "", reason, "put texts that hold the separator or a line break in quotes")
            return None
        filled = {name: text for name, cell in zip(header, cells, strict=False) if (text := cell.strip())}
        if self._foul and self._foul_cells(filled, line):
            return None
        return Row(line, filled, semicolons) if filled else None

    def _foul_cells(self, filled: dict[str, str], line: int) -> bool:
        found = False
        for column, text in filled.items():
            if "\0" in text:
                self._say(line, column, text.replace("\0", "\\0"), "a NUL character", "delete it")
                found = True
            elif (shown := _escaped(text)) is not None:
                reason = "bytes that are not UTF-8; the file may be Latin-1 or Windows-1252"
                self._say(line, column, shown, reason, _SAVE_AS)
                found = True
        return found

    def _say(self, line: int, column: str, value: str, reason: str, remedy: str) -> None:
        shown = _escaped(value)
        self._refuse(Problem(self.name, line, column, (value if shown is None else shown)[:200], reason, remedy))

    def _stop(self, line: int, reason: str, remedy: str) -> None:
        self._say(line, "", "", reason, remedy)
        raise _Stop


def _escaped(text: str) -> str | None:
    r"""The text with bytes that are no UTF-8 written as \xe6; None where there are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return None
