"""Bo chooses how he is written to; what he agreed to is kept with its proof."""

from datetime import date, datetime
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.domain.preferences import Channel, Notice, Preferences
from perennia.operations import preferences
from perennia.operations.books import open_books
from perennia.store.reads import preferences as read
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


def chooses(shop: Shop, customer: Id, **choices: Any) -> Preferences:
    return preferences.set_preferences(
        tenant=shop.tenant, actor="bo", customer_id=customer, now=machine_now(), **choices
    )


def agrees(shop: Shop, customer: Id, wording: str = "Yes, write to me.", source: str = "checkout") -> None:
    preferences.give_consent(
        tenant=shop.tenant, actor="bo", customer_id=customer, wording=wording, source=source, now=machine_now()
    )


def withdraws(shop: Shop, customer: Id, source: str = "portal") -> None:
    preferences.withdraw_consent(tenant=shop.tenant, actor="bo", customer_id=customer, source=source, now=machine_now())


def consents(shop: Shop, customer: Id) -> list[tuple[bool, str, str, datetime]]:
    with open_books(tenant=shop.tenant) as books:
        return [
            (one.given, one.wording, one.source, one.at) for one in read.consents(books.cursor, customer_id=customer)
        ]


def story(shop: Shop) -> list[str]:
    return [row[0] for row in shop.rows("SELECT after FROM history WHERE change = 'customer.fields' ORDER BY id")]


def test_what_is_chosen_holds_and_what_is_not_stays():
    shop = open_shop()
    bo = shop.customer()
    chooses(shop, bo, language="da", notices={"invoice_issued": False})
    chosen = chooses(shop, bo, channel="portal", notices={"usage_alert": False, "invoice_issued": True})
    assert chosen == Preferences("da", Channel.PORTAL, {Notice.INVOICE_ISSUED: True, Notice.USAGE_ALERT: False})
    assert [notice for notice in Notice if not chosen.wants(notice)] == [Notice.USAGE_ALERT]
    with open_books(tenant=shop.tenant) as books:
        assert read.preferences(books.cursor, customer_id=bo) == chosen
    assert story(shop) == ["language, notices", "channel, notices"]


def test_choosing_the_same_again_tells_nothing():
    shop = open_shop()
    bo = shop.customer()
    for _ in range(2):
        chooses(shop, bo, language="da", channel="email", notices={"trial_ending": True})
    assert story(shop) == ["language"]
    assert shop.rows("SELECT count(*)::int FROM outbox WHERE type = 'customer.updated'") == [(1,)]


def test_every_yes_and_no_is_kept_with_its_words_its_source_and_its_time():
    shop = open_shop()
    bo = shop.customer()
    withdraws(shop, bo)  # nothing was given yet
    agrees(shop, bo)
    agrees(shop, bo)
    first = shop.now
    shop.clock_to(date(2025, 3, 1))
    withdraws(shop, bo)
    withdraws(shop, bo, "a letter")
    agrees(shop, bo, "New words.", "portal")
    assert consents(shop, bo) == [
        (True, "New words.", "portal", shop.now),
        (False, "", "portal", shop.now),
        (True, "Yes, write to me.", "checkout", first),
    ]
    assert shop.rows("SELECT marketing_consent FROM customers") == [(True,)]
    assert story(shop) == ["marketing_consent"] * 3
    assert not any("write" in str(row) for row in shop.rows("SELECT before, after, reason FROM history"))


@pytest.mark.parametrize(
    "choices",
    [
        {"language": "Danish"},
        {"language": "d\0"},
        {"language": ""},
        {"channel": "pigeon"},
        {"notices": {"everything": False}},
        {"notices": {"\0": True}},
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_changes(choices: dict[str, Any]):
    shop = open_shop()
    bo = shop.customer()
    with pytest.raises(InvalidValue):
        chooses(shop, bo, **{"language": "da"} | choices)
    assert shop.rows("SELECT language, channel, notices FROM customers") == [("en", "email", {})]
    assert story(shop) == []


@pytest.mark.parametrize(
    ("wording", "source"), [("", "x"), ("a\0b", "x"), ("x" * 10_001, "x"), ("x", ""), ("x", "y" * 201)]
)
def test_a_consent_without_words_or_source_is_none(wording: str, source: str):
    shop = open_shop()
    bo = shop.customer()
    with pytest.raises(InvalidValue):
        agrees(shop, bo, wording, source)
    assert consents(shop, bo) == []


def test_a_stranger_chooses_nothing_for_bo():
    shop, stranger = open_shop(), open_shop()
    bo = shop.customer()
    for act in (
        lambda: chooses(stranger, bo, language="da"),
        lambda: agrees(stranger, bo),
        lambda: withdraws(stranger, bo),
    ):
        with pytest.raises(NotFound):
            act()
    assert consents(shop, bo) == [] and story(stranger) == []
