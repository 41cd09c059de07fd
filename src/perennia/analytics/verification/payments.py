"""Attempts and the money they brought."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer


def one_open_attempt(scope: Scope) -> Found:
    """At most one attempt at a receivable, or at a draft, is not over."""
    return look(
        scope,
        rows=f"""SELECT coalesce(draft_id, document_id) AS id,
                count(*) FILTER (WHERE state NOT IN ('succeeded', 'failed', 'not_sent')) AS open
            FROM attempts WHERE tenant_id = %(tenant)s AND {of_payer("payer_id")} GROUP BY 1""",
        right="open <= 1",
        tell=f"{named('id', 'inv')} || ' has ' || open || ' open attempts'",
    )


def attempts_paid(scope: Scope) -> Found:
    """An attempt that succeeded has one payment of its amount, currency and payer; no other attempt has one."""
    return look(
        scope,
        rows=f"""SELECT coalesce(a.id, p.attempt_id) AS id, a.state, a.amount_minor, p.n, p.captured,
                p.currency = a.currency AND p.payer = a.payer_id::text AND p.gateway = a.gateway AS same
            FROM (SELECT * FROM attempts WHERE tenant_id = %(tenant)s AND {of_payer("payer_id")}) AS a
            FULL JOIN (
                SELECT attempt_id, count(*) AS n, sum(captured_minor) AS captured, min(currency) AS currency,
                    min(payer_id::text) AS payer, min(gateway) AS gateway
                FROM payments WHERE tenant_id = %(tenant)s AND {of_payer("payer_id")} AND attempt_id IS NOT NULL
                GROUP BY attempt_id
            ) AS p ON p.attempt_id = a.id""",
        right="""CASE WHEN state = 'succeeded' THEN n = 1 AND captured = amount_minor AND same
            ELSE state IS NOT NULL AND n IS NULL END""",
        tell="""'attempt ' || id || ' of ' || coalesce(amount_minor, 0) || ', ' || coalesce(state, 'missing') || ', has '
            || coalesce(n, 0) || ' payments of ' || coalesce(captured, 0)""",
    )
