"""The books: transactions balance, documents and payments are booked as they are, accounts equal what they stand for."""

from datetime import date
from itertools import chain

from perennia.analytics.verification.findings import Found, Scope, Tally, look, named, of_payer, together
from perennia.domain.calendar import first_of_month, local_date, next_month
from perennia.domain.decision import Account
from perennia.domain.ledger import earned

_SIDES = """SELECT transaction_id, min(currency) AS currency, max(currency) AS other_currency,
        coalesce(sum(amount_minor) FILTER (WHERE account = 10), 0) AS receivable,
        coalesce(sum(amount_minor) FILTER (WHERE account = 20), 0) AS credit,
        coalesce(sum(amount_minor) FILTER (WHERE account = 30), 0) AS deferred,
        coalesce(sum(amount_minor) FILTER (WHERE account = 50), 0) AS tax,
        coalesce(sum(amount_minor) FILTER (WHERE account >= 100), 0) AS cash,
        coalesce(sum(amount_minor) FILTER (WHERE account = 90), 0) AS rounding,
        count(*) FILTER (WHERE account NOT IN (10, 20, 30, 50, 90) AND account < 100) AS others
    FROM postings WHERE tenant_id = %(tenant)s GROUP BY transaction_id"""


def ledger_balances(scope: Scope) -> Found:
    """The postings of each transaction sum to zero in each currency."""
    return look(
        scope,
        rows="""SELECT transaction_id, currency, sum(amount_minor) AS total FROM postings
            WHERE tenant_id = %(tenant)s GROUP BY 1, 2""",
        right="total = 0",
        tell="'transaction ' || transaction_id || ' is off by ' || total || ' ' || currency",
    )


def documents_booked(scope: Scope) -> Found:
    """A document's postings: receivable and credit balance come to its total, deferred revenue to its net, tax to its tax,
    what cash is rounded by apart; the credit balance moves by its balance entry.
    """
    return look(
        scope,
        rows=f"""SELECT d.id, d.currency, d.net_minor, d.tax_minor, d.from_balance_minor, d.kind,
                coalesce(p.receivable, 0) AS receivable, coalesce(p.credit, 0) AS credit,
                coalesce(p.deferred, 0) AS deferred, coalesce(p.tax, 0) AS tax, coalesce(p.cash, 0) AS cash,
                coalesce(p.rounding, 0) AS rounding, coalesce(r.amount, 0) AS rounded,
                coalesce(p.others, 0) AS others, coalesce(p.currency, d.currency) AS booked,
                coalesce(p.other_currency, d.currency) AS also_booked, coalesce(b.amount, 0) AS entered
            FROM documents d LEFT JOIN ({_SIDES}) AS p ON p.transaction_id = d.id
            LEFT JOIN (
                SELECT source_id, sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND source IN ('balance', 'credit_note') GROUP BY source_id
            ) AS b ON b.source_id = d.id
            LEFT JOIN (
                SELECT document_id, sum(net_minor) AS amount FROM lines WHERE tenant_id = %(tenant)s AND kind = 7
                GROUP BY document_id
            ) AS r ON r.document_id = d.id
            WHERE d.tenant_id = %(tenant)s AND {of_payer("d.payer_id")}""",
        right="""receivable + credit = net_minor + tax_minor AND deferred = rounded - net_minor AND tax = -tax_minor
            AND rounding = -rounded AND cash = 0
            AND others = 0 AND booked = currency AND also_booked = currency AND credit = -entered
            AND (kind <> 'invoice' OR credit = from_balance_minor)""",
        tell=f"""{named("id", "inv")} || ' of ' || net_minor || ' + ' || tax_minor || ' tax is booked as receivable '
            || receivable || ', credit ' || credit || ', deferred ' || deferred || ', tax ' || tax""",
    )


