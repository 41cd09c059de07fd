"""Random lives, act by act: what must hold after each is in `watched`, what a whole life comes to in `tests/oracle`.

A failure prints the life as a scenario and the blob by which hypothesis plays it again. The check plays the same lives
each time; `STATES="500 40" pytest tests/states/test_machine.py -m slow` plays 500 new ones of up to 40 acts.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from perennia.cli.scenario.reading import read
from tests.scenarios.compared import NOW, judge
from tests.scenarios.drawn import as_told
from tests.states import acts
from tests.states.watched import Watched

pytestmark = pytest.mark.usefixtures("database")

_WHICH = st.integers(0, 3)
_SUBSCRIPTIONS = 4


class Life(RuleBasedStateMachine):
    """A business with up to three customers and four subscriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.customers: list[str] = []
        self.subscriptions: list[tuple[str, str]] = []

    @initialize(head=acts.heads(), people=st.lists(acts.NEW_CUSTOMER, min_size=1, max_size=3), first=acts.SUBSCRIBE)
    def open(self, head: acts.Given, people: list[acts.Given], first: acts.Given) -> None:
        self.watched = Watched(head)
        for told in people:
            name = f"c{len(self.customers) + 1}"
            own = {key: value for key, value in told.items() if key != "parent"}
            parent = {"parent": self.customers[0]} if "parent" in told and self.customers else {}
            if self.do("create_customer", customer=name, **own, **parent) is None:
                self.customers.append(name)
        self.subscribe(0, first)

    def pass_by(self, days: int) -> None:
        if days:
            self.watched.advance(days)

    def do(self, verb: str, **given: Any) -> str | None:
        return self.watched.do(verb, **acts.dated(given, self.watched.at))

    def subscribe(self, which: int, given: acts.Given) -> None:
        name, customer = f"s{len(self.watched.timeline)}", self.customers[which % len(self.customers)]
        if self.do("subscribe", customer=customer, subscription=name, **given) is None:
            self.subscriptions.append((customer, name))

    @precondition(lambda self: len(self.subscriptions) < _SUBSCRIPTIONS)
    @rule(days=acts.days, which=_WHICH, given=acts.SUBSCRIBE)
    def subscribes(self, days: int, which: int, given: acts.Given) -> None:
        self.pass_by(days)
        self.subscribe(which, given)

    @rule(minutes=acts.minutes, runs=st.booleans())
    def workers_are_down(self, minutes: int, runs: bool) -> None:
        self.watched.wait(timedelta(minutes=minutes))
        if runs:
            self.do("bill_run")

    def teardown(self) -> None:
        """The same acts in a rehearsal meet the same refusals, and the oracle agrees with what they bill."""
        if not hasattr(self, "watched") or self.watched.has_failed or not self.watched.timeline:
            return
        scenario = {**self.watched.head, "timeline": self.watched.timeline}
        outcome = rehearsed(scenario)
        refused = [one.place for one in outcome.refusals if one.place is not None]
        assert refused == self.watched.refused, (
            f"others were refused than {self.watched.refused}: {refused}\n{as_told(scenario)}"
        )
        verdict = judge(outcome, scenario)
        assert verdict.is_good, f"{verdict.word}\n{as_told(scenario)}\n{verdict.told}"


def _on_a_subscription(verb: str, told: acts.Drawn) -> Callable[..., None]:
    def act(self: Life, days: int, which: int, given: acts.Given) -> None:
        self.pass_by(days)
        customer, subscription = self.subscriptions[which % len(self.subscriptions)]
        self.do(verb, customer=customer, subscription=subscription, **given)

    act.__name__ = verb
    with_one = precondition(lambda self: bool(self.subscriptions))
    return with_one(rule(days=acts.days, which=_WHICH, given=told)(act))


def _of_a_customer(verb: str, told: acts.Drawn) -> Callable[..., None]:
    def act(self: Life, days: int, which: int, given: acts.Given) -> None:
        self.pass_by(days)
        self.do(verb, customer=self.customers[which % len(self.customers)], **given)

    act.__name__ = f"{verb}_of_a_customer"
    return rule(days=acts.days, which=_WHICH, given=told)(act)


def _add_rules() -> None:
    for verb, told in acts.ON_SUBSCRIPTIONS.items():
        setattr(Life, verb, _on_a_subscription(verb, told))
    for verb, told in acts.OF_CUSTOMERS.items():
        setattr(Life, f"{verb}_of_a_customer", _of_a_customer(verb, told))


_add_rules()


def rehearsed(scenario: acts.Given) -> Any:
    from perennia.cli.scenario.playing import play

    return play(read(json.dumps(scenario)), now=NOW)


def lived(examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=(Phase.reuse, Phase.generate, Phase.shrink) if "STATES" in os.environ else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_some_lives_hold_what_must_hold() -> None:
    lived(4, 8, derandomize=True, database=None)


@pytest.mark.slow
def test_many_lives_hold_what_must_hold() -> None:
    told = os.environ.get("STATES")
    if told is None:
        lived(8, 12, derandomize=True, database=None)
    else:
        examples, steps = map(int, told.split())
        lived(examples, steps)
