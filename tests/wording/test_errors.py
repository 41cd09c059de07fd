"""Every refusal has its sentence, in every language, with its facts in it."""

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import TypeGuard

import pytest

import perennia
from perennia.domain.errors import AlreadyExists, DomainError, InvalidValue, NotFound, TaxRatesOverlap
from perennia.wording import danish, english
from perennia.wording.errors import languages, text

SOURCE = Path(perennia.__file__).parent


def _modules_with_errors() -> list[str]:
    found = [path for path in SOURCE.rglob("*.py") if re.search(r"^class \w+\(DomainError\)", path.read_text(), re.M)]
    return [".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in sorted(found)]


def _errors() -> list[type[DomainError]]:
    for module in _modules_with_errors():
        import_module(module)
    found, waiting = [], [DomainError]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1].__subclasses__()
    return [error for error in found if error.__module__.startswith("perennia.")]


def _reasons() -> list[str]:
    """The reason of every InvalidValue that is raised with a text, a value in it as 7, also one set just before."""
    reasons = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
                reasons |= {_literal(one.value) for one in node.body if _sets_reason(one)}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidValue":
                reasons |= {_literal(word.value) for word in node.keywords if word.arg == "reason"}
    return sorted(reason for reason in reasons if reason)


def _sets_reason(node: ast.stmt) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "reason"


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _kinds() -> list[str]:
    """What NotFound says is not there."""
    found = [re.findall(r'NotFound\(kind="([^"]+)"', path.read_text()) for path in SOURCE.rglob("*.py")]
    return sorted({kind for kinds in found for kind in kinds} - {"business", "tenant"})


@pytest.mark.parametrize("kind", _kinds())
def test_what_is_not_there_has_a_danish_name(kind: str) -> None:
    """A business and a tenant have a sentence of their own."""
    assert kind in danish.WORDS


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("error", _errors())
def test_every_refusal_is_told_with_its_facts(error: type[DomainError], language: str) -> None:
    names = re.findall(r"`(\w+)`", (error.__doc__ or "").rpartition("(")[2]) if error is not DomainError else []
    facts = {name: f"f-{name}-1" for name in names}
    told = text(error(**facts), language=language)
    assert [fact for fact in facts.values() if fact not in told] == []
    assert error is DomainError or facts
    assert told.endswith(".")
    assert "\n" not in told
    assert not told.startswith(error.code)


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    facts = {
        name: [{key: set(re.findall(r"{\w+}", words)) for key, words in table.items()}]
        for name, table in (("en", english.SENTENCES), ("da", danish.SENTENCES))
    }
    assert facts["en"] == facts["da"]
    assert {key for key, words in english.SENTENCES.items() if danish.SENTENCES[key] == words} == set()


@pytest.mark.parametrize("reason", _reasons())
def test_every_reason_is_told_in_danish(reason: str) -> None:
    assert reason not in text(InvalidValue(field="slug", value="x", reason=reason), language="da")


def test_no_word_is_missing_in_danish() -> None:
    assert set(english.WORDS) - set(danish.WORDS) == set()


@pytest.mark.parametrize(
    ("error", "language", "told"),
    [
        (
            AlreadyExists(kind="tenants", key="tenants_one_live"), "en",
            "This business has live books already; a second set is a sandbox (--clock).",
        ),
        (
            AlreadyExists(kind="plans", key="plans_code"), "en",
            "There is already a plan with this code; choose another, or use the one there is.",
        ),
        (
            NotFound(kind="tenant", id="active"), "da",
            "Der er intet regnskab ved navn active; `perennia tenant list` viser dem.",
        ),
        (
            InvalidValue(field="amount", value="1.234", reason="EUR has 2 decimals"), "da",
            "beløbet kan ikke være 1.234: EUR har 2 decimaler.",
        ),
        (
            NotFound(kind="tenant", id="a\nb\x1b[2J"), "xx",
            "There is no tenant called a b\N{REPLACEMENT CHARACTER}[2J; `perennia tenant list` shows them.",
        ),
        (NotFound(kind="tenant"), "en", "There is no tenant called ?; `perennia tenant list` shows them."),
    ],
)  # fmt: skip
def test_what_is_told(error: DomainError, language: str, told: str) -> None:
    assert text(error, language=language) == told


def test_a_rate_without_an_end_is_told_in_words() -> None:
    error = TaxRatesOverlap(
        country="DK", tax_class="standard", percent="25", valid_from="1992-01-01", valid_to="further notice"
    )
    assert "25 % for standard from 1992-01-01 to further notice, and" in text(error)
    assert "25 % for standard fra 1992-01-01 til videre, og" in text(error, language="da")


def test_an_error_without_wording_is_told_as_it_is() -> None:
    class Fresh(DomainError):
        code = "fresh"

    assert text(Fresh(what="x\ny")) == "fresh: what=x y"
