"""The knobs ("Policies"): the values this program knows; any other is refused by name."""

import re
from collections.abc import Mapping

from tests.oracle import NotSupported

KNOWN: dict[str, tuple[str, ...]] = {  # the first is the default
    "proration": ("prorate", "none", "full"),
    "proration_unit": ("day", "second", "month30"),
    "denominator": ("natural", "natural_clamped", "running", "nominal"),
    "factor": ("exact", "scale9"),
    "cancel_at": ("now", "period_end", "date", "period_start"),
    "cancel_day": ("free", "billed"),
    "cancel_credit": ("credit_becomes", "none"),
    "alignment": ("anniversary", "calendar", "billing_day", "customer_day", "base"),
    "first_part": ("prorate", "free", "full"),
    "known_last_part": ("prorate", "full"),
    "backdated_start": ("one_invoice", "per_period"),
    "arrears_close": ("period_end", "on_request"),
    "interval_change": ("restart", "restart_without_credit", "keep_anchor"),
    "billing_day_move": ("charge_gap", "free_gap", "credit_surplus", "restart"),
    "change_timing": ("now", "period_end", "by_direction"),
    "credit_basis": ("charged", "list"),
    "credit_becomes": ("balance", "next_invoice", "refund", "none"),
    "difference_invoiced": ("now", "next_invoice"),
    "rounding_mode": ("half_away", "half_even"),
    "rounding_level": ("line", "invoice"),
    "cash_step": ("none",),
    "tax_rounding": ("invoice_rate", "line"),
    "coupon_counts": ("periods", "invoices", "months"),
    "coupon_order": ("percent_first", "as_applied"),
    "coupon_on_prorations": ("inherit", "none"),
    "coupon_scope_checked": ("each_line", "at_redemption"),
    "trial_unit": ("local_days", "hours24"),
    "trial_from": ("start", "activation", "base", "customer_first"),
    "trial_end_is_anchor": ("yes", "no"),
    "trial_price": ("free",),
    "trial_without_method": ("invoice", "cancel", "pause"),
    "usage_cut": ("at_change", "at_invoice"),
    "tiers_after_cut": ("own", "prorated", "whole_period"),
    "tier_mode": ("all", "top"),
    "late_window_days": ("3",),
    "zero_usage_line": ("no", "yes"),
    "first_flat_at_zero": ("no", "yes"),
    "package": ("up", "down"),
    "progressive_threshold": ("none",),
    "pause_rest": ("kept", "credited", "lost"),
    "pause_anchor": ("moves", "stays"),
    "pause_usage": ("refused", "billed"),
    "zero_document": ("issue", "skip"),
    "open_debt_at_cancel": ("credit_unused", "keep_collecting", "stop_reminders"),
    "gross_without_tax": ("strip_tax", "keep_gross"),
}
OF_NO_EFFECT_ON_AMOUNTS = {"catch_up", "catch_up_limit", "dunning_end", "dunning_days", "trial_notice_days"}

AMOUNTS = {"trial_price", "cash_step", "progressive_threshold", "late_window_days"}

Policy = Mapping[str, str]
DEFAULTS: Policy = {key: values[0] for key, values in KNOWN.items()} | {"alignment_day": ""}


def word(value: object) -> str:
    """Text of a value as people write it: yes and no, none, words."""
    if value is True or value is False:
        return "yes" if value else "no"
    return "none" if value is None else str(value).strip()


def policy(base: Policy, overrides: object) -> Policy:
    """`base` with an override's values; a later layer (tenant, subscription, act) wins over an earlier one."""
    found = dict(base)
    for key, raw in dict(overrides or {}).items():  # type: ignore[call-overload]
        if key in OF_NO_EFFECT_ON_AMOUNTS:
            continue
        value = word(raw)
        if key == "alignment":
            value, found["alignment_day"] = alignment(raw)
        if key in AMOUNTS and re.fullmatch(r"\d+(\.\d+)?", value):
            found[key] = value
            continue
        if value not in KNOWN.get(key, ()):
            raise NotSupported(f"policy {key}={value}")
        found[key] = value
    return found


def alignment(raw: object) -> tuple[str, str]:
    """`billing_day(15)` or {billing_day: 15} as the word and its day."""
    if isinstance(raw, Mapping):
        ((name, day),) = raw.items()
        return str(name), str(day)
    match = re.fullmatch(r"(\w+)\s*\(\s*(\d+)\s*\)", word(raw))
    return (match[1], match[2]) if match else (word(raw), "")
