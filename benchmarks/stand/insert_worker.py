"""One connection of the control: a transaction an invoice, a statement a row, prepared by the driver."""

import time
from collections import defaultdict
from typing import Any

import psycopg

from benchmarks.stand.crew import await_go, orders, report
from benchmarks.stand.rows import APART, WRITTEN, columns

Row = tuple[bytes, tuple[Any, ...]]


def main() -> None:
    told = orders()
    with psycopg.connect(told["dsn"]) as connection:
        invoices = _invoices(connection.cursor(), told["schema"], told["first"], told["last"])
        connection.commit()
        await_go()
        for rows in invoices:
            with connection.transaction():
                for statement, values in rows:
                    connection.execute(statement, values)
        report(ended=time.monotonic())


def _invoices(cursor: psycopg.Cursor[Any], schema: str, first: int, last: int) -> list[list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for table in WRITTEN:
        names = columns(cursor, table)
        listed, marks = ", ".join(names), ", ".join(["%s"] * len(names))
        statement = f"INSERT INTO {schema}.{table} ({listed}) VALUES ({marks})".encode()
        cursor.execute(
            f"""SELECT apart_invoice, {listed} FROM {APART}.{table}
            WHERE apart_invoice BETWEEN %s AND %s ORDER BY apart_n""".encode(),
            (first, last),
        )
        for invoice, *values in cursor:
            found[invoice].append((statement, tuple(values)))
    return [found[invoice] for invoice in sorted(found)]


if __name__ == "__main__":
    main()
