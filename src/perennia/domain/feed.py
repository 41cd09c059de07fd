"""The numbered feed of events: each entry is chained to the one before it, so that none can be slipped in or out."""

from datetime import datetime
from hashlib import sha256

from perennia.domain.ids import Id

FIRST = bytes(32)
"""What the first entry of a feed is chained to."""


def chain_hash(
    previous: bytes, *, seq: int, id: Id, type: str, subject_id: Id, payer_id: Id | None, occurred_at: datetime
) -> bytes:
    """The hash of an entry: SHA-256 over the previous hash and everything the entry says."""
    said = f"{seq}|{id.hex()}|{type}|{subject_id.hex()}|{payer_id.hex() if payer_id else ''}|{occurred_at.isoformat()}"
    return sha256(previous + said.encode()).digest()
