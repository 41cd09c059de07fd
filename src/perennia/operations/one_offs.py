"""Charges outside the catalogue: at once, with the payer's next document, or as an invoice of free lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.decision import Decision
from perennia.domain.documents import PayTerms
from perennia.domain.drafting import Draft, Funds, GroupKey, group_key, issue_draft
from perennia.domain.errors import CurrencyMismatch, InvalidValue, NotFound
from perennia.domain.facts import CollectionMode, Subscription
from perennia.domain.ids import Id
from perennia.domain.one_offs import OneOff
from perennia.domain.one_offs import one_off as charge_of
from perennia.domain.pending import Pending
from perennia.domain.policies import policies as policies_of
from perennia.domain.pricing import check_quantity, check_unit_amount
from perennia.operations.agreements import of
from perennia.operations.catalog import check_net_days, checked
from perennia.operations.desk import Desk, open_desk
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import customers, wallet
from perennia.store.reads.subscriptions import payer_of
from perennia.store.session import Cursor
from perennia.store.writes import corrections as write

MOST_LINES = 1000
NO_DAYS = PayTerms()


@dataclass(frozen=True, slots=True)
class FreeLine:
    """What is charged by hand: a name, so many at an amount in currency units, and how it is taxed."""

    name: str
    unit_amount: Decimal
    quantity: Decimal = Decimal(1)
    tax_class: str = "standard"
    tax_inclusive: bool = False


def one_off(
    *,
    tenant: Id,
    actor: str,
    line: FreeLine,
    now: datetime,
    customer_id: Id | None = None,
    subscription_id: Id | None = None,
    currency: str | None = None,
    when: str = "now",
    discountable: bool = False,
    is_setup: bool = False,
    entity_id: Id | None = None,
) -> Id:
    """Charge a customer or a subscription once; answers the invoice, or (`when` next_invoice) the charge that waits.

    `now` makes a document of its own, `next_invoice` a line of the payer's next one. A subscription's charge is in its
    currency and of its legal entity, and shares its discounts where it is `discountable`; a customer's is in the tenant's
    currency where none is given. Raises NotFound, InvalidValue, UnknownCurrency.
    """
    if when not in ("now", "next_invoice"):
        raise InvalidValue(field="when", value=when, reason="now or next_invoice")
    check_line(line)

    def whose(cursor: Cursor) -> Id:
        if subscription_id is not None and customer_id is None:
            return payer_of(cursor, subscription_id=subscription_id)
        if customer_id is not None and subscription_id is None:
            return customers.payer_of(cursor, customer_id=customer_id)
        reason = "a charge is of a customer or of a subscription"
        raise InvalidValue(field="customer", value=customer_id, reason=reason)

    with open_desk(tenant=tenant, whose=whose, now=now, actor=actor) as desk:
        subscription = None if subscription_id is None else of(desk.books.facts([desk.payer])[0], subscription_id)
        if subscription is None:
            key = _key(desk, entity_id, currency, CollectionMode.AUTOMATIC)
        else:
            key = group_key(subscription)
            _same_currency(currency, subscription.currency)
        wanted = replace(
            _wanted(line, key=key, customer_id=subscription.customer_id if subscription else customer_id, desk=desk),
            id=new_id() if when == "next_invoice" else None,
            subscription_id=subscription_id,
            is_discountable=discountable,
            is_setup=is_setup,
        )
        charge = _priced(desk, wanted, subscription)
        if wanted.id is None:
            return _issue(desk, [charge], key=key)
        desk.write(Decision(desk.payer.id, desk.payer.next_due_at, pending=(wanted,)))
        return wanted.id


def invoice(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    lines: Sequence[FreeLine],
    now: datetime,
    currency: str | None = None,
    terms: PayTerms = NO_DAYS,
    collection: CollectionMode = CollectionMode.SEND,
    po_number: str | None = None,
    entity_id: Id | None = None,
) -> Id:
    """Issue an invoice of free lines to a customer's payer at once; answers it.

    In the tenant's currency and by its first legal entity where none is given. Raises NotFound, InvalidValue,
    UnknownCurrency.
    """
    if not 0 < len(lines) <= MOST_LINES:
        raise InvalidValue(field="lines", value=len(lines), reason=f"1 to {MOST_LINES} lines")
    for line in lines:
        check_line(line)
    if po_number is not None:
        checked(po_number, field="po_number", longest=50)
    check_net_days(terms.net_days)
    with open_desk(
        tenant=tenant,
        whose=lambda cursor: customers.payer_of(cursor, customer_id=customer_id),
        now=now,
        actor=actor,
    ) as desk:
        key = _key(desk, entity_id, currency, collection, po_number)
        wanted = [_wanted(line, key=key, customer_id=customer_id, desk=desk) for line in lines]
        return _issue(desk, [_priced(desk, one, None) for one in wanted], key=key, terms=terms)


def withdraw(*, tenant: Id, actor: str, pending_id: Id, now: datetime) -> None:
    """Take back a charge that waits for a document. Raises NotFound, also for one that is on a document by now."""
    with open_desk(
        tenant=tenant, whose=lambda cursor: wallet.payer_of_pending(cursor, pending_id=pending_id), now=now, actor=actor
    ) as desk:
        if not write.remove_pending(desk.cursor, pending_id=pending_id, payer_id=desk.payer.id):
            raise NotFound(kind="pending charge", id=pending_id.text("pen"))


def check_line(line: FreeLine) -> None:
    """That it can be charged. Raises InvalidValue."""
    checked(line.name, field="name")
    checked(line.tax_class, field="tax_class", longest=50)
    check_unit_amount(line.unit_amount)
    check_quantity(line.quantity)
    for value, field in ((line.unit_amount, "unit_amount"), (line.quantity, "quantity")):
        if value <= 0:
            raise InvalidValue(field=field, value=str(value), reason="above 0")


def _key(
    desk: Desk, entity_id: Id | None, currency: str | None, collection: CollectionMode, po_number: str | None = None
) -> GroupKey:
    return desk.entity(entity_id), currency or desk.books.tenant.currency, collection, 0, po_number, None


def _wanted(line: FreeLine, *, key: GroupKey, customer_id: Id | None, desk: Desk) -> Pending:
    return Pending(
        id=None,
        customer_id=customer_id or desk.payer.id,
        entity_id=key[0],
        currency=key[1],
        description=line.name,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        at=desk.now,
        tax_class=line.tax_class,
        tax_inclusive=line.tax_inclusive,
    )


def _priced(desk: Desk, wanted: Pending, subscription: Subscription | None) -> OneOff:
    tenant = desk.books.tenant
    return charge_of(wanted, zone=tenant.zone, policies=policies_of(tenant.policies), subscription=subscription)


def _same_currency(given: str | None, expected: str) -> None:
    if given not in (None, expected):
        raise CurrencyMismatch(expected=expected, given=given)


def _issue(desk: Desk, charges: Sequence[OneOff], *, key: GroupKey, terms: PayTerms | None = None) -> Id:
    payer = desk.buyer()
    issued = issue_draft(
        Draft(charges=list(charges)),
        key=key,
        payer=payer,
        seller=desk.books.seller(),
        due_at=desk.now,
        now=desk.now,
        funds=Funds.of(payer),
        new_ids=new_ids,
        terms=terms,
    )
    desk.write(desk.issuing(issued))
    return issued.document.id
