"""`perennia import`: take over catalogue, customers and subscriptions from files, whole or not at all."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from perennia.cli import WrongUse
from perennia.cli.common import Progress, find_tenant
from perennia.config import clock, wiring
from perennia.operations.importing.problems import Problem

if TYPE_CHECKING:
    from perennia.operations.importing.files import Imported


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="whose books")
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="products, plans, add-ons, prices, coupons")
    parser.add_argument("--customers", type=Path, metavar="FILE")
    parser.add_argument("--subscriptions", type=Path, metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """1 when a row is bad; then nothing was written."""
    given = [path for path in (args.catalogue, args.customers, args.subscriptions) if path is not None]
    if not given:
        raise WrongUse("name a file: --catalogue, --customers or --subscriptions; docs/import-format.md describes them")
    for path in given:
        _check_readable(path)
    with wiring.database():
        from perennia.operations.importing.files import Files, import_files

        listing: _Listing | _JsonListing = _JsonListing() if args.json else _Listing()
        done = import_files(
            tenant=find_tenant(args.tenant).id,
            files=Files(args.catalogue, args.customers, args.subscriptions),
            now=clock.now(),
            actor="import",
            dry_run=args.dry_run,
            refuse=listing.problem,
            progress=listing.progress,
        )
    listing.end(done, dry_run=args.dry_run)
    return 1 if done.problems else 0


def _check_readable(path: Path) -> None:
    """Before a database is asked for anything. Raises WrongUse."""
    try:
        if path.is_dir():
            raise WrongUse(f"{path}: this is a directory; name a CSV file")
        if path.exists() and not path.is_file():
            raise WrongUse(f"{path}: not a regular file; it is read twice")
        path.open("rb").close()
    except FileNotFoundError:
        raise WrongUse(f"{path}: there is no such file") from None
    except OSError as error:
        raise WrongUse(f"{path}: this file cannot be read ({error.strerror})") from None


class _Listing:
    """Each problem as it is found, in two lines; a summary at the end."""

    def __init__(self) -> None:
        self._progress = Progress()

    def progress(self, step: str, rows: int) -> None:
        self._progress.show(lambda: f"{step}: {rows:,} rows")

    def problem(self, problem: Problem) -> None:
        self._progress.done()
        where = f"{problem.file}:{problem.line}" + (f" {problem.column}" if problem.column else "")
        shown = " ".join(problem.value.split())
        value = f" '{shown}'" if shown else ""
        print(f"{where}{value}: {problem.reason}\n    -> {problem.remedy}")

    def end(self, done: "Imported", *, dry_run: bool) -> None:
        self._progress.done()
        for file, count in done.files.items():
            became = "added" if done.written else "new" if done.problems else "would be added"
            rows = "1 row" if count.rows == 1 else f"{count.rows:,} rows"
            print(f"{file}: {rows}, {count.new:,} {became}, {count.unchanged:,} there already")
        if done.problems:
            print(f"{'1 problem' if done.problems == 1 else f'{done.problems:,} problems'}; nothing was written")
        elif dry_run:
            print("all rows are good; nothing was written, since this was a dry run")


class _JsonListing:
    """One object, written as the problems come: a file with a million of them needs no memory."""

    def __init__(self) -> None:
        self._progress = Progress()
        self._before = '{"problems":[\n'  # written with the first problem: an error before it leaves stdout empty

    def progress(self, step: str, rows: int) -> None:
        self._progress.show(lambda: f"{step}: {rows:,} rows")

    def problem(self, problem: Problem) -> None:
        sys.stdout.write(self._before + json.dumps(asdict(problem)))
        self._before = ",\n"

    def end(self, done: "Imported", *, dry_run: bool) -> None:
        self._progress.done()
        if not done.problems:
            sys.stdout.write(self._before)
        files = json.dumps({file: asdict(count) for file, count in done.files.items()})
        ending = f'"files":{files},"problem_count":{done.problems},"dry_run":{json.dumps(dry_run)}'
        print(f'],\n{ending},"written":{json.dumps(done.written)},"ok":{json.dumps(not done.problems)}}}')
