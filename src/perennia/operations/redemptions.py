"""Redemptions: attach a code's coupon to a subscription or to a customer, take it off."""

from collections.abc import Sequence
from datetime import datetime

from perennia.domain.coupons import Coupon, Redeemer, check_redemption, fits_currency, same_code
from perennia.domain.errors import CodeUnknown, CouponExhausted, InvalidValue, NotFound
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Payer, Subscription
from perennia.domain.ids import Id
from perennia.domain.policies import Policies
from perennia.operations.agreements import customer_and_payer, payer_of, settle
from perennia.operations.books import Books, open_books
from perennia.operations.settlement import bill_before, difference
from perennia.store.reads import coupons as read
from perennia.store.reads import customers
from perennia.store.reads.customers import Customer
from perennia.store.writes import coupons as write
from perennia.store.writes import subscriptions
from perennia.store.writes.history import insert_change
from perennia.store.writes.subscriptions import NewDiscount


def redeem(
    *,
    tenant: Id,
    actor: str,
    code: str,
    now: datetime,
    subscription_id: Id | None = None,
    customer_id: Id | None = None,
) -> Id:
    """Attach a code's coupon to a subscription, or to a customer: to all its subscriptions, also those to come.

    It works on what falls due from now on; what fell due before is billed without it. Answers the redemption. Raises
    NotFound, InvalidValue, CodeUnknown, CouponExhausted and what `check_redemption` raises.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer, customer = _locked(books, subscription_id=subscription_id, customer_id=customer_id)
        payer = bill_before(books, payer, actor=actor, now=now)
        targets = _targets(payer, customer.id, subscription_id)
        coupon = _coupon_of(books, code)
        redeemer = _redeemer(books, coupon, customer, subscription=targets[0] if subscription_id else None)
        redemption = _count(
            books, coupon, redeemer, code=code, customer_id=customer.id, subscription_id=subscription_id, now=now
        )
        if subscription_id is None:
            write.insert_customer_discount(
                books.cursor,
                tenant=tenant,
                customer_id=customer.id,
                coupon_id=coupon.id,
                redemption_id=redemption,
                now=now,
            )
        given = [(one.id, discount) for one in targets if (discount := _given_to(coupon, one, redemption))]
        subscriptions.attach_discounts(books.cursor, given, tenant=tenant, now=now)
        subject = subscription_id or customer.id
        _tell(books, payer, subject, "coupon.redeemed", actor=actor, now=now, after=coupon.id.text("coupon"))
        told = (Event(EventType.COUPON_REDEEMED, redemption, now),)
        _settle(books, payer, before=targets, actor=actor, now=now, told=told)
    return redemption


def remove(
    *,
    tenant: Id,
    actor: str,
    coupon_id: Id,
    now: datetime,
    subscription_id: Id | None = None,
    customer_id: Id | None = None,
) -> None:
    """End a coupon on a subscription, or on all of a customer's where it was redeemed for all; it stays counted.

    What falls due from now on is charged without it. Raises NotFound.
    """
    with open_books(tenant=tenant) as books:
        now = books.business_time(now)
        payer, customer = _locked(books, subscription_id=subscription_id, customer_id=customer_id)
        payer = bill_before(books, payer, actor=actor, now=now)
        targets = _targets(payer, customer.id, subscription_id)
        standing = read.redemptions(
            books.cursor, customer_id=customer.id, subscription_id=subscription_id, coupon_id=coupon_id
        )
        ended = 0
        for redemption in standing:
            for one in targets:
                ended += write.end_discounts(books.cursor, subscription_id=one.id, redemption_id=redemption, now=now)
            if subscription_id is None:
                write.end_customer_discount(books.cursor, customer_id=customer.id, redemption_id=redemption, now=now)
        if not standing or (subscription_id is not None and not ended):
            raise NotFound(kind="discount", id=coupon_id.text("coupon"))
        subject = subscription_id or customer.id
        _tell(books, payer, subject, "coupon.removed", actor=actor, now=now, before=coupon_id.text("coupon"))
        _settle(books, payer, before=targets, actor=actor, now=now)


def at_start(
    books: Books,
    *,
    customer: Customer,
    subscription_id: Id,
    currency: str,
    sold: frozenset[Id],
    policies: Policies,
    code: str | None,
    now: datetime,
) -> tuple[NewDiscount, ...]:
    """What a starting subscription is given: the coupons on all of its customer's, and that of a code, counted.

    For the transaction that starts it, under the payer's lock. `sold` are its plans, add-ons and products. Raises
    what `redeem` raises.
    """
    found = []
    if customer.discounted:
        for redemption, coupon in read.of_customer(books.cursor, customer_id=customer.id, at=now):
            found.append(_given(coupon, redemption, sold=sold, currency=currency, policies=policies))
    if code is not None:
        coupon = _coupon_of(books, code)
        redeemer = Redeemer(
            redeemed=read.times_redeemed(books.cursor, customer_id=customer.id, coupon_id=coupon.id),
            new=read.is_new_customer(
                books.cursor, customer_id=customer.id, payer_id=customer.payer_id, subscription_id=subscription_id
            ),
            attached=any(discount is not None and discount.coupon_id == coupon.id for discount in found),
            currency=currency,
            sold=sold,
        )
        redemption = _count(
            books, coupon, redeemer, code=code, customer_id=customer.id, subscription_id=subscription_id, now=now
        )
        found.append(_given(coupon, redemption, sold=sold, currency=currency, policies=policies))
    return tuple(discount for discount in found if discount is not None)


def _locked(books: Books, *, subscription_id: Id | None, customer_id: Id | None) -> tuple[Payer, Customer]:
    """The payer under its lock, and the customer; of the subscription or the customer that is named."""
    if (subscription_id is None) == (customer_id is None):
        raise InvalidValue(field="subscription_id", value=str(subscription_id), reason="a subscription or a customer")
    if subscription_id is not None:
        payer = payer_of(books, subscription_id)
        customer_id = _targets(payer, None, subscription_id)[0].customer_id
        return payer, customers.customer(books.cursor, customer_id=customer_id)
    assert customer_id is not None
    customer, payer = customer_and_payer(books, customer_id)
    return payer, customer


def _targets(payer: Payer, customer_id: Id | None, subscription_id: Id | None) -> list[Subscription]:
    """The one subscription, or all of the customer's that have not ended."""
    found = [
        one
        for one in payer.subscriptions
        if one.id == subscription_id or (subscription_id is None and one.customer_id == customer_id)
    ]
    if subscription_id is not None and not found:
        raise NotFound(kind="subscription", id=subscription_id.text("sub"))
    return found