def payments_booked(scope: Scope) -> Found:
    """A payment's postings: cash as captured, against the receivables it is allocated to, the rest to the credit balance."""
    return look(
        scope,
        rows=f"""SELECT y.id, y.currency, y.captured_minor, coalesce(p.cash, 0) AS cash, p.currency AS booked,
                p.other_currency, p.others + (p.rounding <> 0)::int AS others,
                coalesce(p.receivable, 0) AS receivable, coalesce(p.credit, 0) AS credit,
                coalesce(p.deferred, 0) AS deferred, coalesce(p.tax, 0) AS tax,
                coalesce(a.amount, 0) AS allocated, coalesce(b.amount, 0) AS entered
            FROM payments y LEFT JOIN ({_SIDES}) AS p ON p.transaction_id = y.id
            LEFT JOIN (
                SELECT source_id, sum(amount_minor) AS amount FROM allocations
                WHERE tenant_id = %(tenant)s AND source = 'payment' GROUP BY source_id
            ) AS a ON a.source_id = y.id
            LEFT JOIN (
                SELECT source_id, sum(amount_minor) AS amount FROM balance_entries
                WHERE tenant_id = %(tenant)s AND source = 'payment' GROUP BY source_id
            ) AS b ON b.source_id = y.id
            WHERE y.tenant_id = %(tenant)s AND {of_payer("y.payer_id")}""",
        right="""cash = captured_minor AND receivable = -allocated AND credit = -entered AND deferred = 0 AND tax = 0
            AND booked = currency AND other_currency = currency AND others = 0""",
        tell=f"""{named("id", "pay")} || ' of ' || captured_minor || ' with ' || allocated || ' allocated is booked as cash '
            || cash || ', receivable ' || receivable || ', credit ' || credit""",
    )


def accounts_agree(scope: Scope) -> Found:
    """Each account of the ledger equals what it stands for: open receivables, balances, deferred net, tax, cash, revenue,
    refunds, write-offs, credit granted and expired.
    """
    tally = Tally()
    booked = {(account, currency): amount for account, currency, amount in scope.ask(_BOOKED)}
    derived = {(account, currency): amount for account, currency, amount in scope.ask(_DERIVED)}
    for account, currency in sorted(booked.keys() | derived.keys()):
        found, expected = booked.get((account, currency), 0), derived.get((account, currency), 0)
        name = Account(account).name.lower() if account in list(Account) else str(account)
        tally.note(
            None if found == expected else f"account {name} in {currency} holds {found}, its rows come to {expected}"
        )
    return tally.found()


_BOOKED = """SELECT least(account, 100)::int, currency, sum(amount_minor)::bigint FROM postings
    WHERE tenant_id = %(tenant)s GROUP BY 1, 2 ORDER BY 1, 2"""

_DERIVED = """SELECT account, currency, sum(amount)::bigint FROM (
        SELECT CASE state WHEN 'written_off' THEN 70 ELSE 10 END AS account, currency, open_minor AS amount
            FROM receivables WHERE tenant_id = %(tenant)s
        UNION ALL SELECT 20, currency, -amount_minor FROM balance_entries WHERE tenant_id = %(tenant)s
        UNION ALL SELECT 30, currency, -net_minor FROM documents WHERE tenant_id = %(tenant)s
        UNION ALL SELECT unnest(ARRAY[30, 90]), d.currency, unnest(ARRAY[l.net_minor, -l.net_minor])
            FROM lines l JOIN documents d ON d.id = l.document_id WHERE l.tenant_id = %(tenant)s AND l.kind = 7
        UNION ALL SELECT 30, currency, amount_minor FROM recognitions WHERE tenant_id = %(tenant)s
        UNION ALL SELECT 40, currency, -amount_minor FROM recognitions WHERE tenant_id = %(tenant)s
        UNION ALL SELECT 50, currency, -tax_minor FROM documents WHERE tenant_id = %(tenant)s
        UNION ALL SELECT 100, currency, captured_minor FROM payments WHERE tenant_id = %(tenant)s
        UNION ALL SELECT CASE state WHEN 'created' THEN 61 ELSE 100 END, currency, -amount_minor FROM refunds
            WHERE tenant_id = %(tenant)s AND state <> 'failed'
        UNION ALL SELECT 60, currency, amount_minor - from_balance_minor FROM refunds
            WHERE tenant_id = %(tenant)s AND state <> 'failed'
        UNION ALL SELECT CASE kind WHEN 'paid' THEN 100 ELSE 80 END, currency, amount_minor FROM credit_grants
            WHERE tenant_id = %(tenant)s
        UNION ALL SELECT CASE g.kind WHEN 'paid' THEN 81 ELSE 80 END, b.currency, b.amount_minor
            FROM balance_entries b JOIN credit_grants g ON g.id = b.grant_id
            WHERE b.tenant_id = %(tenant)s AND b.source = 'expiry'
        UNION ALL SELECT 100, currency, amount_minor FROM balance_entries
            WHERE tenant_id = %(tenant)s AND source = 'import'
    ) AS sides GROUP BY 1, 2 ORDER BY 1, 2"""


