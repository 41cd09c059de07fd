"""What was used reaches the invoice: corrections, limits, looks at what is watched, and nobody's event is lost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event as Signal
from threading import Thread, Timer

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.corrections import LineCredit
from perennia.domain.documents import LineKind
from perennia.domain.metering import LimitKind, Outcome
from perennia.domain.pricing import Model
from perennia.domain.schemes import Scheme, Tier
from perennia.jobs import billing as job
from perennia.jobs import worker
from perennia.operations import catalog, previews, subscriptions, usage
from perennia.operations.books import open_books
from perennia.operations.recording import new_usage
from perennia.store import session
from perennia.store.reads import due
from perennia.store.reads import metering as read
from perennia.store.writes.usage import NewUsage, add
from tests.operations.counter import credits
from tests.operations.metered import MeteredShop, local, metered_shop, sell
from tests.operations.shop import Shop, open_shop
from tests.store.lives import lived_live_shop
from tests.store.statements import recording

pytestmark = pytest.mark.usefixtures("database")

LINES = """SELECT d.kind, l.description, l.quantity::float8::text, l.net_minor
    FROM documents d JOIN lines l ON l.document_id = d.id WHERE l.kind IN (5, 6, 11)
    ORDER BY d.issued_at, d.kind DESC, d.number, l.position"""


def used(bo: MeteredShop) -> list[str]:
    """The lines of usage, in order of issue."""
    return [f"{kind}: {name} {quantity} {net}" for kind, name, quantity, net in bo.shop.rows(LINES)]


def run(bo: MeteredShop, day: date | datetime) -> job.Billed:
    now = bo.shop.clock_to(day)
    return job.run_until_done(tenant=bo.tenant, as_of=now, now=now, catch_up=True)


def test_a_correction_is_settled_with_the_next_invoice():
    bo = metered_shop()
    bo.record(bo.event("wrong", "500"), bo.event("right", "20"))
    run(bo, date(2025, 2, 28))
    usage.correct(tenant=bo.tenant, event="wrong", key="better", value=Decimal(50), now=machine_now())
    usage.correct(tenant=bo.tenant, event="right", key="none", void=True, now=machine_now())
    run(bo, date(2025, 3, 31))
    run(bo, date(2025, 4, 30))
    assert used(bo) == ["invoice: Megabytes 520 5200", "invoice: Megabytes 1 -4700"]


def test_a_correction_that_outweighs_all_else_is_a_credit_note():
    bo = metered_shop()
    bo.record(bo.event("wrong", "5000"))
    run(bo, date(2025, 2, 28))
    usage.correct(tenant=bo.tenant, event="wrong", key="none", void=True, now=machine_now())
    run(bo, date(2025, 3, 31))
    assert used(bo) == ["invoice: Megabytes 5000 50000", "credit_note: Megabytes 1 -50000"]
    given = 50000 * 5 // 4 - 12500  # with its tax, less the Basic of the next month
    assert bo.shop.rows("SELECT due_minor - open_minor FROM receivables ORDER BY due_minor DESC LIMIT 1") == [(given,)]
    assert bo.shop.rows("SELECT 1 FROM balance_entries") == []


def test_usage_voided_after_a_credit_by_hand_gives_back_what_is_left():
    bo = metered_shop()
    bo.record(bo.event("wrong", "5000"))
    run(bo, date(2025, 2, 28))
    ((document, position),) = bo.shop.rows("SELECT document_id, position FROM lines WHERE kind = 5")
    credits(bo.shop, document, LineCredit(position, net_minor=20000))
    usage.correct(tenant=bo.tenant, event="wrong", key="none", void=True, now=machine_now())
    run(bo, date(2025, 3, 31))
    assert used(bo)[1:] == ["credit_note: Megabytes 1 -30000"]


def watch(bo: MeteredShop, kind: LimitKind, **much: object) -> None:
    usage.set_limit(
        tenant=bo.tenant, subscription_id=bo.subscription, meter="megabytes", kind=kind, now=machine_now(), **much
    )  # type: ignore[arg-type]


def alerts(bo: MeteredShop) -> list[datetime]:
    rows = bo.shop.rows("SELECT occurred_at FROM outbox WHERE type = 'usage.alert_reached' ORDER BY id")
    return [at for (at,) in rows]


def test_an_alert_is_given_once_in_each_period():
    bo = metered_shop()
    watch(bo, LimitKind.ALERT, quantity=Decimal(10))
    began = bo.shop.now
    bo.record(bo.event("one", "9"))
    assert run(bo, began).alerts == 0
    bo.record(bo.event("two", "1"))
    assert run(bo, began).alerts == 1
    bo.record(bo.event("three", "5"))
    assert run(bo, began).alerts == 0
    run(bo, date(2025, 2, 28))
    bo.record(bo.event("four", "10", at=bo.shop.now))
    assert run(bo, bo.shop.now).alerts == 1
    assert alerts(bo) == [began, bo.shop.now]
    assert bo.shop.rows("SELECT 1 FROM usage_signals") == []


def test_an_alert_at_an_amount():
    bo = metered_shop()
    watch(bo, LimitKind.ALERT, amount_minor=100)
    bo.record(bo.event("one", "9.9"))
    assert run(bo, bo.shop.now).alerts == 0
    bo.record(bo.event("two", "0.1"))
    assert run(bo, bo.shop.now).alerts == 1


def test_an_event_of_a_clock_that_runs_ahead_is_seen_at_once():
    bo = metered_shop()
    watch(bo, LimitKind.ALERT, quantity=Decimal(10))
    bo.record(bo.event("ahead", "10", at=bo.shop.now + timedelta(minutes=4)))
    assert run(bo, bo.shop.now).alerts == 1
    assert bo.shop.rows("SELECT 1 FROM usage_signals") == []


def test_beyond_a_cap_nothing_is_charged():
    bo = metered_shop()
    watch(bo, LimitKind.STOP, quantity=Decimal(30))
    bo.record(bo.event("one", "25"), bo.event("two", "25"))
    run(bo, date(2025, 2, 28))
    bo.record(bo.event("three", "12", at=bo.shop.now))
    run(bo, date(2025, 3, 31))
    assert used(bo) == ["invoice: Megabytes 30 300", "invoice: Megabytes 12 120"]


def test_a_threshold_is_looked_at_in_every_subscription_of_a_payer():
    bo = metered_shop(progressive_threshold="5")
    (other,) = bo.shop.rows("SELECT customer_id FROM subscriptions")
    second = replace(bo, subscription=bo.shop.start(other[0], "plus", "megabytes"))
    bo.record(bo.event("first", "60"), second.event("second", "70"))
    billed = run(bo, bo.shop.now)
    assert (billed.documents, billed.lines) == (1, 2)
    assert used(bo) == ["invoice: Megabytes 60 600", "invoice: Megabytes 70 700"]
    assert run(bo, bo.shop.now).documents == 0


def test_what_no_rule_can_rate_stops_nobody_else():
    bo = metered_shop(progressive_threshold="5")
    shop = bo.shop
    ((meter,),) = shop.rows("SELECT id FROM meters WHERE code = 'peak'")
    ((product,),) = shop.rows("SELECT id FROM products LIMIT 1")
    add_on = catalog.create_add_on(tenant=shop.tenant, product_id=product, code="peak", name="Peak")
    shop.prices["peak"] = catalog.create_price(
        tenant=shop.tenant, code="peak", add_on_id=add_on, unit_amount=Decimal(0), currency="DKK",
        model=Model.VOLUME, scheme=Scheme(tiers=(Tier(up_to=Decimal(10), unit_amount=Decimal(1)),)), meter_id=meter,
        now=machine_now(),
    )  # fmt: skip
    ida = replace(bo, subscription=shop.start(shop.customer("Ida"), "basic", "peak"))
    bo.record(ida.event("too much", "11", meter="peak"), bo.event("fine", "60"))
    run(bo, shop.now)
    assert used(bo) == ["invoice: Megabytes 60 600"]
    assert shop.rows("SELECT set_aside_code FROM payers WHERE set_aside_at IS NOT NULL") == [("quantity_above_tiers",)]
    run(bo, shop.now)
    assert len(shop.rows("SELECT DISTINCT subscription_id FROM usage_signals")) == 1


def test_a_live_tenant_is_looked_at_by_the_workers():
    shop = lived_live_shop()
    with session.claiming() as cursor:
        assert shop.tenant in due.usage_waiting(cursor)
    stop = Signal()
    rounds: list[datetime] = []

    def clock() -> datetime:
        rounds.append(machine_now())
        if len(rounds) > 8:
            stop.set()
        return rounds[-1]

    worker.work(clock=clock, calls={}, stop=stop)
    with session.claiming() as cursor:
        assert shop.tenant not in due.usage_waiting(cursor)


def test_who_is_not_metered_costs_nothing_more():
    shop = open_shop()
    for name in ("Bo", "Eva"):
        shop.start(shop.customer(name), "basic", "seat*3")
    shop.clock_to(date(2025, 2, 28))
    with recording() as asked:
        shop.bill()
    assert [str(one) for one in asked.executed if "usage_" in str(one) or "meters" in str(one)] == []


def test_statements_do_not_grow_with_the_metered():
    asked = []
    for count in (2, 12):
        bo = metered_shop()
        shops = [bo, *(_another(bo.shop, n) for n in range(count))]
        bo.record(*(one.event(f"used {n}") for n, one in enumerate(shops)))
        bo.shop.clock_to(date(2025, 2, 28))
        with recording() as sent:
            chunk = bo.shop.bill()
        assert chunk.payers == count + 1
        asked.append(len(sent.executed))
    assert asked[0] == asked[1]


def _another(shop: Shop, n: int) -> MeteredShop:
    return MeteredShop(shop, shop.start(shop.customer(f"Customer {n}"), "basic", "megabytes"))


def test_the_last_settlement_waits_for_what_is_being_recorded():
    """An event is taken while its window is open; the run that closes the window must not read before it is there."""
    bo = metered_shop(late_window_days=3)
    bo.record(bo.event("in time", "10"))
    bo.shop.clock_to(date(2025, 2, 28))
    bo.shop.bill()
    bo.shop.clock_to(date(2025, 3, 31))
    late = bo.event("late", "5", at=local(date(2025, 2, 27)))
    taken, go_on = Signal(), Signal()

    def record() -> None:
        """What `usage.record` does to an event that came just before the window closed, and slowly."""
        with open_books(tenant=bo.tenant) as books:
            meter = read.meters(books.cursor, ["megabytes"], tenant=bo.tenant)["megabytes"]
            target = read.directory(books.cursor, [late], tenant=books.tenant).subscriptions[bo.subscription]
            row = new_usage(late, meter, target, place=0, tenant=bo.tenant)
            assert isinstance(row, NewUsage)
            add(books.cursor, [row], tenant=bo.tenant)
            taken.set()
            assert go_on.wait(timeout=60)
        session.forget_connection()

    recorder = Thread(target=record)
    recorder.start()
    assert taken.wait(timeout=60)
    release = Timer(0.3, go_on.set)
    release.start()
    bo.shop.bill()
    assert go_on.is_set()
    recorder.join()
    assert used(bo) == ["invoice: Megabytes 10 100", "invoice: Megabytes 15 50"]


def test_the_next_invoice_shows_what_was_used_so_far():
    bo = metered_shop()
    bo.record(bo.event("so far", "12"))
    ((customer,),) = bo.shop.rows("SELECT customer_id FROM subscriptions")
    found = previews.next_invoice(tenant=bo.tenant, customer_id=customer, now=machine_now())
    assert found is not None
    (document,) = found.documents
    assert [(line.kind, line.quantity, line.net_minor) for line in document.lines] == [
        (LineKind.USAGE, Decimal(12), 120), (LineKind.RECURRING, Decimal(1), 10000),
    ]  # fmt: skip
    assert [(one.name, one.end) for one in found.usage] == [("Megabytes", local(date(2025, 2, 28)))]
    year = previews.calendar(tenant=bo.tenant, customer_id=customer, now=machine_now(), months=3)
    assert [sum(document.net_minor for document in one.documents) for one in year.upcoming] == [10120, 10000, 10000]


def test_a_preview_of_an_end_is_what_the_end_comes_to():
    bo = metered_shop()
    bo.record(bo.event("used", "30"))
    bo.shop.clock_to(local(date(2025, 2, 10), 14))
    act = {"tenant": bo.tenant, "actor": "astrid", "subscription_id": bo.subscription, "now": machine_now()}
    with previews.preview(tenant=bo.tenant, now=machine_now()) as seen:
        subscriptions.cancel(**act)  # type: ignore[arg-type]
    assert used(bo) == []
    subscriptions.cancel(**act)  # type: ignore[arg-type]
    lines = [(line.description, line.quantity, line.net_minor) for one in seen.documents for line in one.lines]
    assert ("Megabytes", Decimal(30), 300) in lines
    assert used(bo) == ["credit_note: Megabytes 30 300"]


def test_every_line_of_usage_has_its_settlement():
    bo = metered_shop(progressive_threshold="5")
    sell(bo.shop, "peak", "2.00", period_minimum=Decimal(9))
    ida = replace(bo, subscription=bo.shop.start(bo.shop.customer("Ida"), "basic", "peak"))
    bo.record(bo.event("a", "60"), ida.event("b", "3", meter="peak"))
    run(bo, date(2025, 2, 28))
    rows = bo.shop.rows(
        """SELECT l.kind, u.kind::int, l.net_minor, u.amount_minor, u.period_start FROM lines l
        LEFT JOIN usage_settlements u ON u.document_id = l.document_id AND u.position = l.position
        WHERE l.kind IN (5, 6) ORDER BY l.net_minor"""
    )
    start = local(date(2025, 1, 31)).astimezone(UTC)
    assert rows == [(6, 6, 300, 300, start), (5, 5, 600, 600, start), (5, 5, 600, 600, start)]


def test_of_an_ended_subscription_nothing_is_read_once_its_window_closed():
    bo = metered_shop()
    bo.shop.clock_to(local(date(2025, 2, 10), 14))
    subscriptions.cancel(tenant=bo.tenant, actor="astrid", subscription_id=bo.subscription, now=machine_now())
    flags = """SELECT s.metering, array_agg(v.metering ORDER BY v.metering)
        FROM subscriptions s JOIN item_versions v ON v.subscription_id = s.id GROUP BY s.id"""
    assert bo.shop.rows(flags) == [(True, [False, True])]
    assert bo.one(bo.event("late", "4", at=local(date(2025, 2, 10), 13))) == Outcome.ACCEPTED
    run(bo, local(date(2025, 2, 13), 14))
    assert bo.shop.rows(flags) == [(False, [False, False])]
    assert bo.shop.rows("SELECT next_due_at FROM payers") == [(None,)]
    assert used(bo) == ["invoice: Megabytes 4 40"]
    assert bo.one(bo.event("later", "4", at=local(date(2025, 2, 10), 13))) == Outcome.LATE_WINDOW_CLOSED
