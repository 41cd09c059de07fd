"""What the minimum of a period lacks."""

from collections.abc import Iterator

from perennia.domain.charges import Charge
from perennia.domain.documents import LineKind
from perennia.domain.facts import Subscription
from perennia.domain.pricing import true_up
from perennia.domain.progress import Progress
from perennia.domain.proration import Part


def missing(facts: Subscription, progress: Progress, part: Part, listed: int) -> Iterator[Charge]:
    """A charge for what a part and its fee come short of the minimum; a part of the period has as much of the minimum."""
    price = progress.version.price
    assert price.period_minimum is not None
    lacks = true_up(price.period_minimum, currency=price.currency, fees=[listed], part=(part.part, part.whole))
    if lacks:
        yield Charge(facts, progress.item, progress.version, part, lacks, lacks, (), LineKind.MINIMUM, listed)
