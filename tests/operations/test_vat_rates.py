"""Our table of standard rates against two public collections and against the changes that everybody knows."""

import csv
import json
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from perennia.domain.errors import InvalidValue, TaxRatesOverlap
from perennia.domain.tax import TaxTable
from perennia.domain.vat_area import MEMBERS_TODAY
from perennia.operations import tenants
from perennia.operations.books import open_books
from perennia.operations.vat_rates import NEIGHBOURS, RATES
from perennia.store.reads import sellers
from tests.operations.shop import open_shop

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PERENNIA_TEST_SHARED", ROOT / ".." / "shared"))
TABLE = TaxTable(row.rate for row in RATES)
COLLECTED = pytest.mark.skipif(not (SHARED / "data" / "vat").is_dir(), reason=f"no collections in {SHARED}/data/vat")


def percent(country: str, on: date) -> Decimal:
    return TABLE.percent(country=country, tax_class="standard", on=on)


@pytest.mark.parametrize(
    ("country", "day", "before", "after"),
    [
        ("FI", "2024-09-01", "24", "25.5"),
        ("SK", "2025-01-01", "20", "23"),
        ("EE", "2025-07-01", "22", "24"),
        ("RO", "2025-08-01", "19", "21"),
        ("DE", "2020-07-01", "19", "16"),
        ("DE", "2021-01-01", "16", "19"),
        ("IE", "2020-09-01", "23", "21"),
        ("IE", "2021-03-01", "21", "23"),
        ("LU", "2023-01-01", "17", "16"),
        ("GB", "2011-01-04", "17.5", "20"),
        ("CH", "2024-01-01", "7.7", "8.1"),
        ("NO", "2005-01-01", "24", "25"),
        ("IS", "2015-01-01", "25.5", "24"),
    ],
)
def test_a_rate_changes_on_its_day(country: str, day: str, before: str, after: str) -> None:
    first = date.fromisoformat(day)
    assert (percent(country, date.fromordinal(first.toordinal() - 1)), percent(country, first)) == (
        Decimal(before), Decimal(after),
    )  # fmt: skip


def test_every_country_has_one_rate_on_every_day_since_2000_and_every_rate_a_source() -> None:
    countries = sorted({row.rate.country for row in RATES})
    assert countries == sorted([*MEMBERS_TODAY, *NEIGHBOURS])
    for country in countries:
        rates = [row.rate for row in RATES if row.rate.country == country]
        assert rates[0].valid_from <= date(2000, 1, 1)
        assert rates[-1].valid_to is None
        assert all(one.valid_to == other.valid_from and one.percent != other.percent for one, other in pairwise(rates))
    assert [row.rate for row in RATES if len(row.source) < 10] == []


