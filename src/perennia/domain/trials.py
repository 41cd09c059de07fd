"""Trials: what makes two sign-ups the same person, and how one ends whose customer left nothing to charge."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from perennia.domain.facts import Cause, ChangeKind, CollectionMode, Pause, Status, Subscription
from perennia.domain.ids import Id

_SAME_MAILBOX = {"googlemail.com": "gmail.com"}
_DOTS_IGNORED = frozenset({"gmail.com"})


def normalised_email(email: str) -> str:
    """An address as its mailbox is told from others: one case, without a tag after +, without Gmail's dots.

    RFC 5233 describes the tag; what stands before it is the mailbox. What is no address is only folded.
    """
    text = unicodedata.normalize("NFKC", email).strip().casefold()
    local, at, host = text.rpartition("@")
    if not at or not local:
        return text
    host = _SAME_MAILBOX.get(host, host)
    local = local.partition("+")[0] or local
    if host in _DOTS_IGNORED:
        local = local.replace(".", "")
    return f"{local}@{host}"


def marks(*, customer_id: bytes, email: str, fingerprints: Iterable[str] = ()) -> list[bytes]:
    """What a trial is remembered by, to be hashed: the customer, the mailbox, each payment fingerprint."""
    found = [b"customer:" + customer_id]
    mailbox = normalised_email(email)
    if mailbox:
        found.append(b"email:" + mailbox.encode())
    found += [b"fingerprint:" + one.encode() for one in sorted(set(fingerprints)) if one]
    return found


def watched(subscription: Subscription) -> bool:
    """Whether it matters, when its trial ends, that its payer has something to charge."""
    return (
        subscription.trial_ends_at is not None
        and subscription.status in (Status.SCHEDULED, Status.TRIALING, Status.INCOMPLETE)
        and subscription.policies.trial_without_method != "invoice"
        and subscription.collection is CollectionMode.AUTOMATIC
        and all(change.kind is ChangeKind.ZONE for change in subscription.changes)
        and all(pause.is_over for pause in subscription.pauses)
    )


def without_method(subscription: Subscription, *, pause_id: Id) -> Subscription:
    """What comes of a watched one while its payer has nothing to charge: it ends with the trial, or is paused then."""
    ends_at = subscription.trial_ends_at
    if ends_at is None or (subscription.ends_at is not None and subscription.ends_at <= ends_at):
        return subscription
    if subscription.term is not None and subscription.term.ends_at <= ends_at:
        return subscription
    if subscription.policies.trial_without_method == "cancel":
        return replace(subscription, cancel_at=ends_at, cancel_cause=Cause.FAILED_PAYMENT, ends_with_trial=True)
    pause = Pause(pause_id, ends_at, None, subscription.policies, is_foreseen=True)
    return replace(subscription, pauses=(*subscription.pauses, pause))
