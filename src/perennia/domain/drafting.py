"""From charges and credits of one instant to documents: grouping, tax, totals, balance, postings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from perennia.domain.amounts import amounts_of
from perennia.domain.charges import Charge, GivenBack
from perennia.domain.decision import Allocation, BalanceEntry, Posting, Source, SpanFree, Taken, UsageSettled
from perennia.domain.documents import Document, DocumentKind, Line, LineKind, PayTerms
from perennia.domain.errors import InvalidValue
from perennia.domain.events import Event, EventType
from perennia.domain.facts import CollectionMode, Paid, Payer, Seller, Subscription
from perennia.domain.grants import Draw, Grant, draw, next_expiry_at
from perennia.domain.ids import Id, NewIds
from perennia.domain.ledger import issue
from perennia.domain.lines import charge_lines, credit_lines, rounding_line
from perennia.domain.money import exponent, step_minor
from perennia.domain.one_offs import OneOff
from perennia.domain.policies import Policies
from perennia.domain.refunds import Captured, Refunded, give_back
from perennia.domain.taken_in import TakenIn, passed_on
from perennia.domain.taxing import tax_charges
from perennia.domain.using import Overused, Used
from perennia.domain.values import quick
from perennia.domain.wallet import Moved, expire

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
    documents since the facts were read. `grants` are what of the balances was given, may expire, or both. `paid` are
    the payments that may be given back, `taken_in` what documents took in for others that are open.
    """

    balances: dict[tuple[Id, str], int]
    lowered: dict[Id, int] = field(default_factory=dict)
    grants: dict[Id, Grant] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    taken_in: tuple[TakenIn, ...] = ()

    @classmethod
    def of(cls, payer: Payer) -> "Funds":
        found = cls(dict(payer.balances), taken_in=payer.taken_in)
        if payer.grants:
            found.grants = {grant.id: grant for grant in payer.grants}
        if payer.paid:
            found.paid = list(payer.paid)
        return found

    def give_back(self, document_id: Id, wanted_minor: int) -> list[tuple[Paid, int]]:
        """Take up to so much of the payments that settled a document, the oldest first."""
        found, left = [], wanted_minor
        for one in [paid for paid in self.paid if paid.document_id == document_id]:
            amount = min(left, one.amount_minor, one.left_minor)
            if amount > 0:
                found.append((one, amount))
                left -= amount
                self.paid = [_less(paid, one, amount) for paid in self.paid]
        return found

    def next_expiry_at(self) -> datetime | None:
        """When something that is left now can be spent no more."""
        return next_expiry_at(self.grants.values()) if self.grants else None

    def expire(self, at: datetime, *, new_ids: NewIds) -> Moved:
        """Take off the balances what is over at `at`."""
        moved = expire(list(self.grants.values()), at=at, new_ids=new_ids)
        for entry in moved.balance:
            assert entry.grant_id is not None
            self.balances[entry.entity_id, entry.currency] += entry.amount_minor
            self.grants[entry.grant_id] = replace(self.grants[entry.grant_id], left_minor=0)
        return moved

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


def _less(paid: Paid, taken: Paid, amount: int) -> Paid:
    """What is left of a payment once so much of it is given back for what it settled."""
    if paid.payment_id != taken.payment_id:
        return paid
    settled = paid.amount_minor - amount if paid is taken else paid.amount_minor
    return replace(paid, amount_minor=settled, left_minor=paid.left_minor - amount)


@dataclass(slots=True)
class Draft:
    """The lines of one document before tax."""

    charges: list[Charge] = field(default_factory=list)
    credits: list[GivenBack] = field(default_factory=list)

    @property
    def policies(self) -> Policies:
        """Those that hold for the document as a whole: of its first charge, or of the first that gives back."""
        return self.charges[0].policies if self.charges else self.credits[0].policies

    def issued_from(self, due: datetime) -> datetime:
        """From when on it may be issued, where it falls due with a period."""
        hours = self.policies.draft_hours
        return due + timedelta(hours=hours) if hours else due


def is_skipped(draft: Draft) -> bool:
    """Whether there is no document (`zero_document` skip): it would have nothing but charges of nothing.

    What was given back, and what was put on it by hand, stands on a document in any case.
    """
    if draft.policies.zero_document != "skip" or draft.credits:
        return False
    charges = draft.charges
    if any(charge.policies.zero_document != "skip" or isinstance(charge, (OneOff, Used)) for charge in charges):
        return False
    if any(charge.listed for charge in charges if isinstance(charge, Used)):
        return False  # what usage was charged for is kept by its lines
    return not any(amount.minor for amount in amounts_of(charges))


