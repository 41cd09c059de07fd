"""The pure rules on the command line: every example of the document, every form an argument may have, every refusal."""

import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennia import cli
from perennia.cli.rule import RULES

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


def _examples() -> list[tuple[str, str]]:
    """Each command of the document with the JSON under it."""
    blocks = re.findall(r"((?:^ {4}.*\n)+)", DOCUMENT.read_text(), re.MULTILINE)
    lines = [line[4:] for block in blocks for line in block.splitlines()]
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


EXAMPLES = _examples()


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]):
    def asked(name: str, arguments: dict[str, Any] | str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["rule", name, arguments if isinstance(arguments, str) else json.dumps(arguments)])
        return code, json.loads(capsys.readouterr().out)

    return asked


@pytest.mark.parametrize(("command", "answer"), EXAMPLES)
def test_every_example_of_the_document_is_what_it_says(ask, command: str, answer: str) -> None:
    program, rule, name, arguments = shlex.split(command)
    assert (program, rule) == ("perennia", "rule")
    code, found = ask(name, arguments)
    expected = json.loads(answer)
    assert code == ("error" in expected)
    if expected.get("error", {}).keys() == {"code"}:
        found["error"].pop("message")
    assert found == expected


def test_the_document_has_an_example_of_every_rule() -> None:
    assert {shlex.split(command)[2] for command, _ in EXAMPLES} == set(RULES)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("prorate", {"amount": "31.00", "anchor": 31, "start": "2019-02-10"},
         {"Price": 31, "billing-day": "31", "start_date": "2019-02-10T00:00:00+00:00", "interval": {"unit": "month"}}),
        ("prorate", {"amount": 30, "anchor": "2025-04-01", "start": "2025-04-11", "unit": "second"},
         {"amount": 30, "anchor": "2025-04-01", "start": "2025-04-11",
          "policy": {"proration_unit": "second", "pause_rest": "lost"}}),
        ("prorate", {"amount": 30, "anchor": "2025-04-01", "start": "2025-04-11", "end": None, "denominator": "nominal"},
         {"amount": 30, "anchor": "2025-04-01", "start": "2025-04-11", "denominator": "nominal",
          "policy": {"denominator": "running"}}),
        ("boundaries", {"anchor": "2025-01-01", "interval": "3 months", "count": 3},
         {"anchor": "2025-01-01", "interval": "quarterly", "n": "3"}),
        ("boundaries", {"anchor": "2025-01-01", "interval": "3 months"},
         {"anchor": "2025-01-01T00:00", "interval": "month", "interval_count": 3, "count": 13}),
        ("boundaries", {"anchor": "2025-01-01", "interval": "6 months"},
         {"anchor": "2025-01-01", "interval": {"interval": "quarter", "interval_count": 2}}),
        ("boundaries", {"start": "2025-05-14", "alignment": "billing_day(15)", "timezone": "Asia/Tokyo"},
         {"start": "2025-05-13T15:00:00Z", "billing_day": 15, "zone": "Asia/Tokyo"}),
        ("boundaries", {"start": "2025-05-14", "alignment": "customer_day", "customer_day": 15},
         {"start": "2025-05-14", "alignment": "billing_day (15)"}),
        ("boundaries", {"start": "2025-05-14", "alignment": "base", "base": "2024-01-20"},
         {"start": "2025-05-14", "alignment": "base", "base": {"anchor": "2024-01-20", "interval": "month"}}),
        ("boundaries", {"anchor": "2025-01-31", "until": "2025-04-30"}, {"anchor": "2025-01-31", "count": 4}),
        ("price", {"model": "graduated", "quantity": 5, "tiers": [{"up_to": None, "unit_amount": 2}]},
         {"model": "tiered", "units": "5", "tiers": [{"up_to": "inf", "unit_price": "2.00"}]}),
        ("price", {"model": "stairstep", "quantity": 5, "tiers": [{"flat_amount": 2}]},
         {"model": "stair-step", "quantity": 5, "tiers": [{"amount": 2}]}),
        ("price", {"model": "flat", "unit_amount": 10, "fraction": "1/4"},
         {"model": "FLAT", "unit_amount": 10, "fraction": 0.25}),
        ("allocate", {"total": 1, "weights": [1, 3]}, {"total": "1.00", "weights": ["0.25", 0.75]}),
        ("discount", {"amounts": [10], "percents": [10, 5]}, {"amount": 10, "discounts": [{"percent": 10}, {"percent": 5}]}),
        ("discount", {"amounts": [10], "amount_off": 3, "percent": 50, "order": "as_applied"},
         {"amounts": [10], "discounts": [{"amount_off": 3}, {"percent": 50}], "policy": {"coupon_order": "as_applied"}}),
        ("round", {"amount": "0.125", "mode": "half_even"}, {"value": 0.125, "policy": {"rounding_mode": "half_even"}}),
        ("tax", {"amount": 10, "percent": 25, "inclusive": True}, {"amounts": ["10"], "rate": "25", "tax_inclusive": "yes"}),
    ],
)  # fmt: skip
def test_the_same_thing_said_in_two_forms(ask, name: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = ask(name, one), ask(name, other)
    assert first[0] == 0
    assert first == second


@pytest.mark.parametrize(
    ("name", "arguments", "code", "named"),
    [
        ("round", {"amount": 1, "curency": "EUR"}, "unknown_argument", "curency"),
        ("round", {"amount": 1, "percent": 25}, "unknown_argument", "percent"),
        ("tax", {"amounts": [1], "percnt": 25}, "unknown_argument", "percnt"),
        ("tax", {"amounts": [1]}, "missing_argument", "percent"),
        ("boundaries", {}, "missing_argument", "start"),
        ("round", {}, "missing_argument", "amount"),
        ("round", {"amount": 1, "value": 2}, "invalid_value", "value"),
        ("round", {"amount": True}, "invalid_value", "amount"),
        ("round", {"amount": "1,5"}, "invalid_value", "amount"),
        ("round", {"amount": "NaN"}, "invalid_value", "amount"),
        ("round", {"amount": "1e400"}, "invalid_value", "amount"),
        ("round", {"amount": [1]}, "invalid_value", "amount"),
        ("round", {"numerator": 1, "denominator": 0}, "invalid_value", "denominator"),
        ("round", {"amount": 1, "currency": "XXX"}, "unknown_currency", "XXX"),
        ("round", {"amount": 1, "step": 0}, "invalid_value", "cash_step"),
        ("round", {"amount": 1, "mode": "half_up"}, "invalid_value", "rounding_mode"),
        ("round", {"amount": 1, "policy": "half_even"}, "invalid_value", "policy"),
        ("round", {"amount": 1, "policy": {"rounding": "half_even"}}, "invalid_value", "rounding"),
        ("boundaries", {"anchor": "yesterday"}, "invalid_value", "anchor"),
        ("boundaries", {"anchor": "0001-01-01"}, "invalid_value", "anchor"),
        ("boundaries", {"anchor": 32}, "invalid_value", "billing_day"),
        ("boundaries", {"anchor": 15}, "missing_argument", "start"),
        ("boundaries", {"anchor": "2025-01-01", "zone": "Mars/Olympus"}, "unknown_zone", "Mars/Olympus"),
        ("boundaries", {"anchor": "2025-01-01", "interval": "fortnight"}, "invalid_value", "interval"),
        ("boundaries", {"anchor": "2025-01-01", "interval": "0 months"}, "invalid_value", "interval"),
        ("boundaries", {"anchor": "2025-01-01", "interval": "-1 months"}, "invalid_value", "interval"),
        ("boundaries", {"anchor": "2025-01-01", "interval": {"unit": "month", "size": 3}}, "unknown_argument", "size"),
        ("boundaries", {"anchor": "2025-01-01", "count": -1}, "invalid_value", "count"),
        ("boundaries", {"anchor": "2025-01-01", "count": 2.5}, "invalid_value", "count"),
        ("boundaries", {"anchor": "2025-01-01", "interval": "10 years", "count": 1000}, "invalid_value", "count"),
        ("boundaries", {"start": "2025-01-01", "alignment": "billing_day(32)"}, "invalid_value", "alignment"),
        ("prorate", {"amount": 1, "anchor": "2025-01-01", "end": "2025-03-01"}, "invalid_value", "end"),
        ("prorate", {"amount": 1, "anchor": 1, "start": "2025-01-09", "end": "2025-01-08"}, "invalid_value", "end"),
        ("prorate", {"amount": 1, "anchor": "2025-01-01", "new_end": "2025-02-02"}, "invalid_value", "new_end"),
        ("price", {"model": "cheap", "quantity": 1}, "invalid_value", "cheap"),
        ("price", {"model": "per_unit", "quantity": -1, "unit_amount": 1}, "invalid_value", "quantity"),
        ("price", {"model": "per_unit", "quantity": 1, "unit_amount": -1}, "invalid_value", "-1"),
        ("price", {"model": "per_unit", "quantity": 1}, "missing_argument", "unit_amount"),
        ("price", {"model": "graduated", "quantity": 1, "tiers": [7]}, "invalid_value", "tiers"),
        ("price", {"model": "graduated", "quantity": 1, "tiers": [{"upto": 7}]}, "unknown_argument", "upto"),
        ("price", {"model": "flat", "unit_amount": 1, "fraction": "3/2"}, "invalid_value", "fraction"),
        ("price", {"model": "flat", "unit_amount": 1, "fraction": "1/0"}, "invalid_value", "fraction"),
        ("price", {"model": "flat", "unit_amount": 1, "fraction": "1/2/3"}, "invalid_value", "fraction"),
        ("allocate", {"total": "0.001", "weights": [1]}, "invalid_value", "amount"),
        ("allocate", {"total": 1, "weights": []}, "invalid_value", "weights"),
        ("allocate", {"total": 1, "weights": [1, -1]}, "invalid_value", "weights"),
        ("allocate", {"total": 1, "weights": [1] * 10_001}, "invalid_value", "weights"),
        ("discount", {"amounts": [1], "percents": [101]}, "invalid_value", "percent off"),
        ("discount", {"amounts": [1], "amount_off": -1}, "invalid_value", "amount off"),
        ("discount", {"amounts": [1], "discounts": [5]}, "invalid_value", "discounts"),
        ("discount", {"amounts": [1], "discounts": [{"free": 5}]}, "unknown_argument", "free"),
        ("tax", {"amounts": [1], "percent": -1}, "invalid_value", "percent"),
        ("tax", {"amounts": [1], "percent": 25, "inclusive": "perhaps"}, "invalid_value", "inclusive"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_was_refused(ask, name: str, arguments: dict[str, Any], code: str, named: str) -> None:
    exit_code, found = ask(name, arguments)
    assert exit_code == 1
    assert found.keys() == {"error"}
    assert found["error"]["code"] == code
    assert named in found["error"]["message"]


@pytest.mark.parametrize(
    "words", [["round", "x"], ["round", "[]"], ["round", '{"amount": NaN}'], ["round", '{"amount": 1, "amount": 2}'],
              ["round", "[" * 100_000], ["round", "1" * 5_000]]
)  # fmt: skip
def test_what_is_no_object_is_wrong_use(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.main(["rule", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("perennia: the arguments ") and err.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["round"]])
def test_a_rule_there_is_not_is_wrong_use(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["rule", *words])
    assert stopped.value.code == 2


def test_arguments_may_come_from_standard_input(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"amount": "2.345"}'))
    assert ask("round", "-") == (0, {"amount": "2.35", "currency": "EUR"})


def test_a_number_never_becomes_a_float(ask) -> None:
    assert ask("round", '{"amount": 100000000000000.005}')[1]["amount"] == "100000000000000.01"
    assert ask("allocate", '{"total": 0.3, "weights": [0.1, 0.2]}')[1]["parts"] == ["0.10", "0.20"]


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_nested = st.recursive(
    _scalars | st.sampled_from(["EUR", "month", "2025-01-31", "calendar", "day", "half_even", "18/28", "graduated"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["unit", "count", "up_to"]), inner),
    max_leaves=5,
)
_NAMES = """
amount amounts currency anchor start end interval zone unit denominator count until first percent percents model
quantity tiers total weights step numerator inclusive order discounts base customer_day alignment less new_end
fraction share events package_size policy
"""
_names = st.sampled_from(_NAMES.split())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(RULES)), st.dictionaries(_names, _nested, max_size=8))
def test_whatever_is_asked_is_answered_or_refused(ask, name: str, arguments: dict[str, Any]) -> None:
    code, found = ask(name, arguments)
    assert (code == 1) == ("error" in found)


def test_the_command_starts_without_a_framework_or_a_database() -> None:
    code = "import sys, perennia.cli as c; c.main(['rule', 'round', '{\"amount\": 1}']); print(sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "perennia.cli.rule" in shown
    assert not [name for name in ("'django'", "'psycopg'", "'pydantic'", "'yaml'") if name in shown]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["prise", "{}"], 2, "'prise' er ingen regel; der er boundaries, prorate, price, "),
        (["price", "["], 2, "argumenterne er ikke JSON (Expecting value: "),
        (["price", '{"a": NaN}'], 2, "argumenterne er ikke JSON (NaN er intet tal)"),
        (["price", '{"a": 1, "a": 2}'], 2, "argumenterne er ikke JSON (et navn er der to gange)"),
        (["price", "[]"], 2, "argumenterne er ét JSON-objekt, f.eks. "),
        (["price", "{}"], 1, "price mangler argumentet model; docs/rules.md viser et eksempel."),
        (["price", '{"model": "flat", "unit_amount": "x"}'], 1, "stykprisen kan ikke være x: et tal under 10 i 15. potens"),
        (["boundaries", '{"start": "2024-01-01", "alignment": "billing_day(40)"}'], 1,
         "base eller billing_day(n) med en dag fra 1 til 31."),
    ],
)  # fmt: skip
def test_refusals_are_told_in_the_language_of_the_reader(
    words: list[str], code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERENNIA_LANGUAGE", "da")
    assert cli.main(["rule", *words]) == code
    assert told in "".join(capsys.readouterr())
