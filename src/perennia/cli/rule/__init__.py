"""`perennia rule`: one pure rule, asked on the command line; nothing is stored and no database is needed.

The answer, or the refusal, is one JSON object on stdout; docs/rules.md has the arguments of each rule.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from perennia.cli import WrongUse, told
from perennia.cli.rule import amounts, periods, prices
from perennia.cli.rule.given import Given
from perennia.domain.errors import DomainError

RULES: Mapping[str, Callable[[Given], dict[str, Any]]] = {
    "boundaries": periods.boundaries,
    "prorate": periods.prorate,
    "price": prices.price,
    "allocate": amounts.allocate,
    "discount": amounts.discount,
    "round": amounts.round_amount,
    "tax": amounts.tax,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("name", metavar="NAME", help=", ".join(RULES))
    parser.add_argument("given", metavar="ARGS-JSON", help="an object with the rule's arguments; - reads it from stdin")


def run(args: argparse.Namespace) -> int:
    """0 with the answer, 1 with the refusal of the rule. Raises WrongUse for what is no JSON object."""
    if args.name not in RULES:
        raise WrongUse(f"{args.name!r} is no rule; there are {', '.join(RULES)}")
    given = Given(args.name, _read(sys.stdin.read() if args.given == "-" else args.given))
    try:
        answer = RULES[args.name](given)
        code = 0
    except DomainError as error:
        answer = {"error": {"code": error.code, "message": told(error)}}
        code = 1
    print(json.dumps(answer, ensure_ascii=False))
    return code


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"the arguments are no JSON ({' '.join(str(error).split())})") from None
    if not isinstance(found, dict):
        raise WrongUse('the arguments are one JSON object, as {"amount": "31.00"}')
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
