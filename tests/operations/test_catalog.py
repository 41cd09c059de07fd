"""The catalogue: prices of every model, what is refused, and how one price takes the place of another."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest

from perennia.analytics.verification import verify
from perennia.config.clock import now as machine_now
from perennia.domain.errors import (
    AlreadyExists,
    DomainError,
    InvalidValue,
    NotFound,
    PriceNotSold,
    PriceReplaced,
    QuantityAboveTiers,
)
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation
from perennia.domain.pricing import Model, Price, Timing, period_amount
from perennia.domain.schemes import Scheme, Tier
from perennia.operations import catalog, changes, subscriptions, tenants, usage
from perennia.operations.subscriptions import Chosen
from perennia.store import session
from perennia.store.identity import new_id
from perennia.store.reads import facts
from perennia.store.session import forget_connection
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

TIERS = (Tier(Decimal(10), Decimal("5.00")), Tier(None, Decimal("0.333333333333"), Decimal("7.00")))
SCHEMES: dict[Model, Scheme] = {
    Model.GRADUATED: Scheme(TIERS),
    Model.VOLUME: Scheme(TIERS),
    Model.STAIRSTEP: Scheme((Tier(Decimal("10.5"), flat_amount=Decimal(50)), Tier(flat_amount=Decimal(90)))),
    Model.BLOCK: Scheme((Tier(unit_amount=Decimal(9), block_size=Decimal(100), blocks=3),)),
    Model.PACKAGE: Scheme(package_size=Decimal(100), free_units=Decimal(50)),
    Model.PERCENTAGE: Scheme(percent=Decimal("2.5"), fixed_amount=Decimal("0.10"), minimum=Decimal(1)),
}


@pytest.fixture(scope="module")
def shop(database) -> Shop:
    return open_shop()


def made(shop: Shop, code: str = "", **given: Any) -> Id:
    """A price of the plan Basic; 5.00 a month unless told otherwise."""
    values = {"currency": "DKK", "plan_id": plan_of(shop, "basic"), "now": machine_now()} | given
    if "scheme" not in values or values.get("model") is Model.PACKAGE:
        values = {"unit_amount": Decimal("5.00")} | values
    return catalog.create_price(tenant=shop.tenant, code=code or new_id().hex(), **values)


def plan_of(shop: Shop, code: str) -> Id:
    return shop.rows("SELECT id FROM plans WHERE code = %s", code)[0][0]


def read(shop: Shop, price_id: Id) -> Price:
    facts._prices.clear()
    with session.transaction(shop.tenant) as cursor:
        return facts.prices_by_id(cursor, [price_id])[price_id]


@pytest.mark.parametrize("model", list(SCHEMES))
def test_a_price_of_any_model_is_read_as_it_was_made(shop: Shop, model: Model) -> None:
    meter = usage.create_meter(
        tenant=shop.tenant, code=f"meter-{model}", name="Meter", aggregation=Aggregation.SUM, now=machine_now()
    )
    price_id = made(
        shop, model=model, scheme=SCHEMES[model], meter_id=meter, period_minimum=Decimal("99.50"), setup_fee=Decimal(49),
        trial_days=14, policies={"tier_mode": "top", "dunning_days": [1, 2]},
    )  # fmt: skip
    found = read(shop, price_id)
    assert (found.model, found.scheme, found.timing) == (model, SCHEMES[model], Timing.ARREARS)
    assert (found.meter_id, found.scale, found.period_minimum, found.setup_fee) == (meter, 6, Decimal("99.5"), 49)
    assert (found.trial_days, dict(found.own_policies)) == (14, {"tier_mode": "top", "dunning_days": (1, 2)})


def test_a_plain_price_needs_nothing_of_that(shop: Shop) -> None:
    found = read(shop, made(shop, unit_amount=Decimal("0.000000000001"), model=Model.PER_UNIT, currency="KWD"))
    assert (found.scheme, found.scale, found.meter_id, found.timing) == (None, 0, None, Timing.ADVANCE)
    assert (found.period_minimum, found.setup_fee, found.trial_days, found.own_policies) == (None, None, 0, ())
    assert period_amount(found, Decimal(10**9)) == (1, 1)


def test_a_plan_has_prices_in_several_currencies_and_intervals(shop: Shop) -> None:
    plan = catalog.create_plan(
        tenant=shop.tenant, product_id=shop.rows("SELECT id FROM products")[0][0], code="world", name="World"
    )
    keys = [made(shop, plan_id=plan, currency=currency) for currency in ("EUR", "JPY", "KWD")]
    listed = catalog.price_list(tenant=shop.tenant, of=plan)
    assert [(one.price.id, one.price.currency) for one in listed] == list(zip(keys, ["EUR", "JPY", "KWD"], strict=True))
    assert catalog.price_list(tenant=shop.tenant, of=new_id()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit_amount": Decimal(-1)},
        {"unit_amount": Decimal("NaN")},
        {"unit_amount": Decimal(10) ** 12},
        {"unit_amount": None},
        {"model": Model.PACKAGE, "scheme": SCHEMES[Model.PACKAGE], "unit_amount": None},
        {"model": Model.GRADUATED},
        {"model": Model.GRADUATED, "scheme": Scheme()},
        {"model": Model.FLAT, "scheme": SCHEMES[Model.VOLUME]},
        {"model": Model.GRADUATED, "scheme": SCHEMES[Model.BLOCK]},
        {"model": Model.GRADUATED, "scheme": Scheme((Tier(Decimal(20)), Tier(Decimal(10)), Tier()))},
        {"model": Model.GRADUATED, "scheme": Scheme((Tier(), Tier(Decimal(10))))},
        {"model": Model.GRADUATED, "scheme": Scheme((Tier(Decimal(10), Decimal("-0.01")),))},
        {"model": Model.GRADUATED, "scheme": Scheme(tuple(Tier(Decimal(n)) for n in range(1, 200)))},
        {"model": Model.PER_UNIT, "meter_id": Id(bytes(16)), "timing": Timing.ADVANCE},
        {"meter_id": Id(bytes(16))},
        {"scale": 7},
        {"setup_fee": Decimal(-1)},
        {"period_minimum": Decimal("Infinity")},
        {"trial_days": 10**6},
        {"policies": {"package": "sideways"}},
        {"currency": "XXX"},
        {"add_on_id": Id(bytes(16))},
        {"plan_id": None},
        {"code": "x" * 201},
        {"code": "nul\0byte"},
        {"code": " "},
        {"tax_class": "x" * 201},
    ],
)
def test_a_price_that_is_refused_leaves_no_trace(shop: Shop, wrong: dict[str, Any]) -> None:
    before = shop.rows("SELECT count(*) FROM prices")
    with pytest.raises(DomainError):
        made(shop, **wrong)
    assert shop.rows("SELECT count(*) FROM prices") == before


def test_a_code_is_taken_once(shop: Shop) -> None:
    made(shop, "once")
    with pytest.raises(AlreadyExists):
        made(shop, "once")


def test_a_subscriber_pays_by_tiers_of_whole_units_as_many_as_there_are(shop: Shop) -> None:
    bo = shop.customer("Bo")
    closed = made(shop, model=Model.STAIRSTEP, scheme=Scheme((Tier(Decimal(5), flat_amount=Decimal(50)),)))
    for quantity, error in ((Decimal(6), QuantityAboveTiers), (Decimal("2.5"), InvalidValue)):
        with pytest.raises(error):
            _subscribe(shop, bo, Chosen(closed, quantity))
    with pytest.raises(InvalidValue):
        _subscribe(shop, bo, Chosen(closed, Decimal(5), unit_amount=Decimal(1)))
    assert shop.rows("SELECT 1 FROM subscriptions WHERE customer_id = %s", bo) == []


def test_subscribers_of_every_model_are_billed_and_each_line_explains_itself() -> None:
    shop = open_shop(tax=False)
    taken = {
        Model.GRADUATED: "12", Model.VOLUME: "10", Model.STAIRSTEP: "10", Model.BLOCK: "201", Model.PACKAGE: "151",
        Model.PERCENTAGE: "133.33",
    }  # fmt: skip
    started = [
        _subscribe(
            shop,
            shop.customer(model.value.capitalize()),
            Chosen(made(shop, model=model, scheme=SCHEMES[model]), Decimal(many)),
        )
        for model, many in taken.items()
    ]
    shop.cancel(started[1], at=shop.now + timedelta(days=3))
    shop.clock_to(date(2025, 2, 28))
    shop.bill()
    lines = """
        SELECT l.model, l.net_minor, s.customer_id FROM lines l JOIN documents d ON d.id = l.document_id
        JOIN subscriptions s ON s.id = l.subscription_id ORDER BY d.due_at, s.id, l.kind
    """
    assert [f"{model} {net}" for model, net, _ in shop.rows(lines)] == [
        "graduated 5767", "volume 5000", "stairstep 5000", "block 2700", "package 1000", "percentage 343",
        "credit -4464",  # 25 of 28 days of the volume price
        "graduated 5767", "stairstep 5000", "block 2700", "package 1000", "percentage 343",
    ]  # fmt: skip
    findings = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [f"{one.name}: {one.examples}" for one in findings if one.failed] == []
    assert next(one.checked for one in findings if one.name == "lines_explained") == 12


def _subscribe(shop: Shop, customer: Id, *items: Chosen) -> Id:
    return subscriptions.start(tenant=shop.tenant, actor="astrid", customer_id=customer, items=items, now=machine_now())


def test_a_new_price_takes_the_place_of_the_old_which_stays_with_its_subscribers() -> None:
    shop = open_shop()
    old = shop.prices["basic"]
    june = datetime(2025, 6, 1, tzinfo=UTC)
    shop.start(shop.customer("Bo"), "basic")
    new = catalog.replace_price(
        tenant=shop.tenant, price_id=old, code="basic-2025", sold_from=june, unit_amount=Decimal("120.00"),
        setup_fee=Decimal(49), now=machine_now(),
    )  # fmt: skip
    first, second = catalog.price_list(tenant=shop.tenant, of=plan_of(shop, "basic"))
    assert (first.code, first.sold_until, first.replaced_by) == ("basic", june, new)
    assert (second.code, second.sold_from, second.replaces_id, second.sold_until) == ("basic-2025", june, old, None)
    assert (second.price.unit_amount, second.price.interval, second.price.currency) == (
        120,
        first.price.interval,
        "DKK",
    )

    _subscribe(shop, shop.customer("Eva"), Chosen(old))
    with pytest.raises(PriceNotSold):
        _subscribe(shop, shop.customer("Ida"), Chosen(new))
    assert catalog.current_price(tenant=shop.tenant, price_id=old, now=machine_now()) == old
    shop.clock_to(date(2025, 6, 2))
    assert catalog.current_price(tenant=shop.tenant, price_id=old, now=machine_now()) == new
    with pytest.raises(PriceNotSold):
        _subscribe(shop, shop.customer("Ida"), Chosen(old))
    _subscribe(shop, shop.customer("Ida"), Chosen(new))
    assert shop.rows("SELECT price_id FROM item_versions ORDER BY id") == [(old,), (old,), (new,)]


def test_a_change_is_to_a_price_on_sale_and_an_own_amount_to_one_that_has_one() -> None:
    shop = open_shop()
    bo, eva = (shop.start(shop.customer(name), "basic") for name in ("Bo", "Eva"))
    new = catalog.replace_price(
        tenant=shop.tenant, price_id=shop.prices["basic"], code="basic-2", unit_amount=Decimal(120), now=machine_now()
    )
    tiers = made(shop, model=Model.GRADUATED, scheme=SCHEMES[Model.GRADUATED])
    catalog.retire_price(tenant=shop.tenant, price_id=shop.prices["plus"], now=machine_now())

    def change(subscription: Id, price_id: Id, **more: Any) -> None:
        changes.change_plan(
            tenant=shop.tenant,
            actor="astrid",
            subscription_id=subscription,
            price_id=price_id,
            now=machine_now(),
            **more,
        )

    for price_id, more, error in (
        (shop.prices["plus"], {}, PriceNotSold),
        (tiers, {"unit_amount": Decimal(1)}, InvalidValue),
        (tiers, {"quantity": Decimal("1.5")}, InvalidValue),
    ):
        with pytest.raises(error):
            change(bo, price_id, **more)
    change(bo, tiers, quantity=Decimal(12))
    change(eva, shop.prices["basic"], unit_amount=Decimal(80))  # off sale, and still theirs
    change(eva, new)
    lines = "SELECT l.model, l.net_minor FROM lines l JOIN documents d ON d.id = l.document_id"
    assert shop.rows(f"{lines} WHERE l.model = 'graduated'") == [("graduated", 5767)]


def test_a_line_of_replacements_ends_at_the_one_that_is_sold() -> None:
    shop = open_shop()
    now, line = shop.now, [shop.prices["plus"]]
    for days in (0, 10, 20):
        line.append(
            catalog.replace_price(
                tenant=shop.tenant, price_id=line[-1], code=f"plus-{days}", sold_from=now + timedelta(days=days),
                unit_amount=Decimal(days), now=machine_now(),
            )
        )  # fmt: skip
    current = []
    for days in (0, 9, 10, 25):
        shop.clock_to(now + timedelta(days=days))
        current.append(catalog.current_price(tenant=shop.tenant, price_id=line[0], now=machine_now()))
    assert current == [line[1], line[1], line[2], line[3]]


def test_a_price_has_one_successor(shop: Shop) -> None:
    old = made(shop)
    new = catalog.replace_price(tenant=shop.tenant, price_id=old, code="heir", now=machine_now())
    with pytest.raises(PriceReplaced) as refused:
        catalog.replace_price(tenant=shop.tenant, price_id=old, code="other-heir", now=machine_now())
    assert refused.value.facts["successor"] == new.text("price")


def test_two_who_replace_a_price_at_once_make_one_successor(shop: Shop) -> None:
    old, start, refused = made(shop), Barrier(4), []

    def replace(code: str) -> None:
        start.wait()
        try:
            catalog.replace_price(tenant=shop.tenant, price_id=old, code=code, now=machine_now())
        except PriceReplaced as error:
            refused.append(error)
        finally:
            forget_connection()

    threads = [Thread(target=replace, args=(f"race-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert len(shop.rows("SELECT 1 FROM prices WHERE replaces_id = %s", old)) == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"price_id": Id(bytes(16))}, NotFound),
        ({"sold_from": datetime(2024, 12, 31, tzinfo=UTC)}, InvalidValue),
        ({"unit_amount": Decimal(-1)}, InvalidValue),
        ({"model": Model.GRADUATED}, InvalidValue),
        ({"code": "basic"}, AlreadyExists),
        ({"code": "\0"}, InvalidValue),
        ({"tax_class": ""}, InvalidValue),
    ],
)
def test_a_replacement_that_is_refused_leaves_the_old_price_on_sale(
    shop: Shop, wrong: dict[str, Any], error: type[DomainError]
) -> None:
    old = made(shop)
    given = {"price_id": old, "code": new_id().hex(), "unit_amount": Decimal(6)} | wrong
    with pytest.raises(error):
        catalog.replace_price(tenant=shop.tenant, now=machine_now(), **given)
    assert shop.rows("SELECT sold_until FROM prices WHERE id = %s", old) == [(None,)]
    assert shop.rows("SELECT 1 FROM prices WHERE replaces_id = %s", old) == []


def test_a_price_is_another_tenants_secret(shop: Shop) -> None:
    stranger = open_shop()
    for act in (catalog.retire_price, catalog.current_price):
        with pytest.raises(NotFound):
            act(tenant=stranger.tenant, price_id=shop.prices["basic"], now=machine_now())
    with pytest.raises(NotFound):
        catalog.replace_price(tenant=stranger.tenant, price_id=shop.prices["basic"], code="stolen", now=machine_now())
    assert catalog.price_list(tenant=stranger.tenant, of=plan_of(shop, "basic")) == []


def test_a_retired_price_goes_on_for_those_who_have_it() -> None:
    shop = open_shop()
    shop.start(shop.customer("Bo"), "basic")
    later = shop.now + timedelta(days=5)
    price_id = shop.prices["basic"]
    assert catalog.retire_price(tenant=shop.tenant, price_id=price_id, at=later, now=machine_now()) == later
    shop.start(shop.customer("Eva"), "basic")
    assert (
        catalog.retire_price(tenant=shop.tenant, price_id=price_id, now=machine_now()) == shop.now
    )  # sooner, after all
    retired = shop.now
    with pytest.raises(PriceNotSold):
        shop.start(shop.customer("Ida"), "basic")
    shop.clock_to(date(2025, 3, 1))
    assert catalog.retire_price(tenant=shop.tenant, price_id=price_id, now=machine_now()) == retired
    assert shop.bill().documents == 2
    with pytest.raises(InvalidValue):
        catalog.retire_price(tenant=shop.tenant, price_id=shop.prices["plus"], at=retired, now=machine_now())


def test_what_a_price_says_never_changes(shop: Shop) -> None:
    for change in ("unit_amount = 1", "scheme = NULL", "setup_fee = 0", "replaces_id = NULL", "sold_from = NULL"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="prices_stay"):
            shop.rows(f"UPDATE prices SET {change}")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"model": "tiered"}, "prices_model"),
        ({"model": "graduated"}, "prices_model"),
        ({"scheme": "{}"}, "prices_model"),
        ({"meter_id": "00000000000000000000000000000001"}, "prices_metered_in_arrears"),
        ({"setup_fee": "-1"}, "prices_fee_not_negative"),
        ({"period_minimum": "-1"}, "prices_minimum_not_negative"),
    ],
)
def test_the_database_refuses_what_no_price_is(shop: Shop, change: dict[str, str], rule: str) -> None:
    columns = "id, tenant_id, plan_id, code, model, currency, interval_unit, interval_count, unit_amount, timing, "
    columns += "tax_inclusive, tax_class, created_at, scale, trial_days, scheme, meter_id, setup_fee, period_minimum"
    values = {name: name for name in columns.split(", ")} | {
        "id": "gen_random_uuid()", "code": "gen_random_uuid()", "scheme": "NULL", "meter_id": "NULL",
        "setup_fee": "NULL", "period_minimum": "NULL",
    }  # fmt: skip
    values |= {name: f"'{value}'" for name, value in change.items()}
    with pytest.raises(psycopg.errors.CheckViolation, match=rule):
        shop.rows(
            f"INSERT INTO prices ({columns}) SELECT {', '.join(values.values())} FROM prices WHERE code = 'basic'"
        )


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\0b", "a\ud800b"])
def test_text_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        catalog.checked(name, field="name")
    assert str(refused.value).encode()
