"""The lines of a document: what is charged, what is given back, what cash is rounded by, each with its calculation."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from perennia.domain.amounts import Amount
from perennia.domain.charges import Charge, GivenBack
from perennia.domain.documents import Calculation, CreditBasis, Line, LineKind
from perennia.domain.explanation import priced
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS, exponent, to_step
from perennia.domain.one_offs import OneOff
from perennia.domain.pricing import Model
from perennia.domain.schemes import basis_under
from perennia.domain.tax import NO_TAX
from perennia.domain.taxing import LineTax, discount_in
from perennia.domain.using import Overused, Used

_ONE = Decimal(1)


def charge_lines(charges: Sequence[Charge], amounts: Sequence[Amount], taxes: Sequence[LineTax]) -> list[Line]:
    """A line for each charge; one that its columns alone explain has no calculation."""
    lines: list[Line] = []
    model: str
    for charge, amount, tax in zip(charges, amounts, taxes, strict=True):
        price, part = charge.version.price, charge.part
        if charge.kind is LineKind.RECURRING:
            model, quantity, unit_amount = price.model, charge.version.quantity, price.unit_amount
            subscription_id: Id | None = charge.subscription.id
            version_id: Id | None = charge.version.id
        else:
            model, quantity, unit_amount = _terms(charge)
            subscription_id, version_id = _of(charge)
        lines.append(
            Line(
                kind=charge.kind,
                subscription_id=subscription_id,
                version_id=version_id,
                description=charge.item.name_of(charge.version),
                period_start=part.start,
                period_end=part.end,
                model=model,
                quantity=quantity,
                unit_amount=unit_amount,
                net_minor=tax.net,
                tax_minor=tax.tax,
                tax_percent=tax.percent,
                tax_inclusive=price.tax_inclusive,
                discount_minor=discount_in(charge, amount, tax),
                calculation=None if _is_plain(charge, amount, tax) else _calculation(charge, amount, tax.taken_out),
            )
        )
    return lines


def credit_lines(credits: Sequence[GivenBack], currency: str) -> list[Line]:
    """A line for each stretch that is given back, with the charge line it credits."""
    return [
        Line(
            kind=kind,
            subscription_id=given.subscription.id,
            version_id=given.settled.version_id,
            description=given.settled.description,
            period_start=given.new_end,
            period_end=given.until or given.settled.end,
            model=basis,
            quantity=_ONE,
            unit_amount=Decimal(0),
            net_minor=-given.credit.net_minor,
            tax_minor=-given.credit.tax_minor,
            tax_percent=given.settled.tax_percent,
            tax_inclusive=False,
            calculation=Calculation(
                kind=kind,
                model=basis,
                exponent=exponent(currency),
                charged=given.credit.base,
                removed=given.credit.removed,
                whole=given.credit.whole,
                limit=given.credit.limit,
                measure=given.credit.measure,
                rounding=given.credit.rounding,
            ),
            credits=given.credits,
        )
        for given in credits
        for kind, basis in [_gives_back(given)]
    ]


def _gives_back(given: GivenBack) -> tuple[LineKind, CreditBasis]:
    if isinstance(given, Overused):
        return LineKind.OVERUSED, CreditBasis.USAGE
    return LineKind.CREDIT if given.until is None else LineKind.PAUSE, CreditBasis.TIME


def rounding_line(total_minor: int, *, step: int, mode: str, currency: str, at: datetime) -> Line | None:
    """What brings a total to a multiple of the policy `cash_step`, without tax; None where it is one.

    `step` in minor units. The line is of no subscription: it belongs to the document as a whole.
    """
    amount = to_step(total_minor, step=step, rounding=ROUNDINGS[mode]) - total_minor
    if not amount:
        return None
    return Line(
        kind=LineKind.ROUNDING,
        subscription_id=None,
        version_id=None,
        description="",
        period_start=at,
        period_end=at,
        model=Model.FLAT,
        quantity=_ONE,
        unit_amount=Decimal(0),
        net_minor=amount,
        tax_minor=0,
        tax_percent=NO_TAX,
        tax_inclusive=False,
        calculation=Calculation(
            kind=LineKind.ROUNDING, exponent=exponent(currency), model=Model.FLAT, charged=total_minor, whole=step,
            rounding=mode,
        ),
    )  # fmt: skip


def _is_single(charge: Charge) -> bool:
    """Whether it is a fee of its own beside what a price charges."""
    return charge.kind in (LineKind.SETUP, LineKind.MINIMUM, LineKind.TRIAL) and not isinstance(charge, OneOff)


def _terms(charge: Charge) -> tuple[str, Decimal, Decimal]:
    """(model, quantity, unit amount in currency units) of a line."""
    price = charge.version.price
    if isinstance(charge, Used) and charge.kind is LineKind.USAGE:
        return price.model, charge.quantity, price.unit_amount
    if charge.kind is LineKind.RECURRING or not _is_single(charge):
        return price.model, charge.version.quantity, price.unit_amount
    amounts = {LineKind.SETUP: price.setup_fee, LineKind.TRIAL: charge.policies.trial_price}
    amount = amounts.get(charge.kind, price.period_minimum)
    assert amount is not None
    return Model.FLAT, _ONE, amount


def _of(charge: Charge) -> tuple[Id | None, Id | None]:
    """The subscription and the version that a charge is of."""
    if isinstance(charge, OneOff):
        return charge.pending.subscription_id, None
    return charge.subscription.id, charge.version.id


def _is_plain(charge: Charge, amount: Amount, tax: LineTax) -> bool:
    """Whether the columns are all inputs there are."""
    if amount.off or amount.share is not None or tax.taken_out or charge.policies.rounding_mode != "half_away":
        return False
    if charge.kind is LineKind.MINIMUM or (isinstance(charge, Used) and charge.charged):
        return False
    return charge.part.part == charge.part.whole and (charge.version.price.scheme is None or _is_single(charge))


def _calculation(charge: Charge, amount: Amount, taken_out: Decimal) -> Calculation:
    model, quantity, unit_amount = _terms(charge)
    return Calculation(
        kind=charge.kind,
        exponent=exponent(charge.version.price.currency),
        model=model,
        unit_amount=unit_amount,
        quantity=quantity,
        part=charge.part.part,
        whole=charge.part.whole,
        off=amount.off,
        share=amount.share,
        fees=charge.fees,
        charged=charge.charged if isinstance(charge, Used) else 0,
        measure=charge.part.measure,
        **_priced(charge),
        tax_out=taken_out,
        rounding=charge.policies.rounding_mode,
    )


def _priced(charge: Charge) -> dict[str, Any]:
    if charge.kind is LineKind.MINIMUM:
        return {"format": 2}
    if _is_single(charge):
        return {}
    basis = charge.basis if isinstance(charge, Used) else basis_under(charge.policies)
    return priced(charge.version.price, basis)
