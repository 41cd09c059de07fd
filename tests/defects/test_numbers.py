"""Numbers without gap or double, whatever is given up on the way: defects D159 to D163."""

from datetime import date

import psycopg
import pytest

from perennia.config.clock import now as machine_now
from perennia.jobs.billing import run_until_done
from perennia.operations import invoices, previews
from perennia.store import session
from tests.defects.crowd import agrees
from tests.faults.victims import side_by_side
from tests.operations.counter import charges, document
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop() -> Shop:
    return open_shop(tax=False)


def numbers(shop: Shop, kind: str = "invoice") -> list[int]:
    return [number for (number,) in shop.rows("SELECT number FROM documents WHERE kind = %s ORDER BY id", kind)]


class ThoughtBetter(Exception):
    """Somebody gives up in the middle."""


def test_d159_of_forty_invoices_of_which_every_fifth_is_given_up_the_numbers_have_no_gap(shop: Shop) -> None:
    bo = shop.customer()
    for n in range(40):
        try:
            with session.transaction(shop.tenant):
                charges(shop, "Tea", "1.00", customer_id=bo)
                if n % 5 == 2:
                    raise ThoughtBetter
        except ThoughtBetter:
            continue
    assert numbers(shop) == list(range(1, 33))
    agrees(shop)


def test_d160_a_document_with_a_number_stays_and_a_void_keeps_its_number(shop: Shop) -> None:
    bo = shop.customer()
    for _ in range(2):
        charges(shop, "Tea", "1.00", customer_id=bo)
    for statement in (
        "DELETE FROM documents WHERE number = 2",
        "UPDATE documents SET number = 9 WHERE number = 2",
        "UPDATE documents SET number = NULL WHERE number = 2",
    ):
        with pytest.raises(psycopg.Error):
            shop.rows(statement)
    invoices.void(tenant=shop.tenant, actor="astrid", document_id=document(shop, 2), now=machine_now())
    charges(shop, "Tea", "1.00", customer_id=bo)
    assert numbers(shop) == [1, 2, 3] and numbers(shop, "credit_note") == [1]
    agrees(shop)


def test_d161_looking_at_what_would_be_invoiced_uses_up_no_number(shop: Shop) -> None:
    bo = shop.customer()
    subscription = shop.start(bo, "basic")
    for _ in range(5):
        with previews.preview(tenant=shop.tenant, now=machine_now()) as found:
            charges(shop, "Tea", "1.00", customer_id=bo)
            shop.cancel(subscription)
        assert found.decisions
    charges(shop, "Tea", "1.00", customer_id=bo)
    assert numbers(shop) == [1, 2]


def test_d162_four_processes_that_issue_side_by_side_give_each_number_once(shop: Shop) -> None:
    for n in range(24):
        shop.start(shop.customer(f"Bo{n}"), "basic", start_on=date(2025, 2, 10))
    shop.clock_to(date(2025, 2, 10))
    side_by_side(4, lambda: [shop.bill(limit=2) for _ in range(12)])
    assert sorted(numbers(shop)) == list(range(1, 25))
    agrees(shop)


def test_d163_a_batch_of_fifty_has_fifty_numbers(shop: Shop) -> None:
    for n in range(50):
        shop.start(shop.customer(f"Bo{n}"), "basic", start_on=date(2025, 2, 10))
    now = shop.clock_to(date(2025, 2, 10))
    assert run_until_done(tenant=shop.tenant, as_of=now, now=now).documents == 50
    assert sorted(numbers(shop)) == list(range(1, 51))
    agrees(shop)
