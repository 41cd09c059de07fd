"""What a subscriber takes."""

from dataclasses import dataclass
from decimal import Decimal

from perennia.domain.ids import Id


@dataclass(frozen=True, slots=True)
class Chosen:
    """A price of the catalogue, how many, and an amount of their own where agreed."""

    price_id: Id
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal | None = None
