"""Documents against their lines, their numbers and their tax."""

from perennia.analytics.verification.findings import Finding, Scope, look, named, of_payer, together

_TELL = named("id", "inv")


def documents_add_up(scope: Scope) -> Finding:
    """A document's net and tax are the sums of its lines, which are numbered from 1 and in its currency."""
    return look(
        scope,
        "documents_add_up",
        rows=f"""SELECT d.id, d.kind, d.net_minor, d.tax_minor, l.*
            FROM documents d LEFT JOIN (
                SELECT l.document_id, count(*) AS n, min(l.position) AS first, max(l.position) AS last,
                    sum(l.net_minor) AS net, sum(l.tax_minor) AS tax,
                    min(s.currency) AS line_currency, max(s.currency) AS other_currency
                FROM lines l LEFT JOIN subscriptions s ON s.id = l.subscription_id
                WHERE l.tenant_id = %(tenant)s GROUP BY l.document_id
            ) AS l ON l.document_id = d.id AND coalesce(l.line_currency, d.currency) = d.currency
            WHERE d.tenant_id = %(tenant)s AND {of_payer("d.payer_id")}""",
        right="""first = 1 AND last = n AND line_currency IS NOT DISTINCT FROM other_currency AND net = net_minor AND tax = tax_minor
            AND (kind = 'invoice') = (net_minor + tax_minor >= 0)""",
        tell=f"""{_TELL} || ' says ' || net_minor || ' + ' || tax_minor || ' tax, its ' || coalesce(n, 0)
            || ' lines come to ' || coalesce(net, 0) || ' + ' || coalesce(tax, 0)""",
    )


def tax_rounded_once(scope: Scope) -> Finding:
    """The tax of a document's charges at one rate is that rate of their sum, rounded once, half away from zero."""
    return look(
        scope,
        "tax_rounded_once",
        rows="""SELECT g.document_id AS id, g.tax_percent, g.tax, sign(g.amount) * div(
                2 * abs(g.amount) * g.tax_percent + (100 + CASE WHEN g.tax_inclusive THEN g.tax_percent ELSE 0 END),
                2 * (100 + CASE WHEN g.tax_inclusive THEN g.tax_percent ELSE 0 END)
            ) AS expected
            FROM (
                SELECT document_id, tax_percent, tax_inclusive, sum(tax_minor) AS tax,
                    sum(CASE WHEN tax_inclusive THEN net_minor + tax_minor ELSE net_minor END) AS amount
                FROM lines WHERE tenant_id = %(tenant)s AND credits_document_id IS NULL
                GROUP BY document_id, tax_percent, tax_inclusive
            ) AS g
            WHERE %(payer)s::uuid IS NULL OR g.document_id IN (
                SELECT id FROM documents WHERE tenant_id = %(tenant)s AND payer_id = %(payer)s
            )""",
        right="tax = expected",
        tell=f"{_TELL} || ' has ' || tax || ' tax at ' || tax_percent || ' percent, not ' || expected",
    )


def credits_within_charges(scope: Scope) -> Finding:
    """What is credited on a line is at most what it charged, net and tax, at its rate, to its payer."""
    return look(
        scope,
        "credits_within_charges",
        rows=f"""SELECT c.credits_document_id AS id, c.credits_position AS position, l.net_minor, l.tax_minor, c.net, c.tax,
                l.credits_document_id AS gives_back, l.kind, c.percents, c.percent, l.tax_percent, c.payers, c.payer, d.payer_id
            FROM (
                SELECT c.credits_document_id, c.credits_position, -sum(c.net_minor) AS net, -sum(c.tax_minor) AS tax,
                    count(DISTINCT c.tax_percent) AS percents, min(c.tax_percent) AS percent,
                    count(DISTINCT n.payer_id) AS payers, min(n.payer_id::text) AS payer
                FROM lines c JOIN documents n ON n.id = c.document_id
                WHERE c.tenant_id = %(tenant)s AND c.credits_document_id IS NOT NULL GROUP BY 1, 2
            ) AS c
            LEFT JOIN lines l ON l.document_id = c.credits_document_id AND l.position = c.credits_position
            LEFT JOIN documents d ON d.id = c.credits_document_id
            WHERE {of_payer("d.payer_id")}""",
        right="""kind IS NOT NULL AND gives_back IS NULL AND percents = 1 AND percent = tax_percent AND payers = 1 AND payer = payer_id::text
            AND net * sign(net_minor) BETWEEN 0 AND abs(net_minor)
            AND tax * sign(tax_minor) BETWEEN 0 AND abs(tax_minor)
            AND (net_minor <> 0 OR net = 0) AND (tax_minor <> 0 OR tax = 0)""",
        tell=f"""'line ' || position || ' of ' || {named("id", "inv")} || ' charged ' || net_minor || ' + ' || tax_minor
            || ' tax, credited are ' || net || ' + ' || tax""",
    )


def numbers_in_order(scope: Scope) -> Finding:
    """Numbers run 1..N in each series, in order of issue, and the series gives N + 1 next."""
    documents = look(
        scope,
        "numbers_in_order",
        rows="""SELECT id, kind, number, issued_at, lag(number) OVER w AS before, lag(issued_at) OVER w AS issued_before
            FROM documents WHERE tenant_id = %(tenant)s
            WINDOW w AS (PARTITION BY entity_id, kind ORDER BY number)""",
        right="number = coalesce(before, 0) + 1 AND issued_at >= coalesce(issued_before, issued_at)",
        tell="""kind || ' ' || number || ' of ' || issued_at || ' comes after ' || coalesce(before, 0) || ' of '
            || coalesce(issued_before::text, '-')""",
    )
    series = look(
        scope,
        "numbers_in_order",
        rows="""SELECT d.entity_id, d.kind, d.last, d.issued_at, s.next_number, s.last_issued_at
            FROM (
                SELECT entity_id, kind, max(number) AS last, max(issued_at) AS issued_at
                FROM documents WHERE tenant_id = %(tenant)s GROUP BY 1, 2
            ) AS d
            FULL JOIN (SELECT * FROM number_series WHERE tenant_id = %(tenant)s) AS s USING (entity_id, kind)""",
        right="""next_number = coalesce(last, 0) + 1
            AND coalesce(last_issued_at >= issued_at, issued_at IS NULL)""",
        tell="""coalesce(kind, 'a series') || ': the next number is ' || coalesce(next_number, 0) || ', the last one given '
            || coalesce(last, 0)""",
    )
    return together("numbers_in_order", documents, series)
