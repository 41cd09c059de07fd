"""Usage in partitions by month: made ahead, counted once over all of them, and nothing is lost where one is missing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import connections

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import first_of_month, next_month
from perennia.domain.metering import Measured, Outcome
from perennia.operations import usage
from tests.conftest import Database
from tests.operations.metered import MeteredShop, metered_shop


@pytest.fixture
def fresh(database: Database) -> Iterator[psycopg.Connection]:
    """No month has a partition, and all that a test makes of them is gone afterwards."""
    if database.server.kind == "foreign":
        pytest.skip("only the tables' owner may drop partitions")
    with psycopg.connect(database.dsn("owner"), autocommit=True) as owner:
        _drop_months(owner)
        yield owner
        _drop_months(owner)


def _drop_months(owner: psycopg.Connection) -> None:
    for name in partitions(owner):
        if name != "usage_events_default":
            owner.execute(f"DROP TABLE {name}".encode())


def partitions(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_events'::regclass")
    return sorted(row[0] for row in rows)


def where(bo: MeteredShop) -> dict[str, str]:
    """In which partition each event lies, by key; the app sees the rows, through the whole table."""
    return dict(bo.shop.rows("SELECT key, tableoid::regclass::text FROM usage_events"))


def this_month() -> date:
    return first_of_month(machine_now(), "UTC")


def shop_of_today() -> MeteredShop:
    return metered_shop(opened_on=machine_now().date(), started_on=this_month() - timedelta(days=70))


def test_months_are_made_ahead_once(fresh: psycopg.Connection):
    months = [this_month()]
    for _ in range(usage.MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    names = [f"{month:%Y-%m}" for month in months]
    assert usage.prepare_months(now=machine_now()) == names
    assert usage.prepare_months(now=machine_now()) == []
    assert partitions(fresh) == sorted(["usage_events_default", *(f"usage_events_{month:%Y_%m}" for month in months)])


def test_only_months_near_the_machines_own_are_made(fresh: psycopg.Connection):
    for far in (datetime(2019, 5, 5, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)):
        assert usage.prepare_months(now=far) == []
    assert partitions(fresh) == ["usage_events_default"]


def test_many_at_once_make_each_month_once(fresh: psycopg.Connection):
    def make(_: int) -> list[str]:
        try:
            return usage.prepare_months(now=machine_now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = [name for names in pool.map(make, range(4)) for name in names]
    assert len(made) == len(set(made)) == usage.MONTHS_AHEAD + 1


def test_an_event_lies_in_its_month_and_no_key_in_two(fresh: psycopg.Connection):
    bo = shop_of_today()
    usage.prepare_months(now=machine_now())
    first = datetime.combine(this_month(), datetime.min.time(), UTC)
    before, after = bo.event("before", "1", at=first - timedelta(microseconds=1)), bo.event("after", "2", at=first)
    assert bo.record(before, after) == [Outcome.ACCEPTED] * 2
    assert where(bo) == {"before": "usage_events_default", "after": f"usage_events_{first:%Y_%m}"}
    moved = [bo.event("before", "1", at=first), bo.event("after", "2", at=first - timedelta(days=40))]
    assert bo.record(*moved, before, after) == [Outcome.KEY_REUSED] * 2 + [Outcome.DUPLICATE] * 2
    assert bo.measured(start=first - timedelta(days=60), end=first + timedelta(days=60)) == Measured(3, 2)
    assert bo.counts() == (2, 2)


def test_without_a_partition_nothing_is_lost_and_the_month_stays_where_it_is(fresh: psycopg.Connection):
    bo = shop_of_today()
    first = datetime.combine(this_month(), datetime.min.time(), UTC)
    assert bo.one(bo.event("early", "1", at=first)) == Outcome.ACCEPTED
    made = usage.prepare_months(now=machine_now())
    assert f"{first:%Y-%m}" not in made and len(made) == usage.MONTHS_AHEAD
    assert bo.one(bo.event("late", "2", at=first + timedelta(seconds=1))) == Outcome.ACCEPTED
    assert set(where(bo).values()) == {"usage_events_default"}
    assert bo.measured(start=first, end=first + timedelta(days=40)) == Measured(3, 2)


def test_a_partition_guards_its_rows_by_itself(fresh: psycopg.Connection):
    bo = shop_of_today()
    usage.prepare_months(now=machine_now())
    assert bo.one(bo.event("kept")) == Outcome.ACCEPTED
    (name,) = set(where(bo).values())
    for change in (f"UPDATE {name} SET value = 0", f"TRUNCATE {name}"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            fresh.execute(change.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bo.shop.rows(f"SELECT 1 FROM {name}")


def test_an_event_is_corrected_once_whoever_is_asked(fresh: psycopg.Connection):
    bo = shop_of_today()
    usage.prepare_months(now=machine_now())
    assert bo.one(bo.event("wrong", "5")) == Outcome.ACCEPTED
    usage.correct(tenant=bo.tenant, event="wrong", key="right", void=True, now=machine_now())
    with pytest.raises(psycopg.errors.UniqueViolation):
        bo.shop.rows(
            """INSERT INTO usage_events (at, recorded_at, tenant_id, subscription_id, meter_id, place, key, corrects)
            SELECT at, recorded_at, tenant_id, subscription_id, meter_id, place, 'other', corrects
            FROM usage_events WHERE key = 'right' RETURNING 1"""
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        bo.shop.rows(
            """INSERT INTO usage_events (at, recorded_at, tenant_id, subscription_id, meter_id, place, key)
            SELECT at, recorded_at, tenant_id, subscription_id, meter_id, place, 'other'
            FROM usage_events WHERE key = 'right' RETURNING 1"""
        )
