"""Keys of rows: sixteen raw bytes (a UUIDv7) inside, prefixed text outside."""

from collections.abc import Callable
from typing import Self

from perennia.domain.errors import InvalidValue


class Id(bytes):
    """The key of a row as its 16 bytes. Text form: `sub_` and 32 hex digits."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str, *, prefix: str) -> Self:
        """The key in `text`, which must carry `prefix` (without its underscore). Raises InvalidValue."""
        head, _, digits = text.rpartition("_")
        if head == prefix and len(digits) == 32:
            try:
                return cls(bytes.fromhex(digits))
            except ValueError:
                pass
        raise InvalidValue(field="id", value=text, reason=f"an id here looks like {prefix}_ and 32 hex digits")

    def text(self, prefix: str) -> str:
        return f"{prefix}_{self.hex()}"

    def __repr__(self) -> str:
        return f"Id({self.hex()})"


NewIds = Callable[[int], list[Id]]
"""A source of fresh keys: `new_ids(n)` gives n of them in rising order."""
