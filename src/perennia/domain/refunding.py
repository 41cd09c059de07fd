"""What a gateway's answer to a refund means: it has ended, is to be asked after, or goes out again."""

from dataclasses import dataclass, replace
from datetime import datetime

from perennia.domain.collection import Answer, Verdict
from perennia.domain.dunning import Decline, after_outage, next_look_up
from perennia.domain.ids import Id

_NOBODYS = (Decline.OUTAGE, Decline.CONFIG)
_UNDECIDED = (Decline.DUPLICATE, Decline.REVIEW)


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a refund stands on its way to the gateway.

    `sent_at` is since when the gateway may have it, None where it surely has not. `tries` keys were used up by faults that
    were nobody's, `outages` calls came to nothing, `look_ups` were answered so far.
    """

    id: Id
    sent_at: datetime | None
    tries: int = 0
    outages: int = 0
    look_ups: int = 0

    @property
    def key(self) -> str:
        """Our own reference at the gateway: the same until an answer to it says that it came to nothing."""
        return f"{self.id.text('ref')}.{self.tries}" if self.tries else self.id.text("ref")


@dataclass(frozen=True, slots=True)
class NextStep:
    """`succeeded` where it has ended; else the refund as it stands and when it is sent or asked after, None by a person."""

    sending: Sending
    succeeded: bool | None = None
    at: datetime | None = None


def after_answer(sending: Sending, verdict: Verdict, *, now: datetime) -> NextStep:
    """What an answer leads to. A refusal ends it; a fault on the gateway's side or ours is no refusal.

    What may have arrived goes out again with the same key only, so that it takes effect once. A key whose answer is a fault
    is used up: the next try has another.
    """
    if verdict.answer is Answer.SUCCEEDED:
        return NextStep(sending, succeeded=True)
    if verdict.answer is Answer.UNDECIDED or verdict.decline in _UNDECIDED:
        at = next_look_up(created_at=sending.sent_at or now, now=now, look_ups=sending.look_ups)
        return NextStep(sending, at=at)
    again = replace(sending, sent_at=None, outages=sending.outages + 1, look_ups=0)
    if verdict.answer is Answer.NOT_FOUND:
        return NextStep(again, at=after_outage(now=now, outages=sending.outages - 1) if sending.outages else now)
    if verdict.answer is Answer.NOT_SENT:
        return NextStep(again, at=after_outage(now=now, outages=sending.outages))
    if verdict.decline in _NOBODYS:
        pause = after_outage(now=now, outages=sending.outages, decline=verdict.decline)
        return NextStep(replace(again, tries=sending.tries + 1), at=pause)
    return NextStep(sending, succeeded=False)
