"""What a customer chose, and what it agreed to when."""

from dataclasses import dataclass
from datetime import datetime

from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.domain.preferences import Channel, Notice, Preferences
from perennia.store.session import Cursor


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes or a no to marketing, with its proof."""

    given: bool
    wording: str
    source: str
    actor: str
    at: datetime


def preferences(cursor: Cursor, *, customer_id: Id, locked: bool = False) -> Preferences:
    """What holds now; `locked` keeps others from changing it until the transaction ends. Raises NotFound."""
    row = cursor.execute(
        f"""SELECT language, channel, notices FROM customers WHERE id = %s
        {"FOR NO KEY UPDATE" if locked else ""}""".encode(),
        (customer_id,),
    ).fetchone()
    if row is None:
        raise NotFound(kind="customer", id=customer_id.text("cus"))
    language, channel, notices = row
    return Preferences(language, Channel(channel), {Notice(name): on for name, on in notices.items()})


def consents(cursor: Cursor, *, customer_id: Id, last: bool = False) -> list[Consent]:
    """All there ever were, the latest first; or that one alone."""
    rows = cursor.execute(
        f"""SELECT given, wording, source, actor, at FROM consents WHERE customer_id = %s
        ORDER BY id DESC {"LIMIT 1" if last else ""}""".encode(),
        (customer_id,),
    )
    return [Consent(*row) for row in rows]
