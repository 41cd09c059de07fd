"""A year of Nordlys, a small club in Copenhagen, as its owner lives it: quarter by quarter, with the books at the end."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from perennia.analytics.revenue import revenue_report
from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.calendar import local_date, midnight
from perennia.domain.ids import Id
from perennia.jobs.advancing import advance
from perennia.jobs.collection import open_calls
from perennia.operations import tenants
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import open_shop

pytestmark = pytest.mark.usefixtures("database")

MONEY = ("mrr", "new", "churn", "invoiced", "revenue", "collected", "receivable")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


class Club:
    """Nordlys's sandbox: Basic 100.00 a month, Plus 250.00, a seat 10.00, the Year 1000.00, all with 25 % VAT."""

    def __init__(self, stand: SandboxStand) -> None:
        self.shop = open_shop(opened_on=date(2025, 1, 1))
        self.stand = stand
        self._customers: dict[str, Id] = {}
        self._told: set[Id] = set()

    def until(self, day: date) -> None:
        """Let everything happen that falls due up to the first moment of a day."""
        calls = open_calls(self.stand.url)
        try:
            to = midnight(day, self.shop.zone)
            advance(tenant=self.shop.tenant, to=to, calls=calls, machine_now=machine_now)
        finally:
            calls["sandbox"].close(grace_s=1.0)

    def signs_up(self, name: str, *codes: str, card: str = "ok", **more: object) -> Id:
        """A subscription from today; who comes for the first time gives a card."""
        if name not in self._customers:
            self._customers[name] = self.shop.customer(name)
            self.shop.pays_with(self._customers[name], f"{card}#{self.shop.slug}-{name}")
        return self.shop.start(self._customers[name], *codes, **more)

    def documents(self) -> list[str]:
        """What was issued since the last time this was asked, as it stands now."""
        rows = self.shop.rows(
            """SELECT d.id, d.issued_at, c.name, d.kind, d.number, string_agg(l.description, ', ' ORDER BY l.position),
                d.net_minor, d.tax_minor, coalesce(r.state, '')
            FROM documents d JOIN lines l ON l.document_id = d.id JOIN customers c ON c.id = d.payer_id
                LEFT JOIN receivables r ON r.document_id = d.id
            GROUP BY d.id, c.name, r.state ORDER BY d.issued_at, c.name, d.kind, d.number"""
        )
        new = [row for row in rows if row[0] not in self._told]
        self._told |= {row[0] for row in new}
        return [self._sentence(*row[1:]) for row in new]

    def _sentence(
        self, at: datetime, name: str, kind: str, number: int, what: str, net: int, tax: int, state: str
    ) -> str:
        amount = f"{_money(net)} + {_money(tax)}"
        return f"{local_date(at, self.shop.zone):%d %b} {name} {kind} {number}: {what} {amount} {state}".strip()

    def tries(self, name: str) -> list[str]:
        rows = self.shop.rows(
            """SELECT a.created_at, coalesce(a.decline_code, a.state) FROM attempts a
            JOIN customers c ON c.id = a.payer_id WHERE c.name = %s ORDER BY a.created_at, a.id""",
            name,
        )
        return [f"{local_date(at, self.shop.zone):%d %b} {outcome}" for at, outcome in rows]

    def states(self, name: str) -> list[str]:
        rows = self.shop.rows(
            """SELECT h.at, h.after FROM history h JOIN customers c ON c.id = h.payer_id
            WHERE c.name = %s AND h.change = 'subscription.status' ORDER BY h.at, h.id""",
            name,
        )
        return [f"{local_date(at, self.shop.zone):%d %b} {state}" for at, state in rows]

    def report(self) -> list[str]:
        rows = revenue_report(tenant=self.shop.tenant, zone=self.shop.zone, currency="DKK", as_of=self.shop.now)
        return [
            " ".join(
                (
                    row.month,
                    f"{row.active} +{row.new} -{row.lost}",
                    *(_money(getattr(row, f"{n}_minor")) for n in MONEY),
                )
            )
            for row in rows
        ]


def _money(minor: int) -> str:
    return f"{Decimal(minor).scaleb(-2):.2f}"


