"""What a row refers to exists, and belongs to the same tenant."""

from perennia.analytics.verification.findings import Found, Scope, look, together

# table, what names a row of it, and column -> the table it refers to. Empty references are none.
REFERENCES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("legal_entities", "id", {"party_id": "parties"}),
    ("plans", "id", {"product_id": "products"}),
    ("add_ons", "id", {"product_id": "products"}),
    ("prices", "id", {"plan_id": "plans", "add_on_id": "add_ons"}),
    ("customers", "id", {"payer_id": "payers", "party_id": "parties"}),
    ("payment_methods", "id", {"customer_id": "customers"}),
    ("subscriptions", "id", {"customer_id": "customers", "payer_id": "payers", "entity_id": "legal_entities"}),
    ("items", "id", {"subscription_id": "subscriptions"}),
    ("item_versions", "id", {"subscription_id": "subscriptions", "item_id": "items", "price_id": "prices"}),
    (
        "subscription_discounts",
        "id",
        {"subscription_id": "subscriptions", "coupon_id": "coupons", "redemption_id": "coupon_redemptions"},
    ),
    ("coupon_codes", "code", {"coupon_id": "coupons"}),
    (
        "coupon_redemptions",
        "id",
        {"coupon_id": "coupons", "customer_id": "customers", "subscription_id": "subscriptions"},
    ),
    (
        "customer_discounts",
        "id",
        {"customer_id": "customers", "coupon_id": "coupons", "redemption_id": "coupon_redemptions"},
    ),
    ("consents", "id", {"customer_id": "customers"}),
    ("remembered_trials", "product_id", {"product_id": "products"}),
    ("number_series", "id", {"entity_id": "legal_entities"}),
    (
        "documents",
        "id",
        {
            "payer_id": "payers",
            "entity_id": "legal_entities",
            "buyer_party_id": "parties",
            "seller_party_id": "parties",
        },
    ),
    (
        "lines",
        "document_id",
        {
            "document_id": "documents",
            "subscription_id": "subscriptions",
            "version_id": "item_versions",
            "credits_document_id": "documents",
        },
    ),
    ("billed_spans", "version_id", {"version_id": "item_versions", "document_id": "documents"}),
    ("allocations", "source_id", {"document_id": "documents"}),
    (
        "balance_entries",
        "id",
        {"payer_id": "payers", "entity_id": "legal_entities", "grant_id": "credit_grants"},
    ),
    ("credit_grants", "id", {"payer_id": "payers", "entity_id": "legal_entities"}),
    (
        "pending_lines",
        "id",
        {
            "payer_id": "payers",
            "customer_id": "customers",
            "entity_id": "legal_entities",
            "subscription_id": "subscriptions",
            "document_id": "documents",
        },
    ),
    ("write_offs", "id", {"payer_id": "payers", "document_id": "receivables"}),
    ("refunds", "id", {"payment_id": "payments", "payer_id": "payers"}),
    (
        "attempts",
        "id",
        {"document_id": "receivables", "draft_id": "drafts", "payer_id": "payers", "method_id": "payment_methods"},
    ),
    (
        "drafts",
        "id",
        {
            "payer_id": "payers",
            "subscription_id": "subscriptions",
            "change_id": "changes",
            "entity_id": "legal_entities",
            "document_id": "receivables",
        },
    ),
    ("payments", "id", {"payer_id": "payers", "entity_id": "legal_entities"}),
    ("movements", "subscription_id", {"subscription_id": "subscriptions"}),
)
_KEYS = {"receivables": "document_id"}


def references_hold(scope: Scope) -> Found:
    """Every reference leads to a row of the same tenant."""
    return together(*(_of(scope, *reference) for reference in REFERENCES))


def _of(scope: Scope, table: str, key: str, columns: dict[str, str]) -> Found:
    """One pass over a table, with all that it refers to beside it."""
    joins = " ".join(
        f"LEFT JOIN (SELECT {_KEYS.get(target, 'id')} AS id FROM {target} WHERE tenant_id = %(tenant)s) AS r{n}"
        f" ON r{n}.id = t.{column}"
        for n, (column, target) in enumerate(columns.items())
    )
    lost = [f"(t.{column} IS NOT NULL AND r{n}.id IS NULL)" for n, column in enumerate(columns)]
    names = ", ".join(
        f"CASE WHEN {one} THEN '{column} ' || t.{column} END" for one, column in zip(lost, columns, strict=True)
    )
    return look(
        scope,
        rows=f"""SELECT t.{key} AS key, concat_ws(', ', {names}) AS lost
            FROM {table} t {joins} WHERE t.tenant_id = %(tenant)s""",
        right="lost = ''",
        tell=f"'{table} ' || key || ' refers to what this tenant has not: ' || lost",
    )
