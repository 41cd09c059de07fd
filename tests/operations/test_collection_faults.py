"""Answers that never come, workers that die, gateways that are away: one charge, booked once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from perennia.config import doctor_books, environment
from perennia.config.examination import Examination
from perennia.gateways.port import ChargeResult, Outcome
from perennia.jobs.collection import next_collection_at
from perennia.operations import collection
from perennia.store import session
from perennia.store.reads import payments
from tests.conftest import Database
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def own_stand(tmp_path: Path) -> Iterator[SandboxStand]:
    """A gateway that the test may kill and start again."""
    stand = SandboxStand(tmp_path)
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    with open_till(open_shop(), stand, timeout_s=1.0) as till:
        yield till


@pytest.mark.parametrize("script", ["drop-after", "slow-after-1.5s"])
def test_an_answer_lost_after_the_effect_is_found_by_the_first_look_up(till: Till, script: str):
    till.subscriber(script)
    done = till.collect()
    assert (done.unknown, done.succeeded) == (1, 0)
    assert till.collect().charges == 0  # unknown blocks any other attempt
    assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(minutes=1)
    till.live_days(3)
    assert till.attempts() == [(0, "succeeded", None)] and till.effects() == [1]
    assert till.shop.rows("SELECT look_ups FROM attempts") == [(1,)]
    assert till.receivables() == [("paid", 0)] and till.statuses() == ["active"]


@pytest.mark.parametrize("script", ["seq:drop-before,ok", "seq:hang-before,ok"])
def test_a_charge_lost_before_the_effect_is_made_again_under_a_new_key(till: Till, script: str):
    till.subscriber(script)
    till.collect()
    till.live_days(3)
    assert till.attempts() == [(0, "not_sent", None), (0, "succeeded", None)]
    assert till.effects() == [1] and till.receivables() == [("paid", 0)]
    assert till.statuses() == ["active"]  # unknown starts no dunning


def test_a_charge_that_never_arrives_is_tried_ever_more_rarely(till: Till):
    till.subscriber("drop-before")
    till.live_days(2)
    assert 8 <= len(till.attempts()) <= 14
    assert till.receivables() == [("open", 12500)] and till.effects() == [0]


def test_a_charge_the_gateway_is_slow_about_is_asked_after_until_it_is_decided(till: Till):
    till.subscriber("slow-4s")
    assert till.collect().unknown == 1
    till.live_days(0.001)  # the first look-up: still processing
    assert [state for _, state, _ in till.attempts()] == ["unknown"]
    _wait_until(lambda: till.effects() == [1], "the charge never took effect")
    till.live_days(0.1)
    assert till.receivables() == [("paid", 0)] and till.effects() == [1]


def test_what_no_look_up_can_tell_is_left_to_a_person_after_a_week(own_stand: SandboxStand):
    with open_till(open_shop(), own_stand) as till:
        till.subscriber("drop-after")
        till.collect()
        own_stand.kill()
        till.live_days(6.9)
        till.live_days(2)
        assert till.shop.rows("SELECT state, look_ups, next_look_up_at FROM attempts") == [("unknown", 12, None)]
        assert next_collection_at(tenant=till.shop.tenant) is None
        with session.transaction(till.shop.tenant) as cursor:
            (unknown,) = payments.payments_unknown(cursor, tenant=till.shop.tenant)
        assert unknown.amount_minor == 12500 and unknown.look_ups == 12
        own_stand.start()
        assert till.collect().charges == 0 and till.effects() == [1]


def test_a_gateway_that_is_away_is_waited_for_without_dunning(own_stand: SandboxStand):
    with open_till(open_shop(), own_stand) as till:
        own_stand.kill()
        till.subscriber("ok")
        assert till.collect().not_sent == 1
        assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(minutes=5)
        till.live_days(1)
        assert {state for _, state, _ in till.attempts()} == {"not_sent"} and len(till.attempts()) <= 8
        own_stand.start()
        till.live_days(0.3)
        assert till.receivables() == [("paid", 0)] and till.statuses() == ["active"] and till.effects() == [1]


def run_until_it_dies(step: str, till: Till, database: Database, sign: Path) -> None:
    """A collector of its own, killed at a step, until the server has noticed too and lets its locks go."""
    environ = os.environ | {environment.DSN.name: database.dsn("app"), "SIGN": str(sign)}
    command = [sys.executable, "-m", "tests.operations.dying_collector", step, till.shop.tenant.hex(), till.shop.slug]
    with psycopg.connect(database.dsn("owner"), autocommit=True) as looking:
        before = _sessions(looking)
        worker = subprocess.Popen([*command, till.stand.url], env=environ, cwd=Path(__file__).parents[2])
        if step == "booking":
            with looking.transaction():
                looking.execute("LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE")  # the last that a booking writes
                _wait_until(lambda: sign.exists() and _waits_for_outbox(looking), "the worker never came to booking")
                worker.kill()
        assert worker.wait(60) == -signal.SIGKILL
        _wait_until(lambda: _sessions(looking) <= before, "the session of the dead worker lives on")


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    give_up_at = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up_at, otherwise
        time.sleep(0.02)


def _sessions(connection: psycopg.Connection) -> set[int]:
    rows = connection.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    return {pid for (pid,) in rows.fetchall()}


def _waits_for_outbox(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database()
        WHERE NOT granted AND relation = 'outbox'::regclass"""
    ).fetchone()
    return bool(found and found[0])


