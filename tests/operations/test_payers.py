"""Mor pays for her children; who is charged for what, when that changes."""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.calendar import midnight
from perennia.domain.errors import DomainError, InvalidValue, NotFound, PayerChain, PayerUnsettled, UnknownZone
from perennia.domain.facts import ChangeKind, CollectionMode
from perennia.domain.ids import Id
from perennia.operations import billing_details, catalog, changes, customers, one_offs, payers, tenants
from perennia.operations.books import open_books
from perennia.store.session import forget_connection
from tests.analytics.year import collect
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def moves(shop: Shop, customer: Id, payer: Id | None) -> None:
    payers.set_payer(tenant=shop.tenant, actor="astrid", customer_id=customer, payer_id=payer, now=machine_now())


def who_paid(shop: Shop) -> list[tuple[str, str, date, int]]:
    """(who, kind, due day, net) of each document, in order of due time."""
    return shop.rows(
        """SELECT c.name, d.kind, (d.due_at AT TIME ZONE %s)::date, d.net_minor::int
        FROM documents d JOIN customers c ON c.id = d.payer_id ORDER BY d.due_at, d.kind DESC, d.number""",
        shop.zone,
    )


def clean(shop: Shop) -> bool:
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [(one.name, one.examples) for one in found if one.failed] == []
    return True


def paying(shop: Shop, name: str, **more: Any) -> Id:
    customer = shop.customer(name, **more)
    shop.pays_with(customer, "ok")
    return customer


def test_a_parent_is_billed_for_the_child_on_one_document():
    shop = open_shop(tax=False)
    mor = paying(shop, "Mor")
    child = shop.customer("Ida", payer_id=mor)
    shop.start(mor, "plus")
    shop.start(child, "basic")
    shop.clock_to(date(2025, 2, 28))
    shop.bill()
    assert who_paid(shop)[-1] == ("Mor", "invoice", date(2025, 2, 28), 35000)
    assert payers.paid_for(tenant=shop.tenant, payer_id=mor) == [child]
    with pytest.raises(NotFound):
        payers.paid_for(tenant=shop.tenant, payer_id=child)
    assert clean(shop)


def test_a_new_payer_pays_what_falls_due_from_then_on():
    shop = open_shop(tax=False)
    mor, ida = paying(shop, "Mor"), paying(shop, "Ida")
    shop.start(ida, "basic")
    collect(shop)
    shop.clock_to(date(2025, 2, 10))
    moves(shop, ida, mor)
    for day in (date(2025, 2, 28), date(2025, 3, 31)):
        shop.clock_to(day)
        shop.bill()
        collect(shop)
    moves(shop, ida, None)
    shop.clock_to(date(2025, 4, 30))
    shop.bill()
    assert [(who, day) for who, _, day, _ in who_paid(shop)] == [
        ("Ida", date(2025, 1, 31)), ("Mor", date(2025, 2, 28)), ("Mor", date(2025, 3, 31)), ("Ida", date(2025, 4, 30)),
    ]  # fmt: skip
    assert (
        shop.rows("SELECT change, actor FROM history WHERE change = 'customer.payer'")
        == [("customer.payer", "astrid")] * 2
    )
    assert shop.rows("SELECT c.name, p.lines FROM payers p JOIN customers c USING (id) ORDER BY c.name") == [
        ("Ida", 1), ("Mor", 0),
    ]  # fmt: skip
    assert clean(shop)


def test_when_something_is_due_again_is_known_for_both():
    shop = open_shop(tax=False)
    mor, ida = paying(shop, "Mor"), paying(shop, "Ida")
    shop.start(ida, "basic")
    collect(shop)
    shop.clock_to(date(2025, 2, 10))
    moves(shop, ida, mor)
    due = dict(shop.rows("SELECT id, next_due_at FROM payers"))
    assert due == {ida: None, mor: midnight(date(2025, 2, 28), shop.zone)}


def test_a_renewal_at_the_very_instant_is_the_new_payers():
    shop = open_shop(tax=False)
    mor, ida = paying(shop, "Mor"), paying(shop, "Ida")
    shop.start(ida, "basic")
    collect(shop)
    shop.clock_to(date(2025, 2, 28))
    moves(shop, ida, mor)
    assert [(who, day) for who, _, day, _ in who_paid(shop)] == [
        ("Ida", date(2025, 1, 31)), ("Mor", date(2025, 2, 28)),
    ]  # fmt: skip
    assert clean(shop)


