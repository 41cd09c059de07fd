"""The table of states, and where a service ends."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise, product

import pytest

from perennia.domain.errors import InvalidValue, MoveNotPermitted
from perennia.domain.facts import Status
from perennia.domain.lifecycle import LIVE, check_move, end_of_service
from perennia.domain.policies import Policies
from tests.domain.world import COPENHAGEN, Account, payer, seller, simple, utc

PERMITTED = {
    ("scheduled", "trialing"), ("scheduled", "active"), ("scheduled", "canceled"), ("trialing", "active"),
    ("trialing", "canceled"), ("active", "past_due"), ("active", "canceled"), ("past_due", "active"),
    ("past_due", "canceled"), ("active", "trialing"), ("trialing", "paused"), ("active", "paused"),
    ("past_due", "paused"), ("paused", "active"), ("paused", "trialing"), ("paused", "canceled"),
    ("scheduled", "incomplete"), ("incomplete", "incomplete_expired"), ("incomplete", "trialing"), ("incomplete", "active"),
    ("active", "unpaid"), ("past_due", "unpaid"), ("unpaid", "active"), ("unpaid", "canceled"),
}  # fmt: skip


@pytest.mark.parametrize(("state", "to"), list(product(Status, Status)))
def test_every_move_is_permitted_or_refused(state: Status, to: Status) -> None:
    if (state, to) in PERMITTED:
        check_move(state=state, to=to)
    else:
        with pytest.raises(MoveNotPermitted):
            check_move(state=state, to=to)


def test_who_counts_as_a_subscriber() -> None:
    assert {"active", "past_due", "unpaid"} == LIVE


@pytest.mark.parametrize(
    ("asked_for", "cancel_day", "ends"),
    [
        (utc(2025, 4, 11, 10), "free", utc(2025, 4, 10, 22)),
        (utc(2025, 4, 11, 10), "billed", utc(2025, 4, 11, 22)),
        (utc(2025, 4, 10, 22), "billed", utc(2025, 4, 11, 22)),  # its first instant is of the day too
        (utc(2025, 3, 30, 10), "billed", utc(2025, 3, 30, 22)),  # a day of 23 hours
        (utc(2025, 10, 26, 22, 30), "billed", utc(2025, 10, 26, 23)),  # the last half hour of one of 25
        (utc(2025, 1, 1, 5), "free", utc(2024, 12, 31, 23)),  # on the day of the start
    ],
)
def test_a_service_ends_with_a_local_day(asked_for: datetime, cancel_day: str, ends: datetime) -> None:
    one = simple("10.00", start=date(2025, 1, 1), zone=COPENHAGEN, policies=Policies(cancel_day=cancel_day))
    assert end_of_service(one, asked_for=asked_for) == ends


def test_a_service_does_not_end_before_it_began_but_what_has_not_begun_may() -> None:
    begins_late = simple("10.00", start=date(2025, 1, 2))
    assert end_of_service(begins_late, asked_for=utc(2025, 1, 1, 12)) == utc(2025, 1, 1)
    with pytest.raises(InvalidValue):
        end_of_service(replace(begins_late, status=Status.ACTIVE), asked_for=utc(2025, 1, 1, 23))


@pytest.mark.parametrize(
    ("trial_ends", "cancel", "moves"),
    [
        (None, None, "active"),
        (date(2025, 1, 15), None, "trialing active"),
        (date(2025, 1, 15), date(2025, 1, 10), "trialing canceled"),
        (date(2025, 1, 15), date(2025, 1, 15), "trialing canceled"),
        (date(2025, 1, 15), date(2025, 2, 10), "trialing active canceled"),
        (None, date(2025, 1, 1), "canceled"),
        (None, date(2024, 12, 20), "canceled"),  # before the start
        (date(2025, 1, 1), None, "active"),  # a trial of no days
    ],
)
def test_a_subscription_on_its_way(trial_ends, cancel, moves) -> None:
    one = simple("10.00", start=date(2025, 1, 1), trial_ends=trial_ends, cancel=cancel)
    for step in (1, 90):
        account = Account(payer(one), seller())
        account.run(utc(2024, 12, 1), utc(2025, 4, 1), every=timedelta(days=step))
        found = [move for decision in account.decisions for move in decision.moves]
        assert " ".join(move.after for move in found) == moves
        assert all(before.after == after.before for before, after in pairwise(found))
        if moves.endswith("canceled"):
            assert account.next_due_at is None
        if "active" not in moves:
            assert not account.documents and not account.movements
