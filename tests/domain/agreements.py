"""Agreements as hypothesis draws them: any mix of zones, intervals, anchors, trials, ends, coupons and currencies."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from perennia.domain.calendar import Interval, Unit
from perennia.domain.facts import CollectionMode, Item, ItemKind, Payer, Seller, Subscription
from perennia.domain.pricing import Model, Timing
from tests.domain.world import item, off, payer, price, rate, seller, subscription

CURRENCIES = {"JPY": 0, "EUR": 2, "KWD": 3}
ZONES = ["UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana"]
INTERVALS = st.sampled_from(
    [Interval(Unit.MONTH), Interval(Unit.MONTH), Interval(Unit.MONTH, 3), Interval(Unit.WEEK), Interval(Unit.WEEK, 2),
     Interval(Unit.DAY, 10), Interval(Unit.DAY), Interval(Unit.YEAR)]
)  # fmt: skip
DISCOUNTS = st.builds(
    lambda percent, amount, periods: off(
        percent=percent, amount=None if percent else amount, periods=periods
    ),
    st.sampled_from([None, "10", "33.3333", "100"]), st.integers(1, 5000), st.sampled_from([None, 1, 2, 3]),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreements:
    """A payer as it stands before its first bill, its seller, and the first day of all."""

    payer: Payer
    seller: Seller
    start: date


@st.composite
def items(draw: st.DrawFn, *, start: date, zone: str, currency: str, kind: ItemKind) -> Item:
    digits = CURRENCIES[currency]
    low = -3000 if kind is ItemKind.ADJUSTMENT else 0
    decimals = draw(st.sampled_from([0, digits, 12]))
    amount = (
        f"{draw(st.integers(low, 20000))}.{draw(st.integers(0, 10**decimals - 1)):0{decimals}d}" if decimals else "50"
    )
    of = price(
        amount,
        currency=currency,
        interval=draw(INTERVALS),
        model=draw(st.sampled_from((Model.FLAT, Model.PER_UNIT))),
        timing=draw(st.sampled_from(Timing)),
        inclusive=draw(st.booleans()),
    )
    anchor = start + timedelta(days=draw(st.sampled_from([0, 0, -40, 21, 35])))
    quantity = draw(st.sampled_from(["1", "1", "0", "2.5", "7"]))
    return item(of, start=start, anchor=anchor, zone=zone, kind=kind, quantity=quantity, name=kind.value)


@st.composite
def subscriptions(draw: st.DrawFn, *, first: date, currency: str) -> Subscription:
    start, zone = first + timedelta(days=draw(st.integers(0, 40))), draw(st.sampled_from(ZONES))
    kinds = [ItemKind.PLAN, *draw(st.lists(st.sampled_from([ItemKind.ADD_ON, ItemKind.ADJUSTMENT]), max_size=2))]
    trial = draw(st.sampled_from([None, None, 0, 14, 45]))
    cancel = draw(st.sampled_from([None, None, -5, 0, 14, 31, 60, 100]))
    return subscription(
        *(draw(items(start=start, zone=zone, currency=currency, kind=kind)) for kind in kinds),
        start=start,
        zone=zone,
        trial_ends=None if trial is None else start + timedelta(days=trial),
        cancel=None if cancel is None else start + timedelta(days=cancel),
        discounts=tuple(draw(st.lists(DISCOUNTS, max_size=2))),
        collection=draw(st.sampled_from([CollectionMode.AUTOMATIC, CollectionMode.AUTOMATIC, CollectionMode.SEND])),
    )


@st.composite
def agreements(draw: st.DrawFn) -> Agreements:
    currency, first = draw(st.sampled_from(list(CURRENCIES))), draw(st.dates(date(2011, 10, 1), date(2026, 1, 1)))
    found = draw(st.lists(subscriptions(first=first, currency=currency), min_size=1, max_size=3))
    rates = [rate(draw(st.sampled_from(["25", "8.1", "0"])))]
    facts = payer(*found, balance=draw(st.sampled_from([0, 0, 777])))
    return Agreements(facts, seller(*rates, zone=draw(st.sampled_from(ZONES))), first)
