"""One connection of the control: a transaction an invoice, a statement a row, prepared by the driver."""

import time
from collections import defaultdict
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import psycopg

from benchmarks.stand.crew import await_go, orders, report
from benchmarks.stand.rows import APART, WRITTEN, columns

TOGETHER = {"postings"}
"""Tables whose rows must come in one statement: a trigger holds that each statement's postings sum to zero."""

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
        cursor.execute(
            f"""SELECT apart_invoice, {", ".join(names)} FROM {APART}.{table}
            WHERE apart_invoice BETWEEN %s AND %s ORDER BY apart_n""".encode(),
            (first, last),
        )
        for invoice, rows in groupby(cursor, key=itemgetter(0)):
            values = [row[1:] for row in rows]
            for some in [values] if table in TOGETHER else [[one] for one in values]:
                found[invoice].append((_insert(schema, table, names, len(some)), tuple(chain.from_iterable(some))))
    return [found[invoice] for invoice in sorted(found)]


def _insert(schema: str, table: str, names: list[str], rows: int) -> bytes:
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {schema}.{table} ({', '.join(names)}) VALUES {', '.join([f'({marks})'] * rows)}".encode()


if __name__ == "__main__":
    main()
