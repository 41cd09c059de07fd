"""Drafts that are to be paid first: each waits, was paid, or is over."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer

GRACE = "interval '1 hour'"
"""The run may be late; a draft found open for longer after its end was forgotten."""


def drafts_settled(scope: Scope) -> Found:
    """No draft is open beyond its end; a paid one has its document over its amount, any other has none.

    What a draft is of stands as the draft does: a change waits, was made or discarded, a subscription has begun or not.
    """
    return look(
        scope,
        rows=f"""SELECT d.id, d.state, d.kind, d.expires_at, d.document_id, d.amount_minor, i.due_minor, y.has_drafts,
                c.state AS change_state, s.status, p.due AS payer_due, %(now)s::timestamptz AS now
            FROM drafts d JOIN payers y ON y.id = d.payer_id JOIN subscriptions s ON s.id = d.subscription_id
                LEFT JOIN changes c ON c.id = d.change_id
                LEFT JOIN receivables i ON i.document_id = d.document_id
                CROSS JOIN LATERAL (SELECT y.next_due_at <= d.expires_at OR y.set_aside_at IS NOT NULL AS due) AS p
            WHERE d.tenant_id = %(tenant)s AND {of_payer("d.payer_id")}""",
        right=f"""CASE state
            WHEN 'open' THEN expires_at + {GRACE} > now AND has_drafts AND payer_due AND document_id IS NULL
                AND CASE kind WHEN 'change' THEN change_state = 'gated' ELSE status = 'incomplete' END
            WHEN 'paid' THEN due_minor = amount_minor
                AND CASE kind WHEN 'change' THEN change_state IN ('applied', 'discarded')
                    ELSE status NOT IN ('incomplete', 'incomplete_expired') END
            WHEN 'dropped' THEN document_id IS NULL
                AND CASE kind WHEN 'change' THEN change_state = 'discarded' ELSE status = 'incomplete_expired' END
            ELSE false END""",
        tell=f"""{named("id", "drf")} || ' over ' || amount_minor || ' is ' || state || ', its ' || kind || ' '
            || coalesce(change_state, status) || ', until ' || expires_at""",
    )
