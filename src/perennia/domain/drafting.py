"""From charges and credits of one instant to documents: grouping, tax, totals, balance, postings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.charges import Charge, GivenBack
from perennia.domain.decision import Allocation, BalanceEntry, Posting, Source, Taken
from perennia.domain.discounts import amounts_off
from perennia.domain.documents import Calculation, CreditBasis, Document, DocumentKind, Line, LineKind, PayTerms
from perennia.domain.errors import InvalidValue
from perennia.domain.events import Event, EventType
from perennia.domain.explanation import priced
from perennia.domain.facts import CollectionMode, ItemKind, Payer, Seller, Subscription
from perennia.domain.grants import Draw, Grant, draw
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import issue
from perennia.domain.money import exponent
from perennia.domain.one_offs import OneOff
from perennia.domain.pricing import Model
from perennia.domain.schemes import Basis
from perennia.domain.taxing import LineTax, discount_in, tax_charges

LARGEST_TOTAL_MINOR = 10**17
"""Far above any invoice and far below what a 64-bit column holds, also summed over lines."""

GroupKey = tuple[Id, str, CollectionMode, int, str | None, Id | None]


def group_key(subscription: Subscription) -> GroupKey:
    """What keeps lines of one payer and instant on separate documents."""
    s = subscription
    return s.entity_id, s.currency, s.collection, s.net_days, s.po_number, s.id if s.apart else None


@dataclass(slots=True)
class Funds:
    """What the payer's documents draw on, kept up to date from one to the next.

    `balances` is the credit in minor units by (legal entity, currency); `lowered` what credit notes took off
    documents since the facts were read. `grants` are what of the balances was given, may expire, or both.
    """

    balances: dict[tuple[Id, str], int]
    lowered: dict[Id, int] = field(default_factory=dict)
    grants: dict[Id, Grant] = field(default_factory=dict)

    def draw(self, account: tuple[Id, str], *, wanted_minor: int, at: datetime) -> tuple[Draw, ...]:
        """Take up to so much of a balance, what expires first first."""
        balance = self.balances.get(account, 0)
        own = [grant for grant in self.grants.values() if grant.account == account]
        drawn = draw(own, balance_minor=balance, wanted_minor=wanted_minor, at=at)
        for grant_id, amount in drawn:
            if grant_id is not None:
                grant = self.grants[grant_id]
                self.grants[grant_id] = replace(grant, left_minor=grant.left_minor - amount)
        self.balances[account] = balance - sum(amount for _, amount in drawn)
        return drawn


@dataclass(slots=True)
class Draft:
    """The lines of one document before tax."""

    charges: list[Charge] = field(default_factory=list)
    credits: list[GivenBack] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Issued:
    """A document with the money that moved when it was issued."""

    document: Document
    postings: list[Posting]
    events: list[Event]
    allocations: list[Allocation]
    balance: list[BalanceEntry]
    taken: list[Taken] = field(default_factory=list)


def issue_draft(
    draft: Draft,
    *,
    key: GroupKey,
    payer: Payer,
    seller: Seller,
    due_at: datetime,
    now: datetime,
    funds: Funds,
    new_ids: NewIds,
    terms: PayTerms | None = None,
) -> Issued:
    """A document from a draft: an invoice, or a credit note where its total is below zero.

    Spends the payer's balance on an invoice; `funds` is kept up to date for the next document. `terms` are by default
    the net days of the key.
    """
    entity_id, currency, collection, net_days, po_number, _ = key
    off = _amounts_off(draft.charges)
    taxed = tax_charges(draft.charges, off, payer=payer, seller=seller, now=now)
    lines = _charge_lines(draft.charges, off, taxed.lines) + _credit_lines(draft.credits, currency)
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    total = net + tax
    if abs(total) > LARGEST_TOTAL_MINOR:
        raise InvalidValue(field="total", value=total, reason=f"no document is above {LARGEST_TOTAL_MINOR} minor units")
    drawn = funds.draw((entity_id, currency), wanted_minor=total, at=due_at) if total > 0 and funds.balances else ()
    document = Document(
        id=new_ids(1)[0],
        kind=DocumentKind.INVOICE if total >= 0 else DocumentKind.CREDIT_NOTE,
        payer_id=payer.id,
        entity_id=entity_id,
        buyer_party_id=payer.party_id,
        seller_party_id=seller.entities[entity_id].party_id,
        currency=currency,
        issued_at=now,
        due_at=due_at,
        pay_by=(terms or PayTerms(net_days)).pay_by(issued_at=now, zone=seller.zone),
        collection=collection,
        lines=tuple(lines),
        net_minor=net,
        tax_minor=tax,
        from_balance_minor=sum(amount for _, amount in drawn),
        po_number=po_number,
        tax_evidence=taxed.evidence,
    )
    return _booked(document, draft, drawn, funds=funds, new_ids=new_ids)


def _booked(document: Document, draft: Draft, drawn: Sequence[Draw], *, funds: Funds, new_ids: NewIds) -> Issued:
    allocations: list[Allocation] = []
    entries: list[BalanceEntry] = []
    to_balance = 0
    now, account = document.issued_at, (document.entity_id, document.currency)
    if document.kind is DocumentKind.CREDIT_NOTE:
        allocations, to_balance = _apply_credit(document, draft.credits, lowered=funds.lowered)
        if to_balance:
            funds.balances[account] = funds.balances.get(account, 0) + to_balance
            entries.append(BalanceEntry(new_ids(1)[0], *account, to_balance, Source.CREDIT_NOTE, document.id, now))
    for grant_id, amount in drawn:
        entry = BalanceEntry(new_ids(1)[0], *account, -amount, Source.BALANCE, document.id, now, grant_id)
        entries.append(entry)
        allocations.append(Allocation(document.id, Source.BALANCE, entry.id, amount, now))
    postings, events = issue(document, to_balance=to_balance), _events(document)
    return Issued(document, postings, events, allocations, entries, _taken(document, draft.charges))


def _taken(document: Document, charges: Sequence[Charge]) -> list[Taken]:
    """Which lines of the document the pending charges became."""
    return [
        Taken(charge.pending.id, document.id, position)
        for position, charge in enumerate(charges, start=1)
        if isinstance(charge, OneOff) and charge.pending.id is not None
    ]


def _apply_credit(
    note: Document, credits: Sequence[GivenBack], *, lowered: dict[Id, int]
) -> tuple[list[Allocation], int]:
    """A credit first lowers what is open on the very document it credits; the rest goes to the balance."""
    left = -note.total_minor
    open_on: dict[Id, int] = {}
    credited: dict[Id, int] = {}
    for given in credits:
        key = given.settled.document_id
        open_on[key] = given.settled.open_minor - lowered.get(key, 0)
        credited[key] = credited.get(key, 0) + given.credit.net_minor + given.credit.tax_minor
    allocations = []
    for document_id, open_minor in open_on.items():
        amount = min(left, open_minor, credited[document_id])
        if amount > 0:
            allocations.append(Allocation(document_id, Source.CREDIT_NOTE, note.id, amount, note.issued_at))
            lowered[document_id] = lowered.get(document_id, 0) + amount
            left -= amount
    return allocations, left


def _events(document: Document) -> list[Event]:
    if document.kind is DocumentKind.CREDIT_NOTE:
        return [Event(EventType.CREDIT_NOTE_ISSUED, document.id, document.issued_at)]
    issued = [Event(EventType.INVOICE_ISSUED, document.id, document.issued_at)]
    if document.open_minor == 0:
        issued.append(Event(EventType.INVOICE_PAID, document.id, document.issued_at))
    return issued


def _charge_lines(charges: Sequence[Charge], off: Sequence[int], taxes: Sequence[LineTax]) -> list[Line]:
    lines = []
    for charge, amount_off, tax in zip(charges, off, taxes, strict=True):
        price, part = charge.version.price, charge.part
        single = _is_single(charge)
        plain = part.is_whole and not charge.discounts and price.scheme is None and not tax.taken_out
        subscription_id, version_id = _of(charge)
        lines.append(
            Line(
                kind=charge.kind,
                subscription_id=subscription_id,
                version_id=version_id,
                description=charge.item.name,
                period_start=part.start,
                period_end=part.end,
                model=Model.FLAT if single else price.model,
                quantity=Decimal(1) if single else charge.version.quantity,
                unit_amount=_single_amount(charge) if single else price.unit_amount,
                net_minor=tax.net,
                tax_minor=tax.tax,
                tax_percent=tax.percent,
                tax_inclusive=price.tax_inclusive,
                discount_minor=discount_in(charge, amount_off, tax),
                calculation=None if plain and not single else _inputs(charge, amount_off, tax.taken_out),
            )
        )
    return lines


def _of(charge: Charge) -> tuple[Id | None, Id | None]:
    """The subscription and the version that a charge is of."""
    if isinstance(charge, OneOff):
        return charge.pending.subscription_id, None
    return charge.subscription.id, charge.version.id


def _is_single(charge: Charge) -> bool:
    """Whether it is a fee of its own beside what a price charges."""
    return charge.kind in (LineKind.SETUP, LineKind.MINIMUM) and not isinstance(charge, OneOff)


def _inputs(charge: Charge, amount_off: int, taken_out: Decimal) -> Calculation | None:
    if not _is_single(charge):
        return _calculation(charge, amount_off, taken_out)
    return _single(charge, taken_out)


def _single_amount(charge: Charge) -> Decimal:
    """The set-up fee, or the minimum of a period, in currency units."""
    price = charge.version.price
    amount = price.setup_fee if charge.kind is LineKind.SETUP else price.period_minimum
    assert amount is not None
    return amount


def _single(charge: Charge, taken_out: Decimal) -> Calculation | None:
    """A set-up fee says it all in its columns; a minimum also needs what was charged beside it."""
    if charge.kind is LineKind.SETUP and not taken_out:
        return None
    minimum = charge.kind is LineKind.MINIMUM
    return Calculation(
        kind=charge.kind,
        exponent=exponent(charge.version.price.currency),
        model=Model.FLAT,
        unit_amount=_single_amount(charge),
        part=charge.part.part,
        whole=charge.part.whole,
        fees=charge.fees,
        measure=charge.part.measure,
        tax_out=taken_out,
        format=2 if minimum else 1,
    )


def _calculation(charge: Charge, amount_off: int, taken_out: Decimal) -> Calculation:
    price = charge.version.price
    return Calculation(
        kind=charge.kind,
        exponent=exponent(price.currency),
        model=price.model,
        unit_amount=price.unit_amount,
        quantity=charge.version.quantity,
        part=charge.part.part,
        whole=charge.part.whole,
        percents=tuple(discount.percent for discount in charge.discounts if discount.percent is not None),
        amount_off=amount_off,
        measure=charge.part.measure,
        **priced(price, Basis.of(charge.policies)),
        tax_out=taken_out,
        rounding=charge.policies.rounding_mode,
    )


def _amounts_off(charges: Sequence[Charge]) -> list[int]:
    """Per charge, what the amount discounts of its own subscription take off.

    Once per document and period of the plan: a document with add-ons alone, issued between, has none.
    """
    off = [0] * len(charges)
    by_subscription: dict[Id, list[int]] = {}
    for index, charge in enumerate(charges):
        if charge.discounts:
            by_subscription.setdefault(charge.subscription.id, []).append(index)
    for indexes in by_subscription.values():
        plan = next((charges[index] for index in indexes if charges[index].item.kind is ItemKind.PLAN), None)
        if plan is None:
            continue
        found = amounts_off([charges[index].amount for index in indexes], plan.discounts)
        for index, amount in zip(indexes, found, strict=True):
            off[index] = amount
    return off


def _credit_lines(credits: Sequence[GivenBack], currency: str) -> list[Line]:
    return [
        Line(
            kind=LineKind.CREDIT if given.until is None else LineKind.PAUSE,
            subscription_id=given.subscription.id,
            version_id=given.settled.version_id,
            description=given.settled.description,
            period_start=given.new_end,
            period_end=given.until or given.settled.end,
            model=CreditBasis.TIME,
            quantity=Decimal(1),
            unit_amount=Decimal(0),
            net_minor=-given.credit.net_minor,
            tax_minor=-given.credit.tax_minor,
            tax_percent=given.settled.tax_percent,
            tax_inclusive=False,
            calculation=Calculation(
                kind=LineKind.CREDIT,
                exponent=exponent(currency),
                charged=given.credit.base,
                removed=given.credit.removed,
                whole=given.credit.whole,
                limit=given.credit.limit,
                measure=given.credit.measure,
            ),
            credits=(given.settled.document_id, given.settled.position),
        )
        for given in credits
    ]
