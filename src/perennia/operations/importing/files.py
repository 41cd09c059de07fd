"""The import: three files checked completely, then written in one transaction; or nothing at all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import psycopg

from perennia.domain.calendar import local_date
from perennia.domain.errors import AlreadyExists
from perennia.domain.ids import Id
from perennia.operations.books import Books, open_books
from perennia.operations.importing import agreements, catalogue, customers, subscriptions
from perennia.operations.importing.catalogue import Catalogue
from perennia.operations.importing.cells import Cells
from perennia.operations.importing.problems import FileChanged, Problem, Refuse
from perennia.operations.importing.reading import Layout, Source
from perennia.operations.importing.subscriptions import Shelf
from perennia.store.reads import importing as stored
from perennia.store.writes import importing as staging

BATCH_ROWS = 2_000
Progress = Callable[[str, int], None]
"""Told of the step and how many rows of its file it has been through."""

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Files:
    """What to import; a file that is left out was imported before, or is not needed."""

    catalogue: Path | None = None
    customers: Path | None = None
    subscriptions: Path | None = None


@dataclass(slots=True)
class Count:
    """The rows of one file: how many were read, are good and new, and were there already. The others have problems."""

    rows: int = 0
    new: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of each file, by name. `written` says whether the new rows are in the books."""

    files: dict[str, Count]
    problems: int
    written: bool


class _TakenBack(Exception):
    """Ends the transaction of an import that shall leave nothing behind."""


def import_files(
    *, tenant: Id, files: Files, now: datetime, actor: str, dry_run: bool, refuse: Refuse, progress: Progress
) -> Imported:
    """Check the files and, unless `dry_run`, write them; `refuse` is told of every problem.

    With any problem nothing is written. A row imported before with the same content is left alone, one with
    other content is a problem. Raises NotFound, ClockMoving, FileUnreadable, FileChanged, and AlreadyExists where somebody
    else wrote the same meanwhile.
    """
    run = _Run(files=files, actor=actor, refuse=refuse, progress=progress)
    try:
        with open_books(tenant=tenant) as books:
            run.begin(books, now=books.business_time(now))
            run.check()
            if dry_run or run.problems:
                raise _TakenBack
            run.write()
    except _TakenBack:
        return Imported(run.counts, run.problems, written=False)
    except psycopg.errors.UniqueViolation as error:  # somebody else wrote the same meanwhile
        raise AlreadyExists(kind="imported row", key=error.diag.constraint_name) from error
    return Imported(run.counts, 0, written=True)


