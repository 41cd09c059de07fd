"""What `perennia doctor` finds: one `Check` for each thing that can be wrong, with what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import psycopg

from perennia.config.server import Server

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `remedy` is empty when the state is `ok`."""

    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What a check may look at. `connection` is the app's, in autocommit; `now` is the machine's clock."""

    server: Server
    connection: psycopg.Connection
    home: Path
    now: datetime

    def ask(self, question: str) -> tuple[Any, ...]:
        """The one row that answers a question in SQL."""
        row = self.connection.execute(question).fetchone()
        if row is None:
            raise LookupError("the question has no answer")
        return row
