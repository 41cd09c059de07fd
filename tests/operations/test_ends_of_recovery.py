"""The last attempt failed: Bo's subscription ends, is unpaid, pauses or goes on, as `dunning_end` says."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.operations import changes, invoices, pauses, previews
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import agrees, document, pays
from tests.operations.shop import ZONE, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


def till_that(stand: SandboxStand, dunning_end: str, **policies: object) -> AbstractContextManager[Till]:
    return open_till(open_shop(dunning_end=dunning_end, **policies), stand)


def states(till: Till) -> list[tuple[str, int, object]]:
    return till.shop.rows(
        "SELECT r.state, r.open_minor, r.next_attempt_at FROM receivables r JOIN documents d ON d.id = r.document_id"
        " ORDER BY d.number"
    )


def test_unpaid_takes_access_away_and_issues_nothing_until_he_pays(stand: SandboxStand) -> None:
    with till_that(stand, "unpaid") as till:
        bo, _ = till.subscriber("soft")
        till.live_days(15)
        assert till.statuses() == ["active", "past_due", "unpaid"]
        assert till.told("invoice", "subscription.unpaid") == [
            "invoice.issued", "subscription.unpaid", "invoice.uncollectible",
        ]  # fmt: skip
        assert states(till) == [("recovering", 12500, None)] and len(till.attempts()) == 6
        till.live_days(50)  # 28 February and 31 March have passed
        assert till.receivables() == [("recovering", 12500)] and len(till.attempts()) == 6
        agrees(till.shop)
        shown = previews.drafts(tenant=till.shop.tenant, customer_id=bo, now=machine_now())
        assert [one.total_minor for one in shown.documents] == [12500, 12500] and shown.issued_at is None
        pays(till.shop, 12500, document_id=document(till.shop))
        assert till.statuses()[-1] == "active"
        till.shop.bill()
        assert till.shop.documents().splitlines()[1:] == [
            "invoice 2 due 2025-02-28: Basic 2025-02-28..2025-03-31 10000 + 2500",
            "invoice 3 due 2025-03-31: Basic 2025-03-31..2025-04-30 10000 + 2500",
        ]
        agrees(till.shop)


def test_a_new_card_is_tried_at_once_and_makes_him_well(stand: SandboxStand) -> None:
    with till_that(stand, "unpaid") as till:
        bo, _ = till.subscriber("hard")
        till.live_days(20)
        assert till.statuses()[-1] == "unpaid"
        till.shop.pays_with(bo, f"seq:soft,ok#{till.shop.slug}-new")
        till.collect()
        assert till.statuses()[-1] == "unpaid" and states(till) == [("recovering", 12500, None)]
        till.shop.pays_with(bo, f"ok#{till.shop.slug}-newer")
        till.live_days(1)
        assert till.statuses() == ["active", "past_due", "unpaid", "active"]
        assert till.receivables() == [("paid", 0)] and till.told("subscription.rec") == ["subscription.recovered"]
        till.live_until(midnight(date(2025, 3, 1), ZONE))
        assert till.receivables() == [("paid", 0), ("paid", 0)]
        agrees(till.shop)


def test_who_was_unpaid_for_long_is_not_billed_unseen_for_all_of_it(stand: SandboxStand) -> None:
    with till_that(stand, "unpaid") as till:
        till.subscriber("soft")
        till.live_until(midnight(date(2025, 6, 15), ZONE))
        pays(till.shop, 12500, document_id=document(till.shop))
        assert till.shop.bill().set_aside == 1
        assert till.shop.rows("SELECT count(*) FROM documents") == [(1,)]


def test_an_unpaid_subscription_that_is_cancelled_leaves_what_was_used(stand: SandboxStand) -> None:
    with till_that(stand, "unpaid") as till:
        _, subscription = till.subscriber("soft", "year")
        till.live_until(midnight(date(2025, 3, 2), ZONE))
        till.shop.cancel(subscription)
        # 31 January to 2 March: 30 of 365 days of 1000.00 and 25 %
        assert till.receivables() == [("recovering", 125000 - 114726)]
        assert till.statuses()[-1] == "canceled"
        agrees(till.shop)


@pytest.mark.parametrize("act", ["write_off", "void"])
def test_what_is_written_off_keeps_nobody_unpaid(stand: SandboxStand, act: str) -> None:

    with till_that(stand, "unpaid") as till:
        till.subscriber("soft")
        till.live_days(15)
        given = {"tenant": till.shop.tenant, "actor": "astrid", "document_id": document(till.shop)}
        if act == "write_off":
            invoices.write_off(**given, now=machine_now())
        else:
            invoices.void(**given, now=machine_now())
        assert till.statuses()[-1] == "active"
        agrees(till.shop)


def test_pause_pauses_until_somebody_resumes(stand: SandboxStand) -> None:
    with till_that(stand, "pause") as till:
        _, subscription = till.subscriber("soft")
        till.live_days(60)
        assert till.statuses() == ["active", "past_due", "paused"]
        assert states(till) == [("recovering", 12500, None)]
        assert till.shop.rows("SELECT starts_at::date, ends_at FROM pauses") == [(date(2025, 2, 13), None)]
        assert till.shop.rows("SELECT kind FROM movements ORDER BY id") == [("new",), ("pause",)]
        agrees(till.shop)
        pays(till.shop, 12500, document_id=document(till.shop))
        assert till.statuses()[-1] == "paused", "money alone resumes nothing"

        pauses.resume(tenant=till.shop.tenant, actor="bo", subscription_id=subscription, now=machine_now())
        assert till.statuses()[-1] == "active"
        agrees(till.shop)


def test_keep_goes_on_with_the_next_month(stand: SandboxStand) -> None:
    with till_that(stand, "keep") as till:
        till.subscriber("seq:soft,soft,soft,soft,soft,soft,ok")
        till.live_days(35)
        assert till.statuses() == ["active", "past_due"]
        assert states(till)[0] == ("recovering", 12500, None) and till.receivables()[1] == ("paid", 0)
        assert till.effects() == [0, 1]
        pays(till.shop, 12500, document_id=document(till.shop))
        assert till.statuses()[-1] == "active"
        agrees(till.shop)


def test_each_subscription_on_an_invoice_follows_its_own_policy(stand: SandboxStand) -> None:
    with till_that(stand, "cancel") as till:
        bo, one = till.subscriber("seq:ok,ok,soft")
        other = till.shop.start(bo, "basic", policy={"dunning_end": "keep"})
        till.live_until(midnight(date(2025, 3, 20), ZONE))
        status = dict(till.shop.rows("SELECT id, status FROM subscriptions"))
        assert (status[one], status[other]) == ("canceled", "past_due")
        assert states(till)[-1][0] == "recovering"
        agrees(till.shop)


def test_what_is_credited_in_full_fails_no_more(stand: SandboxStand) -> None:
    """Moved to a price of nothing on the day it began, after the card was declined."""
    with till_that(stand, "unpaid") as till:
        _, subscription = till.subscriber("soft")
        till.collect()
        assert till.statuses()[-1] == "past_due"
        changes.change_plan(
            tenant=till.shop.tenant, actor="bo", subscription_id=subscription, price_id=till.shop.prices["plus"],
            unit_amount=Decimal(0), now=machine_now(),
        )  # fmt: skip
        assert till.receivables()[0] == ("paid", 0) and till.statuses()[-1] == "active"
        assert till.told("subscription.rec") == ["subscription.recovered"]
        agrees(till.shop)
