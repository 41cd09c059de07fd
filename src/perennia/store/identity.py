"""Where fresh row keys come from. `config` hands the source in; nothing here reads a clock."""

from collections.abc import Callable

from perennia.domain.ids import Id

_source: Callable[[int], list[bytes]] | None = None


def wire(source: Callable[[int], list[bytes]]) -> None:
    """Use `source` for every key from now on: n -> n UUIDv7s of 16 bytes, rising."""
    global _source
    _source = source


def new_ids(n: int) -> list[Id]:
    """Fresh keys in rising order."""
    if _source is None:
        raise RuntimeError("no source of keys is wired; open the product through config.wiring")
    return [Id(key) for key in _source(n)]


def new_id() -> Id:
    return new_ids(1)[0]


class Keys:
    """Fresh keys for one operation, drawn from the source many at a time; calling it gives the next n."""

    __slots__ = ("_left",)
    _DRAWN = 512

    def __init__(self) -> None:
        self._left: list[Id] = []

    def __call__(self, n: int) -> list[Id]:
        if len(self._left) < n:
            self._left = new_ids(max(self._DRAWN, n))[::-1]
        return [self._left.pop() for _ in range(n)]
