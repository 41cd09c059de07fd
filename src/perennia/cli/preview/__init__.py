"""`perennia preview`: what an act would do, what comes next, a year ahead, and what if; nothing is written."""

import argparse
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from perennia.cli import WrongUse
from perennia.cli.common import find_tenant
from perennia.config import clock, wiring

if TYPE_CHECKING:  # its models cannot be imported before Django is set up
    from perennia.store.reads.sellers import Tenant

_WHEN = ("now", "period_end", "period_start")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    asked = parser.add_subparsers(dest="asked", required=True, metavar="WHAT")
    following = _question(asked, "next", "the next documents of a customer, and when they come")
    following.add_argument("customer", metavar="CUSTOMER", help="cus_… or the external id")
    drafts = _question(asked, "drafts", "what fell due for a customer and is not issued yet")
    drafts.add_argument("customer", metavar="CUSTOMER", help="cus_… or the external id")
    year = _question(asked, "calendar", "all documents of a customer for the next twelve months")
    year.add_argument("customer", metavar="CUSTOMER", help="cus_… or the external id")
    year.add_argument("--months", type=int, default=12, metavar="N", help="how many months (default 12)")
    what_if = _question(asked, "what-if", "another price for everyone on a plan: money a month, before and after")
    what_if.add_argument("plan", metavar="PLAN", help="the code of a plan, or of one of its prices")
    what_if.add_argument("--price", required=True, metavar="129.95", help="the new amount in currency units")
    what_if.add_argument("--from", dest="start_on", required=True, metavar="DATE", help="the day it begins")
    what_if.add_argument(
        "--with-period", action="store_true", help="for each with the first period from then on, not in mid-period"
    )
    what_if.add_argument("--months", type=int, default=12, metavar="N", help="how many months (default 12)")
    _act(asked, "change-plan", "another price for a subscription's plan", when=True).add_argument(
        "--to", required=True, metavar="PRICE", help="the code of the price"
    )
    _act(asked, "set-quantity", "another quantity of the plan", when=True).add_argument("quantity", metavar="N")
    _act(asked, "cancel", "the end of a subscription", when=True)
    _act(asked, "pause", "a pause of a subscription", when=True).add_argument("--until", metavar="DATE")
    _act(asked, "resume", "the end of a pause", when=True)


def _question(asked: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = asked.add_parser(name, help=purpose, description=purpose.capitalize() + ".")
    found.add_argument("--tenant", required=True, help="whose books")
    found.add_argument("--json", action="store_true", help="print one JSON object, amounts as decimal text")
    return found


def _act(asked: Any, name: str, purpose: str, *, when: bool) -> argparse.ArgumentParser:
    found = _question(asked, name, f"what it would bring: {purpose}")
    found.add_argument("subscription", metavar="SUBSCRIPTION", help="sub_… or the external id")
    if when:
        found.add_argument("--when", metavar="DATE", help=f"{', '.join(_WHEN)}, or a date; by policy without it")
    return found


def run(args: argparse.Namespace) -> int:
    """0; a refusal is what the act itself would be refused with."""
    with wiring.database():
        tenant = find_tenant(args.tenant)
        answer, as_text = _ASKED.get(args.asked, _of_an_act)(args, tenant)
    print(json.dumps(answer, indent=2) if args.json else as_text)
    return 0


def _next(args: argparse.Namespace, tenant: "Tenant") -> tuple[dict[str, Any], str]:
    from perennia.cli.preview import telling
    from perennia.operations import previews

    customer = previews.find_customer(tenant=tenant.id, reference=args.customer)
    found = previews.next_invoice(tenant=tenant.id, customer_id=customer, now=clock.now())
    return telling.next_invoice(found, zone=tenant.zone)


def _drafts(args: argparse.Namespace, tenant: "Tenant") -> tuple[dict[str, Any], str]:
    from perennia.cli.preview import telling
    from perennia.operations import previews

    customer = previews.find_customer(tenant=tenant.id, reference=args.customer)
    found = previews.drafts(tenant=tenant.id, customer_id=customer, now=clock.now())
    return telling.drafts(found, zone=tenant.zone)


def _calendar(args: argparse.Namespace, tenant: "Tenant") -> tuple[dict[str, Any], str]:
    from perennia.cli.preview import telling
    from perennia.operations import previews

    customer = previews.find_customer(tenant=tenant.id, reference=args.customer)
    return telling.calendar(
        previews.calendar(tenant=tenant.id, customer_id=customer, now=clock.now(), months=args.months)
    )


def _what_if(args: argparse.Namespace, tenant: "Tenant") -> tuple[dict[str, Any], str]:
    from perennia.cli.preview import telling
    from perennia.operations.what_if import what_if

    return telling.what_if(
        what_if(
            tenant=tenant.id,
            plan=args.plan,
            amount=_number("--price", args.price),
            start_on=_day("--from", args.start_on),
            now=clock.now(),
            with_a_period=args.with_period,
            months=args.months,
        )
    )


def _of_an_act(args: argparse.Namespace, tenant: "Tenant") -> tuple[dict[str, Any], str]:
    from perennia.cli.preview import telling
    from perennia.operations import changes, pauses, previews, subscriptions

    subscription = previews.find_subscription(tenant=tenant.id, reference=args.subscription)
    given: dict[str, Any] = {} if args.when is None else {"when": _when(args.when)}
    if args.asked == "change-plan":
        given["price_id"] = previews.find_price(tenant=tenant.id, code=args.to)
    elif args.asked == "set-quantity":
        given["quantity"] = _number("the quantity", args.quantity)
    elif args.asked == "pause" and args.until is not None:
        given["until"] = _day("--until", args.until)
    operations: dict[str, Callable[..., Any]] = {
        "change-plan": changes.change_plan,
        "set-quantity": changes.set_quantity,
        "cancel": subscriptions.cancel,
        "pause": pauses.pause,
        "resume": pauses.resume,
    }
    now = clock.now()
    with previews.preview(tenant=tenant.id, now=now) as previewed:
        operations[args.asked](tenant=tenant.id, actor="preview", subscription_id=subscription, now=now, **given)
    return telling.preview(previewed, zone=tenant.zone)


_ASKED = {"next": _next, "drafts": _drafts, "calendar": _calendar, "what-if": _what_if}


def _when(text: str) -> str | date:
    return text if text in _WHEN else _day("--when", text)


def _day(name: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise WrongUse(f"{name} {text} is not a day; write one like 2026-01-31") from None


def _number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise WrongUse(f"{name} {text} is not a number; write 129, or 129.95 with a point")
    return found
