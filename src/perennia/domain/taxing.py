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
from perennia.domain.policies import Policies
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


_Group = tuple[Decimal, bool, str, str]


def tax_charges(
    charges: Sequence[Charge], amounts: Sequence[int], *, payer: Payer, seller: Seller, now: datetime
) -> Taxed:
    """The tax of the charges of one document issued at `now`, from what each comes to after discounts.

    Rounded once per rate on the document and shared back, or per line, by the policy of the line's subscription.
    """
    today = local_date(now, seller.zone)
    treatments = [_treatment(charge, today, payer=payer, seller=seller) for charge in charges]
    groups: dict[_Group, list[int]] = {}
    for index, (charge, treatment) in enumerate(zip(charges, treatments, strict=True)):
        policies = charge.policies
        key = treatment.percent, charge.version.price.tax_inclusive, policies.tax_rounding, policies.rounding_mode
        groups.setdefault(key, []).append(index)
    if len(groups) == 1 and not (key[1] and any(one.category is not Category.STANDARD for one in treatments)):
        percent, inclusive, rounding, mode = key
        taxes = tax_on(amounts, percent=percent, inclusive=inclusive, by_line=rounding == "line", mode=mode)
        lines = [
            LineTax(percent, amount - tax if inclusive else amount, tax)
            for amount, tax in zip(amounts, taxes, strict=True)
        ]
        return Taxed(lines, _evidence(charges, treatments, lines, payer=payer, seller=seller))
    found: dict[int, LineTax] = {}
    for (percent, inclusive, rounding, mode), indexes in groups.items():
        of_group = [amounts[index] for index in indexes]
        taxes = tax_on(of_group, percent=percent, inclusive=inclusive, by_line=rounding == "line", mode=mode)
        for index, amount, tax in zip(indexes, of_group, taxes, strict=True):
            if inclusive and treatments[index].category is not Category.STANDARD:
                found[index] = _without_tax(amount, treatments[index], charges[index].policies)
            else:
                found[index] = LineTax(percent, amount - tax if inclusive else amount, tax)
    lines = [found[index] for index in range(len(charges))]
    return Taxed(lines, _evidence(charges, treatments, lines, payer=payer, seller=seller))


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


def _treatment(charge: Charge, today: date, *, payer: Payer, seller: Seller) -> Treatment:
    return seller.taxes.treatment(
        home=seller.entities[charge.subscription.entity_id].country,
        country=payer.country,
        tax_class=charge.version.price.tax_class,
        on=tax_point(charge, country=payer.country, today=today, zone=seller.zone),
        status=payer.tax,
    )


def _without_tax(amount: int, treatment: Treatment, policies: Policies) -> LineTax:
    """A gross price where no tax is due, by `gross_without_tax`; rounded alone, so that its calculation stays closed."""
    percent = treatment.held_in_gross(policies.gross_without_tax)
    return LineTax(NO_TAX, without_tax(amount, percent=percent, mode=policies.rounding_mode), 0, percent)


_USUAL = (Category.STANDARD, Category.NONE)


def _evidence(
    charges: Sequence[Charge],
    treatments: Sequence[Treatment],
    lines: Sequence[LineTax],
    *,
    payer: Payer,
    seller: Seller,
) -> TaxEvidence | None:
    usual = payer.tax.kind is TaxKind.TAXABLE and payer.tax.region is None
    for charge, treatment, line in zip(charges, treatments, lines, strict=True):
        policies = charge.policies
        usual = usual and treatment.category in _USUAL and not line.taken_out
        usual = usual and policies.tax_rounding == "invoice_rate" and policies.rounding_mode == "half_away"
    if usual or not charges:
        return None
    positions: dict[TaxedLines, list[int]] = {}
    for position, (charge, treatment, line) in enumerate(zip(charges, treatments, lines, strict=True), start=1):
        policies = charge.policies
        said = TaxedLines(
            treatment.category, treatment.reason, treatment.percent, line.taken_out,
            policies.tax_rounding, policies.rounding_mode,
        )  # fmt: skip
        positions.setdefault(said, []).append(position)
    home = seller.entities[charges[0].subscription.entity_id].country
    return TaxEvidence(home, payer.country, payer.tax.region, payer.tax.kind, tuple(_placed(positions)))


def _placed(positions: Mapping[TaxedLines, list[int]]) -> list[tuple[TaxedLines, tuple[int, ...]]]:
    return [(said, tuple(places)) for said, places in positions.items()]
