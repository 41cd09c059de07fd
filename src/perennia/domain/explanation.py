"""Why a line has its amount: a closed calculation, and the small evaluator that derives its steps.

The evaluator consults no price, policy or rule: all inputs are in the calculation. `format` says which
evaluator reads it; old ones stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from perennia.domain.documents import GIVES_BACK, Calculation, CreditBasis, LineKind, TaxedLines, TaxEvidence
from perennia.domain.errors import InvalidValue
from perennia.domain.pricing import Price
from perennia.domain.schemes import AS_AGREED, Basis, Scheme, as_stored, basis_of, scheme_of
from perennia.domain.steps import Step, scheme_steps
from perennia.domain.tax import Category, TaxKind


def evaluate(calculation: Calculation) -> tuple[tuple[Step, ...], int]:
    """The steps in order and the result in minor units: the net of the line, or its gross for inclusive prices."""
    evaluator = _EVALUATORS.get(calculation.format)
    if evaluator is None:
        raise InvalidValue(field="format", value=calculation.format, reason="no evaluator reads this format")
    steps = evaluator(calculation)
    return steps, int(steps[-1].value)


def _plain(inputs: Calculation) -> tuple[Step, ...]:
    """Format 1."""
    if inputs.kind in GIVES_BACK:
        return _credited_amount(inputs) if inputs.model == CreditBasis.AMOUNT else _credit(inputs)
    if inputs.kind is LineKind.ROUNDING:
        return _cash(inputs)
    amount = Fraction(inputs.unit_amount) * 10**inputs.exponent
    unit = ("unit_amount", Fraction(inputs.unit_amount))
    steps = [Step("unit", amount, (unit,))]
    if inputs.model != "flat":
        amount *= Fraction(inputs.quantity)
        steps.append(Step("quantity", amount, (("quantity", Fraction(inputs.quantity)), unit)))
    return _finished(inputs, steps)


def _by_scheme(inputs: Calculation) -> tuple[Step, ...]:
    """Format 2."""
    if inputs.kind is LineKind.MINIMUM:
        return _minimum(inputs)
    return _finished(inputs, scheme_steps(inputs))


def _finished(inputs: Calculation, steps: list[Step]) -> tuple[Step, ...]:
    """From the amount of a whole period, the last of `steps`, to that of the line."""
    amount = steps[-1].value
    if inputs.part != inputs.whole:
        amount *= Fraction(inputs.part, inputs.whole)
        steps.append(_part(inputs, amount))
    if inputs.kind in (LineKind.USAGE, LineKind.MINIMUM) and (inputs.charged or inputs.off):
        amount = _rounded(amount, inputs.rounding)
        steps.append(Step("rounded", amount))
    if inputs.kind in (LineKind.USAGE, LineKind.MINIMUM) and inputs.charged:
        amount -= inputs.charged
        steps.append(Step("already_charged", amount, (("charged", _currency_units(inputs.charged, inputs)),)))
    for off in inputs.off:
        if isinstance(off, Decimal):
            amount *= (100 - Fraction(off)) * Fraction(1, 100)
            steps.append(Step("percent_off", amount, (("percent", Fraction(off)),)))
        else:
            amount = amount - off if _rounded(amount, inputs.rounding) != off else Fraction(0)
            steps.append(Step("amount_off", amount, (("off", _currency_units(off, inputs)),)))
    if inputs.share is None:
        amount = _rounded(amount, inputs.rounding)
        steps.append(Step("rounded", amount))
    else:
        amount = Fraction(amount.__floor__() + inputs.share)
        steps.append(Step("share", amount, (("share", Fraction(inputs.share)),)))
    if inputs.tax_out:
        held = amount * Fraction(inputs.tax_out) * Fraction(1, 100 + Fraction(inputs.tax_out))
        steps.append(Step("tax_held", held, (("percent", Fraction(inputs.tax_out)),)))
        amount -= _rounded(held, inputs.rounding)
        steps.append(Step("tax_taken_out", amount))
    return tuple(steps)


def _cash(inputs: Calculation) -> tuple[Step, ...]:
    """What a total lacks to, or has beyond, the nearest sum that can be paid in cash."""
    paid = _rounded(Fraction(inputs.charged, inputs.whole), inputs.rounding) * inputs.whole
    return (
        Step("total", Fraction(inputs.charged)),
        Step("cash", paid, (("step", _currency_units(inputs.whole, inputs)),)),
        Step("difference", paid - inputs.charged),
    )


def _minimum(inputs: Calculation) -> tuple[Step, ...]:
    """What is missing; the part is of the minimum alone, so it comes before the fees."""
    amount = Fraction(inputs.unit_amount) * 10**inputs.exponent
    steps = [Step("minimum", amount)]
    if inputs.part != inputs.whole:
        amount *= Fraction(inputs.part, inputs.whole)
        steps.append(_part(inputs, amount))
    missing = max(amount - inputs.fees, Fraction(0))
    steps.append(Step("missing", missing, (("fees", _currency_units(inputs.fees, inputs)),)))
    return _finished(replace(inputs, part=1, whole=1), steps)


def _part(inputs: Calculation, amount: Fraction) -> Step:
    facts = (("part", Fraction(inputs.part)), ("whole", Fraction(inputs.whole)))
    return Step("part", amount, facts, inputs.measure)


def _currency_units(minor: int, inputs: Calculation) -> Fraction:
    return Fraction(minor, 10**inputs.exponent)


def _credit(inputs: Calculation) -> tuple[Step, ...]:
    share = inputs.charged * Fraction(inputs.removed, inputs.whole)
    so_far = _rounded(share, inputs.rounding)
    unused = (("removed", Fraction(inputs.removed)), ("whole", Fraction(inputs.whole)))
    steps = (
        Step("charged", Fraction(inputs.charged)),
        Step("unused", share, unused, inputs.measure),
        Step("rounded", so_far),
        Step("credit", -(so_far - inputs.credited), (("credited", _currency_units(inputs.credited, inputs)),)),
    )
    return steps if inputs.limit is None else (*steps, Step("limited", Fraction(-inputs.limit)))


def _credited_amount(inputs: Calculation) -> tuple[Step, ...]:
    """A credit by hand of an amount that needs no working out: what was left before it, and what it takes."""
    return (
        Step("charged", Fraction(inputs.charged)),
        Step("left", Fraction(inputs.charged - inputs.credited)),
        Step("credit", Fraction(-inputs.removed)),
    )


def _rounded(amount: Fraction, mode: str) -> Fraction:
    """To the nearest, a half away from zero or to the even neighbour, apart from the rules' own rounding on purpose."""
    if mode == "half_even":
        return Fraction(round(amount))
    half_up = (abs(amount) + Fraction(1, 2)).__floor__()
    return Fraction(half_up if amount >= 0 else -half_up)