def test_while_the_old_payer_owes_nothing_moves():
    shop = open_shop(tax=False)
    mor, ida = paying(shop, "Mor"), paying(shop, "Ida")
    shop.start(ida, "basic")
    before = shop.documents(), shop.rows("SELECT payer_id FROM customers ORDER BY id")
    with pytest.raises(PayerUnsettled):
        moves(shop, ida, mor)
    collect(shop)
    shop.clock_to(date(2025, 3, 1))  # a month fell due and was not billed: it is the old payer's
    with pytest.raises(PayerUnsettled):
        moves(shop, ida, mor)
    assert (shop.documents(), shop.rows("SELECT payer_id FROM customers ORDER BY id")) == before
    shop.bill()
    collect(shop)
    moves(shop, ida, mor)
    assert clean(shop)


def test_what_is_owed_for_others_keeps_nobody_back():
    shop = open_shop(tax=False)
    mor, far = paying(shop, "Mor"), paying(shop, "Far")
    ida = shop.customer("Ida", payer_id=mor)
    shop.start(ida, "basic")
    collect(shop)
    shop.start(mor, "plus", collection=CollectionMode.SEND, net_days=30)
    moves(shop, ida, far)
    assert clean(shop)


def test_a_credit_for_what_the_old_payer_paid_goes_to_the_new_one():
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False)
    mor, ida = paying(shop, "Mor"), paying(shop, "Ida")
    subscription = shop.start(ida, "basic")
    collect(shop)
    shop.clock_to(date(2025, 4, 6))
    moves(shop, ida, mor)
    shop.clock_to(date(2025, 4, 11))
    shop.cancel(subscription)
    assert who_paid(shop) == [
        ("Ida", "invoice", date(2025, 4, 1), 10000), ("Mor", "credit_note", date(2025, 4, 11), -6667),
    ]  # fmt: skip
    assert shop.rows("SELECT payer_id, sum(amount_minor)::int FROM balance_entries GROUP BY 1") == [(mor, 6667)]
    assert clean(shop)


def test_a_price_with_the_tax_in_it_is_worth_less_where_tax_is_higher():
    shop = open_shop()
    tenants.set_tax_rate(
        tenant=shop.tenant, country="DE", percent=Decimal(19), valid_from=date(2020, 1, 1), source="UStG § 12"
    )
    product = shop.rows("SELECT id FROM products")[0][0]
    plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code="gross", name="Gross")
    shop.prices["gross"] = catalog.create_price(
        tenant=shop.tenant, code="gross", plan_id=plan, unit_amount=Decimal(119), currency="DKK", tax_inclusive=True,
        now=machine_now(),
    )  # fmt: skip
    mor, ida = paying(shop, "Mor", country="DE"), paying(shop, "Ida")
    shop.start(ida, "gross")
    collect(shop)
    shop.clock_to(date(2025, 2, 10))
    moves(shop, ida, mor)
    assert shop.rows("SELECT kind, mrr_minor::int FROM movements ORDER BY id") == [("new", 9520), ("expansion", 480)]
    assert clean(shop)


@pytest.mark.parametrize(
    "chain",
    [
        lambda shop, mor, far, ida: moves(shop, mor, ida),  # her own child
        lambda shop, mor, far, ida: moves(shop, mor, far),  # she pays for Ida
        lambda shop, mor, far, ida: moves(shop, far, ida),  # Ida is paid for
        lambda shop, mor, far, ida: shop.customer("Per", payer_id=ida),
    ],
)
def test_no_chain_is_longer_than_one(chain: Callable[..., Any]):
    shop = open_shop()
    mor, far = shop.customer("Mor"), shop.customer("Far")
    ida = shop.customer("Ida", payer_id=mor)
    with pytest.raises(PayerChain):
        chain(shop, mor, far, ida)
    assert shop.rows("SELECT payer_id FROM customers ORDER BY id") == [(mor,), (far,), (mor,)]


