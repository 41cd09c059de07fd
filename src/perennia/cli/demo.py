"""`perennia demo`: a made-up business with eighteen months of life, to look around in."""

import argparse
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from perennia.cli.common import Progress
from perennia.cli.demo_business import CLOSED_ON, OPENED_ON, write_files
from perennia.config import clock, wiring
from perennia.domain.calendar import midnight
from perennia.domain.ids import Id

_ZONE = "Europe/Copenhagen"


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--no-serve", action="store_true", help="end after the figures; keep nothing running")


def run(args: argparse.Namespace) -> int:
    """Make the business, let it live, print its figures; then serve until Ctrl-C."""
    with wiring.database():
        slug = _live()
    _say_what_is_next(slug)
    if args.no_serve:
        return 0
    from perennia.cli import run as serving

    print("\nThe database, the test gateway and the workers stay up until Ctrl-C.", flush=True)
    return serving.run(argparse.Namespace(workers=None))


def _live() -> str:
    from perennia.config.test_gateway import open_test_calls
    from perennia.jobs.advancing import advance
    from perennia.operations import tenants

    begun = time.monotonic()
    slug = _free_name({tenant.slug for tenant in tenants.all_tenants()})
    tenant = _open_business(slug)
    progress = Progress()
    with open_test_calls() as calls:
        done = advance(
            tenant=tenant,
            to=midnight(CLOSED_ON, _ZONE) - timedelta(seconds=1),
            calls=calls,
            machine_now=clock.now,
            progress=lambda so_far: progress.show(
                lambda: f"{so_far.clock:%B %Y}: {so_far.invoices:,} invoices, {so_far.charges:,} charges"
            ),
        )
    progress.done()
    _print_report(slug)
    print(
        f"\n{done.invoices:,} invoices, {done.charges:,} charges of which {done.failed:,} were declined, "
        f"eighteen months from {OPENED_ON:%B %Y}, lived in {time.monotonic() - begun:.1f} s."
    )
    return slug


def _free_name(taken: set[str]) -> str:
    """`demo`, or the next number behind it: a second demo is a business of its own."""
    names = ("demo" if number == 1 else f"demo-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _open_business(slug: str) -> Id:
    """The business in a sandbox, its tax rate, and its subscribers by the import that an owner would use."""
    from perennia.operations import tenants
    from perennia.operations.importing.files import Files, import_files

    now = clock.now()
    tenant = tenants.open_business(
        slug=slug,
        name="Fjordkaffe ApS",
        country="DK",
        currency="DKK",
        zone=_ZONE,
        clock=midnight(OPENED_ON, _ZONE),
        now=now,
    )
    tenants.set_tax_rate(
        tenant=tenant, country="DK", percent=Decimal(25), valid_from=date(1992, 1, 1), source="momsloven § 33"
    )
    with tempfile.TemporaryDirectory() as folder:
        made = write_files(Path(folder), card_suffix=slug)
        import_files(
            tenant=tenant,
            files=Files(made.catalogue, made.customers, made.subscriptions),
            now=now,
            actor="demo",
            dry_run=False,
            refuse=_cannot_be_refused,
            progress=lambda step, rows: None,
        )
    return tenant


def _cannot_be_refused(problem: object) -> None:
    raise RuntimeError(f"the demo's own files are refused: {problem}")


def _print_report(slug: str) -> None:
    from perennia.cli import report

    report.run(argparse.Namespace(tenant=slug, first=None, last=None, json=False, csv=False))


def _say_what_is_next(slug: str) -> None:
    me = "./run" if sys.stdout.isatty() or Path("run").exists() else "perennia"
    print(
        f"""
Try next:
  {me} verify --tenant {slug}                      derive every figure anew and compare
  {me} advance --tenant {slug} --to 2026-08-01     let another month happen
  {me} report --tenant {slug} --csv                the figures for a spreadsheet
  {me} import --help                             bring your own subscribers (docs/import-format.md)"""
    )
