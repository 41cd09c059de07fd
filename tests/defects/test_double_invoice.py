"""Runs that are repeated, doubled, late, killed or beside each other: defects D026 to D045."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.jobs.billing import run_until_done
from perennia.operations import changes, invoices, ledger
from perennia.operations.billing import bill_payer
from perennia.store import session
from tests.defects.crowd import agrees, at_once, codes, one
from tests.defects.crowd import invoices as count_of_invoices
from tests.defects.tale import documents, lines
from tests.faults.books import differences, told
from tests.faults.victims import paused_before, run_and_die_at, side_by_side
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop() -> Shop:
    return open_shop(tax=False)


def run(shop: Shop) -> int:
    return run_until_done(tenant=shop.tenant, as_of=shop.now, now=shop.now).documents


def spans(shop: Shop) -> list[str]:
    """`item start..end` of all lines, in order of their documents' numbers."""
    return [line.split(": ")[1].rsplit(" ", 3)[0] for line in shop.documents().splitlines()]


def test_d026_a_clock_that_ticks_while_the_workers_are_stuck_bills_nothing_twice(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    due = shop.clock_to(date(2025, 2, 28))
    with paused_before(14, lambda: run(shop)):
        for hour in range(4):
            as_of = due + timedelta(hours=hour)
            assert run_until_done(tenant=shop.tenant, as_of=as_of, now=as_of).documents == 0
    assert run(shop) == 0 and count_of_invoices(shop) == 2
    assert one(shop, "SELECT count(*) FROM payers WHERE set_aside_at IS NOT NULL") == 0


def test_d027_of_two_runs_of_the_same_day_the_second_ends_well(shop: Shop) -> None:
    for name in ("Bo", "Eva", "Ida"):
        shop.start(shop.customer(name), "basic")
    shop.clock_to(date(2025, 2, 28))
    assert sum(at_once(lambda: run(shop), lambda: run(shop))) == 3
    assert count_of_invoices(shop) == 6
    agrees(shop)


def test_d028_a_subscription_is_on_its_document_once_however_many_bill_it(shop: Shop) -> None:
    bo = shop.customer()
    for code in ("basic", "plus"):
        shop.start(bo, code)
    shop.clock_to(date(2025, 2, 28))
    payer = one(shop, "SELECT id FROM payers")
    at_once(*[lambda: bill_payer(tenant=shop.tenant, payer_id=payer, now=machine_now(), actor="astrid")] * 4)
    assert spans(shop)[2:] == ["Basic 2025-02-28..2025-03-31", "Plus 2025-02-28..2025-03-31"]
    agrees(shop)


def test_d029_six_workers_and_one_period_make_one_invoice_and_a_void_makes_no_second(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 2, 28))
    side_by_side(6, lambda: run(shop))
    assert spans(shop) == ["Basic 2025-01-31..2025-02-28", "Basic 2025-02-28..2025-03-31"]
    last = one(shop, "SELECT id FROM documents WHERE number = 2")
    invoices.void(tenant=shop.tenant, actor="astrid", document_id=last, now=machine_now())
    side_by_side(6, lambda: run(shop))
    assert count_of_invoices(shop) == 2
    agrees(shop)


