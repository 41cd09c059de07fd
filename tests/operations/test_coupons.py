"""Astrid hands out coupons; Bo, Eva and a crowd redeem them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.errors import (
    AlreadyExists,
    CodeUnknown,
    CouponAttached,
    CouponExhausted,
    CouponExpired,
    CouponForNewCustomers,
    CouponNotForThis,
    CouponNotYetValid,
    CouponUsedByCustomer,
    CurrencyMismatch,
    DomainError,
    InvalidValue,
    NotFound,
)
from perennia.domain.ids import Id
from perennia.operations import catalog, coupons, redemptions, tenants
from perennia.operations.books import open_books
from perennia.store.session import forget_connection
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def make(shop: Shop, code: str = "SAVE20", **terms: Any) -> Id:
    given = {} if "amount_off_minor" in terms else {"percent_off": Decimal(20)}
    return coupons.create_coupon(tenant=shop.tenant, code=code, now=machine_now(), **given | terms)


def redeem(shop: Shop, code: str = "SAVE20", **where: Id) -> Id:
    return redemptions.redeem(tenant=shop.tenant, actor="astrid", code=code, now=machine_now(), **where)


def sold(shop: Shop, table: str, code: str) -> Id:
    return shop.rows(f"SELECT id FROM {table} WHERE code = %s", code)[0][0]


def counts(shop: Shop) -> list[int]:
    """Redeemed of coupons and of codes, redemptions that stand, discounts at work."""
    return list(
        shop.rows(
            """SELECT coalesce((SELECT sum(redeemed) FROM coupons), 0)::int,
                coalesce((SELECT sum(redeemed) FROM coupon_codes), 0)::int,
                (SELECT count(*) FROM coupon_redemptions WHERE state = 'counted')::int,
                (SELECT count(*) FROM subscription_discounts WHERE ended_at IS NULL)::int"""
        )[0]
    )


def clean(shop: Shop) -> bool:
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [(one.name, one.examples) for one in found if one.failed] == []
    return True


def months(shop: Shop, *days: date) -> list[str]:
    for day in days:
        shop.clock_to(day)
        shop.bill()
    return [line.split(": ")[1] for line in shop.documents().splitlines()]


FEB, MAR, APR = date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)


def test_a_code_redeemed_with_the_start_comes_off_so_many_periods():
    shop = open_shop(tax=False)
    make(shop, periods=2)
    shop.start(shop.customer(), "basic", coupon=" save20 ")
    assert months(shop, FEB, MAR) == [
        "Basic 2025-01-31..2025-02-28 8000 + 0",
        "Basic 2025-02-28..2025-03-31 8000 + 0",
        "Basic 2025-03-31..2025-04-30 10000 + 0",
    ]
    assert counts(shop) == [1, 1, 1, 0]
    assert clean(shop)


def test_a_code_redeemed_later_works_from_the_next_charge_on_and_moves_recurring_revenue():
    shop = open_shop(tax=False)
    make(shop)
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 2, 10))
    redeem(shop, subscription_id=subscription)
    assert months(shop, FEB)[-1] == "Basic 2025-02-28..2025-03-31 8000 + 0"
    assert shop.rows("SELECT kind, mrr_minor::int FROM movements ORDER BY id") == [
        ("new", 10000),
        ("contraction", -2000),
    ]
    assert shop.rows(
        "SELECT change, actor FROM history WHERE subject_id = %s AND change LIKE 'coupon%%'", subscription
    ) == [("coupon.redeemed", "astrid")]
    assert shop.rows("SELECT count(*)::int FROM outbox WHERE type = 'coupon.redeemed'") == [(1,)]
    assert clean(shop)


def test_what_fell_due_before_is_billed_without_and_what_is_due_now_with_the_coupon():
    shop = open_shop(tax=False)
    make(shop)
    subscription = shop.start(shop.customer(), "basic")
    shop.clock_to(MAR)
    redeem(shop, subscription_id=subscription)
    assert months(shop) == [
        "Basic 2025-01-31..2025-02-28 10000 + 0",
        "Basic 2025-02-28..2025-03-31 10000 + 0",
        "Basic 2025-03-31..2025-04-30 8000 + 0",
    ]
    assert clean(shop)


def test_a_coupon_of_a_customer_works_on_all_it_has_and_all_that_comes():
    shop = open_shop(tax=False)
    make(shop, periods=1)
    bo, eva = shop.customer("Bo"), shop.customer("Eva")
    shop.start(bo, "basic")
    shop.start(eva, "basic")
    shop.clock_to(date(2025, 2, 10))
    redeem(shop, customer_id=bo)
    shop.start(bo, "plus")
    assert counts(shop) == [1, 1, 1, 2]
    assert months(shop, FEB, date(2025, 3, 10))[2:] == [
        "Plus 2025-02-10..2025-03-10 20000 + 0",
        "Basic 2025-02-28..2025-03-31 8000 + 0",
        "Basic 2025-02-28..2025-03-31 10000 + 0",
        "Plus 2025-03-10..2025-04-10 25000 + 0",
    ]
    assert clean(shop)


def test_a_coupon_taken_off_a_customer_is_gone_from_all_and_stays_counted():
    shop = open_shop(tax=False)
    coupon = make(shop)
    bo = shop.customer()
    shop.start(bo, "basic")
    redeem(shop, customer_id=bo)
    redemptions.remove(tenant=shop.tenant, actor="astrid", coupon_id=coupon, customer_id=bo, now=machine_now())
    shop.start(bo, "plus")
    assert counts(shop) == [1, 1, 1, 0]
    assert shop.rows("SELECT sum(mrr_minor)::int FROM movements") == [(35000,)]
    with pytest.raises(NotFound):
        redemptions.remove(
            tenant=shop.tenant, actor="astrid", coupon_id=new_coupon(shop), customer_id=bo, now=machine_now()
        )
    assert clean(shop)


def new_coupon(shop: Shop) -> Id:
    return make(shop, "OTHER")


def test_a_coupon_taken_off_a_subscription_works_no_more():
    shop = open_shop(tax=False)
    coupon = make(shop)
    subscription = shop.start(shop.customer(), "basic", coupon="SAVE20")
    shop.clock_to(date(2025, 2, 10))
    redemptions.remove(
        tenant=shop.tenant, actor="astrid", coupon_id=coupon, subscription_id=subscription, now=machine_now()
    )
    assert months(shop, FEB) == [
        "Basic 2025-01-31..2025-02-28 8000 + 0",
        "Basic 2025-02-28..2025-03-31 10000 + 0",
    ]
    with pytest.raises(NotFound):
        redemptions.remove(
            tenant=shop.tenant, actor="astrid", coupon_id=coupon, subscription_id=subscription, now=machine_now()
        )
    redeem(shop, subscription_id=subscription)
    assert counts(shop) == [2, 2, 2, 1]
    assert clean(shop)


def test_an_amount_comes_off_in_its_own_currency_only():
    shop = open_shop(tax=False)
    make(shop, "CROWNS", amount_off_minor=1500, currency="DKK", periods=1)
    make(shop, "EUROS", amount_off_minor=1500, currency="EUR")
    bo = shop.customer()
    subscription = shop.start(bo, "basic", coupon="CROWNS")
    with pytest.raises(CurrencyMismatch):
        redeem(shop, "EUROS", subscription_id=subscription)
    redeem(shop, "EUROS", customer_id=bo)  # for what Bo may take in euros one day
    assert months(shop, FEB) == [
        "Basic 2025-01-31..2025-02-28 8500 + 0",
        "Basic 2025-02-28..2025-03-31 10000 + 0",
    ]
    assert clean(shop)


@pytest.mark.parametrize(
    ("terms", "where", "error"),
    [
        ({"valid_to": datetime(2025, 1, 31, 11, tzinfo=UTC)}, "subscription", CouponExpired),
        ({"valid_from": datetime(2025, 1, 31, 12, tzinfo=UTC)}, "subscription", CouponNotYetValid),
        ({"new_customers_only": True}, "subscription", CouponForNewCustomers),
        ({"new_customers_only": True}, "customer", CouponForNewCustomers),
        ({"plans": "plus"}, "subscription", CouponNotForThis),
        ({"max_redemptions": 1}, "taken", CouponExhausted),
        ({"max_per_customer": 1}, "twice", CouponUsedByCustomer),
        ({}, "same", CouponAttached),
        ({}, "same customer", CouponAttached),
        ({}, "unknown", CodeUnknown),
        ({}, "nul", InvalidValue),
        ({}, "long", InvalidValue),
        ({}, "both", InvalidValue),
        ({}, "neither", InvalidValue),
        ({}, "nobody", NotFound),
    ],
)
def test_a_refused_redemption_changes_nothing(terms: dict[str, Any], where: str, error: type[DomainError]):
    shop = open_shop()
    if "plans" in terms:
        terms = {"plans": [sold(shop, "plans", terms["plans"])]}
    make(shop, **terms)
    bo = shop.customer()
    one, other = shop.start(bo, "basic"), shop.start(bo, "plus")
    attempts: dict[str, Callable[[], Id]] = {
        "customer": lambda: redeem(shop, customer_id=bo),
        "unknown": lambda: redeem(shop, "SAVE21", subscription_id=one),
        "nul": lambda: redeem(shop, "SAVE\0", subscription_id=one),
        "long": lambda: redeem(shop, "S" * 1000, subscription_id=one),
        "both": lambda: redeem(shop, subscription_id=one, customer_id=bo),
        "neither": lambda: redeem(shop),
        "nobody": lambda: redeem(shop, subscription_id=Id(bytes(16))),
    }
    if where == "taken":
        redeem(shop, customer_id=shop.customer("Eva"))
    elif where == "twice":
        redeem(shop, subscription_id=other)
    elif where == "same":
        redeem(shop, subscription_id=one)
    elif where == "same customer":
        redeem(shop, customer_id=bo)
        attempts[where] = lambda: redeem(shop, customer_id=bo)
    before = counts(shop), shop.documents(), shop.rows("SELECT count(*) FROM history")
    with pytest.raises(error):
        attempts.get(where, lambda: redeem(shop, subscription_id=one))()
    assert (counts(shop), shop.documents(), shop.rows("SELECT count(*) FROM history")) == before


def test_a_refused_coupon_starts_nothing():
    shop = open_shop()
    make(shop, new_customers_only=True)
    bo = shop.customer()
    for wrong, error in (("NOPE", CodeUnknown), ("\0", InvalidValue)):
        with pytest.raises(error):
            shop.start(bo, "basic", coupon=wrong)
    assert shop.rows("SELECT count(*)::int FROM subscriptions") == [(0,)]
    shop.start(bo, "basic", coupon="SAVE20")
    with pytest.raises(CouponForNewCustomers):
        shop.start(bo, "basic", coupon="SAVE20")
    assert counts(shop) == [1, 1, 1, 1]


def test_a_stranger_redeems_nothing_of_ours():
    shop, stranger = open_shop(), open_shop()
    coupon = make(shop)
    subscription = shop.start(shop.customer(), "basic")
    make(stranger, "THEIRS")
    for refused in (
        lambda: redeem(stranger, "SAVE20", customer_id=stranger.customer("Ane")),
        lambda: redeem(stranger, "THEIRS", subscription_id=subscription),
        lambda: coupons.add_code(tenant=stranger.tenant, coupon_id=coupon, code="MINE", now=machine_now()),
        lambda: coupons.generate_codes(tenant=stranger.tenant, coupon_id=coupon, count=1, now=machine_now()),
        lambda: coupons.end_coupon(tenant=stranger.tenant, actor="x", coupon_id=coupon, now=machine_now()),
        lambda: make(stranger, "HERS", plans=[sold(shop, "plans", "basic")]),
        lambda: make(stranger, "HERS", products=[sold(shop, "products", "service")]),
    ):
        with pytest.raises((CodeUnknown, NotFound)):
            refused()
    assert stranger.rows("SELECT code FROM coupons") == [("THEIRS",)]
    assert counts(shop) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "terms",
    [
        {"percent_off": Decimal("NaN")},
        {"percent_off": Decimal(-5)},
        {"amount_off_minor": 0, "currency": "DKK"},
        {"max_redemptions": 2**40},
        {"periods": -1},
        {"code": "A\0B"},
        {"code": "A\nB"},
        {"code": " "},
        {"code": "X" * 201},
        {"plans": [Id(bytes(16))]},
    ],
)
def test_a_coupon_without_a_meaning_is_not_made(terms: dict[str, Any]):
    shop = open_shop()
    with pytest.raises((InvalidValue, NotFound)):
        make(shop, **terms)
    assert shop.rows("SELECT count(*)::int FROM coupons") == [(0,)]


def test_a_code_is_one_coupons_only():
    shop = open_shop()
    first, second = make(shop, "SPRING"), make(shop, "AUTUMN")
    for taken in ("SPRING", "spring"):
        with pytest.raises(AlreadyExists):
            make(shop, taken)
    with pytest.raises(AlreadyExists):
        coupons.add_code(tenant=shop.tenant, coupon_id=second, code="Spring", now=machine_now())
    coupons.add_code(tenant=shop.tenant, coupon_id=first, code="Easter", max_redemptions=1, now=machine_now())
    one, other = (shop.start(shop.customer(name), "basic") for name in ("Bo", "Eva"))
    redeem(shop, "EASTER", subscription_id=one)
    with pytest.raises(CouponExhausted):
        redeem(shop, "EASTER", subscription_id=other)
    redeem(shop, "SPRING", subscription_id=other)
    assert shop.rows("SELECT code, redeemed::int FROM coupon_codes ORDER BY code") == [
        ("AUTUMN", 0), ("EASTER", 1), ("SPRING", 1),
    ]  # fmt: skip
    assert shop.rows("SELECT code, redeemed::int FROM coupons ORDER BY code") == [("AUTUMN", 0), ("SPRING", 2)]


def test_an_ended_coupon_is_refused_and_goes_on_where_it_works():
    shop = open_shop(tax=False)
    coupon = make(shop)
    subscription = shop.start(shop.customer(), "basic", coupon="SAVE20")
    for _ in range(2):
        coupons.end_coupon(tenant=shop.tenant, actor="astrid", coupon_id=coupon, now=machine_now())
    with pytest.raises(CouponExpired):
        redeem(shop, customer_id=shop.customer("Eva"))
    assert months(shop, FEB)[-1].endswith("8000 + 0")
    assert shop.rows("SELECT count(*)::int FROM history WHERE change = 'coupon.ended'") == [(1,)]
    assert subscription


def test_a_hundred_thousand_codes_are_all_different_and_work_once_each():
    shop = open_shop()
    coupon = make(shop, max_redemptions=2)
    began = machine_now()
    codes = coupons.generate_codes(
        tenant=shop.tenant, coupon_id=coupon, count=100_000, prefix="nord-", now=machine_now()
    )
    assert machine_now() - began < timedelta(seconds=30)
    assert len(set(codes)) == 100_000 and {len(code) for code in codes} == {18}
    assert shop.rows("SELECT count(*)::int FROM coupon_codes WHERE max_redemptions = 1") == [(100_000,)]
    one, other = (shop.start(shop.customer(name), "basic") for name in ("Bo", "Eva"))
    redeem(shop, codes[0].lower(), subscription_id=one)
    with pytest.raises(CouponExhausted):
        redeem(shop, codes[0], subscription_id=other)
    redeem(shop, codes[1], subscription_id=other)
    with pytest.raises(CouponExhausted):
        redeem(shop, codes[2], customer_id=shop.customer("Ane"))  # the coupon itself is used up
    assert counts(shop) == [2, 2, 2, 2]
    for wrong in (0, -1, 250_001):
        with pytest.raises(InvalidValue):
            coupons.generate_codes(tenant=shop.tenant, coupon_id=coupon, count=wrong, now=machine_now())


@pytest.mark.parametrize("limited", ["coupon", "code"])
def test_fifty_at_once_on_the_last_code_give_one(limited: str):
    shop = open_shop()
    coupon = make(shop, max_redemptions=1 if limited == "coupon" else None)
    code = "SAVE20"
    if limited == "code":
        (code,) = coupons.generate_codes(tenant=shop.tenant, coupon_id=coupon, count=1, now=machine_now())
    crowd = [shop.start(shop.customer(f"C{n}"), "basic") for n in range(50)]
    ends = together([lambda one=one: redeem(shop, code, subscription_id=one) for one in crowd])
    assert sorted(ends) == ["coupon_exhausted"] * 49 + ["done"]
    assert counts(shop) == [1, 1, 1, 1]
    assert clean(shop)


def test_one_customer_twice_at_once_redeems_once():
    shop = open_shop()
    make(shop, max_per_customer=1)
    bo = shop.customer()
    own = [shop.start(bo, "basic") for _ in range(6)]
    ends = together([lambda one=one: redeem(shop, subscription_id=one) for one in own])
    assert sorted(ends) == ["coupon_used_by_customer"] * 5 + ["done"]
    assert counts(shop) == [1, 1, 1, 1]


def test_a_double_click_attaches_once():
    shop = open_shop()
    make(shop)
    one = shop.start(shop.customer(), "basic")
    ends = together([lambda: redeem(shop, subscription_id=one)] * 4)
    assert sorted(ends) == ["coupon_attached"] * 3 + ["done"]
    assert counts(shop) == [1, 1, 1, 1]


def together(acts: list[Callable[[], Any]]) -> list[str]:
    """All at once, each on a connection of its own; how each ended."""
    ends: list[str] = []
    gate = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            act()
            ends.append("done")
        except DomainError as error:
            ends.append(error.code)
        finally:
            forget_connection()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return ends


def test_what_never_activated_gives_its_code_back():
    shop = open_shop()
    make(shop, max_redemptions=1)
    bo = shop.customer()
    subscription = shop.start(bo, "basic", coupon="SAVE20", payment_behavior="incomplete")
    with pytest.raises(CouponExhausted):
        redeem(shop, customer_id=shop.customer("Eva"))
    shop.cancel(subscription)
    assert counts(shop) == [0, 0, 0, 0]
    redeem(shop, customer_id=shop.rows("SELECT id FROM customers WHERE name = 'Eva'")[0][0])
    assert counts(shop) == [1, 1, 1, 0]


@pytest.mark.parametrize("limit", ["plans", "products"])
def test_a_limited_coupon_is_redeemed_where_something_is_what_it_is_for(limit: str):
    shop = open_shop(tax=False)
    tools = catalog.create_product(tenant=shop.tenant, code="tools", name="Tools")
    make(shop, **{limit: [sold(shop, "plans", "plus") if limit == "plans" else tools]})
    basic = shop.start(shop.customer(), "basic")
    with pytest.raises(CouponNotForThis):
        redeem(shop, subscription_id=basic)
    with pytest.raises(CouponNotForThis):
        shop.start(shop.customer("Eva"), "basic", coupon="SAVE20")
    make(shop, "WIDE", products=[sold(shop, "products", "service"), tools])
    redeem(shop, "WIDE", subscription_id=basic)
    assert counts(shop) == [1, 1, 1, 1]


@pytest.mark.parametrize(("checked", "scoped"), [("each_line", True), ("at_redemption", False)])
def test_the_scope_is_kept_for_each_line_or_settled_at_redemption(checked: str, scoped: bool):
    shop = open_shop(coupon_scope_checked=checked)
    make(shop, plans=[sold(shop, "plans", "basic")])
    shop.start(shop.customer(), "basic", "seat", coupon="SAVE20")
    assert shop.rows("SELECT scoped FROM subscription_discounts") == [(scoped,)]
    with open_books(tenant=shop.tenant) as books:
        payer = books.lock(shop.rows("SELECT id FROM payers")[0][0])
    (discount,) = payer.subscriptions[0].discounts
    assert discount.scope == (frozenset([sold(shop, "plans", "basic")]) if scoped else frozenset())
    assert discount.since == shop.now and discount.redemption_id is not None
