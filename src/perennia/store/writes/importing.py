"""The temporary tables of an import: which rows its files have, so that the database finds what repeats or is missing.

They live as long as the import's transaction, and keep its memory flat.
"""

from collections.abc import Sequence

from perennia.domain.ids import Id
from perennia.store import bulk
from perennia.store.session import Cursor

FILES = ("customers", "subscriptions")


def open_staging(cursor: Cursor) -> None:
    """A table for each file: line, external id, what the row refers to, and its digest (None for a bad row)."""
    for file in FILES:
        cursor.execute(
            f"""CREATE TEMP TABLE import_{file} (
                line bigint NOT NULL, external_id text NOT NULL, refers_to text, digest bigint
            ) ON COMMIT DROP""".encode()
        )


def stage(cursor: Cursor, *, file: str, rows: Sequence[tuple[int, str, str | None, int | None]]) -> None:
    """Note rows of a file; those without an external id say nothing to the others."""
    with cursor.copy(f"COPY import_{_file(file)} FROM STDIN".encode()) as copy:
        for row in rows:
            if row[1]:
                copy.write_row(row)


def end_file(cursor: Cursor, *, file: str) -> None:
    """All rows of a file are noted: make them quick to look up."""
    cursor.execute(f"CREATE INDEX ON import_{_file(file)} (external_id)".encode())
    cursor.execute(f"ANALYZE import_{file}".encode())


def lock_known_payers(cursor: Cursor, *, tenant: Id) -> None:
    """Lock every payer that the subscriptions file adds to, in the order of their keys: the order everybody keeps."""
    cursor.execute(
        """SELECT count(*) FROM (
            SELECT p.id FROM payers p WHERE p.id IN (
                SELECT c.payer_id FROM (SELECT DISTINCT refers_to FROM import_subscriptions) AS i,
                LATERAL (
                    SELECT c.payer_id FROM customers c WHERE c.tenant_id = %s AND c.external_id = i.refers_to OFFSET 0
                ) AS c
            ) ORDER BY p.id FOR NO KEY UPDATE
        ) AS locked""",
        (tenant,),
    )


def end_batch(cursor: Cursor) -> None:
    """Empty the stages, so that the same transaction can fill them again."""
    bulk.empty_stages(cursor)


def _file(file: str) -> str:
    if file not in FILES:
        raise ValueError(file)
    return file
