"""Pairs of lives that must come to the same, whatever they are: drawn by lot, played twice, compared document by document.

A failure prints the seed and both lives' documents; `PAIRS="0 500" pytest tests/states/test_pairs.py -m slow` plays others.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from perennia.cli.scenario.reading import read
from tests.scenarios.compared import NOW
from tests.scenarios.drawn import Act, Scenario, as_told, drawn

pytestmark = pytest.mark.usefixtures("database")

SEEDS = range(*map(int, os.environ.get("PAIRS", "5000 5015").split()))
slow = pytest.mark.slow
FAR = {"catch_up_limit": "1000"}
"""What no catching up is held by: the pairs are about amounts."""


def life(seed: int, **policy: str) -> Scenario:
    found = drawn(seed)
    return {**found, "policy": {**found["policy"], **FAR, **policy}}


def last(scenario: Scenario) -> datetime:
    return datetime.fromisoformat(scenario["timeline"][-1]["at"])


def then(scenario: Scenario, *acts: Act) -> Scenario:
    return {**scenario, "timeline": [*scenario["timeline"], *acts]}


def at(when: datetime, verb: str, **given: Any) -> Act:
    return {"at": when.isoformat(timespec="minutes"), "verb": verb, **given}


def act_of(verb: str, **given: Any) -> Act:
    return {"verb": verb, **given}


def played(scenario: Scenario) -> Any:
    from perennia.cli.scenario.playing import play

    outcome = play(read(json.dumps(scenario)), now=NOW)
    assert outcome.verify_ok, f"{[one for one in outcome.findings if one.failed]}\n{as_told(scenario)}"
    return outcome


def documents(outcome: Any, customer: str | None = None) -> list[str]:
    """Each document on one line, without its number: by customer, in order of issue."""
    found = [
        (moment.customer, moment.currency, document)
        for moment in outcome.moments
        for document in moment.documents
        if customer in (None, moment.customer)
    ]
    return [f"{who} {_told(document)}" for who, _, document in sorted(found, key=lambda one: one[:2])]


def _told(document: Any) -> str:
    lines = "; ".join(
        f"{line.item or line.description} {line.start:%Y-%m-%dT%H:%M}..{line.end:%Y-%m-%dT%H:%M}"
        f" x{line.quantity.normalize()} {line.net_minor} off {line.discount_minor}"
        for line in document.lines
    )
    money = f"{document.net_minor} + {document.tax_minor}, {document.from_balance_minor} from balance"
    return f"{document.kind} {document.currency} {money}: {lines}"


def same(one: list[str], other: list[str], *told: object) -> None:
    differing = [(a, b) for a, b in zip(one, other, strict=False) if a != b][:2]
    assert one == other, "\n".join(map(str, [*told, len(one), len(other), *differing]))


def refused(outcome: Any) -> set[int]:
    return {one.place for one in outcome.refusals if one.place is not None}


def runs(begins: datetime, ends: datetime, *, hours: int) -> Iterator[Act]:
    while (begins := begins + timedelta(hours=hours)) < ends:
        yield at(begins, "bill_run")
    yield at(ends, "bill_run")


def often_or_once(seed: int, *, hours: int) -> None:
    begun = life(seed)
    ends = last(begun) + timedelta(days=33)
    once, often = played(then(begun, at(ends, "bill_run"))), played(then(begun, *runs(last(begun), ends, hours=hours)))
    same(documents(once), documents(often), seed, as_told(begun))


def test_runs_at_any_hour_bill_what_one_run_in_the_end_bills() -> None:
    often_or_once(1, hours=13)


@slow
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_runs_every_hour_bill_what_one_run_in_the_end_bills(seed: int) -> None:
    often_or_once(seed, hours=1)


def late(seed: int) -> None:
    begun = life(seed)
    ends = last(begun) + timedelta(days=100)
    weekly = [at(last(begun) + timedelta(days=n), "bill_run") for n in range(7, 100, 7)]
    once, stepwise = played(then(begun, at(ends, "bill_run"))), played(then(begun, at(ends, "advance_to")))
    same(documents(once), documents(stepwise), seed, "a run in the end, and step by step", as_told(begun))
    same(documents(once), documents(played(then(begun, *weekly, at(ends, "bill_run")))), seed, "weekly", as_told(begun))


def test_workers_that_were_down_bill_what_they_would_have_billed_in_time() -> None:
    for seed in range(2):
        late(seed)


@slow
def test_workers_that_were_down_often_bill_what_they_would_have_billed_in_time() -> None:
    for seed in SEEDS:
        late(seed)


def without_the_refused(seed: int) -> None:
    begun = life(seed)
    ends = at(last(begun) + timedelta(days=40), "advance_to")
    all_of_it = played(then(begun, ends))
    places = refused(all_of_it)
    accepted = [act for place, act in enumerate(begun["timeline"]) if place not in places]
    left = {**begun, "timeline": accepted}
    same(documents(all_of_it), documents(played(then(left, ends))), seed, as_told(begun))


def test_what_was_refused_might_as_well_not_have_been_asked_for() -> None:
    for seed in range(3):
        without_the_refused(seed)


@slow
def test_all_that_was_refused_might_as_well_not_have_been_asked_for() -> None:
    for seed in SEEDS:
        without_the_refused(seed)


def undone(seed: int, *acts: Act) -> int:
    """After the acts so far something is asked for and taken back an hour later; 1 where both were accepted."""
    begun = life(seed)
    names = {act["subscription"] for act in begun["timeline"] if act["verb"] == "subscribe"}
    known_ends = {act.get("subscription") for act in begun["timeline"] if act["verb"] in ("cancel", "set_term_end")}
    known_ends |= {act["subscription"] for act in begun["timeline"] if {"end_date", "term"} & set(act)}
    done = 0
    ends = at(last(begun) + timedelta(days=70), "advance_to")
    for name in sorted(names - known_ends):
        now = last(begun)
        there_and_back = [
            {**act, "at": (now + timedelta(hours=n)).isoformat(timespec="minutes"), "subscription": name}
            for n, act in enumerate(acts)
        ]
        both = then(begun, *there_and_back, ends)
        outcome = played(both)
        count = len(begun["timeline"])
        if {count, count + 1} & refused(outcome):
            continue
        same(documents(played(then(begun, ends))), documents(outcome), seed, as_told(both))
        done += 1
    return done


UNDOINGS = {
    "cancel_at_period_end": (act_of("cancel", when="period_end"), act_of("uncancel")),
    "cancel_on_a_day": (act_of("cancel", when="2026-06-17"), act_of("uncancel")),
    "change_at_period_end": (act_of("change_plan", plan="big", when="period_end"), act_of("unchange")),
    "item_on_a_day": (act_of("add_item", add_on="bag", when="2026-06-17"), act_of("unchange")),
}


@pytest.mark.parametrize("there", UNDOINGS)
def test_what_was_asked_for_and_taken_back_is_as_if_it_never_was(there: str) -> None:
    assert sum(undone(seed, *UNDOINGS[there]) for seed in range(2)) > 0


@slow
@pytest.mark.parametrize("there", UNDOINGS)
def test_whatever_was_asked_for_and_taken_back_is_as_if_it_never_was(there: str) -> None:
    assert sum(undone(seed, *UNDOINGS[there]) for seed in SEEDS) > 0


def strangers(seed: int) -> None:
    """Two businesses' customers in one: each is billed as if it were alone."""
    one = life(seed)
    other = [_renamed(act) for act in life(seed + 1)["timeline"]]
    ends = at(max(last(one), datetime.fromisoformat(other[-1]["at"])) + timedelta(days=40), "advance_to")
    both = sorted([*one["timeline"], *other], key=lambda act: datetime.fromisoformat(act["at"]))
    backwards = sorted([*other, *one["timeline"]], key=lambda act: datetime.fromisoformat(act["at"]))
    alone, together = played(then(one, ends)), played({**one, "timeline": [*both, ends]})
    turned = played({**one, "timeline": [*backwards, ends]})
    for name in {act["customer"] for act in one["timeline"] if act["verb"] == "create_customer"}:
        same(documents(alone, name), documents(together, name), seed, name, as_told({**one, "timeline": both}))
    same(documents(together), documents(turned), seed, "the other way round", as_told({**one, "timeline": both}))