FIRST_QUARTER = [
    "06 Jan Bo invoice 1: Basic, Seat 100.64 + 25.16 paid",
    "01 Feb Bo invoice 2: Basic, Seat 120.00 + 30.00 paid",
    "15 Feb Eva invoice 3: Plus 250.00 + 62.50 paid",
    "01 Mar Bo invoice 4: Basic, Seat 120.00 + 30.00 paid",
    "01 Mar Kai invoice 5: Year 1000.00 + 250.00 paid",
    "10 Mar Ida invoice 6: Plus 250.00 + 62.50 paid",
    "15 Mar Eva invoice 7: Plus 250.00 + 62.50 paid",
]
SECOND_QUARTER = [
    "01 Apr Bo invoice 8: Basic, Seat 120.00 + 30.00 paid",
    "01 Apr Ole invoice 9: Basic 100.00 + 25.00 paid",
    "10 Apr Ida invoice 10: Plus 250.00 + 62.50 paid",
    "15 Apr Eva invoice 11: Plus 250.00 + 62.50 paid",
    "01 May Bo invoice 12: Basic, Seat 120.00 + 30.00 paid",
    "01 May Ole invoice 13: Basic 100.00 + 25.00 paid",
    "10 May Ida invoice 14: Plus 250.00 + 62.50 paid",
    "15 May Eva invoice 15: Plus 250.00 + 62.50 paid",
    "01 Jun Bo invoice 16: Basic, Seat 120.00 + 30.00 paid",
    "01 Jun Ole invoice 17: Basic 100.00 + 25.00 given_up",
    "10 Jun Ida invoice 18: Plus 250.00 + 62.50 paid",
    "15 Jun Eva invoice 19: Plus 250.00 + 62.50 paid",
    "15 Jun Ole credit_note 1: Basic -53.33 + -13.33",
]
THIRD_QUARTER = [
    "01 Jul Bo invoice 20: Basic, Seat 120.00 + 30.00 paid",
    "10 Jul Ida invoice 21: Plus 250.00 + 62.50 paid",
    "15 Jul Eva invoice 22: Plus 250.00 + 62.50 paid",
    "17 Jul Bo credit_note 2: Basic, Seat -58.07 + -14.52",
    "10 Aug Ida invoice 23: Plus 250.00 + 62.50 paid",
    "15 Aug Eva invoice 24: Plus 250.00 + 62.50 paid",
    "10 Sep Ida invoice 25: Plus 250.00 + 62.50 paid",
]
FOURTH_QUARTER = [
    "01 Oct Bo invoice 26: Plus 250.00 + 62.50 paid",
    "10 Oct Ida invoice 27: Plus 250.00 + 62.50 paid",
    "01 Nov Bo invoice 28: Plus 250.00 + 62.50 paid",
    "10 Nov Ida invoice 29: Plus 250.00 + 62.50 paid",
    "01 Dec Bo invoice 30: Plus 250.00 + 62.50 paid",
    "10 Dec Ida invoice 31: Plus 250.00 + 62.50 paid",
]
# month, active, came, went; then mrr, new, churn, invoiced, revenue, collected, and what is owed at its end
REPORT = [
    "2025-01 1 +1 -0 120.00 120.00 0.00 100.64 100.64 125.80 0.00",
    "2025-02 2 +1 -0 370.00 250.00 0.00 370.00 245.00 462.50 0.00",
    "2025-03 4 +2 -0 703.33 333.33 0.00 1620.00 644.45 2025.00 0.00",
    "2025-04 5 +1 -0 803.33 100.00 0.00 720.00 796.00 900.00 0.00",
    "2025-05 5 +0 -0 803.33 0.00 0.00 720.00 811.12 900.00 0.00",
    "2025-06 4 +0 -1 703.33 0.00 -100.00 666.67 742.68 775.00 58.34",
    "2025-07 3 +0 -1 583.33 0.00 -120.00 561.93 653.05 775.00 58.34",
    "2025-08 3 +0 -0 583.33 0.00 0.00 500.00 584.93 625.00 58.34",
    "2025-09 2 +0 -1 333.33 0.00 -250.00 250.00 442.67 312.50 58.34",
    "2025-10 3 +1 -0 583.33 250.00 0.00 500.00 587.35 552.41 58.34",
    "2025-11 3 +0 -0 583.33 0.00 0.00 500.00 579.77 625.00 58.34",
    "2025-12 3 +0 -0 583.33 0.00 0.00 500.00 587.36 625.00 58.34",
]


def test_a_year(stand: SandboxStand):
    club = Club(stand)

    # Bo comes in January and pays on the first of the month. Eva tries Plus for a fortnight, and stays.
    club.until(date(2025, 1, 6))
    bo = club.signs_up("Bo", "basic", "seat*2", anchor_on=date(2025, 2, 1))
    club.until(date(2025, 2, 1))
    eva = club.signs_up("Eva", "plus", trial_ends_on=date(2025, 2, 15))
    # In March Kai pays for a year at once, and Ida comes, whose account will be empty in April.
    club.until(date(2025, 3, 1))
    club.signs_up("Kai", "year")
    club.until(date(2025, 3, 10))
    club.signs_up("Ida", "plus", card="seq:ok,soft,soft,ok")
    club.until(date(2025, 3, 31))
    assert club.documents() == FIRST_QUARTER
    assert club.states("Eva") == ["01 Feb trialing", "15 Feb active"]

    # Ida is asked again on the next day and the third, and is well again. Ole pays twice and then never more: on the
    # fourteenth day he is let go, and the rest of his June is credited to what he owes.
    club.until(date(2025, 4, 1))
    club.signs_up("Ole", "basic", card="seq:ok,ok,soft")
    club.until(date(2025, 6, 30))
    assert club.documents() == SECOND_QUARTER
    assert club.tries("Ida")[1:4] == ["10 Apr insufficient_funds", "11 Apr insufficient_funds", "13 Apr succeeded"]
    assert club.states("Ida") == ["10 Mar active", "10 Apr past_due", "13 Apr active"]
    assert club.tries("Ole")[2:] == [f"{day} Jun insufficient_funds" for day in ("01", "02", "04", "06", "08", "15")]
    assert club.states("Ole") == ["01 Apr active", "01 Jun past_due", "15 Jun canceled"]

    # In July Bo leaves in the middle of the month and keeps the rest as credit. Eva leaves when her month is over.
    club.until(date(2025, 7, 17))
    club.shop.cancel(bo)
    club.until(date(2025, 9, 1))
    club.shop.cancel(eva, at=midnight(date(2025, 9, 15), club.shop.zone))
    club.until(date(2025, 9, 30))
    assert club.documents() == THIRD_QUARTER

    # In October Bo is back, on Plus, and his credit pays 72.59 of it.
    club.until(date(2025, 10, 1))
    club.signs_up("Bo", "plus")
    club.until(date(2025, 12, 31))
    assert club.documents() == FOURTH_QUARTER

    assert club.report() == REPORT
    findings = verify(tenant=tenants.find(club.shop.slug), now=club.shop.now)
    assert [finding.name for finding in findings if finding.failed] == []
    seen = {finding.name for finding in findings if finding.checked}
    assert {"parts_tile", "documents_add_up", "numbers_in_order", "ledger_balances", "movements_agree"} <= seen
