"""What a look ahead makes of a decision: every part of it, and of the facts, is accounted for."""

from dataclasses import fields

from perennia.domain.decision import Decision
from perennia.domain.discounts import Discount
from perennia.domain.facts import Item, Pause, Payer, Settled, Subscription, Version

TAKEN_IN = {
    "documents", "settled", "cuts", "stretches", "begun", "ended", "changes", "moved_changes", "pauses", "dates", "moves",
    "allocations", "balance", "discounts", "taken", "dropped", "usage", "free", "closed",
    "pauses_begun", "refunds",
}  # fmt: skip
NO_FACTS = {
    "payer_id", "next_due_at", "movements", "events", "postings", "payments", "refund_ends", "refunded",
    "grants", "write_offs", "pending", "states", "let_go",
}  # fmt: skip
"""What `bill` is not told of a payer, so that nothing of it need be foretold."""

MAY_MOVE: dict[type, set[str]] = {
    Payer: {"subscriptions", "balances", "grants", "pending", "drafts", "paid", "taken_in", "closing"},
    Subscription: {
        "items", "status", "trial_ends_at", "cancel_at", "activated_at", "ended_at", "discounts", "discounts_so_far",
        "overcharged", "changes", "pauses", "returned", "term", "usage", "zone",
    },
    Item: {"versions"},
    Version: {"billed_through", "ends_at", "ended_under", "closed"},
    Pause: {"is_over"},
    Discount: {"periods_left", "ended_at"},
    Settled: {"end", "credited_net", "credited_tax", "adjusted_net", "adjusted_tax", "open_minor"},
}  # fmt: skip
STAYS: dict[type, set[str]] = {
    Payer: {"id", "party_id", "country", "tax"},
    Subscription: {
        "id", "customer_id", "entity_id", "currency", "started_at", "cancel_cause", "collection", "net_days",
        "policies", "cancel_policies", "held", "po_number", "apart", "reactivates", "used_until",
        "ends_with_trial", "issue_asked_at",
    },
    Item: {"id", "kind", "name"},
    Version: {"id", "price", "quantity", "series", "starts_at", "bills_from", "own_amount", "begun_under", "name"},
    Pause: {"id", "starts_at", "ends_at", "policies", "is_foreseen"},
    Discount: {"id", "percent", "amount_minor", "periods", "scope", "since", "redemption_id", "from_start"},
    Settled: {
        "version_id", "start", "document_id", "position", "description", "line_end", "line_net", "line_tax", "tax_percent",
        "line_discount",
    },
}  # fmt: skip


def test_every_part_of_a_decision_is_taken_in_or_is_no_fact() -> None:
    """A new one: say in `domain.afterwards` what it does to the facts, then name it here."""
    assert {field.name for field in fields(Decision)} == TAKEN_IN | NO_FACTS


def test_every_fact_is_known_to_stay_or_to_move() -> None:
    """A new one that moves: say in `domain.afterwards` how, then name it here."""
    for kind, moving in MAY_MOVE.items():
        assert {field.name for field in fields(kind)} == moving | STAYS[kind], kind
