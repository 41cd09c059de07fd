"""What falls due, and what is given back, before it stands on a document."""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from perennia.domain.discounts import Discount, after_percents
from perennia.domain.documents import LineKind
from perennia.domain.facts import Item, Settled, Subscription, Version
from perennia.domain.fractions import Measure
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS
from perennia.domain.policies import Policies
from perennia.domain.pricing import amount_under, exact_minor_units, missing
from perennia.domain.proration import Credit, Part, charge
from perennia.domain.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Charge:
    """A part that fell due, priced: `exact` (numerator, denominator) and `listed`, rounded, before discounts, minor units.

    `policies` are those it was priced by. A set-up fee, and what a minimum lacks, are charges of their own kind beside
    it; of a minimum `fees` were charged.
    """

    subscription: Subscription
    item: Item
    version: Version
    part: Part
    exact: tuple[int, int]
    listed: int
    discounts: tuple[Discount, ...]
    policies: Policies
    kind: LineKind = LineKind.RECURRING
    fees: int = 0


def of_part(
    subscription: Subscription, item: Item, version: Version, part: Part, policies: Policies,
    discounts: tuple[Discount, ...],
) -> Charge:  # fmt: skip
    """The fee of a part of a period."""
    exact = charge(version, part, policies)
    listed = ROUNDINGS[policies.rounding_mode](*exact)
    return Charge(subscription, item, version, part, exact, listed, discounts, policies)


def as_returned(
    part: Part, version: Version, policies: Policies, discounts: tuple[Discount, ...], *, minor: int
) -> Part:  # fmt: skip
    """A part as the share of its price that comes to `minor`, what was given back for it on that very day.

    There and back on one day costs nothing, also where both are rounded from something else; where they differ by
    more than that, as with another discount, the part is what it is.
    """
    usual = ROUNDINGS[policies.rounding_mode](*after_percents(charge(version, part, policies), discounts))
    if abs(usual - minor) != 1 or policies.rounding_level != "line":
        return part
    if any(discount.amount_minor is not None for discount in discounts):
        return part
    whole, unit = after_percents(amount_under(version.price, version.quantity, policies), discounts)
    if not 0 < minor * unit < whole:
        return part
    share = Fraction(minor * unit, whole)
    return replace(part, part=share.numerator, whole=share.denominator, measure=Measure.SHARE)


def of_setup(
    subscription: Subscription, item: Item, version: Version, policies: Policies, discounts: tuple[Discount, ...]
) -> Charge:
    """The set-up fee of a version that begins."""
    price, at = version.price, version.starts_at
    assert price.setup_fee is not None
    exact = exact_minor_units(price.setup_fee, price.currency)
    listed = ROUNDINGS[policies.rounding_mode](*exact)
    return Charge(
        subscription, item, version, Part(at, at, 1, 1), exact, listed, discounts, policies, LineKind.SETUP
    )  # fmt: skip


def of_trial(subscription: Subscription, item: Item, version: Version, policies: Policies, until: datetime) -> Charge:
    """The price of a whole trial (`trial_price`)."""
    assert policies.trial_price is not None
    exact = exact_minor_units(policies.trial_price, version.price.currency)
    listed = ROUNDINGS[policies.rounding_mode](*exact)
    part = Part(version.starts_at, until, 1, 1)
    return Charge(subscription, item, version, part, exact, listed, (), policies, LineKind.TRIAL)


def of_minimum(fee: Charge) -> Charge | None:
    """What the minimum of a period lacks beside its fee, with the same discounts; a part has as much of the minimum."""
    price, part = fee.version.price, fee.part
    if price.period_minimum is None:
        return None
    exact = missing(price.period_minimum, currency=price.currency, fees=[fee.listed], part=(part.part, part.whole))
    listed = ROUNDINGS[fee.policies.rounding_mode](*exact)
    if not listed:
        return None
    return replace(fee, exact=(listed, 1), listed=listed, kind=LineKind.MINIMUM, fees=fee.listed)


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What a settled part gives back from `new_end` on; with `until` it is settled again from there.

    `policies` are those of the act that brought it about.
    """

    subscription: Subscription
    settled: Settled
    new_end: datetime
    credit: Credit
    policies: Policies
    until: datetime | None = None

    @property
    def credits(self) -> tuple[Id, int]:
        """The charge line: (document, position)."""
        assert self.settled.document_id is not None
        return self.settled.document_id, self.settled.position


@dataclass(frozen=True, slots=True)
class Owed:
    """A settled part that reaches beyond where its version ended: from when on that is given back.

    Without a `due` it waits for the next invoice after `since`.
    """

    due: datetime | None
    since: datetime
    settled: Settled
    version: Version
    new_end: datetime
    under: Policies
