"""Why a line has its amount, in short sentences: each step of its calculation, and in the end what it comes to.

Every number is one of the steps' own or the difference of two of them; where it is shown rounded it is said to be about
that. A language is a table of sentences (`perennia.wording.lines_danish` for one) and how it writes (`formats`).
"""

from dataclasses import replace
from fractions import Fraction

from perennia.domain.documents import Calculation, Line, LineKind
from perennia.domain.explanation import from_row
from perennia.domain.money import exponent
from perennia.wording.steps import STEPS
from perennia.wording.telling import Period, Said, Teller

_ONE_TIER_FOR_ALL = ("volume", "stairstep")


def explain(
    calculation: Calculation, *, currency: str, language: str = "en", zone: str = "UTC", period: Period | None = None
) -> list[str]:
    """The sentences of a calculation; those with dates only where its `period` [start, end) is known.

    The last one states the amount. English where the language is not spoken. Raises InvalidValue for a calculation that
    no evaluator reads.
    """
    teller = Teller(calculation, currency=currency, language=language, zone=zone, period=period)
    return [*_told(teller), _comes_to(teller, None)]


def explain_line(line: Line, *, currency: str, language: str = "en", zone: str = "UTC") -> list[str]:
    """The sentences of a line with its dates in `zone`; the last one states its amount and how its tax lies to that."""
    calculation = replace(calculation_of(line, currency=currency), kind=line.kind)
    period = line.period_start, line.period_end
    teller = Teller(calculation, currency=currency, language=language, zone=zone, period=period)
    return [*_told(teller), _comes_to(teller, line)]


def calculation_of(line: Line, *, currency: str) -> Calculation:
    """A line's own, or for a plain whole period what its columns say."""
    if line.calculation is not None:
        return line.calculation
    return from_row(
        kind=line.kind,
        model=line.model,
        unit_amount=line.unit_amount,
        quantity=line.quantity,
        exponent=exponent(currency),
        stored=None,
    )


def _told(teller: Teller) -> list[str]:
    said = [*_about(teller), *(STEPS[here.step.name](teller, here) for here in teller.places())]
    return [teller.words(one.key, **one.holes) for one in said if one is not None]


def _about(teller: Teller) -> list[Said]:
    """What was used or not, and what the steps take for granted."""
    found, calculation = [], teller.calculation
    quantity, basis = Fraction(calculation.quantity), calculation.basis
    if teller.span is not None and calculation.kind in _DATED:
        quantities = {"quantity": teller.number(quantity)} if calculation.kind is LineKind.USAGE else {}
        found.append(Said(_DATED[calculation.kind], {"span": teller.span, **quantities}))
    if basis.before:
        total = quantity + Fraction(basis.before)
        found.append(Said("counted_on", {"before": teller.number(basis.before), "total": teller.number(total)}))
    if Fraction(*basis.share) != 1:
        found.append(Said("cut", {"share": teller.number(Fraction(*basis.share))}))
    if calculation.kind is LineKind.ADJUSTMENT:
        found.append(Said("by_hand", {}))
    tier = next((dict(step.facts) for step in teller.steps if step.name == "tier"), None)
    if tier is not None and (calculation.model in _ONE_TIER_FOR_ALL or basis.tier_mode == "top"):
        holes = {"quantity": teller.number(tier["quantity"]), "number": teller.number(tier["number"])}
        found.append(Said("tier.home", holes))
    return found


_DATED = {
    LineKind.USAGE: "used", LineKind.CREDIT: "not_used", LineKind.PAUSE: "paused", LineKind.OVERUSED: "overused"
}  # fmt: skip


def _comes_to(teller: Teller, line: Line | None) -> str:
    amount = teller.amount(teller.result)
    if any(step.name == "credit" for step in teller.steps):
        key, holes = "line.credit", {"amount": amount, "given": teller.amount(-teller.result)}
    else:
        key, holes = "line", {"amount": amount}
    if line is None or not line.tax_percent:
        return teller.words(key, **holes)
    holes["percent"] = teller.number(line.tax_percent)
    if line.tax_inclusive and key == "line":
        sums = {"tax": teller.amount(line.tax_minor), "net": teller.amount(line.net_minor)}
        return teller.words("line.gross", **holes, **sums)
    return teller.words("line.credit_net" if key == "line.credit" else "line.net", **holes)