@pytest.mark.slow
@pytest.mark.parametrize("step", ["intent", "call", "answer", "booking", "booked"])
def test_a_worker_killed_at_any_step_leaves_one_charge_and_one_booking(
    till: Till, database: Database, tmp_path: Path, step: str
):
    for script in ("ok", "ok", "drop-after", "drop-before"):
        till.subscriber(script)
    run_until_it_dies(step, till, database, tmp_path / "sign")
    assert till.collect().charges == 0  # what is under way is leased: it may be alive
    till.collect(alone=True)
    till.live_days(0.02)
    assert till.effects() == [1, 1, 1, 0]
    assert till.receivables()[:3] == [("paid", 0)] * 3
    assert till.shop.rows("SELECT count(*) FROM payments") == [(3,)]
    assert till.books()[101] == 37500
    keys = {key for (key,) in till.shop.rows("SELECT idempotency_key FROM attempts WHERE state = 'succeeded'")}
    assert len(keys) == 3
    assert till.stand.ask("GET", "/v1/charges")[1]["charged_more_than_once"] == {}


def test_a_lease_that_is_over_is_taken_up_without_being_told(till: Till, database: Database):
    till.subscriber("ok")
    now = till.shop.now
    collection.claim(tenant=till.shop.tenant, as_of=now, now=now)
    assert next_collection_at(tenant=till.shop.tenant) is None
    with psycopg.connect(database.dsn("owner")) as connection:  # two minutes later
        connection.execute("UPDATE attempts SET leased_until = leased_until - interval '3 minutes'")
    assert next_collection_at(tenant=till.shop.tenant) == now
    done = till.collect()
    assert (done.looked_up, done.charges, done.succeeded) == (1, 1, 1)
    assert till.attempts() == [(0, "succeeded", None)] and till.effects() == [1]


def test_a_repeat_takes_up_all_that_was_left_however_small_its_batches(till: Till):
    for script in ("ok", "ok", "soft", "ok", "ok", "ok", "ok"):
        till.subscriber(script)
    now = till.shop.now
    claimed = collection.claim(tenant=till.shop.tenant, as_of=now, now=now)
    till.calls["sandbox"].submit([call.request for call in claimed.charges[:4]])  # heard by the gateway, not by us
    while till.calls["sandbox"].pending:
        time.sleep(0.01)
    till.calls["sandbox"].results(1)
    done = till.collect(alone=True, batch=2)
    assert (done.looked_up, done.charges, done.failed, done.succeeded) == (7, 3, 0, 6)
    assert done.found_failed == 1
    assert Counter(till.attempts()) == {(0, "succeeded", None): 6, (0, "failed", "insufficient_funds"): 1}
    assert till.shop.rows("SELECT DISTINCT finished_at FROM attempts") == [(now,)]
    assert sorted(till.effects()) == [0] + [1] * 6


def test_all_due_look_ups_are_made_in_one_run(till: Till):
    for _ in range(5):
        till.subscriber("drop-after")
    assert till.collect().unknown == 5
    till.shop.clock_to(till.shop.now + timedelta(minutes=1))
    done = till.collect(batch=2)
    assert (done.looked_up, done.succeeded, done.charges) == (5, 5, 0)


