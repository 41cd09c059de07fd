"""Each check notices the one fault that was planted for it, and a clean business has none."""

import pytest

from perennia.analytics import verification
from perennia.analytics.verification import OF_PAYERS, OF_TENANTS, verify
from perennia.analytics.verification.findings import Scope
from perennia.operations import tenants
from tests.analytics.year import stranger
from tests.operations.shop import Shop

ONE_INVOICE = "SELECT id FROM documents WHERE tenant_id = %(tenant)s AND kind = 'invoice' ORDER BY number LIMIT 1"
ONE_LINE = f"(document_id, position) = (({ONE_INVOICE}), 1)"

# check, the fault in SQL, the other checks that see it too
FAULTS = [
    ("parts_tile", "UPDATE item_versions SET billed_through = billed_through + interval '1 day' WHERE {version}", ""),
    (
        "parts_tile",
        """UPDATE billed_spans SET span_start = span_start - interval '1 day' WHERE tenant_id = %(tenant)s
        AND (document_id, position) = (({ONE_INVOICE}), 1)""",
        "parts_have_lines",
    ),
    ("parts_have_lines", "UPDATE billed_spans SET position = 99 WHERE {ONE_LINE}", ""),
    ("lines_explained", "UPDATE lines SET unit_amount = unit_amount + 1 WHERE {ONE_LINE}", ""),
    ("lines_explained", "UPDATE lines SET discount_minor = 7 WHERE {ONE_LINE}", ""),
    ("lines_explained", "UPDATE lines SET calculation = 'no' WHERE {ONE_LINE}", ""),
    ("usage_settled", "UPDATE usage_events SET value = value + 1 WHERE tenant_id = %(tenant)s AND value = 7.5", ""),
    (
        "usage_settled",
        """INSERT INTO usage_settlements (document_id, position, tenant_id, version_id, period_start, quantity, amount_minor,
            kind)
        SELECT document_id, 99, tenant_id, version_id, period_start - interval '10 years', 0, 5, kind
        FROM usage_settlements WHERE tenant_id = %(tenant)s LIMIT 1""",
        "usage_lines_settled",
    ),
    (
        "usage_lines_settled",
        "UPDATE usage_settlements SET quantity = quantity + 1 WHERE tenant_id = %(tenant)s AND kind = 5",
        "",
    ),
    (
        "usage_lines_settled",
        "DELETE FROM usage_settlements WHERE tenant_id = %(tenant)s",
        "usage_settled parts_have_lines",
    ),
    ("metering_known", "UPDATE item_versions SET metering = false WHERE tenant_id = %(tenant)s AND metering", ""),
    ("metering_known", "UPDATE subscriptions SET metering = false WHERE tenant_id = %(tenant)s AND metering", ""),
    (
        "documents_add_up",
        "UPDATE documents SET net_minor = net_minor + 1 WHERE id = ({ONE_INVOICE})",
        "documents_booked receivables_agree accounts_agree",
    ),
    ("tax_rounded_once", "UPDATE lines SET tax_percent = 24 WHERE {ONE_LINE}", ""),
    (
        "tax_rounded_once",
        "UPDATE lines SET tax_minor = tax_minor + 1 WHERE {ONE_LINE}",
        "documents_add_up",
    ),
    (
        "tax_follows_evidence",
        "UPDATE documents SET tax_evidence = jsonb_set(tax_evidence, '{{lines,0,positions}}', '[2]') WHERE {evidence}",
        "",
    ),
    (
        "tax_follows_evidence",
        """UPDATE documents SET buyer_party_id = (SELECT c.party_id FROM customers c WHERE c.tenant_id = %(tenant)s
            AND c.tax_status IS NULL LIMIT 1) WHERE {evidence}""",
        "",
    ),
    (
        "tax_follows_evidence",
        """UPDATE lines SET tax_percent = 25, tax_minor = 1
        WHERE document_id = (SELECT id FROM documents WHERE {evidence})""",
        "documents_add_up tax_rounded_once",
    ),
    (
        "credits_within_charges",
        """UPDATE lines SET net_minor = net_minor - 100000 WHERE tenant_id = %(tenant)s AND kind = 2""",
        "documents_add_up lines_explained revenue_recognised",
    ),
    (
        "numbers_in_order",
        """UPDATE documents SET number = number + 1 WHERE (entity_id, kind, number) = (
            SELECT entity_id, kind, max(number) FROM documents
            WHERE tenant_id = %(tenant)s AND kind = 'invoice' GROUP BY 1, 2)""",
        "",
    ),
    (
        "numbers_in_order",
        """UPDATE documents SET issued_at = issued_at + interval '1 day' WHERE (entity_id, kind, number) IN (
            SELECT entity_id, kind, 3 FROM documents WHERE tenant_id = %(tenant)s AND kind = 'invoice')""",
        "revenue_recognised",
    ),
    (
        "numbers_in_order",
        "UPDATE number_series SET next_number = 1 WHERE tenant_id = %(tenant)s AND kind = 'invoice'",
        "",
    ),
    (
        "receivables_agree",
        """UPDATE receivables SET open_minor = open_minor - 1 WHERE document_id = (
            SELECT document_id FROM receivables WHERE tenant_id = %(tenant)s AND open_minor > 1 ORDER BY 1 LIMIT 1)""",
        "accounts_agree",
    ),
    (
        "receivables_agree",
        """DELETE FROM receivables WHERE document_id = (
            SELECT document_id FROM receivables WHERE tenant_id = %(tenant)s AND state = 'open' AND document_id NOT IN (
                SELECT document_id FROM attempts WHERE document_id IS NOT NULL) ORDER BY 1 LIMIT 1)""",
        "accounts_agree",
    ),
    (
        "payments_spent",
        """ALTER TABLE payments DROP CONSTRAINT payments_refunds;
        UPDATE payments SET refunded_minor = captured_minor + 1 WHERE {payment}""",
        "refunds_within_payments",
    ),
    (
        "payments_spent",
        "UPDATE allocations SET amount_minor = amount_minor + 1 WHERE source_id = (SELECT id FROM payments WHERE {payment})",
        "payments_booked receivables_agree",
    ),
    (
        "credit_notes_spent",
        "UPDATE balance_entries SET source_id = gen_random_uuid() WHERE tenant_id = %(tenant)s AND source = 'credit_note'",
        "documents_booked",
    ),
    ("balances_not_negative", "UPDATE payers SET has_credit = false WHERE tenant_id = %(tenant)s", ""),
    (
        "balances_not_negative",
        """UPDATE balance_entries SET amount_minor = 1
        WHERE tenant_id = %(tenant)s AND source = 'credit_note'""",
        "accounts_agree credit_notes_spent documents_booked",
    ),
    (
        "balance_spent",
        "UPDATE allocations SET source_id = gen_random_uuid() WHERE tenant_id = %(tenant)s AND source = 'balance'",
        "",
    ),
    (
        "one_open_attempt",
        """DROP INDEX attempts_one_open;
        UPDATE attempts SET state = 'unknown' WHERE tenant_id = %(tenant)s AND state = 'failed'""",
        "",
    ),
    (
        "drafts_settled",
        "UPDATE drafts SET expires_at = created_at - interval '2 hours' WHERE {ours} AND state = 'open'",
        "due_again",
    ),
    ("drafts_settled", "UPDATE payers SET has_drafts = false WHERE {ours} AND has_drafts", "due_again"),
    (
        "drafts_settled",
        """UPDATE drafts SET state = 'paid', closed_at = created_at, next_attempt_at = NULL, document_id = ({ONE_INVOICE})
        WHERE {ours} AND state = 'open'""",
        "due_again",
    ),
    ("drafts_settled", "UPDATE changes SET state = 'pending' WHERE {ours} AND state = 'discarded'", ""),
    ("attempts_paid", "UPDATE attempts SET state = 'failed' WHERE {attempt}", ""),
    ("attempts_paid", "UPDATE attempts SET amount_minor = amount_minor + 1 WHERE {attempt}", ""),
    ("attempts_paid", "UPDATE payments SET attempt_id = gen_random_uuid() WHERE {payment}", ""),
    (
        "documents_booked",
        """UPDATE postings SET amount_minor = amount_minor + CASE account WHEN 30 THEN 1 ELSE -1 END
        WHERE transaction_id = ({ONE_INVOICE}) AND account IN (30, 50)""",
        "accounts_agree",
    ),
    (
        "payments_booked",
        """UPDATE postings SET account = 20 WHERE account = 10
        AND transaction_id = (SELECT id FROM payments WHERE {payment})""",
        "accounts_agree",
    ),
    (
        "refunds_within_payments",
        "UPDATE payments SET refunded_minor = refunded_minor + 1 WHERE id IN (SELECT payment_id FROM refunds WHERE {ours})",
        "",
    ),
    (
        "refunds_within_payments",
        "UPDATE refunds SET currency = 'EUR' WHERE {ours}",
        "accounts_agree refunds_booked",
    ),
    (
        "refunds_booked",
        "UPDATE refunds SET from_balance_minor = from_balance_minor + 1 WHERE {ours} AND from_balance_minor < amount_minor",
        "accounts_agree",
    ),
    (
        "refunds_booked",
        "UPDATE balance_entries SET source_id = gen_random_uuid() WHERE {ours} AND source = 'refund'",
        "",
    ),
    ("write_offs_agree", "UPDATE write_offs SET amount_minor = amount_minor + 1 WHERE {ours} AND amount_minor < 0", ""),
    ("write_offs_agree", "UPDATE write_offs SET id = gen_random_uuid() WHERE {ours} AND amount_minor > 0", ""),
    (
        "write_offs_agree",
        "UPDATE receivables SET state = 'open', written_off_at = NULL WHERE {ours} AND state = 'written_off'",
        "accounts_agree",
    ),
    ("grants_agree", "UPDATE credit_grants SET left_minor = left_minor - 1 WHERE {ours} AND left_minor > 0", ""),
    ("grants_agree", "UPDATE payers SET has_grants = false WHERE {ours}", ""),
    (
        "grants_agree",
        "UPDATE credit_grants SET expires_at = granted_at WHERE {ours} AND left_minor < amount_minor",
        "due_again",
    ),
    ("accounts_agree", "UPDATE credit_grants SET kind = 'paid' WHERE {ours} AND kind = 'promotional'", ""),
    ("pending_taken", "UPDATE payers SET has_pending = false WHERE {ours}", ""),
    (
        "pending_taken",
        "UPDATE pending_lines SET document_id = ({ONE_INVOICE}), position = 1 WHERE {ours}",
        "",
    ),
    (
        "credits_within_charges",
        "UPDATE lines SET net_minor = net_minor - 100000 WHERE {ours} AND kind = 9",
        "documents_add_up lines_explained",
    ),
    (
        "ledger_balances",
        "UPDATE postings SET amount_minor = amount_minor + 1 WHERE tenant_id = %(tenant)s AND account = 101",
        "accounts_agree payments_booked",
    ),
    (
        "accounts_agree",
        """INSERT INTO postings (transaction_id, account, currency, amount_minor, at, tenant_id)
        SELECT '00000000-0000-7000-8000-000000000000', account, 'DKK', amount, now(), %(tenant)s
        FROM (VALUES (10, 5), (40, -5)) AS p (account, amount)""",
        "",
    ),
    (
        "revenue_recognised",
        "UPDATE recognitions SET amount_minor = amount_minor + 1 WHERE tenant_id = %(tenant)s AND month = '2025-03-01'",
        "accounts_agree",
    ),
    (
        "revenue_recognised",
        "UPDATE lines SET period_end = period_end + interval '40 days' WHERE {ONE_LINE}",
        "parts_have_lines",
    ),
    (
        "movements_agree",
        "UPDATE movements SET mrr_minor = mrr_minor + 1 WHERE tenant_id = %(tenant)s AND kind = 'churn'",
        "",
    ),
    (
        "movements_agree",
        "UPDATE movements SET kind = 'expansion' WHERE tenant_id = %(tenant)s AND kind = 'new'",
        "",
    ),
    (
        "due_again",
        "UPDATE payers SET next_due_at = next_due_at + interval '1 hour', set_aside_at = now() WHERE tenant_id = %(tenant)s",
        "",
    ),
    ("feed_chained", "DELETE FROM feed WHERE tenant_id = %(tenant)s AND seq = 5", ""),
    ("feed_chained", "UPDATE feed SET type = 'invoice.paid' WHERE tenant_id = %(tenant)s AND seq = 1", ""),
    (
        "feed_chained",
        """INSERT INTO outbox (id, tenant_id, payer_id, type, subject_id, occurred_at, recorded_at)
        SELECT id, tenant_id, payer_id, type, subject_id, occurred_at, recorded_at FROM feed
        WHERE tenant_id = %(tenant)s AND seq = 2""",
        "",
    ),
    (
        "histories_lead_here",
        "UPDATE history SET after = 'trialing' WHERE tenant_id = %(tenant)s AND after = 'canceled'",
        "",
    ),
    ("redemptions_counted", "UPDATE coupons SET redeemed = redeemed + 1 WHERE tenant_id = %(tenant)s", ""),
    ("redemptions_counted", "UPDATE coupon_codes SET redeemed = redeemed + 1 WHERE tenant_id = %(tenant)s", ""),
    (
        "redemptions_counted",
        "UPDATE coupon_redemptions SET state = 'released', released_at = now() WHERE tenant_id = %(tenant)s",
        "",
    ),
    ("references_hold", "UPDATE subscriptions SET customer_id = %(stranger)s WHERE tenant_id = %(tenant)s", ""),
    ("references_hold", "UPDATE documents SET buyer_party_id = gen_random_uuid() WHERE id = ({ONE_INVOICE})", ""),
]
NAMES = {
    "ONE_INVOICE": ONE_INVOICE,
    "ONE_LINE": ONE_LINE,
    "evidence": "tenant_id = %(tenant)s AND tax_evidence IS NOT NULL",
    "version": "id = (SELECT version_id FROM lines WHERE {ONE_LINE})".replace("{ONE_LINE}", ONE_LINE),
    "ours": "tenant_id = %(tenant)s",
    "payment": "id = (SELECT id FROM payments WHERE tenant_id = %(tenant)s ORDER BY id LIMIT 1)",
    "attempt": """id = (SELECT attempt_id FROM payments WHERE tenant_id = %(tenant)s ORDER BY id LIMIT 1)""",
}


