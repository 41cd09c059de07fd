"""Why a line has its amount: a closed calculation, and the small evaluator that derives its steps.

The evaluator consults no price, policy or rule: all inputs are in the calculation. `format` says which
evaluator reads it; old ones stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from perennia.domain.documents import Calculation, LineKind
from perennia.domain.errors import InvalidValue

_CREDITS = frozenset({LineKind.CREDIT, LineKind.PAUSE})


@dataclass(frozen=True, slots=True)
class Step:
    """A named intermediate of a calculation, exact, in minor units. Wording turns it into a sentence."""

    name: str
    value: Fraction


def evaluate(calculation: Calculation) -> tuple[tuple[Step, ...], int]:
    """The steps in order and the result in minor units: the net of the line, or its gross for inclusive prices."""
    if calculation.format != 1:
        raise InvalidValue(field="format", value=calculation.format, reason="no evaluator reads this format")
    steps = _credit(calculation) if calculation.kind in _CREDITS else _charge(calculation)
    return steps, int(steps[-1].value)


def _charge(inputs: Calculation) -> tuple[Step, ...]:
    amount = Fraction(inputs.unit_amount) * 10**inputs.exponent
    steps = [Step("unit", amount)]
    if inputs.model != "flat":
        amount *= Fraction(inputs.quantity)
        steps.append(Step("quantity", amount))
    if inputs.part != inputs.whole:
        amount *= Fraction(inputs.part, inputs.whole)
        steps.append(Step("part", amount))
    for percent in inputs.percents:
        amount *= (100 - Fraction(percent)) * Fraction(1, 100)
        steps.append(Step("percent_off", amount))
    amount = _rounded(amount)
    steps.append(Step("rounded", amount))
    if inputs.amount_off:
        amount -= inputs.amount_off
        steps.append(Step("amount_off", amount))
    return tuple(steps)


def _credit(inputs: Calculation) -> tuple[Step, ...]:
    share = inputs.charged * Fraction(inputs.removed, inputs.whole)
    so_far = _rounded(share)
    steps = (
        Step("charged", Fraction(inputs.charged)),
        Step("unused", share),
        Step("rounded", so_far),
        Step("credit", -(so_far - inputs.credited)),
    )
    return steps if inputs.limit is None else (*steps, Step("limited", Fraction(-inputs.limit)))


def _rounded(amount: Fraction) -> Fraction:
    """Half away from zero, worked out apart from the rules' own rounding on purpose."""
    half_up = (abs(amount) + Fraction(1, 2)).__floor__()
    return Fraction(half_up if amount >= 0 else -half_up)


def extras(calculation: Calculation) -> dict[str, Any]:
    """What the line's own columns do not say, for storage; `from_row` puts both together again."""
    if calculation.kind in _CREDITS:
        found: dict[str, Any] = {
            "charged": calculation.charged,
            "removed": calculation.removed,
            "whole": calculation.whole,
            "credited": calculation.credited,
        }
        if calculation.limit is not None:
            found["limit"] = calculation.limit
    else:
        found = {}
        if calculation.part != calculation.whole:
            found |= {"part": calculation.part, "whole": calculation.whole}
        if calculation.percents:
            found["percents"] = [str(percent) for percent in calculation.percents]
        if calculation.amount_off:
            found["amount_off"] = calculation.amount_off
    return {"format": calculation.format, **found}


def from_row(
    *, kind: int, model: str, unit_amount: Decimal, quantity: Decimal, exponent: int, stored: Mapping[str, Any] | None
) -> Calculation:
    """The calculation of a stored line: its columns, and `stored`, which is None for a plain whole period."""
    values = dict(stored or {})
    if "percents" in values:
        values["percents"] = tuple(Decimal(percent) for percent in values["percents"])
    return Calculation(
        kind=LineKind(kind), exponent=exponent, model=model, unit_amount=unit_amount, quantity=quantity, **values
    )
