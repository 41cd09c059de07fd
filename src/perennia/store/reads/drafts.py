"""Drafts that are to be paid first, and the attempts at them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.collection import Attempt, AttemptState
from perennia.domain.dunning import Decline
from perennia.domain.errors import NotFound
from perennia.domain.facts import OpenDraft
from perennia.domain.ids import Id
from perennia.store.arrays import keys
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft as it stands. `change_id` is None for the start of a subscription; amounts in minor units."""

    id: Id
    payer_id: Id
    subscription_id: Id
    change_id: Id | None
    entity_id: Id
    currency: str
    amount_minor: int
    digest: str
    together: bool
    state: str
    created_at: datetime
    expires_at: datetime
    document_id: Id | None
    trial_days: int | None = None
    """How long the trial lasts from the payment on, where that is when it begins to count."""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    def as_fact(self) -> OpenDraft:
        return OpenDraft(self.id, self.subscription_id, self.expires_at, self.change_id)


_COLUMNS = """id, payer_id, subscription_id, change_id, entity_id, currency, amount_minor, digest, together, state,
    created_at, expires_at, document_id, (content->>'trial_days')::int"""


def waiting(cursor: Cursor, *, payer_ids: list[Id]) -> dict[Id, tuple[OpenDraft, ...]]:
    """The open drafts of these payers."""
    if not payer_ids:
        return {}
    rows = cursor.execute(
        """SELECT d.payer_id, d.id, d.subscription_id, d.expires_at, d.change_id FROM unnest(%s::uuid[]) AS k (id),
        LATERAL (SELECT * FROM drafts d WHERE d.payer_id = k.id AND d.state = 'open' OFFSET 0) AS d ORDER BY d.id""",
        (keys(payer_ids),),
    )
    found: dict[Id, tuple[OpenDraft, ...]] = defaultdict(tuple)
    for payer_id, *rest in rows:
        found[payer_id] += (OpenDraft(*rest),)
    return found


def draft(cursor: Cursor, *, draft_id: Id) -> StoredDraft:
    """Raises NotFound."""
    row = cursor.execute(f"SELECT {_COLUMNS} FROM drafts WHERE id = %s".encode(), (draft_id,)).fetchone()
    if row is None:
        raise NotFound(kind="draft", id=draft_id.text("drf"))
    return StoredDraft(*row)


def of_subscription(cursor: Cursor, *, subscription_id: Id) -> StoredDraft | None:
    """What a subscription waits for."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM drafts WHERE subscription_id = %s AND state = 'open'".encode(), (subscription_id,)
    ).fetchone()
    return None if row is None else StoredDraft(*row)


def of_customer(cursor: Cursor, *, customer_id: Id) -> StoredDraft | None:
    """What a customer's subscriptions wait for, the latest of it."""
    row = cursor.execute(
        f"""SELECT {_COLUMNS} FROM drafts WHERE state = 'open' AND subscription_id IN (
            SELECT id FROM subscriptions s WHERE s.customer_id = %s) ORDER BY created_at DESC, id DESC LIMIT 1""".encode(),
        (customer_id,),
    ).fetchone()
    return None if row is None else StoredDraft(*row)


def attempt(cursor: Cursor, *, attempt_id: Id, draft_id: Id) -> Attempt:
    """An attempt at a draft; the draft stands where the document does. Raises NotFound."""
    row = cursor.execute(
        """SELECT payer_id, method_id, gateway, currency, amount_minor, state, created_at, look_ups FROM attempts
        WHERE id = %s AND draft_id = %s""",
        (attempt_id, draft_id),
    ).fetchone()
    if row is None:
        raise NotFound(kind="attempt", id=attempt_id.text("att"))
    payer, method, gateway, currency, amount, state, created, look_ups = row
    return Attempt(
        attempt_id, draft_id, payer, method, gateway, currency, amount, AttemptState(state), created, look_ups
    )


def outages(cursor: Cursor, *, draft_id: Id, now: datetime) -> int:
    """The attempts of the last day that nobody decided."""
    row = cursor.execute(
        """SELECT count(*) FROM attempts WHERE draft_id = %s AND created_at > %s - interval '1 day'
        AND (state = 'not_sent' OR state = 'failed' AND NOT decline_class = ANY(%s))""",
        (draft_id, now, [decline.value for decline in Decline if decline.is_payers]),
    ).fetchone()
    return int(row[0]) if row else 0
