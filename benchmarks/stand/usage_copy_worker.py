"""One connection of the control: rows of a usage run as buffers made beforehand, sent by COPY, a transaction a batch."""

import time
from typing import Any

import psycopg

from benchmarks.stand.crew import await_go, orders, report

COLUMNS = {
    "usage_keys": "id, tenant_id, content, subscription_id, at",
    "usage_events": (
        "at, recorded_at, tenant_id, subscription_id, meter_id, place, value, key, who, corrects, properties"
    ),
}


def main() -> None:
    told = orders()
    schema, batch = told["schema"], int(told["batch"])
    with psycopg.connect(told["dsn"]) as connection:
        cursor = connection.cursor()
        made = [_buffers(cursor, schema, number * batch, batch) for number in told["chunks"]]
        connection.commit()
        await_go()
        for buffers, _ in made:
            with connection.transaction():
                for table, buffer in buffers.items():
                    target = f"COPY {schema}.{table} ({COLUMNS[table]}) FROM STDIN (FORMAT BINARY)"
                    with connection.cursor().copy(target.encode()) as copy:
                        copy.write(buffer)
        report(ended=time.monotonic(), rows=sum(rows for _, rows in made))


def _buffers(cursor: psycopg.Cursor[Any], schema: str, first: int, batch: int) -> tuple[dict[str, bytes], int]:
    """The rows of one batch as the server wants them, table by table, and how many there are."""
    found = {}
    for table, columns in COLUMNS.items():
        rows = f"SELECT {columns} FROM {schema}.rows WHERE n >= {first} AND n < {first + batch} ORDER BY n"
        with cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)".encode()) as copy:
            found[table] = b"".join(copy)
    return found, cursor.rowcount


if __name__ == "__main__":
    main()