def _first_collection() -> Iterator[tuple[str, date, Decimal]]:
    """(country, first day, percent) of kdeldycke's list; Greece is also written EL there."""
    with (SHARED / "data" / "vat" / "kdeldycke_vat_rates.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["rate_type"] == "standard":
                for country in set(row["territory_codes"].split("\n")) & {*MEMBERS_TODAY, *NEIGHBOURS}:
                    yield country, date.fromisoformat(row["start_date"]), Decimal(row["rate"]) * 100


def _second_collection() -> Iterator[tuple[str, date, Decimal]]:
    """The same of ibericode's; 0000-01-01 there means `before all others`, so it proves no first day."""
    collected = json.loads((SHARED / "data" / "vat" / "ibericode_eu_vat_rates.json").read_text(), parse_float=Decimal)
    for country, rows in collected["items"].items():
        for row in rows:
            if country in MEMBERS_TODAY and row["effective_from"] != "0000-01-01":
                yield country, date.fromisoformat(row["effective_from"]), Decimal(row["rates"]["standard"])


@COLLECTED
@pytest.mark.parametrize("collection", [_first_collection, _second_collection])
def test_each_rate_of_a_collection_is_ours_on_its_first_day(collection) -> None:
    found = [(country, day, rate) for country, day, rate in collection() if day >= date(2000, 1, 1)]
    assert len(found) > 10
    assert [row for row in found if percent(row[0], row[1]) != row[2]] == []


MISSING_IN_THE_FIRST = {("IE", date(2020, 9, 1)), ("IE", date(2021, 3, 1))}
"""The Irish stimulus; the second collection has it. Norway, Switzerland and Iceland begin late or lack there."""


@COLLECTED
def test_each_of_our_changes_in_the_european_union_is_in_a_collection() -> None:
    ours = {(row.rate.country, row.rate.valid_from) for row in RATES if row.rate.country in (*MEMBERS_TODAY, "GB")}
    theirs = {(country, day) for country, day, _ in _first_collection()}
    lacking = {change for change in ours - theirs if change[1] > date(2000, 1, 1)}
    assert lacking == MISSING_IN_THE_FIRST
    assert {(country, day) for country, day, _ in _second_collection()} >= lacking


@pytest.mark.usefixtures("database")
def test_loaded_into_a_table_they_bring_history_and_source_once() -> None:
    shop = open_shop()  # with 25 % for Denmark from 1992, which is the same
    assert tenants.load_eu_rates(tenant=shop.tenant, also=["NO"]) == (
        len([row for row in RATES if row.rate.country in (*MEMBERS_TODAY, "NO")]) - 1
    )
    assert shop.rows("SELECT percent, source FROM tax_rates WHERE country = 'RO' AND valid_to IS NULL") == [
        (21, "Codul fiscal, art. 291 (1); Legea 141/2025")
    ]
    assert shop.rows("SELECT DISTINCT country FROM tax_rates WHERE country IN ('NO', 'CH')") == [("NO",)]
    assert tenants.load_eu_rates(tenant=shop.tenant, also=["NO"]) == 0


@pytest.mark.usefixtures("database")
def test_a_rate_of_ones_own_is_ended_where_a_newer_one_follows_and_otherwise_stays() -> None:
    shop = open_shop(tax=False)
    own = {"tenant": shop.tenant, "country": "FI", "source": "own"}
    tenants.set_tax_rate(percent=Decimal(24), valid_from=date(2020, 1, 1), **own)
    tenants.load_eu_rates(tenant=shop.tenant, since=date(2020, 1, 1))
    with open_books(tenant=shop.tenant) as books:
        rates = [rate for rate in sellers.tax_rates(books.cursor, tenant=shop.tenant) if rate.country in ("DE", "FI")]
    assert [(rate.country, str(rate.valid_from), str(rate.percent)) for rate in rates] == [
        ("DE", "2007-01-01", "19"), ("DE", "2020-07-01", "16"), ("DE", "2021-01-01", "19"),
        ("FI", "2020-01-01", "24"), ("FI", "2024-09-01", "25.5"),
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_where_the_table_says_otherwise_nothing_is_added() -> None:
    shop = open_shop(tax=False)
    tenants.set_tax_rate(
        tenant=shop.tenant, country="SE", percent=Decimal(20), valid_from=date(2020, 1, 1), source="a mistake"
    )
    with pytest.raises(TaxRatesOverlap) as refused:
        tenants.load_eu_rates(tenant=shop.tenant)
    assert refused.value.facts["country"] == "SE"
    assert shop.rows("SELECT count(*) FROM tax_rates") == [(1,)]
    with pytest.raises(InvalidValue):
        tenants.load_eu_rates(tenant=shop.tenant, also=["US"])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("place", ["PT-20", "AT-1", "US-NY"])
def test_a_region_may_have_a_rate_of_its_own(place: str) -> None:
    shop = open_shop(tax=False)
    tenants.set_tax_rate(
        tenant=shop.tenant, country=place, percent=Decimal(16), valid_from=date(2024, 1, 1), source="x"
    )
    assert shop.rows("SELECT country FROM tax_rates") == [(place,)]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("place", ["PT-", "PT-2000", "pt-20", "ZZ-20", "PT 20"])
def test_what_is_no_place_has_no_rate(place: str) -> None:
    shop = open_shop(tax=False)
    with pytest.raises(InvalidValue):
        tenants.set_tax_rate(
            tenant=shop.tenant, country=place, percent=Decimal(16), valid_from=date(2024, 1, 1), source="x"
        )
