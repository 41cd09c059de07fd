"""The knobs on which the field's systems disagree, as values: a tenant's, a subscription's, one act's.

The table `CHOICES` names every key with its permitted words, the default first. A price's values stand over the tenant's,
a subscription's over these, an act's over all. What was used stays with what it priced: an item version keeps the
policies it was made with.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from perennia.domain.errors import InvalidValue, PolicyConflict

CHOICES: Mapping[str, tuple[str, ...]] = {
    "proration": ("prorate", "none", "full"),
    "proration_unit": ("day", "second", "month30"),
    "denominator": ("natural", "natural_clamped", "running", "nominal"),
    "factor": ("exact", "scale9"),
    "cancel_at": ("now", "period_end", "date", "period_start"),
    "cancel_day": ("free", "billed"),
    "cancel_credit": ("credit_becomes", "none"),
    "first_part": ("prorate", "free", "full"),
    "known_last_part": ("prorate", "full"),
    "backdated_start": ("one_invoice", "per_period"),
    "arrears_close": ("period_end", "on_request"),
    "interval_change": ("restart", "restart_without_credit", "keep_anchor"),
    "billing_day_move": ("charge_gap", "free_gap", "credit_surplus", "restart"),
    "billing_day_effective": ("next_boundary", "now"),
    "change_timing": ("now", "period_end", "by_direction"),
    "credit_basis": ("charged", "list"),
    "credit_becomes": ("balance", "next_invoice", "refund", "none"),
    "difference_invoiced": ("now", "next_invoice"),
    "rounding_mode": ("half_away", "half_even"),
    "rounding_level": ("line", "invoice"),
    "tax_rounding": ("invoice_rate", "line"),
    "coupon_counts": ("periods", "invoices", "months"),
    "coupon_order": ("percent_first", "as_applied"),
    "coupon_on_prorations": ("inherit", "none"),
    "coupon_scope_checked": ("each_line", "at_redemption"),
    "trial_unit": ("local_days", "hours24"),
    "trial_from": ("start", "activation", "base", "customer_first"),
    "trial_end_is_anchor": ("yes", "no"),
    "trial_without_method": ("invoice", "cancel", "pause"),
    "usage_cut": ("at_change", "at_invoice"),
    "tiers_after_cut": ("own", "prorated", "whole_period"),
    "tier_mode": ("all", "top"),
    "zero_usage_line": ("no", "yes"),
    "first_flat_at_zero": ("no", "yes"),
    "package": ("up", "down"),
    "pause_rest": ("kept", "credited", "lost"),
    "pause_anchor": ("moves", "stays"),
    "pause_usage": ("refused", "billed"),
    "zero_document": ("issue", "skip"),
    "open_debt_at_cancel": ("credit_unused", "keep_collecting", "stop_reminders"),
    "gross_without_tax": ("strip_tax", "keep_gross"),
    "dunning_end": ("cancel", "unpaid", "pause", "keep"),
}

ALIGNMENTS = ("anniversary", "calendar", "billing_day", "customer_day", "base")


@dataclass(frozen=True, slots=True)
class Policies:
    """The knobs in force, each with its default. Words are those of `CHOICES`; amounts are in currency units."""

    proration: str = "prorate"
    proration_unit: str = "day"
    denominator: str = "natural"
    factor: str = "exact"
    cancel_at: str = "now"
    cancel_day: str = "free"
    cancel_credit: str = "credit_becomes"
    alignment: str = "anniversary"
    """One of `ALIGNMENTS`; a fixed day of the month as `billing_day(15)`."""
    first_part: str = "prorate"
    known_last_part: str = "prorate"
    backdated_start: str = "one_invoice"
    arrears_close: str = "period_end"
    interval_change: str = "restart"
    billing_day_move: str = "charge_gap"
    billing_day_effective: str = "next_boundary"
    change_timing: str = "now"
    credit_basis: str = "charged"
    credit_becomes: str = "balance"
    difference_invoiced: str = "now"
    rounding_mode: str = "half_away"
    rounding_level: str = "line"
    cash_step: Decimal | None = None
    tax_rounding: str = "invoice_rate"
    coupon_counts: str = "periods"
    coupon_order: str = "percent_first"
    coupon_on_prorations: str = "inherit"
    coupon_scope_checked: str = "each_line"
    trial_unit: str = "local_days"
    trial_from: str = "start"
    trial_end_is_anchor: str = "yes"
    trial_price: Decimal | None = None
    trial_without_method: str = "invoice"
    trial_notice_days: int = 7
    usage_cut: str = "at_change"
    tiers_after_cut: str = "own"
    tier_mode: str = "all"
    late_window_days: int = 3
    zero_usage_line: str = "no"
    first_flat_at_zero: str = "no"
    package: str = "up"
    progressive_threshold: Decimal | None = None
    pause_rest: str = "kept"
    pause_anchor: str = "moves"
    pause_usage: str = "refused"
    zero_document: str = "issue"
    open_debt_at_cancel: str = "credit_unused"
    gross_without_tax: str = "strip_tax"
    catch_up_limit: int = 3
    draft_hours: int = 0
    """How long what falls due with a new period is a draft before it is issued."""
    dunning_days: tuple[int, ...] = (1, 3, 5, 7, 14)
    dunning_end: str = "cancel"
    withdrawal_days: int = 14
    stated: frozenset[str] = frozenset()
    """The keys that a subscription or an act gave: what a price says itself stands behind them."""

    @property
    def billing_day(self) -> int | None:
        """The day of `alignment: billing_day(n)`."""
        return int(self.alignment[12:-1]) if self.alignment.startswith("billing_day(") else None


DEFAULTS = Policies()

_STATED = "stated"
_NAMES = frozenset(field.name for field in fields(Policies)) - {_STATED}
_DAYS = {
    "late_window_days": 366,
    "trial_notice_days": 366,
    "catch_up_limit": 1_000_000,
    "withdrawal_days": 366,
    "draft_hours": 8784,
}


def policies(*given: Mapping[str, Any] | None) -> Policies:
    """The defaults under each of `given` in turn. Raises InvalidValue for an unknown key or word, PolicyConflict."""
    merged: dict[str, Any] = {}
    for values in given:
        merged.update(values or {})
    return _made(values_of(merged))


def changed(base: Policies, given: Mapping[str, Any] | None) -> Policies:
    """`base` with a subscription's or an act's own values over it. Raises what `policies` raises."""
    return _changed(base, values_of(given)) if given else base


def over(base: Policies, own: tuple[tuple[str, Any], ...]) -> Policies:
    """`base` with a price's own values (as of `values_of`) behind what a subscription or an act stated.

    Raises PolicyConflict where what the price says does not go with the others.
    """
    return _over(base, own) if own else base


def values_of(given: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...]:
    """Given values in the order of their names, in a form that never changes."""
    return tuple(sorted((name, _frozen(value)) for name, value in (given or {}).items()))


def as_given(found: Policies) -> dict[str, Any]:
    """What was stated and what differs from the defaults, as it is stored: words and decimal text."""
    values = {
        name: _plain(getattr(found, name))
        for name in sorted(_NAMES)
        if name in found.stated or getattr(found, name) != getattr(DEFAULTS, name)
    }
    return {**values, _STATED: sorted(found.stated)} if found.stated else values


def as_stored(values: Mapping[str, Any]) -> Policies:
    """The policies that `as_given` gave."""
    return _stored(values_of(values))


def of_subscription(tenant: Mapping[str, Any], own: Mapping[str, Any] | None) -> Policies:
    """A tenant's policies with those over them that a subscription was given (`as_given`)."""
    if own is None:
        return policies(tenant)
    return _changed(policies(tenant), tuple(one for one in values_of(own) if one[0] != _STATED))


