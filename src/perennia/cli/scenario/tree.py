"""A scenario's text as a tree in which every value knows its place; JSON and YAML give the same tree.

Every scalar is text: no format decides here what is a number, a date or a boolean.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennia.domain.errors import DomainError
from perennia.wording.errors import phrase, text

MOST_VALUES = 200_000
_MOST_DEPTH = 40
_NOTHING = frozenset({"", "~", "null", "none"})

Value = "str | list[Node] | dict[str, Node]"


class Unreadable(Exception):
    """What was written has no meaning where it stands: the place, and why in English or by the rule that refuses it.

    `code` is what programs are told of an entry.
    """

    def __init__(
        self, reason: str | DomainError, *, place: str = "", line: int | None = None, code: str = "invalid_value"
    ) -> None:
        super().__init__(reason)
        self.reason, self.place, self.line = reason, place, line
        self.code = reason.code if isinstance(reason, DomainError) else code

    def __str__(self) -> str:
        return self.told()

    def told(self, language: str = "en") -> str:
        """One line for the person who wrote it."""
        why = self.reason
        said = text(why, language=language) if isinstance(why, DomainError) else phrase(why, language=language)
        line = "" if self.line is None else phrase(f"line {self.line}", language=language) + ", "
        return f"{line}{phrase(self.place, language=language)}: {said}" if self.place else f"{line}{said}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: `place` in words of the file, `line` of a YAML file."""

    value: "str | list[Node] | dict[str, Node]"
    place: str
    line: int | None = None
    twice: "Node | None" = None
    """A key that stands here more than once."""

    @property
    def is_nothing(self) -> bool:
        """Left empty, or written as nothing."""
        return isinstance(self.value, str) and self.value in _NOTHING

    def refuse(self, reason: str | DomainError, *, code: str = "invalid_value") -> Unreadable:
        """The error to raise about this value."""
        return Unreadable(reason, place=self.place, line=self.line, code=code)


def parse(text: str, *, is_json: bool) -> Node:
    """The tree of a file's text. Raises Unreadable."""
    return _from_json(text) if is_json else _from_yaml(text)


def looks_like_json(path: Path, text: str) -> bool:
    """By the file's extension; where that says nothing, by its first character."""
    if path.suffix in (".json", ".yaml", ".yml"):
        return path.suffix == ".json"
    return text.lstrip().startswith("{")


def _from_json(text: str) -> Node:
    try:
        found = json.loads(
            text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_Pairs
        )  # every scalar as it was written
    except json.JSONDecodeError as error:
        where = f"column {error.colno}"
        raise Unreadable(f"this is not JSON: {error.msg}", place=where, line=error.lineno) from None
    except RecursionError:
        raise Unreadable("this is nested too deeply") from None
    return _Budget().of_json(found, "", 0)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object before anybody has looked for keys that stand twice."""


class _Budget:
    """Counts what is read, so that a small file with aliases of aliases cannot fill the machine."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of_json(self, value: Any, place: str, depth: int) -> Node:
        self._spend(place, depth)
        if isinstance(value, _Pairs):
            return _mapping(((key, self.of_json(child, _inside(place, key), depth + 1)) for key, child in value), place)
        if isinstance(value, list):
            return Node([self.of_json(v, f"{place}[{n}]", depth + 1) for n, v in enumerate(value)], place)
        words = {True: "yes", False: "no", None: ""}
        return Node(value if isinstance(value, str) else words[value], place)

    def of_yaml(self, node: Any, place: str, depth: int) -> Node:
        self._spend(place, depth)
        line = node.start_mark.line + 1
        if node.id == "scalar":
            return Node(node.value, place, line)
        if node.id == "sequence":
            items = [self.of_yaml(child, f"{place}[{n}]", depth + 1) for n, child in enumerate(node.value)]
            return Node(items, place, line)
        return _mapping(self._pairs(node, place, depth), place, line)

    def _pairs(self, node: Any, place: str, depth: int) -> Iterator[tuple[str, Node]]:
        for key, child in node.value:
            if key.id != "scalar":
                raise Node("", place, key.start_mark.line + 1).refuse("a key is one word")
            yield key.value, self.of_yaml(child, _inside(place, key.value), depth + 1)

    def _spend(self, place: str, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > _MOST_DEPTH:
            raise Unreadable(f"a scenario has at most {MOST_VALUES:,} values, {_MOST_DEPTH} deep", place=place[:80])


def _from_yaml(text: str) -> Node:
    import yaml  # as long as all the rest of reading takes, and JSON needs none of it

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = ("", None) if mark is None else (f"column {mark.column + 1}", mark.line + 1)
        raise Unreadable(f"this is not YAML: {error.problem or error.context}", place=where[0], line=where[1]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(f"this is not YAML: {' '.join(str(error).split())}") from None
    if root is None:
        raise Unreadable("the file is empty")
    return _Budget().of_yaml(root, "", 0)


def _mapping(pairs: Iterator[tuple[str, Node]], place: str, line: int | None = None) -> Node:
    found: dict[str, Node] = {}
    twice = None
    for key, child in pairs:
        twice = Node(key, place, child.line) if key in found else twice
        found[key] = child
    return Node(found, place, line, twice)


def _inside(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
