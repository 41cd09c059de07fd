"""One subscription's usage on its way through a `bill` call: when it is due, as what charges, and when it is settled
for good.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from perennia.domain.charges import Charge, GivenBack
from perennia.domain.decision import SpanCut
from perennia.domain.discounts import Discount, at_work
from perennia.domain.documents import LineKind
from perennia.domain.facts import Item, Settled, Subscription
from perennia.domain.fractions import Measure
from perennia.domain.ids import Id
from perennia.domain.metering import UsageLine
from perennia.domain.money import ROUNDINGS
from perennia.domain.policies import Policies
from perennia.domain.progress import Progress, earliest
from perennia.domain.proration import Credit, Part
from perennia.domain.schemes import AS_AGREED, Basis
from perennia.domain.stretches import Stretch, closes_last, share_counts
from perennia.domain.tax import credited_tax
from perennia.domain.usage import AlertReached, Tally, TrueUp, UsageCharge

Discounts = tuple[Discount, ...]


@dataclass(frozen=True, slots=True)
class Used(Charge):
    """What the usage of a stretch comes to, or what that lacks to a minimum; minus what lines `charged` before.

    It is of the period that begins at `period_start`.
    """

    quantity: Decimal = Decimal(1)
    basis: Basis = AS_AGREED
    charged: int = 0
    period_start: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Overused(GivenBack):
    """What a line charged too much for the usage of the period that begins at `period_start`, or for its minimum.

    `listed` of the line's amount before discounts, which is of that `kind`; by now `quantity` was used.
    """

    kind: LineKind = field(kw_only=True)
    quantity: Decimal = field(kw_only=True)
    listed: int = field(kw_only=True)
    period_start: datetime = field(kw_only=True)


class Using:
    """What is metered of a subscription.

    `closed` are the versions of which nothing more is charged from now on, `cuts` those that are settled less far.
    """

    __slots__ = ("_facts", "_overused", "_tally", "closed", "cuts")

    def __init__(self, facts: Subscription) -> None:
        self._facts = facts
        self._tally = None if facts.usage is None else Tally(facts.usage)
        self._overused: list[Overused] = []
        self.closed: list[Id] = []
        self.cuts: list[SpanCut] = []

    def next_due_at(self, standing: Subscription, progress: Sequence[Progress]) -> datetime | None:
        """When the last late window of an item closes, or where one was settled beyond an end that was moved back.

        What falls due with a period is the progress's to say.
        """
        if standing.held:
            return None
        found = None
        for item in standing.items:
            found = earliest(found, closes_last(standing, item))
        for one in progress:
            if _is_settled_beyond(one):
                found = earliest(found, one.ends)
        return found

    def charges(
        self,
        standing: Subscription,
        progress: Sequence[Progress],
        *,
        at: datetime,
        taken: Mapping[Id, Discounts],
        discounts: Discounts,
    ) -> Iterator[Used]:
        """What is due of each item of which a part was `taken` at this instant, or whose last window closes then.

        `taken` has the discounts at work by item, `discounts` those for the others. What is below zero is `overused`.
        Raises NotMeasured.
        """
        at = max(at, standing.used_until or at)
        for item in standing.items:
            beyond = [one for one in progress if one.item.id == item.id and _is_settled_beyond(one, by=at)]
            closing = closes_last(standing, item)
            if item.id in taken or beyond or (closing is not None and closing <= at):
                yield from self._due(standing, item, at, taken.get(item.id, discounts))
                self.closed += self._known().closed(standing, item, at)
            for one in beyond:
                assert one.ends is not None
                one.settled = one.ends
                self.cuts.append(SpanCut(one.version.id, one.ends, one.ends))

    def _due(self, standing: Subscription, item: Item, at: datetime, discounts: Discounts) -> Iterator[Used]:
        tally = self._known()
        for charge in tally.due(standing, item, at):
            if not self._gives_back(charge.stretch, charge.amount, charge.rated.quantity, kind=LineKind.USAGE):
                yield _used(self._facts, item, charge, discounts, until=at)
        for missing in tally.true_ups(standing, item, at):
            if not self._gives_back(missing.stretch, missing.amount, Decimal(1), kind=LineKind.MINIMUM):
                yield _lacking(self._facts, item, missing, discounts)

    def overused(self) -> list[Overused]:
        """What was charged too much, as it came up since this was last asked."""
        found, self._overused = self._overused, []
        return found

    def _gives_back(self, stretch: Stretch, amount: int, quantity: Decimal, *, kind: LineKind) -> bool:
        """Take an amount below zero from the lines that charged the stretch, the latest first; False for any other."""
        left, found = -amount, []
        if left <= 0:
            return False
        for line in self._known().lines(stretch.key, is_minimum=kind is LineKind.MINIMUM):
            if left and line.listed > 0:
                listed = min(left, line.listed)
                credit = _credit(line, listed, stretch.policies)
                settled = _settled(stretch, line)
                found.append(
                    Overused(
                        self._facts, settled, line.start, credit, stretch.policies, kind=kind, quantity=quantity,
                        listed=listed, period_start=stretch.slot.start,
                    )
                )  # fmt: skip
                left -= listed
        if left:
            raise RuntimeError(
                f"{left} more than its lines charged would go back of {stretch.version.id.text('version')}"
            )
        self._overused += found
        return True

    def progressive(self, standing: Subscription, at: datetime, *, through: datetime) -> Iterator[Used]:
        """What of the running periods is charged before they end, since it reached the threshold.

        What is below zero is `overused`.
        """
        items = {version.id: item for item in standing.items for version in item.versions}
        for charge in self._known().progressive(standing, at, through=through):
            if not self._gives_back(charge.stretch, charge.amount, charge.rated.quantity, kind=LineKind.USAGE):
                yield _used(self._facts, items[charge.stretch.version.id], charge, self._facts.discounts, until=at)

    def alerts(self, standing: Subscription, at: datetime, *, through: datetime) -> list[AlertReached]:
        """The alerts of running periods that are reached and were not told."""
        return self._known().alerts(standing, at, through=through)

    def _known(self) -> Tally:
        if self._tally is None:
            raise RuntimeError(f"nobody measured what {self._facts.id.text('sub')} used")
        return self._tally


def _is_settled_beyond(progress: Progress, *, by: datetime | None = None) -> bool:
    """Whether it is metered and was settled beyond where it ends by now; and, with `by`, ends by then."""
    ends = progress.ends
    if progress.version.price.meter_id is None or ends is None or (by is not None and ends > by):
        return False
    through = progress.settled if progress.parts else progress.version.billed_through
    return through is not None and min(through, progress.settled) > ends


def _credit(line: UsageLine, listed: int, policies: Policies) -> Credit:
    """What a line gives back for so much of its amount before discounts: that share of what is left of it."""
    left, rounded = line.net - line.given_net, ROUNDINGS[policies.rounding_mode]
    net = rounded(left * listed, line.listed)
    given = line.given_net + net
    tax = credited_tax(line_net=line.net, line_tax=line.tax, credited_net=given, rounded=rounded)
    if not line.net:  # all of an inclusive minor unit may be tax
        tax = line.given_tax + rounded((line.tax - line.given_tax) * listed, line.listed)
    return Credit(
        net, tax - line.given_tax, listed, line.listed, left, measure=Measure.SHARE, rounding=policies.rounding_mode
    )


def _settled(stretch: Stretch, line: UsageLine) -> Settled:
    return Settled(
        version_id=stretch.version.id, start=line.start, end=line.end, document_id=line.document_id,
        position=line.position, description=line.description, line_end=line.end, line_net=line.net, line_tax=line.tax,
        tax_percent=line.tax_percent, credited_net=line.given_net, credited_tax=line.given_tax,
        open_minor=line.open_minor,
    )  # fmt: skip


def _used(facts: Subscription, item: Item, charge: UsageCharge, discounts: Discounts, *, until: datetime) -> Used:
    stretch, rated = charge.stretch, charge.rated
    whole = rated.part[0] == rated.part[1]
    end = stretch.end if stretch.ends else min(stretch.end, until)
    return Used(
        subscription=facts,
        item=item,
        version=stretch.version,
        part=Part(stretch.start, end, *rated.part, Measure.DAY if whole else share_counts(stretch)),
        exact=charge.exact,
        listed=charge.amount,
        discounts=at_work(discounts, sold=stretch.version.price.sold),
        policies=stretch.policies,
        kind=LineKind.USAGE,
        quantity=rated.quantity,
        basis=rated.basis,
        charged=charge.charged,
        period_start=stretch.slot.start,
    )


def _lacking(facts: Subscription, item: Item, missing: TrueUp, discounts: Discounts) -> Used:
    return Used(
        subscription=facts,
        item=item,
        version=missing.stretch.version,
        part=missing.lacking.part,
        exact=missing.exact,
        listed=missing.amount,
        discounts=at_work(discounts, sold=missing.stretch.version.price.sold),
        policies=missing.stretch.policies,
        kind=LineKind.MINIMUM,
        fees=missing.lacking.fees,
        charged=missing.charged,
        period_start=missing.stretch.slot.start,
    )
