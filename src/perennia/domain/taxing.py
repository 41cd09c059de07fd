"""The tax of a document's charges: when each is taxed, how, and what is kept to prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from perennia.domain.amounts import Amount
from perennia.domain.calendar import local_date
from perennia.domain.charges import Charge
from perennia.domain.decision import Movement
from perennia.domain.documents import TaxedLines, TaxEvidence
from perennia.domain.facts import Payer, Seller
from perennia.domain.lifecycle import LIVE
from perennia.domain.metrics import movement, subscription_mrr
from perennia.domain.pricing import Timing
from perennia.domain.tax import NO_TAX, Category, TaxKind, Treatment, tax_on, without_tax
from perennia.domain.values import quick


class TaxPoint(StrEnum):
    """The day whose rate holds."""

    ISSUE = "issue"
    """The day of issue; no payment comes before it, since what is charged here is charged by the document."""
    PERIOD_END = "period_end"
    """The last day of the period: what ends with June has June's rate."""


GENERAL: Mapping[Timing, TaxPoint] = {Timing.ADVANCE: TaxPoint.ISSUE, Timing.ARREARS: TaxPoint.PERIOD_END}
"""Directive 2006/112/EC, articles 63 to 66: payment on account and invoice for the first, article 64 for the second."""

BY_COUNTRY: Mapping[tuple[str, Timing], TaxPoint] = {
    # § 27 (1) UStG: the rate of the day on which the service is performed, also where it was paid before. A lasting
    # service is performed when its agreed period ends: BMF of 30 June 2020, III C 2 - S 7030/20/10009:004, no. 23-27.
    ("DE", Timing.ADVANCE): TaxPoint.PERIOD_END,
}


@quick
@dataclass(frozen=True, slots=True)
class LineTax:
    """The tax of one charge, minor units. `taken_out` is the percent that a gross price lost because no tax was due."""

    percent: Decimal
    net: int
    tax: int
    taken_out: Decimal = NO_TAX


@quick
@dataclass(frozen=True, slots=True)
class Taxed:
    """The tax of each charge of a document, and the evidence; None where the buyer is taxed at its own country."""

    lines: list[LineTax]
    evidence: TaxEvidence | None


_Terms = tuple[Treatment, bool, Decimal, str, str]
"""What the tax of a charge follows from: its treatment, whether its price is gross and by how many percent that is taken
out of it, and the policies `tax_rounding` and `rounding_mode`."""


def tax_charges(
    charges: Sequence[Charge], amounts: Sequence[int], *, payer: Payer, seller: Seller, now: datetime
) -> Taxed:
    """The tax of the charges of one document issued at `now`, from what each comes to after discounts.

    Rounded once per rate on the document and shared back, or per line, by the policy of the line's subscription.
    """
    if not charges:
        return Taxed([], None)
    today = local_date(now, seller.zone)
    terms = [_terms(charge, today, payer, seller) for charge in charges]
    different = terms[:1] if terms.count(terms[0]) == len(terms) else list(dict.fromkeys(terms))
    if len(different) == 1:
        lines = _taxed(amounts, terms[0])
    else:
        found: dict[int, LineTax] = {}
        for one in different:
            indexes = [index for index, of_charge in enumerate(terms) if of_charge == one]
            found.update(zip(indexes, _taxed([amounts[index] for index in indexes], one), strict=True))
        lines = [found[index] for index in range(len(charges))]
    return Taxed(lines, _evidence(terms, different, charges=charges, payer=payer, seller=seller))


def _terms(charge: Charge, today: date, payer: Payer, seller: Seller) -> _Terms:
    price, policies = charge.version.price, charge.policies
    treatment = seller.taxes.treatment(
        home=seller.entities[charge.subscription.entity_id].country,
        country=payer.country,
        tax_class=price.tax_class,
        on=tax_point(charge, country=payer.country, today=today, zone=seller.zone),
        status=payer.tax,
    )
    taken_out = NO_TAX
    if price.tax_inclusive and treatment.category is not Category.STANDARD:
        taken_out = treatment.held_in_gross(policies.gross_without_tax)
    return treatment, price.tax_inclusive, taken_out, policies.tax_rounding, policies.rounding_mode


def _taxed(amounts: Sequence[int], terms: _Terms) -> list[LineTax]:
    """Charges of the same terms. What is taken out of a gross price is rounded alone, so that its calculation is closed."""
    treatment, inclusive, taken_out, rounding, mode = terms
    if taken_out:
        return [LineTax(NO_TAX, without_tax(one, percent=taken_out, mode=mode), 0, taken_out) for one in amounts]
    percent = treatment.percent
    taxes = tax_on(amounts, percent=percent, inclusive=inclusive, by_line=rounding == "line", mode=mode)
    return [
        LineTax(percent, amount - tax if inclusive else amount, tax) for amount, tax in zip(amounts, taxes, strict=True)
    ]


def discount_in(charge: Charge, amount: Amount, tax: LineTax) -> int:
    """What the discounts of a charge are worth on its line, minor units: without the tax that came out of its price."""
    if not tax.taken_out:
        return amount.listed - amount.minor
    mode = charge.policies.rounding_mode
    return without_tax(amount.listed, percent=tax.taken_out, mode=mode) - tax.net


def revalued(before: Payer, after: Payer, *, seller: Seller, at: datetime) -> tuple[Movement, ...]:
    """The movements when a payer is taxed differently from `at` on: gross prices hold another net then."""
    found = []
    for subscription in before.subscriptions:
        if subscription.status in LIVE:
            mrr = [subscription_mrr(subscription, at=at, seller=seller, payer=payer) for payer in (before, after)]
            moved = movement(subscription, before=mrr[0], after=mrr[1], at=at)
            found += [moved] if moved is not None else []
    return tuple(found)


def tax_point(charge: Charge, *, country: str, today: date, zone: str) -> date:
    """The day whose rate holds for a charge in the place where it is taxed, in the seller's zone."""
    timing = charge.version.price.timing
    if BY_COUNTRY.get((country, timing), GENERAL[timing]) is TaxPoint.ISSUE:
        return today
    last_instant = max(charge.part.end - timedelta(microseconds=1), charge.part.start)
    return local_date(last_instant, zone)


_USUAL = (Category.STANDARD, Category.NONE)


def _evidence(
    terms: Sequence[_Terms], different: Sequence[_Terms], *, charges: Sequence[Charge], payer: Payer, seller: Seller
) -> TaxEvidence | None:
    if payer.tax.kind is TaxKind.TAXABLE and payer.tax.region is None and all(map(_is_usual, different)):
        return None
    positions: dict[TaxedLines, list[int]] = {}
    for position, (treatment, _, taken_out, rounding, mode) in enumerate(terms, start=1):
        said = TaxedLines(treatment.category, treatment.reason, treatment.percent, taken_out, rounding, mode)
        positions.setdefault(said, []).append(position)
    home = seller.entities[charges[0].subscription.entity_id].country
    return TaxEvidence(home, payer.country, payer.tax.region, payer.tax.kind, tuple(_placed(positions)))


def _is_usual(terms: _Terms) -> bool:
    treatment, _, taken_out, rounding, mode = terms
    usual = treatment.category in _USUAL and not taken_out
    return usual and rounding == "invoice_rate" and mode == "half_away"


def _placed(positions: Mapping[TaxedLines, list[int]]) -> list[tuple[TaxedLines, tuple[int, ...]]]:
    return [(said, tuple(places)) for said, places in positions.items()]
