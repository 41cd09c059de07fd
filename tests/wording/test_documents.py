"""The words around the lines of a document: its title, and why it has its tax."""

import ast
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perennia.domain import tax as tax_rules
from perennia.domain.calendar import midnight
from perennia.domain.documents import DocumentKind, Line, LineKind, TaxedLines, TaxEvidence
from perennia.domain.explanation import evidence_of, evidence_stored
from perennia.domain.ids import Id
from perennia.domain.tax import Category, TaxKind
from perennia.wording.documents import Document, Parties, ranges
from perennia.wording.telling import SENTENCES

ZONE = "Europe/Copenhagen"
MARCH = midnight(date(2026, 3, 1), ZONE), midnight(date(2026, 4, 1), ZONE)
PARTIES = Parties(home="DK", place="DE", buyer="Ida\nGmbH", tax_id="DE136695976", exempt_reason="momslovens § 13")


def charged(net: int, tax: int, percent: str = "25", **more) -> Line:
    return Line(
        LineKind.RECURRING, Id(bytes(16)), Id(bytes(16)), "Basic", *MARCH, "flat", Decimal(1), Decimal(0), net, tax,
        Decimal(percent), False, **more,
    )  # fmt: skip


def words(language: str, currency: str = "EUR") -> Document:
    return Document(parties=PARTIES, currency=currency, language=language, zone=ZONE)


def evidence(*lines: tuple[TaxedLines, tuple[int, ...]], status: TaxKind = TaxKind.TAXABLE, region: str | None = None):
    return TaxEvidence("DK", "DE", region, status, lines)


def treated(category: Category, reason: str = "", percent: str = "0", rounding: str = "invoice_rate") -> TaxedLines:
    return TaxedLines(category, reason, Decimal(percent), Decimal(0), rounding, "half_away")


def test_the_title_of_a_document() -> None:
    issued_at = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert words("en").title(kind=DocumentKind.INVOICE, number="12", issued_at=issued_at, total_minor=123456) == (
        "Invoice 12 to Ida GmbH, 1 April 2026: 1,234.56 EUR"
    )
    assert words("da", "DKK").title(
        kind=DocumentKind.CREDIT_NOTE, number="2026-7", issued_at=issued_at, total_minor=-50
    ) == ("Kreditnota 2026-7 til Ida GmbH, 1. april 2026: -0,50 kr.")


@pytest.mark.parametrize(
    ("start", "end", "english", "danish"),
    [
        (date(2026, 3, 1), date(2026, 4, 1), "1 to 31 March 2026", "1.-31. marts 2026"),
        (date(2026, 3, 1), date(2026, 3, 2), "1 March 2026", "1. marts 2026"),
        (date(2026, 1, 31), date(2026, 2, 28), "31 January to 27 February 2026", "31. januar til 27. februar 2026"),
        (date(2025, 12, 15), date(2026, 1, 15), "15 December 2025 to 14 January 2026",
         "15. december 2025 til 14. januar 2026"),
    ],
)  # fmt: skip
def test_the_days_of_a_line(start: date, end: date, english: str, danish: str) -> None:
    line = replace(charged(10000, 2500), period_start=midnight(start, ZONE), period_end=midnight(end, ZONE))
    assert words("en").line(line, zone=ZONE) == f"Basic, {english}: 100.00 EUR"
    assert words("da").line(line, zone=ZONE) == f"Basic, {danish}: 100,00 EUR"


def test_a_line_of_an_instant_has_no_days() -> None:
    assert words("en").line(replace(charged(5000, 0), period_end=MARCH[0]), zone=ZONE) == "Basic: 50.00 EUR"


def test_lines_of_several_rates_and_one_that_gives_back() -> None:
    lines = [
        charged(10000, 1900, "19"), charged(5000, 950, "19"), charged(2000, 140, "7"), charged(1500, 285, "19"),
        charged(-500, -95, "19", credits=(Id(bytes(16)), 1)),
    ]  # fmt: skip
    assert words("en").tax(lines, None) == [
        "Lines 1-2, 4: 19 % tax in DE, 31.35 EUR on 165.00 EUR.",
        "Line 3: 7 % tax in DE, 1.40 EUR on 20.00 EUR.",
        "Line 5: 19 % tax as on what is given back, -0.95 EUR on -5.00 EUR.",
        "Together: 31.80 EUR of tax on 180.00 EUR.",
    ]
    assert words("da").tax(lines[:1], None) == ["Linje 1: 19 % moms i DE, 19,00 EUR af 100,00 EUR."]