class _Run:
    """One import on its way."""

    def __init__(self, *, files: Files, actor: str, refuse: Refuse, progress: Progress) -> None:
        self._files, self._actor, self._refuse, self._progress = files, actor, refuse, progress
        self.counts: dict[str, Count] = {}
        self.problems = 0
        self._catalogue = Catalogue()

    def begin(self, books: Books, *, now: datetime) -> None:
        self._books, self._now = books, now
        self._today: date = local_date(now, books.tenant.zone)
        self._shelf = Shelf(books.cursor, self._catalogue)
        staging.open_staging(books.cursor)

    def check(self) -> None:
        """All files, each row; nothing but the catalogue and the staging tables is written."""
        if self._files.catalogue is not None:
            self._take_catalogue(self._files.catalogue)
        if self._files.customers is not None:
            self._check_customers(self._files.customers)
        if self._files.subscriptions is not None:
            self._check_subscriptions(self._files.subscriptions)

    def write(self) -> None:
        """What was checked, in batches. The payers that exist are locked first, all in the order of their keys."""
        if self._files.customers is not None:
            count = self.counts["customers"]
            count.new = 0
            read = (customers.read_row(cells) for cells in self._again(self._files.customers, customers.LAYOUT))
            for batch in self._batches(read, "writing customers"):
                count.new += customers.write_batch(self._books, batch, now=self._now)
            count.unchanged = count.rows - count.new
        if self._files.subscriptions is not None:
            staging.lock_known_payers(self._books.cursor, tenant=self._books.tenant.id)
            count, seller = self.counts["subscriptions"], self._books.seller()
            count.new = 0
            read_again = (
                subscriptions.read_row(cells, shelf=self._shelf, today=self._today)
                for cells in self._again(self._files.subscriptions, subscriptions.LAYOUT)
            )
            for some in self._batches(read_again, "writing subscriptions"):
                count.new += agreements.write_batch(self._books, some, seller=seller, now=self._now, actor=self._actor)
            count.unchanged = count.rows - count.new

    def _take_catalogue(self, path: Path) -> None:
        for cells in self._cells("catalogue", path, catalogue.LAYOUT):
            self._catalogue.add(cells)
        self._catalogue.write(self._books.cursor, tenant=self._books.tenant.id, now=self._now)
        count = self.counts["catalogue"]
        count.new, count.unchanged = self._catalogue.new, self._catalogue.unchanged

    def _check_customers(self, path: Path) -> None:
        for batch in _batched(self._cells("customers", path, customers.LAYOUT)):
            read = [(cells, customers.read_row(cells)) for cells in batch]
            rows = [
                (cells.line, cells.raw("external_id"), None, None if row is None else row.digest) for cells, row in read
            ]
            staging.stage(self._books.cursor, file="customers", rows=rows)
        self._check_keys("customers", path)

    def _check_subscriptions(self, path: Path) -> None:
        for batch in _batched(self._cells("subscriptions", path, subscriptions.LAYOUT)):
            read = [(cells, subscriptions.read_row(cells, shelf=self._shelf, today=self._today)) for cells in batch]
            rows = [
                (
                    cells.line,
                    cells.raw("external_id"),
                    cells.raw("customer") or None,
                    None if row is None else row.digest,
                )
                for cells, row in read
            ]
            staging.stage(self._books.cursor, file="subscriptions", rows=rows)
        self._check_keys("subscriptions", path)
        for line, customer in stored.without_customer(self._books.cursor, tenant=self._books.tenant.id):
            reason = "there is no customer with this external_id"
            self._say(Problem(str(path), line, "customer", customer, reason, "add the customer, or mend the id"))

    def _check_keys(self, file: str, path: Path) -> None:
        """Keys given twice in the file, and rows that were imported before with other content."""
        cursor, tenant = self._books.cursor, self._books.tenant.id
        staging.end_file(cursor, file=file)
        for line, key, first in stored.repeated(cursor, file=file):
            reason = f"line {first} has this external_id too"
            self._say(Problem(str(path), line, "external_id", key, reason, "keep one of the rows"))
        for line, key, imported in stored.different(cursor, tenant=tenant, file=file):
            reason = (
                "it was imported before, with other content" if imported else "it is there already, not by an import"
            )
            remedy = "leave the row out and make the change in Perennia; an import never changes what is there"
            self._say(Problem(str(path), line, "external_id", key, reason, remedy))
        self.counts[file].unchanged = stored.unchanged(cursor, tenant=tenant, file=file)
        self.counts[file].new = stored.new(cursor, tenant=tenant, file=file)

    def _cells(self, file: str, path: Path, layout: Layout) -> Iterator[Cells]:
        count = self.counts.setdefault(file, Count())
        source = Source(path, layout, self._say)
        for row in source.rows():
            count.rows += 1
            if count.rows % BATCH_ROWS == 0:
                self._progress(f"checking {file}", count.rows)
            yield Cells(row, file=source.name, refuse=self._say)

    def _again(self, path: Path, layout: Layout) -> Iterator[Cells]:
        source = Source(path, layout, _changed)
        for row in source.rows():
            yield Cells(row, file=source.name, refuse=_changed)

    def _batches(self, rows: Iterator[One | None], step: str) -> Iterator[list[One]]:
        done = 0
        for batch in _batched(rows):
            yield [row for row in batch if row is not None]
            done += len(batch)
            self._progress(step, done)

    def _say(self, problem: Problem) -> None:
        self.problems += 1
        self._refuse(problem)


def _changed(problem: Problem) -> None:
    raise FileChanged(file=problem.file)


def _batched(rows: Iterator[One]) -> Iterator[Sequence[One]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch
