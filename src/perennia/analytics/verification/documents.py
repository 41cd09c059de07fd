"""Documents against their lines, their numbers and their tax."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer, together

_TELL = named("id", "inv")


def documents_add_up(scope: Scope) -> Found:
    """A document's net and tax are the sums of its lines, which are numbered from 1 and in its currency."""
    return look(
        scope,
        rows=f"""SELECT d.id, d.kind, d.net_minor, d.tax_minor, l.*
            FROM documents d LEFT JOIN (
                SELECT l.document_id, count(*) AS n, min(l.position) AS first, max(l.position) AS last,
                    sum(l.net_minor) AS net, sum(l.tax_minor) AS tax,
                    min(s.currency) AS line_currency, max(s.currency) AS other_currency
                FROM lines l LEFT JOIN subscriptions s ON s.id = l.subscription_id
                WHERE l.tenant_id = %(tenant)s GROUP BY l.document_id
            ) AS l ON l.document_id = d.id AND coalesce(l.line_currency, d.currency) = d.currency
            WHERE d.tenant_id = %(tenant)s AND {of_payer("d.payer_id")}""",
        right="""first = 1 AND last = n AND line_currency IS NOT DISTINCT FROM other_currency
            AND net = net_minor AND tax = tax_minor
            AND (kind = 'invoice') = (net_minor + tax_minor >= 0)""",
        tell=f"""{_TELL} || ' says ' || net_minor || ' + ' || tax_minor || ' tax, its ' || coalesce(n, 0)
            || ' lines come to ' || coalesce(net, 0) || ' + ' || coalesce(tax, 0)""",
    )


# Which lines a document's evidence speaks of. Without evidence all is as usual.
_SAID = """SELECT d.id AS document_id, p.position::int AS position, said, d.tax_evidence, d.buyer_party_id
            FROM documents d, jsonb_array_elements(d.tax_evidence -> 'lines') AS said,
                jsonb_array_elements_text(said -> 'positions') AS p (position)
            WHERE d.tenant_id = %(tenant)s AND d.tax_evidence IS NOT NULL"""


def tax_rounded_once(scope: Scope) -> Found:
    """The tax of a document's charges at one rate is that rate of their sum, rounded once, half away from zero.

    Where the evidence says so, each line is rounded alone, or halves go to the even neighbour.
    """
    return look(
        scope,
        rows=f"""SELECT g.document_id AS id, g.tax_percent, g.tax, sign(g.amount) * (
                div(2 * abs(g.amount) * g.tax_percent + g.whole, 2 * g.whole)
                - CASE WHEN g.mode = 'half_even' AND mod(2 * abs(g.amount) * g.tax_percent + g.whole, 2 * g.whole) = 0
                    THEN mod(div(2 * abs(g.amount) * g.tax_percent + g.whole, 2 * g.whole), 2) ELSE 0 END
            ) AS expected
            FROM (
                SELECT l.document_id, l.tax_percent, s.said ->> 'mode' AS mode, sum(l.tax_minor) AS tax,
                    sum(CASE WHEN l.tax_inclusive THEN l.net_minor + l.tax_minor ELSE l.net_minor END) AS amount,
                    100 + CASE WHEN l.tax_inclusive THEN l.tax_percent ELSE 0 END AS whole
                FROM lines l LEFT JOIN ({_SAID}) AS s USING (document_id, position)
                WHERE l.tenant_id = %(tenant)s AND l.credits_document_id IS NULL
                GROUP BY l.document_id, l.tax_percent, l.tax_inclusive, s.said ->> 'rounding', s.said ->> 'mode',
                    CASE WHEN s.said ->> 'rounding' = 'line' THEN l.position END
            ) AS g
            WHERE %(payer)s::uuid IS NULL OR g.document_id IN (
                SELECT id FROM documents WHERE tenant_id = %(tenant)s AND payer_id = %(payer)s
            )""",
        right="tax = expected",
        tell=f"{_TELL} || ' has ' || tax || ' tax at ' || tax_percent || ' percent, not ' || expected",
    )


