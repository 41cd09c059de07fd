"""What a business's books say, told without keys: two that lived alike say the same. And whether `verify` agrees."""

from collections import Counter
from typing import Any

from perennia.analytics.verification import verify
from perennia.operations import tenants
from tests.operations.shop import Shop

Told = dict[str, list[tuple[Any, ...]]]

_TOLD = {
    "documents": """SELECT p.name, d.kind, d.due_at, d.issued_at, d.pay_by, d.net_minor, d.tax_minor,
            d.from_balance_minor, r.state, r.open_minor, r.first_failed_at, r.next_attempt_at
        FROM documents d JOIN customers p ON p.id = d.payer_id LEFT JOIN receivables r ON r.document_id = d.id""",
    "lines": """SELECT p.name, d.due_at, l.description, l.period_start, l.period_end, l.net_minor, l.tax_minor
        FROM lines l JOIN documents d ON d.id = l.document_id JOIN customers p ON p.id = d.payer_id""",
    "attempts": """SELECT p.name, a.created_at, a.amount_minor, a.state, a.decline_code
        FROM attempts a JOIN customers p ON p.id = a.payer_id""",
    "payments": """SELECT p.name, m.at, m.captured_minor, m.currency
        FROM payments m JOIN customers p ON p.id = m.payer_id""",
    "balance": """SELECT p.name, b.at, b.amount_minor, b.source
        FROM balance_entries b JOIN customers p ON p.id = b.payer_id""",
    "movements": """SELECT p.name, m.effective_at, m.kind, m.mrr_minor, m.cause
        FROM movements m JOIN subscriptions s ON s.id = m.subscription_id JOIN customers p ON p.id = s.customer_id""",
    "history": """SELECT p.name, h.at, h.change, h.before, h.after, h.reason
        FROM history h LEFT JOIN customers p ON p.id = h.payer_id""",
    "postings": "SELECT at, account, sum(amount_minor)::bigint FROM postings GROUP BY at, account",
    "revenue": "SELECT month, currency, amount_minor FROM recognitions",
    "feed": """SELECT p.name, f.type, f.occurred_at FROM feed f LEFT JOIN customers p ON p.id = f.payer_id""",
    "waiting": "SELECT type FROM outbox",
    "numbers": "SELECT kind, array_agg(number ORDER BY number) FROM documents GROUP BY kind",
}


def told(shop: Shop) -> Told:
    """Every table of a business as rows in an order of their own, by its customers' names."""
    return {name: sorted(shop.rows(query), key=repr) for name, query in _TOLD.items()}


def differences(one: Told, other: Told) -> list[str]:
    """What only one of two businesses says: `-` the first, `+` the other; nothing where they lived alike."""
    found = []
    for name in one:
        ours, theirs = Counter(map(repr, one[name])), Counter(map(repr, other[name]))
        found += [f"- {name}: {row}" for row in (ours - theirs).elements()]
        found += [f"+ {name}: {row}" for row in (theirs - ours).elements()]
    return found


def wrong(shop: Shop) -> list[str]:
    """What `verify` finds; nothing where the books agree. It must have looked at something."""
    findings = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert sum(finding.checked for finding in findings) > 0
    return [f"{finding.name}: {finding.examples}" for finding in findings if finding.failed]
