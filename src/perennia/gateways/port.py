"""What every payment provider offers, and the values that go in and come out.

A call has one of three endings: the provider decided (`SUCCEEDED`, `FAILED`, `REQUIRES_ACTION`, `PROCESSING`),
it surely never heard of it (`NOT_SENT`), or nobody knows (`UNKNOWN`). Only a look-up turns `UNKNOWN` into something else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """How a call ended, as far as we can tell."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"
    """The payer must authenticate before the provider goes on."""
    PROCESSING = "processing"
    """The provider has the charge and has not decided yet."""
    UNKNOWN = "unknown"
    """Time-out or connection lost after sending: it may have taken effect."""
    NOT_SENT = "not_sent"
    """Surely never reached the provider: an outage, no decline. An answer of `charge` and `refund` only."""
    NOT_FOUND = "not_found"
    """The provider has never seen this key. An answer of `look_up` and `look_up_refund` only."""


class DeclineClass(StrEnum):
    """What a refusal means for the next attempt, whatever the provider calls it."""

    SOFT = "soft"
    """Refused now, may succeed later without a change."""
    HARD = "hard"
    """The stored method will not work; the payer must give another."""
    AUTHENTICATION = "authentication"
    """The payer must authenticate (SCA, 3-D Secure, approval)."""
    FRAUD = "fraud"
    """Fraud, loss, theft or compliance: never repeated, the reason never disclosed to the payer."""
    OUTAGE = "outage"
    """Fault of the gateway, network or issuer: no fault of the payer, starts no dunning."""
    CONFIG = "config"
    """The merchant's set-up or our request is wrong: a person corrects it first."""
    DUPLICATE = "duplicate"
    """A like operation was already made: look up, never count as a refusal."""
    REVIEW = "review"
    """Held for a human decision."""


class RequestRefused(Exception):
    """The provider refused the request itself (malformed, or a key reused for another charge): a fault of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """One attempt to charge a stored payment method off session.

    `key` is our own idempotency key, stored before the call; `amount_minor` is in minor units of `currency`;
    `method` is the gateway's token for the payment method; `reference` is the document's number or id.
    """

    key: str
    amount_minor: int
    currency: str
    method: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give back part of a charge that succeeded, or all of it.

    `key` is our own idempotency key; `charge` is the gateway's reference of the charge; `reference` is the refund's id.
    """

    key: str
    amount_minor: int
    currency: str
    charge: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeResult:
    """What is known about the charge, or the refund, of `key`.

    `decline_code` is the provider's own word and `decline_class` our reading of it; `message` is for staff, never for
    the payer. `occurred_at` is the provider's own instant, None where it states none: book such a result at `now`.
    """

    key: str
    outcome: Outcome
    gateway_reference: str | None = None
    decline_code: str | None = None
    decline_class: DeclineClass | None = None
    message: str | None = None
    occurred_at: datetime | None = None


class Gateway(Protocol):
    """A payment provider. Every call has its own time limit. One object belongs to one event loop."""

    @property
    def name(self) -> str: ...

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        """Charge once for this key, however often it is called.

        Never raises for faults of the network: those are `UNKNOWN` or `NOT_SENT`. Raises RequestRefused.
        """
        ...

    async def look_up(self, key: str) -> ChargeResult:
        """Ask what became of `key`.

        Any fault of the network is `UNKNOWN`, never `NOT_SENT`: that the question was not asked says nothing of the charge.
        """
        ...

    async def refund(self, request: RefundRequest) -> ChargeResult:
        """Refund once for this key, however often it is called; as `charge` in all else."""
        ...

    async def look_up_refund(self, key: str) -> ChargeResult:
        """Ask what became of a refund; as `look_up` in all else."""
        ...

    async def aclose(self) -> None:
        """Give back the connections."""
        ...
