"""The feed of events, and the history of subscriptions."""

from perennia.analytics.verification.findings import Found, Scope, Tally, look, named, of_payer, together
from perennia.domain.facts import Status
from perennia.domain.feed import FIRST, chain_hash
from perennia.domain.lifecycle import MOVES


def feed_chained(scope: Scope) -> Found:
    """The feed is numbered 1..N without a gap, each entry is chained to the one before, and no event waits that is in it."""
    tally, previous, expected = Tally(), FIRST, 1
    entries = scope.stream(
        "feed_entries",
        """SELECT seq, id, type, subject_id, payer_id, occurred_at, hash FROM feed
        WHERE tenant_id = %(tenant)s ORDER BY seq""",
    )
    for rows in entries:
        for seq, key, type, subject_id, payer_id, occurred_at, stored in rows:
            problem = None
            hash = chain_hash(
                previous, seq=seq, id=key, type=type, subject_id=subject_id, payer_id=payer_id, occurred_at=occurred_at
            )
            if seq != expected:
                problem = f"number {seq} follows {expected - 1}"
            elif bytes(stored) != hash:
                problem = f"number {seq} is not chained to the one before, or was changed"
            tally.note(problem)
            previous, expected = bytes(stored), seq + 1
    return together(tally.found(), _twice(scope))


def _twice(scope: Scope) -> Found:
    return look(
        scope,
        rows="""SELECT o.id, o.type, f.seq FROM outbox o LEFT JOIN feed f ON f.id = o.id AND f.tenant_id = o.tenant_id
            WHERE o.tenant_id = %(tenant)s""",
        right="seq IS NULL",
        tell="'event ' || id || ' (' || type || ') waits for its number and has ' || seq",
    )


def histories_lead_here(scope: Scope) -> Found:
    """A subscription's history is a chain of permitted moves from `scheduled` to the state that it is in."""
    return look(
        scope,
        rows=f"""SELECT s.id, s.status, s.ended_at, coalesce(h.last, 'scheduled') AS last, h.last_at,
                coalesce(h.breaks, 0) AS breaks
            FROM subscriptions s LEFT JOIN (
                SELECT subject_id, (array_agg(after ORDER BY id DESC))[1] AS last,
                    (array_agg(at ORDER BY id DESC))[1] AS last_at,
                    count(*) FILTER (WHERE before IS DISTINCT FROM coalesce(came_from, 'scheduled')
                        OR NOT before || '>' || after = ANY(ARRAY[{_MOVES}])) AS breaks
                FROM (
                    SELECT *, lag(after) OVER (PARTITION BY subject_id ORDER BY id) AS came_from FROM history
                    WHERE tenant_id = %(tenant)s AND change = 'subscription.status'
                ) AS steps GROUP BY subject_id
            ) AS h ON h.subject_id = s.id
            WHERE s.tenant_id = %(tenant)s AND {of_payer("s.payer_id")}""",
        right="""last = status AND breaks = 0
            AND CASE WHEN status = 'canceled' THEN ended_at = last_at ELSE ended_at IS NULL END""",
        tell=f"""{named("id", "sub")} || ' is ' || status || ', its history ends with ' || last || ' and has ' || breaks
            || ' steps that do not fit'""",
    )


_MOVES = ", ".join(f"'{before.value}>{after.value}'" for before in Status for after in sorted(MOVES[before]))
