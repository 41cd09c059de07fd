"""A line of a document, and what it remembers for later credits ("Words", "What is due")."""

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.oracle.agreements import Agreement, End
from tests.oracle.prices import Price
from tests.oracle.slots import Slot, Stretch


@dataclass(eq=False)
class Line:
    sub: Agreement | None
    item: str
    kind: str
    start: datetime
    end: datetime | None
    quantity: Fraction
    listed: int
    currency: str
    tax_class: str | None = None
    inclusive: bool = False
    tax_day: date | None = None
    price: Price | None = None
    slot: Slot | None = None
    covered: list[Stretch] = field(default_factory=list)
    charged: list[Stretch] = field(default_factory=list)
    whole: Fraction = Fraction(0)
    whole_by: End | None = None
    renewal: bool = False
    source: "Line | None" = None
    becomes: str = "balance"
    held: bool = False
    latest: datetime | None = None
    dropped: bool = False
    exact: Fraction | None = None
    amount: int = 0
    tax: int = 0
    credited: int = 0
    given_at: dict[datetime, int] = field(default_factory=dict)
    returns: int | None = None
    tax_base: int = 0
    tax_credited: int = 0
    by_hand: bool = False
    """Whether somebody gave back a part of it."""
    document: Any = None
    place: str = ""

    def __post_init__(self) -> None:
        self.amount = self.listed
        if self.exact is None:
            self.exact = Fraction(self.listed)

    @property
    def still_covered(self) -> tuple[datetime, datetime | None]:
        """From when to when what was not given back of it lasts."""
        if self.slot is None or not self.covered:
            return self.start, self.end
        return self.slot.at(self.covered[0][0], ending=False), self.slot.at(self.covered[-1][1], ending=True)

    @property
    def net(self) -> int:
        return self.amount - self.tax if self.inclusive else self.amount
