"""From checked rows to subscriptions in the books, taken over where the old system left them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from perennia.domain.calendar import Series, boundary, midnight, slot_at
from perennia.domain.decision import BalanceEntry, Decision, Source
from perennia.domain.events import Event, EventType
from perennia.domain.facts import ItemKind, Payer, Seller, Term
from perennia.domain.ids import Id
from perennia.domain.invoicing import take_over
from perennia.domain.ledger import opening_credit
from perennia.operations.books import Books
from perennia.operations.importing.problems import FileChanged
from perennia.operations.importing.subscriptions import Row
from perennia.store.identity import new_id, new_ids
from perennia.store.reads import importing as stored
from perennia.store.reads.facts import LockedPayer
from perennia.store.reads.importing import Owner
from perennia.store.writes import importing as staging
from perennia.store.writes import locks
from perennia.store.writes import subscriptions as write
from perennia.store.writes.subscriptions import NewDiscount, NewItem, NewSubscription


def write_batch(books: Books, rows: Sequence[Row], *, seller: Seller, now: datetime, actor: str) -> int:
    """Insert those that are not there yet and bring them to where they stand; answers how many.

    Nothing is charged: what falls due from `billed_through` on is left to the billing run.
    """
    cursor, tenant = books.cursor, books.tenant
    there = stored.subscription_ids(cursor, tenant=tenant.id, external_ids=[row.external_id for row in rows])
    fresh = [row for row in rows if row.external_id not in there]
    if not fresh:
        return 0
    owners = stored.customer_ids(cursor, tenant=tenant.id, external_ids=list({row.customer for row in fresh}))
    entity = next(iter(seller.entities))
    made = [
        _agreement(key, row, owner=_owner(owners, row), entity_id=entity, zone=tenant.zone)
        for key, row in zip(new_ids(len(fresh)), fresh, strict=True)
    ]
    write.insert_subscriptions(cursor, made, tenant=tenant.id, now=now)
    locked = locks.lock_payers(cursor, tenant=tenant.id, ids=list({one.payer_id for one in made}))
    news = {one.id: (one, row.credit_minor) for one, row in zip(made, fresh, strict=True)}
    decisions = [
        _decision(payer, lock, news, seller=seller, now=now)
        for payer, lock in zip(books.facts(locked), locked, strict=True)
    ]
    books.write(decisions, actor=actor)
    staging.end_batch(cursor)
    return len(made)


def _owner(owners: Mapping[str, Owner], row: Row) -> Owner:
    if row.customer not in owners:
        raise FileChanged(file="customers")
    return owners[row.customer]


def _agreement(key: Id, row: Row, *, owner: Owner, entity_id: Id, zone: str) -> NewSubscription:
    zone = owner.zone or zone
    settled = row.billed_through or row.trial_ends_on or row.started_on
    bills_from = midnight(max(settled, row.trial_ends_on or settled), zone)
    return NewSubscription(
        id=key,
        customer_id=owner.id,
        payer_id=owner.payer_id,
        entity_id=entity_id,
        currency=row.currency,
        zone=zone,
        started_at=midnight(row.started_on, zone),
        anchor_on=row.anchor_on,
        bills_from=bills_from,
        items=_items(row),
        external_id=row.external_id,
        trial_ends_at=_midnight(row.trial_ends_on, zone),
        term=_term(row, bills_from, zone),
        cancel_at=_midnight(row.cancel_on, zone),
        collection=row.collection,
        net_days=row.net_days,
        discounts=_discounts(row),
        import_digest=row.digest,
    )


def _items(row: Row) -> tuple[NewItem, ...]:
    items = [
        NewItem(
            one.offer.kind, one.offer.name, one.offer.price.id, one.quantity,
            metering=one.offer.price.meter_id is not None,
        )
        for one in row.items
    ]  # fmt: skip
    if row.adjustment:
        plan = row.items[0].offer.price.id
        items.append(NewItem(ItemKind.ADJUSTMENT, "Adjustment", plan, Decimal(1), row.adjustment))
    return tuple(items)


def _discounts(row: Row) -> tuple[NewDiscount, ...]:
    if row.coupon is None:
        return ()
    coupon = row.coupon
    return (
        NewDiscount(coupon.id, coupon.percent_off, coupon.amount_off_minor, coupon.periods, row.coupon_periods_left),
    )


def _term(row: Row, bills_from: datetime, zone: str) -> Term | None:
    """So many whole periods of the plan after the first boundary at or after `bills_from`; then it goes on without one."""
    if row.term_periods_left is None:
        return None
    anchor = datetime(row.anchor_on.year, row.anchor_on.month, row.anchor_on.day)  # noqa: DTZ001  local, as in a series
    series = Series(anchor, zone, row.items[0].offer.price.interval)
    slot = slot_at(series, bills_from)
    ends_at = boundary(series, slot.n + (slot.start < bills_from) + row.term_periods_left)
    return Term(ends_at, row.term_periods_left, "go_on")


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else midnight(day, zone)


def _decision(
    payer: Payer,
    locked: LockedPayer,
    news: Mapping[Id, tuple[NewSubscription, int]],
    *,
    seller: Seller,
    now: datetime,
) -> Decision:
    """What is new of one payer, taken over. Its older subscriptions are the run's business and stay as they are."""
    subscriptions = tuple(one for one in payer.subscriptions if one.id in news)
    decision = take_over(replace(payer, subscriptions=subscriptions), seller=seller, now=now)
    due = [at for at in (decision.next_due_at, locked.next_due_at) if at is not None]
    told = tuple(Event(EventType.SUBSCRIPTION_CREATED, one.id, now) for one in subscriptions)
    credits = [(news[one.id][0], news[one.id][1]) for one in subscriptions if news[one.id][1]]
    return replace(
        decision,
        next_due_at=min(due, default=None),
        events=told + decision.events,
        balance=tuple(_entry(one, minor, now) for one, minor in credits),
        postings=tuple(
            posting
            for one, minor in credits
            for posting in opening_credit(transaction_id=one.id, currency=one.currency, amount_minor=minor, at=now)
        ),
    )


def _entry(one: NewSubscription, minor: int, now: datetime) -> BalanceEntry:
    return BalanceEntry(new_id(), one.entity_id, one.currency, minor, Source.IMPORT, one.id, now)
