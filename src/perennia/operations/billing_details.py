"""What a customer may ask of how it is billed: its day of the month, its time zone, its own order numbers."""

from datetime import datetime

from perennia.domain.calendar import slot_at
from perennia.domain.changes import next_boundary
from perennia.domain.facts import ChangeKind, Subscription
from perennia.domain.ids import Id
from perennia.domain.lifecycle import NOT_BEGUN
from perennia.domain.scheduling import version_at
from perennia.operations.agreements import act_on, customer_and_payer, settle, up_to_date
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import check_po_number
from perennia.operations.customers import check_billing_day, check_zone
from perennia.operations.preferences import told
from perennia.store.identity import new_id
from perennia.store.reads import customers as read
from perennia.store.writes import agreements
from perennia.store.writes import customers as write
from perennia.store.writes.agreements import NewChange
from perennia.store.writes.history import insert_change


def set_billing_day(*, tenant: Id, actor: str, customer_id: Id, day: int | None, now: datetime) -> None:
    """The day of the month on which the periods of what it takes from now on begin. Raises NotFound, InvalidValue."""
    check_billing_day(day)
    with open_books(tenant=tenant) as books:
        if write.set_billing_day(books.cursor, customer_id=_there(books, customer_id), day=day):
            told(books, customer_id, ["billing_day"], actor=actor, now=books.business_time(now))


def set_time_zone(*, tenant: Id, actor: str, customer_id: Id, zone: str | None, now: datetime) -> None:
    """Another time zone, or the tenant's: for what it takes from now on, and for what it has from the next boundary.

    Each item that runs goes over where its period ends, one that is to start or tried where its first period does. Until
    then it waits as a change does. Raises NotFound, UnknownZone.
    """
    check_zone(zone)
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        customer, payer = customer_and_payer(books, customer_id)
        payer = up_to_date(books, payer, actor=actor, now=now)
        if write.set_zone(books.cursor, customer_id=customer_id, zone=zone):
            for subscription in payer.subscriptions:
                if subscription.customer_id == customer_id:
                    _goes_over(books, subscription, zone or books.tenant.zone, actor=actor, now=now)
            write.set_next_zone(
                books.cursor, tenant=tenant, customer_id=customer_id, payer_id=customer.payer_id,
                zone=zone or books.tenant.zone,
            )  # fmt: skip
            settle(books, payer.id, actor=actor, now=now)
            told(books, customer_id, ["zone"], actor=actor, now=now)


def _goes_over(books: Books, subscription: Subscription, zone: str, *, actor: str, now: datetime) -> None:
    """Let the clocks of another zone end the periods of each item from the next boundary on, in place of what waited."""
    for change in subscription.changes:
        if change.kind is ChangeKind.ZONE:
            agreements.withdraw_change(books.cursor, change_id=change.id, subscription_id=subscription.id, now=now)
    for item in subscription.items:
        version = version_at(item, now)
        if version.series.zone == zone or (version.ends_at is not None and version.ends_at <= now):
            continue
        at = next_boundary(version, now)
        if subscription.status in NOT_BEGUN:
            at = slot_at(version.series, at).end
        made = NewChange(
            new_id(), subscription.id, ChangeKind.ZONE.value, at, subscription.policies, item_id=item.id, name=zone
        )
        agreements.insert_change(books.cursor, made, tenant=books.tenant.id, actor=actor, now=now)


def _there(books: Books, customer_id: Id) -> Id:
    return read.customer(books.cursor, customer_id=customer_id).id


def set_po_number(*, tenant: Id, actor: str, subscription_id: Id, po_number: str | None, now: datetime) -> None:
    """The customer's own number for what it ordered, printed on documents issued from now on; None for none.

    Lines of different numbers stand on different documents. Raises NotFound, SubscriptionEnded, InvalidValue.
    """
    if po_number is not None:
        check_po_number(po_number)
    with act_on(tenant=tenant, actor=actor, subscription_id=subscription_id, now=now) as act:
        if agreements.set_po_number(act.books.cursor, subscription_id=subscription_id, po_number=po_number):
            insert_change(
                act.books.cursor, tenant=tenant, subject_id=subscription_id, payer_id=act.payer.id,
                change="subscription.fields", after="po_number", actor=actor, at=act.now,
            )  # fmt: skip
