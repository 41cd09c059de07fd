"""No statement of recording usage or of measuring it walks a table, with or without statistics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg
import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, LimitKind, Outcome, Question, UsageEvent
from perennia.operations import usage
from perennia.store import session
from perennia.store.reads import metering as read_metering
from perennia.store.reads import usage as read_usage
from perennia.store.session import Cursor
from tests.conftest import Database
from tests.operations.shop import Shop
from tests.store.crowd import crowded_shop
from tests.store.statements import Recording, Statement, faults, generic_plan, plan, recording

pytestmark = pytest.mark.slow

CROWD, EVENTS = 3_000, 20_000
LARGE = frozenset(
    {
        "subscriptions", "customers", "item_versions", "items", "usage_keys", "usage_events_default", "usage_limits",
        "usage_signals", "usage_settlements", "usage_alerts",
    }
)  # fmt: skip


@dataclass(slots=True)
class Crowd:
    shop: Shop
    asked: Recording


@pytest.fixture(scope="module")
def crowd(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    if database.server.kind == "foreign":
        pytest.skip("only a superuser can take a table's statistics away")
    with psycopg.connect(database.dsn("owner"), autocommit=True) as owner:
        for table in LARGE:
            owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)".encode())
        shop = crowded_shop(tmp_path_factory.mktemp("users"), size=CROWD)
        users = [row[0] for row in shop.rows("SELECT id FROM subscriptions ORDER BY id")]
        with recording() as asked:
            _use(shop, users, shop.now)
        with psycopg.connect(database.dsn("superuser")) as superuser:
            superuser.execute("DELETE FROM pg_statistic")
            superuser.execute(
                """UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE relname = ANY(%(tables)s)
                OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text = ANY(%(tables)s))""",
                {"tables": list(LARGE)},
            )
        yield Crowd(shop, asked)
        for table in LARGE:
            owner.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)".encode())


def _use(shop: Shop, users: list[Id], now: datetime) -> None:
    """Everybody uses something, named in every way; some of it late, corrected, watched, capped; then it is measured."""
    random, told = Random(11), {"tenant": shop.tenant, "now": machine_now()}
    for aggregation in Aggregation:
        usage.create_meter(code=aggregation.value, name=aggregation.value, aggregation=aggregation, **told)
    for kind in (LimitKind.ALERT, LimitKind.REFUSE):
        for user in users[:50]:
            usage.set_limit(subscription_id=user, meter="sum", kind=kind, quantity=Decimal(100_000), **told)
    for first in range(0, EVENTS, 1_000):
        events = [_event(random, n, users, now) for n in range(first, first + 1_000)]
        assert set(usage.record(events=events, **told).outcomes) == {Outcome.ACCEPTED}
    again = [_event(Random(11), 0, users, now), _event(random, 1, users, now)]
    assert set(usage.record(events=again, **told).outcomes) <= {Outcome.DUPLICATE, Outcome.KEY_REUSED}
    usage.correct(event="event 7", key="corrected", void=True, **told)
    with session.transaction(shop.tenant) as cursor:
        _measure(cursor, shop.tenant, users, now)


def _event(random: Random, n: int, users: list[Id], now: datetime) -> UsageEvent:
    named: dict[str, Any] = random.choice(
        [{"subscription": random.choice(users)}, {"subscription": f"s{n % CROWD}"}, {"customer": f"c{n % CROWD}"}]
    )
    at = now - timedelta(minutes=random.randrange(60 * 24 * 20))
    return UsageEvent(f"event {n}", random.choice(list(Aggregation)).value, at, Decimal(1), who=f"{n % 7}", **named)


def _measure(cursor: Cursor, tenant: Id, users: list[Id], now: datetime) -> None:
    meters = read_metering.all_meters(cursor, tenant=tenant)
    month = now - timedelta(days=30)
    asked = [Question(user, meter, month, now) for user in users[:200] for meter in meters.values()]
    found = read_usage.quantities(cursor, asked)
    assert sum(found[question].events for question in asked) > 0
    read_usage.charged(cursor, [(user, month) for user in users[:200]], tenant=tenant)
    limits = read_usage.limits_of(cursor, users)
    assert len(limits) == 50
    assert read_usage.alerts_told(cursor, limits) == {}
    assert read_usage.signals(cursor, tenant=tenant, limit=100)
    read_metering.metered(cursor, users[:200])
    read_usage.events(cursor, subscription_id=users[0], start=month, end=now, limit=100)


@pytest.mark.parametrize("planned", [plan, generic_plan])
def test_every_statement_finds_its_rows_by_their_keys(
    crowd: Crowd, planned: Callable[[Cursor, Statement], dict[str, Any]]
):
    with session.transaction(crowd.shop.tenant) as cursor:
        found = {str(one): faults(planned(cursor, one), large=LARGE) for one in crowd.asked.plannable}
    assert {statement[:100]: wrong for statement, wrong in found.items() if wrong} == {}
    assert {table for table in LARGE if any(table.removesuffix("_default") in one for one in found)} >= LARGE
