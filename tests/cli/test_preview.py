"""`perennia preview` as a person meets it: the same words as the invoice, and nothing is written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest

from tests.conftest import Database
from tests.operations.shop import Shop, open_shop

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(database: Database) -> Shop:
    """Bo, whom another system calls 4711, has Basic since 31 January; it is 10 February."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")
    shop = open_shop()
    shop.start(shop.customer("Bo", external_id="4711"), "basic", "seat*3", external_id="S-1")
    shop.clock_to(date(2025, 2, 10))
    return shop


@pytest.fixture
def preview(database: Database, shop: Shop) -> Run:
    """Run `perennia preview` on the database of this process, in the shop's books."""
    surroundings = os.environ | {"DATABASE_URL": database.dsn("superuser")}

    def run(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "perennia", "preview", *words, "--tenant", shop.slug]
        ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout, ended.stderr

    return run


def test_the_next_invoice_by_external_id_and_by_key(preview: Run, shop: Shop) -> None:
    code, out, said = preview("next", "4711")
    assert (code, said) == (0, "")
    assert out == (
        "2025-02-28 invoice, DKK\n"
        "  Basic  2025-02-28..2025-03-31      100.00\n"
        "  Seat   2025-02-28..2025-03-31  x3   30.00\n"
        "  net 130.00  tax 32.50  total 162.50\n"
    )
    key = shop.rows("SELECT id FROM customers")[0][0].text("cus")
    assert preview("next", key)[1] == out


def test_the_next_twelve_months(preview: Run) -> None:
    code, out, _ = preview("calendar", "4711")
    assert code == 0
    assert [line[:10] for line in out.splitlines() if "invoice" in line] == [
        "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30", "2025-07-31", "2025-08-31", "2025-09-30",
        "2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31",
    ]  # fmt: skip
    assert out.splitlines()[-1] == "until 2026-02-10: 12 documents, 1950.00 DKK"
    told = json.loads(preview("calendar", "4711", "--months", "2", "--json")[1])
    assert [upcoming["documents"][0]["total"] for upcoming in told["upcoming"]] == ["162.50", "162.50"]
    assert told["totals"] == [{"currency": "DKK", "total": "325.00"}]


KEPT = """SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM changes), kind, next_number
    FROM number_series ORDER BY kind"""


def test_a_change_of_plan_and_what_follows_it(preview: Run, shop: Shop) -> None:
    before = shop.rows(KEPT)
    told = json.loads(preview("change-plan", "S-1", "--to", "plus", "--json")[1])
    now, then = told["documents"][0], told["next"]["documents"][0]
    assert [(line["kind"], line["start"], line["end"], line["amount"]) for line in now["lines"]] == [
        ("recurring", "2025-02-10", "2025-02-28", "160.71"),
        ("credit", "2025-02-10", "2025-02-28", "-64.29"),
    ]
    assert (now["net"], now["tax"], now["total"], now["due"]) == ("96.42", "24.11", "120.53", "120.53")
    assert told["recurring"] == [
        {"at": "2025-02-10T00:00:00+01:00", "kind": "expansion", "currency": "DKK", "amount": "150.00"}
    ]
    assert told["next"]["at"] == "2025-02-28T00:00:00+01:00"
    assert [line["amount"] for line in then["lines"]] == ["250.00", "30.00"]
    text = preview("change-plan", "S-1", "--to", "plus")[1]
    assert "\n2025-02-10 recurring revenue expansion 150.00 DKK a month\nthen\n2025-02-28 invoice, DKK\n" in text
    later = preview("change-plan", "S-1", "--to", "plus", "--when", "period_end")[1]
    assert later.startswith("no document now\nthen\n2025-02-28 invoice, DKK\n")
    assert before == shop.rows(KEPT)


def test_an_end_a_pause_and_another_quantity(preview: Run) -> None:
    ended = json.loads(preview("cancel", "S-1", "--json")[1])
    assert [document["total"] for document in ended["documents"]] == ["-104.47"]
    assert [(move["before"], move["after"]) for move in ended["states"]] == [("active", "canceled")]
    assert ended["next"] is None
    assert "from active to paused" in preview("pause", "S-1", "--until", "2025-03-10")[1]
    assert preview("set-quantity", "S-1", "2")[0] == 1
    code, _, said = preview("resume", "S-1")
    assert (code, "has no pause" in said) == (1, True)


def test_what_if_basic_cost_more(preview: Run) -> None:
    code, out, said = preview("what-if", "basic", "--price", "120", "--from", "2025-03-31", "--months", "3")
    assert (code, said) == (0, "")
    assert out == (
        "1 subscriptions of 1 payers; DKK, without tax\n"
        "  month  MRR before   after   more  invoiced before   after   more\n"
        "2025-03      130.00  150.00  20.00           130.00  150.00  20.00\n"
        "2025-04      130.00  150.00  20.00           130.00  150.00  20.00\n"
        "2025-05      130.00  150.00  20.00           130.00  150.00  20.00\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["next", "nobody"], 1, "There is no customer nobody here"),
        (["cancel", "nothing"], 1, "There is no subscription nothing here"),
        (["change-plan", "S-1", "--to", "gold"], 1, "There is no price gold here"),
        (["what-if", "gold", "--price", "1", "--from", "2025-03-01"], 1, "There is no plan gold here"),
        (["what-if", "basic", "--price", "1", "--from", "2025-01-01"], 1, "begins today or later"),
        (["what-if", "basic", "--price", "1,5", "--from", "2025-03-01"], 2, "1,5 is not a number"),
        (["what-if", "basic", "--price", "1", "--from", "1/3"], 2, "1/3 is not a day"),
        (["calendar", "4711", "--months", "0"], 1, "from 1 to 120 months"),
        (["cancel", "S-1", "--when", "soon"], 2, "soon is not a day"),
    ],
)
def test_what_cannot_be_answered_is_said(preview: Run, words: list[str], code: int, said: str) -> None:
    ended, out, told = preview(*words)
    assert (ended, out) == (code, "")
    assert said in told
