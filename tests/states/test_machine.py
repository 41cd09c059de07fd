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
_CUSTOMERS, _SUBSCRIPTIONS = 3, 4

Played = Callable[..., None]


def _on(verb: str, told: acts.Drawn) -> Played:
    """A rule: the verb, done to one of the subscriptions."""

    def act(self: "Life", which: int, given: acts.Given) -> None:
        customer, subscription = self.subscriptions[which % len(self.subscriptions)]
        self.do(verb, customer=customer, subscription=subscription, **given)

    act.__name__ = verb
    return precondition(lambda self: bool(self.subscriptions))(rule(which=_WHICH, given=told)(act))


def _of(verb: str, told: acts.Drawn) -> Played:
    """A rule: the verb, done for one of the customers."""

    def act(self: "Life", which: int, given: acts.Given) -> None:
        self.do(verb, customer=self.customers[which % len(self.customers)], **given)

    act.__name__ = verb
    return precondition(lambda self: bool(self.customers))(rule(which=_WHICH, given=told)(act))


class Life(RuleBasedStateMachine):
    """A business with up to three customers and four subscriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.customers: list[str] = []
        self.subscriptions: list[tuple[str, str]] = []
        self.was_down = False
        """Whether the clock ever went on alone: the oracle bills in time."""

    @initialize(head=acts.heads())
    def open(self, head: acts.Given) -> None:
        self.watched = Watched(head)

    def do(self, verb: str, **given: Any) -> str | None:
        return self.watched.do(verb, **acts.dated(given, self.watched.at))

    @precondition(lambda self: len(self.customers) < _CUSTOMERS)
    @rule(given=acts.NEW_CUSTOMER, is_child=st.booleans())
    def create_customer(self, given: acts.Given, is_child: bool) -> None:
        name = f"c{len(self.customers) + 1}"
        parent = {"parent": self.customers[0]} if is_child and self.customers else {}
        if self.do("create_customer", customer=name, **given, **parent) is None:
            self.customers.append(name)

    @precondition(lambda self: bool(self.customers) and len(self.subscriptions) < _SUBSCRIPTIONS)
    @rule(which=_WHICH, given=acts.SUBSCRIBE)
    def subscribe(self, which: int, given: acts.Given) -> None:
        name, customer = f"s{len(self.watched.timeline)}", self.customers[which % len(self.customers)]
        if self.do("subscribe", customer=customer, subscription=name, **given) is None:
            self.subscriptions.append((customer, name))

    change_plan = _on("change_plan", acts.CHANGE_PLAN)
    set_quantity = _on("set_quantity", acts.SET_QUANTITY)
    add_item = _on("add_item", acts.ADD_ITEM)
    remove_item = _on("remove_item", acts.REMOVE_ITEM)
    set_anchor_day = _on("set_anchor_day", acts.SET_ANCHOR_DAY)
    unchange = _on("unchange", acts.given())
    cancel = _on("cancel", acts.CANCEL)
    uncancel = _on("uncancel", acts.given())
    reactivate = _on("reactivate", acts.given(policy=acts.own_policy))
    withdraw = _on("withdraw", acts.given(immediate_start=acts.maybe(acts.yes)))
    pause = _on("pause", acts.PAUSE)
    resume = _on("resume", acts.given())
    skip = _on("skip", acts.given())
    set_trial_end = _on("set_trial_end", acts.given(trial_end=acts.near(-3, 40)))
    end_trial = _on("end_trial", acts.given())
    set_term_end = _on("set_term_end", acts.SET_TERM_END)
    hold_invoicing = _on("hold_invoicing", acts.given())
    release_invoicing = _on("release_invoicing", acts.given())
    usage = _on("usage", acts.USAGE)
    one_off_beside = _on("one_off", acts.ONE_OFF)
    coupon_of_a_subscription = _on("apply_coupon", acts.given(coupon=acts.coupon))
    coupon_of_a_customer = _of("apply_coupon", acts.given(coupon=acts.coupon))
    one_off = _of("one_off", acts.ONE_OFF)
    credit_note = _of("credit_note", acts.CREDIT_NOTE)
    adjust_line = _of("adjust_line", acts.given(amount=acts.amount))
    void = _of("void", acts.given())
    write_off = _of("write_off", acts.given())
    record_payment = _of("record_payment", acts.PAYMENT)
    refund = _of("refund", acts.given(amount=acts.maybe(acts.amount)))
    grant_credit = _of("grant_credit", acts.GRANT)

    @rule()
    def bill_run(self) -> None:
        self.do("bill_run")

    @rule(days=acts.days)
    def advance(self, days: int) -> None:
        self.watched.advance(days)

    @rule(minutes=acts.minutes)
    def workers_are_down(self, minutes: int) -> None:
        self.was_down = True
        self.watched.wait(timedelta(minutes=minutes))

    def teardown(self) -> None:
        """The same acts in a rehearsal meet the same refusals; where the clock billed in time, the oracle agrees."""
        if not hasattr(self, "watched") or self.watched.has_failed or not self.watched.timeline:
            return
        scenario = {**self.watched.head, "timeline": self.watched.timeline}
        outcome = rehearsed(scenario)
        refused = [one.place for one in outcome.refusals if one.place is not None]
        assert refused == self.watched.refused, (
            f"others were refused than {self.watched.refused}: {refused}\n{as_told(scenario)}"
        )
        if not self.was_down:
            verdict = judge(outcome, scenario)
            assert verdict.is_good, f"{verdict.word}\n{as_told(scenario)}\n{verdict.told}"


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
            phases=[phase for phase in Phase if phase is not Phase.explain],
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_some_lives_hold_what_must_hold() -> None:
    lived(6, 15, derandomize=True, database=None)


@pytest.mark.slow
def test_many_lives_hold_what_must_hold() -> None:
    told = os.environ.get("STATES")
    if told is None:
        lived(12, 25, derandomize=True, database=None)
    else:
        examples, steps = map(int, told.split())
        lived(examples, steps)