def tax_follows_evidence(scope: Scope) -> Found:
    """Each charge of a document with evidence is named in it once, at its rate; what is not taxed has no tax.

    Reverse charge needs the buyer's tax number, an exemption its reason, both on the frozen buyer.
    """
    return look(
        scope,
        rows=f"""SELECT d.id, l.position, l.tax_percent, l.tax_minor, s.n, s.said, d.tax_evidence ->> 'status' AS status,
                b.content
            FROM documents d JOIN parties b ON b.id = d.buyer_party_id
            LEFT JOIN (
                SELECT * FROM lines WHERE tenant_id = %(tenant)s AND credits_document_id IS NULL AND kind <> 7
            ) AS l ON l.document_id = d.id
            FULL JOIN (
                SELECT document_id, position, count(*) AS n, min(said::text)::jsonb AS said FROM ({_SAID}) AS s GROUP BY 1, 2
            ) AS s ON s.document_id = d.id AND s.position = l.position
            WHERE d.id IS NULL OR d.tenant_id = %(tenant)s AND d.tax_evidence IS NOT NULL AND {of_payer("d.payer_id")}""",
        right="""n = 1 AND (said ->> 'percent')::numeric = tax_percent
            AND CASE said ->> 'category' WHEN 'standard' THEN true
                WHEN 'reverse_charge' THEN tax_minor = 0 AND status = 'reverse_charge' AND content ? 'tax_id'
                WHEN 'exempt' THEN tax_minor = 0 AND status = 'exempt' AND content ? 'exempt_reason'
                ELSE tax_minor = 0 AND tax_percent = 0 END""",
        tell=f"""'line ' || coalesce(position, 0) || ' of ' || coalesce({named("id", "inv")}, '?') || ' has ' ||
            coalesce(tax_minor, 0) || ' tax, its evidence says ' || coalesce(said::text, 'nothing')""",
    )


def credits_within_charges(scope: Scope) -> Found:
    """What is credited on a line is at most what it charged, net and tax, at its rate, to its payer or to one after it."""
    return look(
        scope,
        rows=f"""SELECT c.credits_document_id AS id, c.credits_position AS position, l.net_minor, l.tax_minor, c.net, c.tax,
                l.credits_document_id AS gives_back, l.kind, c.percents, c.percent, l.tax_percent, c.strangers
            FROM (
                SELECT c.credits_document_id, c.credits_position, -sum(c.net_minor) AS net, -sum(c.tax_minor) AS tax,
                    count(DISTINCT c.tax_percent) AS percents, min(c.tax_percent) AS percent,
                    count(*) FILTER (WHERE NOT (n.payer_id = o.payer_id OR EXISTS (
                        SELECT 1 FROM subscriptions s JOIN history h ON h.subject_id = s.customer_id
                        WHERE s.id = c.subscription_id AND h.change = 'customer.payer'
                        AND h.after = 'cus_' || replace(n.payer_id::text, '-', '') AND h.at <= n.issued_at
                    ))) AS strangers
                FROM lines c JOIN documents n ON n.id = c.document_id
                LEFT JOIN documents o ON o.id = c.credits_document_id
                WHERE c.tenant_id = %(tenant)s AND c.credits_document_id IS NOT NULL GROUP BY 1, 2
            ) AS c
            LEFT JOIN lines l ON l.document_id = c.credits_document_id AND l.position = c.credits_position
            LEFT JOIN documents d ON d.id = c.credits_document_id
            WHERE {of_payer("d.payer_id")}""",
        right="""kind IS NOT NULL AND gives_back IS NULL AND percents = 1 AND percent = tax_percent AND strangers = 0
            AND net * sign(net_minor) BETWEEN 0 AND abs(net_minor)
            AND tax * sign(tax_minor) BETWEEN 0 AND abs(tax_minor)
            AND (net_minor <> 0 OR net = 0) AND (tax_minor <> 0 OR tax = 0)""",
        tell=f"""'line ' || position || ' of ' || {named("id", "inv")} || ' charged ' || net_minor || ' + ' || tax_minor
            || ' tax, credited are ' || net || ' + ' || tax""",
    )


def numbers_in_order(scope: Scope) -> Found:
    """Numbers run 1..N in each series, in order of issue and within its year, and the series gives N + 1 next."""
    documents = look(
        scope,
        rows="""SELECT id, kind, number, issued_at, lag(number) OVER w AS before, lag(issued_at) OVER w AS issued_before,
                series_year
            FROM documents WHERE tenant_id = %(tenant)s
            WINDOW w AS (PARTITION BY entity_id, kind, series_year ORDER BY number)""",
        right="""number = coalesce(before, 0) + 1 AND issued_at >= coalesce(issued_before, issued_at)
            AND series_year IN (0, extract(year FROM issued_at AT TIME ZONE %(zone)s))""",
        tell="""kind || ' ' || number || ' of ' || issued_at || ' comes after ' || coalesce(before, 0) || ' of '
            || coalesce(issued_before::text, '-')""",
    )
    series = look(
        scope,
        rows="""SELECT d.entity_id, d.kind, d.last, d.issued_at, s.next_number, s.last_issued_at
            FROM (
                SELECT entity_id, kind, series_year AS year, max(number) AS last, max(issued_at) AS issued_at
                FROM documents WHERE tenant_id = %(tenant)s GROUP BY 1, 2, 3
            ) AS d
            FULL JOIN (SELECT * FROM number_series WHERE tenant_id = %(tenant)s) AS s USING (entity_id, kind, year)""",
        right="""next_number = coalesce(last, 0) + 1
            AND coalesce(last_issued_at >= issued_at, issued_at IS NULL)""",
        tell="""coalesce(kind, 'a series') || ': the next number is ' || coalesce(next_number, 0) || ', the last one given '
            || coalesce(last, 0)""",
    )
    return together(documents, series)
