"""`perennia scenario`: what is refused before anything runs, what comes out, and that nothing of it stays."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from perennia.cli.scenario import grammar
from perennia.cli.scenario.reading import read
from perennia.cli.scenario.script import Act, Unread
from perennia.cli.scenario.tree import Unreadable
from perennia.store import session
from tests.conftest import Database
from tests.scenarios.told import played, told_as_data

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "scenario-format.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```\n+^```(text|json)\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
NOW = datetime(2024, 1, 1, tzinfo=UTC)
HEAD = "catalogue: {plans: {basic: 100}}\ntimeline:\n"

Scenario = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scenario(database: Database) -> Scenario:
    """Run `perennia scenario` on the database of this process."""
    if database.server.kind == "foreign":
        pytest.skip("the login of a foreign server is the owner's of one database")

    def run(*words: object) -> tuple[int, str, str]:
        surroundings = os.environ | {"DATABASE_URL": database.dsn("superuser")}
        command = [sys.executable, "-m", "perennia", "scenario", *map(str, words)]
        ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout, ended.stderr

    return run


@pytest.mark.parametrize(("scenario", "form", "told"), EXAMPLES, ids=[str(n) for n in range(1, len(EXAMPLES) + 1)])
@pytest.mark.usefixtures("database")
def test_the_guide_shows_what_really_comes_out(scenario: str, form: str, told: str) -> None:
    if form == "json":
        assert told_as_data(scenario) == json.loads(told)
    else:
        assert played(scenario) == told.rstrip("\n")


def test_every_example_of_the_guide_is_run() -> None:
    assert len(EXAMPLES) == GUIDE.count("```yaml") >= 5


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "the file is empty"),
        ("timeline: [", ": this is not YAML: "),
        ("- a", "line 1, keys with values are expected here"),
        ("timezone: UTC", "line 1, timeline is missing"),
        ("timeline: []\ntimezon: UTC", "line 2, timezon: 'timezon' is no key of a scenario; did you mean timezone?"),
        ("timeline: []\ntimezone: Europe/Kobenhavn", "line 2, timezone: Europe/Kobenhavn is not a time zone"),
        ("timeline: []\ncurrency: EURO", "line 2, currency: EURO is not a currency"),
        ("timeline: []\ntimeline: []", "line 2, timeline stands here twice"),
        ("timeline: []\ntax: a lot", "line 2, tax: 'a lot' is no number"),
        ("timeline: []\ntax: {inclusive: yes}", "line 2, tax: percent is missing"),
        ("timeline: []\ntax: NaN", "'NaN' is no number"),
        ("timeline: []\ncatalogue: {plans: {a: {intervall: month}}}", "no key of a plan; did you mean interval?"),
        ("timeline: []\ncatalogue: {plans: {a: {interval: monthly}}}", "'monthly' is no interval"),
        ("timeline: []\ncatalogue: {plans: {a: {interval: 0 days}}}", "interval"),
        ("timeline: []\ncatalogue: {plans: {a: {model: flatt}}}", "did you mean flat?"),
        ("timeline: []\ncatalogue: {coupons: {a: {duration: 3}}}", "a coupon takes off a percent or an amount"),
        ("a: &a [1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n"
         "d: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e]",
         "a scenario has at most 200,000 values"),
        ("a: &a [*a]", "40 deep"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_place(written: str, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(written)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("at: 2024-01-01", "line 3, timeline[0]: an entry has one verb; here are none"),
        ("at: 2024-01-01, subscribe: basic, cancel: now", "an entry has one verb; here are subscribe, cancel"),
        ("at: 2024-01-01, verb: subscirbe", "'subscirbe' is no verb; did you mean subscribe? the verbs"),
        ("at: 2024-01-01, subscirbe: basic", "'subscirbe' is no verb; did you mean subscribe? the verbs"),
        ("verb: bill_run", "timeline[0]: at is missing"),
        ("at: tomorrow, verb: bill_run", "'tomorrow' is no time; write 2024-01-31"),
        ("at: 0001-01-01, verb: bill_run", "the years run from 1900 to 2199"),
        ("at: 2024-01-01, verb: bill_run, plan: basic", "'plan' is no key of bill_run"),
        ("at: 2024-01-01, verb: subscribe, plan: basic, quantity: many", "'many' is no number"),
        ("at: 2024-01-01, subscribe: {plan: basic}, plan: basic", "plan stands here twice"),
        ("at: 2024-01-01, cancel: someday", "'someday' is none of now, period_end, period_start"),
        ("at: 2024-01-01, advance_to: 2023-12-31", "a clock does not go back"),
    ],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_told_with_its_place_and_keeps_no_other_from_being_read(
    entry: str, said: str
) -> None:
    first, *others = read(f"{HEAD}- {{{entry}}}\n- {{at: 2024-01-01, subscribe: basic}}").timeline
    assert isinstance(first, Unread)
    assert said in str(first.error)
    assert "\n" not in str(first.error)
    assert [isinstance(other, Act) for other in others] == [True]


def test_the_same_scenario_in_yaml_and_json_in_full_and_in_short() -> None:
    short = read(
        """
        timezone: Europe/Copenhagen
        catalogue: {plans: {basic: {amount: 100, interval: 2 months}}, coupons: [{code: X, percent: 10, duration: once}]}
        timeline:
          - {at: 2024-01-01T12:00, subscribe: basic}
          - {at: 2024-02-01, cancel: 2024-02-03}
          - {at: 2024-02-02, advance_to: 2024-03-01}
        """
    )
    full = read(
        """{"timezone": "Europe/Copenhagen", "currency": "EUR", "country": "DK", "policy": {}, "tax": null,
        "catalogue": {"plans": [{"code": "basic", "name": "basic", "product": "main", "prices": [
            {"code": "basic-eur-2-months", "amount": 100, "interval": {"unit": "month", "count": "2"}, "model": "flat"}]}],
          "coupons": {"X": {"percent": "10", "duration": 1}}},
        "timeline": [
          {"at": "2024-01-01T11:00Z", "verb": "subscribe", "plan": "basic"},
          {"at": "2024-02-01", "verb": "cancel", "when": "2024-02-03"},
          {"at": "2024-02-02T00:00", "verb": "advance_to", "to": "2024-02-29T23:00:00+00:00"}]}""",
        is_json=True,
    )
    assert full.timeline == short.timeline
    assert (full.coupons, full.taxes, full.zone) == (short.coupons, short.taxes, short.zone)
    (one,), (other,) = full.sold, short.sold
    assert (one.prices[0].interval, one.prices[0].amount) == (other.prices[0].interval, other.prices[0].amount)


def test_no_scalar_is_guessed_at() -> None:
    found = read(f"name: 2024-01-01\ncountry: NO\n{HEAD}- {{at: 2024-01-01, subscribe: basic, customer: 0x10}}")
    assert (found.name, found.country, found.acts[0].customer) == ("2024-01-01", "NO", "0x10")


@pytest.mark.usefixtures("database")
def test_each_verb_is_read_played_and_told_in_the_guide() -> None:
    from perennia.cli.scenario.verbs import PLAYED

    known = grammar.verbs("UTC")
    assert set(PLAYED) | {"advance_to"} == set(known)
    table = GUIDE[GUIDE.index("| verb |") : GUIDE.index("`when` is ")]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:] if line.startswith("|")]
    told = {verb: arguments for verbs, arguments in rows for verb in re.findall(r"`(\w+)`", verbs)}
    assert set(told) == set(known)
    for verb, arguments in told.items():
        assert set(known[verb].takes) <= set(re.findall(r"`\{?(\w+)", arguments)), verb


def test_a_file_a_folder_and_their_exit_codes(scenario: Scenario, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.json"
    good.write_text(
        f"{HEAD}- {{at: 2024-01-31, subscribe: basic}}\n- {{at: 2024-02-01, cancel: now, subscription: other}}\n"
    )
    code, out, said = scenario(good)
    assert (code, said) == (0, "")
    assert out.splitlines()[:3] == [
        "2024-01-31 c1 invoice 1",
        "  basic  2024-01-31..2024-02-29  100.00",
        "  total 100.00",
    ]
    assert out.splitlines()[3].startswith("2024-02-01 refused: not_found (There is no ")
    code, out, said = scenario(good, "--json")
    told = json.loads(out)
    assert (code, said) == (0, "")
    assert told["errors"] == [{"at": "2024-02-01T00:00:00+00:00", "code": "not_found"}]

    bad.write_text('{"timeline": [}')
    code, out, said = scenario(bad, "--json")
    assert (code, out) == (2, "")
    assert said == f"perennia: {bad}: line 1, column 15: this is not JSON: Expecting value\n"

    code, out, said = scenario(tmp_path, "--json")
    assert (code, said) == (1, "")
    assert json.loads(out) == {
        "bad.json": {"error": "line 1, column 15: this is not JSON: Expecting value"},
        "good.yaml": told,
    }
    bad.unlink()
    assert scenario(tmp_path)[0] == 0
    good.unlink()
    assert scenario(tmp_path)[0] == 2
    assert scenario(tmp_path / "nothing.yaml")[0] == 2


def test_what_cannot_be_read_of_a_file_is_told_in_the_language_of_the_reader(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the plain form beside the code; with --json, where only codes are printed, on stderr."""
    monkeypatch.setenv("PERENNIA_LANGUAGE", "da")
    file = tmp_path / "life.yaml"
    file.write_text(f"{HEAD}- {{at: 2024-01-31, subscirbe: basic}}\n- {{at: 2024-01-31, subscribe: basic}}\n")
    wrong = "linje 3, timeline[0]: 'subscirbe' er intet verbum; mente du subscribe? "
    code, out, said = scenario(file)
    assert (code, said) == (0, "")
    assert out.startswith(f"2024-01-31 refused: unknown_argument ({wrong}")
    code, out, said = scenario(file, "--json")
    assert (code, [len(json.loads(out)[key]) for key in ("moments", "errors")]) == (0, [1, 1])
    assert said.startswith(f"perennia: {file}: {wrong}")
    file.write_text("timeline: 3\n")
    code, out, said = scenario(file)
    assert (code, out) == (2, "")
    assert said.startswith(f"perennia: {file}: linje 1, timeline: her skal stå en liste af poster")


def test_what_the_rules_refuse_before_it_begins_is_the_only_error(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "conflict.yaml"
    file.write_text(
        "policy: {proration_unit: second, cancel_day: billed}\n" + HEAD + "- {at: 2024-01-31, subscribe: basic}\n"
    )
    code, out, said = scenario(file, "--json")
    assert code == 1
    assert json.loads(out) == {
        "moments": [],
        "errors": [{"at": "2024-01-31T00:00:00+00:00", "code": "policy_conflict"}],
        "verify_ok": True,
    }
    assert said.startswith(f"perennia: {file}: ")


@pytest.mark.usefixtures("database")
def test_nothing_stays_and_nobody_has_to_wait() -> None:
    def rows() -> list[tuple[object, ...]]:
        with session.transaction(None) as cursor:
            return cursor.execute("SELECT count(*), (SELECT count(*) FROM businesses) FROM tenants").fetchall()

    before = rows()
    text = dedent(f"{HEAD}- {{at: 2024-01-31, subscribe: basic}}\n- {{at: 2024-03-01, advance_to: }}\n")
    assert played(text) == played(text)
    assert rows() == before
    assert not session.is_rehearsal()
