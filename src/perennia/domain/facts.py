"""What the rules are told: frozen values read by the store, or made by a test. No rule changes one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from perennia.domain.calendar import Series
from perennia.domain.discounts import Discount
from perennia.domain.grants import Grant
from perennia.domain.ids import Id
from perennia.domain.metering import Usage
from perennia.domain.pending import Pending
from perennia.domain.policies import DEFAULTS, Policies, over
from perennia.domain.pricing import Price
from perennia.domain.taken_in import TakenIn
from perennia.domain.tax import TAXABLE, TaxStatus, TaxTable
from perennia.domain.values import quick


class Status(StrEnum):
    """The states of a subscription; `lifecycle.MOVES` says which leads where."""

    SCHEDULED = "scheduled"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    """Recovery is over: no access, and nothing is invoiced until what failed is paid."""
    PAUSED = "paused"
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
    WITHDRAWN = "withdrawn"
    TERM = "term"


class ChangeKind(StrEnum):
    """What a change does: another price or quantity, an item more or less, other period boundaries, a trial, a zone."""

    PRICE = "price"
    QUANTITY = "quantity"
    ADD = "add"
    REMOVE = "remove"
    ANCHOR = "anchor"
    TRIAL = "trial"
    ZONE = "zone"


@quick
@dataclass(frozen=True, slots=True)
class Version:
    """A price and a quantity of an item from one instant to another, with the series of its periods.

    Everything before `billed_through` is settled and never looked at again, except for charges that reach
    beyond the version's end. `bills_from` is where its first charge begins, where that is not its start.
    `own_amount` is the subscriber's own unit amount, which `price` has taken in already. The policies of the acts that
    began and ended it are kept; None stands for the subscription's.
    """

    id: Id
    price: Price
    quantity: Decimal
    series: Series
    starts_at: datetime
    ends_at: datetime | None = None
    billed_through: datetime | None = None
    bills_from: datetime | None = None
    own_amount: Decimal | None = None
    begun_under: Policies | None = None
    ended_under: Policies | None = None
    closed: bool = False
    """Metered, and nothing more that was used while it was in force is ever charged."""
    name: str = ""
    """What it is called on documents, where that is not the item's name: that of the plan changed to."""


@quick
@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a subscription, with its versions in order."""

    id: Id
    kind: ItemKind
    name: str
    versions: tuple[Version, ...]

    def name_of(self, version: Version) -> str:
        """What one of its versions is called on documents."""
        return version.name or self.name


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is to take effect `at` an instant, also one that has passed; nothing of it is in the versions yet.

    `item_id` is the item it is about, none for a trial; that of an added item is new. `price`, `quantity` and
    `own_amount` are None where they stay as they are. `anchor` is a local time; without one an added item is counted
    from the plan's. `until` is the end of a trial. `name` is that of what is added, of the plan changed to, or
    of the time zone.
    """

    id: Id
    kind: ChangeKind
    at: datetime
    item_id: Id | None = None
    price: Price | None = None
    quantity: Decimal | None = None
    own_amount: Decimal | None = None
    anchor: datetime | None = None
    until: datetime | None = None
    item_kind: ItemKind = ItemKind.ADD_ON
    name: str = ""
    policies: Policies = DEFAULTS


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch without service and charges: [starts_at, ends_at), open without an end."""

    id: Id
    starts_at: datetime
    ends_at: datetime | None
    policies: Policies = DEFAULTS
    is_over: bool = False
    """Its effect on what is billed has been taken."""
    is_foreseen: bool = False
    """Nobody asked for it: it begins with the end of a trial if there is still nothing to charge then."""


@dataclass(frozen=True, slots=True)
class Term:
    """A commitment until `ends_at`, a local midnight: then `renew` for `periods` of the plan, `go_on`, or `end`."""

    ends_at: datetime
    periods: int
    then: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A charged part that reaches beyond where its version may end, with the line that charged it.

    One of no length is a single fee, which goes back with a withdrawal.

    `start`, `end` are the stretch still settled; `line_end` is where the line's own period ends. Amounts in
    minor units: `line_net` after `line_discount`; `credited_*` given back for time so far, `adjusted_*` for other
    reasons; `open_minor` is what is still unpaid on the line's document. Without a document it cost nothing, and there
    was none (`zero_document` skip).
    """

    version_id: Id
    start: datetime
    end: datetime
    document_id: Id | None
    position: int
    description: str
    line_end: datetime
    line_net: int
    line_tax: int
    tax_percent: Decimal
    credited_net: int
    credited_tax: int
    open_minor: int
    line_discount: int = 0
    adjusted_net: int = 0
    adjusted_tax: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing of its line is left to give back: all of it went back before, or it cost nothing."""
        credited = self.credited_net + self.adjusted_net, self.credited_tax + self.adjusted_tax
        return (self.line_net, self.line_tax) == credited


@quick
@dataclass(frozen=True, slots=True)
class Returned:
    """What was given back of a version's line for [at, until) when the version ended `at` an instant; minor units."""

    version_id: Id
    at: datetime
    until: datetime
    net_minor: int
    tax_minor: int


