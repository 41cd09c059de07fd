"""Everything derived anew and compared. A check is one function from a scope to what it found; `docs/verify.md` lists them.

All of them see the same instant. None changes a row, waits for anybody or is waited for.
"""

from collections.abc import Callable
from datetime import datetime

from perennia.analytics.verification import (
    corrections,
    coupons,
    documents,
    drafts,
    due,
    events,
    ledger,
    lines,
    movements,
    payments,
    receivables,
    references,
    spans,
    usage,
)
from perennia.analytics.verification.findings import Check, Finding, Scope
from perennia.domain.ids import Id
from perennia.store.reads import sellers
from perennia.store.reads.sellers import Tenant
from perennia.store.session import snapshot

OF_PAYERS: tuple[Check, ...] = (
    spans.parts_tile,
    spans.parts_have_lines,
    lines.lines_explained,
    usage.usage_settled,
    usage.usage_lines_settled,
    usage.metering_known,
    documents.documents_add_up,
    documents.tax_rounded_once,
    documents.tax_follows_evidence,
    documents.credits_within_charges,
    receivables.receivables_agree,
    receivables.payments_spent,
    receivables.credit_notes_spent,
    receivables.balances_not_negative,
    receivables.balance_spent,
    payments.one_open_attempt,
    payments.attempts_paid,
    drafts.drafts_settled,
    ledger.documents_booked,
    ledger.payments_booked,
    corrections.refunds_within_payments,
    corrections.refunds_booked,
    corrections.write_offs_agree,
    corrections.grants_agree,
    corrections.pending_taken,
    movements.movements_agree,
    due.due_again,
    events.histories_lead_here,
)
"""Checks that can be asked for one payer."""

OF_TENANTS: tuple[Check, ...] = (
    documents.numbers_in_order,
    ledger.ledger_balances,
    ledger.accounts_agree,
    ledger.revenue_recognised,
    events.feed_chained,
    references.references_hold,
    coupons.redemptions_counted,
)
"""Checks that only make sense for all rows of a tenant."""


def verify(
    *, tenant: Tenant, now: datetime, payer: Id | None = None, begun: Callable[[str], None] | None = None
) -> list[Finding]:
    """Run all checks, or for one payer those that can be; `now` is business time, `begun` is told each check's name."""
    with snapshot(tenant.id) as cursor:
        scope = Scope(cursor, tenant, sellers.seller(cursor, tenant=tenant), now, payer)
        return findings(scope, begun=begun)


def findings(scope: Scope, *, begun: Callable[[str], None] | None = None) -> list[Finding]:
    """What the checks find in an open transaction."""
    checks = OF_PAYERS if scope.payer is not None else OF_PAYERS + OF_TENANTS
    try:
        with scope.cursor.connection.transaction():
            return [Finding.of(check, _begun(check, begun)(scope)) for check in checks]
    except Exception:  # one of them broke: each on its own, so that the others are made and this one is told of
        return [_made(_begun(check, begun), scope) for check in checks]


def _begun(check: Check, begun: Callable[[str], None] | None) -> Check:
    if begun is not None:
        begun(check.__name__)
    return check


def _made(check: Check, scope: Scope) -> Finding:
    """The finding of a check; one that broke on the rows it met is a finding too, and the others go on."""
    try:
        with scope.cursor.connection.transaction():
            return Finding.of(check, check(scope))
    except Exception as error:
        return Finding(check.__name__, 0, 1, (f"the check broke: {type(error).__name__}: {error}",))
