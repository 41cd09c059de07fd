"""Random lives, billed by the product and worked out by a second opinion that shares no line with it.

`drawn` and `drawn_wide` make a life of a seed, `compare` takes the acts that the product accepted to the oracle. A
failure prints the seed and the life; `SEEDS="1234 1235" pytest tests/scenarios/test_against_oracle.py -m "not slow"`
plays one again (`WIDE_SEEDS` a wide one), and `MANY_SEEDS` with `-m slow` hundreds of others.
What both read differently on purpose is named in tests/oracle/README.md and refused there by name.
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from tests.scenarios.compared import compare
from tests.scenarios.drawn import Scenario, as_told, drawn
from tests.scenarios.drawn_wide import drawn_wide

pytestmark = pytest.mark.usefixtures("database")

SOME = range(*map(int, os.environ.get("SEEDS", "0 60").split()))
MANY = range(*map(int, os.environ.get("MANY_SEEDS", "100000 100160").split()))
WIDE = range(*map(int, os.environ.get("WIDE_SEEDS", "0 45").split()))
ENOUGH = 0.8
"""The share that the oracle must have been able to work out: less would prove little."""


def agree(seeds: range, draw: Callable[[int], Scenario] = drawn) -> None:
    words = Counter[str]()
    for seed in seeds:
        scenario = draw(seed)
        verdict = compare(scenario)
        words[verdict.word] += 1
        assert verdict.is_good, f"seed {seed} {verdict.word}\n{as_told(scenario)}\n{verdict.told}"
    assert words["agreed"] >= ENOUGH * len(seeds), words


@pytest.mark.parametrize("part", range(3))
def test_random_lives_are_billed_as_the_oracle_says(part: int) -> None:
    agree(SOME[part::3])


@pytest.mark.parametrize("part", range(3))
def test_wide_random_lives_are_billed_as_the_oracle_says(part: int) -> None:
    agree(WIDE[part::3], drawn_wide)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_many_random_lives_are_billed_as_the_oracle_says(part: int) -> None:
    agree(MANY[part::4])
