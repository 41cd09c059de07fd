"""The run is killed, doubled, delayed and cut off; every period is billed once and no number is missing."""

from datetime import date
from itertools import count

import pytest

from perennia.jobs.billing import run_until_done
from tests.faults.victims import run_and_die_at, side_by_side
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def _subscribers(shop: Shop, number: int) -> None:
    for name in range(number):
        shop.start(
            shop.customer(f"Bo{name}"), "basic", "seat*3", start_on=date(2025, 1, 31), anchor_on=date(2025, 1, 1)
        )


def _months_later(shop: Shop, months: int) -> None:
    year, month = divmod(months, 12)
    shop.clock_to(date(2025 + year, month + 1, 1))


def _bill(shop: Shop) -> None:
    run_until_done(tenant=shop.tenant, as_of=shop.now, now=shop.now)


def _each_billed_once(shop: Shop, *, documents: int) -> None:
    numbers = [number for (number,) in shop.rows("SELECT number FROM documents ORDER BY number")]
    assert numbers == list(range(1, documents + 1))
    assert shop.rows("SELECT next_number FROM number_series WHERE kind = 'invoice'") == [(documents + 1,)]
    assert shop.rows("SELECT version_id, span_start FROM billed_spans GROUP BY 1, 2 HAVING count(*) > 1") == []
    assert shop.rows("SELECT count(*) FROM billed_spans") == [(documents * 2,)]
    assert shop.rows("SELECT sum(amount_minor) FROM postings") == [(0,)]
    assert shop.rows("SELECT count(*) FROM payers WHERE set_aside_at IS NOT NULL") == [(0,)]


def test_a_worker_killed_before_any_of_its_statements_leaves_nothing_half_done():
    shop = open_shop()
    _subscribers(shop, 3)
    for step in count(1):
        _months_later(shop, step)
        died = run_and_die_at(step, lambda: _bill(shop))
        _bill(shop)
        _each_billed_once(shop, documents=3 * (step + 1))
        if not died:
            break
    assert step > 25, "the run has more steps than that"


def test_four_workers_share_a_tenant():
    shop = open_shop()
    _subscribers(shop, 40)
    _months_later(shop, 1)
    side_by_side(4, lambda: [shop.bill(limit=3) for _ in range(20)])
    _each_billed_once(shop, documents=80)


def test_a_run_started_twice_finds_nothing_the_second_time():
    shop = open_shop()
    _subscribers(shop, 5)
    _months_later(shop, 1)
    assert shop.bill().documents == 5
    assert shop.bill().documents == 0
    _each_billed_once(shop, documents=10)


def test_a_late_run_issues_today_what_fell_due_before_in_order():
    shop = open_shop()
    _subscribers(shop, 2)
    _months_later(shop, 3)
    shop.clock_to(date(2025, 4, 8))
    assert shop.bill().documents == 6
    dues = shop.rows("SELECT payer_id, due_at FROM documents ORDER BY payer_id, number")
    assert dues == sorted(dues)
    assert shop.rows("SELECT count(DISTINCT issued_at) FROM documents WHERE number > 2") == [(1,)]
    _each_billed_once(shop, documents=8)


def test_a_payer_too_far_behind_is_held_until_a_person_has_looked():
    from perennia.config.clock import now
    from perennia.operations.billing import bill_payer

    shop = open_shop()
    shop.start(shop.customer(), "basic")
    _months_later(shop, 7)
    assert shop.bill().set_aside == 1
    [(payer, code)] = shop.rows("SELECT id, set_aside_code FROM payers")
    assert code == "catch_up"
    assert shop.bill().payers == 0
    assert bill_payer(tenant=shop.tenant, payer_id=payer, now=now(), actor="astrid") == 6
    assert shop.rows("SELECT set_aside_code FROM payers") == [(None,)]


def test_a_payer_whom_no_rule_can_bill_is_set_aside_and_stops_nobody():
    shop = open_shop()
    poison = shop.customer("Poison")
    for _ in range(2):  # either could be billed; together they are more than a document may come to
        shop.start(poison, "basic", "dear*600", start_on=date(2025, 2, 1))
    _subscribers(shop, 3)
    _months_later(shop, 1)
    chunk = shop.bill()
    assert (chunk.documents, chunk.set_aside) == (3, 1)
    assert shop.rows("SELECT id, set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == [
        (poison, "invalid_value")
    ]
    assert shop.bill().payers == 0


def test_a_second_bill_of_a_settled_part_is_a_bug_that_is_set_aside_never_skipped():
    shop = open_shop()
    _subscribers(shop, 9)
    _months_later(shop, 1)
    [(version, payer)] = shop.rows(
        """SELECT v.id, s.payer_id FROM item_versions v JOIN subscriptions s ON s.id = v.subscription_id
        ORDER BY s.payer_id, v.id LIMIT 1 OFFSET 6"""
    )
    shop.rows(
        """INSERT INTO billed_spans SELECT tenant_id, billed_through, id, 1, billed_through + interval '1 day', id, 1
        FROM item_versions WHERE id = %s RETURNING 1""",
        version,
    )
    run_until_done(tenant=shop.tenant, as_of=shop.now, now=shop.now)
    assert shop.rows("SELECT id, set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == [
        (payer, "billed_spans_pkey")
    ]
    assert shop.rows("SELECT count(*) FROM documents WHERE kind = 'invoice'") == [(9 + 8,)]
