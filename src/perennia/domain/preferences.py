"""What a customer may choose about being written to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from perennia.domain.errors import InvalidValue

T = TypeVar("T", bound=StrEnum)

LONGEST_EMAIL = 254
"""What a mail server takes (RFC 5321, 4.5.3.1.3, without the brackets)."""


class Channel(StrEnum):
    """How notices reach a customer; in the portal alone they wait to be read."""

    EMAIL = "email"
    LETTER = "letter"
    PORTAL = "portal"


class Notice(StrEnum):
    """Kinds of notices that may be turned off. Documents and answers the law asks for are none of them."""

    TRIAL_ENDING = "trial_ending"
    RENEWAL_COMING = "renewal_coming"
    INVOICE_ISSUED = "invoice_issued"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_FAILED = "payment_failed"
    METHOD_EXPIRING = "method_expiring"
    PRICE_CHANGING = "price_changing"
    USAGE_ALERT = "usage_alert"


@dataclass(frozen=True, slots=True)
class Preferences:
    """A customer's choices. `notices` holds the kinds that were turned on or off; the others are on."""

    language: str
    channel: Channel = Channel.EMAIL
    notices: Mapping[Notice, bool] = field(default_factory=dict)

    def wants(self, notice: Notice) -> bool:
        return self.notices.get(notice, True)


def chosen(
    before: Preferences,
    *,
    language: str | None = None,
    channel: str | None = None,
    notices: Mapping[str, bool] | None = None,
) -> tuple[Preferences, list[str]]:
    """The preferences with new choices over them, and the names of the fields that changed. Raises InvalidValue."""
    after = Preferences(
        before.language if language is None else checked_language(language),
        before.channel if channel is None else _word(Channel, "channel", channel),
        {**before.notices, **{_word(Notice, "notice", name): bool(on) for name, on in (notices or {}).items()}},
    )
    changed = [name for name in ("language", "channel") if getattr(before, name) != getattr(after, name)]
    if any(before.wants(notice) != after.wants(notice) for notice in Notice):
        changed.append("notices")
    return after, changed


def checked_language(language: str) -> str:
    """The language itself, if it is written like da or pt-BR (RFC 5646). Raises InvalidValue."""
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", language):
        raise InvalidValue(field="language", value=language[:50], reason="two small letters like da, or like pt-BR")
    return language


def _word(words: type[T], field: str, given: str) -> T:
    try:
        return words(given)
    except ValueError:
        allowed = ", ".join(words)
        raise InvalidValue(field=field, value=str(given)[:50], reason=f"one of {allowed}") from None


def checked_email(email: str) -> str:
    """The address itself, if mail may be sent to it. Raises InvalidValue.

    Lenient, as mail servers are: one @ between a name and a host, without spaces; the host has a point in it or is
    localhost.
    """
    name, _, host = email.partition("@")
    is_host = host == "localhost" or ("." in host and all(host.split(".")))
    if not name or "@" in host or not is_host or not email.isprintable() or any(sign.isspace() for sign in email):
        raise InvalidValue(field="email", value=email, reason="write it as name@example.com")
    if len(email) > LONGEST_EMAIL:
        raise InvalidValue(field="email", value=email, reason=f"at most {LONGEST_EMAIL} characters")
    return email
