"""Recurring revenue: what moved comes to what is there."""

from perennia.analytics.subscribers import standings
from perennia.analytics.verification.findings import Found, Scope, Tally


def movements_agree(scope: Scope) -> Found:
    """A subscription's movements come to the MRR of its items now, 0 where it is not live, and say whether it is."""
    tally = Tally()
    for one in standings(scope.cursor, tenant=scope.tenant.id, seller=scope.seller, at=scope.now, payer=scope.payer):
        right = one.moved_minor == one.mrr_minor and one.moved_active == one.live and not one.other_currencies
        tally.note(
            None
            if right
            else f"{one.subscription_id.text('sub')} moved to {one.moved_minor} {one.currency} a month and "
            f"{one.moved_active} subscriber; its items come to {one.mrr_minor} and {int(one.live)}"
        )
    return tally.found()
