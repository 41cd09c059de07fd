"""One connection of the limit: the run's rows as buffers made beforehand, sent by COPY, a transaction a chunk."""

import time
from typing import Any

import psycopg

from benchmarks.stand.crew import await_go, orders, report
from benchmarks.stand.rows import APART, WRITTEN, columns

Chunk = list[tuple[bytes, bytes]]


def main() -> None:
    told = orders()
    with psycopg.connect(told["dsn"]) as connection:
        chunks = [_chunk(connection.cursor(), number, told["schema"]) for number in told["chunks"]]
        connection.commit()
        await_go()
        for chunk in chunks:
            _send(connection, chunk)
        report(ended=time.monotonic())


def _chunk(cursor: psycopg.Cursor[Any], number: int, schema: str) -> Chunk:
    """For each table with rows in this chunk: the statement, and all its rows as the server wants them."""
    found = []
    for table in WRITTEN:
        names = ", ".join(columns(cursor, table))
        rows = f"SELECT {names} FROM {APART}.{table} WHERE apart_chunk = {int(number)} ORDER BY apart_n"
        with cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)".encode()) as copy:
            payload = b"".join(copy)
        if cursor.rowcount:
            found.append((f"COPY {schema}.{table} ({names}) FROM STDIN (FORMAT BINARY)".encode(), payload))
    return found


def _send(connection: psycopg.Connection[Any], chunk: Chunk) -> None:
    with connection.transaction():
        for statement, payload in chunk:
            with connection.cursor().copy(statement) as copy:
                copy.write(payload)


if __name__ == "__main__":
    main()
