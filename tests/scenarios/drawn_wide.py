"""More of everything than in `drawn`: every policy, several currencies, meters, money by hand, what is held or paid first."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.oracle.policies import KNOWN
from tests.scenarios.drawn import DAYS, Act, Draw, Scenario

MONTH_ENDS = (*DAYS, *(date(2024, month, day) for month, day in ((1, 30), (2, 28), (4, 30), (5, 31), (6, 30), (12, 31))))
WORDS = {
    **{key: words for key, words in KNOWN.items() if len(words) > 1 and key != "trial_without_method"},
    "alignment": ("anniversary", "calendar", "billing_day(15)", "billing_day(31)", "customer_day"),
    "cash_step": ("none", "0.05"),
    "late_window_days": ("0", "3", "10"),
    "catch_up_limit": ("1000",),
}
PLANS = (
    "small", "big", "year", "quarter", "fortnight", "seats", "steps", "late", "least", "stairs", "packs", "gross", "calls",
    "month-end",
)  # fmt: skip
ADD_ONS = ("bag", "chair", "behind", "yearly", "weekly", "minutes")
VERBS = (
    "change_plan", "change_plan", "change_plan", "set_quantity", "set_quantity", "add_item", "add_item", "remove_item",
    "cancel", "uncancel", "pause", "pause", "resume", "resume", "skip", "set_anchor_day", "set_trial_end", "end_trial",
    "set_term_end", "apply_coupon", "unchange", "reactivate", "hold_invoicing", "release_invoicing", "ramp", "usage", "usage",
    "one_off", "bill_run",
)  # fmt: skip
BY_HAND = (
    "record_payment", "record_payment", "grant_credit", "credit_note", "adjust_line", "void", "write_off", "refund",
    "apply_coupon", "one_off",
)  # fmt: skip


def drawn_wide(seed: int) -> Scenario:
    return Wide(Random(seed), times=True).scenario()


class Wide(Draw):
    words = WORDS
    days = MONTH_ENDS
    plans = begins_with = PLANS
    add_ons = ADD_ONS
    counted = ("seats", "steps", "stairs", "packs")
    verbs = VERBS

    def catalogue(self) -> Scenario:
        lot, found = self.lot, super().catalogue()
        found["plans"] |= {
            "big": {"prices": [{"amount": "99.99"}, {"amount": "120.01", "currency": "USD"}]},
            "stairs": {"model": "stairstep", "tiers": [{"up_to": 2, "flat": 3}, {"up_to": 9, "flat": "7.77"}]},
            "packs": {"model": "package", "amount": 12, "package_size": 4, "free_units": lot.choice((0, 1))},
            "gross": {"amount": "49.95", "tax_inclusive": "yes", "trial_days": lot.choice((0, 14))},
            "calls": {"amount": "0.05", "model": "per_unit", "meter": "calls"},
            "month-end": {"amount": "31.00"},
        }
        found["add_ons"] |= {
            "minutes": {"model": "graduated", "meter": "minutes", "tiers": [{"up_to": 10, "unit": "0.5"}, {"unit": "0.1"}]},
        }
        aggregations = ("sum", "count", "max", "last", "unique")
        found["meters"] = {"calls": {}, "minutes": {"aggregation": lot.choice(aggregations)}}
        return found

    def subscribe(self, name: str) -> None:
        super().subscribe(name)
        act = self.timeline[-1]
        if act["plan"] == "big" and "items" not in act and self.chance(0.3):
            act["currency"] = "USD"
        if self.chance(0.1):
            act["apart"] = "yes"
        if self.chance(0.2):
            key = self.lot.choice(sorted(self.words))
            act["policy"] = {key: self.word(key)}
        if self.chance(0.1):
            act["payment_behavior"] = "incomplete"

    def act(self) -> None:
        if not self.chance(0.3):
            super().act()
            return
        verb, customer = self.lot.choice(BY_HAND), self.lot.choice(self.named)
        self.timeline.append({"at": self.at(), "verb": verb, "customer": customer, **self.told(verb)})

    def told(self, verb: str) -> Act:
        lot = self.lot
        match verb:
            case "usage":
                meter = lot.choice(("calls", "minutes"))
                return {"meter": meter, "events": [self.event() for _ in range(lot.randint(1, 3))]}
            case "one_off":
                late: Act = lot.choice(({}, {"when": "next_invoice"}))
                return {"name": "fee", "amount": lot.choice(("12.34", "100")), **late}
            case "ramp":
                after = lot.randint(1, 2)
                step: Act = lot.choice(({"plan": lot.choice(self.plans)}, {"amount": "12.34"}, {"quantity": 3}))
                return {"steps": [{"after_periods": after, **step}]}
            case "record_payment" | "refund":
                return lot.choice(({}, {}, {"amount": "12.34"}, {"document": "draft"} if verb == "record_payment" else {}))
            case "grant_credit":
                expires = {"expires": self.later(5, 60)} if self.chance(0.4) else {}
                return {"amount": lot.choice(("5", "100")), "kind": lot.choice(("promotional", "paid")), **expires}
            case "credit_note":
                return lot.choice(({}, {"amount": "1.50"})) | lot.choice(({}, {"becomes": "refund"}))
            case "adjust_line":
                return {"amount": lot.choice(("1", "0", "3.50"))}
        found = super().told(verb)
        if verb in ("change_plan", "set_quantity", "add_item") and "when" not in found and self.chance(0.15):
            found["payment_gated"] = "yes"
        return found

    def event(self) -> dict[str, Any]:
        at = {"at": (self.day - timedelta(days=self.lot.randint(0, 12))).isoformat()} if self.chance(0.5) else {}
        return {"key": f"e{self.lot.random()}", "value": self.lot.choice((1, 7, 12, 333)), "who": self.lot.choice("ab"), **at}
