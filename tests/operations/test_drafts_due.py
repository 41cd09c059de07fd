"""What falls due is a draft first: without a number, not collected, and issued once however the run fares."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.jobs.billing import run_until_done
from perennia.operations import previews, terms
from tests.faults.victims import run_and_die_at, side_by_side
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import agrees
from tests.operations.shop import ZONE, Shop, open_shop
from tests.operations.till import open_till

pytestmark = pytest.mark.usefixtures("database")

FEBRUARY_ENDS = midnight(date(2025, 2, 28), ZONE)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


def _bill(shop: Shop) -> None:
    run_until_done(tenant=shop.tenant, as_of=shop.now, now=shop.now)


def _issued(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows("SELECT number, due_at, issued_at FROM documents ORDER BY number")


def test_a_draft_has_no_number_and_is_not_collected_until_it_is_issued(stand: SandboxStand) -> None:
    with open_till(open_shop(draft_hours=24), stand) as till:
        bo, _ = till.subscriber("ok")
        till.live_until(FEBRUARY_ENDS + timedelta(hours=23))
        assert till.effects() == [1]
        found = previews.drafts(tenant=till.shop.tenant, customer_id=bo, now=machine_now())
        assert [one.total_minor for one in found.documents] == [12500]
        assert found.issued_at == FEBRUARY_ENDS + timedelta(hours=24)
        agrees(till.shop)
        till.live_until(FEBRUARY_ENDS + timedelta(hours=25))
        assert _issued(till.shop)[1:] == [(2, FEBRUARY_ENDS, FEBRUARY_ENDS + timedelta(hours=24))]
        assert till.effects() == [1, 1] and till.receivables() == [("paid", 0)] * 2
        assert previews.drafts(tenant=till.shop.tenant, customer_id=bo, now=machine_now()).documents == ()
        agrees(till.shop)


def test_what_was_shown_as_the_draft_is_what_is_issued(stand: SandboxStand) -> None:
    shop = open_shop(draft_hours=24)
    bo = shop.customer()
    shop.start(bo, "basic", "seat*3")
    shop.clock_to(FEBRUARY_ENDS + timedelta(hours=2))
    shown = previews.drafts(tenant=shop.tenant, customer_id=bo, now=machine_now())
    following = previews.next_invoice(tenant=shop.tenant, customer_id=bo, now=machine_now())
    shop.clock_to(FEBRUARY_ENDS + timedelta(hours=24))
    _bill(shop)
    assert shop.rows("SELECT net_minor, tax_minor FROM documents WHERE number = 2") == [
        (one.net_minor, one.tax_minor) for one in shown.documents
    ]
    assert following is not None and following.at == shown.issued_at == shop.now
    assert [one.net_minor for one in following.documents] == [one.net_minor for one in shown.documents]


def test_a_worker_killed_while_it_issues_drafts_leaves_each_issued_once() -> None:
    shop = open_shop(opened_on=date(2025, 1, 1), draft_hours=24)
    for name in ("Bo", "Eva"):
        shop.start(shop.customer(name), "basic", "seat")
    for step in count(1, 4):
        month = step // 4 + 1  # on the 2nd the hours of the 1st are over
        year, index = divmod(month, 12)
        shop.clock_to(date(2025 + year, index + 1, 1) + timedelta(days=1))
        died = run_and_die_at(step, lambda: _bill(shop))
        _bill(shop)
        numbers = [number for (number,) in shop.rows("SELECT number FROM documents ORDER BY number")]
        assert numbers == list(range(1, 2 + 2 * month + 1))
        assert shop.rows("SELECT version_id, span_start FROM billed_spans GROUP BY 1, 2 HAVING count(*) > 1") == []
        if not died:
            break
    agrees(shop)


def test_two_workers_and_a_person_who_asks_issue_it_once() -> None:
    shop = open_shop(draft_hours=24)
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(FEBRUARY_ENDS + timedelta(hours=24))

    def ask() -> None:
        _bill(shop)
        terms.issue_drafts(tenant=shop.tenant, actor="astrid", subscription_id=subscription, now=machine_now())

    side_by_side(3, ask)
    assert [number for number, *_ in _issued(shop)] == [1, 2]
    agrees(shop)


def test_hourly_ticks_and_one_run_a_month_later_say_the_same() -> None:
    hourly, late = open_shop(draft_hours=30), open_shop(draft_hours=30)
    for shop in (hourly, late):
        shop.start(shop.customer(), "basic")
        shop.start(shop.customer(), "later")
    for hour in range(0, 72, 5):
        hourly.clock_to(FEBRUARY_ENDS + timedelta(hours=hour))
        _bill(hourly)
    late.clock_to(FEBRUARY_ENDS + timedelta(hours=70))
    _bill(late)
    said = "SELECT d.kind, d.due_at, l.description, l.period_start, l.net_minor FROM documents d JOIN lines l"
    assert hourly.rows(f"{said} ON l.document_id = d.id ORDER BY 2, 3") == late.rows(
        f"{said} ON l.document_id = d.id ORDER BY 2, 3"
    )
    agrees(hourly)
    agrees(late)


def test_verify_sees_a_draft_that_nobody_would_issue() -> None:
    shop = open_shop(draft_hours=24)
    shop.start(shop.customer(), "basic")
    shop.clock_to(FEBRUARY_ENDS + timedelta(hours=1))
    shop.rows("UPDATE payers SET next_due_at = next_due_at + interval '1 day' RETURNING 1")
    with pytest.raises(AssertionError, match="due_again"):
        agrees(shop)


def test_without_the_policy_nothing_waits() -> None:
    shop = open_shop()
    shop.start(shop.customer(), "basic")
    shop.clock_to(FEBRUARY_ENDS)
    _bill(shop)
    assert [(due, issued) for _, due, issued in _issued(shop)[1:]] == [(FEBRUARY_ENDS, FEBRUARY_ENDS)]
