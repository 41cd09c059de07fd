"""Agreements."""

from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.store.session import Cursor


def payer_of(cursor: Cursor, *, subscription_id: Id) -> Id:
    """Whom to lock before touching a subscription. Raises NotFound."""
    row = cursor.execute("SELECT payer_id FROM subscriptions WHERE id = %s", (subscription_id,)).fetchone()
    if row is None:
        raise NotFound(kind="subscription", id=subscription_id.text("sub"))
    payer: Id = row[0]
    return payer
