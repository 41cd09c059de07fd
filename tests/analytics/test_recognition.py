"""Revenue is booked once a month, from what the month's lines earn."""

from datetime import date, timedelta

import pytest

from perennia.analytics.revenue import revenue_report
from perennia.domain.calendar import midnight
from perennia.domain.ledger import earned
from perennia.operations import ledger
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def booked(shop: Shop) -> dict[str, int]:
    rows = shop.rows("SELECT month, amount_minor FROM recognitions ORDER BY month, currency")
    return {f"{month:%Y-%m}": amount for month, amount in rows}


def test_nothing_is_due_before_the_first_document():
    shop = open_shop()
    assert ledger.next_recognition_at(tenant=shop.tenant) is None
    assert ledger.recognise(tenant=shop.tenant, now=shop.now + timedelta(days=90)) == []


def test_each_month_is_booked_once_it_has_ended():
    shop = open_shop(opened_on=date(2025, 1, 20))
    shop.start(shop.customer(), "basic")
    end = midnight(date(2025, 2, 1), shop.zone)
    assert ledger.next_recognition_at(tenant=shop.tenant) == end
    assert ledger.recognise(tenant=shop.tenant, now=end - timedelta(microseconds=1)) == []
    assert ledger.recognise(tenant=shop.tenant, now=end) == [date(2025, 1, 1)]
    assert ledger.recognise(tenant=shop.tenant, now=end) == []
    assert booked(shop) == {"2025-01": 3871}  # 12 of 31 days of 100.00
    assert ledger.next_recognition_at(tenant=shop.tenant) == midnight(date(2025, 3, 1), shop.zone)


def test_months_missed_are_caught_up_in_order_and_stop_where_told():
    shop = open_shop(opened_on=date(2025, 1, 31))
    shop.start(shop.customer(), "year")
    now = shop.clock_to(date(2025, 6, 10))
    assert ledger.recognise(tenant=shop.tenant, now=now, through_month=date(2025, 2, 28)) == [
        date(2025, 1, 1),
        date(2025, 2, 1),
    ]
    assert ledger.recognise(tenant=shop.tenant, now=now) == [date(2025, month, 1) for month in (3, 4, 5)]
    assert booked(shop) == {"2025-01": 274, "2025-02": 7671, "2025-03": 8493, "2025-04": 8220, "2025-05": 8493}


def test_a_month_without_revenue_counts_as_done():
    shop = open_shop()
    shop.start(shop.customer(), "basic", start_on=date(2025, 1, 1))
    now = shop.clock_to(date(2025, 6, 1))
    ledger.recognise(tenant=shop.tenant, now=now)
    assert booked(shop) == {"2025-01": 10000, "2025-02": 0, "2025-03": 0, "2025-04": 0, "2025-05": 0}


def test_a_document_is_not_dated_into_a_month_that_is_closed():
    shop = open_shop(opened_on=date(2025, 1, 20))
    shop.start(shop.customer(), "basic")
    ledger.recognise(tenant=shop.tenant, now=midnight(date(2025, 2, 1), shop.zone))
    shop.start(shop.customer(), "basic")  # the sandbox still stands on 20 January
    late = shop.rows("SELECT issued_at FROM documents ORDER BY number")[1][0]
    assert late == midnight(date(2025, 2, 1), shop.zone)
    ledger.recognise(tenant=shop.tenant, now=midnight(date(2025, 3, 1), shop.zone))
    assert booked(shop) == {"2025-01": 3871, "2025-02": 6129 + 10000}


def test_the_books_have_what_the_report_has_once_all_is_issued(shop: Shop):
    """Month by month they differ by what was issued late: arrears, and credits for time that has passed."""
    last = midnight(date(2025, 5, 1), shop.zone) - timedelta(seconds=1)
    rows = revenue_report(tenant=shop.tenant, zone=shop.zone, currency="DKK", as_of=last)
    assert list(booked(shop)) == [row.month for row in rows] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert sum(booked(shop).values()) == sum(row.revenue_minor for row in rows)


@pytest.mark.parametrize("net", [1, 999, 10000, -16071, 10**15])
@pytest.mark.parametrize(
    ("starts", "ends"), [("2025-01-31", "2025-02-28"), ("2024-02-29", "2025-02-28"), ("2025-03-01", "2025-03-01")]
)
def test_the_rule_in_python_and_the_one_in_the_database_are_the_same(shop: Shop, net: int, starts: str, ends: str):
    start, end = date.fromisoformat(starts), date.fromisoformat(ends)
    rows = shop.rows(
        """SELECT earned(%s, %s, %s, %s::date + n), n FROM generate_series(-2, 370) AS n""", net, start, end, start
    )
    for found, n in rows:
        assert found == earned(net_minor=net, days=(end - start).days, elapsed=n)
