"""What all lines add up to against a plain count of the days used, and runs that may not matter."""

import calendar
import random
from datetime import date, timedelta
from fractions import Fraction

import pytest

from tests.oracle.billing import billed
from tests.oracle.story import at

PRICES = {"a": Fraction(30), "b": Fraction("99.99"), "c": Fraction("7.77")}
ZONES = ["Europe/Copenhagen", "America/New_York", "Pacific/Auckland", "Africa/Cairo"]


def month_after(anchor: date, n: int) -> date:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + n, 12)
    return date(year, month + 1, min(anchor.day, calendar.monthrange(year, month + 1)[1]))


def worth_of_days(start: date, uses: list[tuple[date, str, int]], end: date) -> Fraction:
    """Each day costs its plan's price times the quantity over the days of its period."""
    total, n = Fraction(0), 0
    day = start
    while day < end:
        while month_after(start, n + 1) <= day:
            n += 1
        _, plan, quantity = [use for use in uses if use[0] <= day][-1]
        total += PRICES[plan] * quantity / (month_after(start, n + 1) - month_after(start, n)).days
        day += timedelta(days=1)
    return total


def story(seed: int):
    chance = random.Random(seed)
    start = date(2023, 12, 1) + timedelta(days=chance.randrange(90))
    uses, day = [(start, chance.choice("abc"), chance.randint(1, 3))], start
    timeline = [at(f"{start}T0{chance.randrange(10)}:00:00", "subscribe", plan=uses[0][1], quantity=uses[0][2])]
    for _ in range(chance.randint(1, 6)):
        day += timedelta(days=chance.randint(1, 40))
        plan, quantity = (
            (chance.choice("abc"), uses[-1][2]) if chance.random() < 0.5 else (uses[-1][1], chance.randint(1, 9))
        )
        what = {"plan": plan} if plan != uses[-1][1] else {"quantity": quantity}
        timeline.append(
            at(f"{day}T1{chance.randrange(10)}:30:00", "change_plan" if "plan" in what else "set_quantity", **what)
        )
        uses.append((day, plan, quantity))
    day += timedelta(days=chance.randint(1, 40))
    timeline.append(at(f"{day}T23:00:00", "cancel"))
    plans = {code: {"amount": str(float(price))} for code, price in PRICES.items()}
    scenario = {"timezone": chance.choice(ZONES), "catalogue": {"plans": plans}, "timeline": timeline}
    return scenario, worth_of_days(start, uses, day)


@pytest.mark.parametrize("seed", range(60))
def test_all_lines_together_are_worth_the_days_used(seed):
    scenario, worth = story(seed)
    days = billed(scenario)
    lines = [line for day in days for line in day.lines]
    net = Fraction(sum(day.net for day in days), 100)
    assert abs(net - worth) <= Fraction(len(lines), 100)
    assert sum(line.amount - line.credited for line in lines if line.source is None) == sum(day.net for day in days)


@pytest.mark.parametrize("seed", range(20))
def test_runs_between_the_acts_change_nothing(seed):
    scenario, _ = story(seed)
    timeline = []
    for entry in scenario["timeline"]:
        if timeline:
            before = date.fromisoformat(entry["at"][:10])
            timeline.append(at(f"{before}T00:00:00", "bill_run"))
        timeline.append(entry)
    again = billed({**scenario, "timeline": timeline})
    assert [day.as_json() for day in again] == [day.as_json() for day in billed(scenario)]