@lru_cache(maxsize=4096)
def _made(given: tuple[tuple[str, Any], ...]) -> Policies:
    found = Policies(**_all_checked(given))
    _refuse_conflicts(found)
    return found


@lru_cache(maxsize=4096)
def _changed(base: Policies, given: tuple[tuple[str, Any], ...]) -> Policies:
    found = replace(base, **_all_checked(given), stated=base.stated | {name for name, _ in given})
    _refuse_conflicts(found)
    return found


@lru_cache(maxsize=4096)
def _over(base: Policies, own: tuple[tuple[str, Any], ...]) -> Policies:
    found = replace(base, **_all_checked([one for one in own if one[0] not in base.stated]))
    _refuse_conflicts(found)
    return found


@lru_cache(maxsize=4096)
def _stored(values: tuple[tuple[str, Any], ...]) -> Policies:
    told = dict(values)
    stated = frozenset(told.pop(_STATED, ()))
    return replace(_made(tuple(told.items())), stated=stated)


def _all_checked(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _checked(name, value) for name, value in given}


def _frozen(value: Any) -> Any:
    """The value, or its text where it is nothing that a policy could be."""
    if isinstance(value, list | tuple):
        return tuple(_frozen(one) for one in value)
    return value if isinstance(value, Hashable) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return list(value) if isinstance(value, tuple) else value


