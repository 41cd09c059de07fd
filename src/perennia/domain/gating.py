"""Drafts that are to be paid first: what waits for their payment, and when it waits no longer.

A change that is only to be made if it is paid for, and the start of a subscription that is only to begin then. Until
then nothing of it is in the books but the draft.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from perennia.domain.course import Course
from perennia.domain.decision import Dropped, SubscriptionMove
from perennia.domain.events import Event, EventType
from perennia.domain.facts import OpenDraft, Payer, Status
from perennia.domain.lifecycle import check_move

WAITS_FOR = timedelta(hours=23)
"""Less than a day, so that a renewal of the shortest period never finds the draft of the one before it."""


class Gates:
    """The drafts of one payer that wait, and what becomes of them on the way."""

    __slots__ = ("dropped", "events", "moves", "open")

    def __init__(self, payer: Payer) -> None:
        self.open = payer.drafts
        self.dropped: list[Dropped] = []
        self.moves: list[SubscriptionMove] = []
        self.events: list[Event] = []

    def next_expiry_at(self) -> datetime | None:
        """When the first of them waits no longer."""
        return min((one.expires_at for one in self.open), default=None)

    def drop(self, at: datetime, courses: Sequence[Course]) -> None:
        """Those that are over at an instant: unpaid for too long, or overtaken by what happens to their subscription."""
        due = {course.facts.id for course in courses if (then := course.next_due_at()) is not None and then <= at}
        for one in self.open:
            if one.expires_at <= at:
                self._drop(one, at, "expired")
            elif one.change_id is not None and one.subscription_id in due:
                self._drop(one, at, "overtaken")

    def give_up(self, draft: OpenDraft, at: datetime, reason: str) -> None:
        """One that is not to be paid any more for another reason."""
        self._drop(draft, at, reason)

    def _drop(self, one: OpenDraft, at: datetime, reason: str) -> None:
        self.open = tuple(other for other in self.open if other is not one)
        self.dropped.append(Dropped(one.id, one.subscription_id, one.change_id, reason, at))
        if one.change_id is not None:
            self.events.append(Event(EventType.SUBSCRIPTION_CHANGE_DISCARDED, one.subscription_id, at))
            return
        check_move(state=Status.INCOMPLETE, to=Status.INCOMPLETE_EXPIRED)
        self.moves.append(SubscriptionMove(one.subscription_id, Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED, at))
        self.events.append(Event(EventType.SUBSCRIPTION_INCOMPLETE_EXPIRED, one.subscription_id, at))
