"""When something falls due."""

from perennia.analytics.verification.findings import Found, Scope, Tally
from perennia.domain.facts import Payer
from perennia.domain.invoicing import next_due_at
from perennia.store.reads import facts
from perennia.store.reads.facts import LockedPayer


def due_again(scope: Scope) -> Found:
    """When a payer falls due next, as the rule says from its facts now; also of one that is set aside."""
    tally = Tally()
    payers = scope.stream(
        "due_payers",
        """SELECT id, next_due_at, lines, has_grants, has_drafts FROM payers
        WHERE tenant_id = %(tenant)s AND (%(payer)s::uuid IS NULL OR id = %(payer)s) ORDER BY id""",
    )
    for rows in payers:
        stored = [
            LockedPayer(key, due, lines, False, grants, False, drafts) for key, due, lines, grants, drafts in rows
        ]
        for payer, found in zip(stored, facts.payers(scope.cursor, stored, tenant=scope.tenant), strict=True):
            tally.note(_problem(scope, payer, found))
    return tally.found()


def _problem(scope: Scope, stored: LockedPayer, facts: Payer) -> str | None:
    try:
        expected = next_due_at(facts, seller=scope.seller)
    except Exception as error:  # facts that no rule can take are what the run sets a payer aside for; here a finding
        return f"{stored.id.text('cus')}: no rule can take its facts: {error}"
    if expected == stored.next_due_at:
        return None
    return (
        f"{stored.id.text('cus')} is due at {stored.next_due_at or 'no time'}, by its facts at {expected or 'no time'}"
    )