def revenue_recognised(scope: Scope) -> Found:
    """The revenue booked for each month is what its lines earn in it, worked out anew from lines and days; without a gap."""
    tally = Tally()
    booked: dict[str, dict[date, int]] = {}
    rows = scope.ask(
        "SELECT currency, month, amount_minor FROM recognitions WHERE tenant_id = %(tenant)s ORDER BY month, currency"
    )
    for currency, month, amount in rows:
        booked.setdefault(currency, {})[month] = amount
    if not rows:
        return tally.found()
    first, last = rows[0][1], rows[-1][1]
    expected = _earned_by_month(scope, until=next_month(last))
    for currency in sorted(booked.keys() | {currency for currency, _ in expected} | {scope.tenant.currency}):
        month = first
        while month <= last:
            found, due = booked.get(currency, {}).get(month), expected.get((currency, month), 0)
            problem = f"{month:%Y-%m}: booked {found} {currency}, the lines come to {due}"
            missing = found is None and (due != 0 or currency == scope.tenant.currency)
            tally.note(problem if missing or (found or 0) != due else None)
            month = next_month(month)
    return together(tally.found(), _recognitions_posted(scope))


def _earned_by_month(scope: Scope, *, until: date) -> dict[tuple[str, date], int]:
    """By currency and month in which it is booked; lines issued from `until` on are left out."""
    found: dict[tuple[str, date], int] = {}
    zone = scope.tenant.zone
    batches = scope.stream(
        "lines_alike",
        """SELECT d.currency, date_trunc('month', d.issued_at AT TIME ZONE %(zone)s)::date, l.period_start, l.period_end,
            l.net_minor, count(*)
        FROM documents d JOIN lines l ON l.document_id = d.id
        WHERE d.tenant_id = %(tenant)s AND l.kind <> 7
        AND date_trunc('month', d.issued_at AT TIME ZONE %(zone)s)::date < %(until)s
        GROUP BY 1, 2, 3, 4, 5""",
        until=until,
    )
    for currency, issued_month, start, end, net, count in chain.from_iterable(batches):
        starts, days = local_date(start, zone), (local_date(end, zone) - local_date(start, zone)).days
        month, before = max(issued_month, first_of_month(start, zone)), 0
        while month < until and before != net:
            so_far = earned(net_minor=net, days=days, elapsed=(next_month(month) - starts).days)
            found[currency, month] = found.get((currency, month), 0) + count * (so_far - before)
            before, month = so_far, next_month(month)
    return found


def _recognitions_posted(scope: Scope) -> Found:
    return look(
        scope,
        rows="""SELECT r.month, r.currency, r.amount_minor, coalesce(p.amount, 0) AS posted
            FROM recognitions r LEFT JOIN (
                SELECT transaction_id, currency, -sum(amount_minor) AS amount FROM postings
                WHERE tenant_id = %(tenant)s AND account = 40 GROUP BY 1, 2
            ) AS p ON p.transaction_id = r.transaction_id AND p.currency = r.currency
            WHERE r.tenant_id = %(tenant)s""",
        right="posted = amount_minor",
        tell="month || ': ' || amount_minor || ' ' || currency || ' are recognised, ' || posted || ' are in the ledger'",
    )
