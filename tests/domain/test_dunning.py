"""Tables of what follows a failed payment. Day 0 is the first failure."""

from datetime import UTC, datetime, timedelta

import pytest

from perennia.domain.collection import (
    Answer,
    Attempt,
    AttemptState,
    Booking,
    Debt,
    DebtState,
    Method,
    Verdict,
    book_answer,
    subscription_moves,
)
from perennia.domain.dunning import (
    Decline,
    NextStep,
    Step,
    Tries,
    after_decline,
    after_outage,
    next_look_up,
    recovery_ends_at,
    when_due,
)
from perennia.domain.facts import Status
from perennia.domain.ids import Id
from perennia.domain.policies import Policies

FIRST = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)  # the night the clocks change: a day is 24 hours here
DEFAULT = Policies()
CARD, OTHER = Id(bytes(15) + b"\1"), Id(bytes(15) + b"\2")
DOCUMENT, PAYER, BO, DINA = (Id(bytes([n]) * 16) for n in range(4))


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


@pytest.mark.parametrize(
    ("now", "again"), [(0, 1), (0.5, 1), (1, 3), (2.9, 3), (3, 5), (5, 7), (7, 14), (13.9, 14), (14, 14), (20, 20)]
)
def test_a_soft_decline_is_repeated_on_days_1_3_5_7_14(now: float, again: float):
    at = after_decline(
        policies=DEFAULT, first_failed_at=FIRST, now=day(now), decline=Decline.SOFT, declined=1, has_other_method=False
    )
    assert at == day(again)


@pytest.mark.parametrize("decline", [Decline.HARD, Decline.FRAUD, Decline.AUTHENTICATION])
def test_no_other_decline_is_repeated_before_the_end(decline: Decline):
    at = after_decline(
        policies=DEFAULT, first_failed_at=FIRST, now=day(0), decline=decline, declined=1, has_other_method=False
    )
    assert at == day(14)


@pytest.mark.parametrize("decline", [Decline.SOFT, Decline.HARD])
def test_another_method_is_tried_at_once(decline: Decline):
    at = after_decline(
        policies=DEFAULT, first_failed_at=FIRST, now=day(2), decline=decline, declined=1, has_other_method=True
    )
    assert at == day(2)


def test_the_networks_cap_ends_the_repeats():
    every_day = Policies(dunning_days=tuple(range(1, 31)))
    days = [
        after_decline(
            policies=every_day, first_failed_at=FIRST, now=day(14), decline=Decline.SOFT, declined=n, has_other_method=False
        )
        for n in (14, 15)
    ]  # fmt: skip
    assert days == [day(15), day(30)]


def test_a_schedule_out_of_order_or_empty_still_ends():
    assert recovery_ends_at(policies=Policies(dunning_days=(7, 2)), first_failed_at=FIRST) == day(7)
    assert recovery_ends_at(policies=Policies(dunning_days=()), first_failed_at=FIRST) == FIRST


SOFT = Tries(declined=1, last=Decline.SOFT, last_method_id=CARD, last_at=day(7))
SOFT_AT_THE_END = Tries(declined=6, last=Decline.SOFT, last_method_id=CARD, last_at=day(14))
HARD = Tries(declined=1, last=Decline.HARD, last_method_id=CARD, last_at=day(0))
CAPPED = Tries(declined=15, last=Decline.SOFT, last_method_id=CARD, last_at=day(9))
NO_METHOD = Tries(last=Decline.SOFT, last_at=day(7))


