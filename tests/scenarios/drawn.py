"""Scenarios drawn by lot: any catalogue, policies, zones, days and acts. The same seed draws the same one."""

import json
from datetime import date, timedelta
from random import Random
from typing import Any

Scenario = dict[str, Any]
Act = dict[str, Any]

ZONES = ("UTC", "Europe/Copenhagen", "America/New_York", "Pacific/Auckland", "Africa/Cairo", "America/Santiago")
"""Also one whose clock jumps at midnight, in either half of the world."""

DAYS = tuple(
    date.fromisoformat(day)
    for day in (
        "2024-01-31", "2024-02-29", "2024-03-10", "2024-03-31", "2024-04-07", "2024-04-26", "2024-09-08",
        "2024-10-27", "2024-11-03", "2023-12-31", "2025-02-28", "2024-08-31",
    )
)  # fmt: skip
"""Ends of months, leap days and days on which some clock is moved."""

STEPS = (0, 0, 1, 3, 7, 11, 17, 29, 31, 45)

WORDS: dict[str, tuple[str, ...]] = {
    "proration": ("prorate", "none"),
    "proration_unit": ("day", "second", "month30"),
    "denominator": ("natural", "natural_clamped", "nominal"),
    "factor": ("exact", "scale9"),
    "cancel_day": ("free", "billed"),
    "cancel_credit": ("credit_becomes", "none"),
    "alignment": ("anniversary", "calendar", "billing_day(15)", "billing_day(31)", "customer_day"),
    "first_part": ("prorate", "free", "full"),
    "known_last_part": ("prorate", "full"),
    "backdated_start": ("one_invoice", "per_period"),
    "interval_change": ("restart", "restart_without_credit", "keep_anchor"),
    "billing_day_move": ("charge_gap", "free_gap"),
    "change_timing": ("now", "period_end", "by_direction"),
    "credit_basis": ("charged", "list"),
    "credit_becomes": ("balance", "next_invoice", "refund", "none"),
    "difference_invoiced": ("now", "next_invoice"),
    "rounding_mode": ("half_away", "half_even"),
    "tax_rounding": ("invoice_rate", "line"),
    "coupon_counts": ("periods", "months"),
    "coupon_order": ("percent_first", "as_applied"),
    "coupon_on_prorations": ("inherit", "none"),
    "coupon_scope_checked": ("each_line", "at_redemption"),
    "trial_unit": ("local_days", "hours24"),
    "trial_end_is_anchor": ("yes", "no"),
    "zero_usage_line": ("no", "yes"),
    "pause_rest": ("kept", "credited", "lost"),
    "pause_anchor": ("moves", "stays"),
    "pause_usage": ("refused", "billed"),
    "zero_document": ("issue", "skip"),
    "open_debt_at_cancel": ("credit_unused", "keep_collecting", "stop_reminders"),
}
"""The policies that are drawn, and their words."""


def drawn(seed: int, *, times: bool = True) -> Scenario:
    """The scenario of a seed; with `times` some acts are not at midnight."""
    return Draw(Random(seed), times=times).scenario()