@pytest.mark.parametrize(
    ("said", "english", "danish"),
    [
        (treated(Category.STANDARD, percent="19", rounding="line"),
         "Line 1: 19 % tax in DE, rounded line by line, 0.00 EUR on 100.00 EUR.",
         "Linje 1: 19 % moms i DE, afrundet linje for linje, 0,00 EUR af 100,00 EUR."),
        (treated(Category.REVERSE_CHARGE, "reverse_charge_eu"),
         "Line 1: no tax. Reverse charge: the buyer, DE136695976, accounts for it in DE (Directive 2006/112/EC, "
         "article 196).",
         "Linje 1: ingen moms. Omvendt betalingspligt: køberen, DE136695976, afregner den i DE (direktiv 2006/112/EF, "
         "artikel 196)."),
        (treated(Category.OUTSIDE_SCOPE, "business_abroad"),
         "Line 1: no tax, since the buyer is a business in DE, out of reach of the tax in DK.",
         "Linje 1: ingen moms, da køberen er en virksomhed i DE, uden for momsen i DK."),
        (treated(Category.EXEMPT, "exempt"),
         "Line 1: no tax, since the buyer is exempt: momslovens § 13.",
         "Linje 1: ingen moms, da køberen er momsfri: momslovens § 13."),
        (treated(Category.NONE, "no_rate"),
         "Line 1: no tax, since there is no rate for DE.", "Linje 1: ingen moms, da der ingen sats er for DE."),
    ],
)  # fmt: skip
def test_why_a_line_has_its_tax(said: TaxedLines, english: str, danish: str) -> None:
    found = evidence((said, (1,)))
    assert words("en").tax([charged(10000, 0, "0")], found) == [english]
    assert words("da").tax([charged(10000, 0, "0")], found) == [danish]


def test_a_region_with_a_tax_of_its_own_is_named() -> None:
    found = evidence((treated(Category.OUTSIDE_SCOPE, "buyer_outside_tax_area"), (1,)), region="ES-CN")
    assert words("en").tax([charged(100, 0, "0")], found) == [
        "Line 1: no tax, since ES-CN is out of reach of the tax in DK."
    ]


def test_no_tax_where_nothing_more_is_known() -> None:
    assert words("en").tax([charged(100, 0, "0")], None) == ["Line 1: no tax is charged in DE."]


def _reasons() -> set[str]:
    """The reason of every treatment that the rules of tax give."""
    tree = ast.parse(Path(tax_rules.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    reasons = [call.args[2] for call in calls if call.func.id == "Treatment" and len(call.args) > 2]
    return {reason.value for reason in reasons if isinstance(reason, ast.Constant)}


@pytest.mark.parametrize("language", SENTENCES)
def test_every_reason_for_no_tax_has_words(language: str) -> None:
    assert len(_reasons()) >= 5
    assert {f"tax.{reason}" for reason in _reasons()} - set(SENTENCES[language]) == set()


def test_stored_evidence_reads_back_the_same() -> None:
    found = evidence(
        (treated(Category.STANDARD, percent="19", rounding="line"), (1, 3)),
        (TaxedLines(Category.EXEMPT, "exempt", Decimal(0), Decimal(25), "invoice_rate", "half_even"), (2,)),
        status=TaxKind.EXEMPT, region="DE-BY",
    )  # fmt: skip
    assert evidence_of(evidence_stored(found)) == found


@pytest.mark.parametrize(
    ("numbers", "shown"), [([1], "1"), ([1, 2], "1-2"), ([1, 2, 3, 5, 7, 8], "1-3, 5, 7-8"), ([2, 4], "2, 4")]
)
def test_positions_in_short(numbers: list[int], shown: str) -> None:
    assert ranges(numbers) == shown


def test_what_cash_is_rounded_by_has_a_name_and_no_tax() -> None:
    """It counts in no sum of what is taxed."""
    cash = Line(
        LineKind.ROUNDING, None, None, "", MARCH[0], MARCH[0], "flat", Decimal(1), Decimal(0), 2, 0, Decimal(0), False
    )  # fmt: skip
    assert words("en").line(cash, zone=ZONE) == "Rounding: 0.02 EUR"
    assert words("da").line(cash, zone=ZONE) == "Afrunding: 0,02 EUR"
    lines = [charged(1000, 250), charged(500, 30, "6"), cash]
    assert words("en").tax(lines, None) == [
        "Line 1: 25 % tax in DE, 2.50 EUR on 10.00 EUR.",
        "Line 2: 6 % tax in DE, 0.30 EUR on 5.00 EUR.",
        "Together: 2.80 EUR of tax on 15.00 EUR.",
    ]


def test_a_reason_is_told_once_also_where_tax_was_taken_out_of_some_prices() -> None:
    abroad = treated(Category.OUTSIDE_SCOPE, "buyer_outside_tax_area")
    said = evidence((abroad, (1, 4)), (replace(abroad, taken_out=Decimal(25)), (2, 3)))
    assert words("da").tax([charged(1000, 0, "0")] * 4, said) == [
        "Linje 1-4: ingen moms, da DE ligger uden for momsen i DK."
    ]


def test_what_had_no_tax_is_given_back_without_tax() -> None:
    given = charged(-500, 0, "0", credits=(Id(bytes(16)), 1))
    assert words("en").tax([given], None) == ["Line 1: no tax, as on what is given back."]
    assert words("da").tax([given], None) == ["Linje 1: ingen moms, som på det, der gives tilbage."]
