"""What is wrong with a row, said so that the person with the spreadsheet can mend it."""

from collections.abc import Callable
from dataclasses import dataclass

from perennia.domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad cell, or a bad row where `column` is empty. `line` is the line of the file on which the row begins."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    remedy: str


Refuse = Callable[[Problem], None]
"""Told of each problem as it is found; keeps them or prints them."""


class BadCell(Exception):
    """A value that cannot be read, with the reason and what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(reason, remedy)


class FileChanged(DomainError):
    """The file that is read for writing is not the one that was checked; nothing was written (`file`)."""

    code = "file_changed"


class FileUnreadable(DomainError):
    """The file cannot be opened or read through; nothing was written (`file`, `reason`)."""

    code = "file_unreadable"
