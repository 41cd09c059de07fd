"""What falls due, and what is given back, before it stands on a document."""

from dataclasses import dataclass
from datetime import datetime

from perennia.domain.discounts import Discount
from perennia.domain.documents import LineKind
from perennia.domain.facts import Item, Settled, Subscription, Version
from perennia.domain.policies import Policies
from perennia.domain.proration import Credit, Part


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
