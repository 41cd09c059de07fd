"""How far one item version is settled, and when its next part falls due."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from perennia.domain.calendar import slot_at
from perennia.domain.facts import Item, Pause, Returned, Subscription, Version, policies_of
from perennia.domain.lengthened import Lengthened, lengthened
from perennia.domain.policies import Policies
from perennia.domain.pricing import Timing
from perennia.domain.proration import Part, next_part, part_of_longer

NEVER = datetime.max.replace(tzinfo=UTC)
"""Later than any instant of business time."""
NOTHING = datetime.min.replace(tzinfo=UTC)
"""Earlier than any."""


class Progress:
    """`due` is when the next part falls due; None: nothing is left, or it waits for the end of a pause or a hold.

    `ready` is from when on it may be issued: until then it is a draft. `NEVER` where it gathers until somebody asks.
    """

    __slots__ = (
        "_last", "_longer", "due", "ends", "facts", "is_over", "item", "may_wait", "parts", "pause", "policies",
        "prorate_last", "ready", "returned", "settled", "timing", "version", "waits",
    )  # fmt: skip

    def __init__(
        self, item: Item, version: Version, facts: Subscription, *, trial_end: datetime | None,
        pause: Pause | None = None, pauses: Sequence[Pause] = (),
    ) -> None:  # fmt: skip
        self.item, self.version, self.facts = item, version, facts
        self.pause, self.timing = pause, version.price.timing
        self.policies = policies = policies_of(version, facts)
        self.may_wait = policies.draft_hours > 0 or policies.arrears_close == "on_request"
        ends_at = facts.ends_at
        self.prorate_last = ends_at is None or facts.end_policies.known_last_part == "prorate"
        self.ends, self._last = earliest(version.ends_at, ends_at), ends_at
        if facts.used_until is not None and version.price.meter_id is not None:
            self.ends = earliest(version.ends_at, facts.used_until)
        self.is_over = version.ends_at is not None
        if pause is not None and self.timing is Timing.ARREARS and pause.starts_at > version.starts_at:
            self.ends = self.ends if self.runs_on(pause) else earliest(self.ends, pause.starts_at)
        self.settled = version.billed_through or version.bills_from or version.starts_at
        if trial_end is not None and trial_end > self.settled and not self._ran_before(trial_end):
            self.settled = trial_end
        self.parts = 0
        self.returned: Returned | None = None
        self._longer = lengthened(version, pauses) if pauses and version.ends_at is not None else None
        self.find_due()

    def next_part(self) -> Part:
        if self._longer is not None and (longer := self._in_longer()) is not None:
            return part_of_longer(
                longer, series=self.version.series, start=self.settled, ends=self.ends, policies=self.policies
            )
        return next_part(
            series=self.version.series, start=self.settled, ends=self.ends, prorate_last=self.prorate_last,
            full=self.policies.first_part == "full" and self.settled == self._begins(), policies=self.policies,
        )  # fmt: skip

    def begins_a_period(self) -> bool:
        """Whether the next part begins where a slot of its series does, and not inside one."""
        if (longer := self._in_longer()) is not None:
            return longer.slot.start == self.settled
        return slot_at(self.version.series, self.settled).start == self.settled

    def take(self) -> Part:
        """The part that is due; afterwards it is settled."""
        part = self.next_part()
        self.settled = part.end
        self.parts += 1
        self.find_due()
        return part

    def end(self, at: datetime) -> None:
        """The version ends, earlier than was known."""
        self.ends, self.is_over = earliest(self.ends, at), True
        self.find_due()

    def end_with(self, ends_at: datetime) -> None:
        """The subscription ends at another time than was known."""
        self._last = ends_at
        if not self.is_over:
            self.ends = ends_at
        self.find_due()

    def as_it_stands(self) -> Version:
        """The version with how far it is settled by now and, where that is so, its end."""
        version = self.version
        through = self.settled if self.parts else version.billed_through
        ends_at = self.ends if self.is_over else version.ends_at
        if through == version.billed_through and ends_at == version.ends_at:
            return version
        return Version(
            version.id, version.price, version.quantity, version.series, version.starts_at, ends_at, through,
            version.bills_from, version.own_amount, version.begun_under, version.ended_under,
            name=version.name,
        )  # fmt: skip

    def find_due(self) -> None:
        settled, ends, begun = self.settled, self.ends, self.version.begun_under
        due: datetime | None = settled
        self.waits = False
        if (ends is not None and settled >= ends) or self.facts.held or self._stands_still():
            due = None
        elif self.timing is Timing.ARREARS:
            due = earliest(self.next_part().end, ends)
            if self.facts.used_until is not None and due == self.facts.used_until:
                due = earliest(due, self.facts.ends_at)  # on one document with all else that ends
        elif begun is not None and self._waits_for_the_next_invoice(begun):
            self.waits = True
            longer = self._in_longer()
            due = earliest(slot_at(self.version.series, settled).end if longer is None else longer.end, self._last)
        self.due = self.ready = due
        if self.may_wait and due is not None:
            self.ready = self._ready(due)
            if self._gathers() and self.ready != NEVER:  # what is metered is told apart by its periods
                self.due = self.ready

    def _ready(self, due: datetime) -> datetime:
        """When what falls due with a period has been a draft for long enough; what an act brings about does not wait.

        Nothing waits beyond the end of the subscription, nor once somebody asked for it.
        """
        facts, is_arrears = self.facts, self.timing is Timing.ARREARS
        if is_arrears and self.policies.arrears_close == "on_request":
            ready = NEVER
        elif self._falls_due_by_time(due, is_arrears=is_arrears):
            ready = due + timedelta(hours=self.policies.draft_hours)
        else:
            return due
        if facts.issue_asked_at is not None and due <= facts.issue_asked_at:
            ready = min(ready, facts.issue_asked_at)
        return ready if facts.ends_at is None else min(ready, max(due, facts.ends_at))

    def _gathers(self) -> bool:
        on_request = self.timing is Timing.ARREARS and self.policies.arrears_close == "on_request"
        return on_request and self.version.price.meter_id is None

    def _falls_due_by_time(self, due: datetime, *, is_arrears: bool) -> bool:
        """Whether a period has ended or begun by itself, and not with a start, a change or an end."""
        if is_arrears:
            return self.ends is None or due < self.ends
        if self.waits:
            return self._last is None or due < self._last
        slot = slot_at(self.version.series, self.settled)
        by_time = slot.n > 0 or self.settled > self._begins()
        return slot.start == self.settled and by_time and self.settled > self.facts.started_at

    def runs_on(self, pause: Pause) -> bool:
        """Whether a pause does not touch it: what is used meanwhile is billed as ever."""
        return self.version.price.meter_id is not None and pause.policies.pause_usage == "billed"

    def _stands_still(self) -> bool:
        """A part that would begin inside a pause waits for its end."""
        pause = self.pause
        if pause is None or self.settled < pause.starts_at or self.runs_on(pause):
            return False
        return pause.ends_at is None or self.settled < pause.ends_at

    def _ran_before(self, trial_end: datetime) -> bool:
        """Whether it ended when a trial was given: what it left is of before the trial. One inside it bills from its end."""
        return self.version.ends_at is not None and self.settled < self.version.ends_at < trial_end

    def _waits_for_the_next_invoice(self, begun: Policies) -> bool:
        if begun.difference_invoiced != "next_invoice" or self.settled != self._begins():
            return False
        return not self.begins_a_period()

    def _in_longer(self) -> Lengthened | None:
        """The period that the next part lies in, if pauses made it longer."""
        longer = self._longer
        return longer if longer is not None and longer.slot.start <= self.settled < longer.end else None

    def _begins(self) -> datetime:
        return self.version.bills_from or self.version.starts_at


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants; None is never."""
    if one is None or other is None:
        return one or other
    return min(one, other)
