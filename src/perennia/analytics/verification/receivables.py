"""Money joined to documents: never more than is due, never more than arrived."""

from perennia.analytics.verification.findings import Found, Scope, look, named, of_payer


def receivables_agree(scope: Scope) -> Found:
    """An invoice has one receivable, a credit note none: due is its total, open is due less what is allocated to it,
    paid is what has nothing open; the balance spent on it is what it says.
    """
    return look(
        scope,
        rows=f"""SELECT coalesce(d.id, r.document_id) AS id, d.kind, d.net_minor + d.tax_minor AS total,
                d.from_balance_minor, r.document_id IS NOT NULL AS receivable, r.due_minor, r.open_minor, r.state,
                r.payer_id = d.payer_id AND r.currency = d.currency AS same, coalesce(a.amount, 0) AS allocated,
                coalesce(a.from_balance, 0) AS from_balance
            FROM (SELECT * FROM documents WHERE tenant_id = %(tenant)s) AS d
            FULL JOIN (SELECT * FROM receivables WHERE tenant_id = %(tenant)s) AS r ON r.document_id = d.id
            LEFT JOIN (
                SELECT document_id, sum(amount_minor) AS amount,
                    sum(amount_minor) FILTER (WHERE source = 'balance') AS from_balance
                FROM allocations WHERE tenant_id = %(tenant)s GROUP BY document_id
            ) AS a ON a.document_id = coalesce(d.id, r.document_id)
            WHERE {of_payer("coalesce(d.payer_id, r.payer_id)")}""",
        right="""CASE WHEN kind = 'credit_note' THEN NOT receivable AND allocated = 0
            ELSE same AND due_minor = total AND open_minor = due_minor - allocated AND open_minor >= 0
                AND (state = 'paid') = (open_minor = 0) AND from_balance = from_balance_minor END""",
        tell=f"""{named("id", "inv")} || ': due ' || coalesce(due_minor::text, '-') || ' of ' || coalesce(total::text, '-')
            || ', allocated ' || allocated || ', open ' || coalesce(open_minor::text, '-') || ', '
            || coalesce(state, 'no receivable')""",
    )


def payments_spent(scope: Scope) -> Found:
    """What a payment captured is allocated to its payer's documents, or in its balance; refunds are within it."""
    return look(
        scope,
        rows=f"""SELECT p.id, p.captured_minor, p.refunded_minor, coalesce(a.amount, 0) AS allocated,
                coalesce(a.others, 0) AS others, coalesce(b.amount, 0) AS entered
            FROM payments p LEFT JOIN (
                SELECT a.source_id, sum(a.amount_minor) AS amount,
                    count(*) FILTER (WHERE (d.payer_id = y.payer_id AND d.currency = y.currency) IS NOT TRUE) AS others
                FROM allocations a JOIN payments y ON y.id = a.source_id LEFT JOIN documents d ON d.id = a.document_id
                WHERE a.tenant_id = %(tenant)s AND a.source = 'payment' GROUP BY a.source_id
            ) AS a ON a.source_id = p.id
            LEFT JOIN (
                SELECT source_id, sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND source = 'payment' GROUP BY source_id
            ) AS b ON b.source_id = p.id
            WHERE p.tenant_id = %(tenant)s AND {of_payer("p.payer_id")}""",
        right="""allocated + entered = captured_minor AND allocated >= 0 AND entered >= 0 AND others = 0
            AND refunded_minor BETWEEN 0 AND captured_minor""",
        tell=f"""{named("id", "pay")} || ' captured ' || captured_minor || ', refunded ' || refunded_minor || ', allocated '
            || allocated || ' (' || others || ' to others), to the balance ' || entered""",
    )


def credit_notes_spent(scope: Scope) -> Found:
    """A credit note's total lowers what is open on its payer's invoices, and the rest is in the payer's balance."""
    return look(
        scope,
        rows=f"""SELECT d.id, -(d.net_minor + d.tax_minor) AS total, coalesce(a.amount, 0) AS allocated,
                coalesce(a.others, 0) AS others, coalesce(b.amount, 0) AS entered
            FROM documents d LEFT JOIN (
                SELECT a.source_id, sum(a.amount_minor) AS amount,
                    count(*) FILTER (WHERE (i.payer_id = n.payer_id AND i.currency = n.currency) IS NOT TRUE) AS others
                FROM allocations a JOIN documents n ON n.id = a.source_id LEFT JOIN documents i ON i.id = a.document_id
                WHERE a.tenant_id = %(tenant)s AND a.source = 'credit_note' GROUP BY a.source_id
            ) AS a ON a.source_id = d.id
            LEFT JOIN (
                SELECT source_id, sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND source = 'credit_note' GROUP BY source_id
            ) AS b ON b.source_id = d.id
            WHERE d.tenant_id = %(tenant)s AND d.kind = 'credit_note' AND {of_payer("d.payer_id")}""",
        right="allocated + entered = total AND allocated >= 0 AND entered >= 0 AND others = 0",
        tell=f"""{named("id", "inv")} || ' gives back ' || total || ', lowers invoices by ' || allocated || ' ('
            || others || ' of others), to the balance ' || entered""",
    )


def balances_not_negative(scope: Scope) -> Found:
    """A payer's credit balance is the sum of its entries, never below zero, and the run is told that there is one."""
    return look(
        scope,
        rows=f"""SELECT b.payer_id, b.currency, b.amount, p.has_credit FROM (
                SELECT payer_id, entity_id, currency, sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND {of_payer("payer_id")} GROUP BY 1, 2, 3
            ) AS b LEFT JOIN payers p ON p.id = b.payer_id""",
        right="amount = 0 OR amount > 0 AND has_credit",
        tell=f"""{named("payer_id", "cus")} || ' has a balance of ' || amount || ' ' || currency
            || CASE WHEN has_credit THEN '' ELSE ', which the run does not look for' END""",
    )


def balance_spent(scope: Scope) -> Found:
    """What is spent of a balance settles one invoice of the same payer, entity and currency by the same amount."""
    return look(
        scope,
        rows=f"""SELECT coalesce(b.id, a.source_id) AS id, coalesce(b.payer_id, d.payer_id) AS payer_id,
                b.amount_minor, a.amount_minor AS allocated, d.payer_id = b.payer_id AND d.entity_id = b.entity_id
                AND d.currency = b.currency AND d.id = b.source_id AS same
            FROM (SELECT * FROM balance_entries WHERE tenant_id = %(tenant)s AND source = 'balance') AS b
            FULL JOIN (SELECT * FROM allocations WHERE tenant_id = %(tenant)s AND source = 'balance') AS a
                ON a.source_id = b.id
            LEFT JOIN documents d ON d.id = a.document_id
            WHERE {of_payer("coalesce(b.payer_id, d.payer_id)")}""",
        right="allocated = -amount_minor AND same",
        tell=f"""'entry ' || id || ' of ' || {named("payer_id", "cus")} || ' takes ' || coalesce(-amount_minor, 0)
            || ' from the balance, ' || coalesce(allocated, 0) || ' settle an invoice'""",
    )
