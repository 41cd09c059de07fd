"""What another price for everyone on a plan comes to, month by month, before and after; nothing is written or locked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from perennia.domain.calendar import first_of_month, local_date, midnight, next_month
from perennia.domain.cohorts import Month, NewPrice, money, terms, with_new_price
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Payer, Seller, Subscription
from perennia.domain.ids import Id
from perennia.domain.pricing import Price, check_unit_amount, own_price
from perennia.domain.scheduling import plan_of, version_at
from perennia.store import session
from perennia.store.identity import Keys, new_id
from perennia.store.reads import facts, payers, prices, sellers
from perennia.store.reads.facts import LockedPayer
from perennia.store.reads.overcharged import overcharged
from perennia.store.reads.prices import Listing
from perennia.store.reads.sellers import Tenant
from perennia.store.session import Cursor

CHUNK = 2_500
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Comparison:
    """One month as it will be, and as it would be with the new price."""

    month: date
    before: Month
    after: Month


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a new price comes to, in minor units of `currency`.

    `subscriptions` would have it; `kept` have an amount of their own and keep that. `distinct` is how many different
    terms there are among those who pay: the rule was asked once for each.
    """

    currency: str
    price: Price
    start_on: date
    subscriptions: int
    kept: int
    payers: int
    distinct: int
    months: tuple[Comparison, ...]


def what_if(
    *,
    tenant: Id,
    plan: str,
    amount: Decimal,
    start_on: date,
    now: datetime,
    with_a_period: bool = False,
    months: int = 12,
) -> WhatIf:
    """Everyone who has a price of `plan` (the code of a plan, or of one of its prices) has it at `amount` from a date.

    By the rule and the policies of each: as if `changes.change_plan` were asked for now, for that date, for everyone;
    `with_a_period` for the first period that begins on it or later. The months begin with that of `start_on`; recurring
    revenue is that at a month's end, invoiced is what is issued in it for these subscriptions from now on, with their
    add-ons and less what is given back; of what is metered nothing counts. Raises NotFound, InvalidValue.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidValue(field="months", value=months, reason=f"from 1 to {MOST_MONTHS} months")
    with session.looking(tenant) as cursor:
        shop = sellers.tenant_by_id(cursor, tenant_id=tenant)
        now = shop.clock or now
        if start_on < local_date(now, shop.zone):
            raise InvalidValue(
                field="from", value=start_on.isoformat(), reason="a price for everyone begins today or later"
            )
        new = _new_price(prices.by_code(cursor, code=plan), plan, amount, start_on, with_a_period=with_a_period)
        asked = _Asked(shop, sellers.seller(cursor, tenant=shop), new, now)
        cohort = _Cohort(asked)
        found = payers.holding(cursor, tenant=tenant, price_ids=new.instead_of, at=now)
        for begin in range(0, len(found), CHUNK):
            cohort.take_in(cursor, found[begin : begin + CHUNK])
    return cohort.answer(months)


def _new_price(
    listings: Sequence[Listing], code: str, amount: Decimal, start_on: date, *, with_a_period: bool
) -> NewPrice:
    """The price there would be: like the newest there is, at another amount. Raises InvalidValue."""
    kinds = {(listing.price.currency, listing.price.interval) for listing in listings}
    if len(kinds) > 1:
        codes = ", ".join(sorted(listing.code for listing in listings))
        reason = f"it has prices of several currencies or intervals; name one of them: {codes}"
        raise InvalidValue(field="plan", value=code, reason=reason)
    if not listings:
        raise InvalidValue(field="plan", value=code, reason="it has no price")
    if listings[-1].price.meter_id is not None:
        reason = "it is metered, and what will be used nobody knows"
        raise InvalidValue(field="plan", value=code, reason=reason)
    check_unit_amount(amount)
    if amount < 0:
        raise InvalidValue(field="price", value=str(amount), reason="a price is not below zero")
    price = replace(own_price(listings[-1].price, amount), id=new_id())
    return NewPrice(frozenset(listing.price.id for listing in listings), price, start_on, with_a_period)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked, of whom, and when."""

    shop: Tenant
    seller: Seller
    new: NewPrice
    now: datetime


