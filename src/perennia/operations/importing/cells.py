"""From the text of a cell to a value, and the cells of one row read one by one."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

from perennia.domain.calendar import zone_info
from perennia.domain.errors import DomainError
from perennia.domain.money import exponent
from perennia.domain.preferences import LONGEST_EMAIL, checked_email
from perennia.operations.countries import COUNTRIES
from perennia.operations.importing.problems import BadCell, Problem, Refuse
from perennia.operations.importing.reading import Row

Value = TypeVar("Value")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_POINT = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_COMMA = re.compile(r"-?\d+,\d+", re.ASCII)
_ONE_GROUP = re.compile(r"-?[1-9]\d{0,2},\d{3}", re.ASCII)
_GROUPS_POINT = re.compile(r"-?\d{1,3}(,\d{3})+\.\d+|-?\d{1,3}(,\d{3}){2,}", re.ASCII)
_GROUPS_COMMA = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}", re.ASCII)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class Cells:
    """One row being read: each bad cell is reported, and `sound` says whether there was none.

    `digest` covers what was read, as values: a file saved again with its columns in another order, or with
    10 where it said 10.00, has the same.
    """

    __slots__ = ("_content", "_file", "_refuse", "_row", "sound")

    def __init__(self, row: Row, *, file: str, refuse: Refuse) -> None:
        self._row, self._file, self._refuse = row, file, refuse
        self._content: list[str] = []
        self.sound = True

    @property
    def line(self) -> int:
        return self._row.line

    def raw(self, column: str) -> str:
        return self._row.cells.get(column, "")

    def filled(self, column: str) -> bool:
        return column in self._row.cells

    def take(self, column: str, read: Callable[[str], Value]) -> Value | None:
        """The cell's value; None where it is empty, or bad and reported."""
        text = self._row.cells.get(column)
        if text is None:
            return None
        try:
            value = read(text)
        except BadCell as bad:
            self.refuse(column, bad.reason, bad.remedy)
            return None
        except DomainError as error:
            self.refuse(column, str(error.facts.get("reason", error)), "see the list of columns in the import format")
            return None
        self._content.append(f"{column}={_plain(value)}")
        return value

    def take_number(self, column: str) -> Decimal | None:
        """A decimal number; 1.234 is refused where the file's separators leave its meaning open."""
        return self.take(column, _number_between_semicolons if self._row.semicolons else number)

    def need(self, column: str, read: Callable[[str], Value], *, remedy: str) -> Value | None:
        """The value of a cell that must not be empty."""
        if column not in self._row.cells:
            self.refuse(column, "this cell is empty", remedy)
            return None
        return self.take(column, read)

    def refuse(self, column: str, reason: str, remedy: str) -> None:
        self.sound = False
        self._refuse(Problem(self._file, self._row.line, column, self.raw(column)[:200], reason, remedy))

    def digest(self) -> int:
        """64 bits over the filled columns and their values."""
        content = "\0".join(sorted(self._content)).encode()
        return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


def _plain(value: object) -> str:
    """A value as text that does not depend on how it was written."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return "|".join(map(_plain, value)) if isinstance(value, tuple) else str(value)


def text(longest: int = 200, *, lines: bool = False) -> Callable[[str], str]:
    """Printable text; line breaks only where `lines` allows them."""

    def read(given: str) -> str:
        if len(given) > longest:
            raise BadCell(f"{len(given):,} characters, at most {longest:,}", "shorten it")
        if given.isprintable():
            return given
        for sign in given:
            if unicodedata.category(sign) == "Cc" and not (lines and sign in "\r\n\t"):
                raise BadCell(f"a control character, U+{ord(sign):04X}", "delete it")
        return given

    return read


code = text(200)


def email(given: str) -> str:
    try:
        return checked_email(text(LONGEST_EMAIL)(given))
    except DomainError:
        raise BadCell("not an e-mail address", "write it as name@example.com") from None


def country(given: str) -> str:
    if given not in COUNTRIES:
        raise BadCell("not a country code", "write two capital letters of ISO 3166, like DK")
    return given


def zone(given: str) -> str:
    try:
        zone_info(given)
    except DomainError:
        raise BadCell("not a time zone", "write a name of the IANA data base, like Europe/Copenhagen") from None
    return given


def currency(given: str) -> str:
    try:
        exponent(given)
    except DomainError:
        raise BadCell("not a currency", "write three capital letters of ISO 4217, like DKK") from None
    return given


def choice(*words: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(given: str) -> str:
        if given.casefold() not in words:
            raise BadCell("not one of the words of this column", f"write {', '.join(words[:-1])} or {words[-1]}")
        return given.casefold()

    return read


def day(given: str) -> date:
    """An ISO date between 1900 and 2200."""
    remedy = "write it as 2026-01-31; in a spreadsheet, format the column as text first"
    if not _DATE.fullmatch(given):
        raise BadCell("not an ISO date", remedy)
    try:
        found = date.fromisoformat(given)
    except ValueError:
        raise BadCell("no such day", remedy) from None
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise BadCell("a date from 1900 to 2200 is expected", remedy)
    return found


def whole(smallest: int, largest: int = 1_000_000) -> Callable[[str], int]:
    """A whole number."""

    def read(given: str) -> int:
        if not (given.isascii() and given.isdigit() and len(given) < 10) or not smallest <= int(given) <= largest:
            raise BadCell("not a whole number that fits here", f"write a number from {smallest} to {largest:,}")
        return int(given)

    return read


def number(given: str) -> Decimal:
    """A decimal number. Thousands may be grouped and a comma may mark the decimals where only one reading is possible."""
    given = given.replace("\N{MINUS SIGN}", "-")
    if len(given) > 40:
        raise BadCell("too long for a number", "write it like 1234.50")
    if _ONE_GROUP.fullmatch(given):
        point, grouped = given.replace(",", "."), given.replace(",", "")
        raise BadCell("can be read in two ways", f"write {point} or {grouped}.00, with a point for the decimals")
    if _POINT.fullmatch(given):
        return Decimal(given)
    if _COMMA.fullmatch(given):
        return Decimal(given.replace(",", "."))
    if _GROUPS_COMMA.fullmatch(given):
        return Decimal(given.replace(".", "").replace(",", "."))
    if _GROUPS_POINT.fullmatch(given):
        return Decimal(given.replace(",", ""))
    raise BadCell("not a number", "write it like 1234.50: digits and a point, no currency, no spaces")


def _number_between_semicolons(given: str) -> Decimal:
    if "." in given and _ONE_GROUP.fullmatch(given.replace(".", ",")):
        raise BadCell(
            "can be read in two ways", f"write {given}0 or {given.replace('.', '')}, without grouped thousands"
        )
    return number(given)
