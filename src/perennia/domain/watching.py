"""Usage that somebody watches: invoiced before its period ends, where it reached a threshold; alerts, each told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.decision import Decision
from perennia.domain.drafting import Draft, Funds, GroupKey, Issued, group_key, issue_draft
from perennia.domain.events import Event, EventType
from perennia.domain.facts import Payer, Seller
from perennia.domain.ids import NewIds
from perennia.domain.invoicing import next_due_at
from perennia.domain.metering import known_until
from perennia.domain.usage import AlertReached
from perennia.domain.using import Using


@dataclass(frozen=True, slots=True)
class Watched:
    """What is to be written of a payer's watched usage, and the alerts to be kept as told."""

    decision: Decision
    alerts: tuple[AlertReached, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.alerts and not self.decision.documents


def watch(payer: Payer, *, seller: Seller, now: datetime, new_ids: NewIds) -> Watched:
    """What the usage of running periods brings about, of a payer that is billed through `now`.

    All that is known counts, what senders dated a little later too. Raises NotMeasured.
    """
    drafts: dict[GroupKey, Draft] = {}
    alerts: list[AlertReached] = []
    for facts in payer.subscriptions:
        if facts.usage is not None and not facts.held:
            using = Using(facts)
            for charge in using.progressive(facts, now, through=known_until(now)):
                drafts.setdefault(group_key(facts), Draft()).charges.append(charge)
            if overused := using.overused():
                drafts.setdefault(group_key(facts), Draft()).credits.extend(overused)
            alerts += using.alerts(facts, now, through=known_until(now))
    funds = Funds.of(payer)
    issued = [
        issue_draft(
            draft, key=key, payer=payer, seller=seller, due_at=now, now=now, funds=funds, new_ids=new_ids
        )
        for key, draft in drafts.items()
    ]  # fmt: skip
    return Watched(_decision(payer, seller, issued, alerts), tuple(alerts))


def _decision(payer: Payer, seller: Seller, issued: Sequence[Issued], alerts: Sequence[AlertReached]) -> Decision:
    told = [Event(EventType.USAGE_ALERT_REACHED, alert.limit.id, alert.at) for alert in alerts]
    return Decision(
        payer_id=payer.id,
        next_due_at=next_due_at(payer, seller=seller),
        documents=tuple([one.document for one in issued]),
        events=(*told, *(event for one in issued for event in one.events)),
        postings=tuple([posting for one in issued for posting in one.postings]),
        allocations=tuple([allocation for one in issued for allocation in one.allocations]),
        balance=tuple([entry for one in issued for entry in one.balance]),
        usage=tuple([settled for one in issued for settled in one.usage]),
    )