@dataclass(slots=True)
class _Alike:
    """So many payers of equal terms, one of them as it stands and with the new price, and whose money is counted."""

    count: int
    before: Payer
    after: Payer
    changed: frozenset[Id]
    kept: int
    gives_back: bool
    """What was charged reaches beyond the change: what that was is asked of each, and tells them apart."""


class _Cohort:
    """Everyone whom the price would concern, by their terms."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._terms: dict[object, _Alike] = {}
        self._alike: dict[object, _Alike] = {}
        self._new_ids = Keys()
        self.payers = self.subscriptions = self.kept = 0

    def take_in(self, cursor: Cursor, rows: Sequence[LockedPayer]) -> None:
        """Read so many payers, and count each with those that are like it."""
        asked, apart = self._asked, []
        for payer in facts.payers(cursor, rows, tenant=asked.shop):
            key = terms(payer, seller=asked.seller, now=asked.now)
            alike = self._terms.get(key)
            if alike is None:
                alike = self._terms[key] = self._with_new_price(payer)
            self.kept += alike.kept
            if not alike.changed:
                continue
            self.payers += 1
            self.subscriptions += len(alike.changed)
            if alike.gives_back:
                apart.append(self._with_new_price(payer))
            else:
                self._alike.setdefault(key, alike).count += 1
        if apart:
            self._tell_apart(cursor, apart)

    def _with_new_price(self, payer: Payer) -> _Alike:
        after, changed = with_new_price(payer, self._asked.new, now=self._asked.now, new_ids=self._new_ids)
        kept = sum(one.id not in changed and self._has_it(one) for one in payer.subscriptions)
        gives_back = any(
            version.billed_through is not None and version.billed_through > subscription.changes[-1].at
            for subscription in after.subscriptions
            if subscription.id in changed
            for item in subscription.items
            for version in item.versions
        )
        return _Alike(0, payer, after, changed, kept, gives_back)

    def _tell_apart(self, cursor: Cursor, some: Sequence[_Alike]) -> None:
        """Payers who would be given back what they paid: by their terms, and what that was."""
        asked = self._asked
        concerned = [s for one in some for s in one.after.subscriptions if s.id in one.changed]
        settled = overcharged(cursor, concerned, tenant_id=asked.shop.id)
        for one in some:
            known = [replace(s, overcharged=settled.get(s.id, s.overcharged)) for s in one.after.subscriptions]
            after = replace(one.after, subscriptions=tuple(known))
            key = terms(after, seller=asked.seller, now=asked.now)
            self._alike.setdefault(key, replace(one, after=after)).count += 1

    def _has_it(self, subscription: Subscription) -> bool:
        at = max(self._asked.now, subscription.started_at)
        return version_at(plan_of(subscription), at).price.id in self._asked.new.instead_of

    def answer(self, months: int) -> WhatIf:
        """The rule for each kind of terms, as often as there are payers who have them."""
        asked, zone = self._asked, self._asked.seller.zone
        first = max(asked.new.on.replace(day=1), first_of_month(asked.now, zone))
        shown = [first]
        while len(shown) < months:
            shown.append(next_month(shown[-1]))
        through = midnight(next_month(shown[-1]), zone) - timedelta(microseconds=1)
        before, after = dict.fromkeys(shown, Month()), dict.fromkeys(shown, Month())
        for alike in self._alike.values():
            for payer, sums in ((alike.before, before), (alike.after, after)):
                found = money(
                    payer, alike.changed, seller=asked.seller, now=asked.now, through=through, new_ids=self._new_ids
                )
                for month in shown:
                    sums[month] = sums[month].plus(found[month], times=alike.count)
        return WhatIf(
            currency=asked.new.price.currency,
            price=asked.new.price,
            start_on=asked.new.on,
            subscriptions=self.subscriptions,
            kept=self.kept,
            payers=self.payers,
            distinct=len(self._alike),
            months=tuple([Comparison(month, before[month], after[month]) for month in shown]),
        )
