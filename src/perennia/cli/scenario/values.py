"""From a value as it was written to what it means; each reader refuses with the value's place and what is expected."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar

from perennia.cli.scenario.tree import Node
from perennia.domain.calendar import Interval, Unit, instant, zone_info
from perennia.domain.errors import DomainError
from perennia.domain.policies import DEFAULTS, changed

T = TypeVar("T")
Reader = Callable[[Node], T]

MISSING, UNKNOWN = "missing_argument", "unknown_argument"
"""What programs are told of an entry that lacks something, or has what there is none of; else `invalid_value`."""

_YES, _NO = frozenset({"yes", "true", "on"}), frozenset({"no", "false", "off"})
_YEARS = range(1900, 2200)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?", re.ASCII)
_MOST_DIGITS = 30
_INTERVAL = re.compile(r"(?:(\d{1,5})\s+)?(day|week|month|year)s?")


@dataclass(slots=True)
class Fields:
    """The keys of a mapping, taken one by one; in the end those that nobody took are refused."""

    node: Node
    _taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.node.value, dict):
            raise self.node.refuse("keys with values are expected here, as in {key: value}")
        once_each(self.node)
        if "<<" in self._values:
            raise self.node.refuse("`<<` has no meaning here; write out what it stands for")

    @property
    def _values(self) -> dict[str, Node]:
        assert isinstance(self.node.value, dict)
        return self.node.value

    def node_of(self, name: str) -> Node | None:
        """The value under a key as it was written; None where there is none or it is left empty."""
        self._taken.append(name)
        found = self._values.get(name)
        return None if found is None or found.is_nothing else found

    def get(self, name: str, read: Reader[T]) -> T | None:
        """The value under a key; None where there is none."""
        found = self.node_of(name)
        return None if found is None else read(found)

    def need(self, name: str, read: Reader[T]) -> T:
        """The value under a key that must be there. Raises Unreadable."""
        found = self.node_of(name)
        if found is None:
            raise self.node.refuse(f"{name} is missing", code=MISSING)
        return read(found)

    def has(self, name: str) -> bool:
        return name in self._values

    def done(self, *, kind: str) -> None:
        """Refuse the keys that nobody took, naming the ones there are."""
        for name, node in self._values.items():
            if name not in self._taken:
                reason = unknown(name, self._taken, kind=f"key of {kind}", kinds="the keys are")
                raise node.refuse(reason, code=UNKNOWN)


def unknown(word: str, known: Sequence[str], *, kind: str, kinds: str) -> str:
    """The reason why a word is refused, with the nearest one that is known."""
    close = get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{word[:50]!r} is no {kind}; {hint}{kinds} {', '.join(sorted(set(known)))}"


def once_each(node: Node) -> None:
    """Raises Unreadable where a key stands twice."""
    if node.twice is not None:
        raise node.twice.refuse(f"{str(node.twice.value)[:50]} stands here twice")


def text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise node.refuse("one word or text is expected here")
    if "\0" in node.value or len(node.value) > 10_000:
        raise node.refuse("a text has no NUL and at most 10,000 characters")
    if any("\ud800" <= character <= "\udfff" for character in node.value):
        raise node.refuse("a text has no half of a surrogate pair, as \\ud800 alone")
    return node.value


def text_unless_no(node: Node) -> str | None:
    """None where it says no."""
    found = text(node)
    return None if found.strip().lower() in _NO else found


def number(node: Node) -> Decimal:
    """An exact decimal, also below zero, as 12, 12.50 or 1.25e1."""
    found = text(node).strip()
    if not _NUMBER.fullmatch(found):
        if "," in found:
            raise node.refuse(
                f"{found[:50]!r} is no number; write it with a point and nothing between thousands, like 1250.50"
            )
        raise node.refuse(f"{found[:50]!r} is no number; write one like 12 or 12.50")
    made = Decimal(found)
    digits, exponent = made.as_tuple()[1:]
    assert isinstance(exponent, int)
    if max(len(digits) + exponent, -exponent) > _MOST_DIGITS and made:
        raise node.refuse(f"{found[:50]!r} has more than {_MOST_DIGITS} digits before or after the point")
    return Decimal(f"{made:f}") if made and exponent > 0 else made


def whole(node: Node) -> int:
    found = number(node)
    if found != found.to_integral_value() or abs(found) >= 10**9:
        raise node.refuse("a whole number is expected here")
    return int(found)


def yes_no(node: Node) -> bool:
    found = text(node).strip().lower()
    if found not in _YES | _NO:
        raise node.refuse("yes or no is expected here")
    return found in _YES


def day(node: Node) -> date:
    """A local date."""
    found = text(node).strip()
    try:
        made = date.fromisoformat(found)
    except ValueError:
        raise node.refuse(f"{found[:50]!r} is no day; write one like 2024-01-31") from None
    return _in_years(node, made)


def moment(zone: str) -> Reader[datetime]:
    """A reader of instants: a date is its midnight in `zone`, a time without an offset is local there."""
    any_moment = moment_of_any_year(zone)

    def read(node: Node) -> datetime:
        found = any_moment(node)
        _in_years(node, found.date())
        return found.astimezone(UTC)

    return read


def moment_of_any_year(zone: str) -> Reader[datetime]:
    """A reader of instants, local in `zone`, also of those that no entry may have."""

    def read(node: Node) -> datetime:
        found = text(node).strip()
        try:
            made = datetime.fromisoformat(found)
            return (instant(made, zone) if made.tzinfo is None else made).astimezone(zone_info(zone))
        except (ValueError, OverflowError):
            raise node.refuse(
                f"{found[:50]!r} is no time; write 2024-01-31, 2024-01-31T12:00 or 2024-01-31T12:00+01:00"
            ) from None

    return read


def _in_years(node: Node, found: date) -> date:
    if found.year not in _YEARS:
        raise node.refuse(f"the years run from {_YEARS[0]} to {_YEARS[-1]}")
    return found


def one_of(*words: str) -> Reader[str]:
    def read(node: Node) -> str:
        found = text(node).strip()
        if found not in words:
            raise node.refuse(unknown(found, words, kind="word for this", kinds="one of"))
        return found

    return read


def word_or_time(zone: str, *words: str) -> Reader[str | date]:
    """One of the words, a local date, or an instant: a time without an offset is local in `zone`."""
    instant_of = moment(zone)

    def read(node: Node) -> str | date:
        found = text(node).strip()
        if found in words:
            return found
        try:
            made = date.fromisoformat(found)
        except ValueError:
            if not found[:1].isdigit():
                raise node.refuse(f"{found[:50]!r} is none of {', '.join(words)}, and no day like 2024-01-31") from None
            return instant_of(node)
        return _in_years(node, made)

    return read


def interval(node: Node) -> Interval:
    """`month`, `3 months`, `14 days`, or {unit, count}."""
    if isinstance(node.value, dict):
        fields = Fields(node)
        unit = fields.need("unit", one_of(*(unit.value for unit in Unit)))
        count = fields.get("count", whole)
        fields.done(kind="an interval")
        return by_rule(node, lambda: Interval(Unit(unit), 1 if count is None else count))
    found = _INTERVAL.fullmatch(text(node).strip())
    if found is None:
        raise node.refuse(f"{text(node)[:50]!r} is no interval; write month, 3 months, year or 14 days")
    return by_rule(node, lambda: Interval(Unit(found[2]), int(found[1] or 1)))


def by_rule(node: Node, make: Callable[[], T]) -> T:
    """What `make` gives; what a rule refuses is told with the place of the value."""
    try:
        return make()
    except DomainError as error:
        raise node.refuse(error) from None


def mapping_of(node: Node) -> Iterator[tuple[str, Node]]:
    """The keys of a mapping that may have any, each with its value."""
    if node.is_nothing:
        return
    if not isinstance(node.value, dict):
        raise node.refuse("keys with values are expected here, as in {key: value}")
    once_each(node)
    yield from node.value.items()


def list_of(read: Reader[T]) -> Reader[list[T]]:
    """A reader of lists; a single value is a list of one."""

    def read_all(node: Node) -> list[T]:
        return [read(child) for child in node.value] if isinstance(node.value, list) else [read(node)]

    return read_all


def policy(node: Node) -> Mapping[str, Any]:
    """Policies as they are given: words and decimal text; what they mean is for the rules to say."""
    return {name: _policy_value(value) for name, value in mapping_of(node)}


def policy_of_act(node: Node) -> Mapping[str, Any]:
    """The policies of one act, each by itself one that there is: some acts ask for none of them."""
    found = policy(node)
    for name, child in mapping_of(node):
        by_rule(child, lambda name=name: changed(DEFAULTS, {name: found[name]}))  # type: ignore[misc]
    return found


def _policy_value(node: Node) -> Any:
    if isinstance(node.value, list):
        return [whole(child) for child in node.value]
    return "none" if node.is_nothing else text(node).strip()
