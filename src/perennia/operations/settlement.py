"""Within an act: what fell due before it is billed as things were; what it moves in recurring revenue."""

from datetime import datetime, timedelta

from perennia.domain.decision import Movement
from perennia.domain.facts import Payer, Subscription
from perennia.domain.invoicing import next_due_at
from perennia.domain.lifecycle import LIVE
from perennia.domain.metrics import movement, subscription_mrr
from perennia.operations.agreements import settle
from perennia.operations.books import Books

_BEFORE = timedelta(microseconds=1)


def bill_before(books: Books, payer: Payer, *, actor: str, now: datetime) -> Payer:
    """Bill what fell due before now, as it was agreed until now; answers the facts as they are then."""
    due = next_due_at(payer, seller=books.seller())
    if due is None or due >= now:
        return payer
    settle(books, payer.id, actor=actor, now=now, through=now - _BEFORE)
    return books.lock(payer.id)


def difference(
    books: Books, before: Subscription, after: Subscription, *, payers: tuple[Payer, Payer], now: datetime
) -> list[Movement]:
    """What a change of discounts or of payer means for recurring revenue; nothing where it has none."""
    if before.status not in LIVE:
        return []
    seller = books.seller()
    was, becomes = (
        subscription_mrr(facts, at=now, seller=seller, payer=payer)
        for facts, payer in zip((before, after), payers, strict=True)
    )
    found = movement(after, before=was, after=becomes, at=now)
    return [] if found is None else [found]
