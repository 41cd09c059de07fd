"""What decline codes mean for the next attempt, and how often the card networks allow one.

The classes and figures are our own compilation (480 codes of four gateways and the networks' rules, November 2026).
A network's advice, where a provider passes it on, outranks the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from perennia.gateways.port import DeclineClass

UNLISTED_CODE_RETRIES = 2
"""A code nobody listed counts as soft, but is repeated at most twice."""

SANDBOX_CODES: Mapping[str, DeclineClass] = {
    "insufficient_funds": DeclineClass.SOFT,
    "do_not_honor": DeclineClass.SOFT,
    "limit_exceeded": DeclineClass.SOFT,
    "account_closed": DeclineClass.HARD,
    "expired_card": DeclineClass.HARD,
    "no_such_method": DeclineClass.HARD,
    "stolen_card": DeclineClass.FRAUD,
    "lost_card": DeclineClass.FRAUD,
    "authentication_required": DeclineClass.AUTHENTICATION,
    "processor_unavailable": DeclineClass.OUTAGE,
    "currency_not_enabled": DeclineClass.CONFIG,
}


def classify(code: str, *, codes: Mapping[str, DeclineClass]) -> DeclineClass:
    """The class of a provider's code; an unlisted one is SOFT, see UNLISTED_CODE_RETRIES."""
    return codes.get(code, DeclineClass.SOFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCap:
    """At most `attempts` in a rolling `window`, for the same card and merchant and, if `same_amount`, the same amount.

    The card is the physical one (its fingerprint): two subscriptions on one card share the cap.
    """

    attempts: int
    window: timedelta
    same_amount: bool
    source: str


VISA_CAP = AttemptCap(
    attempts=15,
    window=timedelta(days=30),
    same_amount=True,
    source="Visa Core Rules, 18 April 2026, table 7-2, say 20; several acquirers still enforce the earlier 15",
)
MASTERCARD_DAY_CAP = AttemptCap(
    attempts=10,
    window=timedelta(hours=24),
    same_amount=False,
    source="acquirers' excessive-retry rules (Mastercard's own are not public)",
)
MASTERCARD_MONTH_CAP = AttemptCap(
    attempts=35,
    window=timedelta(days=30),
    same_amount=True,
    source="acquirers' excessive-retry rules, in force 2024",
)
SAFE_CAP = VISA_CAP
"""For a card whose network is not known: the strictest of the monthly caps."""
