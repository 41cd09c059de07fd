"""Refusals as sentences: what was refused, why, and what to do.

A language is two tables, `perennia.wording.danish` for one: sentences by message key, and words and reasons by
their English. `_translated` is the one place that looks anything up, so that gettext can take over.
"""

import re
from collections.abc import Mapping
from functools import cache

from perennia.domain.errors import DomainError
from perennia.wording import commands_danish, danish, english, scenarios_danish

_SENTENCES: Mapping[str, Mapping[str, str]] = {"en": english.SENTENCES, "da": danish.SENTENCES}
_WORDS: Mapping[str, Mapping[str, str]] = {"en": english.WORDS, "da": danish.WORDS}
_COMMANDS: Mapping[str, Mapping[str, str]] = {"da": {**commands_danish.WORDS, **scenarios_danish.WORDS}}
_LONGEST_FACT = 80
_TOLD_IN_WORDS = frozenset(
    {"kind", "key", "field", "reason", "state", "to", "valid_to", "sold_from", "sold_until"}
)  # never what a person wrote


def text(error: DomainError, *, language: str = "en") -> str:
    """One line in `language`, English where that is not spoken; an error without wording as its code and facts."""
    spoken = language if language in _SENTENCES else "en"
    sentence = next((found for key in _keys(error) if (found := _SENTENCES[spoken].get(key))), None)
    if sentence is None:
        return " ".join(str(error).split())
    return sentence.format_map(_Facts({name: _fact(name, value, spoken) for name, value in error.facts.items()}))


def phrase(said: str, *, language: str = "en") -> str:
    """What a command refuses by itself, in `language`; as it is where there are no words for it."""
    return _carried_over(said, _COMMANDS.get(language, {})) or said


def languages() -> list[str]:
    """The languages that refusals are told in."""
    return sorted(_SENTENCES)


class _Facts(dict[str, str]):
    """An error that came without one of its facts is still told."""

    def __missing__(self, name: str) -> str:
        return "?"


def _keys(error: DomainError) -> list[str]:
    """Message keys, the most telling first: what is missing or taken may have a sentence of its own."""
    telling = [f"{error.code}.{error.facts[name]}" for name in ("key", "kind") if name in error.facts]
    return [*telling, error.code]


def _fact(name: str, value: object, language: str) -> str:
    """A value fit for a line: in the reader's words where there are any, without line breaks, not endless."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(str(value).split()))
    if name in _TOLD_IN_WORDS:
        return _translated(plain, language) or plain
    return plain if len(plain) <= _LONGEST_FACT else f"{plain[:_LONGEST_FACT]}…"


def _translated(plain: str, language: str) -> str | None:
    """The words for a kind of row or for a reason; a reason's `{facts}` are carried over."""
    return _carried_over(plain, _WORDS[language])


def _carried_over(plain: str, table: Mapping[str, str]) -> str | None:
    for given, words in table.items():
        found = _pattern(given).fullmatch(plain)
        if found:
            facts = {
                name: (_carried_over(value, table) or value) if name in ("kind", "reason") else value
                for name, value in found.groupdict().items()
            }
            return words.format_map(facts)
    return None


@cache
def _pattern(given: str) -> re.Pattern[str]:
    return re.compile(_as_pattern(given))


def _as_pattern(given: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(given))
