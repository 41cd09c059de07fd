"""Documents of every kind of buyer: when they are taxed, how, rounded by which policy, and what is kept of it."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennia.domain.documents import Document
from perennia.domain.explanation import evaluate, evidence_stored, extras
from perennia.domain.facts import Payer, Subscription
from perennia.domain.policies import policies
from perennia.domain.pricing import Timing
from perennia.domain.tax import TAXABLE, TaxKind, TaxStatus
from perennia.domain.taxing import revalued
from tests.domain.world import (
    YEARLY,
    Account,
    calculation_of,
    item,
    off,
    payer,
    price,
    rate,
    seller,
    simple,
    subscription,
    table,
    utc,
)

DANISH = rate("25")
GERMAN = (
    rate("19", country="DE", until=date(2020, 7, 1)),
    rate("16", country="DE", since=date(2020, 7, 1), until=date(2021, 1, 1)),
    rate("19", country="DE", since=date(2021, 1, 1)),
)
BUSINESS = TaxStatus(TaxKind.REVERSE_CHARGE, "DE136695976")
HOSPITAL = TaxStatus(TaxKind.EXEMPT, exempt_reason="a hospital")
START, FIRST = date(2025, 1, 1), utc(2025, 1, 1)


def billed(*subscriptions: Subscription, through: datetime = FIRST, **more) -> list[Document]:
    books = Account(payer(*subscriptions, **more), seller(DANISH, *GERMAN))
    books.bill(through)
    return books.documents


def gross(**values: str) -> Subscription:
    return simple("99.00", start=START, inclusive=True, policies=policies(values))


def evidence(document: Document) -> dict | None:
    return None if document.tax_evidence is None else evidence_stored(document.tax_evidence)


@pytest.mark.parametrize(
    ("country", "tax", "net_price", "gross_price", "kept"),
    [
        ("DK", TAXABLE, "10000+2500", "7920+1980", "7920+1980"),
        ("DE", TAXABLE, "10000+1900", "8319+1581", "8319+1581"),
        ("DE", BUSINESS, "10000+0", "7920+0", "9900+0"),
        ("DK", replace(BUSINESS, tax_id="DK13585628"), "10000+2500", "7920+1980", "7920+1980"),
        ("DK", HOSPITAL, "10000+0", "7920+0", "9900+0"),
        ("US", TAXABLE, "10000+0", "7920+0", "9900+0"),
    ],
)
def test_net_and_gross_prices_of_every_buyer(country, tax, net_price, gross_price, kept) -> None:
    subscriptions = (simple("100.00", start=START), gross(), gross(gross_without_tax="keep_gross"))
    documents = [billed(one, country=country, tax=tax)[0] for one in subscriptions]
    assert [f"{document.net_minor}+{document.tax_minor}" for document in documents] == [net_price, gross_price, kept]


def test_a_taxable_buyer_needs_no_evidence() -> None:
    for country in ("DK", "DE", "SE"):
        assert evidence(billed(simple("10.00", start=START), country=country)[0]) is None


@pytest.mark.parametrize(
    ("country", "tax", "kept"),
    [
        ("DE", BUSINESS, {"status": "reverse_charge", "category": "reverse_charge", "reason": "reverse_charge_eu"}),
        ("DK", HOSPITAL, {"status": "exempt", "category": "exempt", "reason": "exempt"}),
        ("US", TAXABLE, {"status": "taxable", "category": "outside_scope", "reason": "buyer_outside_tax_area"}),
        ("SE", TAXABLE, {"status": "taxable", "category": "none", "reason": "no_rate"}),
    ],
)
def test_what_decided_is_kept(country: str, tax: TaxStatus, kept: dict[str, str]) -> None:
    document = billed(gross(), country=country, tax=tax)[0]
    said = {name: value for name, value in kept.items() if name != "status"}
    assert evidence(document) == {
        "format": 1, "seller": "DK", "buyer": country, "status": kept["status"],
        "lines": [said | {"percent": "0", "taken_out": "25", "positions": [1]}],
    }  # fmt: skip


def test_a_region_and_lines_of_two_kinds() -> None:
    items = [item(price("10.00"), start=START, name="a"), item(price("9.90", inclusive=True), start=START, name="b")]
    items.append(item(price("20.00"), start=START, name="c"))
    document = billed(subscription(*items, start=START), country="ES", tax=TaxStatus(TaxKind.TAXABLE, region="ES-CN"))[
        0
    ]
    outside = {"category": "outside_scope", "reason": "buyer_outside_tax_area", "percent": "0"}
    assert evidence(document) == {
        "format": 1, "seller": "DK", "buyer": "ES", "region": "ES-CN", "status": "taxable",
        "lines": [outside | {"positions": [1, 3]}, outside | {"taken_out": "25", "positions": [2]}],
    }  # fmt: skip


def cents(*amounts: str, inclusive: bool = False, **values: str) -> Subscription:
    items = [item(price(amount, inclusive=inclusive), start=START, name=amount) for amount in amounts]
    return subscription(*items, start=START, policies=policies(values))


@pytest.mark.parametrize(
    ("values", "taxes", "said"),
    [
        ({}, [1, 1, 1], None),  # 2.5 on the document
        ({"tax_rounding": "line"}, [1, 1, 2], {"rounding": "line"}),
        ({"rounding_mode": "half_even"}, [1, 0, 1], {"mode": "half_even"}),
        ({"tax_rounding": "line", "rounding_mode": "half_even"}, [0, 0, 2], {"rounding": "line", "mode": "half_even"}),
    ],
)
def test_tax_is_rounded_by_the_policies_and_these_are_kept(values, taxes, said) -> None:
    document = billed(cents("0.02", "0.02", "0.06", **values))[0]
    assert [line.tax_minor for line in document.lines] == taxes
    kept = evidence(document)
    if said is None:
        assert kept is None
    else:
        assert kept is not None
        assert kept["lines"] == [{"category": "standard", "percent": "25", **said, "positions": [1, 2, 3]}]


def test_lines_of_one_rate_are_rounded_by_their_own_subscriptions_policy() -> None:
    both = cents("0.02", "0.02"), cents("0.02", "0.02", tax_rounding="line")
    document = billed(*both)[0]
    assert [line.tax_minor for line in document.lines] == [1, 0, 1, 1]


def test_a_stripped_line_explains_itself_with_discount_and_part() -> None:
    one = simple(
        "99.00", start=date(2025, 1, 11), anchor=START, inclusive=True, discounts=(off(percent="10"), off(amount=500))
    )
    document = billed(one, through=utc(2025, 1, 11), country="DE", tax=BUSINESS)[0]
    line = document.lines[0]
    assert line.calculation is not None
    steps, result = evaluate(line.calculation)
    # 99.00 x 21/31 x 0.9 = 60.36, less 5.00 = 55.36, of which 20 % is tax
    assert [(step.name, round(step.value)) for step in steps[-4:]] == [
        ("amount_off", 5536), ("rounded", 5536), ("tax_held", 1107), ("tax_taken_out", 4429),
    ]  # fmt: skip
    assert (line.net_minor, line.tax_minor, result) == (4429, 0, 4429)
    without = replace(line.calculation, off=())
    assert line.discount_minor == evaluate(without)[1] - result
    assert calculation_of(line, "EUR", extras(line.calculation)) == line.calculation


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from(["invoice_rate", "line"]),
    st.sampled_from(["half_away", "half_even"]),
    st.sampled_from(["strip_tax", "keep_gross"]),
    st.sampled_from([("DK", TAXABLE), ("DE", TAXABLE), ("DE", BUSINESS), ("DK", HOSPITAL), ("US", TAXABLE)]),
)
def test_every_line_follows_from_its_calculation_whatever_the_policies(
    amounts, inclusive, rounding, mode, without, buyer
) -> None:
    country, tax = buyer
    texts = [f"{Decimal(amount).scaleb(-2):f}" for amount in amounts]
    one = cents(*texts, inclusive=inclusive, tax_rounding=rounding, rounding_mode=mode, gross_without_tax=without)
    document = billed(one, country=country, tax=tax)[0]
    for line in document.lines:
        stored = None if line.calculation is None else extras(line.calculation)
        amount = line.net_minor + (line.tax_minor if line.tax_inclusive else 0)
        assert evaluate(calculation_of(line, "EUR", stored))[1] == amount
    assert document.tax_minor == sum(line.tax_minor for line in document.lines)


def advance(start: date, **more) -> Subscription:
    return simple("100.00", start=start, **more)


def test_advance_is_taxed_on_the_day_of_issue_and_arrears_on_the_last_day_of_the_period() -> None:
    rates = rate("24", until=date(2025, 7, 1)), rate("25", since=date(2025, 7, 1))
    for timing, taxes in ((Timing.ADVANCE, [2400, 2500, 2500]), (Timing.ARREARS, [2400, 2400, 2500])):
        books = Account(payer(advance(date(2025, 5, 1), timing=timing)), seller(*rates))
        for issued in (utc(2025, 5, 1), utc(2025, 6, 1), utc(2025, 7, 1), utc(2025, 8, 1)):
            books.bill(issued)
        assert [document.tax_minor for document in books.documents][-3:] == taxes


def test_a_late_document_in_arrears_keeps_the_rate_of_its_period() -> None:
    rates = rate("24", until=date(2025, 7, 1)), rate("25", since=date(2025, 7, 1))
    books = Account(payer(advance(date(2025, 5, 1), timing=Timing.ARREARS)), seller(*rates))
    books.bill(utc(2025, 7, 20))
    assert [document.tax_minor for document in books.documents] == [2400, 2400]


def test_german_rates_are_those_of_the_periods_end_also_in_advance() -> None:
    """As the ministry's examples for the rates of 2020: a year from October is performed when it ends, in 2021."""
    for start, interval_tax in ((date(2019, 9, 1), 1600), (date(2019, 6, 1), 1900), (date(2020, 10, 1), 1900)):
        one = advance(start, interval=YEARLY)
        document = billed(one, through=utc(start.year, start.month, start.day), country="DE")[0]
        assert document.tax_minor == interval_tax


