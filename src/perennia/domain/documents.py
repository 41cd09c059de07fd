"""Invoices and credit notes as values: drafted by rules, numbered and frozen by the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

from perennia.domain.calendar import first_of_month, midnight, next_month
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id
from perennia.domain.schemes import AS_AGREED, Basis, Scheme
from perennia.domain.tax import Category, TaxKind
from perennia.domain.values import quick


class DocumentKind(StrEnum):
    """A document below zero is a credit note; an invoice never is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class LineKind(IntEnum):
    """A part of a period charged, or one given back; a single fee or sum, what was used, what a minimum lacks.

    `PAUSE` is given back for a pause, after which the part goes on; `ADJUSTMENT` by a person, and the part stays as it is;
    `OVERUSED` where usage comes to less than was charged for it. `TRIAL` is the price of a trial.
    """

    RECURRING = 1
    CREDIT = 2
    SETUP = 3
    ONE_OFF = 4
    USAGE = 5
    MINIMUM = 6
    ROUNDING = 7
    PAUSE = 8
    ADJUSTMENT = 9
    TRIAL = 10
    OVERUSED = 11


SETTLES = frozenset({LineKind.RECURRING, LineKind.MINIMUM})
"""The kinds of line that settle a part of a period, and are given back where it ends early."""

GIVES_BACK = frozenset({LineKind.CREDIT, LineKind.PAUSE, LineKind.ADJUSTMENT, LineKind.OVERUSED})
"""The kinds of line that credit another."""


class CreditBasis(StrEnum):
    """What a credit is worked out from, in place of a price's model on its line."""

    TIME = "credit"
    """The part of a period that was not used."""
    AMOUNT = "amount"
    """A net amount that a person named, or all that was left."""
    QUANTITY = "quantity"
    """How many of the line's units a person took back."""
    USAGE = "usage"
    """How much less its usage comes to, before discounts."""


@quick
@dataclass(frozen=True, slots=True)
class Calculation:
    """All inputs of a line's amount, closed: nothing else is needed to work it out again.

    `format` 1: a charge is `quantity` at `unit_amount` by `model` for `part` of `whole` days, less what is `off` in turn
    (percents, and amounts in minor units; one that takes the rounded rest takes all), rounded once. With a `share` (0 or
    1) its document is rounded once: its whole units below, and that share of the rest. Of usage, what the events come to
    is rounded and what earlier lines of the period `charged` taken out, before what is off. A credit is `removed` of
    `whole` days of `charged` (minor units), rounded once, less what was `credited` before, and no more than a `limit`; by
    hand it is `removed` minor units of them, or what `removed` of `whole` come to, the share of the line's quantity taken
    back so far. Of usage `whole` is what of the line's amount before discounts stood, `removed` what is too much.

    `format` 2: a charge by `scheme` and `basis` in place of one unit amount; a minimum of `unit_amount`, of which
    `fees` (minor units, before discounts) are there already.

    `measure` says what `part`, `removed` and `whole` count, where that is not days: a word of `fractions.Measure`.

    In either, a charge may end with the tax of `tax_out` percent taken out of it: a gross price where no tax is due.
    All is rounded by `rounding`, the policy `rounding_mode`.

    What cash is rounded by brings `charged`, the total, to a multiple of `whole` minor units.
    """

    kind: LineKind
    exponent: int
    model: str = ""
    unit_amount: Decimal = Decimal(0)
    quantity: Decimal = Decimal(1)
    part: int = 1
    whole: int = 1
    off: tuple[Decimal | int, ...] = ()
    share: int | None = None
    charged: int = 0
    removed: int = 0
    credited: int = 0
    limit: int | None = None
    format: int = 1
    scheme: Scheme | None = None
    basis: Basis = AS_AGREED
    fees: int = 0
    tax_out: Decimal = Decimal(0)
    rounding: str = "half_away"
    measure: str = "day"


@quick
@dataclass(frozen=True, slots=True)
class Line:
    """One amount on a document, minor units of the document's currency.

    `net_minor` is after discount and without tax, also for inclusive prices. `calculation` is None for a
    whole period without discount: then the line's own columns are all inputs there are. Only lines made by hand have no
    subscription, and only charges of an item have a version.
    """

    kind: LineKind
    subscription_id: Id | None
    version_id: Id | None
    description: str
    period_start: datetime
    period_end: datetime
    model: str
    quantity: Decimal
    unit_amount: Decimal
    net_minor: int
    tax_minor: int
    tax_percent: Decimal
    tax_inclusive: bool
    discount_minor: int = 0
    calculation: Calculation | None = None
    credits: tuple[Id, int] | None = None
    """The charge line that a credit gives back: (document, position)."""


@dataclass(frozen=True, slots=True)
class TaxedLines:
    """How some charge lines of a document are taxed, and by which policies rounded. `reason` is a code for the wording."""

    category: Category
    reason: str
    percent: Decimal
    taken_out: Decimal
    rounding: str
    mode: str


@dataclass(frozen=True, slots=True)
class TaxEvidence:
    """What decided the tax of a document: places (ISO 3166), the buyer's status, and by position what that came to.

    The buyer's tax number and the reason of an exemption are in the frozen buyer party. A credit line has the
    treatment of the line it credits and is not named.
    """

    seller: str
    buyer: str
    region: str | None
    status: TaxKind
    lines: tuple[tuple[TaxedLines, tuple[int, ...]], ...]


@quick
@dataclass(frozen=True, slots=True)
class Document:
    """What is sent to the payer. `due_at` is the instant at which its lines fell due, `issued_at` the run's now."""

    id: Id
    kind: DocumentKind
    payer_id: Id
    entity_id: Id
    buyer_party_id: Id
    seller_party_id: Id
    currency: str
    issued_at: datetime
    due_at: datetime
    pay_by: datetime
    collection: CollectionMode
    lines: tuple[Line, ...]
    net_minor: int
    tax_minor: int
    from_balance_minor: int = 0
    po_number: str | None = None
    tax_evidence: TaxEvidence | None = None
    """None: a taxable buyer, at the rate of the buyer party's country, rounded once per rate."""

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor

    @property
    def rounding_minor(self) -> int:
        """What of the net brings the total to a sum that can be paid in cash; it is the last line."""
        last = self.lines[-1]
        return last.net_minor if last.kind is LineKind.ROUNDING else 0

    @property
    def open_minor(self) -> int:
        """What is left to collect once the balance is spent; nothing for a credit note."""
        return max(self.total_minor, 0) - self.from_balance_minor


@quick
@dataclass(frozen=True, slots=True)
class PayTerms:
    """When a document is to be paid: so many days after its issue, or after the end of the month of its issue."""

    net_days: int = 0
    end_of_month: bool = False

    def pay_by(self, *, issued_at: datetime, zone: str) -> datetime:
        """The instant by which it is to be paid: after a month's end a local day's beginning, but not before issue."""
        if not self.end_of_month:
            return issued_at + timedelta(days=self.net_days) if self.net_days else issued_at
        last = next_month(first_of_month(issued_at, zone)) - timedelta(days=1)
        return max(midnight(last + timedelta(days=self.net_days), zone), issued_at)
