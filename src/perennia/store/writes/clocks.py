"""Who may write to a sandbox while its clock is being moved: only the session that moves it."""

from perennia.domain.ids import Id
from perennia.store.session import Cursor
from perennia.store.writes.locks import key_of


def may_write(cursor: Cursor, *, tenant: Id) -> bool:
    """Join the sandbox's writers until the transaction ends; False while another session moves the clock."""
    row = cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", (key_of(tenant),)).fetchone()
    return bool(row and row[0])


def take_clock(cursor: Cursor, *, tenant: Id) -> bool:
    """Keep other sessions from writing until `give_clock` or the session's end; waits for none."""
    row = cursor.execute("SELECT pg_try_advisory_lock(%s)", (key_of(tenant),)).fetchone()
    return bool(row and row[0])


def give_clock(cursor: Cursor, *, tenant: Id) -> None:
    cursor.execute("SELECT pg_advisory_unlock(%s)", (key_of(tenant),))
