"""Granted credit: what is spent first, what is left, and its end, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.decision import Account, Source
from perennia.domain.events import EventType
from perennia.domain.grants import Grant, GrantKind, draw, next_expiry_at, without_grant
from perennia.domain.wallet import expire, give
from tests.domain.world import ENTITY, fresh_ids, key

NOW = datetime(2025, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def grant(left: int, *, kind: GrantKind = GrantKind.PROMOTIONAL, days: int | None = None, given: int = 0) -> Grant:
    ends = None if days is None else NOW + days * DAY
    return Grant(key(), ENTITY.id, "EUR", kind, left, NOW + given * DAY, ends)


def test_order_of_spending():
    paid, free, late, soon = grant(5, kind=GrantKind.PAID), grant(5), grant(5, days=9), grant(5, days=3)
    drawn = draw([paid, free, late, soon], balance_minor=22, wanted_minor=100, at=NOW)
    assert drawn == ((soon.id, 5), (late.id, 5), (free.id, 5), (paid.id, 5), (None, 2))


def test_of_two_that_end_together_the_given_one_goes_first_then_the_older():
    paid, new, old = (
        grant(1, days=3, kind=GrantKind.PAID), grant(1, days=3, given=1), grant(1, days=3, given=0),
    )  # fmt: skip
    drawn = draw([paid, new, old], balance_minor=3, wanted_minor=3, at=NOW)
    assert [key for key, _ in drawn] == [old.id, new.id, paid.id]


def test_what_is_over_is_not_spent_and_is_nobodys_loose_money():
    over, running = grant(5, days=3), grant(5, days=4)
    at = NOW + 3 * DAY
    assert draw([over, running], balance_minor=12, wanted_minor=100, at=at) == ((running.id, 5), (None, 2))
    assert without_grant([over, running], balance_minor=12) == 2


@given(
    lefts=st.lists(st.tuples(st.integers(0, 50), st.one_of(st.none(), st.integers(-2, 5))), max_size=6),
    loose=st.integers(0, 50), wanted=st.integers(0, 400), day=st.integers(0, 5),
)  # fmt: skip
def test_a_draw_is_within_every_bound(lefts: list, loose: int, wanted: int, day: int):
    grants = [grant(left, days=days, given=-9) for left, days in lefts]
    at, balance = NOW + day * DAY, loose + sum(left for left, _ in lefts)
    drawn = draw(grants, balance_minor=balance, wanted_minor=wanted, at=at)
    usable = loose + sum(one.left_minor for one in grants if not one.is_over(at))
    assert sum(amount for _, amount in drawn) == min(wanted, usable)
    left = {one.id: one for one in grants}
    for grant_id, amount in drawn:
        assert amount > 0
        if grant_id is None:
            assert amount <= loose
        else:
            assert amount <= left[grant_id].left_minor and not left[grant_id].is_over(at)
    assert len({grant_id for grant_id, _ in drawn}) == len(drawn)


def test_the_next_end_is_of_what_is_left():
    assert next_expiry_at([]) is None
    assert next_expiry_at([grant(5), grant(0, days=1), grant(5, days=7), grant(5, days=3)]) == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("kind", "at_grant", "at_end"),
    [(GrantKind.PROMOTIONAL, Account.GRANTED, Account.GRANTED), (GrantKind.PAID, Account.CASH_OTHER, Account.EXPIRED)],
)
def test_credit_comes_and_goes_by_balanced_postings(kind: GrantKind, at_grant: Account, at_end: Account):
    one, ids = grant(700, kind=kind, days=3), fresh_ids()
    moved = give(one, reason="sorry", new_ids=ids)
    assert [(p.account, p.amount_minor) for p in moved.postings] == [(at_grant, 700), (Account.CUSTOMER_CREDIT, -700)]
    assert [(e.amount_minor, e.source, e.grant_id) for e in moved.balance] == [(700, Source.GRANT, one.id)]
    ended = expire([one, grant(5), grant(0, days=1)], at=NOW + 30 * DAY, new_ids=ids)
    assert [(p.account, p.amount_minor) for p in ended.postings] == [(Account.CUSTOMER_CREDIT, 700), (at_end, -700)]
    assert [(e.amount_minor, e.source, e.at) for e in ended.balance] == [(-700, Source.EXPIRY, NOW + 3 * DAY)]
    assert [event.type for event in ended.events] == [EventType.CREDIT_EXPIRED]


def test_nothing_expires_before_its_instant():
    one = grant(5, days=3)
    assert expire([one], at=NOW + 3 * DAY - timedelta(microseconds=1), new_ids=fresh_ids()).balance == ()
    assert len(expire([one], at=NOW + 3 * DAY, new_ids=fresh_ids()).balance) == 1
