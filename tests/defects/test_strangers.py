"""Ids of others, texts with a meaning elsewhere, moves that are not permitted: defects D002 and D173 to D196."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perennia.cli.report import cell
from perennia.config.clock import now as machine_now
from perennia.domain.errors import CodeUnknown, DomainError, NotAnAddOn, NotAPlan, NotFound, OtherProduct, StillRunning
from perennia.domain.ids import Id
from perennia.operations import (
    catalog,
    changes,
    coupons,
    customers,
    invoices,
    pauses,
    redemptions,
    subscriptions,
    terms,
)
from perennia.operations.chosen import Chosen
from tests.defects.crowd import agrees, one
from tests.defects.foreign import Case, Shelf, a_shelf, arguments, cases
from tests.operations.counter import document, pays, refunds
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def shelves(database: object) -> tuple[Shelf, Shelf]:
    return a_shelf(), a_shelf()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_d173_no_operation_reads_or_changes_what_is_another_tenants(shelves: tuple[Shelf, Shelf], case: Case) -> None:
    ours, theirs = shelves
    before = _rows(ours.shop), _rows(theirs.shop)
    try:
        answer = case.operation(**arguments(case, ours=ours, theirs=theirs))
    except NotFound:
        answer = []
    assert not answer, "a question may be answered with nothing"
    assert (_rows(ours.shop), _rows(theirs.shop)) == before


def _rows(shop: Shop) -> tuple[Any, ...]:
    """How much there is of everything that an operation writes."""
    tables = (
        *("products", "plans", "add_ons", "prices", "coupons", "coupon_codes", "coupon_redemptions", "customers"),
        *("payment_methods", "subscriptions", "items", "item_versions", "documents", "lines", "balance_entries"),
        *("payments", "refunds", "attempts", "history", "outbox", "pending_lines", "usage_limits", "parties"),
    )
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    return shop.rows(f"SELECT {counts}")[0]


def test_d173_there_are_operations_to_try() -> None:
    assert len(cases()) > 70


@pytest.mark.parametrize(
    "asked",
    [
        "price",
        "add-on",
        "base",
        "legal entity",
        "reactivated",
    ],
)
def test_d178_nothing_of_another_tenants_is_taken_into_an_agreement(shelves: tuple[Shelf, Shelf], asked: str) -> None:
    ours, theirs = shelves
    shop, base = ours.shop, Chosen(ours.shop.prices["basic"])
    wanted: dict[str, dict[str, Any]] = {
        "price": {"items": [Chosen(theirs.shop.prices["basic"])]},
        "add-on": {"items": [base, Chosen(theirs.shop.prices["seat"])]},
        "base": {"items": [base], "addon_of": theirs.ids["subscription_id"], "policy": {"alignment": "base"}},
        "legal entity": {"items": [base], "entity_id": theirs.ids["entity_id"]},
        "reactivated": {"items": [base], "reactivates": theirs.ids["subscription_id"]},
    }
    before = _rows(shop)
    with pytest.raises(NotFound):
        subscriptions.start(
            tenant=shop.tenant, actor="astrid", customer_id=ours.ids["customer_id"], now=machine_now(), **wanted[asked]
        )
    assert _rows(shop) == before


def test_d178_only_ones_own_subscription_that_ended_is_taken_up_again() -> None:
    shop = open_shop(tax=False)
    bo, eva = shop.customer(), shop.customer("Eva")
    running, ended = shop.start(bo, "basic"), _ended(shop, eva)
    for taken_up, refused in ((running, StillRunning), (ended, NotFound), (Id(bytes(16)), NotFound)):
        with pytest.raises(refused):
            shop.start(bo, "basic", reactivates=taken_up)
    assert shop.start(eva, "basic", reactivates=ended) and shop.rows("SELECT count(*) FROM subscriptions") == [(3,)]
    agrees(shop)


def _ended(shop: Shop, bo: Id) -> Id:
    found = shop.start(bo, "basic")
    shop.cancel(found)
    return found


STATES: dict[str, Callable[[Shop, Id], object]] = {
    "scheduled": lambda shop, bo: shop.start(bo, "basic", start_on=date(2025, 3, 10)),
    "trialing": lambda shop, bo: shop.start(bo, "basic", trial_days=30),
    "active": lambda shop, bo: shop.start(bo, "basic"),
    "canceled": _ended,
}


MOVES: dict[str, tuple[Callable[..., object], dict[str, Any], dict[str, str]]] = {
    "uncancel": (subscriptions.uncancel, {}, {"canceled": "subscription_ended", "": "not_canceling"}),
    "reactivate": (subscriptions.reactivate, {}, {"canceled": "", "": "still_running"}),
    "cancel": (subscriptions.cancel, {"when": "now"}, {"canceled": "subscription_ended"}),
    "pause": (pauses.pause, {}, {"canceled": "subscription_ended"}),
    "resume": (pauses.resume, {}, {"canceled": "subscription_ended", "": "not_paused"}),
    "end the trial": (
        terms.end_trial, {}, {"canceled": "subscription_ended", "trialing": "", "": "not_trialing"},
    ),
    "withdraw a change": (
        changes.withdraw_change, {"change_id": Id(bytes(16))}, {"canceled": "subscription_ended", "": "not_found"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("move", "state"),
    [(move, state) for move in MOVES for state in STATES if state != "scheduled" or move not in ("cancel", "pause")],
)
def test_d175_a_move_that_the_state_does_not_permit_is_refused_by_its_name(move: str, state: str) -> None:
    shop = open_shop(tax=False)
    subscription = STATES[state](shop, shop.customer())
    act, more, refusals = MOVES[move]
    code = refusals.get(state, refusals.get("", ""))
    try:
        act(tenant=shop.tenant, actor="astrid", subscription_id=subscription, now=machine_now(), **more)
        met = ""
    except DomainError as refusal:
        met = refusal.code
    assert met == code
    agrees(shop)


def test_d175_what_is_paid_is_not_voided_and_what_ended_is_not_ended_again() -> None:
    shop = open_shop(tax=False)
    shop.start(shop.customer(), "basic")
    payment = pays(shop, 10000, document_id=document(shop))
    refund = refunds(shop, payment, 10)
    acts = (
        lambda: invoices.void(tenant=shop.tenant, actor="astrid", document_id=document(shop), now=machine_now()),
        lambda: invoices.write_off(tenant=shop.tenant, actor="astrid", document_id=document(shop), now=machine_now()),
        lambda: refunds(shop, payment, 9991),
    )
    assert refund
    for act in acts:
        with pytest.raises(DomainError):
            act()
    agrees(shop)


SHARP = ["' OR '1'='1", "%", "_", "a'; DROP TABLE customers; --", "\\", "$1", "{0}", "%s %(x)s", '"', "$$", "\u202e"]


@pytest.mark.parametrize("text", SHARP, ids=range(len(SHARP)))
def test_d175_text_that_means_something_to_a_database_is_text(text: str) -> None:
    shop = open_shop(tax=False)
    bo = customers.create_customer(
        tenant=shop.tenant, name=text, email="bo@example.com", address=text, external_id=text, now=machine_now()
    )
    shop.start(bo, "basic", external_id=text, po_number=text)
    coupons.create_coupon(tenant=shop.tenant, code="REAL", percent_off=Decimal(10), now=machine_now())
    with pytest.raises((CodeUnknown, DomainError)):
        redemptions.redeem(tenant=shop.tenant, actor=text, code=text, customer_id=bo, now=machine_now())
    pays(shop, 10000, text, customer_id=bo)
    assert shop.rows("SELECT name, external_id FROM customers") == [(text, text)]
    assert one(shop, "SELECT gateway_reference FROM payments") == text
    assert one(shop, "SELECT count(*) FROM subscriptions WHERE external_id = %s", text) == 1
    agrees(shop)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "|", "%"], ids=ascii)
def test_d186_a_name_that_a_spreadsheet_takes_for_a_formula_is_kept_a_text(first: str) -> None:
    assert cell(f"{first}cmd") == f"'{first}cmd"


def _sold(shop: Shop, code: str, *, product: Id | None = None, add_on: bool = False) -> Id:
    product = product or one(shop, "SELECT id FROM products LIMIT 1")
    make = catalog.create_add_on if add_on else catalog.create_plan
    of = make(tenant=shop.tenant, product_id=product, code=code, name=code)
    return catalog.create_price(
        tenant=shop.tenant, code=code, unit_amount=Decimal(1), currency="DKK", now=machine_now(),
        **{"add_on_id" if add_on else "plan_id": of},
    )  # fmt: skip


def _change(shop: Shop, price: Id) -> None:
    subscription = shop.start(shop.customer(), "basic")
    changes.change_plan(tenant=shop.tenant, actor="bo", subscription_id=subscription, price_id=price, now=machine_now())


def test_d196_a_plan_that_is_no_longer_sold_is_not_changed_to() -> None:
    shop = open_shop(tax=False)
    catalog.retire_price(tenant=shop.tenant, price_id=shop.prices["plus"], now=machine_now())
    with pytest.raises(DomainError) as refusal:
        _change(shop, shop.prices["plus"])
    assert refusal.value.code == "price_not_sold"


def test_d196_another_tenants_plan_is_not_changed_to() -> None:
    with pytest.raises(NotFound):
        _change(open_shop(tax=False), open_shop(tax=False).prices["plus"])


def test_d196_an_add_on_is_no_plan_to_change_to() -> None:
    shop = open_shop(tax=False)
    with pytest.raises(NotAPlan):
        _change(shop, _sold(shop, "bag", add_on=True))


def test_d196_a_plan_of_another_product_is_not_changed_to() -> None:
    shop = open_shop(tax=False)
    other = catalog.create_product(tenant=shop.tenant, code="tools", name="Tools")
    with pytest.raises(OtherProduct):
        _change(shop, _sold(shop, "hammer", product=other))


def test_d196_a_plan_is_no_add_on() -> None:
    shop = open_shop(tax=False)
    subscription = shop.start(shop.customer(), "basic")
    with pytest.raises(NotAnAddOn):
        changes.add_item(
            tenant=shop.tenant, actor="bo", subscription_id=subscription, now=machine_now(),
            chosen=Chosen(shop.prices["plus"]),
        )  # fmt: skip


def test_d002_what_another_system_billed_is_not_billed_here(tmp_path: Path) -> None:
    """A subscription that comes in brings how far it was billed: before that instant nobody here charges it."""
    from perennia.operations.importing.files import Files, import_files

    shop = open_shop(opened_on=date(2025, 2, 15))
    texts = {
        "customers": "external_id,name,email,country,payment_gateway,payment_token\nc1,Bo,bo@example.com,DK,sandbox,ok\n",
        "subscriptions": "external_id,customer,plan,started_on,billed_through\ns1,c1,basic,2024-06-01,2025-03-01\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    import_files(
        tenant=shop.tenant, files=Files(**{name: tmp_path / f"{name}.csv" for name in texts}), now=machine_now(),
        actor="astrid", dry_run=False, refuse=lambda problem: pytest.fail(str(problem)), progress=lambda step, rows: None,
    )  # fmt: skip
    for day in (date(2025, 2, 20), date(2025, 2, 28)):
        shop.clock_to(day)
        assert shop.bill().documents == 0 and shop.rows("SELECT 1 FROM receivables") == []
    shop.clock_to(date(2025, 3, 1))
    assert shop.bill().documents == 1
    assert shop.documents().split(": ")[1] == "Basic 2025-03-01..2025-04-01 10000 + 2500"