def test_a_business_in_which_nothing_is_wrong(shop: Shop):
    found = verify(tenant=tenants.find(shop.slug), now=shop.now)
    assert [finding for finding in found if finding.failed] == []
    assert [finding.name for finding in found if not finding.checked] == []


def test_one_customer_alone(shop: Shop):
    for (payer,) in shop.rows("SELECT id FROM payers ORDER BY id"):
        found = verify(tenant=tenants.find(shop.slug), now=shop.now, payer=payer)
        assert [finding for finding in found if finding.failed] == []
        assert len(found) == len(OF_PAYERS)


@pytest.mark.parametrize(("check", "fault", "others"), FAULTS, ids=lambda value: value[:24])
def test_a_planted_fault_is_noticed(spoiled: Scope, check: str, fault: str, others: str):
    _, customer = stranger()
    for statement in fault.format(**NAMES).split(";"):
        values = {"tenant": spoiled.tenant.id, "stranger": customer} if "%(" in statement else None
        spoiled.cursor.execute(statement.encode(), values)
        assert spoiled.cursor.rowcount, "nothing was planted"
    found = verification.findings(spoiled)
    assert {finding.name for finding in found if finding.failed} == {check, *others.split()}
    assert all(finding.examples for finding in found if finding.failed)
    assert not [example for finding in found for example in finding.examples if "the check broke" in example]


def test_every_check_has_its_fault():
    assert {check for check, _, _ in FAULTS} == {check.__name__ for check in OF_PAYERS + OF_TENANTS}
