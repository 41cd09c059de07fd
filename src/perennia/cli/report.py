"""`perennia report`: revenue by month and currency."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from perennia.cli import WrongUse
from perennia.cli.common import find_tenant
from perennia.config import clock, wiring
from perennia.domain.money import decimal_text

if TYPE_CHECKING:
    from rich.table import Table

    from perennia.analytics.revenue import Row

_BAR = 16
_AMOUNTS = {
    "MRR": "mrr_minor",
    "new": "new_minor",
    "up": "expansion_minor",
    "down": "contraction_minor",
    "churn": "churn_minor",
    "back": "reactivation_minor",
    "invoiced": "invoiced_minor",
    "revenue": "revenue_minor",
    "collected": "collected_minor",
    "receivable": "receivable_minor",
}
_COUNTS = {"active": "active", "+": "new", "-": "lost"}
_CHART = "MRR, drawn"
_GIVEN_UP = ("back", "down", "up", "+", "-", "churn", "new", _CHART, "invoiced", "active", "receivable")
"""What a narrow terminal goes without, in this order."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("--tenant", required=True, help="whose figures")
    parser.add_argument("--from", dest="first", metavar="YYYY-MM", type=_month, help="first month to show")
    parser.add_argument("--to", dest="last", metavar="YYYY-MM", type=_month, help="last month to show")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, amounts in minor units")
    form.add_argument("--csv", action="store_true", help="print CSV, amounts in minor units")


def run(args: argparse.Namespace) -> int:
    """0; a month without anything in it is a row of zeros."""
    if args.first and args.last and args.last < args.first:
        raise WrongUse("--to lies before --from")
    with wiring.database():
        rows = _rows(args)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    elif args.csv:
        _write_csv(rows)
    else:
        _print_table(rows)
    return 0


def _rows(args: argparse.Namespace) -> "list[Row]":
    from perennia.analytics.revenue import revenue_report

    tenant = find_tenant(args.tenant)
    return revenue_report(
        tenant=tenant.id,
        zone=tenant.zone,
        currency=tenant.currency,
        as_of=tenant.clock or clock.now(),
        first=args.first,
        last=args.last,
    )


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month has no zone
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month; write 2026-01") from None


def _write_csv(rows: "Sequence[Row]") -> None:
    from perennia.analytics.revenue import COLUMNS

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in asdict(row).values()] for row in rows)


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def cell(value: str | int) -> str | int:
    """A text that a spreadsheet would take for a formula is kept a text; a number stays a number."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _print_table(rows: "Sequence[Row]") -> None:
    """One table a currency: with bars on a terminal, as many columns as fit; plain columns, and all of them, elsewhere."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=1000, highlight=False)
    for currency in sorted({row.currency for row in rows}):
        names = [*_AMOUNTS, *_COUNTS, *([_CHART] if console.is_terminal else [])]
        given_up = [name for name in _GIVEN_UP if name in names]
        table = _table(rows, currency, names, plain=not console.is_terminal)
        while Measurement.get(console, console.options.update(width=1000), table).maximum > console.width and given_up:
            names.remove(given_up.pop(0))
            table = _table(rows, currency, names, plain=not console.is_terminal)
        console.print(table)
        if len(names) < len(_AMOUNTS) + len(_COUNTS) + 1 and console.is_terminal:
            console.print("A wider terminal, --csv and --json show more columns.", style="dim")


def _table(rows: "Sequence[Row]", currency: str, names: Sequence[str], *, plain: bool) -> "Table":
    from rich import box
    from rich.table import Table

    months = [row for row in rows if row.currency == currency]
    most = max(row.mrr_minor for row in months)
    table = Table(title=f"{currency}, by month", title_justify="left", box=None if plain else box.SIMPLE_HEAD)
    table.add_column("month")
    for name in names:
        table.add_column(name, justify="left" if name == _CHART else "right", no_wrap=True)
    for row in months:
        table.add_row(row.month, *(_cell(row, name, most) for name in names))
    return table


def _cell(row: "Row", name: str, most: int) -> str:
    if name == _CHART:
        return bar(row.mrr_minor, most)
    if name in _COUNTS:
        return f"{getattr(row, _COUNTS[name]):,}"
    return f"{Decimal(decimal_text(getattr(row, _AMOUNTS[name]), row.currency)):,}"


def bar(amount: int, most: int) -> str:
    """A bar as long as the amount is of the greatest, to an eighth of a character."""
    eighths = amount * _BAR * 8 // most if most > 0 and amount > 0 else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
