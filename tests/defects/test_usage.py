"""Usage: all that was accepted is counted once and stands on one invoice: defects D056 to D059, D100, D164 to D167."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from textwrap import dedent

import pytest

from perennia.domain.metering import Outcome
from tests.defects.tale import lines
from tests.operations.metered import MeteredShop, metered_shop

pytestmark = pytest.mark.usefixtures("database")


def calls(timeline: str, *, head: str = "") -> list[dict[str, str]]:
    """The lines of a story in which calls are sold at 1.00 each, beside Basic and Plus."""
    goods = """
        meters: {calls: {aggregation: sum}}
        plans: {basic: 100, plus: 200}
        add_ons: {calls: {amount: 1, meter: calls, model: per_unit}}
        """
    return lines("\n".join([head, dedent(goods), dedent(timeline)]))


def used(told: list[dict[str, str]]) -> list[tuple[str, str, str, str]]:
    """(start, end, quantity, amount) of the lines for usage."""
    return [(one["start"], one["end"], one["quantity"], one["amount"]) for one in told if one["item"] == "calls"]


@pytest.mark.parametrize("started", ["2024-03-09T21:00", "2024-03-10T21:00"], ids=["before", "after"])
def test_d056_the_same_usage_costs_the_same_on_either_side_of_a_clock_change(started: str) -> None:
    """Clocks in Los Angeles went forward on 10 March 2024; both have the same billing day."""
    told = calls(
        f"""
        {started} subscribe plan=basic items=[calls] alignment=billing_day(15)
        2024-03-14T23:30 usage meter=calls value=3
        2024-03-15T00:30 usage meter=calls value=5
        2024-04-14T23:30 usage meter=calls value=7
        2024-04-20 bill_run
        """,
        head="timezone: America/Los_Angeles",
    )
    assert [(end, quantity) for _, end, quantity, _ in used(told)] == [("2024-03-15", "3"), ("2024-04-15", "12")]


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Pago_Pago"])
def test_d058_a_second_run_charges_no_usage_again_far_from_utc(zone: str) -> None:
    told = calls(
        """
        2024-01-31 subscribe plan=basic items=[calls]
        2024-02-28T23:30 usage meter=calls value=4
        2024-02-29T00:00 bill_run
        2024-02-29T13:00 bill_run
        2024-03-01T00:00 bill_run
        """,
        head=f"timezone: {zone}",
    )
    assert used(told) == [("2024-01-31", "2024-02-29", "4", "4.00")]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])
def test_d059_what_recurs_and_what_was_used_have_the_same_bounds(zone: str) -> None:
    told = calls(
        """
        2024-01-31 subscribe plan=basic items=[calls]
        2024-02-28T23:59 usage meter=calls value=1
        2024-02-29T00:00 usage meter=calls value=2
        2024-03-31 advance_to
        """,
        head=f"timezone: {zone}",
    )
    assert [(start, end, quantity) for start, end, quantity, _ in used(told)] == [
        ("2024-01-31", "2024-02-29", "1"), ("2024-02-29", "2024-03-31", "2"),
    ]  # fmt: skip
    recurring = {(one["start"], one["end"]) for one in told if one["item"] == "basic"}
    assert {(start, end) for start, end, _, _ in used(told)} <= recurring


def test_d100_each_unit_used_is_on_one_invoice_also_where_the_plan_changes_in_between() -> None:
    told = calls(
        """
        2024-04-01 subscribe plan=basic items=[calls]
        2024-04-10 usage meter=calls value=10
        2024-04-16 change_plan plus
        2024-04-20 usage meter=calls value=5
        2024-05-01 bill_run
        2024-05-10 bill_run
        """
    )
    assert sum(Decimal(amount) for _, _, _, amount in used(told)) == 15


def test_d167_an_invoice_in_the_middle_of_a_period_has_no_line_beyond_it() -> None:
    told = calls(
        """
        2024-04-01 subscribe plan=basic items=[calls]
        2024-04-10 usage meter=calls value=25
        2024-04-10T12:00 bill_run
        2024-04-20 usage meter=calls value=50
        2024-04-20T12:00 bill_run
        2024-05-05 bill_run
        """,
        head="policy: {progressive_threshold: 20}",
    )
    assert sum(Decimal(amount) for _, _, _, amount in used(told)) == 75
    assert all("2024-04-01" <= start < end <= "2024-05-01" for start, end, _, _ in used(told))


@pytest.fixture(scope="module")
def bo(database: object) -> MeteredShop:
    return metered_shop()


def test_d164_what_was_accepted_is_counted_and_the_rest_has_its_reason(bo: MeteredShop) -> None:
    chance, sent = Random(164), []
    for n in range(60):
        value = chance.choice(["1", "2.5", "0", "-1", "NaN", "1E+30"])
        sent.append(bo.event(f"d164-{n % 50}", value, meter=chance.choice(["megabytes", "parsecs"])))
    before = bo.counts()[0]
    outcomes = bo.record(*sent)
    assert len(outcomes) == len(sent)
    accepted = [event for event, outcome in zip(sent, outcomes, strict=True) if outcome is Outcome.ACCEPTED]
    assert bo.counts()[0] - before == len(accepted) > 10
    assert {outcome for outcome in outcomes if outcome is not Outcome.ACCEPTED} >= {
        Outcome.UNKNOWN_METER, Outcome.BAD_VALUE,
    }  # fmt: skip
    measured = bo.measured()
    assert measured.quantity == sum(event.value for event in accepted if event.value is not None)
    assert measured.events == len(accepted)


@pytest.mark.parametrize("written", ["local", "utc", "now"])
def test_d165_an_event_counts_in_whatever_way_its_time_is_written(bo: MeteredShop, written: str) -> None:
    now = bo.shop.now
    at = {"local": now - timedelta(hours=1), "utc": (now - timedelta(hours=1)).astimezone(UTC), "now": now}[written]
    before = bo.measured(meter="calls").quantity
    assert bo.one(bo.event(f"d165-{written}", None, meter="calls", at=at)) is Outcome.ACCEPTED
    after = bo.measured(meter="calls", end=now + timedelta(seconds=1))
    assert after.quantity == before + 1


def test_d166_two_events_at_one_instant_are_two_and_the_last_that_came_is_the_last() -> None:
    for order in ((3, 9), (9, 3)):
        bo = metered_shop()
        at = datetime(2025, 1, 31, 9, tzinfo=UTC)
        for meter in ("megabytes", "disk"):
            bo.record(*(bo.event(f"{meter} {n}", str(value), meter=meter, at=at) for n, value in enumerate(order)))
        assert bo.measured().quantity == 12 and bo.measured().events == 2
        assert bo.measured(meter="disk").quantity == order[-1]
        assert bo.shop.now.date() == date(2025, 1, 31)
