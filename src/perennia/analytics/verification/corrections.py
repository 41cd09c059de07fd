"""What people did by hand: refunds, write-offs, granted credit, charges that wait."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer, together


def refunds_within_payments(scope: Scope) -> Found:
    """What was given back of a payment, or is about to be, is what its refunds come to, and at most what it captured."""
    return look(
        scope,
        rows=f"""SELECT p.id, p.captured_minor, p.refunded_minor, coalesce(r.amount, 0) AS refunds,
                coalesce(r.others, 0) AS others
            FROM payments p LEFT JOIN (
                SELECT r.payment_id, sum(r.amount_minor) FILTER (WHERE r.state <> 'failed') AS amount,
                    count(*) FILTER (WHERE (y.payer_id = r.payer_id AND y.currency = r.currency
                        AND y.gateway = r.gateway) IS NOT TRUE) AS others
                FROM refunds r LEFT JOIN payments y ON y.id = r.payment_id
                WHERE r.tenant_id = %(tenant)s GROUP BY r.payment_id
            ) AS r ON r.payment_id = p.id
            WHERE p.tenant_id = %(tenant)s AND {of_payer("p.payer_id")}""",
        right="refunded_minor = refunds AND refunds BETWEEN 0 AND captured_minor AND others = 0",
        tell=f"""{named("id", "pay")} || ' captured ' || captured_minor || ', says that ' || refunded_minor
            || ' are given back; its refunds come to ' || refunds || ' (' || others || ' of another payer or currency)'""",
    )


def refunds_booked(scope: Scope) -> Found:
    """A refund's postings: what leaves the money, the balance and ourselves; its balance entry; nothing of a failed one."""
    return look(
        scope,
        rows=f"""SELECT r.id, r.state, r.amount_minor, r.from_balance_minor, coalesce(b.amount, 0) AS entered,
                coalesce(p.paid, 0) AS paid, coalesce(p.credit, 0) AS credit, coalesce(p.goodwill, 0) AS goodwill,
                coalesce(p.others, 0) AS others, p.currency = r.currency AND p.other_currency = r.currency AS same
            FROM refunds r LEFT JOIN (
                SELECT transaction_id, min(currency) AS currency, max(currency) AS other_currency,
                    -sum(amount_minor) FILTER (WHERE account = 61 OR account >= 100) AS paid,
                    sum(amount_minor) FILTER (WHERE account = 20) AS credit,
                    sum(amount_minor) FILTER (WHERE account = 60) AS goodwill,
                    count(*) FILTER (WHERE account NOT IN (20, 60, 61) AND account < 100) AS others
                FROM postings WHERE tenant_id = %(tenant)s GROUP BY transaction_id
            ) AS p ON p.transaction_id = r.id
            LEFT JOIN (
                SELECT source_id, -sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND source = 'refund' GROUP BY source_id
            ) AS b ON b.source_id = r.id
            WHERE r.tenant_id = %(tenant)s AND {of_payer("r.payer_id")}""",
        right="""same AND paid = amount_minor AND credit = from_balance_minor AND others = 0
            AND goodwill = amount_minor - from_balance_minor
            AND entered = CASE state WHEN 'failed' THEN 0 ELSE from_balance_minor END""",
        tell=f"""{named("id", "ref")} || ' of ' || amount_minor || ' with ' || from_balance_minor
            || ' from the balance is booked as ' || paid || ' paid, ' || credit || ' credit, ' || goodwill
            || ' goodwill; ' || entered || ' left the balance'""",
    )


def write_offs_agree(scope: Scope) -> Found:
    """What was taken for lost of an invoice is what is open on it while it is written off, and nothing once it came."""
    totals = look(
        scope,
        rows=f"""SELECT coalesce(w.document_id, r.document_id) AS id, r.state, r.open_minor, coalesce(w.amount, 0) AS lost,
                r.payer_id = w.payer AND r.currency = w.currency AND w.payers = 1 AS same
            FROM (
                SELECT document_id, sum(amount_minor) AS amount, min(payer_id::text)::uuid AS payer,
                    count(DISTINCT (payer_id, currency)) AS payers, min(currency) AS currency
                FROM write_offs WHERE tenant_id = %(tenant)s GROUP BY document_id
            ) AS w
            FULL JOIN (
                SELECT * FROM receivables WHERE tenant_id = %(tenant)s AND written_off_at IS NOT NULL
            ) AS r ON r.document_id = w.document_id
            WHERE {of_payer("coalesce(w.payer, r.payer_id)")}""",
        right="same AND lost = CASE state WHEN 'written_off' THEN open_minor ELSE 0 END",
        tell=f"""{named("id", "inv")} || ' is ' || coalesce(state, 'not written off') || ' with '
            || coalesce(open_minor, 0) || ' open; what was taken for lost comes to ' || lost""",
    )
    booked = look(
        scope,
        rows=f"""SELECT w.id, w.amount_minor, coalesce(p.lost, 0) AS lost, coalesce(p.receivable, 0) AS receivable
            FROM write_offs w LEFT JOIN (
                SELECT transaction_id, sum(amount_minor) FILTER (WHERE account = 70) AS lost,
                    sum(amount_minor) FILTER (WHERE account = 10) AS receivable
                FROM postings WHERE tenant_id = %(tenant)s GROUP BY transaction_id
            ) AS p ON p.transaction_id = w.id
            WHERE w.tenant_id = %(tenant)s AND {of_payer("w.payer_id")}""",
        right="lost = amount_minor AND receivable = -amount_minor",
        tell="""'write-off ' || id || ' of ' || amount_minor || ' is booked as ' || lost || ' lost, ' || receivable
            || ' receivable'""",
    )
    return together(totals, booked)


