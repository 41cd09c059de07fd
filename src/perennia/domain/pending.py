"""Charges outside a price of the catalogue: named, priced and counted by hand."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from perennia.domain.ids import Id


@dataclass(frozen=True, slots=True)
class Pending:
    """A charge that the next document of its payer, legal entity and currency takes in, dated `at`.

    `unit_amount` is in currency units. A discountable one shares the discounts of its subscription and uses none of their
    periods. `id` is None for one that never waited.
    """

    id: Id | None
    customer_id: Id
    entity_id: Id
    currency: str
    description: str
    quantity: Decimal
    unit_amount: Decimal
    at: datetime
    tax_class: str = "standard"
    tax_inclusive: bool = False
    subscription_id: Id | None = None
    is_discountable: bool = False
    is_setup: bool = False
