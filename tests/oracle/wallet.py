"""The credit balance, piece by piece ("Credit balance"; decision 16: what is spent first)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

PROMOTIONAL, PAID, MONEY = range(3)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Piece:
    kind: int
    left: int
    expires: datetime | None = None


@dataclass
class Wallet:
    """What a payer has in one currency: what expires first is spent first, then gifts, then prepaid credit, then money."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(piece.left for piece in self.pieces)

    def put(self, amount: int, kind: int = MONEY, expires: datetime | None = None) -> None:
        self.pieces.append(Piece(kind, amount, expires))

    def expire(self, at: datetime) -> None:
        """What ends by then is gone: it can be spent before its end and not at it."""
        self.pieces = [piece for piece in self.pieces if piece.expires is None or piece.expires > at]

    def spend(self, most: int, *, money_only: bool = False) -> int:
        spent = 0
        for piece in sorted(self.pieces, key=lambda one: (one.expires or _NEVER, one.kind)):
            if money_only and piece.kind != MONEY:
                continue
            part = min(piece.left, most - spent)
            piece.left -= part
            spent += part
        return spent
