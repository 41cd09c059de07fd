"""A sandbox whose advance dies again and again comes to the same books as one that nobody disturbed."""

from datetime import date, datetime

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.jobs.advancing import Advanced, advance
from perennia.jobs.collection import open_calls
from tests.faults.books import Told, differences, told, wrong
from tests.faults.victims import run_and_die_at
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

GOAL = date(2025, 3, 5)


def a_business() -> Shop:
    """Cards that work, fail and recover, and fail for good; a trial, arrears, and one who leaves half-way.

    No answer gets lost: one that does is asked after a minute later, and after a death at once.
    """
    shop = open_shop(opened_on=date(2025, 1, 25))
    for name, script, *codes in (
        ("Bo", "ok", "basic", "seat*3"),
        ("Eva", "every-2:soft", "plus"),
        ("Ida", "soft", "basic"),
        ("Kai", "seq:soft,soft,ok", "later"),
        ("Lis", "hard", "basic"),
    ):
        customer = shop.customer(name)
        shop.pays_with(customer, f"{script}#{shop.slug}-{name}")
        shop.start(customer, *codes, start_on=date(2025, 1, 31))
    shop.start(shop.customer("Mia"), "plus", start_on=date(2025, 2, 1), trial_ends_on=date(2025, 2, 15))
    leaving = shop.customer("Ole")
    shop.pays_with(leaving, f"ok#{shop.slug}-Ole")
    shop.start(leaving, "plus", start_on=date(2025, 2, 1), cancel_on=date(2025, 2, 12))
    return shop


def live(shop: Shop, url: str, to: datetime | None = None) -> Advanced:
    calls = open_calls(url)
    try:
        goal = to or midnight(GOAL, shop.zone)
        return advance(tenant=shop.tenant, to=goal, calls=calls, machine_now=machine_now)
    finally:
        for one in calls.values():
            one.close(grace_s=1.0)


def live_and_die(shop: Shop, url: str, *, after: int, more: int) -> int:
    """Die at the step named, go on, die a few steps later than that, and so on to the goal; answers how often."""
    deaths = 0
    while run_and_die_at(after + deaths * more, lambda: live(shop, url)):
        deaths += 1
    return deaths


@pytest.fixture(scope="module")
def undisturbed(database: object, stand: SandboxStand) -> Told:
    shop = a_business()
    live(shop, stand.url)
    assert wrong(shop) == []
    return told(shop)


@pytest.mark.slow
@pytest.mark.parametrize(("after", "more"), [(1, 3), (2, 3), (3, 3), (61, 1)])
def test_an_advance_that_dies_again_and_again_comes_to_the_same_books(
    stand: SandboxStand, undisturbed: Told, after: int, more: int
):
    shop = a_business()
    assert live_and_die(shop, stand.url, after=after, more=more) > 10
    assert differences(told(shop), undisturbed) == []
    assert shop.now == midnight(GOAL, shop.zone)
    assert wrong(shop) == []
    assert stand.ask("GET", "/v1/charges")[1]["charged_more_than_once"] == {}


def test_the_life_of_the_twins_has_everything_in_it(undisturbed: Told):
    """Else the comparison would say little."""
    assert {row[3] for row in undisturbed["attempts"]} == {"succeeded", "failed"}
    assert {row[2] for row in undisturbed["movements"]} == {"new", "churn"}
    assert {row[1] for row in undisturbed["documents"]} == {"invoice", "credit_note"}
    assert {row[4] for row in undisturbed["history"]} >= {"active", "past_due", "canceled"}
    assert len(undisturbed["revenue"]) == 2 and undisturbed["waiting"] == []
