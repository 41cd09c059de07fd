"""The report, to the cent, and equal to what the items say at any instant."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from subprocess import CompletedProcess

import pytest

from perennia.analytics.revenue import COLUMNS, Row, revenue_report
from perennia.analytics.subscribers import standings
from perennia.cli.report import bar, cell
from perennia.domain.calendar import midnight, next_month
from perennia.domain.ids import Id
from perennia.operations import tenants
from perennia.store.reads import sellers
from perennia.store.session import snapshot
from tests.analytics.year import live_until
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def report(shop: Shop, *, as_of: datetime | None = None) -> list[Row]:
    return revenue_report(tenant=shop.tenant, zone=shop.zone, currency="DKK", as_of=as_of or shop.now)


def paying(shop: Shop) -> Id:
    customer = shop.customer()
    shop.pays_with(customer, "ok")
    return customer


def column(rows: list[Row], name: str) -> dict[str, int]:
    return {row.month: getattr(row, name) for row in rows}


def test_a_month_earns_its_days_and_the_running_one_today():
    shop = open_shop(opened_on=date(2025, 1, 20))
    shop.start(paying(shop), "basic")
    assert column(report(shop), "revenue_minor") == {"2025-01": 323}  # 100.00 x 1 of 31 days, on the first of them
    live_until(shop, date(2025, 2, 10))
    assert column(report(shop), "revenue_minor") == {"2025-01": 3871, "2025-02": 3226}  # 12 and 10 of 31 days
    live_until(shop, date(2025, 3, 1))
    earned = column(report(shop, as_of=shop.now - timedelta(seconds=1)), "revenue_minor")
    assert earned == {"2025-01": 3871, "2025-02": 6129 + 3214}  # 9 of 28 days of the second period


def test_the_months_of_calendar_periods_earn_their_lines():
    shop = open_shop(opened_on=date(2025, 1, 1))
    shop.start(paying(shop), "basic", "seat*3")
    live_until(shop, date(2025, 4, 1))
    rows = report(shop, as_of=shop.now - timedelta(seconds=1))
    assert column(rows, "revenue_minor") == {"2025-01": 13000, "2025-02": 13000, "2025-03": 13000}
    assert column(rows, "invoiced_minor") == column(rows, "revenue_minor")


def test_what_was_billed_is_earned_in_the_end(shop: Shop):
    rows = report(shop, as_of=midnight(date(2026, 5, 1), shop.zone))
    assert sum(column(rows, "revenue_minor").values()) == sum(column(rows, "invoiced_minor").values())
    assert len(rows) == 17


def test_a_row_of_everything(shop: Shop):
    """Worked out by hand from the documents of February and the days of their periods."""
    february = report(shop)[1]
    assert february == Row(
        month="2025-02",
        currency="DKK",
        mrr_minor=12500 + 8333 + 7000 + 10000 + 25000 + 10000,
        new_minor=35000,
        churn_minor=-47000,
        active=6,
        new=2,
        lost=3,
        invoiced_minor=12000 - 16071 + 10000 - 4643 - 6428 + 25000 + 12500 + 7000 + 550 + 10000,
        revenue_minor=12458 + 7893 + 8036 + 7671 + 6976 + 5357 + 5000 + 3571 + 9643 + 323 + 522 + 72 + 6 + 10,
        collected_minor=15000 + 23215 + 15625 + 8750 + 688 + 12500,
        receivable_minor=11161 + 6696 + 12500,
    )


def test_the_receivable_is_that_of_the_books(shop: Shop):
    booked = shop.rows("SELECT sum(amount_minor)::bigint FROM postings WHERE account = 10")[0][0]
    assert report(shop)[-1].receivable_minor == booked


def test_recurring_revenue_equals_a_recomputation_from_items_at_any_instant(shop: Shop):
    month, found, expected = date(2025, 1, 1), {}, {}
    rows, tenant = report(shop), tenants.find(shop.slug)
    while month <= date(2025, 4, 1):
        at = midnight(next_month(month), shop.zone) - timedelta(microseconds=1)
        with snapshot(shop.tenant) as cursor:
            seller = sellers.seller(cursor, tenant=tenant)
            there = list(standings(cursor, tenant=shop.tenant, seller=seller, at=at))
        assert {one.currency for one in there} == {"DKK"}
        found[f"{month:%Y-%m}"] = sum(one.mrr_minor for one in there), sum(one.live for one in there)
        month = next_month(month)
    expected = {row.month: (row.mrr_minor, row.active) for row in rows if row.month in found}
    assert found == expected


def test_a_business_in_which_nothing_happened_has_a_row_of_zeros():
    shop = open_shop()
    assert report(shop) == [Row("2025-01", "DKK")]


def test_months_are_cut_and_still_start_from_what_was_before(shop: Shop):
    rows = revenue_report(
        tenant=shop.tenant,
        zone=shop.zone,
        currency="DKK",
        as_of=shop.now,
        first=date(2025, 3, 1),
        last=date(2025, 4, 1),
    )
    assert rows == report(shop)[2:4]


def test_forms_of_the_command(shop: Shop, perennia: Callable[..., CompletedProcess[str]]):
    told = json.loads(perennia("report", "--tenant", shop.slug, "--json").stdout)
    assert [row["month"] for row in told] == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    assert tuple(told[0]) == COLUMNS
    table = perennia("report", "--tenant", shop.slug, "--csv").stdout
    assert [dict(row) for row in csv.DictReader(io.StringIO(table))] == [
        {name: str(value) for name, value in row.items()} for row in told
    ]
    plain = perennia("report", "--tenant", shop.slug, "--from", "2025-02", "--to", "2025-02").stdout
    assert "\x1b" not in plain
    assert plain.splitlines()[0].strip() == "DKK, by month"
    assert "728.33" in plain
    assert len(plain.splitlines()) == 3


def test_a_month_that_is_none_is_wrong_use(perennia: Callable[..., CompletedProcess[str]]):
    assert perennia("report", "--tenant", "t", "--from", "2025-13").returncode == 2
    assert perennia("report", "--tenant", "t", "--from", "2025-02", "--to", "2025-01").returncode == 2


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@SUM", "\tx"])
def test_a_text_is_no_formula(word: str):
    assert cell(word) == f"'{word}"


def test_other_cells_stay_as_they_are():
    assert (cell(-5), cell("EUR"), cell("")) == (-5, "EUR", "")


def test_bars():
    assert [bar(amount, 160) for amount in (160, 80, 5, 0, -10)] == ["█" * 16, "█" * 8, "▌", "", ""]
    assert bar(0, 0) == ""
