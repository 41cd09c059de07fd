"""No value of a policy without a story: read from the files of this folder, not from a list kept beside them."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from perennia.domain.policies import ALIGNMENTS, CHOICES
from tests.scenarios.told import in_full

_FEWEST = 150
_FEWEST_ZONES = 3
_AMOUNTS = {"cash_step": "none", "trial_price": "free", "progressive_threshold": "none"}
"""Policies that are an amount, with the word for none."""
_NEEDS_A_PROVIDER = {"dunning_end"}
"""A scenario calls no payment provider, so no payment of it fails and nothing is asked again."""

Scenario = dict[str, Any]


def test_every_value_of_every_policy_is_named_by_a_story() -> None:
    named = {
        (key, word) for scenario in _scenarios() for key, value in _policies(scenario) for word in _words(key, value)
    }
    wanted = {(key, word) for key, words in CHOICES.items() if key not in _NEEDS_A_PROVIDER for word in words}
    wanted |= {("alignment", word) for word in ALIGNMENTS} | {("late_window_days", "days")}
    wanted |= {(key, word) for key, nothing in _AMOUNTS.items() for word in (nothing, "amount")}
    assert sorted(wanted - named) == []


def test_there_are_stories_enough_in_zones_enough() -> None:
    scenarios = list(_scenarios())
    assert len(scenarios) >= _FEWEST
    assert len({scenario["timezone"] for scenario in scenarios if "timezone" in scenario}) >= _FEWEST_ZONES


def _scenarios() -> Iterator[Scenario]:
    """The first argument of every call of `story`, in full."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "story":
                yield yaml.load(in_full(ast.literal_eval(node.args[0])), Loader=yaml.BaseLoader)  # noqa: S506


def _policies(found: Any) -> Iterator[tuple[str, str]]:
    """What stands under `policy` anywhere in a scenario; an alignment may stand beside it."""
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        if key == "policy":
            yield from value.items()
        elif key == "alignment":
            yield key, value
        else:
            yield from _policies(value)


def _words(key: str, value: str) -> Iterator[str]:
    if key == "alignment":
        yield value.partition("(")[0]
    elif key == "late_window_days":
        yield "days" if value.isdecimal() else value
    elif key in _AMOUNTS:
        yield value if value == _AMOUNTS[key] else "amount" if Decimal(value) > 0 else value
    else:
        yield {"true": "yes", "false": "no"}.get(value, value)