def test_a_credit_has_the_rate_of_the_line_it_credits() -> None:
    rates = rate("24", until=date(2025, 7, 1)), rate("25", since=date(2025, 7, 1))
    books = Account(payer(advance(date(2025, 6, 11))), seller(*rates))
    books.bill(utc(2025, 6, 11))
    books.cancel(utc(2025, 7, 1))
    books.bill(utc(2025, 7, 1))
    assert table(books.documents) == (
        "2025-06-11 invoice 10000+2400 balance 0\n"
        "  06-11..07-11 Plan 10000+2400\n"
        "2025-07-01 credit_note -3333+-800 balance 0\n"
        "  07-01..07-11 Plan -3333+-800"
    )
    assert books.documents[1].tax_evidence is None


def test_a_credit_of_a_stripped_line_gives_back_what_it_charged() -> None:
    books = Account(payer(gross(), country="DE", tax=BUSINESS), seller(DANISH, *GERMAN))
    books.bill(utc(2025, 1, 1))
    books.payer = replace(books.payer, tax=TAXABLE)  # a consumer by now: the credit does not care
    books.cancel(utc(2025, 1, 11))
    books.bill(utc(2025, 1, 11))
    assert [(document.net_minor, document.tax_minor) for document in books.documents] == [(7920, 0), (-5365, 0)]


