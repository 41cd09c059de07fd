"""What the random lives are made of: what is sold in them, by which policies, and what an act may be told."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from perennia.domain.policies import CHOICES
from tests.scenarios.drawn import ZONES

Given = dict[str, Any]
Drawn = st.SearchStrategy[Any]

PLANS: Given = {
    "small": {"model": "flat", "amount": "10.00", "setup_fee": "25.00"},
    "big": {"model": "flat", "amount": "99.99"},
    "year": {"model": "flat", "amount": "300.00", "interval": "year"},
    "fortnight": {"model": "flat", "amount": "14.00", "interval": "2 weeks"},
    "seats": {"amount": "0.333333", "model": "per_unit"},
    "graduated": {"model": "graduated", "tiers": [{"up_to": 2, "unit": "5.005", "flat": 3}, {"unit": "1.3"}]},
    "volume": {"model": "volume", "tiers": [{"up_to": 2, "unit": "5.005", "flat": 3}, {"unit": "1.3"}]},
    "stairs": {"model": "stairstep", "tiers": [{"up_to": 2, "flat": 3}, {"up_to": 5, "flat": "7.77"}]},
    "packs": {"model": "package", "amount": 12, "package_size": 4, "free_units": 1},
    "late": {"model": "flat", "amount": "30.00", "timing": "arrears"},
    "least": {"model": "flat", "amount": "8.00", "period_minimum": "12.00"},
    "calls": {"amount": "0.05", "model": "per_unit", "meter": "calls"},
}
ADD_ONS: Given = {
    "bag": {"model": "flat", "amount": "5.00", "setup_fee": "1.50"},
    "chair": {"amount": "3.33", "model": "per_unit"},
    "behind": {"model": "flat", "amount": "6.00", "timing": "arrears"},
    "yearly": {"model": "flat", "amount": "60.00", "interval": "year"},
    "weekly": {"model": "flat", "amount": "2.50", "interval": "week"},
    "minutes": {"model": "graduated", "meter": "minutes", "tiers": [{"up_to": 10, "unit": "0.5"}, {"unit": "0.1"}]},
}
CATALOGUE: Given = {
    "plans": PLANS,
    "add_ons": ADD_ONS,
    "coupons": {
        "TEN": {"percent": 10, "duration": 2},
        "OFF": {"amount": "4.00", "duration": "forever"},
        "LAST": {"percent": "33.3", "duration": "forever", "max_redemptions": 1},
    },
    "meters": {"calls": {}, "minutes": {"aggregation": "max"}},
}

_MORE: Given = {
    "alignment": ("anniversary", "calendar", "billing_day(15)", "billing_day(31)", "customer_day"),
    "progressive_threshold": ("none", "20"),
    "cash_step": ("none", "0.05"),
    "trial_price": ("free", "1.00"),
    "late_window_days": ("0", "3"),
    "catch_up_limit": ("3", "1"),
    "draft_hours": ("0", "24"),
}
POLICIES: Given = {**CHOICES, **_MORE}


def policies(most: int) -> Drawn:
    """Some keys of the table with words of theirs; few, for most of what is to be found needs few."""
    word = st.sampled_from(sorted(POLICIES)).flatmap(
        lambda key: st.tuples(st.just(key), st.sampled_from(POLICIES[key]))
    )
    return st.lists(word, max_size=most).map(dict)


def heads() -> Drawn:
    """A scenario without its timeline."""
    taxes = (0, 25, {"percent": 25, "inclusive": "yes"})
    return st.fixed_dictionaries(
        {
            "policy": policies(3),
            "timezone": st.sampled_from(ZONES),
            "currency": st.sampled_from(("EUR", "JPY", "KWD")),
            "tax": st.sampled_from(taxes),
        }
    ).map(lambda head: {**head, "catalogue": CATALOGUE})


counted = st.sampled_from(("seats", "graduated", "volume", "stairs", "packs"))
plan = st.sampled_from(sorted(PLANS))
add_on = st.sampled_from(sorted(ADD_ONS))
coupon = st.sampled_from(("TEN", "OFF", "LAST"))
quantity = st.sampled_from((1, 2, 3, 4, 5, 7, 0, -1, "1.5"))
amount = st.sampled_from(("1", "12.34", "100", "0", "-5"))
days = st.sampled_from((0, 0, 1, 3, 7, 15, 29, 31, 45, 100))
minutes = st.sampled_from((0, 1, 45, 600, 1440, 5000, 40000))
yes = st.just("yes")


def maybe(one: Drawn) -> Drawn:
    return st.none() | one


def given(**told: Drawn) -> Drawn:
    """What of it is there; nothing of what came out as None."""
    return st.fixed_dictionaries(told).map(
        lambda found: {key: value for key, value in found.items() if value is not None}
    )


def near(low: int, high: int) -> Drawn:
    """A day so many days from today, told as a number until today is known: see `dated`."""
    return st.integers(low, high).map(timedelta)


when = st.sampled_from(("now", "period_end")) | near(-20, 45)
own_policy = st.just({}) | policies(1)

NEW_CUSTOMER = given(
    timezone=maybe(st.sampled_from(ZONES)),
    billing_day=maybe(st.sampled_from((1, 10, 31))),
    parent=maybe(yes),
    taxed=st.sampled_from(({}, {}, {"exempt": "a charity"})),
).map(lambda told: {**told.pop("taxed"), **told})
BEGINNING: Given = {
    "items": maybe(st.lists(st.fixed_dictionaries({"add_on": add_on}), max_size=2)),
    "coupon": maybe(coupon),
    "trial_days": maybe(st.sampled_from((1, 14, 40))),
    "start_date": maybe(near(-70, 40)),
    "collection": maybe(st.just("send")),
    "apart": maybe(yes),
    "policy": own_policy,
}
SUBSCRIBE = (
    given(plan=plan)
    | given(plan=plan, **BEGINNING)
    | given(plan=counted, quantity=quantity, **BEGINNING)
    | given(
        plan=plan,
        **BEGINNING,
        end_date=maybe(near(5, 100)),
        term=maybe(
            st.fixed_dictionaries({"periods": st.integers(1, 3), "then": st.sampled_from(("renew", "go_on", "end"))})
        ),
        net_days=maybe(st.just(14)),
        payment_behavior=maybe(st.just("incomplete")),
    )
)
CHANGE_PLAN = given(plan=plan, when=maybe(when), policy=own_policy) | given(
    plan=counted,
    quantity=maybe(quantity),
    when=maybe(when),
    payment_gated=maybe(yes),
    amount=maybe(amount),
    policy=own_policy,
)
SET_QUANTITY = given(
    quantity=quantity, item=maybe(add_on), when=maybe(when), payment_gated=maybe(yes), policy=own_policy
)
ADD_ITEM = given(add_on=add_on, when=maybe(when)) | given(
    add_on=st.just("chair"), quantity=quantity, when=maybe(when), payment_gated=maybe(yes)
)
REMOVE_ITEM = given(item=add_on, when=maybe(when))
CANCEL = given(when=maybe(st.sampled_from(("now", "period_end", "period_start")) | near(-15, 40)), policy=own_policy)
PAUSE = given(
    until=maybe(near(1, 60)), periods=maybe(st.integers(1, 2)), when=maybe(st.sampled_from(("now", "period_end"))),
    policy=own_policy,
)  # fmt: skip
SET_ANCHOR_DAY = given(day=st.sampled_from((1, 15, 31)), policy=own_policy)
ONE_OFF = given(name=st.just("fee"), amount=amount, when=maybe(st.just("next_invoice")), quantity=maybe(quantity))
CREDIT_NOTE = given(amount=maybe(amount), becomes=maybe(st.sampled_from(("balance", "refund"))))
_event = given(value=st.sampled_from(("1", "7", "333", "0", "-2")), at=maybe(near(-9, 1)))
USAGE = given(meter=st.sampled_from(("calls", "minutes")), events=st.lists(_event, min_size=1, max_size=2))
SET_TERM_END = given(
    term_end=maybe(near(1, 90)),
    periods=maybe(st.integers(1, 3)),
    then=maybe(st.sampled_from(("renew", "go_on", "end"))),
).map(lambda told: told if {"term_end", "periods"} & set(told) else {**told, "periods": 1})
PAYMENT = given(document=maybe(st.just("draft")), amount=maybe(amount))
GRANT = given(amount=amount, expires=maybe(near(1, 60)), kind=maybe(st.sampled_from(("promotional", "paid"))))


_step = given(after_periods=st.integers(1, 3), plan=maybe(plan), quantity=maybe(quantity), amount=maybe(amount))
RAMP = given(steps=st.lists(_step, min_size=1, max_size=3))


ON_SUBSCRIPTIONS: dict[str, Drawn] = {
    "change_plan": CHANGE_PLAN,
    "set_quantity": SET_QUANTITY,
    "add_item": ADD_ITEM,
    "remove_item": REMOVE_ITEM,
    "set_anchor_day": SET_ANCHOR_DAY,
    "unchange": given(),
    "set_trial_end": given(trial_end=near(-3, 40)),
    "end_trial": given(),
    "set_term_end": SET_TERM_END,
    "apply_coupon": given(coupon=coupon),
    "usage": USAGE,
    "one_off": ONE_OFF,
    "ramp": RAMP,
    "cancel": CANCEL,
    "uncancel": given(),
    "reactivate": given(policy=own_policy),
    "withdraw": given(immediate_start=maybe(yes)),
    "pause": PAUSE,
    "resume": given(),
    "skip": given(),
    "hold_invoicing": given(),
    "release_invoicing": given(),
}
OF_CUSTOMERS: dict[str, Drawn] = {
    "apply_coupon": given(coupon=coupon),
    "one_off": ONE_OFF,
    "credit_note": CREDIT_NOTE,
    "adjust_line": given(amount=amount),
    "void": given(),
    "write_off": given(),
    "record_payment": PAYMENT,
    "refund": given(amount=maybe(amount)),
    "grant_credit": GRANT,
}


def dated(told: Any, today: datetime) -> Any:
    """With days of the calendar in place of distances."""
    if isinstance(told, dict):
        return {key: dated(value, today) for key, value in told.items()}
    if isinstance(told, list):
        return [dated(value, today) for value in told]
    return (today + told).date().isoformat() if isinstance(told, timedelta) else told
