"""What a run cost the server: processor time, write-ahead log, disk, statements, rows. Read as superuser."""

import time
from dataclasses import dataclass
from os import sysconf
from pathlib import Path

import psycopg
from django.db import connections

from perennia.config.server import Server

_TICKS_PER_S = sysconf("SC_CLK_TCK")
APP_ROLE = "perennia_app"


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals since the server started. Sizes with indexes and TOAST, in bytes, and inserted rows, by table."""

    cpu_s: float
    wal_bytes: int
    sizes: dict[str, int]
    inserted: dict[str, int]

    def since(self, before: "Reading") -> "Reading":
        """What has been added; tables without any are left out."""
        return Reading(
            self.cpu_s - before.cpu_s,
            self.wal_bytes - before.wal_bytes,
            _growth(self.sizes, before.sizes),
            _growth(self.inserted, before.inserted),
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the server saw it: how often, how long in all, how many rows."""

    text: str
    calls: int
    total_ms: float
    rows: int


class Meters:
    """The meters of one server, on a connection of their own."""

    def __init__(self, server: Server) -> None:
        if server.address is None:
            raise ValueError("the processor time of a foreign server cannot be read")
        self._postmaster = int((server.address.folder / "data" / "postmaster.pid").read_text().split()[0])
        self.connection = psycopg.connect(server.dsn("superuser"), autocommit=True)
        self.connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def close(self) -> None:
        self.connection.close()

    def checkpoint(self) -> None:
        """After it, the first touch of every page writes the whole page to the log: what a monthly run meets."""
        self.connection.execute("CHECKPOINT")

    def forget_statements(self) -> None:
        self.connection.execute("SELECT pg_stat_statements_reset()")

    def statements(self) -> list[Statement]:
        """What the app's role has sent since `forget_statements`, dearest first, COPY and COMMIT included.

        What triggers and keys do inside a statement counts as part of it.
        """
        rows = self.connection.execute(
            """SELECT s.query, s.calls, s.total_exec_time + s.total_plan_time, s.rows FROM pg_stat_statements s
            JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname = %s ORDER BY 3 DESC, 1""",
            (APP_ROLE,),
        )
        return [Statement(*row) for row in rows]

    def await_quiet(self) -> None:
        """Until no session of the app is left; each hands in its counts at its end. Raises RuntimeError after 10 s."""
        connections.close_all()  # this process's own
        for _ in range(100):
            row = self.connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (APP_ROLE,)
            ).fetchone()
            if row == (0,):
                return
            time.sleep(0.1)
        raise RuntimeError("a session of the app goes on after the run's workers have ended")

    def read(self) -> Reading:
        wal = self.connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
        sizes = self.connection.execute(
            """SELECT relname, pg_total_relation_size(oid) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""
        ).fetchall()
        inserted = self.connection.execute(
            "SELECT relname, n_tup_ins FROM pg_stat_user_tables WHERE schemaname = 'public'"
        ).fetchall()
        return Reading(self._cpu_s(), int(wal[0]) if wal else 0, dict(sizes), dict(inserted))

    def _cpu_s(self) -> float:
        """Of the postmaster and all its children, those that have ended included."""
        ticks = sum(_fields(self._postmaster)[11:15])
        ticks += sum(sum(_fields(child)[11:13]) for child in _children(self._postmaster))
        return ticks / _TICKS_PER_S


def _growth(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: grown for name, value in sorted(after.items()) if (grown := value - before.get(name, 0)) > 0}


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _fields(pid: int) -> list[int]:
    """The fields of /proc/PID/stat from the third on; the letter of the state counts as 0. Zeros for one that ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return [0] * 50
    return [0, *(int(field) for field in text.rpartition(")")[2].split()[1:])]
