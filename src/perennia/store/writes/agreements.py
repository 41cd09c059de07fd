"""What a person asks of an agreement: changes and pauses that wait, ends, terms, trials, holds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from perennia.domain.ids import Id
from perennia.domain.policies import Policies, as_given
from perennia.store.session import Cursor
from perennia.store.writes.rows import insert


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change as it is asked for; `unit_amount` is the subscriber's own, `policies` all that hold for it."""

    id: Id
    subscription_id: Id
    kind: str
    effective_at: datetime
    policies: Policies
    item_id: Id | None = None
    price_id: Id | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    anchor_at: datetime | None = None
    until: datetime | None = None
    item_kind: str | None = None
    name: str | None = None


def insert_change(
    cursor: Cursor, change: NewChange, *, tenant: Id, actor: str, now: datetime, is_gated: bool = False
) -> None:
    """A change that the rules are to make at its instant; a gated one only once it is paid for."""
    insert(
        cursor,
        "changes",
        id=change.id,
        tenant_id=tenant,
        subscription_id=change.subscription_id,
        kind=change.kind,
        effective_at=change.effective_at,
        state="gated" if is_gated else "pending",
        item_id=change.item_id,
        price_id=change.price_id,
        quantity=change.quantity,
        unit_amount=change.unit_amount,
        anchor_at=change.anchor_at,
        until=change.until,
        item_kind=change.item_kind,
        name=change.name,
        policies=as_given(change.policies),
        actor=actor,
        requested_at=now,
    )
    if not is_gated:
        cursor.execute("UPDATE subscriptions SET changing = true WHERE id = %s", (change.subscription_id,))


def withdraw_change(cursor: Cursor, *, change_id: Id, subscription_id: Id, now: datetime) -> None:
    """Take back a change that waits."""
    cursor.execute("UPDATE changes SET state = 'withdrawn', done_at = %s WHERE id = %s", (now, change_id))
    cursor.execute(
        """UPDATE subscriptions s SET changing = w.waits, next_zone = CASE WHEN w.goes_over THEN s.next_zone END
        FROM (
            SELECT count(*) > 0, count(*) FILTER (WHERE kind = 'zone') > 0 FROM changes
            WHERE subscription_id = %s AND state = 'pending'
        ) AS w (waits, goes_over) WHERE s.id = %s""",
        (subscription_id, subscription_id),
    )


def insert_pause(
    cursor: Cursor, *, key: Id, tenant: Id, subscription_id: Id, starts_at: datetime, ends_at: datetime | None,
    policies: Policies, now: datetime,
) -> None:  # fmt: skip
    """A pause, begun by the rules at its start."""
    insert(
        cursor, "pauses", id=key, tenant_id=tenant, subscription_id=subscription_id, starts_at=starts_at,
        ends_at=ends_at, policies=as_given(policies), created_at=now,
    )  # fmt: skip
    cursor.execute("UPDATE subscriptions SET pausing = true WHERE id = %s", (subscription_id,))


def end_pause(cursor: Cursor, *, pause_id: Id, ends_at: datetime) -> None:
    """When a pause ends, known now."""
    cursor.execute("UPDATE pauses SET ends_at = %s WHERE id = %s", (ends_at, pause_id))


def drop_pause(cursor: Cursor, *, pause_id: Id) -> None:
    """A pause that never began."""
    cursor.execute("DELETE FROM pauses WHERE id = %s", (pause_id,))


def schedule_end(
    cursor: Cursor, *, subscription_id: Id, cancel_at: datetime | None, policies: Policies | None, cause: str = "chosen",
    used_until: datetime | None = None,
) -> None:  # fmt: skip
    """When a subscription ends, under which policies; None takes it back. What is metered was `used_until` an instant."""
    stored = None if policies is None else Jsonb(as_given(policies))
    cursor.execute(
        """UPDATE subscriptions SET cancel_at = %s, cancel_policies = %s, cancel_cause = %s,
            used_until = CASE WHEN metering THEN %s::timestamptz END WHERE id = %s""",
        (cancel_at, stored, cause, used_until, subscription_id),
    )


def move_trial(
    cursor: Cursor, *, subscription_id: Id, until: datetime, bills_from: dict[Id, datetime], anchors: dict[Id, datetime]
) -> None:
    """The end of a trial that runs; what begins behind it begins there, by item version."""
    cursor.execute("UPDATE subscriptions SET trial_ends_at = %s WHERE id = %s", (until, subscription_id))
    cursor.execute(
        """UPDATE item_versions v SET bills_from = n.bills_from, anchor_at = coalesce(n.anchor_at, v.anchor_at)
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::timestamp[]))
            AS n (id, bills_from, anchor_at)
        WHERE v.id = n.id AND v.billed_through IS NULL""",
        (list(bills_from), list(bills_from.values()), [anchors.get(key) for key in bills_from]),
    )


def set_term(
    cursor: Cursor, *, subscription_id: Id, ends_at: datetime | None, periods: int | None, then: str | None
) -> None:
    """A commitment, or none."""
    cursor.execute(
        "UPDATE subscriptions SET term_ends_at = %s, term_periods = %s, term_then = %s WHERE id = %s",
        (ends_at, periods, then, subscription_id),
    )


def hold(cursor: Cursor, *, subscription_id: Id, since: datetime | None) -> None:
    """Invoice nothing of a subscription since then, or go on with None."""
    cursor.execute("UPDATE subscriptions SET held_at = %s WHERE id = %s", (since, subscription_id))


def ask_to_issue(cursor: Cursor, *, subscription_id: Id, at: datetime) -> None:
    """What fell due by then does not wait any longer."""
    cursor.execute("UPDATE subscriptions SET issue_asked_at = %s WHERE id = %s", (at, subscription_id))


def set_po_number(cursor: Cursor, *, subscription_id: Id, po_number: str | None) -> bool:
    """False where it is that already."""
    cursor.execute(
        "UPDATE subscriptions SET po_number = %s WHERE id = %s AND po_number IS DISTINCT FROM %s",
        (po_number, subscription_id, po_number),
    )
    return cursor.rowcount == 1