def _renamed(act: Act) -> Act:
    return {key: f"other {value}" if key in ("customer", "subscription") else value for key, value in act.items()}


def test_the_order_of_strangers_does_not_matter() -> None:
    for seed in (0,):
        strangers(seed)


@slow
def test_the_order_of_many_strangers_does_not_matter() -> None:
    for seed in SEEDS[::2]:
        strangers(seed)


@contextmanager
def lived(scenario: Scenario) -> Iterator[Any]:
    """The stage, while the books of a rehearsal are as the acts left them."""
    from perennia.cli.scenario import verbs
    from perennia.cli.scenario.stage import Stage
    from perennia.domain.errors import DomainError
    from perennia.operations import clock
    from perennia.operations.rehearsal import throw_away_sandbox
    from perennia.store import session

    script = read(json.dumps(scenario))
    begins = script.timeline[0].at
    with throw_away_sandbox(
        country=script.country,
        currency=script.currency,
        zone=script.zone,
        clock=begins,
        now=NOW,
        policies=script.policy,
    ) as tenant:
        stage = Stage(tenant, script, begins)
        stage.set_up()
        for act in script.timeline:
            if act.verb == "advance_to":
                verbs.advance_to(stage, act, told=lambda: None)
                continue
            if act.at > stage.now:
                clock.set_clock(tenant=tenant, to=act.at)
                stage.now = act.at
            try:
                with session.transaction(tenant):
                    verbs.PLAYED[act.verb](stage, act)
            except DomainError:
                continue
        yield stage


def foretold(seed: int, *, months: int = 3) -> int:
    """The calendar of each customer against what the clock then brings; how many documents that was."""
    from perennia.jobs import advancing
    from perennia.operations import books, previews

    begun = then(life(seed), at(last(life(seed)), "advance_to"))
    with lived(begun) as stage:
        payers = sorted(set(stage.customers.values()))
        told = [previews.calendar(tenant=stage.tenant, customer_id=one, now=stage.now, months=months) for one in payers]
        goal = told[0].until - timedelta(seconds=1)
        with books.written() as made:
            advancing.walk(tenant=stage.tenant, start=stage.now, to=goal, calls=None, machine_now=lambda: stage.now)
    for one in told:
        came = [document for decision in made if decision.payer_id == one.payer_id for document in decision.documents]
        foreseen = [document for step in one.upcoming for document in step.documents]
        same([*map(_without_keys, foreseen)], [*map(_without_keys, came)], seed, as_told(begun))
    return len(made)


def _without_keys(document: Any) -> str:
    return re.sub(r"Id\([0-9a-f]+\)", "", repr(document))


def test_the_calendar_foretells_what_the_clock_brings() -> None:
    assert sum(foretold(seed) for seed in range(6)) > 10


@slow
def test_many_calendars_foretell_what_the_clock_brings() -> None:
    assert sum(foretold(seed) for seed in SEEDS) > len(SEEDS)
