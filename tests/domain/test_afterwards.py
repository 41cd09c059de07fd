"""What a look ahead takes a payer's wallet for, once a decision was written: the same as what the run would read."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from perennia.domain.afterwards import after
from perennia.domain.grants import Grant, GrantKind
from perennia.domain.invoicing import bill, next_due_at
from perennia.domain.pending import Pending
from tests.domain.world import ENTITY, fresh_ids, key, payer, seller, simple, utc


def test_credit_that_was_spent_and_charges_that_were_taken_in_are_gone():
    start = utc(2025, 4, 1)
    later, left, sooner = (
        Grant(key(), ENTITY.id, "EUR", GrantKind.PROMOTIONAL, amount, start, ends)
        for amount, ends in ((500, utc(2025, 6, 1)), (9000, utc(2025, 7, 1)), (70, utc(2025, 4, 20)))
    )
    extra, euros = (
        Pending(key(), key(), ENTITY.id, currency, "Extra", Decimal(1), Decimal(5), start)
        for currency in ("EUR", "SEK")
    )
    bo = payer(simple("10.00", start=date(2025, 4, 1)), balance=500 + 9000 + 70)
    bo = replace(bo, grants=(later, left, sooner), pending=(extra, euros))
    shop, ids = seller(), fresh_ids()
    decision = bill(bo, seller=shop, through=utc(2025, 4, 30), now=utc(2025, 4, 30), new_ids=ids)
    assert [(d.net_minor, d.from_balance_minor, len(d.lines)) for d in decision.documents] == [(1500, 1500, 2)]
    assert [entry.amount_minor for entry in decision.balance] == [-70, -500, -930]
    found = after(bo, decision)
    assert [(grant.id, grant.left_minor) for grant in found.grants] == [(left.id, 8070)]
    assert found.pending == (euros,)
    assert sum(found.balances.values()) == 8070
    assert next_due_at(found, seller=shop) == utc(2025, 5, 1) == decision.next_due_at