@quick
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
    activated_at: datetime | None = None
    """When it first counted as a subscriber."""
    collection: CollectionMode = CollectionMode.AUTOMATIC
    net_days: int = 0
    discounts: tuple[Discount, ...] = ()
    discounts_so_far: tuple[Discount, ...] = ()
    """Where a change waits, which may be dated back: every discount it had, also those that have ended."""
    overcharged: tuple[Settled, ...] = ()
    returned: tuple[Returned, ...] = ()
    """What changes of the very instant of one that waits gave back: it may go back to what these left."""
    policies: Policies = DEFAULTS
    cancel_policies: Policies | None = None
    changes: tuple[Change, ...] = ()
    pauses: tuple[Pause, ...] = ()
    term: Term | None = None
    held: bool = False
    """Nothing is invoiced until a person releases it, it ends, or it is paid that was unpaid; its states go on."""
    po_number: str | None = None
    apart: bool = False
    """Has documents of its own, never with other subscriptions of the payer."""
    reactivates: Id | None = None
    ends_with_trial: bool = False
    """Nobody asked for its end (`cancel_at`): it comes if there is still nothing to charge when the trial ends."""
    used_until: datetime | None = None
    """When it ended, to the instant, where its end for all else is the beginning of that day."""
    issue_asked_at: datetime | None = None
    """What fell due by then is not to wait any longer: drafts, and what gathers until somebody asks for it."""
    usage: Usage | None = None
    """What its metered prices charge for; None where it has none, or where nobody is to be billed."""

    @property
    def is_metered(self) -> bool:
        """Whether something of it is metered, or will be with a change that waits."""
        for item in self.items:
            for version in item.versions:
                if version.price.meter_id is not None:
                    return True
        if not self.changes:
            return False
        return any(change.price is not None and change.price.meter_id is not None for change in self.changes)

    @property
    def ends_at(self) -> datetime | None:
        """Where it is known to end: by a cancellation, or with a term after which nothing goes on.

        A term stands still in a pause, and so does the rest of a paid period: as long as one runs, nobody knows when
        it is over.
        """
        if self.status is Status.PAUSED:
            paid = [v.billed_through for item in self.items if item.kind is ItemKind.PLAN for v in item.versions]
            waits = waits_for_rest(self.cancel_at, self.cancel_policies, self.running_pause, paid)
            return None if waits else self.cancel_at
        if self.term is None or self.term.then != "end":
            return self.cancel_at
        return self.term.ends_at if self.cancel_at is None else min(self.cancel_at, self.term.ends_at)

    @property
    def running_pause(self) -> Pause | None:
        """The pause whose effect is still to come: it runs, or it waits."""
        return next((pause for pause in self.pauses if not pause.is_over), None)

    @property
    def end_policies(self) -> Policies:
        """The policies of the act that ends it, else its own."""
        return self.cancel_policies if self.cancel_policies is not None and not self.ends_by_term else self.policies

    @property
    def ends_by_term(self) -> bool:
        """Whether the end that is known is that of its term."""
        return self.ends_at is not None and self.ends_at != self.cancel_at


def keeps_rest(pause: Pause | None, paid_through: datetime) -> bool:
    """Whether a pause moves the end of what is paid until then."""
    return pause is not None and pause.policies.pause_rest == "kept" and pause.starts_at < paid_through


def waits_for_rest(
    ends_at: datetime | None, asked: Policies | None, pause: Pause | None, paid: Iterable[datetime | None]
) -> bool:
    """Whether an end was asked for the end of a period that is `paid`, and a pause keeps its rest: it moves with it."""
    if ends_at is None or asked is None or asked.cancel_at != "period_end":
        return False
    return keeps_rest(pause, ends_at) and ends_at in paid


def policies_of(version: Version, subscription: Subscription) -> Policies:
    """The policies by which a version is priced: those of the act that began it, else its price's and subscription's."""
    return version.begun_under or over(subscription.policies, version.price.own_policies)


def may_refund(subscription: Subscription) -> bool:
    """Whether anything of it may be given back as a refund, so that what paid for it is asked for."""
    versions = [version for item in subscription.items for version in item.versions]
    stated = [subscription.policies, subscription.cancel_policies, *(version.ended_under for version in versions)]
    stated += [change.policies for change in subscription.changes] + [pause.policies for pause in subscription.pauses]
    if any(policies is not None and policies.credit_becomes == "refund" for policies in stated):
        return True
    return any(("credit_becomes", "refund") in version.price.own_policies for version in versions)


@dataclass(frozen=True, slots=True)
class Paid:
    """What a payment settled of a document, and how much of the payment can be given back still; minor units."""

    document_id: Id
    payment_id: Id
    gateway: str
    amount_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A draft that is to be paid first: of a change (`change_id`), or of a subscription's start.

    Unpaid at `expires_at` it is dropped, with what it is the document of.
    """

    id: Id
    subscription_id: Id
    expires_at: datetime
    change_id: Id | None = None


@quick
@dataclass(frozen=True, slots=True)
class Payer:
    """The customer who is billed: the unit of every lock and every document."""

    id: Id
    party_id: Id
    country: str
    subscriptions: tuple[Subscription, ...]
    balances: dict[tuple[Id, str], int] = field(default_factory=dict)
    """Credit balance in minor units by (legal entity, currency)."""
    tax: TaxStatus = TAXABLE
    grants: tuple[Grant, ...] = ()
    """What of the balances was granted, with what is left of it."""
    pending: tuple[Pending, ...] = ()
    """Charges that wait for the next document."""
    paid: tuple[Paid, ...] = ()
    """Of documents whose lines may be given back as refunds, the oldest payment first."""
    taken_in: tuple[TakenIn, ...] = ()
    closing: tuple[Subscription, ...] = ()
    """Subscriptions that have ended, with what was metered of them: late events may still come in."""
    drafts: tuple[OpenDraft, ...] = ()
    """Drafts that are to be paid first."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity that sells: its frozen party, where it is, and the countries whose customers it serves."""

    id: Id
    party_id: Id
    country: str
    serves: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seller:
    """What all payers of a tenant share: its zone, its legal entities, its tax rates and policies."""

    tenant_id: Id
    zone: str
    entities: dict[Id, Entity]
    taxes: TaxTable
    policies: Policies = DEFAULTS
    """Of the tenant: they hold for what is of no subscription."""
