"""How a customer wants to be written to, and what it agreed to, with the proof of it."""

from collections.abc import Mapping
from datetime import datetime

from perennia.domain.events import EventType
from perennia.domain.ids import Id
from perennia.domain.preferences import Preferences, chosen
from perennia.operations.books import Books, open_books
from perennia.operations.catalog import checked
from perennia.store.reads import preferences as read
from perennia.store.reads.customers import payer_of
from perennia.store.writes import preferences as write
from perennia.store.writes.history import insert_change, insert_event

_LONGEST_WORDING = 10_000


def set_preferences(
    *,
    tenant: Id,
    actor: str,
    customer_id: Id,
    now: datetime,
    language: str | None = None,
    channel: str | None = None,
    notices: Mapping[str, bool] | None = None,
) -> Preferences:
    """Choose language, channel, and kinds of notices on or off; what is not given stays. Answers what holds now.

    Raises NotFound, InvalidValue.
    """
    with open_books(tenant=tenant) as books:
        before = read.preferences(books.cursor, customer_id=customer_id, locked=True)
        after, changed = chosen(before, language=language, channel=channel, notices=notices)
        if changed:
            write.set_preferences(books.cursor, after, customer_id=customer_id)
            told(books, customer_id, changed, actor=actor, now=books.business_time(now))
    return after


def give_consent(*, tenant: Id, actor: str, customer_id: Id, wording: str, source: str, now: datetime) -> None:
    """A yes to marketing: to which words, and where it was said. The same yes again adds nothing.

    Raises NotFound, InvalidValue.
    """
    checked(wording, field="wording", longest=_LONGEST_WORDING)
    _consent(tenant=tenant, actor=actor, customer_id=customer_id, given=True, wording=wording, source=source, now=now)


def withdraw_consent(*, tenant: Id, actor: str, customer_id: Id, source: str, now: datetime) -> None:
    """A no to marketing, from now on; where none was given nothing happens. Raises NotFound, InvalidValue."""
    _consent(tenant=tenant, actor=actor, customer_id=customer_id, given=False, wording="", source=source, now=now)


def _consent(*, tenant: Id, actor: str, customer_id: Id, given: bool, wording: str, source: str, now: datetime) -> None:
    checked(source, field="source")
    with open_books(tenant=tenant) as books:
        read.preferences(books.cursor, customer_id=customer_id, locked=True)
        last = read.consents(books.cursor, customer_id=customer_id, last=True)
        if last and last[0].given == given and (not given or (last[0].wording, last[0].source) == (wording, source)):
            return
        if not given and not last:
            return
        now = books.business_time(now)
        write.add_consent(
            books.cursor, tenant=tenant, customer_id=customer_id, given=given, wording=wording, source=source,
            actor=actor, now=now,
        )  # fmt: skip
        told(books, customer_id, ["marketing_consent"], actor=actor, now=now)


def told(books: Books, customer_id: Id, changed: list[str], *, actor: str, now: datetime) -> None:
    """The story and the event of a change of a customer's own data: the names of the fields, nothing of what is in them."""
    payer_id = payer_of(books.cursor, customer_id=customer_id)
    tenant = books.tenant.id
    insert_change(
        books.cursor, tenant=tenant, subject_id=customer_id, payer_id=payer_id, change="customer.fields",
        after=", ".join(changed), actor=actor, at=now,
    )  # fmt: skip
    insert_event(
        books.cursor, tenant=tenant, type=EventType.CUSTOMER_UPDATED, subject_id=customer_id, payer_id=payer_id, at=now
    )