_EVALUATORS: Mapping[int, Callable[[Calculation], tuple[Step, ...]]] = {1: _plain, 2: _by_scheme}


def priced(price: Price, basis: Basis = AS_AGREED) -> dict[str, Any]:
    """What a charge's calculation needs beside unit amount, quantity and part: nothing for flat and per unit.

    Given to `Calculation` as keywords. Only a calculation without them may be left out of a line.
    """
    return {} if price.scheme is None else {"format": 2, "scheme": price.scheme, "basis": basis}


def extras(calculation: Calculation) -> dict[str, Any]:
    """What the line's own columns do not say, for storage; `from_row` puts both together again."""
    if calculation.kind in GIVES_BACK:
        found: dict[str, Any] = {
            "charged": calculation.charged,
            "removed": calculation.removed,
            "whole": calculation.whole,
            "credited": calculation.credited,
        }
        if calculation.limit is not None:
            found["limit"] = calculation.limit
        if calculation.measure != "day":
            found["measure"] = str(calculation.measure)
    elif calculation.kind is LineKind.ROUNDING:
        found = {"charged": calculation.charged, "whole": calculation.whole}
    else:
        found = _of_charge(calculation)
    if calculation.rounding != "half_away":
        found["rounding"] = calculation.rounding
    return {"format": calculation.format, **found}


