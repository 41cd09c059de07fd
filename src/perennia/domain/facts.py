"""What the rules are told: frozen values read by the store, or made by a test. No rule changes one."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from perennia.domain.calendar import Series
from perennia.domain.discounts import Discount
from perennia.domain.ids import Id
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import Price
from perennia.domain.tax import TaxTable


class Status(StrEnum):
    """The states of a subscription; `lifecycle.MOVES` says which leads where."""

    SCHEDULED = "scheduled"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"


class ItemKind(StrEnum):
    """A plan, an add-on, or an adjustment: a fixed amount agreed with one subscriber, also below zero."""

    PLAN = "plan"
    ADD_ON = "add_on"
    ADJUSTMENT = "adjustment"


class CollectionMode(StrEnum):
    """We charge the payment method, or we send the invoice and wait."""

    AUTOMATIC = "automatic"
    SEND = "send"


class Cause(StrEnum):
    """Why a subscription ended; churn is split by it."""

    CHOSEN = "chosen"
    FAILED_PAYMENT = "failed_payment"


@dataclass(frozen=True, slots=True)
class Version:
    """A price and a quantity of an item from one instant to another.

    Everything before `billed_through` is settled and never looked at again, except for charges that reach
    beyond the version's end. `bills_from` is where its first charge begins, where that is not its start.
    """

    id: Id
    price: Price
    quantity: Decimal
    starts_at: datetime
    ends_at: datetime | None = None
    billed_through: datetime | None = None
    bills_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a subscription, with the series of its periods and its versions in order."""

    id: Id
    kind: ItemKind
    name: str
    series: Series
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A charged part that reaches beyond its version's end, with the line that charged it.

    `start`, `end` are the stretch still settled; `line_end` is where the line's own period ends. Amounts in
    minor units; `open_minor` is what is still unpaid on the line's document.
    """

    version_id: Id
    start: datetime
    end: datetime
    document_id: Id
    position: int
    description: str
    line_end: datetime
    line_net: int
    line_tax: int
    tax_percent: Decimal
    credited_net: int
    credited_tax: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """An agreement and everything needed to bill it."""

    id: Id
    customer_id: Id
    entity_id: Id
    status: Status
    currency: str
    zone: str
    started_at: datetime
    items: tuple[Item, ...]
    trial_ends_at: datetime | None = None
    cancel_at: datetime | None = None
    cancel_cause: Cause = Cause.CHOSEN
    ended_at: datetime | None = None
    collection: CollectionMode = CollectionMode.AUTOMATIC
    net_days: int = 0
    discounts: tuple[Discount, ...] = ()
    overcharged: tuple[Settled, ...] = ()
    policies: Policies = DEFAULTS


@dataclass(frozen=True, slots=True)
class Payer:
    """The customer who is billed: the unit of every lock and every document."""

    id: Id
    party_id: Id
    country: str
    subscriptions: tuple[Subscription, ...]
    balances: dict[tuple[Id, str], int] = field(default_factory=dict)
    """Credit balance in minor units by (legal entity, currency)."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity that sells: its frozen party and where it is."""

    id: Id
    party_id: Id
    country: str


@dataclass(frozen=True, slots=True)
class Seller:
    """What all payers of a tenant share: its zone, its legal entities, its tax rates and policies."""

    tenant_id: Id
    zone: str
    entities: dict[Id, Entity]
    taxes: TaxTable