def grants_agree(scope: Scope) -> Found:
    """What is left of granted credit is what entered the balance less what was spent of it and expired, each in its
    balance; nothing is spent at or after its end, and the run is told of it.
    """
    left = look(
        scope,
        rows=f"""SELECT g.id, g.amount_minor, g.left_minor, g.expires_at, y.has_grants, coalesce(b.amount, 0) AS entries,
                coalesce(b.granted, 0) AS granted, coalesce(b.others, 0) AS others, b.late, b.early
            FROM credit_grants g LEFT JOIN payers y ON y.id = g.payer_id LEFT JOIN (
                SELECT b.grant_id, sum(b.amount_minor) AS amount,
                    sum(b.amount_minor) FILTER (WHERE b.source = 'grant') AS granted,
                    count(*) FILTER (WHERE (g.payer_id = b.payer_id AND g.entity_id = b.entity_id
                        AND g.currency = b.currency) IS NOT TRUE) AS others,
                    bool_or(b.source = 'balance' AND d.due_at >= g.expires_at) AS late,
                    bool_or(b.source = 'expiry' AND b.at IS DISTINCT FROM g.expires_at) AS early
                FROM balance_entries b LEFT JOIN credit_grants g ON g.id = b.grant_id
                    LEFT JOIN documents d ON d.id = b.source_id
                WHERE b.tenant_id = %(tenant)s AND b.grant_id IS NOT NULL GROUP BY b.grant_id
            ) AS b ON b.grant_id = g.id
            WHERE g.tenant_id = %(tenant)s AND {of_payer("g.payer_id")}""",
        right="""left_minor = entries AND granted = amount_minor AND others = 0 AND NOT coalesce(late, false)
            AND NOT coalesce(early, false) AND (left_minor = 0 OR has_grants)""",
        tell=f"""{named("id", "grt")} || ' of ' || amount_minor || ' says that ' || left_minor
            || ' are left; its entries come to ' || entries || CASE WHEN late THEN ', spent after its end' ELSE '' END
            || CASE WHEN early THEN ', expired at another time' ELSE '' END
            || CASE WHEN has_grants THEN '' ELSE ', and the run does not look for it' END""",
    )
    booked = look(
        scope,
        rows=f"""SELECT b.id, b.source, b.amount_minor, coalesce(p.credit, 0) AS credit
            FROM balance_entries b LEFT JOIN (
                SELECT transaction_id, -sum(amount_minor) AS credit FROM postings
                WHERE tenant_id = %(tenant)s AND account = 20 GROUP BY transaction_id
            ) AS p ON p.transaction_id = b.id
            WHERE b.tenant_id = %(tenant)s AND b.source IN ('grant', 'expiry') AND {of_payer("b.payer_id")}""",
        right="credit = amount_minor",
        tell="source || ' ' || id || ' of ' || amount_minor || ' is booked as ' || credit || ' credit'",
    )
    return together(left, booked)


def pending_taken(scope: Scope) -> Found:
    """A charge that waited is one line of its payer, as it was wanted; the run is told of one that still waits."""
    return look(
        scope,
        rows=f"""SELECT p.id, p.document_id, p.position, y.has_pending, p.description = l.description
                AND p.quantity = l.quantity AND p.unit_amount = l.unit_amount AND p.kind = l.kind
                AND p.subscription_id IS NOT DISTINCT FROM l.subscription_id AND d.payer_id = p.payer_id
                AND d.currency = p.currency AND d.entity_id = p.entity_id AS same,
                count(*) OVER (PARTITION BY p.document_id, p.position) AS twice
            FROM pending_lines p LEFT JOIN payers y ON y.id = p.payer_id
                LEFT JOIN lines l ON l.document_id = p.document_id AND l.position = p.position
                LEFT JOIN documents d ON d.id = p.document_id
            WHERE p.tenant_id = %(tenant)s AND {of_payer("p.payer_id")}""",
        right="CASE WHEN document_id IS NULL THEN has_pending ELSE same AND twice = 1 END",
        tell=f"""{named("id", "pen")} || CASE WHEN document_id IS NULL THEN ' waits, and the run does not look for it'
            ELSE ' is not line ' || position || ' of ' || {named("document_id", "inv")} END""",
    )