def free_spans(draft: Draft) -> list[SpanFree]:
    """The parts of a skipped document, which are settled all the same."""
    return [
        SpanFree(charge.subscription.id, charge.version.id, charge.part.start, charge.part.end)
        for charge in draft.charges
        if charge.kind is LineKind.RECURRING
    ]


@quick
@dataclass(frozen=True, slots=True)
class Issued:
    """A document with the money that moved when it was issued."""

    document: Document
    postings: list[Posting]
    events: list[Event]
    allocations: list[Allocation]
    balance: list[BalanceEntry]
    taken: list[Taken] = field(default_factory=list)
    refunds: list[Refunded] = field(default_factory=list)
    usage: list[UsageSettled] = field(default_factory=list)


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
    amounts = amounts_of(draft.charges)
    taxed = tax_charges(draft.charges, [amount.minor for amount in amounts], payer=payer, seller=seller, now=now)
    lines = charge_lines(draft.charges, amounts, taxed.lines)
    if draft.credits:
        lines += credit_lines(draft.credits, currency)
    net, tax = sum([line.net_minor for line in lines]), sum([line.tax_minor for line in lines])
    if draft.policies.cash_step is not None:
        rounding = _rounding(net + tax, draft.policies, currency=currency, at=due_at)
        lines += rounding
        net += sum(line.net_minor for line in rounding)
    total = net + tax
    if abs(total) > LARGEST_TOTAL_MINOR:
        raise InvalidValue(field="total", value=total, reason=f"no document is above {LARGEST_TOTAL_MINOR} minor units")
    drawn: Sequence[Draw] = ()
    if total > 0 and funds.balances:
        spent_at = min(draft.issued_from(due_at), now)
        drawn = funds.draw((entity_id, currency), wanted_minor=total, at=spent_at)
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
        from_balance_minor=sum([amount for _, amount in drawn]) if drawn else 0,
        po_number=po_number,
        tax_evidence=taxed.evidence,
    )
    return _booked(document, draft, drawn, funds=funds, new_ids=new_ids)


def _rounding(total: int, policies: Policies, *, currency: str, at: datetime) -> list[Line]:
    """What brings a total to a multiple of `cash_step`; nothing does where that is finer than the currency."""
    step = policies.cash_step
    assert step is not None
    if step < Decimal(1).scaleb(-exponent(currency)):
        return []
    line = rounding_line(total, step=step_minor(step, currency), mode=policies.rounding_mode, currency=currency, at=at)
    return [] if line is None else [line]


def _booked(document: Document, draft: Draft, drawn: Sequence[Draw], *, funds: Funds, new_ids: NewIds) -> Issued:
    allocations: list[Allocation] = []
    entries: list[BalanceEntry] = []
    refunds: list[Refunded] = []
    to_balance = 0
    now, account = document.issued_at, (document.entity_id, document.currency)
    if document.kind is DocumentKind.CREDIT_NOTE:
        allocations, to_balance = _apply_credit(document, draft.credits, funds=funds)
        if to_balance:
            funds.balances[account] = funds.balances.get(account, 0) + to_balance
            entries.append(BalanceEntry(new_ids(1)[0], *account, to_balance, Source.CREDIT_NOTE, document.id, now))
        if to_balance and funds.paid:
            refunds = _refunds(document, draft.credits, allocations, to_balance, funds=funds, new_ids=new_ids)
    for grant_id, amount in drawn:
        entry = BalanceEntry(new_ids(1)[0], *account, -amount, Source.BALANCE, document.id, now, grant_id)
        entries.append(entry)
        allocations.append(Allocation(document.id, Source.BALANCE, entry.id, amount, now))
    postings, events = issue(document, to_balance=to_balance), _events(document)
    taken: list[Taken] = []
    usage: list[UsageSettled] = []
    if draft.credits or {type(charge) for charge in draft.charges} - {Charge}:
        taken, usage = _taken(document, draft.charges), _usage_settled(document, draft)
    return Issued(document, postings, events, allocations, entries, taken, refunds, usage)


