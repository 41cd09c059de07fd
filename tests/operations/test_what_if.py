"""What another price for everyone comes to: to the cent what it comes to when it is done."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import Interval, Series, Unit, first_of_month, local_date, midnight, next_month, slot_at
from perennia.domain.cohorts import Month
from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.jobs import advancing
from perennia.operations import books, catalog, changes, subscriptions
from perennia.operations.chosen import Chosen
from perennia.operations.what_if import WhatIf, what_if
from perennia.store import session
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

ASKED_AT = datetime.fromisoformat("2025-03-12T11:00+00:00")
START_ON = date(2025, 5, 20)


def a_crowd(**policies: Any) -> Shop:
    """Subscribers of Basic of every kind, and some of Plus; it is 12 March 2025."""
    shop = open_shop(opened_on=date(2024, 10, 5), **policies)
    for number, day in enumerate((5, 5, 5, 17, 17, 30)):
        shop.clock_to(midnight(date(2024, 10, day), shop.zone) + timedelta(hours=12))
        shop.start(shop.customer(f"A{number}"), "basic")
        shop.start(shop.customer(f"B{number}"), "basic", "seat*3")
    shop.start(shop.customer("plus"), "plus")
    two = shop.customer("two")
    shop.start(two, "basic", "seat*7")
    shop.start(two, "plus")
    german = shop.customer("german", country="DE")
    shop.start(german, "basic")
    shop.start(shop.customer("later"), "basic", start_on=date(2025, 6, 11))
    shop.start(shop.customer("trial"), "basic", trial_ends_on=date(2025, 5, 25), start_on=date(2025, 1, 1))
    shop.start(shop.customer("leaves"), "basic", cancel_on=date(2025, 7, 13))
    own = subscriptions.start(
        tenant=shop.tenant,
        actor="astrid",
        customer_id=shop.customer("own"),
        items=[Chosen(shop.prices["basic"], unit_amount=Decimal("80"))],
        now=machine_now(),
    )
    assert own
    advancing.walk(tenant=shop.tenant, start=shop.now, to=ASKED_AT, calls=None, machine_now=machine_now)
    ends = shop.start(shop.customer("moves"), "basic")
    changes.change_plan(
        tenant=shop.tenant,
        actor="astrid",
        subscription_id=ends,
        price_id=shop.prices["plus"],
        when=date(2025, 8, 1),
        now=machine_now(),
    )
    return shop


def on_basic(shop: Shop) -> list[Id]:
    """Everyone who has Basic at the catalogue's price."""
    rows = shop.rows(
        """SELECT DISTINCT v.subscription_id FROM item_versions v WHERE v.price_id = %s AND v.unit_amount IS NULL
        AND v.ends_at IS NULL""",
        shop.prices["basic"],
    )
    return [row[0] for row in rows]


def the_year(shop: Shop, of: list[Id], answer: WhatIf) -> list[tuple[date, Month]]:
    """Let it come, and add up what these subscriptions were invoiced and what their movements came to."""
    last = answer.months[-1].month
    with books.written() as made:
        until = midnight(next_month(last), shop.zone) - timedelta(seconds=1)
        advancing.walk(tenant=shop.tenant, start=ASKED_AT, to=until, calls=None, machine_now=machine_now)
    invoiced: dict[date, Month] = defaultdict(Month)
    for document in [document for decision in made for document in decision.documents]:
        for line in document.lines:
            if line.subscription_id in of:
                month = first_of_month(document.issued_at, shop.zone)
                invoiced[month] = invoiced[month].plus(Month(0, line.net_minor, line.tax_minor))
    found = []
    for one in answer.months:
        end = midnight(next_month(one.month), shop.zone)
        rows = shop.rows(
            """SELECT coalesce(sum(mrr_minor), 0)::bigint FROM movements
            WHERE subscription_id = ANY(%s) AND effective_at < %s""",
            of,
            end,
        )
        found.append((one.month, invoiced[one.month].plus(Month(rows[0][0]))))
    return found


