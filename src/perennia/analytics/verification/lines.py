"""Every line passes the evaluator of its explanation."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from perennia.analytics.verification.findings import Found, Scope, Tally, named, of_payer
from perennia.domain.documents import GIVES_BACK
from perennia.domain.errors import DomainError
from perennia.domain.explanation import evaluate, from_row
from perennia.domain.money import exponent


def lines_explained(scope: Scope) -> Found:
    """A line's amount and discount follow from its calculation alone. Lines that say the same are worked out once."""
    tally = Tally()
    for row in _different_lines(scope):
        count, where, *said = row
        problem = _problem(*said)
        text = None if problem is None else f"{where}: {problem}"
        tally.note(text, count=count)
    return tally.found()


def _problem(
    currency: str,
    kind: int,
    model: str,
    unit_amount: Any,
    quantity: Any,
    calculation: str | None,
    inclusive: bool,
    net: int,
    tax: int,
    discount: int,
) -> str | None:
    try:
        inputs = from_row(
            kind=kind,
            model=model,
            unit_amount=unit_amount,
            quantity=quantity,
            exponent=exponent(currency),
            stored=None if calculation is None else json.loads(calculation),
        )
        result = evaluate(inputs)[1]
        listed = result if kind in GIVES_BACK else evaluate(replace(inputs, off=()))[1]
    except (DomainError, ValueError, TypeError, ArithmeticError) as error:
        return f"its calculation cannot be read: {error}"
    amount = net + tax if inclusive else net
    if amount != result:
        return f"it says {amount}, its calculation comes to {result}"
    return None if discount == listed - result else f"it says {discount} off, its calculation {listed - result}"


_PAYER = "coalesce(s.payer_id, (SELECT d.payer_id FROM documents d WHERE d.id = l.document_id))"
"""A line made by hand may be of no subscription."""


def _different_lines(scope: Scope) -> Iterator[tuple[Any, ...]]:
    """How often a line says the same, where it does first, and what it says; through a cursor, in flat memory."""
    batches = scope.stream(
        "different_lines",
        f"""SELECT count(*), min({named("l.document_id", "inv")} || ' line ' || l.position),
            coalesce(s.currency, (SELECT d.currency FROM documents d WHERE d.id = l.document_id)), l.kind, l.model,
            l.unit_amount, l.quantity, l.calculation, l.tax_inclusive, l.net_minor,
            CASE WHEN l.tax_inclusive THEN l.tax_minor ELSE 0 END, l.discount_minor
        FROM lines l LEFT JOIN subscriptions s ON s.id = l.subscription_id
        WHERE l.tenant_id = %(tenant)s AND {of_payer(_PAYER)}
        GROUP BY 3, 4, 5, 6, 7, 8, 9, 10, 11, 12""",
    )
    for rows in batches:
        yield from rows
