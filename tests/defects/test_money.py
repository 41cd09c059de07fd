"""Minor units, roundings, tax, credits that fit what they credit: defects D067 to D084."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import Interval, Unit
from perennia.domain.corrections import LineCredit
from perennia.domain.errors import InvalidValue
from perennia.domain.ids import Id
from perennia.operations import catalog, coupons, tenants
from perennia.operations.one_offs import FreeLine
from tests.defects.crowd import agrees, one
from tests.defects.tale import amounts, documents, lines, outcome
from tests.operations.counter import balance, charges, credits, document, grants, invoiced, pays
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till
from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")

DECIMALS = {"JPY": 0, "KRW": 0, "ISK": 0, "HUF": 2, "BHD": 3, "DKK": 2, "TND": 3, "UGX": 0}
"""ISO 4217, written down here once more, by hand."""


def priced(shop: Shop, currency: str, amount: str) -> str:
    """A plan of its own at an amount in a currency; answers its code."""
    code = f"in-{currency.lower()}"
    product = one(shop, "SELECT id FROM products LIMIT 1")
    plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code=code, name=code)
    shop.prices[code] = catalog.create_price(
        tenant=shop.tenant, code=code, plan_id=plan, unit_amount=Decimal(amount), currency=currency, now=machine_now()
    )
    return code


def test_d067_the_gateway_is_asked_for_the_amount_in_the_currencys_own_minor_units(till: Till) -> None:
    till.shop = open_shop(tax=False)
    for currency in DECIMALS:
        till.subscriber("ok", priced(till.shop, currency, "100"), name=currency)
    till.collect()
    for key, currency in till.shop.rows("SELECT idempotency_key, currency FROM attempts"):
        _, charge = till.stand.ask("GET", f"/v1/charges/{key}")
        assert (charge["currency"], charge["amount_minor"]) == (currency, 100 * 10 ** DECIMALS[currency])


@pytest.mark.parametrize("currency", DECIMALS)
def test_d068_amounts_are_told_with_the_decimals_that_the_currency_has(currency: str) -> None:
    (told,) = documents(
        f"""
        currency: {currency}
        tax: 25
        plans: {{basic: 1000}}
        2024-04-01 subscribe basic
        """
    )
    written = lambda amount: f"{Decimal(amount):.{DECIMALS[currency]}f}"  # noqa: E731
    assert (told["net"], told["tax"], told["due"]) == (written(1000), written(250), written(1250))


def test_d069_a_hundred_yen_are_a_hundred_yen_in_every_book(till: Till) -> None:
    till.shop = open_shop(tax=False)
    till.subscriber("ok", priced(till.shop, "JPY", "100"))
    till.collect()
    reference = one(till.shop, "SELECT id FROM documents").text("inv")
    _, summary = till.stand.ask("GET", f"/v1/charges?reference={reference}")
    assert summary["amounts_minor"] == {"JPY": 100}
    assert till.shop.rows("SELECT captured_minor, currency FROM payments") == [(100, "JPY")]
    assert till.receivables() == [("paid", 0)] and till.books()[101] == 100


def test_d070_five_hundred_won_pay_an_invoice_of_five_hundred_won() -> None:
    shop = open_shop(tax=False)
    bo = shop.customer()
    shop.start(bo, priced(shop, "KRW", "500"))
    pays(shop, 500, currency="KRW", document_id=document(shop))
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("paid", 0)]
    assert shop.rows("SELECT count(*) FROM balance_entries") == [(0,)]


@pytest.mark.parametrize("seed", range(6))
def test_d071_however_an_invoice_is_split_into_credit_notes_they_come_to_it(seed: int) -> None:
    """Lines and splits at random: the sums of net and of tax are the invoice's, and the last one is not refused."""
    chance, shop = random.Random(seed), open_shop()
    free = [FreeLine(f"L{n}", Decimal(chance.randrange(1, 40000)) / 100) for n in range(chance.randint(1, 3))]
    of = invoiced(shop, shop.customer(), *free)
    for place, net in shop.rows("SELECT position, net_minor FROM lines ORDER BY position"):
        left = net
        while left:
            part = min(left, chance.randint(max(1, net // 4), net))
            credits(shop, of, LineCredit(place, net_minor=part))
            left -= part
    assert shop.rows("SELECT sum(net_minor)::int, sum(tax_minor)::int FROM documents") == [(0, 0)]
    assert shop.rows("SELECT state, open_minor FROM receivables") == [("paid", 0)] and balance(shop) == 0
    agrees(shop)


@pytest.mark.parametrize("seed", range(6))
def test_d072_the_tax_of_a_document_is_its_exact_tax_rounded_once_and_shared_by_its_lines(seed: int) -> None:
    chance, shop = random.Random(seed), open_shop()
    nets = [chance.randrange(1, 20000) for _ in range(chance.randint(2, 6))]
    invoiced(shop, shop.customer(), *(FreeLine(f"L{n}", Decimal(net) / 100) for n, net in enumerate(nets)))
    exact = (Decimal(sum(nets)) / 4).quantize(Decimal(1), ROUND_HALF_UP)
    assert shop.rows("SELECT net_minor, tax_minor FROM documents") == [(sum(nets), exact)]
    taxes = [tax for (tax,) in shop.rows("SELECT tax_minor FROM lines ORDER BY position")]
    assert sum(taxes) == exact and all(abs(Fraction(net, 4) - tax) < 1 for net, tax in zip(nets, taxes, strict=True))


def test_d073_a_document_rounded_by_yesterdays_policy_can_be_given_back_to_the_last_cent() -> None:
    found = documents(
        """
        tax: 25
        plans: {basic: 0.10}
        add_ons: {bag: 0.10, box: 0.10}
        2024-04-01 subscribe plan=basic items=[bag, box] policy={tax_rounding: line}
        2024-04-01 cancel when=now policy={tax_rounding: invoice_rate}
        """
    )
    assert [(one["net"], one["tax"]) for one in found] == [("0.30", "0.09"), ("-0.30", "-0.09")]


@pytest.mark.parametrize(("granted", "left", "due"), [(12499, 0, 1), (12500, 0, 0), (12501, 1, 0), (99999, 87499, 0)])
def test_d074_credit_a_little_above_or_below_an_invoice_never_takes_it_below_zero(
    granted: int, left: int, due: int
) -> None:
    shop = open_shop()
    bo = shop.customer()
    grants(shop, bo, granted)
    shop.start(bo, "basic")
    assert shop.rows("SELECT number, from_balance_minor FROM documents") == [(1, 12500 - due)]
    assert shop.rows("SELECT open_minor FROM receivables") == [(due,)] and balance(shop) == left
    agrees(shop)


def test_d075_the_tax_given_back_so_far_is_the_exact_share_of_the_tax_that_was_charged() -> None:
    shop = open_shop()
    charges(shop, "Poster", "9.99", customer_id=shop.customer())
    given = Fraction(0)
    for net in (333, 101, 565):
        credits(shop, document(shop), LineCredit(1, net_minor=net))
        given += net
        share = given * 250 / 999
        found = -one(shop, "SELECT sum(tax_minor)::int FROM documents WHERE kind = 'credit_note'")
        assert found == int(share + Fraction(1, 2))
    assert found == 250


@pytest.mark.parametrize("seed", range(5))
def test_d076_a_chain_of_upgrades_credits_no_line_with_more_than_it_charged(seed: int) -> None:
    chance = random.Random(seed)
    plans = {f"p{n}": chance.randrange(1, 99999) for n in range(5)}
    acts = sorted(chance.sample(range(2, 31), 7))
    told = documents(
        "tax: 25\nplans: {" + ", ".join(f"{code}: {minor / 100:.2f}" for code, minor in plans.items()) + "}\n"
        "2024-05-01 subscribe p0\n"
        + "\n".join(f"2024-05-{day:02d} change_plan {chance.choice(list(plans))}" for day in acts)
        + "\n2024-06-01 bill_run"
    )
    charged, given = {}, {}
    for paper in told:
        for place, line in enumerate(paper["lines"], start=1):
            amount = Decimal(line["amount"])
            if line["credits"] is None:
                note = "" if paper["kind"] == "invoice" else "credit_note "
                charged[f"{note}{paper['number']}/{place}"] = amount
            else:
                given[line["credits"]] = given.get(line["credits"], 0) - amount
    assert given and all(0 <= amount <= charged[line] for line, amount in given.items())


def test_d077_an_amount_with_twelve_decimals_passes_every_check() -> None:
    assert (
        amounts(
            """
        tax: 25
        plans: {basic: {amount: "0.123456789", model: per_unit}}
        2024-04-01 subscribe plan=basic quantity=1234567
        2024-05-01 bill_run
        """
        )
        == [Decimal("152415.68")] * 2
    )  # 152415.677...


def test_d078_what_a_change_of_plan_charges_has_its_tax() -> None:
    story(
        """
        tax: 25
        plans: {small: 10, big: 100}
        2024-04-01 subscribe small
        2024-04-16 change_plan big
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  10.00
          net 10.00  tax 2.50  total 12.50
        2024-04-16 c1 invoice 2
          big            2024-04-16..2024-05-01  50.00
          small  credit  2024-04-16..2024-05-01  -5.00  of 1/1
          net 45.00  tax 11.25  total 56.25
        """,
    )


def test_d079_a_document_below_zero_adds_to_the_credit_and_takes_nothing_of_it() -> None:
    shop = open_shop(opened_on=date(2025, 4, 1), tax=False)
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    pays(shop, 10000, document_id=document(shop))
    grants(shop, bo, 1000)
    shop.clock_to(date(2025, 4, 16))
    shop.cancel(subscription)
    assert shop.rows("SELECT kind, number, net_minor FROM documents ORDER BY kind") == [
        ("credit_note", 1, -5000), ("invoice", 1, 10000),
    ]  # fmt: skip
    assert balance(shop) == 6000 and one(shop, "SELECT sum(open_minor)::int FROM receivables") == 0
    agrees(shop)


@pytest.mark.parametrize("looked_on", ["2024-02-15", "2024-04-20", "2024-05-02"])
def test_d080_a_period_costs_the_same_whenever_somebody_looks_at_it(looked_on: str) -> None:
    found = lines(
        f"""
        policy: {{catch_up_limit: 12}}
        plans: {{basic: {{amount: 80, timing: arrears}}}}
        2024-01-12 subscribe plan=basic alignment=calendar
        {looked_on} bill_run
        2024-05-03 bill_run
        """
    )
    assert [(one["start"], one["amount"]) for one in found] == [
        ("2024-01-12", "51.61"), ("2024-02-01", "80.00"), ("2024-03-01", "80.00"), ("2024-04-01", "80.00"),
    ]  # fmt: skip


def _in_the_catalogue(shop: Shop) -> dict[str, Callable[[Any], object]]:
    product: Id = one(shop, "SELECT id FROM products LIMIT 1")
    plan = catalog.create_plan(tenant=shop.tenant, product_id=product, code="any", name="Any")
    base = {"tenant": shop.tenant, "now": machine_now()}
    price = {**base, "plan_id": plan, "code": "any", "currency": "DKK", "unit_amount": Decimal(1)}
    rate = {"tenant": shop.tenant, "country": "SE", "valid_from": date(2020, 1, 1), "source": "a law"}
    return {
        "amount": lambda value: catalog.create_price(**price | {"unit_amount": value}),
        "minimum": lambda value: catalog.create_price(**price, period_minimum=value),
        "set-up": lambda value: catalog.create_price(**price, setup_fee=value),
        "trial": lambda value: catalog.create_price(**price, trial_days=int(value)),
        "tax": lambda value: tenants.set_tax_rate(**rate, percent=value),
        "percent off": lambda value: coupons.create_coupon(**base, code="X", percent_off=value),
        "amount off": lambda value: coupons.create_coupon(
            **base, code="X", amount_off_minor=int(value), currency="DKK"
        ),
        "interval": lambda value: Interval(Unit.MONTH, int(value)),
    }


@pytest.mark.parametrize("value", [Decimal(-1), Decimal("-1E12"), Decimal("NaN")], ids=str)
@pytest.mark.parametrize(
    "what", ["amount", "minimum", "set-up", "trial", "tax", "percent off", "amount off", "interval"]
)
def test_d081_nothing_can_be_sold_or_taxed_below_zero(what: str, value: Decimal) -> None:
    if value.is_nan() and what in ("trial", "amount off", "interval"):
        value = Decimal(-(2**70))
    with pytest.raises(InvalidValue):
        _in_the_catalogue(open_shop(tax=False))[what](value)


@pytest.mark.parametrize("what", ["tax", "percent off"])
def test_d081_no_share_is_above_the_whole(what: str) -> None:
    with pytest.raises(InvalidValue):
        _in_the_catalogue(open_shop(tax=False))[what](Decimal("100.01"))


@pytest.mark.parametrize(("ends", "amount"), [("2024-04-30", 0), ("2024-05-01", 0), ("2024-05-02", 1)])
def test_d082_an_end_around_the_first_day_of_a_period_costs_nothing_or_one_day(ends: str, amount: int) -> None:
    """A month of 31 days at 31.00, agreed on to begin on 1 May."""
    codes = ["invalid_value"] if ends < "2024-05-01" else []
    found = outcome(
        f"""
        plans: {{basic: 31}}
        2024-04-20 subscribe plan=basic start_date=2024-05-01 end_date={ends}
        2024-06-20 bill_run
        """,
        refused=codes,
    )
    told = [Decimal(line["amount"]) for one in found for paper in one["documents"] for line in paper["lines"]]
    assert sum(told) == amount and all(one >= 0 for one in told)


def test_d084_money_of_a_customer_settles_the_oldest_invoice_first() -> None:
    shop = open_shop(tax=False)
    bo = shop.customer()
    shop.start(bo, "basic")
    shop.clock_to(shop.now + timedelta(days=28))
    shop.bill()
    pays(shop, 12500, customer_id=bo)
    rows = shop.rows("SELECT r.open_minor FROM receivables r JOIN documents d ON d.id = r.document_id ORDER BY number")
    assert rows == [(0,), (7500,)]
    agrees(shop)
