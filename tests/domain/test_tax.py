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
from perennia.domain.tax import TaxTable, credited_tax, tax_on
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
