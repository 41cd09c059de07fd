"""Previews: what an act would do is what it then does; a year ahead is the year that comes; nothing of it stays."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import local_date
from perennia.domain.decision import Decision
from perennia.domain.documents import Document, LineKind
from perennia.domain.errors import DomainError, NotFound, SubscriptionEnded
from perennia.domain.facts import Payer
from perennia.domain.forecast import ahead
from perennia.domain.ids import Id
from perennia.domain.invoicing import next_due_at
from perennia.jobs import advancing
from perennia.operations import billing_details, books, changes, coupons, pauses, previews, ramps, subscriptions, terms
from perennia.operations.chosen import Chosen
from perennia.operations.previews import preview
from perennia.operations.ramps import Step
from perennia.operations.subscriptions import TermAsked
from perennia.store import session
from perennia.store.identity import new_ids
from tests.operations.metered import metered_shop
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

ASKED_ON = date(2025, 3, 12)


@dataclass(slots=True)
class Desk:
    """Astrid at her desk: a shop, a customer, a subscription since 31 January, and today is 12 March."""

    shop: Shop
    customer: Id
    subscription: Id

    def ask(self, operation: Callable[..., Any], **given: Any) -> Any:
        more = {} if operation is subscriptions.start else {"subscription_id": self.subscription}
        return operation(tenant=self.shop.tenant, actor="astrid", now=machine_now(), **more, **given)

    def preview(self) -> Any:
        return preview(tenant=self.shop.tenant, now=machine_now())

    def documents_until(self, until: datetime) -> list[Document]:
        """Go there, and take what is issued on the way."""
        with books.written() as made:
            advancing.walk(tenant=self.shop.tenant, start=self.shop.now, to=until, calls=None, machine_now=machine_now)
        return [document for decision in made for document in decision.documents]


def a_desk(*codes: str, policies: dict[str, Any] | None = None, **more: Any) -> Desk:
    shop = open_shop(**(policies or {}))
    customer = shop.customer()
    subscription = shop.start(customer, *(codes or ("basic",)), **more)
    advancing.walk(tenant=shop.tenant, start=shop.now, to=noon(ASKED_ON), calls=None, machine_now=machine_now)
    return Desk(shop, customer, subscription)


def noon(day: date) -> datetime:
    return datetime.fromisoformat(f"{day}T11:00+00:00")


def told(documents: Iterable[Document]) -> list[str]:
    """Documents as text, without the keys that are new each time."""
    found = []
    for document in documents:
        found.append(
            f"{document.kind} {document.currency} issued {document.issued_at} due {document.due_at} pay by "
            f"{document.pay_by}: {document.net_minor} + {document.tax_minor}, {document.from_balance_minor} from balance"
        )
        for line in document.lines:
            days = f"{line.period_start}..{line.period_end}"
            found.append(
                f"  {line.kind.name} {line.description} {days} x{line.quantity.normalize():f} {line.net_minor} + "
                f"{line.tax_minor} ({line.tax_percent}), {line.discount_minor} off"
            )
    return found


def story(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Everything that decisions write, without the keys that are new each time."""
    return {
        "documents": told(document for decision in decisions for document in decision.documents),
        "balance": [entry.amount_minor for decision in decisions for entry in decision.balance],
        "allocations": [one.amount_minor for decision in decisions for one in decision.allocations],
        "postings": [(one.account, one.amount_minor) for decision in decisions for one in decision.postings],
        "movements": [
            (one.kind, one.mrr_minor, one.effective_at) for decision in decisions for one in decision.movements
        ],
        "moves": [(one.before, one.after, one.at) for decision in decisions for one in decision.moves],
        "events": [(one.type, one.at) for decision in decisions for one in decision.events],
        "ends": [one.ends_at for decision in decisions for one in decision.ended],
        "begins": [one.version.starts_at for decision in decisions for one in decision.begun],
        "settled": [at for decision in decisions for _, at in decision.settled],
        "next": [decision.next_due_at for decision in decisions],
    }


