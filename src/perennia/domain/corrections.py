"""Credit notes by hand: line by line and tax by tax, never more than is left of what a line charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from perennia.domain.decision import Allocation, BalanceEntry, Source
from perennia.domain.documents import GIVES_BACK, Calculation, CreditBasis, Document, DocumentKind, Line, LineKind
from perennia.domain.drafting import Issued
from perennia.domain.errors import InvalidValue, MoreThanLeft, NotFound, NothingLeft
from perennia.domain.events import Event, EventType
from perennia.domain.facts import CollectionMode
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import issue
from perennia.domain.money import decimal_text, exponent, round_ratio
from perennia.domain.taken_in import TakenIn, passed_on
from perennia.domain.tax import credited_tax


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """A line of an issued invoice and what credits took of it so far; amounts in minor units.

    `period_end` is where its period ends now: earlier than it was charged for, where a credit for time cut it.
    `credited_quantity` is how many of its units were taken back by hand.
    """

    position: int
    kind: LineKind
    description: str
    subscription_id: Id | None
    version_id: Id | None
    period_start: datetime
    period_end: datetime
    quantity: Decimal
    net_minor: int
    tax_minor: int
    tax_percent: Decimal
    credited_net: int = 0
    credited_tax: int = 0
    credited_quantity: Decimal = Decimal(0)

    @property
    def left_net(self) -> int:
        return self.net_minor - self.credited_net

    @property
    def left_tax(self) -> int:
        return self.tax_minor - self.credited_tax


@dataclass(frozen=True, slots=True)
class Charged:
    """An issued document with its lines; `open_minor` is what is still unpaid on it."""

    id: Id
    kind: DocumentKind
    payer_id: Id
    entity_id: Id
    buyer_party_id: Id
    seller_party_id: Id
    currency: str
    collection: CollectionMode
    po_number: str | None
    open_minor: int
    lines: tuple[ChargedLine, ...]
    taken_in: tuple[TakenIn, ...] = ()


@dataclass(frozen=True, slots=True)
class LineCredit:
    """What to credit of a line: a net amount in minor units, so many of its units, or (neither given) all that is left."""

    position: int
    net_minor: int | None = None
    quantity: Decimal | None = None


def credit_note(document: Charged, wanted: Sequence[LineCredit] | None, *, now: datetime, new_ids: NewIds) -> Issued:
    """A credit note over some lines of an invoice, or over all that is left of it where none are named.

    It first lowers what is open on the invoice, then on those whose credits the invoice took in; the rest goes to the
    payer's balance. Tax follows the credited net by
    the line's own rate, cumulatively, so that credits in parts come to the line's tax. Raises InvalidValue, NotFound,
    MoreThanLeft, NothingLeft.
    """
    if document.kind is not DocumentKind.INVOICE:
        reason = "a credit note gives back already; credit the invoice"
        raise InvalidValue(field="document", value=document.id.text("inv"), reason=reason)
    lines = _everything(document) if wanted is None else _named(document, wanted)
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    if net + tax >= 0:
        raise NothingLeft(kind="document", id=document.id.text("inv"))
    note_id, entry_id = new_ids(2)
    note = Document(
        id=note_id,
        kind=DocumentKind.CREDIT_NOTE,
        payer_id=document.payer_id,
        entity_id=document.entity_id,
        buyer_party_id=document.buyer_party_id,
        seller_party_id=document.seller_party_id,
        currency=document.currency,
        issued_at=now,
        due_at=now,
        pay_by=now,
        collection=document.collection,
        lines=lines,
        net_minor=net,
        tax_minor=tax,
        po_number=document.po_number,
    )
    lowered = min(document.open_minor, -note.total_minor)
    over = -note.total_minor - lowered
    _, passed = passed_on(document.taken_in, by=document.id, over=over, lowered={})
    over -= sum(passed.values())
    account = (document.entity_id, document.currency)
    return Issued(
        document=note,
        postings=issue(note, to_balance=over),
        events=[Event(EventType.CREDIT_NOTE_ISSUED, note_id, now)],
        allocations=[
            Allocation(key, Source.CREDIT_NOTE, note_id, amount, now)
            for key, amount in ({document.id: lowered} | passed).items()
            if amount
        ],
        balance=[BalanceEntry(entry_id, *account, over, Source.CREDIT_NOTE, note_id, now)] if over else [],
    )


def lowered_to(document: Charged, *, position: int, net_minor: int) -> LineCredit:
    """The credit that leaves so much net of a line. Raises NotFound, InvalidValue, MoreThanLeft."""
    line = _line(document, position)
    if net_minor < 0:
        raise InvalidValue(field="amount", value=net_minor, reason="0 or above")
    if net_minor >= line.left_net:
        raise _more_than_left(document, line, given=net_minor)
    return LineCredit(position, net_minor=line.left_net - net_minor)


def _everything(document: Charged) -> tuple[Line, ...]:
    return tuple(
        _credit(document, line, LineCredit(line.position))
        for line in document.lines
        if line.kind not in GIVES_BACK and (line.left_net or line.left_tax)
    )


def _named(document: Charged, wanted: Sequence[LineCredit]) -> tuple[Line, ...]:
    positions = [one.position for one in wanted]
    twice = next((position for position in positions if positions.count(position) > 1), None)
    if twice is not None or not wanted:
        raise InvalidValue(field="lines", value=twice, reason="one line or more, each of them once")
    ordered = sorted(wanted, key=lambda one: one.position)
    return tuple(_credit(document, _line(document, one.position), one) for one in ordered)


def _line(document: Charged, position: int) -> ChargedLine:
    line = next((line for line in document.lines if line.position == position), None)
    if line is None:
        raise NotFound(kind="line", id=f"{document.id.text('inv')}/{position}")
    if line.kind in GIVES_BACK:
        raise InvalidValue(field="line", value=position, reason="a line that gives back is not credited")
    return line


def _credit(document: Charged, line: ChargedLine, wanted: LineCredit) -> Line:
    net, calculation = _net(document, line, wanted)
    if net == line.left_net:
        tax = line.left_tax
    else:
        so_far = credited_tax(line_net=line.net_minor, line_tax=line.tax_minor, credited_net=line.credited_net + net)
        tax = min(max(so_far - line.credited_tax, 0), line.left_tax)
    if not net and not tax:
        raise NothingLeft(kind="line", id=_named_line(document, line))
    return Line(
        kind=LineKind.ADJUSTMENT,
        subscription_id=line.subscription_id,
        version_id=line.version_id,
        description=line.description,
        period_start=line.period_start,
        period_end=line.period_end,
        model=calculation.model,
        quantity=calculation.quantity,
        unit_amount=Decimal(0),
        net_minor=-net,
        tax_minor=-tax,
        tax_percent=line.tax_percent,
        tax_inclusive=False,
        calculation=calculation,
        credits=(document.id, line.position),
    )


def _net(document: Charged, line: ChargedLine, wanted: LineCredit) -> tuple[int, Calculation]:
    """What to credit, above zero for a charge above zero, and how it was worked out."""
    if wanted.net_minor is not None and wanted.quantity is not None:
        raise InvalidValue(field="lines", value=line.position, reason="an amount or a quantity, not both")
    if wanted.quantity is not None:
        return _of_units(document, line, wanted.quantity)
    net = line.left_net
    if wanted.net_minor is not None:
        net = wanted.net_minor
        if net <= 0:
            raise InvalidValue(field="amount", value=net, reason="above 0")
        if net > line.left_net:
            raise _more_than_left(document, line, given=net)
    return net, Calculation(
        kind=LineKind.ADJUSTMENT,
        exponent=exponent(document.currency),
        model=CreditBasis.AMOUNT,
        charged=line.net_minor,
        removed=net,
        credited=line.credited_net,
    )


def _of_units(document: Charged, line: ChargedLine, quantity: Decimal) -> tuple[int, Calculation]:
    """Cumulative over the units taken back, so that all of them together come to the line's net."""
    if not quantity.is_finite() or quantity <= 0:
        raise InvalidValue(field="quantity", value=str(quantity), reason="above 0")
    so_far = line.credited_quantity + quantity
    if so_far > line.quantity:
        left = line.quantity - line.credited_quantity
        raise MoreThanLeft(
            kind="line", id=_named_line(document, line), given=str(quantity), left=f"{left.normalize():f}"
        )
    before = _ratio(line.credited_quantity, line.quantity)
    after = _ratio(so_far, line.quantity)
    credited = round_ratio(line.net_minor * before.numerator, before.denominator)
    net = round_ratio(line.net_minor * after.numerator, after.denominator) - credited
    if net <= 0:
        raise NothingLeft(kind="line", id=_named_line(document, line))
    if net > line.left_net:
        raise _more_than_left(document, line, given=net)
    return net, Calculation(
        kind=LineKind.ADJUSTMENT,
        exponent=exponent(document.currency),
        model=CreditBasis.QUANTITY,
        quantity=quantity,
        charged=line.net_minor,
        removed=after.numerator,
        whole=after.denominator,
        credited=credited,
    )


def _ratio(part: Decimal, whole: Decimal) -> Fraction:
    return Fraction(Fraction(part), Fraction(whole))


def _more_than_left(document: Charged, line: ChargedLine, *, given: int) -> MoreThanLeft:
    return MoreThanLeft(
        kind="line",
        id=_named_line(document, line),
        given=decimal_text(given, document.currency),
        left=decimal_text(line.left_net, document.currency),
    )


def _named_line(document: Charged, line: ChargedLine) -> str:
    return f"{document.id.text('inv')}/{line.position}"