def test_two_who_would_pay_for_each_other_at_once_make_no_circle():
    shop = open_shop()
    mor, far = shop.customer("Mor"), shop.customer("Far")
    ends, gate = [], Barrier(2)

    def run(customer: Id, payer: Id) -> None:
        gate.wait()
        try:
            moves(shop, customer, payer)
            ends.append("done")
        except DomainError as error:
            ends.append(error.code)
        finally:
            forget_connection()

    threads = [Thread(target=run, args=pair) for pair in ((mor, far), (far, mor))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(ends) == ["done", "payer_chain"]


def test_a_payer_is_a_customer_of_the_same_tenant():
    shop, stranger = open_shop(), open_shop()
    mor, ida, theirs = shop.customer("Mor"), shop.customer("Ida"), stranger.customer("Fremmed")
    for act in (
        lambda: moves(shop, ida, theirs),
        lambda: moves(stranger, ida, theirs),
        lambda: moves(shop, ida, Id(bytes(16))),
        lambda: shop.customer("Per", payer_id=theirs),
    ):
        with pytest.raises(NotFound):
            act()
    moves(shop, ida, None)  # she pays for herself already
    assert shop.rows("SELECT id, payer_id FROM customers ORDER BY id") == [(mor, mor), (ida, ida)]
    assert shop.rows("SELECT count(*)::int FROM history") == [(0,)]


def test_a_billing_day_a_zone_and_an_order_number_are_kept_and_told():
    shop = open_shop()
    bo = shop.customer(billing_day=15)
    subscription = shop.start(bo, "basic")
    more: dict[str, Any] = {"tenant": shop.tenant, "actor": "bo", "now": machine_now()}
    for _ in range(2):
        billing_details.set_billing_day(customer_id=bo, day=31, **more)
        billing_details.set_time_zone(customer_id=bo, zone="America/New_York", **more)
        billing_details.set_po_number(subscription_id=subscription, po_number="PO 4711", **more)
    assert shop.rows("SELECT billing_day, zone FROM customers") == [(31, "America/New_York")]
    assert shop.rows("SELECT zone, next_zone, po_number FROM subscriptions") == [
        ("Europe/Copenhagen", "America/New_York", "PO 4711")
    ]
    assert shop.rows("SELECT after FROM history WHERE change LIKE '%%fields' ORDER BY id") == [
        ("billing_day",), ("zone",), ("po_number",),
    ]  # fmt: skip
    billing_details.set_time_zone(customer_id=bo, zone=None, **more)
    billing_details.set_billing_day(customer_id=bo, day=None, **more)
    billing_details.set_po_number(subscription_id=subscription, po_number=None, **more)
    assert shop.rows("SELECT billing_day, zone FROM customers") == [(None, None)]
    assert shop.rows("SELECT zone, next_zone, po_number FROM subscriptions") == [("Europe/Copenhagen", None, None)]


def test_a_zone_that_waits_is_taken_back_with_its_change():
    shop = open_shop()
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    more: dict[str, Any] = {"tenant": shop.tenant, "actor": "bo", "now": machine_now()}
    billing_details.set_time_zone(customer_id=bo, zone="Asia/Tokyo", **more)
    (waits,) = changes.pending_changes(subscription_id=subscription, **more)
    assert (waits.kind, waits.name, waits.at) == (ChangeKind.ZONE, "Asia/Tokyo", midnight(date(2025, 2, 28), shop.zone))
    changes.withdraw_change(subscription_id=subscription, change_id=waits.id, **more)
    assert shop.rows("SELECT zone, next_zone, changing FROM subscriptions") == [("Europe/Copenhagen", None, False)]
    billing_details.set_time_zone(customer_id=bo, zone="America/New_York", **more)
    shop.clock_to(date(2025, 3, 1))
    shop.bill()
    assert shop.rows("SELECT zone, next_zone FROM subscriptions") == [("America/New_York", None)]
    assert shop.rows("SELECT DISTINCT zone FROM item_versions ORDER BY 1") == [
        ("America/New_York",),
        ("Europe/Copenhagen",),
    ]


def test_what_a_customer_takes_begins_its_periods_on_the_customers_day():
    shop = open_shop(tax=False, alignment="customer_day")
    bo = shop.customer(billing_day=15)
    shop.start(bo, "basic")
    shop.clock_to(date(2025, 2, 10))
    shop.start(bo, "plus")
    shop.clock_to(date(2025, 2, 15))
    shop.bill()
    assert [(day, net) for _, _, day, net in who_paid(shop)] == [
        (date(2025, 1, 31), 4839), (date(2025, 2, 10), 4032), (date(2025, 2, 15), 35000),
    ]  # fmt: skip


def test_subscriptions_under_different_order_numbers_have_documents_of_their_own():
    shop = open_shop(tax=False)
    bo = shop.customer()
    one = shop.start(bo, "basic")
    shop.start(bo, "plus")
    shop.start(bo, "later", po_number="PO 2", start_on=date(2025, 1, 28))
    billing_details.set_po_number(
        tenant=shop.tenant, actor="bo", subscription_id=one, po_number="PO 1", now=machine_now()
    )
    shop.clock_to(date(2025, 2, 28))
    shop.bill()
    assert sorted(net for _, _, day, net in who_paid(shop) if day == date(2025, 2, 28)) == [6000, 10000, 25000]


@pytest.mark.parametrize(
    "more",
    [
        {"billing_day": 0},
        {"billing_day": 32},
        {"zone": "Nowhere/Else"},
        {"country": "XX"},
        {"language": "x" * 6},
        {"external_id": "a\0b"},
        {"address": "a\0b"},
        {"address": "x" * 1001},
    ],
)
def test_a_customer_of_nonsense_is_not_made(more: dict[str, Any]):
    shop = open_shop()
    with pytest.raises((InvalidValue, UnknownZone)):
        customers.create_customer(tenant=shop.tenant, name="Bo", email="bo@example.com", now=machine_now(), **more)
    assert shop.rows("SELECT count(*)::int FROM customers") == [(0,)]


def test_nonsense_changes_nothing():
    shop, stranger = open_shop(), open_shop()
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    more: dict[str, Any] = {"tenant": shop.tenant, "actor": "bo", "now": machine_now()}
    for act in (
        lambda: billing_details.set_billing_day(customer_id=bo, day=32, **more),
        lambda: billing_details.set_time_zone(customer_id=bo, zone="localtime", **more),
        lambda: billing_details.set_po_number(subscription_id=subscription, po_number="a\0", **more),
        lambda: billing_details.set_po_number(subscription_id=subscription, po_number="x" * 101, **more),
        lambda: billing_details.set_po_number(subscription_id=Id(bytes(16)), po_number="x", **more),
        lambda: billing_details.set_billing_day(customer_id=bo, day=1, **more | {"tenant": stranger.tenant}),
        lambda: billing_details.set_time_zone(customer_id=bo, zone="UTC", **more | {"tenant": stranger.tenant}),
    ):
        with pytest.raises((InvalidValue, NotFound, UnknownZone)):
            act()
    assert shop.rows("SELECT billing_day, zone FROM customers") == [(None, None)]
    assert shop.rows("SELECT next_zone, po_number FROM subscriptions") == [(None, None)]


@pytest.mark.parametrize("act", ["start", "cancel", "charge"])
def test_who_waits_for_a_change_of_payer_acts_on_the_new_one(act: str):
    shop = open_shop(tax=False)
    bo, mor = shop.customer("Bo"), shop.customer("Mor")
    runs = shop.start(bo, "basic", start_on=date(2025, 2, 1))
    met: list[Exception] = []

    def later() -> None:
        try:
            if act == "start":
                shop.start(bo, "plus")
            elif act == "cancel":
                shop.cancel(runs)
            else:
                line = one_offs.FreeLine("Set-up", Decimal(50))
                one_offs.one_off(tenant=shop.tenant, actor="astrid", line=line, subscription_id=runs, now=machine_now())
        except DomainError as error:
            met.append(error)
        finally:
            forget_connection()

    other = Thread(target=later)
    with open_books(tenant=shop.tenant) as books:
        books.lock(bo)
        other.start()
        until = time.monotonic() + 30
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
        while shop.rows(waits) == [(0,)] and time.monotonic() < until:
            time.sleep(0.01)
        moves(shop, bo, mor)
    other.join(timeout=60)
    assert met == []
    assert shop.rows("SELECT payer_id FROM subscriptions") == [(mor,)] * (2 if act == "start" else 1)
    assert shop.rows("SELECT payer_id FROM documents") == ([] if act == "cancel" else [(mor,)])
    assert clean(shop)