def everything(shop: Shop) -> dict[str, str]:
    """All rows of the tenant, table by table, and the series' next numbers with them."""
    with session.transaction(shop.tenant) as cursor:
        tables = cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_schema = 'public'"
        ).fetchall()
        found = {}
        for (table,) in tables:
            query = f"SELECT coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '') FROM {table} t"
            row = cursor.execute(query.encode()).fetchone()
            assert row is not None
            found[str(table)] = str(row[0])
        return found


Act = Callable[[Desk], Any]


def _held(desk: Desk) -> Desk:
    desk.ask(terms.hold_invoicing)
    return desk


def _add_seats(desk: Desk) -> Any:
    return desk.ask(changes.add_item, chosen=Chosen(desk.shop.prices["seat"], Decimal(3)))


def _remove_seats(desk: Desk) -> Any:
    rows = desk.shop.rows("SELECT id FROM items WHERE kind = 'add_on'")
    return desk.ask(changes.remove_item, item_id=rows[0][0])


def _subscribe(**given: Any) -> Act:
    def act(desk: Desk) -> Any:
        items = [Chosen(desk.shop.prices["plus"])]
        return desk.ask(subscriptions.start, customer_id=desk.customer, items=items, **given)

    return act


def _change(code: str, **given: Any) -> Act:
    return lambda desk: desk.ask(changes.change_plan, price_id=desk.shop.prices[code], **given)


def _move_away(desk: Desk) -> None:
    billing_details.set_time_zone(
        tenant=desk.shop.tenant, actor="bo", customer_id=desk.customer, zone="America/New_York", now=machine_now()
    )


def _do(operation: Callable[..., Any], **given: Any) -> Act:
    return lambda desk: desk.ask(operation, **given)


def _after_a_pause() -> Desk:
    """Paused from 15 to 20 March with the days given back, and today is the 25th."""
    desk = a_desk(policies={"pause_rest": "credited"})
    desk.ask(pauses.pause, when=date(2025, 3, 15), until=date(2025, 3, 20))
    desk.documents_until(noon(date(2025, 3, 25)))
    return desk


ACTS: dict[str, tuple[Callable[[], Desk], Act]] = {
    "another plan now": (a_desk, _change("plus")),
    "a dearer interval now": (a_desk, _change("year")),
    "a plan in arrears now": (a_desk, _change("later")),
    "another plan at the period's end": (a_desk, _change("plus", when="period_end")),
    "another plan on a date": (a_desk, _change("plus", when=date(2025, 5, 20))),
    "another plan from a date that has passed": (a_desk, _change("plus", when=date(2025, 2, 10))),
    "a smaller plan, given back as a refund": (
        lambda: a_desk("plus", policies={"credit_becomes": "refund"}), _change("basic")
    ),
    "another plan, the difference on the next invoice": (
        lambda: a_desk(policies={"difference_invoiced": "next_invoice"}), _change("plus")
    ),
    "a smaller quantity": (
        lambda: a_desk("basic", "seat*5"),
        lambda desk: desk.ask(
            changes.set_quantity,
            quantity=Decimal(2),
            item_id=desk.shop.rows("SELECT id FROM items WHERE kind = 'add_on'")[0][0],
        ),
    ),
    "an add-on": (a_desk, _add_seats),
    "one add-on less": (lambda: a_desk("basic", "seat*5"), _remove_seats),
    "another billing day": (a_desk, _do(changes.set_billing_day, day=15)),
    "an end now": (a_desk, _do(subscriptions.cancel)),
    "an end at the period's end": (a_desk, _do(subscriptions.cancel, when="period_end")),
    "an end on a date that has passed": (a_desk, _do(subscriptions.cancel, when=date(2025, 3, 3))),
    "a withdrawal": (
        lambda: a_desk(start_on=date(2025, 3, 10)), _do(subscriptions.withdraw, immediate_start=True)
    ),
    "a pause now": (a_desk, _do(pauses.pause, until=date(2025, 4, 20))),
    "a pause that gives back": (
        lambda: a_desk(policies={"pause_rest": "credited"}), _do(pauses.pause, until=date(2025, 3, 20))
    ),
    "another plan from before a pause that gave back": (_after_a_pause, _change("plus", when=date(2025, 3, 13))),
    "a pause without an end": (a_desk, _do(pauses.pause, when="period_end")),
    "a period left out": (a_desk, _do(pauses.skip)),
    "a trial given later": (a_desk, _do(terms.set_trial_end, trial_ends_on=date(2025, 4, 12))),
    "a trial that is made longer": (
        lambda: a_desk(trial_ends_on=date(2025, 4, 1)), _do(terms.set_trial_end, trial_ends_on=date(2025, 5, 1))
    ),
    "a trial that ends now": (lambda: a_desk(trial_ends_on=date(2025, 4, 1)), _do(terms.end_trial)),
    "a term": (a_desk, _do(terms.set_term, periods=6)),
    "a ramp": (
        a_desk,
        _do(ramps.ramp, steps=[
            Step(after_periods=1, unit_amount=Decimal(120)), Step(at=date(2025, 7, 31), unit_amount=Decimal(140)),
        ]),
    ),
    "another time zone": (lambda: a_desk("basic", "seat*5"), _move_away),
    "what gathered in arrears": (
        lambda: a_desk("later", start_on=date(2024, 12, 1), policies={"arrears_close": "on_request"}),
        _do(terms.issue_drafts),
    ),
    "invoicing held": (a_desk, _do(terms.hold_invoicing)),
    "an end while invoicing is held": (lambda: _held(a_desk()), _do(subscriptions.cancel, when="now")),
    "a subscription today": (a_desk, _subscribe()),
    "a subscription with a trial": (a_desk, _subscribe(trial_days=14)),
    "a subscription that began earlier": (a_desk, _subscribe(start_on=date(2025, 1, 10))),
    "a subscription that begins later": (a_desk, _subscribe(start_on=date(2025, 6, 10), anchor_on=date(2025, 6, 1))),
    "a subscription with a term and an end": (
        a_desk, _subscribe(term=TermAsked(3, "go_on"), cancel_on=date(2025, 8, 20))
    ),
}  # fmt: skip