def _checked(name: str, value: Any) -> Any:
    """The value as `Policies` holds it. Raises InvalidValue."""
    if name not in _NAMES:
        raise InvalidValue(field="policy", value=name, reason="no policy has this name")
    if name in CHOICES:
        word = _WORDS.get(value, value) if value is None or isinstance(value, bool) else value
        if word not in CHOICES[name]:
            raise InvalidValue(field=name, value=value, reason=f"one of {', '.join(CHOICES[name])}")
        return word
    if name == "alignment":
        return _alignment(value)
    if name == "dunning_days":
        return _dunning_days(value)
    return _whole(name, value) if name in _DAYS else _amount(name, value)


def _alignment(value: Any) -> str:
    text = "".join(str(value).split())
    day = text[12:-1] if text.startswith("billing_day(") and text.endswith(")") else ""
    if text == "billing_day" or (text not in ALIGNMENTS and not (day.isdecimal() and 1 <= int(day) <= 31)):
        reason = "anniversary, calendar, customer_day, base, or billing_day(n) with a day from 1 to 31"
        raise InvalidValue(field="alignment", value=value, reason=reason)
    return text


def _dunning_days(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple) or any(not isinstance(day, int) or not 0 <= day <= 366 for day in value):
        raise InvalidValue(field="dunning_days", value=value, reason="a list of whole numbers from 0 to 366")
    return value


def _whole(name: str, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= _DAYS[name]:
        raise InvalidValue(field=name, value=value, reason=f"a whole number from 0 to {_DAYS[name]}")
    return number


_WORDS = {None: "none", True: "yes", False: "no"}
_NOTHING = {"trial_price": "free"}


def _amount(name: str, value: Any) -> Decimal | None:
    if value is None or value in ("none", _NOTHING.get(name)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < 10**12 or (name == "cash_step" and not amount):
        raise InvalidValue(field=name, value=value, reason="an amount above 0, or none")
    return amount


_CONFLICTS: tuple[tuple[str, Callable[[Policies], bool]], ...] = (
    (
        "proration_unit denominator",
        lambda p: p.proration_unit == "month30" and p.denominator not in ("natural", "nominal"),
    ),
    ("proration_unit cancel_day", lambda p: p.proration_unit == "second" and p.cancel_day == "billed"),
)


def _refuse_conflicts(found: Policies) -> None:
    for names, conflicts in _CONFLICTS:
        if conflicts(found):
            one, other = names.split()
            raise PolicyConflict(one=f"{one} {getattr(found, one)}", other=f"{other} {getattr(found, other)}")
