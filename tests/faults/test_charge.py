"""The collection is killed at each of its steps; every invoice is charged once and paid once."""

from datetime import date, timedelta
from itertools import count

import pytest

from perennia.jobs.collection import collect_due, open_calls
from tests.faults.books import wrong
from tests.faults.victims import run_and_die_at
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")

CARDS = {"Bo": "ok", "Eva": "drop-after", "Ida": "every-2:soft", "Kai": "every-2:drop-before"}
_SHARES = 2


def _a_months_invoices(shop: Shop, month: int) -> None:
    year, index = divmod(month, 12)
    shop.clock_to(date(2025 + year, index + 1, 1))
    assert shop.bill().documents == len(CARDS)


def _collect(shop: Shop, url: str) -> None:
    """A worker's work: what is due, and two minutes later what became of the answers that got lost."""
    calls = open_calls(url)
    for _ in range(2):
        collect_due(tenant=shop.tenant, as_of=shop.now, now=shop.now, calls=calls, alone=True)
        shop.clock_to(shop.now + timedelta(minutes=2))


def _resume(shop: Shop, stand: SandboxStand) -> None:
    with open_till(shop, stand) as till:
        till.collect(alone=True)
        till.live_days(3)
        _each_charged_and_paid_once(till)


def _each_charged_and_paid_once(till: Till) -> None:
    invoices = len(till.receivables())
    assert till.receivables() == [("paid", 0)] * invoices
    assert till.shop.rows("SELECT captured_minor FROM payments") == [(12500,)] * invoices
    assert till.shop.rows("SELECT count(*) FROM attempts WHERE state = 'succeeded'") == [(invoices,)]
    assert till.shop.rows("SELECT count(*) FROM attempts WHERE state NOT IN ('succeeded', 'failed', 'not_sent')") == [
        (0,)
    ]
    assert till.books()[101] == 12500 * invoices
    assert till.shop.rows("SELECT count(*) FROM payers WHERE set_aside_at IS NOT NULL") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("share", range(_SHARES))
def test_a_collector_killed_at_any_statement_and_around_any_call_charges_nobody_twice(stand: SandboxStand, share: int):
    """The steps are dealt out to the shares, so that two processes may do them."""
    shop = open_shop(opened_on=date(2025, 1, 1))
    for name, script in CARDS.items():
        customer = shop.customer(name)
        shop.pays_with(customer, f"{script}#{shop.slug}-{name}")
        shop.start(customer, "basic", start_on=date(2025, 2, 1))
    for month in count(1):
        _a_months_invoices(shop, month)
        step = (month - 1) * _SHARES + share + 1
        died = run_and_die_at(step, lambda: _collect(shop, stand.url))
        _resume(shop, stand)
        if not died:
            break
    assert step > 60, "a collection has more steps than that"
    _, charged = stand.ask("GET", "/v1/charges")
    assert charged["charged_more_than_once"] == {}
    invoices = shop.rows("SELECT id FROM documents")
    assert [stand.effects(document.text("inv")) for (document,) in invoices] == [1] * len(invoices)
    assert wrong(shop) == []