def test_an_attempt_found_after_its_week_is_asked_after_as_often_as_any(own_stand: SandboxStand):
    with open_till(open_shop(), own_stand) as till:
        till.subscriber("drop-after")
        till.collect()
        own_stand.kill()
        till.shop.clock_to(till.shop.now + timedelta(days=8))
        till.collect()
        assert till.shop.rows("SELECT state, look_ups FROM attempts") == [("unknown", 1)]
        assert next_collection_at(tenant=till.shop.tenant) == till.shop.now + timedelta(minutes=4)
        own_stand.start()
        till.live_days(0.1)
        assert ("paid", 0) in till.receivables() and till.effects()[0] == 1


def _doctor_says(database: Database, shop: Shop) -> tuple[str, str]:
    """What the doctor says of the shop's payments, and the remedy."""
    with psycopg.connect(database.dsn("app"), autocommit=True) as connection:
        found = doctor_books.payments_unknown(Examination(database.server, connection, Path("/"), shop.now))
    assert found.name == "payments"
    return "".join(part for part in found.detail.split(" | ") if part.startswith(f"{shop.slug}:")), found.remedy


def test_a_person_has_the_gateway_asked_again_about_what_is_unknown_for_good(
    own_stand: SandboxStand, database: Database
):
    with open_till(open_shop(), own_stand) as till:
        for script in ("drop-after", "drop-after", "drop-before"):
            till.subscriber(script)
        till.collect()
        own_stand.kill()
        till.live_days(7.5)
        said, remedy = _doctor_says(database, till.shop)
        assert "3 unknown for good" in said and "perennia collect --tenant TENANT --unknown" in remedy
        done = till.collect(given_up=True, batch=2)  # the gateway is still away: asked once each, and left again
        assert (done.looked_up, done.unknown) == (3, 3)
        own_stand.start()
        assert till.collect().looked_up == 0
        done = till.collect(given_up=True, batch=2)
        assert (done.looked_up, done.succeeded, done.not_sent) == (3, 2, 1)
        assert _doctor_says(database, till.shop)[0] == ""


def test_the_doctor_names_a_charge_that_nobody_took_up_for_a_day(till: Till, database: Database):
    till.subscriber("ok")
    now = till.shop.now
    (call,) = collection.claim(tenant=till.shop.tenant, as_of=now, now=now).charges
    for hours, seen in ((23, False), (2, True)):
        with psycopg.connect(database.dsn("owner")) as connection:
            connection.execute(
                "UPDATE attempts SET leased_until = leased_until - %s WHERE tenant_id = %s::uuid",
                (timedelta(hours=hours), till.shop.tenant.hex()),
            )
        said, _ = _doctor_says(database, till.shop)
        assert (said == f"{till.shop.slug}: 1 left under way ({call.request.key})") is seen
    assert till.collect(given_up=True).succeeded == 1
    assert _doctor_says(database, till.shop)[0] == ""


def test_only_what_reached_a_gateway_is_counted_as_a_charge(own_stand: SandboxStand):
    with open_till(open_shop(), own_stand) as till:
        till.shop.start(till.shop.customer(), "basic")  # nothing to charge
        for script in ("ok", "soft", "drop-after"):
            till.subscriber(script)
        done = till.collect()
        assert (done.charges, done.succeeded, done.failed, done.unknown, done.without_method) == (3, 1, 1, 1, 1)
        own_stand.kill()
        till.subscriber("ok")
        done = till.collect()
        assert (done.charges, done.failed, done.not_sent) == (0, 0, 1)


def test_an_intent_left_behind_is_not_sent_again_once_the_debt_is_gone(till: Till):
    _, subscription = till.subscriber("ok")
    now = till.shop.now
    collection.claim(tenant=till.shop.tenant, as_of=now, now=now)
    till.shop.cancel(subscription)
    done = till.collect(alone=True)
    assert (done.charges, done.not_sent) == (0, 1)
    assert till.effects() == [0] and till.receivables() == [("paid", 0)]


def test_an_intent_left_behind_for_more_than_is_open_now_is_made_anew_for_less(till: Till):
    _, subscription = till.subscriber("ok")
    now = till.shop.now
    collection.claim(tenant=till.shop.tenant, as_of=now, now=now)
    till.shop.clock_to(now + timedelta(days=14))
    till.shop.cancel(subscription)
    till.collect(alone=True)
    assert till.shop.rows("SELECT state, amount_minor FROM attempts ORDER BY id") == [
        ("not_sent", 12500), ("succeeded", 6250),
    ]  # fmt: skip
    assert till.balance() == 0 and till.effects() == [1]


