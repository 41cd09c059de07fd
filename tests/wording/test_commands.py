"""What the command line refuses by itself is told in Danish too."""

import ast
import re
from pathlib import Path

import pytest

import perennia
from perennia.cli.scenario.reading import read
from perennia.cli.scenario.script import Unread
from perennia.cli.scenario.tree import Unreadable
from perennia.wording import commands_danish, scenarios_danish
from perennia.wording.errors import phrase

CLI = Path(perennia.__file__).parent / "cli"


def _refusals() -> list[str]:
    """Every sentence that a command refuses with, a value in it as 7; not those that only pass on another's words."""
    nodes = [node for path in CLI.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args]
    found = {_literal(call.args[0]) for call in calls if call.func.id in ("WrongUse", "Failed")}
    return sorted(said for said in found if re.search("[a-z]", said))


def _unreadable() -> list[str]:
    """Every reason for which a scenario, or an entry of one, cannot be read; not those that pass on another's words."""
    nodes = [node for path in (CLI / "scenario").glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    found = {_literal(call.args[0]) for call in calls if _called(call) in ("refuse", "Unreadable")}
    return sorted(said for said in found if re.search("[a-z]", said))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_the_refusals_are_found() -> None:
    assert len(_refusals()) >= 20


@pytest.mark.parametrize("said", _refusals())
def test_every_refusal_of_a_command_is_told_in_danish(said: str) -> None:
    assert phrase(said, language="da") != said
    assert phrase(said) == phrase(said, language="xx") == said


@pytest.mark.parametrize("said", _unreadable())
def test_why_a_scenario_cannot_be_read_is_told_in_danish(said: str) -> None:
    assert phrase(said, language="da") != said
    assert phrase(said) == said


def test_the_reasons_are_found() -> None:
    assert len(_unreadable()) >= 25


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{", "linje 1, kolonne 2: det er ikke JSON: "),
        (
            '{"timeline": [], "timezon": "UTC"}',
            "timezon: 'timezon' er ingen nøgle i et scenarie; mente du timezone? nøglerne",
        ),
        ('{"timeline": [], "foo": "UTC"}', "foo: 'foo' er ingen nøgle i et scenarie; nøglerne er catalogue, "),
        ('{"timeline": [], "currency": "EURO"}', "currency: EURO er ikke en valuta, der kan faktureres i"),
        (
            '{"timeline": [], "catalogue": {"plans": {"a": {"model": "flatt"}}}}',
            "er intet ord for dette; mente du flat?",
        ),
    ],
)
def test_a_scenario_that_cannot_be_read_is_told_in_danish(written: str, told: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(written, is_json=True)
    assert told in refused.value.told("da")


def test_an_entry_without_a_meaning_is_told_in_danish() -> None:
    (entry,) = read('{"timeline": [{"at": "2024-01-01", "verb": "subscirbe"}]}', is_json=True).timeline
    assert isinstance(entry, Unread)
    assert entry.error.told("da").startswith(
        "timeline[0].verb: 'subscirbe' er intet verbum; mente du subscribe? verberne er add_item, "
    )


def test_values_are_carried_over() -> None:
    assert phrase("--percent 1/4 is not a number; write 25, or 25.5 with a point", language="da") == (
        "--percent 1/4 er ikke et tal; skriv 25, eller 25.5 med punktum"
    )


def test_what_others_said_stays_as_it_is() -> None:
    assert phrase("x.csv: No such file or directory.", language="da") == "x.csv: No such file or directory."


def test_each_danish_sentence_holds_what_the_english_one_does() -> None:
    for english, danish in {**commands_danish.WORDS, **scenarios_danish.WORDS}.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", danish)), english
