"""`perennia explain`: documents of a small business as their owner and their subscriber read them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import Database
from tests.operations.shop import Shop, open_shop

GUIDE = (Path(__file__).parents[2] / "docs" / "explanations.md").read_text(encoding="utf-8")

Explain = Callable[..., str]


@pytest.fixture(scope="module")
def shop(database: Database) -> Shop:
    """Bo took Basic and three seats on 31 January and left on 20 February; Ida's business is in Germany."""
    opened = open_shop(opened_on=date(2025, 1, 31))
    bo = opened.customer("Bo")
    subscription = opened.start(bo, "basic", "seat*3")
    opened.clock_to(date(2025, 2, 20))
    opened.cancel(subscription)
    ida = opened.customer("Ida", country="DE")
    opened.tax_status(ida, "reverse_charge", tax_id="DE136695976")
    opened.start(ida, "basic")
    lis = opened.customer("Lis")
    opened.tax_status(lis, "exempt", exempt_reason="momslovens § 13")
    opened.start(lis, "later", "seat*2")
    return opened


@pytest.fixture(scope="module")
def explain(database: Database, shop: Shop) -> Explain:
    """Run the command on the database of this process, as its users do."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")
    surroundings = os.environ | {"DATABASE_URL": database.dsn("superuser")}

    def run(*words: str, code: int = 0, **more: str) -> str:
        command = [sys.executable, "-m", "perennia", "explain", *words, "--tenant", shop.slug]
        ended = subprocess.run(command, env=surroundings | more, capture_output=True, text=True, timeout=60)
        assert ended.returncode == code, ended.stderr
        return (ended.stderr if code else ended.stdout).rstrip("\n")

    return run


def _told(text: str) -> str:
    return dedent(text).strip("\n")


def test_an_invoice(explain: Explain) -> None:
    assert explain("invoice", "1") == _told("""
        Invoice 1 to Bo, 31 January 2025: 162.50 DKK
        1  Basic, 31 January to 27 February 2025: 100.00 DKK
             The price of a period is 100.00 DKK.
             The line comes to 100.00 DKK, before 25 % tax.
        2  Seat, 31 January to 27 February 2025: 30.00 DKK
             3 at 10.00 DKK are 30.00 DKK a period.
             The line comes to 30.00 DKK, before 25 % tax.
        Tax
             Lines 1-2: 25 % tax in DK, 32.50 DKK on 130.00 DKK.
        """)


def test_a_credit_note_in_danish(explain: Explain) -> None:
    assert explain("kreditnota 1", "--language", "da", "--line", "1") == _told("""
        Kreditnota 1 til Bo, 20. februar 2025: -46,42 kr.
        1  Basic, 20.-27. februar 2025: -28,57 kr.
             Ikke brugt: 20.-27. februar 2025.
             8 af 28 dage ikke brugt: ca. 28,5714 kr. af 100,00 kr.
             Afrundet: 28,57 kr.
             28,57 kr. gives tilbage: linjen er på -28,57 kr. før 25 % moms.
        Moms
             Linje 1-2: 25 % moms som på det, der gives tilbage, -9,28 kr. af -37,14 kr.
        """)


def test_why_there_is_no_tax(explain: Explain) -> None:
    assert explain("invoice 2").splitlines()[-1].strip() == (
        "Line 1: no tax. Reverse charge: the buyer, DE136695976, accounts for it in DE (Directive 2006/112/EC, article 196)."
    )
    assert explain("invoice 3").splitlines()[-1].strip() == (
        "Line 1: no tax, since the buyer is exempt: momslovens § 13."
    )


def test_the_same_as_data_by_its_id(explain: Explain, shop: Shop) -> None:
    found = json.loads(explain("credit note 1", "--json"))
    again = json.loads(explain(found["id"], "--json", "--line", "1"))
    assert {**again, "lines": found["lines"]} == found
    assert (found["kind"], found["number"], found["total"], found["tax_evidence"]) == (
        "credit_note",
        "1",
        "-46.42",
        None,
    )
    (line,) = again["lines"]
    assert (line["kind"], line["net"], line["tax"], line["tax_percent"]) == ("credit", "-28.57", "-7.14", "25")
    assert line["credits"] == {"kind": "invoice", "number": 1, "position": 1}
    assert line["steps"] == [
        {"name": "charged", "value": "10000", "facts": {}, "measure": None},
        {"name": "unused", "value": "20000/7", "facts": {"removed": "8", "whole": "28"}, "measure": "day"},
        {"name": "rounded", "value": "2857", "facts": {}, "measure": None},
        {"name": "credit", "value": "-2857", "facts": {"credited": "0"}, "measure": None},
    ]
    assert sum(Fraction(line["steps"][-1]["value"]) for line in found["lines"]) == -3714
    assert found["lines"][0]["sentences"][-1].endswith("the line comes to -28.57 DKK, before 25 % tax.")


def test_what_is_not_there_or_says_nothing(explain: Explain) -> None:
    nothing = f"inv_{'0' * 32}"
    assert explain("invoice 77", code=1).startswith("perennia: There is no document invoice 77 here; ")
    assert explain(nothing, code=1).startswith(f"perennia: There is no document {nothing} here; ")
    assert explain("invoice 1", "--line", "9", code=1).startswith("perennia: There is no line invoice 1/9; ")
    assert "names no document" in explain("bill", "1", code=2)


def test_the_setting_makes_it_danish(explain: Explain) -> None:
    danish = {"PERENNIA_LANGUAGE": "da"}
    assert explain("faktura 77", code=1, **danish).startswith("perennia: Her er intet bilag faktura 77; ")
    assert "nævner intet bilag" in explain("bilag", "1", code=2, **danish)
    assert explain("faktura", "1", **danish).startswith("Faktura 1 til Bo, 31. januar 2025: 162,50 kr.")


def test_the_guide_shows_what_really_comes_out(explain: Explain) -> None:
    shown = GUIDE.partition("$ perennia explain credit note 1 --tenant nordlys\n")[2].partition("\n\n")[0]
    assert explain("credit", "note", "1") == dedent(shown)


def test_the_guide_names_every_step() -> None:
    from perennia.wording.steps import STEPS

    table = GUIDE.partition("| step |")[2]
    assert set(STEPS) - set(re.findall(r"`(\w+)`", table)) == set()


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ({}, "12 of 31 days, 20 to 31 January 2025: about 38.7097 DKK."),
        ({"denominator": "nominal"}, "12 of 30 days, 20 to 31 January 2025: 40.00 DKK."),
        ({"proration_unit": "month30"},
         "11 of 30 days, every month taken for 30 days, 20 to 31 January 2025: about 36.6667 DKK."),
        ({"proration_unit": "second"},
         "993,600 of 2,678,400 seconds, 20 January 2025 12:00 to 1 February 2025 00:00: about 37.0968 DKK."),
        ({"factor": "scale9"}, "0.387096774 of a period, 20 to 31 January 2025: about 38.7097 DKK."),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("database")
def test_a_first_part_says_what_it_was_counted_in(policies: dict[str, str], told: str) -> None:
    opened = open_shop(opened_on=date(2025, 1, 20), alignment="calendar", **policies)
    opened.start(opened.customer("Bo"), "basic")
    assert _sentences(opened)[1] == told


def _sentences(shop: Shop) -> list[str]:
    from perennia.store.reads import explained
    from perennia.store.session import transaction
    from perennia.wording.explanations import explain_line

    with transaction(shop.tenant) as cursor:
        ((key,),) = cursor.execute("SELECT id FROM documents").fetchall()
        (one,) = explained.document(cursor, document_id=key).lines
    return explain_line(one.line, currency="DKK", zone=one.zone or "UTC")


def test_every_line_of_the_business_ends_with_its_amount(shop: Shop) -> None:
    from perennia.domain.explanation import evaluate
    from perennia.store.reads import explained
    from perennia.store.session import transaction
    from perennia.wording.explanations import calculation_of, explain_line
    from perennia.wording.formats import formats

    with transaction(shop.tenant) as cursor:
        keys = [key for (key,) in cursor.execute("SELECT id FROM documents").fetchall()]
        lines = [one.line for key in keys for one in explained.document(cursor, document_id=key).lines]
    assert len(lines) >= 6
    for line in lines:
        amount = line.net_minor + (line.tax_minor if line.tax_inclusive else 0)
        assert evaluate(calculation_of(line, currency="DKK"))[1] == amount
        assert formats("da").amount(amount, "DKK") in explain_line(line, currency="DKK", language="da")[-1]


def test_a_document_of_another_business_is_not_there(explain: Explain) -> None:
    stranger = open_shop()
    stranger.start(stranger.customer("Kaj"), "basic")
    (key,) = stranger.rows("SELECT id FROM documents")[0]
    assert explain(key.text("inv"), code=1).startswith("perennia: There is no document ")
