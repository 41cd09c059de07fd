"""Parts that end earlier or later, several of one version in one decision: written alike in whatever order they come."""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest

from perennia.domain.decision import Decision, SpanCut, SpanStretch
from perennia.store import session
from perennia.store.writes.changes import cut_spans, stretch_spans
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")
SPANS = "SELECT span_start, span_end FROM billed_spans ORDER BY span_start"


def day(month: int, number: int) -> datetime:
    return datetime(2025, month, number, tzinfo=UTC)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_earliest_cut_says_how_far_a_version_is_settled(order: tuple[int, ...]) -> None:
    """The second of two months goes back whole, of the first what is left of a first cut."""
    shop = open_shop(opened_on=date(2025, 1, 1), zone="UTC")
    shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 2, 1))
    shop.bill()
    ((version, payer),) = shop.rows("SELECT v.id, s.payer_id FROM item_versions v JOIN subscriptions s ON true")
    cuts = [
        SpanCut(version, day(1, 1), day(1, 20)),
        SpanCut(version, day(1, 1), day(1, 11)),
        SpanCut(version, day(2, 1), day(2, 1)),
    ]
    with session.transaction(shop.tenant) as cursor:
        cut_spans(cursor, [Decision(payer, None, cuts=tuple(cuts[n] for n in order))], tenant=shop.tenant)
    assert shop.rows(SPANS) == [(day(1, 1), day(1, 11))]
    assert shop.rows("SELECT billed_through FROM item_versions") == [(day(1, 11),)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_stretch_holds(order: tuple[int, ...]) -> None:
    shop = open_shop(opened_on=date(2025, 1, 1), zone="UTC")
    shop.start(shop.customer(), "basic")
    ((version, payer),) = shop.rows("SELECT v.id, s.payer_id FROM item_versions v JOIN subscriptions s ON true")
    longer = [SpanStretch(version, day(1, 1), day(2, 5)), SpanStretch(version, day(1, 1), day(2, 9))]
    with session.transaction(shop.tenant) as cursor:
        stretch_spans(cursor, [Decision(payer, None, stretches=tuple(longer[n] for n in order))], tenant=shop.tenant)
    assert shop.rows(SPANS) == [(day(1, 1), day(2, 9))]
    assert shop.rows("SELECT billed_through FROM item_versions") == [(day(2, 9),)]
