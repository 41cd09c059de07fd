"""Each act entered into the agreements ("Changes", "Trials", "Life cycle"): what was agreed, nothing about money."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import NotSupported
from tests.oracle.acts import Act, Scenario
from tests.oracle.agreements import (
    NUMBERS,
    Agreement,
    End,
    Item,
    Pending,
    Redemption,
    Reference,
    Version,
    add,
    change,
    remove,
    yearly,
)
from tests.oracle.calendar import NEVER, Anchor, Interval, aligned, later, measure, moment, wall
from tests.oracle.life import LIFE
from tests.oracle.policies import Policy, policy, word
from tests.oracle.prices import Price, number
from tests.oracle.slots import Series


@dataclass
class Customer:
    name: str
    zone: ZoneInfo
    country: str | None
    facts: Mapping[str, Any]
    coupons: list[tuple[str, datetime, Mapping[str, Any], int]] = field(default_factory=list)


@dataclass
class Usage:
    subscription: str
    meter: str
    at: datetime
    value: Fraction
    who: str


@dataclass
class Desk:
    scenario: Scenario
    horizon: datetime
    customers: dict[str, Customer] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    usage: list[Usage] = field(default_factory=list)
    trialed: set[tuple[str, str]] = field(default_factory=set)

    def customer(self, name: str, args: Mapping[str, Any] | None = None) -> Customer:
        if name not in self.customers:
            facts = dict(args or {})
            zone = ZoneInfo(str(facts["timezone"])) if facts.get("timezone") else self.scenario.zone
            self.customers[name] = Customer(name, zone, facts.get("country") or self.scenario.country, facts)
        return self.customers[name]

    def payer(self, name: str) -> str:
        """The customer who is billed: itself, or a parent."""
        parent = self.customers[name].facts.get("parent") if name in self.customers else None
        return str(parent) if parent else name

    def who(self, act: Act) -> str:
        if act.customer:
            return act.customer
        if act.subscription in self.agreements:
            return self.agreements[act.subscription].customer
        return next(iter(self.customers)) if len(self.customers) == 1 else "c1"

    def sub(self, act: Act) -> Agreement:
        if act.subscription:
            return self.agreements[act.subscription]
        own = [sub for sub in self.agreements.values() if sub.customer == self.who(act)]
        if len(own) != 1:
            raise NotSupported(f"{act.verb} without naming one of several subscriptions")
        return own[0]

    def live(self, act: Act) -> Agreement:
        sub = self.sub(act)
        end, counts, _ = sub.life_end(self.horizon)
        if end <= act.at and counts <= act.at:
            raise NotSupported(f"{act.verb} on an ended subscription")
        return sub

    def enter(self, act: Act) -> None:
        if act.verb == "create_customer":
            self.customer(self.who(act), act.args)
        elif act.verb == "subscribe":
            self.subscribe(act)
        elif act.verb == "reactivate":
            self.reactivate(self.sub(act), act)
        elif act.verb == "usage":
            self._usage(act)
        elif act.verb == "apply_coupon":
            self.apply_coupon(act)
        elif act.verb == "ramp":
            self.ramp(self.live(act), act)
        elif act.verb in ("change_plan", "set_quantity", "add_item", "remove_item"):
            self.change(self.live(act), act)
        else:
            sub = self.live(act)
            LIFE[act.verb](sub, act, policy(sub.terms, act.overrides))

    def apply_coupon(self, act: Act) -> None:
        """To a subscription, or to a customer: then on all that it has and will have, counted for each apart."""
        code = str(act.get("coupon"))
        if act.subscription or act.customer not in self.customers:
            sub = self.sub(act)
            self.attach(sub, code, act.at, policy(sub.terms, act.overrides))
            return
        origin = next(NUMBERS)
        self.customer(act.customer).coupons.append((code, act.at, act.overrides, origin))
        for sub in self.agreements.values():
            if sub.customer == act.customer:
                self.attach(sub, code, act.at, policy(sub.terms, act.overrides), origin)

    def subscribe(self, act: Act) -> None:
        name = act.subscription or self.who(act)
        customer, terms = self.customer(self.who(act)), policy(self.scenario.policy, act.overrides)
        if act.get("alignment") is not None:
            terms = policy(terms, {"alignment": act.get("alignment")})
        if name in self.agreements:
            raise NotSupported("a second subscription of the same name")
        currency = str(act.get("currency") or self.scenario.currency)
        price = self.scenario.price(str(act.get("plan")), currency)
        group = (currency, str(act.get("collection") or "automatic"), str(act.get("po_number") or ""))
        group += (name,) if word(act.get("apart", "no")) in ("yes", "true") else ()
        sub = Agreement(name, customer.name, currency, group, customer.zone, terms, act.at, meters=self.scenario.meters)
        began = moment(act.get("start_date"), sub.zone) if act.get("start_date") else act.at
        sub.start = sub.effective(began)
        self._trial(sub, price, act, began)
        billed_from = sub.trial_end or sub.start
        anchor = self._anchor(sub, act, price, billed_from)
        for code, sold, quantity in self._sold(act, price, currency):
            version = Version(next(NUMBERS), sold, quantity, sub.start, began, terms, opens=True)
            own = anchor if sold is price else self._anchor(sub, act, sold, billed_from)
            series = Series(next(NUMBERS), own, sold.interval, billed_from, "start")
            sub.items.append(Item(code, [version], [series]))
        self.agreements[name] = sub
        self._term(sub, act)
        for code in [act.get("coupon")] if isinstance(act.get("coupon"), str) else act.get("coupon") or ():
            self.attach(sub, str(code), max(act.at, sub.start), terms)
        for code, since, overrides, origin in self.customer(sub.customer).coupons:
            self.attach(sub, code, max(since, sub.start), policy(sub.terms, overrides), origin)
        for redemption in sub.coupons:
            redemption.from_start = True

    def reactivate(self, old: Agreement, act: Act) -> None:
        """A new start of what ended, without its trial ("Reactivate")."""
        end, counts, _ = old.life_end(self.horizon)
        if end > act.at or counts > act.at or old.coupons or old.withdrawn:
            raise NotSupported("reactivate of a live, a discounted or a withdrawn subscription")
        if old.base.latest.price.trial_days and (old.customer, old.base.latest.price.product) not in self.trialed:
            raise NotSupported("reactivate with a trial")
        del self.agreements[old.name]
        name, start = old.name, old.effective(act.at)
        old.name = f"{name}, ended {end.date()}"
        self.agreements[old.name] = old
        new = Agreement(name, old.customer, old.currency, old.group, old.zone, old.terms, start, meters=old.meters)
        plan = old.base.latest
        anchor = self._anchor(new, replace(act, args={}), plan.price, start)
        for item in [item for item in old.items if item.latest.end > end]:
            version = Version(
                next(NUMBERS), item.latest.price, item.latest.quantity, start, act.at, old.terms, opens=True
            )
            series = Series(next(NUMBERS), anchor, item.latest.price.interval, start, "start")
            new.items.append(Item(item.code, [version], [series]))
        self.agreements[name] = new

    def _sold(self, act: Act, price: Price, currency: str) -> list[tuple[str, Price, Fraction]]:
        sold = [(price.owner, _individual(price, act.args), number(act.get("quantity", 1)))]
        for item in act.get("items") or ():
            own = self.scenario.price(str(item.get("add_on") or item.get("price")), currency)
            sold.append((own.owner, _individual(own, item), number(item.get("quantity", 1))))
        return sold

    def _trial(self, sub: Agreement, price: Price, act: Act, began: datetime) -> None:
        """Days on the price or the act, or until a date; one for each customer and product."""
        before = (sub.customer, price.product) in self.trialed
        if act.get("trial_end"):
            sub.trial_end = moment(act.get("trial_end"), sub.zone)
        else:
            days = int(str(act.get("trial_days", price.trial_days)))
            if days and sub.terms["trial_unit"] == "hours24":
                sub.trial_end = began + timedelta(hours=24 * days)
            elif days:
                sub.trial_end = Anchor.at_instant(sub.start, sub.zone).boundary(Interval("day", 1), days, sub.zone)
        if before and not act.get("trial_end"):
            sub.trial_end = None
        if sub.trial_end and not act.get("trial_end"):
            sub.trial_end = self._counted_from(sub, act, sub.trial_end)
        sub.granted = sub.trial_end
        if sub.trial_end:
            self.trialed.add((sub.customer, price.product))

    def _counted_from(self, sub: Agreement, act: Act, until: datetime) -> datetime | None:
        """`trial_from`: as many days from another start; one that would be over by now is none."""
        how = sub.terms["trial_from"]
        if how == "base" and act.get("addon_of"):
            starts = [self.agreements[str(act.get("addon_of"))].start]
        elif how == "customer_first":
            starts = [one.start for one in self.agreements.values() if one.customer == sub.customer]
        else:
            return until
        first = min([*starts, sub.start])
        until = later(until, -measure(first, sub.start, "day", sub.zone), "day", sub.zone)
        return until if until > sub.start else None

    def _anchor(self, sub: Agreement, act: Act, price: Price, billed_from: datetime) -> Anchor:
        how, day = sub.terms["alignment"], sub.terms["alignment_day"]
        if act.get("anchor") is not None:
            return Anchor.at_instant(moment(act.get("anchor"), sub.zone), sub.zone)
        if how == "base":
            if not act.get("addon_of"):
                raise NotSupported("alignment=base without addon_of")
            parent = self.agreements[str(act.get("addon_of"))]
            return parent.slot_at(parent.base, billed_from).anchor
        if how == "customer_day":
            day = str(self.customer(sub.customer).facts.get("billing_day") or "")
            how = how if day else "anniversary"
        if how == "anniversary":
            sub.anchor_follows_trial = sub.terms["trial_end_is_anchor"] == "yes"
            return Anchor.at_instant(sub.effective(billed_from if sub.anchor_follows_trial else sub.start), sub.zone)
        if how != "calendar" and not price.interval.months:  # weeks and days have no day of the month
            return Anchor.at_instant(sub.effective(billed_from), sub.zone)
        return aligned(how, int(day) if day else None, wall(billed_from, sub.zone), price.interval)

    def _term(self, sub: Agreement, act: Act) -> None:
        if act.get("end_date"):
            at = moment(act.get("end_date"), sub.zone)
            sub.cancelled = End(at, at, None, sub.terms, since=sub.start)
        term = act.get("term")
        if term and str(term.get("then", "renew")) == "end":
            series = sub.base.chain[0]
            n = series.anchor.slot_at(series.interval, series.start, sub.zone)
            if series.anchor.boundary(series.interval, n, sub.zone) != series.start:
                raise NotSupported("a term that begins with a part period")
            at = series.anchor.boundary(series.interval, n + int(str(term["periods"])), sub.zone)
            sub.term = End(at, at, None, sub.terms, since=sub.start)

    def attach(self, sub: Agreement, code: str, at: datetime, terms: Policy, origin: int = 0) -> None:
        coupon = self.scenario.coupons[code]
        latest = sub.base.latest.price
        in_scope = (
            not (coupon.plans or coupon.products) or latest.owner in coupon.plans or latest.product in coupon.products
        )
        if coupon.periods and terms["coupon_counts"] == "months" and sub.trial_end:
            raise NotSupported("coupon_counts=months with a trial")
        sub.coupons.append(Redemption(coupon, at, terms, in_scope, origin))

    def change(self, sub: Agreement, act: Act) -> None:
        """A change now, at period end or on a date, as the act or the policy `change_timing` says."""
        terms = policy(sub.terms, act.overrides)
        item, apply, direction = self._change(sub, act, terms)
        when = str(act.get("when") or terms["change_timing"])
        if when == "by_direction":
            if direction is None:
                raise NotSupported(f"{act.verb} with change_timing=by_direction")
            when = "now" if direction >= 0 else "period_end"
        now = sub.effective(act.at)
        is_plan = act.verb == "change_plan"
        if when == "period_end":
            sub.pending.append(Pending(sub.period_end(item or sub.base, act.at), item, apply, is_plan))
            return
        at = now if when == "now" else moment(when, sub.zone)
        if at > now:
            sub.pending.append(Pending(at, item, apply, is_plan))
            return
        if sub.paused(act.at):  # what is asked for in a pause takes effect at its end, also back-dated
            sub.pending.append(Pending(act.at, item, apply, is_plan))
            return
        if pause := sub.paused(at):
            at = pause.end or NEVER
        apply(at, act.at if at == now else at)

    def ramp(self, sub: Agreement, act: Act) -> None:
        """Steps agreed in advance, each a change that waits, from so many periods after the running one or a date on."""
        terms = policy(sub.terms, act.overrides)
        for step in act.get("steps"):
            if step.get("at"):
                when: Reference = moment(step["at"], sub.zone)
            else:
                series, moved, n = sub.slot_at(sub.base, max(act.at, sub.trial_end or sub.start)).key
                when = (series, moved, n + int(str(step["after_periods"])) - 1)
            sub.pending.append(Pending(when, sub.base, self._step(sub, step, terms), "plan" in step))

    def _step(self, sub: Agreement, step: Mapping[str, Any], terms: Policy) -> Callable[[datetime, datetime], None]:
        quantity = number(step["quantity"]) if step.get("quantity") is not None else None

        def apply(at: datetime, real: datetime) -> None:
            price = self.scenario.price(str(step["plan"]), sub.currency) if step.get("plan") else sub.base.latest.price
            change(sub, sub.base, at, real, terms, _individual(price, step), quantity)

        return apply

    def _change(
        self, sub: Agreement, act: Act, terms: Policy
    ) -> tuple[Item | None, Callable[[datetime, datetime], None], Fraction | None]:
        if act.verb == "change_plan":
            price, item = _individual(self.scenario.price(str(act.get("plan")), sub.currency), act.args), sub.base
            quantity = number(act.get("quantity")) if act.get("quantity") is not None else None
            direction = yearly(price, item.latest.quantity) - yearly(item.latest.price, item.latest.quantity)
            return item, lambda at, real: change(sub, item, at, real, terms, price, quantity), direction
        if act.verb == "set_quantity":
            item, units = sub.item(act.get("item")), number(act.get("quantity"))
            return item, lambda at, real: change(sub, item, at, real, terms, None, units), None
        if act.verb == "remove_item":
            item = sub.item(act.get("item"))
            return item, lambda at, real: remove(sub, item, at, real, terms), None
        added = _individual(self.scenario.price(str(act.get("add_on") or act.get("price")), sub.currency), act.args)
        sold = number(act.get("quantity", 1))
        return None, lambda at, real: add(sub, added, sold, at, real, terms), None

    def _refused(self, sub: Agreement, meter: str, at: datetime, value: Any) -> bool:
        """An event before the start, after the end, or below zero is told to its sender and left out."""
        end = sub.life_end(self.horizon)[0]
        below = re.fullmatch(r"-[\d.]+", word(value)) and meter not in self.scenario.negative
        return bool(below) or at < sub.start or at >= end

    def _usage(self, act: Act) -> None:
        sub = self.sub(act)
        for event in act.get("events") or [act.args]:
            at = moment(event["at"], self.scenario.zone) if event.get("at") else act.at
            meter = str(event.get("meter") or act.get("meter"))
            who = word(event.get("who", event.get("value", "")))
            if self._refused(sub, meter, at, event.get("value")):
                continue
            value = (
                number(event.get("value") or 0)
                if re.fullmatch(r"-?[\d.]+", word(event.get("value", 0)))
                else Fraction(0)
            )
            self.usage.append(Usage(sub.name, meter, at, value, who))


def _individual(price: Price, args: Mapping[str, Any]) -> Price:
    """An individual price for one customer."""
    return price if args.get("amount") is None else replace(price, amount=number(args["amount"]))
