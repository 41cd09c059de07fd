"""Tax by date, rounded once per rate and shared back."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Subscription
from perennia.domain.money import round_ratio
from perennia.domain.pricing import Timing
from perennia.domain.tax import (
    TAXABLE,
    Category,
    TaxKind,
    TaxRate,
    TaxStatus,
    TaxTable,
    credited_tax,
    tax_on,
    tax_status,
    without_tax,
)
from tests.domain.world import Account, item, payer, price, rate, seller, simple, subscription, table, utc

PERCENTS = st.sampled_from(["0", "5.5", "8.1", "19", "20", "25", "27", "9.975"]).map(Decimal)


@pytest.mark.parametrize(
    ("amounts", "percent", "inclusive", "taxes"),
    [
        ([10000], "25", False, [2500]),
        ([10000], "25", True, [2000]),
        ([9900], "25", True, [1980]),
        ([333, 333, 333], "25", False, [84, 83, 83]),  # 249.75 once, not 3 x 83.25
        ([2, 2, 2], "25", False, [1, 1, 0]),  # 1.5 is 2 once; each alone would give 3
        ([1000, -333], "25", False, [250, -83]),
        ([-1000], "25", False, [-250]),
        ([-2], "25", False, [-1]),
        ([100], "0", False, [0]),
        ([], "25", False, []),
        ([1, 1, 1], "25", True, [1, 0, 0]),
    ],
)
def test_tax_is_rounded_once_and_shared_back(amounts, percent, inclusive, taxes) -> None:
    assert tax_on(amounts, percent=Decimal(percent), inclusive=inclusive) == taxes


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=10), PERCENTS, st.booleans())
def test_shares_add_up_to_the_tax_of_the_sum(amounts: list[int], percent: Decimal, inclusive: bool) -> None:
    exact = Fraction(percent) / (100 + (Fraction(percent) if inclusive else 0))
    shares = tax_on(amounts, percent=percent, inclusive=inclusive)
    total = exact * sum(amounts)
    assert sum(shares) == round_ratio(total.numerator, total.denominator)
    assert all(abs(tax - amount * exact) < 1 for tax, amount in zip(shares, amounts, strict=True))


def test_the_rate_in_force_on_a_date() -> None:
    rates = TaxTable([
        rate("25", until=date(2025, 7, 1)), rate("24", since=date(2025, 7, 1)), rate("22", since=date(2026, 1, 1)),
        rate("19", country="DE"),
    ])  # fmt: skip
    found = [
        rates.percent(country=country, tax_class="standard", on=on)
        for country, on in [
            ("DK", date(1999, 12, 31)), ("DK", date(2025, 6, 30)), ("DK", date(2025, 7, 1)), ("DK", date(2026, 5, 1)),
            ("DE", date(2025, 7, 1)), ("SE", date(2025, 7, 1)),
        ]
    ]  # fmt: skip
    assert found == [0, 25, 24, 22, 19, 0]
    assert rates.percent(country="DK", tax_class="books", on=date(2025, 7, 1)) == 0


@pytest.mark.parametrize("percent", ["-1", "100", "NaN", "Infinity", "0.00001"])
def test_what_is_no_rate(percent: str) -> None:
    with pytest.raises(InvalidValue):
        rate(percent)


@pytest.mark.parametrize(
    ("net", "tax", "steps", "expected"),
    [
        (999, 250, [333, 666, 999], [83, 84, 83]),
        (-999, -250, [-333, -666, -999], [-83, -84, -83]),
        (100, 0, [50, 100], [0, 0]),
        (0, 0, [0], [0]),
    ],
)
def test_credited_tax_is_cumulative(net, tax, steps, expected) -> None:
    so_far = [credited_tax(line_net=net, line_tax=tax, credited_net=step) for step in steps]
    assert [b - a for a, b in zip([0, *so_far], so_far, strict=False)] == expected


RATES = (rate("25", until=date(2025, 7, 1)), rate("24", since=date(2025, 7, 1)))


def account(*subscriptions: Subscription) -> Account:
    return Account(payer(*subscriptions), seller(*RATES, zone="Europe/Copenhagen"))


def test_an_advance_line_has_the_rate_of_the_day_of_issue_in_the_sellers_zone() -> None:
    for hour, tax in [(21, 250), (22, 240)]:  # midnight of 1 July in Copenhagen is 22:00 UTC
        books = account(simple("10.00", start=date(2025, 6, 15)))
        books.bill(utc(2025, 6, 30, hour))
        assert books.documents[0].tax_minor == tax


def test_an_arrears_line_has_the_rate_of_its_periods_end() -> None:
    books = account(simple("10.00", start=date(2025, 5, 15), zone="Europe/Copenhagen", timing=Timing.ARREARS))
    books.bill(utc(2025, 8, 1))
    assert [document.tax_minor for document in books.documents] == [250, 240]


def test_several_rates_and_both_kinds_of_price_on_one_document() -> None:
    start = date(2025, 1, 1)
    items = [
        item(price("9.99"), start=start, name="net"),
        item(price("9.99", inclusive=True), start=start, name="gross"),
        item(price("0.02"), start=start, name="small"),
        item(price("-1.00"), start=start, name="less"),
    ]
    books = account(subscription(*items, start=start))
    books.bill(utc(2025, 1, 1))
    assert table(books.documents) == (
        "2025-01-01 invoice 1700+425 balance 0\n"
        "  01-01..02-01 net 999+250\n"
        "  01-01..02-01 gross 799+200\n"
        "  01-01..02-01 small 2+0\n"
        "  01-01..02-01 less -100+-25"
    )


def test_a_buyer_elsewhere_has_the_rate_of_their_place() -> None:
    facts = payer(simple("10.00", start=date(2025, 1, 1)), country="DE")
    books = Account(facts, seller(rate("25"), rate("19", country="DE")))
    books.bill(utc(2025, 1, 1))
    assert books.documents[0].tax_minor == 190


@pytest.mark.parametrize(
    ("amounts", "percent", "inclusive", "taxes"),
    [
        ([333, 333, 333], "25", False, [83, 83, 83]),
        ([2, 2, 2], "25", False, [1, 1, 1]),
        ([1, 1, 1], "25", True, [0, 0, 0]),
        ([1000, -333], "25", False, [250, -83]),
    ],
)
def test_by_line_each_tax_is_rounded_alone(amounts, percent, inclusive, taxes) -> None:
    assert tax_on(amounts, percent=Decimal(percent), inclusive=inclusive, by_line=True) == taxes


@pytest.mark.parametrize(
    ("amounts", "away", "even"),
    [
        ([2], [1], [0]),  # 0.5
        ([6], [2], [2]),  # 1.5
        ([10], [3], [2]),  # 2.5
        ([-2], [-1], [0]),
        ([-6], [-2], [-2]),
        ([5, 5], [2, 1], [1, 1]),  # 2.5 on the document
        ([3], [1], [1]),  # 0.75 is no half
    ],
)
def test_halves_go_away_from_zero_or_to_the_even_neighbour(amounts, away, even) -> None:
    found = [tax_on(amounts, percent=Decimal(25), inclusive=False, mode=mode) for mode in ("half_away", "half_even")]
    assert found == [away, even]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=10), PERCENTS, st.booleans())
def test_half_even_is_what_exact_fractions_round_to(amounts: list[int], percent: Decimal, inclusive: bool) -> None:
    exact = Fraction(percent) / (100 + (Fraction(percent) if inclusive else 0))
    taxes = tax_on(amounts, percent=percent, inclusive=inclusive, mode="half_even")
    assert sum(taxes) == round(exact * sum(amounts))
    alone = tax_on(amounts, percent=percent, inclusive=inclusive, mode="half_even", by_line=True)
    assert alone == [round(exact * amount) for amount in amounts]


@given(st.integers(-(10**9), 10**9), PERCENTS, st.sampled_from(["half_away", "half_even"]))
def test_a_gross_price_without_tax_is_the_net_that_a_buyer_at_home_has(gross: int, percent: Decimal, mode: str) -> None:
    (tax,) = tax_on([gross], percent=percent, inclusive=True, mode=mode)
    assert without_tax(gross, percent=percent, mode=mode) + tax == gross


BUSINESS = {"kind": TaxKind.REVERSE_CHARGE, "tax_id": "12345678"}
EXEMPT = {"kind": TaxKind.EXEMPT, "exempt_reason": "a hospital"}

# seller, buyer, status, day: percent, category, reason; the seller's own rate where no tax is due
TREATMENTS = """
DK DK    taxable        2025-01-01: 25   standard       -                       -
DK DE    taxable        2025-01-01: 19   standard       -                       -
DK DE    taxable        2020-07-01: 16   standard       -                       -
DK MC    taxable        2025-01-01: 20   standard       -                       -
DK PT    taxable        2025-01-01: 23   standard       -                       -
DK PT-20 taxable        2025-01-01: 16   standard       -                       -
DK PT-30 taxable        2025-01-01: 23   standard       -                       -
DK SE    taxable        2025-01-01: 0    none           no_rate                 25
DK ES    taxable        2025-01-01: 21   standard       -                       -
DK ES-CN taxable        2025-01-01: 0    outside_scope  buyer_outside_tax_area  25
ES ES-CN taxable        2025-01-01: 0    outside_scope  buyer_outside_tax_area  21
DK US    taxable        2025-01-01: 0    outside_scope  buyer_outside_tax_area  25
DK GB    taxable        2025-01-01: 0    outside_scope  buyer_outside_tax_area  25
DK GB    taxable        2020-12-31: 0    none           no_rate                 25
DK HR    taxable        2013-06-30: 0    outside_scope  buyer_outside_tax_area  25
DK NO    taxable        2025-01-01: 25   standard       -                       -
US US    taxable        2025-01-01: 0    none           no_rate                 0
US DK    taxable        2025-01-01: 25   standard       -                       -
US CA    taxable        2025-01-01: 0    outside_scope  buyer_outside_tax_area  0
DK DK    reverse_charge 2025-01-01: 25   standard       -                       -
DK DE    reverse_charge 2025-01-01: 0    reverse_charge reverse_charge_eu       25
FR MC    reverse_charge 2025-01-01: 20   standard       -                       -
DK ES-CN reverse_charge 2025-01-01: 0    outside_scope  business_abroad         25
DK NO    reverse_charge 2025-01-01: 0    outside_scope  business_abroad         25
DK GB    reverse_charge 2020-12-31: 0    reverse_charge reverse_charge_eu       25
DK GB    reverse_charge 2021-01-01: 0    outside_scope  business_abroad         25
US DK    reverse_charge 2025-01-01: 0    outside_scope  business_abroad         0
DK DK    exempt         2025-01-01: 0    exempt         exempt                  25
DK DE    exempt         2025-01-01: 0    exempt         exempt                  25
DK US    exempt         2025-01-01: 0    exempt         exempt                  25
"""
PLACES = TaxTable([
    rate("25"), rate("19", country="DE", until=date(2020, 7, 1)),
    rate("16", country="DE", since=date(2020, 7, 1), until=date(2021, 1, 1)),
    rate("19", country="DE", since=date(2021, 1, 1)), rate("20", country="FR"), rate("23", country="PT"),
    rate("16", country="PT-20"), rate("21", country="ES"), rate("25", country="NO"),
])  # fmt: skip


@pytest.mark.parametrize("row", TREATMENTS.strip().splitlines())
def test_who_is_taxed_where(row: str) -> None:
    asked, _, expected = row.partition(": ")
    home, place, kind, day = asked.split()
    country, _, part = place.partition("-")
    given = {"taxable": {}, "reverse_charge": BUSINESS, "exempt": EXEMPT}[kind]
    status = TaxStatus(**given, region=place if part else None) if part or given else TAXABLE
    found = PLACES.treatment(
        home=home, country=country, tax_class="standard", on=date.fromisoformat(day), status=status
    )
    told = [f"{found.percent:f}", found.category, found.reason or "-"]
    told.append("-" if found.category is Category.STANDARD else f"{found.home_percent:f}")
    assert told == expected.split()


def test_a_class_taxed_at_nothing_is_taxed_and_one_unknown_is_not() -> None:
    rates = TaxTable([TaxRate("DK", "newspapers", Decimal(0), date(2000, 1, 1)), rate("25")])
    asked = {"home": "DK", "country": "DK", "on": date(2025, 1, 1)}
    assert rates.treatment(tax_class="newspapers", **asked).category is Category.STANDARD
    assert rates.treatment(tax_class="books", **asked).category is Category.NONE


@pytest.mark.parametrize(
    ("category", "policy", "held"),
    [
        ("DK", "strip_tax", 25), ("DK", "keep_gross", 25), ("US", "strip_tax", 25), ("US", "keep_gross", 0),
    ],
)  # fmt: skip
def test_what_a_gross_price_holds(category: str, policy: str, held: int) -> None:
    found = PLACES.treatment(home="DK", country=category, tax_class="standard", on=date(2025, 1, 1))
    assert found.held_in_gross(policy) == held


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "reverse_charge"}, "tax_id"),
        ({"kind": "reverse_charge", "tax_id": "DE1"}, "tax_id"),
        ({"kind": "taxable", "tax_id": "DE136695977"}, "tax_id"),
        ({"kind": "exempt"}, "exempt_reason"),
        ({"kind": "taxable", "exempt_reason": "none"}, "exempt_reason"),
        ({"kind": "taxable", "region": "ES-CN"}, "region"),
        ({"kind": "taxable", "region": "DE-"}, "region"),
        ({"kind": "zero"}, "tax_status"),
    ],
)
def test_what_is_no_status(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        tax_status(**given, country="DE")
    assert refused.value.facts["field"] == field


def test_a_status_as_a_person_gives_it() -> None:
    assert tax_status("taxable", country="DK") == TAXABLE
    given = tax_status("reverse_charge", country="GR", tax_id="gr 094 259 216", region="GR-69")
    assert given == TaxStatus(TaxKind.REVERSE_CHARGE, "EL094259216", "GR-69")