POLICIES: list[dict[str, Any]] = [
    {},
    {"proration": "none"},
    {"proration": "full"},
    {"difference_invoiced": "next_invoice"},
    {"credit_becomes": "next_invoice"},
    {"proration_unit": "second"},
    {"tax_rounding": "line", "rounding_mode": "half_even"},
]


@pytest.mark.parametrize("policies", POLICIES, ids=lambda given: ", ".join(given) or "defaults")
@pytest.mark.parametrize("with_a_period", [False, True], ids=["at the date", "with a period"])
def test_what_was_foretold_comes_to_the_cent(policies: dict[str, Any], with_a_period: bool) -> None:
    amount = Decimal("129.95")
    shop = a_crowd(**policies)
    answer = what_if(
        tenant=shop.tenant,
        plan="basic",
        amount=amount,
        start_on=START_ON,
        now=machine_now(),
        with_a_period=with_a_period,
    )
    of = on_basic(shop)
    assert (answer.subscriptions, answer.kept, answer.payers) == (len(of), 1, len(of))
    assert answer.distinct < answer.payers
    with session.preview(shop.tenant):
        before = the_year(shop, of, answer)
    assert [(one.month, one.before) for one in answer.months] == before
    product = shop.rows("SELECT product_id, id FROM plans WHERE code = 'basic'")[0]
    dearer = catalog.create_price(
        tenant=shop.tenant, code="dearer", plan_id=product[1], unit_amount=amount, currency="DKK", now=shop.now
    )
    for subscription in of:
        started = shop.rows("SELECT started_at FROM subscriptions WHERE id = %s", subscription)[0][0]
        when: date | datetime = max(START_ON, local_date(started, shop.zone))
        if with_a_period:
            when = first_period_from(shop, subscription, max(START_ON, local_date(started, shop.zone)))
        changes.change_plan(
            tenant=shop.tenant,
            actor="astrid",
            subscription_id=subscription,
            price_id=dearer,
            when=when,
            now=machine_now(),
        )
    assert [(one.month, one.after) for one in answer.months] == the_year(shop, of, answer)


def first_period_from(shop: Shop, subscription: Id, day: date) -> datetime:
    """Where a period of the plan first begins on a day or after it."""
    anchor = shop.rows(
        """SELECT coalesce(v.anchor_at, i.anchor_on::timestamp) FROM item_versions v JOIN items i ON i.id = v.item_id
        WHERE i.kind = 'plan' AND v.subscription_id = %s ORDER BY v.starts_at""",
        subscription,
    )[0][0]
    at = midnight(day, shop.zone)
    slot = slot_at(Series(anchor, shop.zone, Interval(Unit.MONTH)), at)
    return at if slot.start == at else slot.end


def test_what_is_asked_wrongly_is_refused() -> None:
    shop = open_shop()

    def ask(**given: Any) -> WhatIf:
        asked = {"plan": "basic", "amount": Decimal(1), "start_on": date(2025, 2, 1)} | given
        return what_if(tenant=shop.tenant, now=machine_now(), **asked)

    with pytest.raises(NotFound):
        ask(plan="nosuch")
    with pytest.raises(InvalidValue, match="begins today or later"):
        ask(start_on=date(2025, 1, 30))
    with pytest.raises(InvalidValue, match="not below zero"):
        ask(amount=Decimal(-1))
    with pytest.raises(InvalidValue, match="from 1 to 36 months"):
        ask(months=0)
    plan = shop.rows("SELECT id FROM plans WHERE code = 'basic'")[0][0]
    catalog.create_price(
        tenant=shop.tenant, code="basic-year", plan_id=plan, unit_amount=Decimal(900), currency="DKK",
        interval=Interval(Unit.YEAR), now=shop.now,
    )  # fmt: skip
    with pytest.raises(InvalidValue, match="name one of them: basic, basic-year"):
        ask()
    assert ask(plan="basic-year").subscriptions == 0
    assert [one.before for one in ask(plan="basic-year").months] == [Month()] * 12
