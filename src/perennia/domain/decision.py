"""What a rule answers: everything that is to be written for one payer, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from perennia.domain.documents import Document, DocumentKind, LineKind
from perennia.domain.events import Event
from perennia.domain.facts import Cause, Item, Pause, Status, Version
from perennia.domain.grants import Grant
from perennia.domain.ids import Id
from perennia.domain.pending import Pending
from perennia.domain.policies import Policies
from perennia.domain.values import quick


class MovementKind(StrEnum):
    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    PAUSE = "pause"
    RESUME = "resume"


class Account(IntEnum):
    """The ledger's accounts; a debit is above zero. Each gateway has a cash account from 100 on.

    `REFUNDS` is what was given back without a credit note, `REFUNDS_UNDERWAY` what a gateway is still to give back,
    `GRANTED` credit given away, `EXPIRED` prepaid credit that nobody spent in time,
    `ROUNDING` what totals were brought to sums that can be paid in cash by.
    """

    RECEIVABLE = 10
    CUSTOMER_CREDIT = 20
    DEFERRED_REVENUE = 30
    REVENUE = 40
    TAX = 50
    REFUNDS = 60
    REFUNDS_UNDERWAY = 61
    WRITE_OFF = 70
    GRANTED = 80
    EXPIRED = 81
    ROUNDING = 90
    CASH_OTHER = 100
    CASH_SANDBOX = 101


class Source(StrEnum):
    """Where the money comes from that settles a document or enters the credit balance, or what takes it from there."""

    PAYMENT = "payment"
    BALANCE = "balance"
    CREDIT_NOTE = "credit_note"
    IMPORT = "import"
    GRANT = "grant"
    EXPIRY = "expiry"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class SubscriptionMove:
    """A change of a subscription's state; leaves a row in the history."""

    subscription_id: Id
    before: Status
    after: Status
    at: datetime
    cause: Cause | None = None


@quick
@dataclass(frozen=True, slots=True)
class Movement:
    """A difference in recurring revenue, minor units a month, with the change that caused it."""

    subscription_id: Id
    kind: MovementKind
    currency: str
    mrr_minor: int
    effective_at: datetime
    cause: Cause | None = None


@quick
@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a booking; all postings of a transaction sum to zero per currency."""

    transaction_id: Id
    account: Account
    currency: str
    amount_minor: int
    at: datetime


@quick
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
    """Money that enters (above zero) or leaves the payer's credit balance; `grant_id` is the given credit it is of."""

    id: Id
    entity_id: Id
    currency: str
    amount_minor: int
    source: Source
    source_id: Id
    at: datetime
    grant_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that a gateway captured, or that a person booked as arrived (no attempt, a legal entity), minor units."""

    id: Id
    payer_id: Id
    attempt_id: Id | None
    gateway: str
    reference: str | None
    currency: str
    captured_minor: int
    at: datetime
    entity_id: Id | None = None


class RefundState(StrEnum):
    """A refund that a gateway is to make is `created` until it has; one by hand has succeeded."""

    CREATED = "created"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back of a payment: `from_balance_minor` of it from the payer's balance, the rest as goodwill."""

    id: Id
    payment_id: Id
    gateway: str
    currency: str
    amount_minor: int
    from_balance_minor: int
    state: RefundState
    key: str
    at: datetime
    reason: str | None = None

    @property
    def is_underway(self) -> bool:
        return self.state is RefundState.CREATED


@dataclass(frozen=True, slots=True)
class RefundEnd:
    """A refund that a gateway made, or did not."""

    refund_id: Id
    state: RefundState
    at: datetime
    reference: str | None = None
    code: str | None = None
    """The gateway's own word for why not."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Credit that is given now, and why."""

    grant: Grant
    reason: str | None


@dataclass(frozen=True, slots=True)
class WriteOff:
    """All that is open on a document is taken for lost. Its key is its transaction's."""

    id: Id
    document_id: Id
    currency: str
    amount_minor: int
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UsageSettled:
    """What a line charged for the usage of a version in a period, or for its minimum: before discounts, minor units."""

    document_id: Id
    position: int
    kind: LineKind
    version_id: Id
    period_start: datetime
    quantity: Decimal
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A pending charge that became a line: (document, position)."""

    pending_id: Id
    document_id: Id
    position: int


@dataclass(frozen=True, slots=True)
class StateChange:
    """A change of state of anything but a subscription; leaves a row in the history."""

    subject_id: Id
    change: str
    before: str | None
    after: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SpanFree:
    """A part that is settled without a line: it cost nothing, and its document was left out."""

    subscription_id: Id
    version_id: Id
    start: datetime
    end: datetime


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
    """A change that took effect at an instant, or (`discarded`) had nothing left to change.

    `zone` is the subscription's time zone from then on, where the change is of that.
    """

    change_id: Id
    subscription_id: Id
    at: datetime
    state: str = "applied"
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeMoved:
    """A change that waits for another instant now."""

    change_id: Id
    at: datetime


@dataclass(frozen=True, slots=True)
class PauseBegun:
    """A pause that nobody asked for, to insert."""

    subscription_id: Id
    pause: Pause


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
class Dropped:
    """A draft that is not to be paid any more, and why; what it was the document of never was."""

    draft_id: Id
    subscription_id: Id
    change_id: Id | None
    reason: str
    at: datetime


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that changes for one payer. `next_due_at` is when something of this payer falls due again."""

    payer_id: Id
    next_due_at: datetime | None
    documents: tuple[Document, ...] = ()
    settled: tuple[tuple[Id, datetime], ...] = ()
    """(item version, settled through) for each version whose search start moved."""
    free: tuple[SpanFree, ...] = ()
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
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    refund_ends: tuple[RefundEnd, ...] = ()
    refunded: tuple[tuple[Id, int], ...] = ()
    """(payment, how much more of it counts as given back): below zero where a refund failed."""
    grants: tuple[NewGrant, ...] = ()
    write_offs: tuple[WriteOff, ...] = ()
    pending: tuple[Pending, ...] = ()
    """Charges that wait from now on for the payer's next document."""
    taken: tuple[Taken, ...] = ()
    usage: tuple[UsageSettled, ...] = ()
    closed: tuple[Id, ...] = ()
    """Item versions of whose usage nothing more is charged."""
    states: tuple[StateChange, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    let_go: tuple[SubscriptionMove, ...] = ()
    """Ends of subscriptions whose debts of earlier documents are asked for no more."""
    pauses_begun: tuple[PauseBegun, ...] = ()

    @property
    def invoices(self) -> int:
        """How many of the documents are invoices and not credit notes."""
        return sum(document.kind is DocumentKind.INVOICE for document in self.documents)
