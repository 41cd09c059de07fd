"""What is going to happen to a payer, as far as it is known: the rule of the run, instant after instant, unsaved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.afterwards import after
from perennia.domain.calendar import slot_at
from perennia.domain.decision import Decision
from perennia.domain.documents import Document
from perennia.domain.facts import Payer, Seller, Subscription
from perennia.domain.ids import NewIds
from perennia.domain.invoicing import bill, next_due_at
from perennia.domain.metering import UNUSED, Foreseen, known_until

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Happening:
    """All that happens at one due instant; `payer` is how it stands afterwards.

    `decision` is what a run at that very instant writes, or one now, where the instant has passed.
    """

    at: datetime
    decision: Decision
    payer: Payer


@dataclass(frozen=True, slots=True)
class Usage:
    """A period of something metered that ended: what will yet be used in it nobody knows."""

    name: str
    start: datetime
    end: datetime


def ahead(
    payer: Payer, *, seller: Seller, now: datetime, through: datetime, new_ids: NewIds, paid: bool = True
) -> Iterator[Happening]:
    """What falls due up to and at `through`, in order, if nobody does anything and, with `paid`, everybody pays.

    What has not been billed by `now` comes first, issued now. Of usage what is known counts, and nothing is used from
    `now` on. Raises what `bill` raises.
    """
    payer = _foreseen(payer, now)
    due, rounds = next_due_at(payer, seller=seller), 0
    while due is not None and due <= through:
        decision = bill(payer, seller=seller, through=due, now=max(due, now), new_ids=new_ids, catch_up=True)
        payer = after(payer, decision, paid=paid)
        yield Happening(due, decision, payer)
        rounds = rounds + 1 if decision.next_due_at == due else 0
        if rounds > _ROUNDS:
            raise RuntimeError(f"what is due for {payer.id.text('cus')} at {due.isoformat()} stays due")
        due = decision.next_due_at


def drafted(payer: Payer, *, seller: Seller, now: datetime, new_ids: NewIds) -> tuple[Document, ...]:
    """What fell due by `now` and is not issued yet, as it would be issued now, whatever it waits for: its hours,
    somebody who asks, a hold, or the payment of what failed.
    """
    payer = _foreseen(payer, now)
    asked = tuple([replace(one, held=False, issue_asked_at=now) for one in payer.subscriptions])
    return bill(
        replace(payer, subscriptions=asked), seller=seller, through=now, now=now, new_ids=new_ids, catch_up=True
    ).documents


def _foreseen(payer: Payer, now: datetime) -> Payer:
    return replace(
        payer,
        subscriptions=tuple([_without_more_usage(one, now) for one in payer.subscriptions]),
        closing=tuple([_without_more_usage(one, now) for one in payer.closing]),
    )


def _without_more_usage(subscription: Subscription, now: datetime) -> Subscription:
    usage = subscription.usage
    if usage is not None:
        return replace(subscription, usage=replace(usage, answers=Foreseen(usage.answers, known_until(now))))
    return replace(subscription, usage=UNUSED) if subscription.is_metered else subscription


def metered(payer: Payer, *, after: datetime, through: datetime) -> list[Usage]:
    """The metered periods that end after one instant, up to and at another: charged then or a little later."""
    found = []
    for subscription in payer.subscriptions:
        for item in subscription.items:
            for version in item.versions:
                if version.price.meter_id is None or version.starts_at >= through:
                    continue
                slot = slot_at(version.series, max(after, version.starts_at))
                while slot.end <= through and (version.ends_at is None or slot.start < version.ends_at):
                    found.append(Usage(item.name_of(version), slot.start, slot.end))
                    slot = slot_at(version.series, slot.end)
    return sorted(found, key=lambda usage: (usage.end, usage.name))
