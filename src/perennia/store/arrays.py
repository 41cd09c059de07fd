"""Long lists of keys and instants as parameters, packed at once: the driver takes ten times as long, one by one."""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, repeat

from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from perennia.domain.ids import Id

_UUID, _UUIDS, _TIMESTAMPTZ, _TIMESTAMPTZS = 2950, 2951, 1184, 1185
_TEXT, _TEXTS, _BIGINT, _BIGINTS = 25, 1009, 20, 1016
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_KEY_LENGTH = struct.pack("!i", 16)
_NULL = struct.pack("!i", -1)


class KeyArray(bytes):
    """A `uuid[]` as the server reads it."""

    __slots__ = ()


class InstantArray(bytes):
    """A `timestamptz[]` as the server reads it."""

    __slots__ = ()


class TextArray(bytes):
    """A `text[]` as the server reads it."""

    __slots__ = ()


class NumberArray(bytes):
    """A `bigint[]` as the server reads it."""

    __slots__ = ()


class KeyArrayDumper(Dumper):
    format = Format.BINARY
    oid = _UUIDS

    def dump(self, obj: KeyArray) -> Buffer:
        return bytes(obj)


class InstantArrayDumper(Dumper):
    format = Format.BINARY
    oid = _TIMESTAMPTZS

    def dump(self, obj: InstantArray) -> Buffer:
        return bytes(obj)


class TextArrayDumper(Dumper):
    format = Format.BINARY
    oid = _TEXTS

    def dump(self, obj: TextArray) -> Buffer:
        return bytes(obj)


class NumberArrayDumper(Dumper):
    format = Format.BINARY
    oid = _BIGINTS

    def dump(self, obj: NumberArray) -> Buffer:
        return bytes(obj)


def keys(values: Iterable[Id]) -> KeyArray:
    """Keys as one parameter."""
    found = list(values)
    return KeyArray(_KEY_LENGTH.join([_head(len(found), _UUID), *found]))


def instants(values: Iterable[datetime | None]) -> InstantArray:
    """Instants as one parameter; None is NULL."""
    found = [_packed(value) for value in values]
    return InstantArray(b"".join([_head(len(found), _TIMESTAMPTZ), *found]))


def texts(values: Iterable[str | None]) -> TextArray:
    """Texts as one parameter; None is NULL."""
    found = [_NULL if value is None else _with_length(value.encode()) for value in values]
    return TextArray(b"".join([_head(len(found), _TEXT), *found]))


def numbers(values: Sequence[int]) -> NumberArray:
    """Whole numbers as one parameter."""
    return NumberArray(_head(len(values), _BIGINT) + _eights(values))


def moments(values: Sequence[int]) -> InstantArray:
    """Instants as one parameter, each as its `micros`."""
    return InstantArray(_head(len(values), _TIMESTAMPTZ) + _eights(values))


def lines(values: Iterable[str | None]) -> str:
    """Texts without line breaks as one: `string_to_array(…, E'\\n', '')` takes them apart, None and '' as NULL."""
    return "\n".join([value or "" for value in values])


def micros(at: datetime) -> int:
    """Microseconds since 2000, as the server counts."""
    since = at - EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def instant_of(at: int) -> datetime:
    """The instant of so many microseconds since 2000."""
    return EPOCH + timedelta(microseconds=at)


def _eights(values: Sequence[int]) -> bytes:
    return struct.pack("!" + "iq" * len(values), *chain.from_iterable(zip(repeat(8), values, strict=False)))


def _with_length(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


@lru_cache(maxsize=65536)
def _packed(at: datetime | None) -> bytes:
    return _NULL if at is None else struct.pack("!iq", 8, micros(at))


def _head(count: int, element: int) -> bytes:
    """One dimension from 1, maybe with NULLs; none for an empty array."""
    return struct.pack("!iiIii", 1, 1, element, count, 1) if count else struct.pack("!iiI", 0, 0, element)