@pytest.fixture(params=ACTS)
def asked(request: pytest.FixtureRequest) -> tuple[Desk, Act]:
    open_desk, act = ACTS[request.param]
    return open_desk(), act


def test_an_act_does_what_its_preview_said_and_the_preview_left_nothing(asked: tuple[Desk, Act]) -> None:
    desk, act = asked
    before = everything(desk.shop)
    with desk.preview() as previewed:
        act(desk)
    assert everything(desk.shop) == before
    with books.written() as made:
        act(desk)
    assert story(previewed.decisions) == story(made)
    stands = desk.shop.rows(
        "SELECT payer_id, entity_id, currency, sum(amount_minor)::bigint FROM balance_entries GROUP BY 1, 2, 3"
    )
    assert previewed.balances == {(payer, entity, currency): amount for payer, entity, currency, amount in stands}
    assert [(previewed.next_due_at,)] == desk.shop.rows("SELECT next_due_at FROM payers WHERE id = %s", desk.customer)
    if previewed.upcoming is not None:
        issued = desk.documents_until(previewed.upcoming.at)
        assert told(previewed.upcoming.documents) == told(issued)
    else:
        assert desk.documents_until(noon(date(2026, 6, 1))) == []


def test_the_year_that_was_shown_is_the_year_that_comes(asked: tuple[Desk, Act]) -> None:
    desk, act = asked
    act(desk)
    collect(desk.shop)
    shown = previews.calendar(tenant=desk.shop.tenant, customer_id=desk.customer, now=machine_now())
    found = previews.next_invoice(tenant=desk.shop.tenant, customer_id=desk.customer, now=machine_now())
    assert (None if found is None else found.at) == (shown.upcoming[0].at if shown.upcoming else None)
    issued = []
    for upcoming in shown.upcoming:
        issued += desk.documents_until(upcoming.at)
        collect(desk.shop)
    issued += desk.documents_until(shown.until)
    assert told(document for upcoming in shown.upcoming for document in upcoming.documents) == told(issued)


def collect(shop: Shop) -> None:
    """Everybody pays: as the calendar takes for granted."""
    with session.transaction(shop.tenant) as cursor:
        cursor.execute("UPDATE receivables SET open_minor = 0, state = 'paid', next_attempt_at = NULL")


