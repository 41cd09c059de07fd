"""What a rule answers: everything that is to be written for one payer, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from perennia.domain.documents import Document, DocumentKind
from perennia.domain.events import Event
from perennia.domain.facts import Cause, Item, Status, Version
from perennia.domain.ids import Id
from perennia.domain.policies import Policies


class MovementKind(StrEnum):
    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    PAUSE = "pause"
    RESUME = "resume"


class Account(IntEnum):
    """The ledger's accounts; a debit is above zero. Each gateway has a cash account from 100 on."""

    RECEIVABLE = 10
    CUSTOMER_CREDIT = 20
    DEFERRED_REVENUE = 30
    REVENUE = 40
    TAX = 50
    CASH_OTHER = 100
    CASH_SANDBOX = 101


class Source(StrEnum):
    """Where the money comes from that settles a document or enters the credit balance."""

    PAYMENT = "payment"
    BALANCE = "balance"
    CREDIT_NOTE = "credit_note"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class SubscriptionMove:
    """A change of a subscription's state; leaves a row in the history."""

    subscription_id: Id
    before: Status
    after: Status
    at: datetime
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """A difference in recurring revenue, minor units a month, with the change that caused it."""

    subscription_id: Id
    kind: MovementKind
    currency: str
    mrr_minor: int
    effective_at: datetime
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a booking; all postings of a transaction sum to zero per currency."""

    transaction_id: Id
    account: Account
    currency: str
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Allocation:
    """Money joined to a document: `amount_minor` of `source_id` settles that much of `document_id`."""

    document_id: Id
    source: Source
    source_id: Id
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class BalanceEntry:
    """Money that enters (above zero) or leaves the payer's credit balance."""

    id: Id
    entity_id: Id
    currency: str
    amount_minor: int
    source: Source
    source_id: Id
    at: datetime


@dataclass(frozen=True, slots=True)
class SpanCut:
    """A settled part that now ends earlier; with `end` at its start it is settled no more."""

    version_id: Id
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class SpanStretch:
    """A settled part that lasts longer now, since a pause moved its end."""

    version_id: Id
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class VersionBegun:
    """A version to insert, with its item where that is new."""

    subscription_id: Id
    item: Item
    version: Version
    is_new_item: bool = False


@dataclass(frozen=True, slots=True)
class VersionEnd:
    """A version that ends now, under the policies of the act that ended it (None: the subscription's)."""

    version_id: Id
    ends_at: datetime
    under: Policies | None = None


@dataclass(frozen=True, slots=True)
class ChangeDone:
    """A change that took effect at an instant, or (`discarded`) had nothing left to change."""

    change_id: Id
    subscription_id: Id
    at: datetime
    state: str = "applied"


@dataclass(frozen=True, slots=True)
class ChangeMoved:
    """A change that waits for another instant now."""

    change_id: Id
    at: datetime


@dataclass(frozen=True, slots=True)
class PauseDone:
    """A pause whose effect on what is billed was taken."""

    pause_id: Id
    subscription_id: Id


@dataclass(frozen=True, slots=True)
class DatesMove:
    """The dates of a subscription, of which one moved by itself: a pause held it up, or a term renewed."""

    subscription_id: Id
    trial_ends_at: datetime | None
    term_ends_at: datetime | None
    cancel_at: datetime | None


@dataclass(frozen=True, slots=True)
class DiscountUse:
    """How many periods a discount still has; `ended_at` once a period began without it."""

    discount_id: Id
    periods_left: int
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that changes for one payer. `next_due_at` is when something of this payer falls due again."""

    payer_id: Id
    next_due_at: datetime | None
    documents: tuple[Document, ...] = ()
    settled: tuple[tuple[Id, datetime], ...] = ()
    """(item version, settled through) for each version whose search start moved."""
    cuts: tuple[SpanCut, ...] = ()
    stretches: tuple[SpanStretch, ...] = ()
    begun: tuple[VersionBegun, ...] = ()
    ended: tuple[VersionEnd, ...] = ()
    changes: tuple[ChangeDone, ...] = ()
    moved_changes: tuple[ChangeMoved, ...] = ()
    pauses: tuple[PauseDone, ...] = ()
    dates: tuple[DatesMove, ...] = ()
    moves: tuple[SubscriptionMove, ...] = ()
    movements: tuple[Movement, ...] = ()
    events: tuple[Event, ...] = ()
    postings: tuple[Posting, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    balance: tuple[BalanceEntry, ...] = ()
    discounts: tuple[DiscountUse, ...] = ()

    @property
    def invoices(self) -> int:
        """How many of the documents are invoices and not credit notes."""
        return sum(document.kind is DocumentKind.INVOICE for document in self.documents)
