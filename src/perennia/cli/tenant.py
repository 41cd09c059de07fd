"""`perennia tenant`: businesses and their books, live and sandbox."""

import argparse
import json
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial

from perennia.cli import WrongUse
from perennia.cli.common import find_tenant, read_instant
from perennia.config import clock, wiring


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    create = acts.add_parser("create", help="a business with its books: live, or a sandbox with --clock")
    create.add_argument("slug", help="short name used in commands: letters, digits, - and _")
    create.add_argument("--name", required=True)
    create.add_argument("--business", metavar="SLUG", help="add to this business instead of making one")
    create.add_argument("--country", required=True, metavar="DK")
    create.add_argument("--currency", required=True, metavar="DKK")
    create.add_argument("--zone", required=True, metavar="Europe/Copenhagen")
    create.add_argument("--clock", metavar="INSTANT", help="a sandbox whose clock starts here")
    tax = acts.add_parser("tax", help="add a rate to the dated table of a tenant, end one (only --to), or all of --eu")
    tax.add_argument("slug")
    tax.add_argument("--country", metavar="DK", help="or a region with a rate of its own: PT-20")
    tax.add_argument("--eu", action="store_true", help="the standard rates of the European Union, with their history")
    tax.add_argument("--also", metavar="NO,CH", default="", help="with --eu: where else the business is registered")
    tax.add_argument("--percent", metavar="25")
    tax.add_argument("--from", dest="valid_from", metavar="DATE")
    tax.add_argument("--to", dest="valid_to", metavar="DATE", help="the first day it no longer holds")
    tax.add_argument("--class", dest="tax_class", default="standard")
    tax.add_argument("--source", help="the law or page the rate was taken from")
    listing = acts.add_parser("list", help="all tenants")
    listing.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Do the act asked for."""
    with wiring.database():
        return {"create": _create, "tax": _tax, "list": _list}[args.act](args)


def _create(args: argparse.Namespace) -> int:
    from perennia.operations import tenants

    make = tenants.open_business
    if args.business:
        make = partial(tenants.create_tenant, business_id=tenants.find_business(args.business))
    make(
        slug=args.slug,
        name=args.name,
        country=args.country,
        currency=args.currency,
        zone=args.zone,
        clock=read_instant(args.clock, zone=args.zone) if args.clock else None,
        now=clock.now(),
    )
    print(f"{args.slug}: {'a sandbox' if args.clock else 'live'}")
    print(
        "No tax is charged until there is a rate: "
        f"./run tenant tax {args.slug} --country {args.country} --percent … --from … --source …"
    )
    return 0


def _tax(args: argparse.Namespace) -> int:
    given = [args.percent, args.valid_from, args.source]
    if args.eu:
        if args.country or args.valid_to or given != [None, None, None]:
            raise WrongUse("--eu brings its own countries, percents, dates and sources; only --also goes with it")
        return _load_eu_rates(args)
    if args.country is None or args.also:
        raise WrongUse("--country says where the rate holds; --also goes with --eu")
    if None not in given:
        return _add_rate(args)
    if args.valid_to is None or given != [None, None, None]:
        raise WrongUse("a new rate takes --percent, --from and --source; --to without them ends the one in force")
    return _end_rate(args)


def _add_rate(args: argparse.Namespace) -> int:
    from perennia.operations import tenants

    percent, valid_from = _percent(args.percent), _day(args.valid_from)
    valid_to = _day(args.valid_to) if args.valid_to else None
    tenants.set_tax_rate(
        tenant=find_tenant(args.slug).id,
        country=args.country,
        percent=percent,
        valid_from=valid_from,
        valid_to=valid_to,
        tax_class=args.tax_class,
        source=args.source,
    )
    until = f" to {valid_to}" if valid_to else ""
    print(f"{args.country} {args.tax_class}: {percent} % from {valid_from}{until}")
    return 0


def _load_eu_rates(args: argparse.Namespace) -> int:
    from perennia.operations import tenants

    also = [country.strip().upper() for country in args.also.split(",") if country.strip()]
    added = tenants.load_eu_rates(tenant=find_tenant(args.slug).id, also=also)
    print(f"{added} standard rates added" if added else "all standard rates are there")
    return 0


def _end_rate(args: argparse.Namespace) -> int:
    from perennia.operations import tenants

    end = _day(args.valid_to)
    tenants.end_tax_rate(tenant=find_tenant(args.slug).id, country=args.country, tax_class=args.tax_class, valid_to=end)
    print(f"{args.country} {args.tax_class}: no longer in force from {end}")
    return 0


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise WrongUse(f"--percent {text} is not a number; write 25, or 25.5 with a point") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{text} is not a day; write one like 2026-01-31") from None


def _list(args: argparse.Namespace) -> int:
    from perennia.operations import tenants

    rows = [
        {"tenant": t.slug, "name": t.name, "mode": t.mode, "clock": t.clock.isoformat() if t.clock else None}
        for t in tenants.all_tenants()
    ]
    if args.json:
        print(json.dumps({"tenants": rows}))
    for row in [] if args.json else rows:
        print(f"{row['tenant']:<24} {row['mode']:<8} {row['clock'] or '':<26} {row['name']}")
    return 0