@pytest.mark.parametrize(
    ("now", "method", "tries", "step"),
    [
        (7, CARD, SOFT, NextStep(Step.CHARGE)),
        (14, CARD, SOFT, NextStep(Step.CHARGE)),
        (16, CARD, SOFT, NextStep(Step.CHARGE)),  # the last day's try was missed
        (14, CARD, SOFT_AT_THE_END, NextStep(Step.END)),
        (14, OTHER, SOFT_AT_THE_END, NextStep(Step.CHARGE)),
        (6, CARD, HARD, NextStep(Step.WAIT, day(14))),
        (14, CARD, HARD, NextStep(Step.END)),
        (6, OTHER, HARD, NextStep(Step.CHARGE)),
        (14, OTHER, HARD, NextStep(Step.CHARGE)),
        (10, CARD, CAPPED, NextStep(Step.WAIT, day(14))),
        (14, CARD, CAPPED, NextStep(Step.END)),
        (7, None, NO_METHOD, NextStep(Step.NO_METHOD)),
        (14, None, NO_METHOD, NextStep(Step.END)),
        (8, CARD, NO_METHOD, NextStep(Step.CHARGE)),
        (14, CARD, Tries(under_way=True), NextStep(Step.WAIT)),
    ],
)
def test_what_to_do_with_a_debt_in_recovery_that_is_due(now: float, method: Id | None, tries: Tries, step: NextStep):
    assert when_due(policies=DEFAULT, first_failed_at=FIRST, now=day(now), method_id=method, tries=tries) == step


@pytest.mark.parametrize(("method", "step"), [(CARD, Step.CHARGE), (None, Step.NO_METHOD)])
def test_a_debt_that_never_failed_is_charged_where_there_is_a_method(method: Id | None, step: Step):
    assert when_due(policies=DEFAULT, first_failed_at=None, now=FIRST, method_id=method, tries=Tries()).step is step


