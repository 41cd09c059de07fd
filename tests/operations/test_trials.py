"""A product is tried once: by the same customer, under another name with the same mailbox, or with the same card."""

from threading import Barrier, Thread

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.ids import Id
from perennia.operations import catalog, customers, trials
from perennia.operations.books import open_books
from perennia.store.reads import customers as read
from perennia.store.session import forget_connection
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def product(shop: Shop) -> Id:
    return shop.rows("SELECT id FROM products WHERE code = 'service'")[0][0]


def tries(shop: Shop, customer: Id, *products: Id) -> set[Id]:
    with open_books(tenant=shop.tenant) as books:
        one = read.customer(books.cursor, customer_id=customer)
        return trials.remember(
            books, customer=one, product_ids=products or [product(shop)], now=books.business_time(machine_now())
        )


def known(shop: Shop, customer: Id, *products: Id) -> set[Id]:
    with open_books(tenant=shop.tenant) as books:
        one = read.customer(books.cursor, customer_id=customer)
        return trials.had_trial(books, customer=one, product_ids=products or [product(shop)])


def person(shop: Shop, email: str) -> Id:
    return customers.create_customer(tenant=shop.tenant, name="Bo", email=email, now=machine_now())


def test_the_same_customer_and_the_same_mailbox_are_known_again():
    shop = open_shop()
    bo, again, eva = person(shop, "bo@gmail.com"), person(shop, "B.o+2@GMail.com"), person(shop, "eva@gmail.com")
    assert known(shop, bo) == set()
    assert tries(shop, bo) == set()
    assert known(shop, bo) == known(shop, again) == {product(shop)}
    assert known(shop, eva) == set()
    assert tries(shop, again) == {product(shop)}


def test_the_same_card_is_known_under_any_name():
    shop = open_shop()
    bo, eva = shop.customer("Bo"), shop.customer("Eva")

    def stores(customer: Id, card: str) -> None:
        customers.add_payment_method(
            tenant=shop.tenant, customer_id=customer, gateway="sandbox", token="ok", fingerprint=card, now=machine_now()
        )

    stores(bo, "card-1")
    assert tries(shop, bo) == set()
    assert known(shop, eva) == set()
    stores(eva, "card-2")
    assert known(shop, eva) == set()
    stores(eva, "card-1")
    assert known(shop, eva) == {product(shop)}


def test_each_product_may_be_tried_once():
    shop = open_shop()
    tools = catalog.create_product(tenant=shop.tenant, code="tools", name="Tools")
    bo = shop.customer()
    tries(shop, bo)
    assert known(shop, bo, tools) == set()
    assert tries(shop, bo, tools, product(shop)) == {product(shop)}
    assert known(shop, bo, tools) == {tools}


def test_what_is_kept_names_nobody_and_another_tenant_knows_nothing():
    shop, stranger = open_shop(), open_shop()
    bo = person(shop, "bo@gmail.com")
    tries(shop, bo)
    kept = b"".join(bytes(row[0]) for row in shop.rows("SELECT hash FROM remembered_trials"))
    assert len(kept) == 64 and b"bo@" not in kept and bytes(bo) not in kept
    assert known(stranger, person(stranger, "bo@gmail.com"), product(stranger), product(shop)) == set()
    secrets = {
        bytes(shop.rows("SELECT secret FROM tenants WHERE id = %s", one.tenant)[0][0]) for one in (shop, stranger)
    }
    assert [len(secret) for secret in secrets] == [32, 32]


def test_of_two_sign_ups_at_once_with_one_mailbox_one_gets_the_trial():
    shop = open_shop()
    people = [person(shop, f"bo+{n}@example.com") for n in range(8)]
    gate, granted = Barrier(len(people)), []

    def sign_up(customer: Id) -> None:
        gate.wait()
        try:
            granted.append(not tries(shop, customer))
        finally:
            forget_connection()

    threads = [Thread(target=sign_up, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(granted) == [False] * 7 + [True]
