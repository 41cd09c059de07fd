"""What a customer chose, and the growing list of what it agreed to."""

from datetime import datetime

from psycopg.types.json import Jsonb

from perennia.domain.ids import Id
from perennia.domain.preferences import Preferences
from perennia.store.identity import new_id
from perennia.store.session import Cursor


def set_preferences(cursor: Cursor, preferences: Preferences, *, customer_id: Id) -> None:
    notices = {notice.value: on for notice, on in sorted(preferences.notices.items())}
    cursor.execute(
        "UPDATE customers SET language = %s, channel = %s, notices = %s WHERE id = %s",
        (preferences.language, preferences.channel.value, Jsonb(notices), customer_id),
    )


def add_consent(
    cursor: Cursor, *, tenant: Id, customer_id: Id, given: bool, wording: str, source: str, actor: str, now: datetime
) -> None:
    cursor.execute(
        """INSERT INTO consents (id, tenant_id, customer_id, given, wording, source, actor, at, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now())""",
        (new_id(), tenant, customer_id, given, wording, source, actor, now),
    )
    cursor.execute("UPDATE customers SET marketing_consent = %s WHERE id = %s", (given, customer_id))
