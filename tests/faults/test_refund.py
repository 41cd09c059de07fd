"""Whoever sends refunds is killed at each of the steps; each takes effect at the gateway once and is booked once."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from perennia.jobs.collection import collect_due, open_calls
from tests.faults.books import wrong
from tests.faults.victims import run_and_die_at
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.counter import refunds
from tests.operations.shop import Shop, open_shop
from tests.operations.till import open_till

pytestmark = pytest.mark.usefixtures("database")

SCRIPTS = ("ok~ok", "ok~drop-after", "ok~every-2:drop-before", "ok~hard")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    stand = SandboxStand(folder)
    yield stand
    stand.stop()


def _collect(shop: Shop, url: str) -> None:
    """A worker's work: what is due, and two minutes later what became of the answers that got lost."""
    calls = open_calls(url)
    for _ in range(2):
        collect_due(tenant=shop.tenant, as_of=shop.now, now=shop.now, calls=calls, alone=True)
        shop.clock_to(shop.now + timedelta(minutes=2))


@pytest.mark.slow
def test_a_worker_killed_at_any_statement_and_around_any_call_gives_back_once(stand: SandboxStand) -> None:
    shop = open_shop(tax=False)
    with open_till(shop, stand) as till:
        for script in SCRIPTS:
            till.subscriber(script)
        till.collect()
    payments = [key for (key,) in shop.rows("SELECT id FROM payments ORDER BY id")]
    for step in count(1, 3):
        for payment in payments:
            refunds(shop, payment, 10)
        died = run_and_die_at(step, lambda: _collect(shop, stand.url))
        with open_till(shop, stand) as till:
            till.collect(alone=True)
            till.live_days(0.2)
        if not died:
            break
    assert step > 40, "there are more steps than that"
    assert shop.rows("SELECT count(*) FROM refunds WHERE state = 'created'") == [(0,)]
    made = shop.rows("SELECT id, state, amount_minor FROM refunds ORDER BY id")
    effects = [stand.ask("GET", f"/v1/refunds?reference={key.text('ref')}")[1]["succeeded"] for key, _, _ in made]
    assert effects == [int(state == "succeeded") for _, state, _ in made]
    assert shop.rows("SELECT sum(refunded_minor)::int FROM payments") == [(10 * sum(effects),)]
    assert shop.rows("SELECT count(*) FROM outbox WHERE type IN ('refund.succeeded', 'refund.failed')") == [
        (len(made),)
    ]
    assert wrong(shop) == []