def _coupon_of(books: Books, code: str) -> Coupon:
    found = read.coupon_by_code(books.cursor, tenant=books.tenant.id, code=same_code(code))
    if found is None:
        raise CodeUnknown(given=code.strip())
    return found


def _redeemer(books: Books, coupon: Coupon, customer: Customer, *, subscription: Subscription | None) -> Redeemer:
    cursor, key = books.cursor, subscription.id if subscription else None
    return Redeemer(
        redeemed=read.times_redeemed(cursor, customer_id=customer.id, coupon_id=coupon.id),
        new=read.is_new_customer(cursor, customer_id=customer.id, payer_id=customer.payer_id, subscription_id=key),
        attached=read.is_at_work(cursor, coupon_id=coupon.id, customer_id=customer.id, subscription_id=key),
        currency=subscription.currency if subscription else None,
        sold=_sold(subscription) if subscription else None,
    )


def _count(
    books: Books,
    coupon: Coupon,
    redeemer: Redeemer,
    *,
    code: str,
    customer_id: Id,
    subscription_id: Id | None,
    now: datetime,
) -> Id:
    check_redemption(coupon, redeemer, given=code.strip(), now=now)
    written = same_code(code)
    if not write.count_redemption(books.cursor, tenant=books.tenant.id, coupon_id=coupon.id, code=written, now=now):
        raise CouponExhausted(given=code.strip())
    return write.insert_redemption(
        books.cursor,
        tenant=books.tenant.id,
        coupon_id=coupon.id,
        code=written,
        customer_id=customer_id,
        subscription_id=subscription_id,
        now=now,
    )


def _sold(subscription: Subscription) -> frozenset[Id]:
    return frozenset().union(
        *(version.price.sold for item in subscription.items for version in item.versions if version.ends_at is None)
    )


def _given_to(coupon: Coupon, subscription: Subscription, redemption: Id) -> NewDiscount | None:
    return _given(
        coupon,
        redemption,
        sold=_sold(subscription),
        currency=subscription.currency,
        policies=subscription.policies,
    )


def _given(
    coupon: Coupon, redemption: Id, *, sold: frozenset[Id], currency: str, policies: Policies
) -> NewDiscount | None:
    """What a coupon gives a subscription; None where it gives nothing there.

    With `coupon_scope_checked` each_line its scope is looked at with every line, also of what is added later.
    """
    each_line = policies.coupon_scope_checked == "each_line"
    covered = not coupon.scope or each_line or not coupon.scope.isdisjoint(sold)
    if not covered or not fits_currency(coupon, currency):
        return None
    return NewDiscount(
        coupon_id=coupon.id,
        percent_off=coupon.percent,
        amount_off_minor=coupon.amount_minor,
        periods=coupon.periods,
        periods_left=coupon.periods,
        scoped=bool(coupon.scope) and each_line,
        redemption_id=redemption,
    )


def _settle(
    books: Books,
    payer: Payer,
    *,
    before: Sequence[Subscription],
    actor: str,
    now: datetime,
    told: tuple[Event, ...] = (),
) -> None:
    """Bill what is due now, with what the change of discounts means for recurring revenue."""
    payer = books.lock(payer.id)
    after = {one.id: one for one in payer.subscriptions}
    moved = [found for one in before for found in difference(books, one, after[one.id], payers=(payer, payer), now=now)]
    settle(books, payer.id, actor=actor, now=now, told=told, moved=moved)


def _tell(
    books: Books, payer: Payer, subject: Id, change: str, *, actor: str, now: datetime,
    before: str | None = None, after: str | None = None,
) -> None:  # fmt: skip
    insert_change(
        books.cursor, tenant=books.tenant.id, subject_id=subject, payer_id=payer.id, change=change, before=before,
        after=after, actor=actor, at=now,
    )  # fmt: skip
