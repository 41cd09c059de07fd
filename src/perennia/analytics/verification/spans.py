"""Each due part is settled exactly once."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer


def parts_tile(scope: Scope) -> Found:
    """The settled parts of an item version follow each other from where it bills to where it is settled; what is metered
    is settled by amount and has none.
    """
    return look(
        scope,
        rows=f"""SELECT v.id, b.spans, b.breaks, b.starts, b.ends, v.billed_through,
                v.bills_from
            FROM item_versions v JOIN subscriptions s ON s.id = v.subscription_id
            JOIN prices p ON p.id = v.price_id AND p.meter_id IS NULL
            LEFT JOIN (
                SELECT version_id, count(*) AS spans, min(span_start) AS starts, max(span_end) AS ends,
                    count(*) FILTER (WHERE span_start <> before OR span_end <= span_start) AS breaks
                FROM (
                    SELECT version_id, span_start, span_end,
                        lag(span_end) OVER (PARTITION BY version_id ORDER BY span_start) AS before
                    FROM billed_spans WHERE tenant_id = %(tenant)s AND kind = 1
                ) AS spans GROUP BY version_id
            ) AS b ON b.version_id = v.id
            WHERE v.tenant_id = %(tenant)s AND {of_payer("s.payer_id")}""",
        right="""CASE WHEN spans IS NULL THEN billed_through IS NULL OR billed_through <= bills_from
            ELSE breaks = 0 AND starts = bills_from AND ends = billed_through END""",
        tell=f"""{named("id", "version")} || ' bills from ' || bills_from || ', is settled through '
            || coalesce(billed_through::text, 'nowhere') || ', and has ' || coalesce(spans, 0) || ' parts from '
            || coalesce(starts::text, '-') || ' to ' || coalesce(ends::text, '-') || ' with '
            || coalesce(breaks, 0) || ' gaps or overlaps'""",
    )


def parts_have_lines(scope: Scope) -> Found:
    """A settled part has one charge line, and one for its minimum, with its version and period.

    It reaches up to where a credit cut it, or longer where a pause moved its end; what cost nothing may have no
    document. A charge line without a part is credited from its start. A line of which nothing is left to credit may
    be cut without. The minimum of what is metered is settled by amount.
    """
    return look(
        scope,
        rows="""SELECT coalesce(l.document_id, b.document_id) AS document_id, coalesce(l.position, b.position) AS position,
                l.version_id AS line_version, l.period_start, l.period_end, c.starts AS cut_at,
                b.version_id AS span_version, b.span_start, b.span_end, coalesce(s.pausing, false) AS pausing,
                l.net_minor + coalesce(c.net, 0) = 0 AND l.tax_minor + coalesce(c.tax, 0) = 0 AS is_credited
            FROM (
                SELECT * FROM lines l WHERE tenant_id = %(tenant)s AND kind IN (1, 6) AND NOT EXISTS (
                    SELECT FROM usage_settlements u WHERE u.document_id = l.document_id AND u.position = l.position
                )
            ) AS l
            FULL JOIN (SELECT * FROM billed_spans WHERE tenant_id = %(tenant)s) AS b
                ON b.document_id = l.document_id AND b.position = l.position
            LEFT JOIN (
                SELECT credits_document_id, credits_position, min(period_start) FILTER (WHERE kind = 2) AS starts,
                    sum(net_minor) AS net, sum(tax_minor) AS tax
                FROM lines WHERE tenant_id = %(tenant)s AND credits_document_id IS NOT NULL GROUP BY 1, 2
            ) AS c ON c.credits_document_id = l.document_id AND c.credits_position = l.position
            LEFT JOIN subscriptions s ON s.id = l.subscription_id
            WHERE %(payer)s::uuid IS NULL OR coalesce(l.document_id, b.document_id) IN (
                SELECT id FROM documents WHERE tenant_id = %(tenant)s AND payer_id = %(payer)s
            )""",
        right="""CASE WHEN line_version IS NULL THEN document_id IS NULL
            WHEN span_version IS NULL THEN cut_at = period_start OR is_credited
            ELSE span_version = line_version AND span_start = period_start
                AND (span_end = coalesce(cut_at, period_end) OR pausing AND cut_at IS NULL AND span_end > period_end
                    OR is_credited AND span_end < period_end) END""",
        tell=f"""'line ' || position || ' of ' || {named("document_id", "inv")} || ' charges '
            || coalesce(period_start || ' to ' || coalesce(cut_at, period_end), 'nothing') || ', settled is '
            || coalesce(span_start || ' to ' || span_end, 'nothing')""",
    )