def taxed_as(facts: Payer, tax: TaxStatus) -> Payer:
    return replace(facts, tax=tax)


def test_a_new_status_moves_the_recurring_revenue_of_gross_prices() -> None:
    books = Account(payer(gross(), gross(gross_without_tax="keep_gross"), country="DE"), seller(DANISH, *GERMAN))
    assert revalued(books.payer, taxed_as(books.payer, BUSINESS), seller=books.seller, at=utc(2025, 1, 1)) == ()
    books.bill(utc(2025, 1, 1))
    moved = revalued(books.payer, taxed_as(books.payer, BUSINESS), seller=books.seller, at=utc(2025, 1, 5))
    assert [(one.kind, one.mrr_minor) for one in moved] == [("contraction", 7920 - 8319), ("expansion", 9900 - 8319)]
    net = payer(simple("100.00", start=START))
    assert revalued(net, taxed_as(net, HOSPITAL), seller=books.seller, at=utc(2025, 1, 5)) == ()


@pytest.mark.parametrize(("country", "tax"), [("DE", BUSINESS), ("DK", HOSPITAL), ("US", TAXABLE), ("DE", TAXABLE)])
@pytest.mark.parametrize("policy", ["strip_tax", "keep_gross"])
def test_recurring_revenue_is_the_net_that_is_billed(country: str, tax: TaxStatus, policy: str) -> None:
    books = Account(payer(gross(gross_without_tax=policy), country=country, tax=tax), seller(DANISH, *GERMAN))
    books.bill(utc(2025, 1, 1))
    assert [one.mrr_minor for one in books.movements] == [books.documents[0].net_minor]
