"""The rows that a run wrote, set apart, and tables like those it wrote them to: for the limit and the control."""

from dataclasses import dataclass

import psycopg

from benchmarks.stand.meters import Meters
from benchmarks.stand.runs import Run

APART = "apart"
MOST_INVOICES = 50_000

# Every table that a run inserts into, in its order, children first: how an invoice's rows are found (s is the
# sample of invoices, t the table), and in which order they came. Documents are last, as in the run.
WRITTEN = {
    "lines": ("t.document_id = s.document_id", "t.position"),
    "billed_spans": ("t.document_id = s.document_id", "t.position"),
    "receivables": ("t.document_id = s.document_id", "t.document_id"),
    "postings": ("t.transaction_id = s.document_id", "t.account"),
    "movements": ("t.subscription_id = s.subscription_id AND t.effective_at = s.due_at", "t.id"),
    "history": ("t.payer_id = s.payer_id AND t.at = s.due_at", "t.id"),
    "outbox": ("t.payer_id = s.payer_id AND t.occurred_at IN (s.due_at, s.issued_at)", "t.position"),
    "documents": ("t.id = s.document_id", "t.id"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Invoices of a run whose rows were set apart, in so many chunks."""

    invoices: int
    chunks: int


def set_apart(meters: Meters, run: Run) -> Sample:
    """Copy the rows of the run's first invoices, at most 50,000, to tables of the schema `apart`, chunked as in the run.

    Raises RuntimeError where the run wrote to a table that is not known here.
    """
    _check_known(run)
    cursor = meters.connection.cursor()
    cursor.execute(f"DROP SCHEMA IF EXISTS {APART} CASCADE".encode())
    cursor.execute(f"CREATE SCHEMA {APART}".encode())
    cursor.execute(
        f"""CREATE UNLOGGED TABLE {APART}.sample AS
        SELECT d.id AS document_id, d.payer_id, l.subscription_id, d.due_at, d.issued_at,
            row_number() OVER (ORDER BY d.number) AS n, 0 AS chunk
        FROM documents d JOIN lines l ON l.document_id = d.id AND l.position = 1
        WHERE d.issued_at = %s AND d.kind = 'invoice' ORDER BY d.number LIMIT %s""".encode(),
        (run.issued_at, MOST_INVOICES),
    )
    cursor.execute(f"UPDATE {APART}.sample SET chunk = (n - 1) / %s".encode(), (run.chunk,))
    cursor.execute(f"ANALYZE {APART}.sample".encode())
    for table, (condition, order) in WRITTEN.items():
        cursor.execute(
            f"""CREATE UNLOGGED TABLE {APART}.{table} AS
            SELECT s.chunk AS apart_chunk, row_number() OVER (ORDER BY s.n, {order}) AS apart_n, s.n AS apart_invoice, t.*
            FROM {APART}.sample s JOIN {table} t ON {condition}""".encode()
        )
        cursor.execute(f"CREATE INDEX ON {APART}.{table} (apart_chunk, apart_n)".encode())
    found = cursor.execute(f"SELECT count(*), max(chunk) + 1 FROM {APART}.sample".encode()).fetchone()
    assert found is not None
    sample = Sample(*found)
    _check_complete(cursor, run, sample)
    return sample


def make_twins(cursor: psycopg.Cursor, schema: str) -> None:
    """Empty tables in `schema` like the written ones: columns, indexes, checks, fill factors, keys and triggers.

    Keys between them stay between them, others refer to the production tables. Only row security is left out, which
    COPY refuses.
    """
    cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
    cursor.execute(f"CREATE SCHEMA {schema}".encode())
    for table in WRITTEN:
        cursor.execute(f"CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)".encode())
        for (option,) in cursor.execute(
            "SELECT unnest(reloptions) FROM pg_class WHERE oid = %s::text::regclass", (table,)
        ).fetchall():
            cursor.execute(f"ALTER TABLE {schema}.{table} SET ({option})".encode())
    for table in WRITTEN:
        for statement in _keys_and_triggers(cursor, table, schema):
            cursor.execute(statement.encode())


def columns(cursor: psycopg.Cursor, table: str) -> list[str]:
    """The columns whose values come with the row; counters of the table itself are taken anew."""
    rows = cursor.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = %s::text::regclass AND attnum > 0 AND NOT attisdropped
        AND attidentity = '' AND attgenerated = '' ORDER BY attnum""",
        (f"public.{table}",),
    )
    return [name for (name,) in rows]


def _keys_and_triggers(cursor: psycopg.Cursor, table: str, schema: str) -> list[str]:
    keys = cursor.execute(
        """SELECT conname, pg_get_constraintdef(oid), confrelid::regclass::text FROM pg_constraint
        WHERE conrelid = %s::text::regclass AND contype = 'f' ORDER BY conname""",
        (f"public.{table}",),
    ).fetchall()
    triggers = cursor.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::text::regclass AND NOT tgisinternal",
        (f"public.{table}",),
    ).fetchall()
    found = []
    for name, definition, target in keys:
        home = schema if target in WRITTEN else "public"
        pointed = definition.replace(f"REFERENCES {target}", f"REFERENCES {home}.{target}")
        found.append(f"ALTER TABLE {schema}.{table} ADD CONSTRAINT {name} {pointed}")
    found += [definition.replace(f" ON public.{table} ", f" ON {schema}.{table} ") for (definition,) in triggers]
    return found


def _check_known(run: Run) -> None:
    unknown = set(run.cost.inserted) - set(WRITTEN)
    if unknown:
        raise RuntimeError(f"the run wrote rows to {', '.join(sorted(unknown))}, which the limit does not copy")


def _check_complete(cursor: psycopg.Cursor, run: Run, sample: Sample) -> None:
    """As many rows of each table for an invoice as the run wrote; a sample may differ by one in ten."""
    for table in WRITTEN:
        row = cursor.execute(f"SELECT count(*) FROM {APART}.{table}".encode()).fetchone()
        assert row is not None
        found, wrote = row[0] / sample.invoices, run.cost.inserted.get(table, 0) / run.invoices
        if abs(found - wrote) > 0.1 * wrote + 0.02 or (sample.invoices == run.invoices and found != wrote):
            raise RuntimeError(f"{found:.3f} rows of {table} for an invoice were set apart; the run wrote {wrote:.3f}")