def _refunds(
    note: Document, credits: Sequence[GivenBack], lowered: Sequence[Allocation], to_balance: int, *, funds: Funds,
    new_ids: NewIds,
) -> list[Refunded]:  # fmt: skip
    """What of a credit note goes back to where it came from (`credit_becomes` refund): the part that payments settled.

    It goes through the balance, where all that was not paid by payments stays.
    """
    left, made = to_balance, []
    still_open = {one.document_id: one.amount_minor for one in lowered}
    wanted: dict[Id, int] = {}
    for given in credits:
        if given.policies.credit_becomes == "refund":
            document_id, _ = given.credits
            wanted[document_id] = wanted.get(document_id, 0) + given.credit.net_minor + given.credit.tax_minor
    for document_id, amount in wanted.items():
        for paid, minor in funds.give_back(document_id, min(left, amount - still_open.get(document_id, 0))):
            payment = Captured(
                paid.payment_id, note.payer_id, note.entity_id, paid.gateway, note.currency, paid.left_minor, 0
            )  # fmt: skip
            made.append(
                give_back(
                    payment, amount_minor=minor, loose_minor=minor, key=None, reason=None, now=note.issued_at,
                    new_ids=new_ids,
                )
            )  # fmt: skip
            left -= minor
    funds.balances[note.entity_id, note.currency] -= to_balance - left
    return made


def _taken(document: Document, charges: Sequence[Charge]) -> list[Taken]:
    """Which lines of the document the pending charges became."""
    return [
        Taken(charge.pending.id, document.id, position)
        for position, charge in enumerate(charges, start=1)
        if isinstance(charge, OneOff) and charge.pending.id is not None
    ]


def _usage_settled(document: Document, draft: Draft) -> list[UsageSettled]:
    """What its lines charged for usage, and gave back of it."""
    charged = [
        UsageSettled(
            document.id, position, charge.kind, charge.version.id, charge.period_start, charge.quantity, charge.listed
        )
        for position, charge in enumerate(draft.charges, start=1)
        if isinstance(charge, Used)
    ]
    return charged + [
        UsageSettled(
            document.id,
            position,
            given.kind,
            given.settled.version_id,
            given.period_start,
            given.quantity,
            -given.listed,
        )
        for position, given in enumerate(draft.credits, start=1 + len(draft.charges))
        if isinstance(given, Overused)
    ]


def _apply_credit(note: Document, credits: Sequence[GivenBack], *, funds: Funds) -> tuple[list[Allocation], int]:
    """A credit first lowers what is open on the very document it credits, then what that one took in of another that is
    open still; the rest goes to the balance.
    """
    left, lowered = -note.total_minor, funds.lowered
    open_on: dict[Id, int] = {}
    credited: dict[Id, int] = {}
    for given in credits:
        key = given.settled.document_id
        assert key is not None
        open_on[key] = given.settled.open_minor - lowered.get(key, 0)
        credited[key] = credited.get(key, 0) + given.credit.net_minor + given.credit.tax_minor
    amounts: dict[Id, int] = {}
    for document_id, open_minor in open_on.items():
        amount = max(0, min(left, open_minor, credited[document_id] - note.rounding_minor))
        amounts[document_id] = amount
        left -= amount
    for document_id, amount in list(amounts.items()):
        over, so_far = min(left, credited[document_id] - amount), _sum_of(lowered, amounts)
        funds.taken_in, passed = passed_on(funds.taken_in, by=document_id, over=over, lowered=so_far)
        for other_id, minor in passed.items():
            amounts[other_id] = amounts.get(other_id, 0) + minor
            left -= minor
    funds.lowered = _sum_of(lowered, amounts)
    return [
        Allocation(document_id, Source.CREDIT_NOTE, note.id, amount, note.issued_at)
        for document_id, amount in amounts.items()
        if amount
    ], left


def _sum_of(one: Mapping[Id, int], other: Mapping[Id, int]) -> dict[Id, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *other)}


def _events(document: Document) -> list[Event]:
    if document.kind is DocumentKind.CREDIT_NOTE:
        return [Event(EventType.CREDIT_NOTE_ISSUED, document.id, document.issued_at)]
    issued = [Event(EventType.INVOICE_ISSUED, document.id, document.issued_at)]
    if document.open_minor == 0:
        issued.append(Event(EventType.INVOICE_PAID, document.id, document.issued_at))
    return issued