def test_whatever_happens_recovery_ends():
    """Whichever way each try goes, fifty of them are more than any schedule takes."""
    for script in range(3**6):
        now, tries, steps = FIRST, Tries(), 0
        first: datetime | None = None
        while (
            step := when_due(policies=DEFAULT, first_failed_at=first, now=now, method_id=CARD, tries=tries)
        ).step is not Step.END:
            steps += 1
            assert steps < 50
            if step.step is Step.WAIT:
                assert step.at is not None and step.at > now
                now = step.at
                continue
            decline = (Decline.SOFT, Decline.HARD, Decline.AUTHENTICATION)[script // 3 ** (steps % 6) % 3]
            first = first or now
            tries = Tries(declined=tries.declined + 1, last=decline, last_method_id=CARD, last_at=now)
            now = after_decline(
                policies=DEFAULT, first_failed_at=first, now=now, decline=decline, declined=tries.declined,
                has_other_method=False,
            )  # fmt: skip
        assert now == day(14) and steps <= 8


def test_after_an_outage_the_pauses_grow():
    minutes = [(after_outage(now=FIRST, outages=n) - FIRST).seconds // 60 for n in range(6)]
    assert minutes == [5, 15, 60, 360, 360, 360]
    assert after_outage(now=FIRST, outages=0, decline=Decline.OUTAGE) == FIRST + timedelta(hours=1)
    assert after_outage(now=FIRST, outages=5, decline=Decline.OUTAGE) == FIRST + timedelta(hours=6)
    assert after_outage(now=FIRST, outages=0, decline=Decline.CONFIG) == day(1)


def test_an_unknown_attempt_is_asked_after_for_a_week():
    asked, now = [], FIRST
    while (at := next_look_up(created_at=FIRST, now=now, look_ups=len(asked))) is not None:
        asked.append(at - FIRST)
        now = at
    minute, hour, a_day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    assert asked == [minute, 5 * minute, 15 * minute, hour, 6 * hour, *(n * a_day for n in range(1, 8))]
    assert next_look_up(created_at=FIRST, now=day(2.5), look_ups=7) == day(3)


def test_an_unknown_attempt_is_never_given_up_by_age_alone():
    made, now = 1, day(8)
    pauses = []
    while (at := next_look_up(created_at=FIRST, now=now, look_ups=made)) is not None:
        pauses.append(at - now)
        made, now = made + 1, at
    minute, hour, a_day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    assert made == 12
    assert pauses == [4 * minute, 10 * minute, 45 * minute, 5 * hour, 18 * hour, *[a_day] * 6]


def a_debt(*, open_minor: int = 1000, state: DebtState = DebtState.OPEN) -> Debt:
    first = FIRST if state is DebtState.RECOVERING else None
    method = Method(CARD, "sandbox", "ok")
    return Debt(DOCUMENT, PAYER, DINA, "DKK", state, open_minor, 0, first, method, Tries())


def an_attempt(state: AttemptState = AttemptState.PROCESSING) -> Attempt:
    return Attempt(BO, DOCUMENT, PAYER, CARD, "sandbox", "DKK", 1000, state, FIRST)


def booked(
    answer: Answer, *, attempt: Attempt | None = None, debt: Debt | None = None, decline: Decline | None = None
) -> Booking:
    return book_answer(
        attempt or an_attempt(), debt or a_debt(), Verdict(answer, decline), policies=DEFAULT, now=FIRST,
        new_ids=lambda n: [Id(bytes([9, k]) * 8) for k in range(n)],
    )  # fmt: skip


@pytest.mark.parametrize("open_minor", [0, 1, 999, 1000])
def test_every_unit_captured_goes_to_the_debt_or_the_balance(open_minor: int):
    state = DebtState.OPEN if open_minor else DebtState.PAID
    booking = booked(Answer.SUCCEEDED, debt=a_debt(open_minor=open_minor, state=state))
    assert sum(a.amount_minor for a in booking.allocations) == open_minor
    assert sum(entry.amount_minor for entry in booking.balance) == 1000 - open_minor
    assert sum(posting.amount_minor for posting in booking.postings) == 0
    assert booking.paid == (open_minor > 0)


@pytest.mark.parametrize("answer", list(Answer))
@pytest.mark.parametrize("state", [AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.NOT_SENT])
def test_an_answer_about_a_finished_attempt_changes_nothing_but_brings_late_money(answer: Answer, state: AttemptState):
    booking = booked(answer, attempt=an_attempt(state))
    if answer is Answer.SUCCEEDED and state is not AttemptState.SUCCEEDED:
        assert booking.payment is not None
    else:
        assert booking == Booking(DOCUMENT, PAYER)


@pytest.mark.parametrize("decline", [Decline.DUPLICATE, Decline.REVIEW])
def test_a_duplicate_or_a_review_is_asked_after_and_is_no_decline(decline: Decline):
    booking = booked(Answer.DECLINED, decline=decline)
    assert booking.attempt is not None and booking.attempt.state is AttemptState.UNKNOWN
    assert not booking.declined and booking.debt is None


def test_not_found_sends_an_intent_again_but_finishes_an_unknown_attempt():
    assert booked(Answer.NOT_FOUND).repeat
    unknown = booked(Answer.NOT_FOUND, attempt=an_attempt(AttemptState.UNKNOWN))
    assert unknown.attempt is not None and unknown.attempt.state is AttemptState.NOT_SENT and not unknown.repeat
    assert unknown.debt is not None and unknown.debt.next_attempt_at == FIRST
    assert not booked(
        Answer.NOT_FOUND, debt=a_debt(open_minor=999)
    ).repeat  # lowered meanwhile: a new attempt, for less


def test_a_trial_is_not_past_due_and_nobody_moves_twice():
    bookings = [Booking(Id(bytes([n]) * 16), PAYER, declined=n == 5, paid=n == 6) for n in (5, 6)]
    on_document = {
        bookings[0].document_id: [(BO, Status.ACTIVE), (DINA, Status.TRIALING)],
        bookings[1].document_id: [(BO, Status.ACTIVE)],
    }
    moves = subscription_moves(bookings, on_document=on_document, failing=set(), now=FIRST)
    assert [(move.subscription_id, move.after) for move in moves] == [(BO, Status.PAST_DUE)]