def test_money_for_an_attempt_given_up_as_lost_is_booked_all_the_same(till: Till):
    till.subscriber("ok")
    now = till.shop.now
    (call,) = collection.claim(tenant=till.shop.tenant, as_of=now, now=now).charges
    lost = ChargeResult(key=call.request.key, outcome=Outcome.NOT_SENT)
    late = ChargeResult(key=call.request.key, outcome=Outcome.SUCCEEDED, gateway_reference="sbx_late")
    for result in (lost, late, late, lost):
        collection.book(tenant=till.shop.tenant, answers=[(call, result)], now=now)
    assert till.receivables() == [("paid", 0)]
    assert till.shop.rows("SELECT gateway_reference FROM payments") == [("sbx_late",)]
    assert till.attempts() == [(0, "succeeded", None)]


def test_two_collectors_side_by_side_charge_everybody_once(till: Till):
    for _ in range(30):
        till.subscriber("ok")
    done: list[int] = []

    def run() -> None:
        with open_till(till.shop, till.stand) as other:
            done.append(_collect_in_small_bites(other))
        session.forget_connection()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(done) == 30
    assert till.effects() == [1] * 30 and till.receivables() == [("paid", 0)] * 30


def _collect_in_small_bites(till: Till) -> int:
    from perennia.jobs.collection import collect_due

    now = till.shop.now
    return collect_due(tenant=till.shop.tenant, as_of=now, now=now, calls=till.calls, batch=4).charges


def test_a_payment_the_database_refuses_stops_nobody_else(till: Till, database: Database):
    payers = [till.subscriber("ok")[0] for _ in range(3)]
    with psycopg.connect(database.dsn("owner")) as connection:  # a fault that no rule foresees
        connection.execute(
            f"""CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.payer_id = '{payers[1].hex()}' THEN RAISE EXCEPTION 'a fault'; END IF; RETURN NEW; END $$"""
        )
        connection.execute(
            "CREATE TRIGGER refuse_one BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION refuse_one()"
        )
    try:
        till.collect()
    finally:
        with psycopg.connect(database.dsn("owner")) as connection:
            connection.execute("DROP FUNCTION refuse_one CASCADE")
    assert sorted(till.receivables()) == [("open", 12500), ("paid", 0), ("paid", 0)]
    assert till.shop.rows("SELECT id, set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == [
        (payers[1], "payment_not_booked")
    ]
    with session.transaction(till.shop.tenant) as cursor:
        assert len(payments.payments_unknown(cursor, tenant=till.shop.tenant)) == 1


def test_a_batch_is_booked_in_a_number_of_statements_that_does_not_grow(
    stand: SandboxStand, monkeypatch: pytest.MonkeyPatch
):
    counted: Counter[str] = Counter()
    for name in ("execute", "copy"):
        _count_calls(monkeypatch, name, counted)
    found = {}
    for many in (6, 60):
        with open_till(open_shop(), stand) as till:
            for number in range(many):
                till.subscriber(("ok", "soft", "hard")[number % 3])
            now = till.shop.now
            claimed = collection.claim(tenant=till.shop.tenant, as_of=now, now=now)
            till.calls["sandbox"].submit([call.request for call in claimed.charges])
            results: dict[str, ChargeResult] = {}
            while len(results) < many:
                results |= {result.key: result for result in till.calls["sandbox"].results(5)}
            counted.clear()
            answers = [(call, results[call.request.key]) for call in claimed.charges]
            booked = collection.book(tenant=till.shop.tenant, answers=answers, now=now)
            assert (booked.succeeded, booked.failed) == (many // 3, many - many // 3)
            found[many] = counted.total()
    assert found[60] <= found[6] + 3 <= 32, "more rows in a table may take one COPY, never one statement each"


def _count_calls(monkeypatch: pytest.MonkeyPatch, name: str, counted: Counter[str]) -> None:
    called = getattr(psycopg.Cursor, name)

    def counting(cursor: object, *args: object, **options: object) -> object:
        counted[name] += 1
        return called(cursor, *args, **options)

    monkeypatch.setattr(psycopg.Cursor, name, counting)