def test_the_facts_foretold_are_the_facts_that_are_read(asked: tuple[Desk, Act]) -> None:
    """Step by step through half a year: what `after` makes of a decision is what the store reads once it is written."""
    desk, act = asked
    act(desk)
    until = noon(date(2025, 9, 12))
    with books.open_books(tenant=desk.shop.tenant) as open_books:
        seller = open_books.seller()
        for happening in ahead(
            open_books.lock(desk.customer),
            seller=seller,
            now=noon(ASKED_ON),
            through=until,
            new_ids=new_ids,
            paid=False,
        ):
            open_books.write([happening.decision], actor="astrid")
            read = open_books.lock(desk.customer)
            assert without_settled(happening.payer) == without_settled(read)
            known = {one for subscription in happening.payer.subscriptions for one in subscription.overcharged}
            found = {one for subscription in read.subscriptions for one in subscription.overcharged}
            assert {one for one in found if one.end > happening.at} <= known
            assert next_due_at(read, seller=seller) == happening.decision.next_due_at


def without_settled(payer: Payer) -> Payer:
    subscriptions = [
        replace(subscription, overcharged=(), changes=tuple(sorted(subscription.changes, key=lambda one: one.id)))
        for subscription in payer.subscriptions
    ]
    return replace(payer, subscriptions=tuple(subscriptions), balances={k: v for k, v in payer.balances.items() if v})


def test_a_refusal_is_the_acts_own_and_leaves_nothing() -> None:
    desk = a_desk()
    before = everything(desk.shop)
    with pytest.raises(NotFound), desk.preview():
        desk.ask(changes.change_plan, price_id=desk.subscription)
    desk.ask(subscriptions.cancel)
    ended = everything(desk.shop)
    with pytest.raises(SubscriptionEnded), desk.preview():
        desk.ask(pauses.pause)
    assert before != ended == everything(desk.shop)


def test_acts_one_after_the_other_are_previewed_together() -> None:
    desk = a_desk()
    collect(desk.shop)
    with desk.preview() as previewed:
        desk.ask(changes.change_plan, price_id=desk.shop.prices["plus"])
        desk.ask(subscriptions.cancel)
    with books.written() as made:
        desk.ask(changes.change_plan, price_id=desk.shop.prices["plus"])
        desk.ask(subscriptions.cancel)
    assert story(previewed.decisions) == story(made)
    assert previewed.upcoming is None
    assert sum(previewed.balances_before.values()) == 0 < sum(previewed.balances.values())


def test_a_preview_takes_no_number_and_makes_nobody_wait_for_one() -> None:
    """Two previews side by side, and beside them somebody who is issued an invoice: each as if it were alone."""
    desk = a_desk()
    other = desk.shop.start(desk.shop.customer("Eva"), "basic")
    numbers = desk.shop.rows("SELECT kind, next_number FROM number_series ORDER BY kind")
    with desk.preview() as previewed:
        desk.ask(changes.change_plan, price_id=desk.shop.prices["plus"])

        def beside() -> None:
            with session.transaction(desk.shop.tenant) as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                with desk.preview() as also:
                    Desk(desk.shop, desk.customer, other).ask(subscriptions.cancel)
                assert len(also.documents) == 1
                Desk(desk.shop, desk.customer, other).ask(subscriptions.cancel)
            session.forget_connection()

        in_another_session(beside)
    assert len(previewed.documents) == 1
    noted = desk.shop.rows("SELECT kind, next_number FROM number_series ORDER BY kind")
    assert dict(noted) == {**dict(numbers), "credit_note": dict(numbers).get("credit_note", 1) + 1}


def test_who_looks_ahead_waits_for_nobody() -> None:
    desk = a_desk()
    with session.transaction(desk.shop.tenant) as cursor:
        cursor.execute("SELECT id FROM payers FOR UPDATE")

        def beside() -> None:
            with session.looking(desk.shop.tenant) as other:
                other.execute("SET LOCAL lock_timeout = '2s'")
                tenant, now = desk.shop.tenant, machine_now()
                assert previews.next_invoice(tenant=tenant, customer_id=desk.customer, now=now) is not None
                assert len(previews.calendar(tenant=tenant, customer_id=desk.customer, now=now).upcoming) == 12
            session.forget_connection()

        in_another_session(beside)