class Draw:
    words = WORDS
    days = DAYS
    plans: tuple[str, ...] = ("small", "big", "year", "quarter", "fortnight", "seats", "late", "least")
    """What a subscription may change to."""
    begins_with: tuple[str, ...] = (
        "small", "big", "big", "year", "quarter", "fortnight", "seats", "steps", "late", "least",
    )  # fmt: skip
    add_ons: tuple[str, ...] = ("bag", "chair", "behind", "yearly", "weekly")
    counted: tuple[str, ...] = ("seats", "steps")
    verbs: tuple[str, ...] = (
        "change_plan", "change_plan", "change_plan", "set_quantity", "set_quantity", "add_item", "add_item",
        "remove_item", "cancel", "uncancel", "pause", "resume", "resume", "skip", "set_anchor_day",
        "set_trial_end", "end_trial", "set_term_end", "apply_coupon", "unchange", "withdraw", "reactivate",
        "bill_run",
    )  # fmt: skip

    def __init__(self, lot: Random, *, times: bool) -> None:
        self.lot, self.timeline, self.day = lot, list[Act](), date(2024, 1, 1)
        self.times = times and self.chance(0.3)
        self.subscriptions: list[tuple[str, str]] = []
        self.ended: set[str] = set()

    def chance(self, share: float) -> bool:
        return self.lot.random() < share

    def scenario(self) -> Scenario:
        lot = self.lot
        self.day = lot.choice(self.days) if self.chance(0.3) else date(2024, 1, 1) + timedelta(days=lot.randint(0, 400))
        policy = {key: self.word(key) for key in lot.sample(tuple(self.words), lot.choice((0, 0, 1, 1, 2, 3, 5)))}
        self.customers()
        for number in range(lot.choice((1, 1, 1, 2, 3))):
            self.subscribe(f"s{number + 1}")
            if self.chance(0.5):
                self.step()
        for _ in range(lot.randint(1, 6)):
            self.step()
            self.act()
        self.day += timedelta(days=lot.choice((20, 40, 70)))
        self.timeline.append({"at": self.day.isoformat(), "verb": "advance_to"})
        return {
            "policy": policy,
            "timezone": lot.choice(ZONES),
            "currency": lot.choice(("EUR", "EUR", "EUR", "JPY", "KWD")),
            "tax": lot.choice((0, 25, 25, 5.5, {"percent": 25, "inclusive": "yes"})),
            "catalogue": self.catalogue(),
            "timeline": self.timeline,
        }

    def word(self, key: str) -> str:
        return self.lot.choice(self.words[key])

    def catalogue(self) -> Scenario:
        lot = self.lot
        return {
            "plans": {
                "small": {"amount": "10.00", **lot.choice(({}, {"setup_fee": "25.00"}))},
                "big": {"amount": lot.choice(("31.00", "99.99", "100.00"))},
                "year": {"amount": "300.00", "interval": "year"},
                "quarter": {"amount": "89.97", "interval": "3 months"},
                "fortnight": {"amount": "14.00", "interval": "2 weeks"},
                "seats": {"amount": lot.choice(("7.77", "0.333333")), "model": "per_unit"},
                "steps": {
                    "model": lot.choice(("graduated", "volume")),
                    "tiers": [{"up_to": 2, "unit": "5.005", "flat": "3"}, {"unit": "1.3"}],
                },
                "late": {"amount": "30.00", "timing": "arrears"},
                "least": {"amount": "8.00", "period_minimum": "12.00"},
            },
            "add_ons": {
                "bag": {"amount": "5.00", **lot.choice(({}, {"setup_fee": "1.50"}))},
                "chair": {"amount": "3.33", "model": "per_unit"},
                "behind": {"amount": "6.00", "timing": "arrears"},
                "yearly": {"amount": "60.00", "interval": "year"},
                "weekly": {"amount": "2.50", "interval": "week"},
            },
            "coupons": {
                "TEN": {"percent": 10, "duration": lot.choice((1, 2, 3))},
                "OFF": {"amount": "4.00", "duration": "forever"},
                "THIRD": {"percent": "33.3", "duration": "forever"},
            },
        }

    def customers(self) -> None:
        lot = self.lot
        for number in range(lot.choice((1, 1, 1, 2))):
            act = {"at": self.at(), "verb": "create_customer", "customer": f"c{number + 1}"}
            if self.chance(0.4):
                act["timezone"] = lot.choice(ZONES)
            act["billing_day"] = lot.choice((1, 10, 31))
            self.timeline.append(act)
        self.named = [act["customer"] for act in self.timeline]

    def subscribe(self, name: str) -> None:
        lot = self.lot
        plan = lot.choice(self.begins_with)
        act: Act = {"at": self.at(), "verb": "subscribe", "customer": lot.choice(self.named), "subscription": name}
        act["plan"] = plan
        if plan in self.counted:
            act["quantity"] = lot.randint(1, 5)
        if self.chance(0.35):
            codes = lot.sample(self.add_ons, lot.choice((1, 1, 2)))
            act["items"] = [{"add_on": code, "quantity": lot.randint(1, 3) if code == "chair" else 1} for code in codes]
        if self.chance(0.2):
            act["coupon"] = lot.choice(("TEN", "OFF", "THIRD"))
        if self.chance(0.2):
            act["trial_days"] = lot.randint(1, 40)
        elif self.chance(0.05):
            act["trial_end"] = self.later(1, 40)
        if self.chance(0.15):
            act["start_date"] = (self.day - timedelta(days=lot.randint(-40, 70))).isoformat()
        if self.chance(0.08):
            act["anchor"] = (self.day + timedelta(days=lot.randint(0, 30))).isoformat()
        if self.chance(0.08):
            act["end_date"] = self.later(5, 100)
        elif self.chance(0.08):
            act["term"] = {"periods": lot.randint(1, 3), "then": lot.choice(("renew", "go_on", "end"))}
        if self.chance(0.08):
            act["collection"] = "send"
        self.subscriptions.append((name, plan))
        self.timeline.append(act)

    def step(self) -> None:
        days = self.lot.choice(STEPS)
        if days:
            self.day += timedelta(days=days)
            self.timeline.append({"at": self.day.isoformat(), "verb": "advance_to"})

    def at(self) -> str:
        """Today, at midnight or later than the act before."""
        today = self.day.isoformat()
        if not self.times:
            return today
        last = self.timeline[-1]["at"] if self.timeline else today
        clock = last[11:] if last.startswith(today) and len(last) > 10 else "00:00"
        minutes = int(clock[:2]) * 60 + int(clock[3:5])
        minutes = min(minutes + self.lot.choice((0, 1, 30, 60, 400)), 1439)
        return f"{today}T{minutes // 60:02}:{minutes % 60:02}"

    def later(self, low: int, high: int) -> str:
        return (self.day + timedelta(days=self.lot.randint(low, high))).isoformat()

    def act(self) -> None:
        lot = self.lot
        name, _ = lot.choice(self.subscriptions)
        verb = lot.choice(self.verbs)
        if verb == "bill_run":
            self.timeline.append({"at": self.at(), "verb": verb})
            return
        act = {"at": self.at(), "verb": verb, "subscription": name, **self.told(verb)}
        if verb in ("change_plan", "cancel", "pause", "set_quantity") and self.chance(0.12):
            key = lot.choice(tuple(self.words))
            act["policy"] = {key: self.word(key)}
        self.timeline.append(act)

    def told(self, verb: str) -> Act:
        lot = self.lot
        match verb:
            case "change_plan":
                quantity = {"quantity": lot.randint(1, 4)} if self.chance(0.1) else {}
                return {"plan": lot.choice(self.plans), **quantity, **self.when()}
            case "set_quantity":
                item = lot.choice(({"item": "chair"}, {"item": "chair"}, {}))
                return {"quantity": lot.randint(1, 6), **item, **self.when()}
            case "add_item":
                return {"add_on": lot.choice(self.add_ons), **self.when()}
            case "remove_item":
                return {"item": lot.choice(self.add_ons), **self.when()}
            case "cancel":
                dated = self.later(-15, 40)
                return {"when": lot.choice(("now", "now", "period_end", "period_end", "period_start", dated))}
            case "pause":
                return lot.choice(({}, {}, {"until": self.later(3, 60)}, {"periods": lot.randint(1, 2)})) | lot.choice(
                    ({}, {}, {"when": "period_end"})
                )
            case "set_anchor_day":
                return {"day": lot.choice((1, 15, 28, 31))}
            case "set_trial_end":
                return {"trial_end": self.later(1, 40)}
            case "set_term_end":
                return {"term_end": self.later(5, 90), "then": "end"}
            case "apply_coupon":
                return {"coupon": lot.choice(("TEN", "OFF", "THIRD"))}
            case _:
                return {}

    def when(self) -> Act:
        dated = {"when": self.later(-20, 45)}
        return self.lot.choice(({}, {}, {}, {"when": "period_end"}, {"when": "now"}, dated))


def as_told(scenario: Scenario) -> str:
    """A scenario as it is written in a file, an entry a line."""
    head = {key: value for key, value in scenario.items() if key != "timeline"}
    lines = [f"  {json.dumps(act)}" for act in scenario["timeline"]]
    return "\n".join([json.dumps(head), *lines])
