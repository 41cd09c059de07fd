"""Who had a trial: what makes two sign-ups the same person, as far as a trial goes."""

import unicodedata
from collections.abc import Iterable

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