def in_another_session(act: Callable[[], None]) -> None:
    """Do it on a connection of its own. Raises what it raised."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(act).result(timeout=120)


def test_a_coupon_runs_out_and_add_ons_have_their_own_rhythm() -> None:
    """Documents of a customer with everything: shown a year ahead, and then issued to the cent."""
    shop = open_shop(proration="prorate")
    customer = shop.customer()
    coupons.create_coupon(tenant=shop.tenant, code="three", percent_off=Decimal(15), periods=3, now=shop.now)
    first = shop.start(customer, "basic", "seat*3", coupon="three")
    shop.start(customer, "later", trial_ends_on=date(2025, 2, 20))
    shop.start(customer, "year", start_on=date(2025, 4, 4))
    desk = Desk(shop, customer, first)
    desk.ask(changes.change_plan, price_id=shop.prices["plus"], when=date(2025, 6, 10))
    desk.ask(pauses.pause, when=date(2025, 8, 5), until=date(2025, 9, 20))
    collect(shop)
    shown = previews.calendar(tenant=shop.tenant, customer_id=customer, now=machine_now())
    issued = []
    for upcoming in shown.upcoming:
        issued += desk.documents_until(upcoming.at)
        collect(shop)
    issued += desk.documents_until(shown.until)
    assert len(issued) > 20
    assert told(document for upcoming in shown.upcoming for document in upcoming.documents) == told(issued)


def test_what_is_set_aside_is_shown_as_such() -> None:
    desk = a_desk()
    desk.shop.clock_to(date(2025, 12, 24))
    assert desk.shop.bill().set_aside == 1
    shown = previews.calendar(tenant=desk.shop.tenant, customer_id=desk.customer, now=machine_now(), months=1)
    assert shown.set_aside == "catch_up"
    assert [local_date(upcoming.at, desk.shop.zone) for upcoming in shown.upcoming[:2]] == [
        date(2025, 3, 31), date(2025, 4, 30),
    ]  # fmt: skip
    with pytest.raises(DomainError, match="from 1 to 120 months"):
        previews.calendar(tenant=desk.shop.tenant, customer_id=desk.customer, now=machine_now(), months=0)


def test_usage_counts_as_far_as_it_is_known_and_is_marked_as_unknown() -> None:
    """What was used so far stands on the next invoice that is shown; with nothing more used, so it is issued."""
    metered = metered_shop()
    shop = metered.shop
    customer = shop.rows("SELECT id FROM customers")[0][0]
    desk = Desk(shop, customer, metered.subscription)
    metered.record(*(metered.event(f"e{n}", "7") for n in range(3)))
    collect(shop)
    with desk.preview() as previewed:
        desk.ask(changes.set_quantity, quantity=Decimal(1))
    shown = previews.calendar(tenant=shop.tenant, customer_id=customer, now=machine_now(), months=4)
    assert previewed.upcoming is not None
    assert told(previewed.upcoming.documents) == told(shown.upcoming[0].documents)
    used = [line.net_minor for line in shown.upcoming[0].documents[0].lines if line.kind is LineKind.USAGE]
    assert used == [210]
    assert all(upcoming.usage for upcoming in shown.upcoming)
    issued = []
    for upcoming in shown.upcoming:
        issued += desk.documents_until(upcoming.at)
        collect(shop)
    issued += desk.documents_until(shown.until)
    assert told(document for upcoming in shown.upcoming for document in upcoming.documents) == told(issued)


def test_usage_of_this_very_moment_counts() -> None:
    """Also what a sender's clock dates a little ahead: it is recorded, and will be invoiced."""
    metered = metered_shop()
    shop = metered.shop
    customer = shop.rows("SELECT id FROM customers")[0][0]
    now = shop.now
    metered.record(metered.event("now", "7", at=now), metered.event("ahead", "2", at=now + timedelta(minutes=4)))
    upcoming = previews.next_invoice(tenant=shop.tenant, customer_id=customer, now=machine_now())
    assert upcoming is not None
    used = [line.quantity for line in upcoming.documents[0].lines if line.kind is LineKind.USAGE]
    assert used == [Decimal(9)]
