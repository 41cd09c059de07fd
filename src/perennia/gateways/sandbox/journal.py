"""The test gateway's memory: one append-only file, a JSON object a line.

Every line is handed to the operating system before anyone hears of it, so it outlives the death of the process (not
that of the machine: nothing is forced to disk). A last line torn by a death is cut off at the next start.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from perennia.gateways.sandbox.wire import BODY_LIMIT

Record = dict[str, Any]
LINE_LIMIT = BODY_LIMIT + 1024


class JournalUnusable(Exception):
    """Another gateway writes this journal, or a line of it cannot be read."""


class Journal:
    """Lines are found again by the offset at which they begin, in bytes."""

    def __init__(self, folder: Path) -> None:
        """Open or make the journal of this folder. Raises JournalUnusable."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "journal.jsonl"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise JournalUnusable(f"another test gateway uses {folder}; give each its own folder") from error
        self._end = os.fstat(self._file).st_size
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        start = max(0, self._end - LINE_LIMIT)
        last = os.pread(self._file, LINE_LIMIT, start).rfind(b"\n")
        if last < 0 < start:
            raise JournalUnusable(f"{self.path} is no journal of a test gateway")
        self._end = start + last + 1
        os.ftruncate(self._file, self._end)

    def append(self, record: Record) -> int:
        """Write the record and return its offset. Raises OSError; then nothing of it is left in the file."""
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        offset = self._end
        if os.write(self._file, line) != len(line):
            os.ftruncate(self._file, offset)
            raise OSError(errno.ENOSPC, "the journal could not be written whole", str(self.path))
        self._end += len(line)
        return offset

    def read(self, offset: int) -> Record:
        """The record that begins at this offset."""
        line, _, _ = os.pread(self._file, LINE_LIMIT, offset).partition(b"\n")
        record: Record = orjson.loads(line)
        return record

    def records(self) -> Iterator[tuple[int, Record]]:
        """Every record with its offset, oldest first. Raises JournalUnusable."""
        offset = 0
        with self.path.open("rb") as lines:
            for line in lines:
                try:
                    yield offset, orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise JournalUnusable(f"{self.path} cannot be read at byte {offset}") from error
                offset += len(line)
