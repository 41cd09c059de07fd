"""Revenue earned: months closed, their lines spread over months, one booking a month."""

from collections.abc import Mapping
from datetime import date, datetime

from perennia.domain.decision import Posting
from perennia.domain.ids import Id
from perennia.store.session import Cursor
from perennia.store.writes.additions import insert_postings
from perennia.store.writes.locks import key_of

_LOCK_SALT = 0x52_4556


def lock_recognition(cursor: Cursor, *, tenant: Id) -> None:
    """Wait for whoever recognises the tenant's revenue, and keep others out until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (key_of(tenant, salt=_LOCK_SALT),))


def close_until(cursor: Cursor, *, tenant: Id, end: datetime) -> None:
    """No document is dated before `end` from now on; waits for those that are being written.

    Numbers rise with the date of issue, and every writer takes the later of its own and the series' date.
    """
    cursor.execute(
        """SELECT id FROM number_series WHERE tenant_id = %s ORDER BY id FOR NO KEY UPDATE""",
        (tenant,),
    )
    cursor.execute(
        "UPDATE number_series SET last_issued_at = greatest(last_issued_at, %s) WHERE tenant_id = %s", (end, tenant)
    )


def insert_earnings(cursor: Cursor, *, tenant: Id, month: date, start: datetime, end: datetime, zone: str) -> None:
    """Spread the lines issued from `start` until `end`, the instants of a closed month, over the months they are for."""
    cursor.execute(
        """INSERT INTO earnings (tenant_id, issued_month, month, currency, amount_minor)
        SELECT %(tenant)s, %(month)s, m.month, g.currency, sum(g.n * (
            earned(g.net, g.starts, g.ends, (m.month + interval '1 month')::date)
            - earned(g.net, g.starts, g.ends, m.month)
        ))
        FROM (
            SELECT currency, net, n, (period_start AT TIME ZONE %(zone)s)::date AS starts,
                (period_end AT TIME ZONE %(zone)s)::date AS ends
            FROM (
                SELECT d.currency, l.period_start, l.period_end, l.net_minor AS net, count(*) AS n
                FROM documents d,
                LATERAL (
                    SELECT period_start, period_end, net_minor FROM lines l
                    WHERE l.document_id = d.id AND l.kind <> 7 OFFSET 0
                ) AS l
                WHERE d.tenant_id = %(tenant)s AND d.issued_at >= %(start)s AND d.issued_at < %(end)s
                GROUP BY 1, 2, 3, 4
            ) AS alike
        ) AS g,
        LATERAL (
            SELECT generate_series(
                date_trunc('month', g.starts::timestamp), greatest(g.ends - 1, g.starts)::timestamp, interval '1 month'
            )::date AS month
        ) AS m
        GROUP BY m.month, g.currency ORDER BY m.month, g.currency""",
        {"tenant": tenant, "month": month, "start": start, "end": end, "zone": zone},
    )


def insert_recognitions(
    cursor: Cursor, *, tenant: Id, month: date, booked: Mapping[str, tuple[int, Id, list[Posting]]]
) -> None:
    """Per currency the amount, its transaction and postings; an amount of 0 has none, and still says that it was done."""
    insert_postings(cursor, [posting for _, _, made in booked.values() for posting in made], tenant=tenant)
    cursor.execute(
        """INSERT INTO recognitions (tenant_id, month, currency, amount_minor, transaction_id)
        SELECT %s, %s, r.* FROM unnest(%s::text[], %s::bigint[], %s::uuid[]) AS r""",
        (
            tenant,
            month,
            list(booked),
            [amount for amount, _, _ in booked.values()],
            [key if made else None for _, key, made in booked.values()],
        ),
    )
