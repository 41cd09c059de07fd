"""What several commands share: finding the tenant, reading an instant, showing progress."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perennia.cli import WrongUse
from perennia.domain.calendar import instant

if TYPE_CHECKING:  # its models cannot be imported before Django is set up
    from perennia.store.reads.sellers import Tenant

_EVERY_S = 0.2
_PLAIN_EVERY_S = 10.0


def find_tenant(slug: str) -> "Tenant":
    """The tenant of that name. Raises NotFound."""
    from perennia.operations import tenants

    return tenants.find(slug)


def read_instant(text: str, *, zone: str) -> datetime:
    """ISO 8601, a date or a time; one without an offset is local time in `zone`. Raises WrongUse."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{text!r} is not an instant; write 2026-01-31 or 2026-01-31T12:00+01:00") from None
    return instant(found, zone) if found.tzinfo is None else found.astimezone(UTC)


class Progress:
    """One line that is rewritten on a terminal; a plain line now and then elsewhere. On stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (0 if self._terminal else _PLAIN_EVERY_S)
        self._shown = False

    def show(self, text: Callable[[], str]) -> None:
        """Show `text()`, if the last time was long enough ago."""
        if self._quiet or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (_EVERY_S if self._terminal else _PLAIN_EVERY_S)
        self._shown = True
        print(f"\r\x1b[K{text()}" if self._terminal else text(), end="" if self._terminal else "\n", file=sys.stderr)
        sys.stderr.flush()

    def done(self) -> None:
        if self._shown and self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