def _of_charge(calculation: Calculation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if calculation.part != calculation.whole:
        found |= {"part": calculation.part, "whole": calculation.whole}
        if calculation.measure != "day":
            found["measure"] = str(calculation.measure)
    if calculation.charged:
        found["charged"] = calculation.charged
    if calculation.off:
        found["off"] = [str(one) if isinstance(one, Decimal) else one for one in calculation.off]
    if calculation.share is not None:
        found["share"] = calculation.share
    if calculation.format != 1:
        found |= _format_2(calculation)
    if calculation.tax_out:
        found["tax_out"] = str(calculation.tax_out)
    return found


def _format_2(calculation: Calculation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if calculation.scheme is not None:
        found["scheme"] = _scheme_stored(calculation.scheme)
    if calculation.basis != AS_AGREED:
        found["basis"] = as_stored(calculation.basis)
    if calculation.fees:
        found["fees"] = calculation.fees
    return found


_schemes: dict[int, tuple[Scheme, dict[str, Any]]] = {}
_SCHEMES_KEPT = 10_000


def _scheme_stored(scheme: Scheme) -> dict[str, Any]:
    """A scheme as every line at its price stores it, worked out once. Kept by what it is and not by what it equals: 7.95
    and 7.950 are the same amount, written otherwise.
    """
    kept = _schemes.get(id(scheme))
    if kept is None:
        if len(_schemes) >= _SCHEMES_KEPT:
            _schemes.clear()
        kept = _schemes[id(scheme)] = scheme, as_stored(scheme)
    return kept[1]


def from_row(
    *, kind: int, model: str, unit_amount: Decimal, quantity: Decimal, exponent: int, stored: Mapping[str, Any] | None
) -> Calculation:
    """The calculation of a stored line: its columns, and `stored`, which is None for a plain whole period."""
    values = dict(stored or {})
    if "off" in values:
        values["off"] = tuple(Decimal(one) if isinstance(one, str) else one for one in values["off"])
    if "scheme" in values:
        values["scheme"] = scheme_of(values["scheme"])
    if "basis" in values:
        values["basis"] = basis_of(values["basis"])
    if "tax_out" in values:
        values["tax_out"] = Decimal(values["tax_out"])
    return Calculation(
        kind=LineKind(kind), exponent=exponent, model=model, unit_amount=unit_amount, quantity=quantity, **values
    )


def evidence_stored(evidence: TaxEvidence) -> dict[str, Any]:
    """What decided a document's tax, for storage: plain words, percents as text, and only what differs from the usual."""
    lines = []
    for said, positions in evidence.lines:
        found: dict[str, Any] = {"category": said.category.value, "percent": f"{said.percent:f}"}
        if said.reason:
            found["reason"] = said.reason
        if said.taken_out:
            found["taken_out"] = f"{said.taken_out:f}"
        if said.rounding != "invoice_rate":
            found["rounding"] = said.rounding
        if said.mode != "half_away":
            found["mode"] = said.mode
        lines.append(found | {"positions": list(positions)})
    places = {"seller": evidence.seller, "buyer": evidence.buyer}
    region = {"region": evidence.region} if evidence.region else {}
    return {"format": 1, **places, **region, "status": evidence.status.value, "lines": lines}


def evidence_of(stored: Mapping[str, Any]) -> TaxEvidence:
    """The evidence that `evidence_stored` gave."""
    lines = tuple(
        (
            TaxedLines(
                category=Category(found["category"]),
                reason=found.get("reason", ""),
                percent=Decimal(found["percent"]),
                taken_out=Decimal(found.get("taken_out", 0)),
                rounding=found.get("rounding", "invoice_rate"),
                mode=found.get("mode", "half_away"),
            ),
            tuple(found["positions"]),
        )
        for found in stored["lines"]
    )
    return TaxEvidence(stored["seller"], stored["buyer"], stored.get("region"), TaxKind(stored["status"]), lines)
