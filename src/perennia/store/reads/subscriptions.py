"""Agreements."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from perennia.domain.errors import InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a subscription is, and how it stands."""

    customer_id: Id
    payer_id: Id
    status: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastItem:
    """What a subscription had last of one thing."""

    kind: str
    name: str
    price_id: Id
    quantity: Decimal
    unit_amount: Decimal | None


def payer_of(cursor: Cursor, *, subscription_id: Id) -> Id:
    """Whom to lock before touching a subscription. Raises NotFound."""
    return standing(cursor, subscription_id=subscription_id).payer_id


def standing(cursor: Cursor, *, subscription_id: Id) -> Standing:
    """Raises NotFound; a subscription of another tenant is not found either."""
    row = cursor.execute(
        "SELECT customer_id, payer_id, status, started_at, ended_at FROM subscriptions WHERE id = %s",
        (subscription_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="subscription", id=subscription_id.text("sub"))
    return Standing(*row)


def live_of_product(cursor: Cursor, *, payer_id: Id, customer_id: Id, product_id: Id) -> Id | None:
    """A subscription to a plan of this product that the customer has and that did not end, the oldest of them."""
    row = cursor.execute(
        """SELECT s.id FROM subscriptions s JOIN item_versions v ON v.subscription_id = s.id
            JOIN prices pr ON pr.id = v.price_id JOIN plans pl ON pl.id = pr.plan_id
        WHERE s.payer_id = %s AND s.customer_id = %s AND s.status NOT IN ('canceled', 'incomplete_expired')
            AND pl.product_id = %s ORDER BY s.id LIMIT 1""",
        (payer_id, customer_id, product_id),
    ).fetchone()
    return None if row is None else row[0]


def first_start(cursor: Cursor, *, payer_id: Id, customer_id: Id) -> datetime | None:
    """When the first subscription of a customer began, of those that ever did or will."""
    row = cursor.execute(
        """SELECT min(started_at) FROM subscriptions
        WHERE payer_id = %s AND customer_id = %s AND status NOT IN ('incomplete', 'incomplete_expired')""",
        (payer_id, customer_id),
    ).fetchone()
    return None if row is None else row[0]


def find(cursor: Cursor, *, reference: str) -> Id:
    """The subscription with that key, as `sub_…`, or with that external id. Raises NotFound."""
    row = None
    with suppress(InvalidValue):
        key = Id.parse(reference, prefix="sub")
        row = cursor.execute("SELECT id FROM subscriptions WHERE id = %s", (key,)).fetchone()
    if row is None and "\0" not in reference:
        row = cursor.execute("SELECT id FROM subscriptions WHERE external_id = %s", (reference,)).fetchone()
    if row is None:
        raise NotFound(kind="subscription", id=reference)
    found: Id = row[0]
    return found


def last_items(cursor: Cursor, *, subscription_id: Id) -> list[LastItem]:
    """The items a subscription has, or had when it ended, in the order they were made."""
    rows = cursor.execute(
        """SELECT i.kind, i.name, v.price_id, v.quantity, v.unit_amount FROM item_versions v JOIN items i ON i.id = v.item_id
        WHERE v.subscription_id = %s AND v.ends_at IS NULL ORDER BY i.id""",
        (subscription_id,),
    )
    return [LastItem(*row) for row in rows]
