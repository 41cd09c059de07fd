"""What acts that are dated back over a pause move of recurring revenue: up to any day it comes to that day's figure."""

from datetime import date

import pytest

from tests.scenarios.told import played

pytestmark = pytest.mark.usefixtures("database")


def moved(timeline: str) -> list[str]:
    """The movements of a timeline: the day they hold from, what they are, and how much a month."""
    from perennia.operations.books import written

    with written() as decisions:
        told = played(timeline)
    assert "WRONG" not in told
    movements = [one for decision in decisions for one in decision.movements]
    return [f"{one.effective_at.date()} {one.kind} {one.mrr_minor}" for one in movements]


def on(day: str, movements: list[str]) -> int:
    """Recurring revenue of a day."""
    until = date.fromisoformat(day)
    return sum(int(one.split()[2]) for one in movements if date.fromisoformat(one.split()[0]) <= until)


def test_a_change_back_over_a_pause_that_is_over() -> None:
    found = moved(
        """
        plans: {basic: 30, big: 100}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-05-02 advance_to
        2024-05-03 change_plan big when=2024-04-05
        """
    )
    assert found == [
        "2024-04-01 new 3000", "2024-04-11 pause -3000", "2024-04-21 resume 3000",
        "2024-04-05 expansion 7000", "2024-04-11 pause -7000", "2024-04-21 resume 7000",
    ]  # fmt: skip
    assert [on(day, found) for day in ("2024-04-04", "2024-04-05", "2024-04-15", "2024-04-21")] == [
        3000,
        10000,
        0,
        10000,
    ]


def test_a_change_asked_for_in_a_pause_for_a_day_before_it() -> None:
    """It is made at the end of the pause."""
    found = moved(
        """
        policy: {pause_rest: credited, pause_anchor: stays}
        plans: {basic: 30, big: 100}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-04-15 change_plan big when=2024-04-05
        2024-05-02 advance_to
        """
    )
    assert found[2:] == [
        "2024-04-21 resume 3000", "2024-04-05 expansion 7000", "2024-04-11 pause -7000", "2024-04-21 resume 7000",
    ]  # fmt: skip


def test_an_end_in_a_pause_for_a_day_before_it() -> None:
    """It was a subscriber's 30.00 that was lost on 5 April; the pause that followed took nothing away."""
    found = moved(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-15 cancel when=2024-04-05
        """
    )
    assert found == ["2024-04-01 new 3000", "2024-04-11 pause -3000", "2024-04-05 churn -3000", "2024-04-11 pause 3000"]


def test_an_end_back_over_a_pause_that_is_over() -> None:
    found = moved(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause until=2024-04-21
        2024-05-02 advance_to
        2024-05-03 cancel when=2024-04-05
        """
    )
    assert found[3:] == ["2024-04-05 churn -3000", "2024-04-11 pause 3000", "2024-04-21 resume -3000"]
    assert [on(day, found) for day in ("2024-04-04", "2024-04-05", "2024-04-15", "2024-05-03")] == [3000, 0, 0, 0]


def test_an_end_in_a_pause_loses_nothing_more() -> None:
    found = moved(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-11 pause
        2024-04-15 cancel now
        """
    )
    assert found[1:] == ["2024-04-11 pause -3000", "2024-04-15 churn 0"]