def test_d030_an_invoice_at_the_periods_start_is_made_once_however_often_somebody_presses(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    payer = one(shop, "SELECT id FROM payers")
    shop.clock_to(date(2025, 2, 28))
    made = [bill_payer(tenant=shop.tenant, payer_id=payer, now=machine_now(), actor="astrid") for _ in range(3)]
    assert made == [1, 0, 0] and [run(shop) for _ in range(3)] == [0, 0, 0]


def test_d031_forty_eight_ticks_of_an_hour_inside_a_month_make_no_invoice() -> None:
    start = datetime(2024, 1, 20)  # noqa: DTZ001
    found = documents(
        "plans: {basic: 100}\n2024-01-10 subscribe basic\n"
        + "\n".join(f"{start + timedelta(hours=n):%Y-%m-%dT%H:%M} bill_run" for n in range(48))
    )
    assert len(found) == 1


@pytest.mark.parametrize("hours", [13, 24, 7 * 24 + 5, 91 * 24])
def test_d032_the_number_of_invoices_does_not_depend_on_how_often_the_clock_ticks(hours: int) -> None:
    start, end = datetime(2024, 1, 31), datetime(2024, 5, 1)  # noqa: DTZ001
    ticks = [start + timedelta(hours=hours * n) for n in range(1, (end - start) // timedelta(hours=hours) + 1)]
    found = lines(
        "plans: {basic: 100}\n2024-01-31 subscribe basic\n"
        + "\n".join(f"{at:%Y-%m-%dT%H:%M} bill_run" for at in [*ticks, end])
    )
    assert [one["start"] for one in found] == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]


def test_d033_a_run_that_is_killed_before_or_after_it_wrote_the_invoice_is_simply_run_again(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    died = []
    for month, step in enumerate((8, 14, 18, 22, 26, 60), start=2):
        shop.clock_to(date(2025, month, 28) if month == 2 else date(2025, month + 1, 1))
        died.append(run_and_die_at(step, lambda: run(shop)))
        run(shop)
        assert count_of_invoices(shop) == month
    assert died[0] and not died[-1], "some were killed, one was not"
    agrees(shop)


def test_d034_five_runs_on_one_day_make_one_invoice_and_tell_of_it_once(shop: Shop) -> None:
    shop.start(shop.customer(), "basic")
    at = shop.clock_to(date(2025, 2, 28))
    for hour in range(5):
        shop.clock_to(at + timedelta(hours=hour))
        run(shop)
    assert count_of_invoices(shop) == 2
    assert one(shop, "SELECT count(*) FROM outbox WHERE type = 'invoice.issued'") == 2


def test_d035_six_schedulers_that_start_at_once_make_one_invoice_for_each_customer(shop: Shop) -> None:
    for n in range(5):
        shop.start(shop.customer(f"Bo{n}"), "basic")
    shop.clock_to(date(2025, 2, 28))
    assert sum(at_once(*[lambda: run(shop)] * 6)) == 5
    assert shop.rows("SELECT payer_id FROM documents GROUP BY payer_id HAVING count(*) <> 2") == []
    agrees(shop)


def test_d036_of_two_who_complete_the_same_purchase_both_hear_that_it_is_done(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic", start_on=date(2025, 2, 10), trial_ends_on=date(2025, 3, 10))
    shop.clock_to(date(2025, 3, 10))
    payer = one(shop, "SELECT id FROM payers")
    complete = {"tenant": shop.tenant, "actor": "astrid", "now": machine_now()}
    answers = at_once(
        lambda: bill_payer(payer_id=payer, **complete),
        lambda: changes.pending_changes(subscription_id=subscription, **complete),
        lambda: run(shop),
    )
    assert codes(answers) == [] and count_of_invoices(shop) == 1


def test_d037_an_unpaid_renewal_is_not_followed_by_another_for_the_same_time(shop: Shop) -> None:
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 2, 28))
    run(shop)
    shop.clock_to(date(2025, 3, 14))
    shop.cancel(subscription)
    run(shop)
    assert count_of_invoices(shop) == 2
    assert shop.rows("SELECT state FROM receivables r JOIN documents d ON d.id = r.document_id ORDER BY number") == [
        ("open",), ("open",),
    ]  # fmt: skip
    agrees(shop)


@pytest.fixture
def far_from_its_database(shop: Shop) -> Iterator[Shop]:
    """The process thinks it is in California, its session with the database in Tokyo."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/Los_Angeles"
    time.tzset()
    with session.transaction(None) as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
    yield shop
    session.forget_connection()
    del os.environ["TZ"]
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_d039_a_process_in_california_and_a_database_in_tokyo_bill_each_period_once(
    far_from_its_database: Shop,
) -> None:
    shop = far_from_its_database
    shop.start(shop.customer(), "basic", "seat", anchor_on=date(2025, 2, 1))
    start = shop.now
    for day in range(30):
        shop.clock_to(start + timedelta(days=day, hours=day % 24))
        run(shop)
    assert [one for one in spans(shop) if one.startswith("Basic")] == [
        "Basic 2025-01-31..2025-02-01", "Basic 2025-02-01..2025-03-01", "Basic 2025-03-01..2025-04-01",
    ]  # fmt: skip
    agrees(shop)


def test_d040_a_free_plan_may_become_a_paid_one_on_its_first_day() -> None:
    found = lines(
        """
        plans: {free: 0, paid: 3}
        2024-04-01 subscribe free
        2024-04-01T15:00 change_plan paid
        2024-04-20 bill_run
        """
    )
    assert sorted(one["amount"] for one in found if one["amount"] not in ("0.00", "-0.00")) == ["3.00"]


def test_d041_three_missed_periods_are_three_invoices_in_order() -> None:
    found = documents(
        """
        plans: {basic: 100}
        2024-01-31 subscribe basic
        2024-05-02 bill_run
        """
    )
    assert [(one["number"], one["at"][:10], one["lines"][0]["start"]) for one in found] == [
        (1, "2024-01-31", "2024-01-31"), (2, "2024-05-02", "2024-02-29"), (3, "2024-05-02", "2024-03-31"),
        (4, "2024-05-02", "2024-04-30"),
    ]  # fmt: skip


def test_d042_the_scheduled_run_writes_what_the_button_writes() -> None:
    by_run, by_hand = open_shop(), open_shop()
    for shop in (by_run, by_hand):
        shop.start(shop.customer(), "basic", "seat*3")
        shop.clock_to(date(2025, 3, 31))
    run(by_run)
    payer = one(by_hand, "SELECT id FROM payers")
    bill_payer(tenant=by_hand.tenant, payer_id=payer, now=machine_now(), actor="astrid")
    assert count_of_invoices(by_run) == 3 and differences(told(by_run), told(by_hand)) == []


def test_d044_what_is_due_before_and_after_a_period_and_its_revenue_do_not_skip_each_other(shop: Shop) -> None:
    """Advance charges, arrears and the recognition of revenue each have a date of their own."""
    shop.start(shop.customer(), "later")
    shop.start(shop.customer("Eva"), "basic")
    for day in (date(2025, 3, 1), date(2025, 4, 1)):
        now = shop.clock_to(day)
        for act in (lambda: run(shop), lambda now=now: ledger.recognise(tenant=shop.tenant, now=now)):
            act()
    assert sorted(spans(shop)) == [
        "Basic 2025-01-31..2025-02-28", "Basic 2025-02-28..2025-03-31", "Basic 2025-03-31..2025-04-30",
        "Later 2025-01-31..2025-02-28", "Later 2025-02-28..2025-03-31",
    ]  # fmt: skip
    assert [month for (month,) in shop.rows("SELECT month FROM recognitions ORDER BY month")] == [
        date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1),
    ]  # fmt: skip
    agrees(shop)


def test_d045_one_customer_whom_no_rule_can_bill_does_not_stop_ninety_nine(shop: Shop) -> None:
    poison = shop.customer("Poison")
    for _ in range(2):  # either could be billed; together they are more than a document may come to
        shop.start(poison, "basic", "dear*600", start_on=date(2025, 2, 1))
    for n in range(30):
        shop.start(shop.customer(f"Bo{n}"), "basic", start_on=date(2025, 2, 1))
    shop.clock_to(midnight(date(2025, 2, 1), shop.zone))
    assert run(shop) == 30
    assert shop.rows("SELECT id, set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == [
        (poison, "invalid_value")
    ]
    shop.clock_to(datetime(2025, 3, 1, 12, tzinfo=UTC))
    assert run(shop) == 30
